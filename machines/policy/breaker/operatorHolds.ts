/**
 * What people have ordered of a breaker: who, when and why, counted, so that one who lets go does not
 * undo what another holds (CB-1).
 *
 * @module
 */

import { isSamePerson } from '../../vocabulary/subject.ts';

/** What may be ordered of a breaker, the strongest first. */
export const HOLD_KINDS = ['forcedOpen', 'disabled', 'observing'] as const;
export type HoldKind = (typeof HOLD_KINDS)[number];

/** One order that is in force. */
export interface OperatorHold {
  readonly kind: HoldKind;
  /** A short label, not a name or a story: it is kept and shown. `null` where none was given. */
  readonly reason: string | null;
  /** The name of the person who ordered it, as the caller gave it; `null` where none was given. */
  readonly by: string | null;
  readonly sinceAtMs: number;
}

/** An order that is let go. */
export interface HoldRelease {
  /** The name of the person who releases their own latest order, or else the latest without a name. Left out: the latest of all. */
  readonly by?: string | undefined;
  /** The name of another person, whose latest order is released. */
  readonly of?: string | undefined;
}

/** Returns the order in force, which is the strongest; `null` when there is none. */
export function holdInForce(holds: readonly OperatorHold[]): HoldKind | null {
  return HOLD_KINDS.find((kind) => holds.some((hold) => hold.kind === kind)) ?? null;
}

/** Whether what is in force leaves an order of this kind waiting. */
export function isAsStrong(inForce: HoldKind | null, kind: HoldKind): boolean {
  return inForce !== null && HOLD_KINDS.indexOf(inForce) <= HOLD_KINDS.indexOf(kind);
}

/** Orders kept at most; nobody could tell more of them apart. */
const HOLDS_MAX = 100;

export function withHold(
  holds: readonly OperatorHold[],
  hold: OperatorHold,
): readonly OperatorHold[] {
  const all = [...holds, hold];
  if (all.length <= HOLDS_MAX) return all;
  // What is in force goes last: a hundred weaker orders let go of nothing.
  const inForce = holdInForce(all);
  const index = all.findIndex(({ kind }) => kind !== inForce);
  return all.filter((_, at) => at !== Math.max(0, index));
}

/**
 * Without one order; the same list where there is none that this release may let go: what another holds stays,
 * unless they are named.
 */
export function withoutHold(
  holds: readonly OperatorHold[],
  release: HoldRelease,
): readonly OperatorHold[] {
  const index = placeOfReleased(holds, release);
  return index === -1 ? holds : holds.filter((_, at) => at !== index);
}

function placeOfReleased(holds: readonly OperatorHold[], { by, of }: HoldRelease): number {
  if (of !== undefined) return holds.findLastIndex((hold) => isHeldBy(hold, of));
  if (by === undefined) return holds.length - 1;
  const own = holds.findLastIndex((hold) => isHeldBy(hold, by));
  return own === -1 ? holds.findLastIndex((hold) => hold.by === null) : own;
}

function isHeldBy(hold: OperatorHold, by: string): boolean {
  return hold.by !== null && isSamePerson({ id: hold.by }, { id: by });
}

/** The hold that people are shown: the latest of those in force. */
export function shownHold(holds: readonly OperatorHold[]): OperatorHold | null {
  const kind = holdInForce(holds);
  return holds.findLast((hold) => hold.kind === kind) ?? null;
}
