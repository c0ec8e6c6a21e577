/**
 * An order that a person gives: what it does to which thing, in words; what they have to say for it; and how they
 * confirm it. The dialog shows this, and nothing is sent that it does not say.
 *
 * @module
 */

import type { OrderName } from '../calls/calls.ts';

/** Something that a person says for an order. */
export interface Field {
  /** Where it goes among the parameters: `by.id`, `reason`. */
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly kind: 'word' | 'text' | 'flag' | 'choice';
  readonly isNeeded: boolean;
  /** Of a choice: what is sent, and what is read. */
  readonly options?:
    | readonly { readonly value: number | string; readonly label: string }[]
    | undefined;
}

export interface Order {
  readonly call: OrderName;
  /** On the button: `Replay`. */
  readonly verb: string;
  /** The question: `Replay this dead letter?` */
  readonly question: string;
  /** The thing that it is about, by its id or name. */
  readonly about: string;
  /** What will happen, a sentence each, the most important first. */
  readonly says: readonly string[];
  readonly fields: readonly Field[];
  /** What is sent whatever is said. */
  readonly params: Readonly<Record<string, unknown>>;
  /** It destroys something for good: the person has to type what {@link typedFor} gives. */
  readonly isDestroying: boolean;
  /** What has happened, once it has. */
  readonly done: (result: unknown) => string;
}

export type Said = Readonly<Record<string, string | boolean>>;

export type Checked =
  | { readonly params: Readonly<Record<string, unknown>>; readonly faults: null }
  | { readonly params: null; readonly faults: Readonly<Record<string, string>> };

const TYPED_LENGTH = 8;

/**
 * What has to be typed before something is destroyed: the last characters of its id. Ids of the same minute begin
 * with the same ones.
 */
export function typedFor({ about, isDestroying }: Pick<Order, 'about' | 'isDestroying'>): string {
  return isDestroying ? about.slice(-TYPED_LENGTH) : '';
}

/** Whether a person has confirmed it, with what they typed. */
export function isConfirmed(order: Pick<Order, 'about' | 'isDestroying'>, typed: string): boolean {
  return typed.trim().toLowerCase() === typedFor(order).toLowerCase() || !order.isDestroying;
}

/** The parameters of the call, or what is wrong with what was said, by the name of the field. */
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

/** As the calls ask of it, said before they are made. */
function faultOf({ kind, isNeeded, options }: Field, given: string | boolean | undefined) {
  if (kind === 'flag') {
    return isNeeded && given !== true ? 'This has to be so before it can be done.' : null;
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

/** What is left empty, or is not so, is left out. */
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
  // One way to write each: two spellings of an id would be two persons.
  const text = String(given ?? '')
    .trim()
    .normalize('NFC');
  if (text === '') return undefined;
  return kind === 'choice' ? options?.find(({ value }) => String(value) === text)?.value : text;
}

/** An order with nothing to say for it, and nothing that it destroys. */
export function plainOrder(
  call: OrderName,
  verb: string,
  question: string,
  about: string,
): Omit<Order, 'says' | 'done'> {
  return { call, verb, question, about, params: {}, fields: [], isDestroying: false };
}
