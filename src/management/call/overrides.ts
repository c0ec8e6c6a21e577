/**
 * What a call that changes something is told of as: the fact `override.made`.
 *
 * @module
 */

import type { FactOf, Override } from '../../../actors/port.ts';

/** What an override is about; what is left out says nothing. */
export type OverrideAbout = Partial<
  Pick<FactOf<'override.made'>, 'upstream' | 'operationId' | 'count' | 'by'>
>;

/** Which override a call makes. */
export interface OverrideRule<Params, Result> {
  readonly what: Override;
  /** What it was about; `null` where nothing was changed after all. */
  about(params: Params, result: Result): OverrideAbout | null;
}

/** An override of one operation. */
export function ofOperation(what: Override): OverrideRule<{ readonly id: string }, unknown> {
  return { what, about: ({ id }) => ({ operationId: id, count: 1 }) };
}

/** An override that the engine tells of itself, whichever way it was asked. */
export function toldByEngine(what: Override): OverrideRule<unknown, unknown> {
  return { what, about: () => null };
}

/** An override of all that match. */
export function ofMany(
  what: Override,
): OverrideRule<{ readonly dryRun?: boolean | undefined }, { readonly done: number }> {
  return {
    what,
    about: ({ dryRun }, { done }) => (dryRun === true || done === 0 ? null : { count: done }),
  };
}

/** An override of the breaker of an upstream. */
export function ofUpstream(what: Override): OverrideRule<{ readonly upstream: string }, unknown> {
  return { what, about: ({ upstream }) => ({ upstream }) };
}
