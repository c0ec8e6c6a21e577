/**
 * An order that a person gives: what it does to what, in words; the fields to fill in; and how they
 * confirm it. The dialog shows all of this, and nothing else is sent.
 *
 * @module
 */

import type { OrderName } from '../calls/calls.ts';

/** A field that a person fills in for an order. */
export interface Field {
  /** The name of the parameter: `by.id`, `reason`. */
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly kind: 'word' | 'text' | 'flag' | 'choice';
  readonly isNeeded: boolean;
  /** The options of a choice: the value that is sent, and its text. */
  readonly options?:
    | readonly { readonly value: number | string; readonly label: string }[]
    | undefined;
}

export interface Order {
  readonly call: OrderName;
  /** The text of the button: `Replay`. */
  readonly verb: string;
  /** The question: `Replay this dead letter?` */
  readonly question: string;
  /** The id or the name of its subject. */
  readonly about: string;
  /** Sentences that say what will happen, the most important first. */
  readonly says: readonly string[];
  readonly fields: readonly Field[];
  /** Parameters that are always sent. */
  readonly params: Readonly<Record<string, unknown>>;
  /** True if the order destroys something for good: the person has to type what {@link typedFor} returns. */
  readonly isDestroying: boolean;
  /** The sentence that says what was done. */
  readonly done: (result: unknown) => string;
}

export type Said = Readonly<Record<string, string | boolean>>;

export type Checked =
  | { readonly params: Readonly<Record<string, unknown>>; readonly faults: null }
  | { readonly params: null; readonly faults: Readonly<Record<string, string>> };

const TYPED_LENGTH = 8;

/**
 * The text to type before something is destroyed: the last characters of its id. Ids of the same minute begin
 * alike.
 */
export function typedFor({ about, isDestroying }: Pick<Order, 'about' | 'isDestroying'>): string {
  return isDestroying ? about.slice(-TYPED_LENGTH) : '';
}

/** Whether a person has confirmed an order by typing. */
export function isConfirmed(order: Pick<Order, 'about' | 'isDestroying'>, typed: string): boolean {
  return typed.trim().toLowerCase() === typedFor(order).toLowerCase() || !order.isDestroying;
}

/** The parameters of the call, or the faults of the fields by name. */
export function checked(order: Pick<Order, 'fields' | 'params'>, said: Said): Checked {
  const faults: Record<string, string> = {};
  let params: Readonly<Record<string, unknown>> = order.params;
  for (const field of order.fields) {
    const given = said[field.name];
    const fault = faultOf(field, given);
    if (fault !== null) faults[field.name] = fault;
    else params = withParam(params, field, given);
  }
  return Object.keys(faults).length === 0 ? { params, faults: null } : { params: null, faults };
}

const WORD_LENGTH_MAX = 100;
const TEXT_LENGTH_MAX = 1_000;

/** The fault of a field by the rules of the calls, found before a call is made. */
function faultOf({ kind, isNeeded, options }: Field, given: string | boolean | undefined) {
  if (kind === 'flag') {
    return isNeeded && given !== true ? 'This is required.' : null;
  }
  const text = String(given ?? '').trim();
  if (text === '') return isNeeded ? 'Fill this in.' : null;
  if (kind === 'choice') {
    const isOffered = options?.some(({ value }) => String(value) === text) === true;
    return isOffered ? null : 'Choose one.';
  }
  const max = kind === 'word' ? WORD_LENGTH_MAX : TEXT_LENGTH_MAX;
  if (text.length > max) return `At most ${max} characters.`;
  const isPlain = !/[\p{Surrogate}\p{Control}\p{Format}]/u.test(text);
  return kind === 'text' || isPlain ? null : 'Letters, digits and signs only, on one line.';
}

/** Adds a parameter, unless it is empty or false. */
function withParam(
  params: Readonly<Record<string, unknown>>,
  { name, ...field }: Field,
  given: string | boolean | undefined,
): Readonly<Record<string, unknown>> {
  const value = valueOf(field, given);
  if (value === undefined) return params;
  const [first = '', second] = name.split('.');
  if (second === undefined) return { ...params, [first]: value };
  const inner = params[first];
  return { ...params, [first]: { ...(typeof inner === 'object' ? inner : {}), [second]: value } };
}

function valueOf(
  { kind, options }: Pick<Field, 'kind' | 'options'>,
  given: string | boolean | undefined,
): unknown {
  if (kind === 'flag') return given === true ? true : undefined;
  // Normalized, since two spellings of an id would be two persons.
  const text = String(given ?? '')
    .trim()
    .normalize('NFC');
  if (text === '') return undefined;
  return kind === 'choice' ? options?.find(({ value }) => String(value) === text)?.value : text;
}

/** An order without fields that destroys nothing. */
export function plainOrder(
  call: OrderName,
  verb: string,
  question: string,
  about: string,
): Omit<Order, 'says' | 'done'> {
  return { call, verb, question, about, params: {}, fields: [], isDestroying: false };
}

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
