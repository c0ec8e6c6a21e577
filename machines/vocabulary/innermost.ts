/**
 * The innermost states of a chart, by their own names: rows, health and people name these, whichever parents
 * hold them. So states can be put into a parent, or taken out of one, and no record changes.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { HoldfastError } from './errors.ts';

/** The names of the innermost states that a value of XState's may be in. */
export type Innermost<Value> = Value extends string
  ? Value
  : string extends keyof Value
    ? string
    : Innermost<Value[keyof Value]>;

/** One name; of a chart with regions, one by region. */
export type InnermostNames = string | Readonly<Record<string, string>>;

/** The innermost state of a value without regions: `waiting` of `{ pending: { queued: 'waiting' } }`. */
export function innermost<Value extends StateValue>(value: Value): Innermost<Value> {
  let inner: StateValue | undefined = value;
  while (typeof inner === 'object') {
    const [held]: (StateValue | undefined)[] = Object.values(inner);
    inner = held;
  }
  return inner as Innermost<Value>;
}

/** The names of the innermost states of any value of a chart. */
export function innermostNames({ root }: AnyStateMachine, value: StateValue): InnermostNames {
  if (typeof value === 'string') return value;
  if (root.type !== 'parallel') return innermost(value);
  return Object.fromEntries(
    Object.entries(value).map(([region, inside]) => [region, innermost(inside ?? '')]),
  );
}

/** The innermost states below a node, in the order in which they are written. */
export function innermostStates(node: AnyStateNode): readonly AnyStateNode[] {
  const inside: readonly AnyStateNode[] = Object.values(node.states);
  return inside.flatMap((state) => (isInnermost(state) ? [state] : innermostStates(state)));
}

function isInnermost({ type }: AnyStateNode): boolean {
  return type === 'atomic' || type === 'final';
}

/**
 * The value as XState writes it; `null` for names that the chart does not have.
 *
 * @throws HoldfastError `HF_INTERNAL` for a chart in which one name is that of two states of one region.
 */
export function valueOfNames(machine: AnyStateMachine, names: unknown): StateValue | null {
  const { root } = machine;
  if (root.type !== 'parallel') return isName(names) ? (valuesIn(root).get(names) ?? null) : null;
  if (typeof names !== 'object' || names === null) return null;
  const given = Object.entries(names);
  if (given.length !== Object.keys(root.states).length) return null;
  const value: Record<string, StateValue> = {};
  for (const [region, name] of given) {
    const node = Object.hasOwn(root.states, region) ? root.states[region] : undefined;
    const inside = node !== undefined && isName(name) ? valuesIn(node).get(name) : undefined;
    if (inside === undefined) return null;
    value[region] = inside;
  }
  return value;
}

function isName(name: unknown): name is string {
  return typeof name === 'string';
}

const VALUES = new WeakMap<AnyStateNode, ReadonlyMap<string, StateValue>>();

/** By the name of each innermost state below a region, or a root without regions: its value there. */
function valuesIn(region: AnyStateNode): ReadonlyMap<string, StateValue> {
  const known = VALUES.get(region);
  if (known !== undefined) return known;
  const values = new Map<string, StateValue>();
  for (const { key, path, machine } of innermostStates(region)) {
    if (values.has(key)) {
      throw new HoldfastError('HF_INTERNAL', `The chart ${machine.id} has two states ${key}.`);
    }
    const parents = path.slice(region.path.length, -1);
    values.set(
      key,
      parents.reduceRight<StateValue>((value, parent) => ({ [parent]: value }), key),
    );
  }
  VALUES.set(region, values);
  return values;
}
