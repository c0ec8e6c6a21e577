/**
 * How the sentences of a diff name things.
 *
 * @module
 */

import { eventInWords } from '../../inspector/charts/transitions.ts';

/** A state at the beginning of a sentence. */
export function stateName(path: string): string {
  return path === '' ? 'The chart' : `State ${path}`;
}

/** Where a transition is taken, and on what. */
export function whenIn(source: string, event: string): string {
  const where = source === '' ? 'any state' : source;
  return event === '' ? `In ${where}, at once` : `In ${where}, on ${eventInWords(event)}`;
}

/** `a`, `a and b`, `a, b and c`; `nothing` for none. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  if (names.length === 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** Where it leads, after a verb. */
export function aimOf(targets: readonly string[], source: string): string {
  if (targets.length === 0) return 'stays';
  return `goes to ${listed(targets.map((path) => (path === source ? 'itself' : path)))}`;
}

export function onlyIf(guard: string | null): string {
  return guard === null ? 'always' : `only if ${guard}`;
}

/** What is done on the way. */
export function doing(actions: readonly string[]): string {
  return actions.length === 0 ? 'does nothing else' : `does ${listed(actions)}`;
}

export interface ChartChange {
  readonly about: 'chart' | 'state' | 'transition' | 'rule';
  readonly what: 'added' | 'removed' | 'renamed' | 'changed';
  /** The state, transition or rule, as it is called now; of what was removed, as it was. */
  readonly name: string;
  readonly sentence: string;
  /** Texts to compare, where the sentence does not hold them. */
  readonly before?: string;
  readonly after?: string;
}
