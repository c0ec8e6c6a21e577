/**
 * An operation at rest as the store sees it, and where it may stand.
 *
 * @module
 */

/**
 * Where an operation stands.
 *
 * - `inHand`: a live actor of the store's owner holds it. After a crash these are what was running.
 * - `due`: parked until `dueAtMs`, then to be claimed from its route.
 * - `held`: parked until something other than time frees it: its lane, or a person.
 * - `settled`: ended; `dueAtMs` is when it may be purged.
 * - `deadLettered`: ended without success, kept with its payload until a person decides.
 * - `quarantined`: can't be opened; set aside with its bytes, never handed out.
 */
export type Standing = 'settled' | 'inHand' | 'due' | 'held' | 'quarantined' | 'deadLettered';

/**
 * What an operation that has not ended waits for, beside the time it is due: nothing but its turn, its
 * lane, a handler of its type to be registered, or a person's word on a conflict or on what may have
 * been done already. It is kept beside the standing, so that what asks for somebody can be counted.
 */
export type WaitsFor = 'turn' | 'lane' | 'handler' | 'conflict' | 'review';

/** A due time that never comes: what waits for a handler of its type to be registered. */
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;

/** An operation as the store gives it back. */
export interface StoredOperation {
  /** Acceptance order, unique in the store. */
  readonly seq: number;
  readonly id: string;
  /** Grows with every write; bound into the seal. */
  readonly revision: number;
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  /** 0 the most urgent. */
  readonly urgency: number;
  /** What the engine gave as `state`, letter for letter; empty for a quarantined row. */
  readonly state: string;
  /** The payload given at acceptance; `null` once erased, or where the call says it is left out. */
  readonly payload: string | null;
}

export type StandingCounts = Readonly<Record<Standing, number>>;

/** How many operations go on only when somebody does something, by what that is. */
export type AskingCounts = Readonly<Record<Exclude<WaitsFor, 'turn' | 'lane'>, number>>;
