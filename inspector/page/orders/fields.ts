/**
 * The fields that a person fills in for orders.
 *
 * @module
 */

import type { Field } from './order.ts';

const KEPT =
  'It is kept, shown to other people and part of facts: give an id of yours, not a name.';
const TOLD =
  'It is part of the fact, which goes wherever the app sends facts: give an id of yours, not a name.';

const ROLE: Field = {
  name: 'by.role',
  label: 'Your role',
  help: 'Such as clinician, on call, support.',
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
    help: 'For other people: it is kept, shown and part of facts. Write nothing about a person.',
    kind: 'text',
    isNeeded,
  };
}

export const NOTE: Field = {
  name: 'note',
  label: 'Note',
  help: 'Kept encrypted with the crisis, and shown to nobody.',
  kind: 'text',
  isNeeded: false,
};

export const EVEN_IF_APPLIED: Field = {
  name: 'evenIfApplied',
  label: 'I have checked the upstream: it was not applied there, or applying it twice does no harm',
  help: 'Without this, an attempt with an unknown outcome waits for a review first if its upstream does not honour keys.',
  kind: 'flag',
  isNeeded: false,
};
