/**
 * The fields that a person fills in for orders.
 *
 * @module
 */

import type { Field } from './order.ts';

const KEPT =
  'It is kept, shown to other people and told in facts: give an id of your own, and no name.';
const TOLD =
  'It is told with the order, to whatever the app writes its facts to: give an id of your own, and no name.';

const ROLE: Field = {
  name: 'by.role',
  label: 'Your role',
  help: 'What you are here: clinician, on call, support.',
  kind: 'word',
  isNeeded: true,
};

/** The person who decides, with their role, so that later readers know whom to ask. */
export const DECIDER: readonly Field[] = [
  { name: 'by.id', label: 'Your id', help: KEPT, kind: 'word', isNeeded: true },
  ROLE,
];

/** The person who gives an order that can't be undone and that no record keeps. */
export const ORDERER: readonly Field[] = [
  { name: 'by.id', label: 'Your id', help: TOLD, kind: 'word', isNeeded: true },
  ROLE,
];

/** The person who orders a breaker, and holds it until it is released. */
export const BY: Field = {
  name: 'by',
  label: 'Your id',
  help: KEPT,
  kind: 'word',
  isNeeded: true,
};

/** The reason, for other people. */
export function reason(isNeeded: boolean): Field {
  return {
    name: 'reason',
    label: 'Reason',
    help: 'For other people: it is kept, shown and told. Nothing about a person.',
    kind: 'text',
    isNeeded,
  };
}

export const NOTE: Field = {
  name: 'note',
  label: 'Note',
  help: 'Kept sealed with the crisis, and told to nobody.',
  kind: 'text',
  isNeeded: false,
};

export const EVEN_IF_APPLIED: Field = {
  name: 'evenIfApplied',
  label: 'I have looked at the upstream: nothing of it is applied there, or twice does no harm',
  help: 'Without this, an attempt in doubt waits for a review first where its upstream does not honour keys.',
  kind: 'flag',
  isNeeded: false,
};
