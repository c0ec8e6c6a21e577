/**
 * An operation at rest as the store sees it.
 *
 * @module
 */

import type { Standing, WaitsFor } from '../../machines/vocabulary/standing.ts';

export { NEVER_MS, type Standing, type WaitsFor } from '../../machines/vocabulary/standing.ts';

/** An operation as the store gives it back. */
export interface StoredOperation {
  /** Acceptance order, unique in the store. */
  readonly seq: number;
  readonly id: string;
  /** Grows with every write; bound into the seal. */
  readonly revision: number;
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  /** 0 the most urgent. Of the head of a lane, that of the most urgent in the lane. */
  readonly urgency: number;
  /** The text the engine gave as `state`, letter for letter; empty for a quarantined row. */
  readonly state: string;
  /** The payload given at acceptance; `null` once erased, or where the call leaves it out. */
  readonly payload: string | null;
}

export type StandingCounts = Readonly<Record<Standing, number>>;

/** Numbers of operations that wait for more than their turn and their lane, by reason. */
export type BlockedCounts = Readonly<Record<Exclude<WaitsFor, 'turn' | 'lane'>, number>>;

/** Operations of a group of routes, of one rank, that wait for the same. */
export interface WaitingCount {
  /** The place of its group in the question; `null` for routes that are in none of them. */
  readonly group: number | null;
  readonly urgency: number;
  readonly waitsFor: WaitsFor;
  readonly count: number;
  /**
   * The first accepted of the operations that wait for their turn; `null` for other reasons, and for routes of no
   * group.
   */
  readonly oldestId: string | null;
  /** Beside that: when the first of its routes and rank is due, by the steady clock; `null` where none ever is. */
  readonly nextDueAtMs: number | null;
}
