/**
 * Where an operation at rest may stand, and what it may wait for there.
 *
 * @module
 */

/**
 * The standing of an operation.
 *
 * - `inHand`: a live actor of the store's owner holds it. After a crash these are what was running.
 * - `due`: parked until `dueAtMs`, then to be claimed from its route.
 * - `held`: parked until something other than time frees it: its lane, or a person.
 * - `settled`: ended; `dueAtMs` is when it may be purged.
 * - `deadLettered`: ended without success, kept with its payload until a person decides.
 * - `quarantined`: can't be opened; kept with its bytes, never handed out.
 */
export type Standing = 'settled' | 'inHand' | 'due' | 'held' | 'quarantined' | 'deadLettered';

/**
 * What an operation that has not ended waits for, beside the time it is due: nothing but its turn, its
 * lane, a handler of its type to be registered, the instant from which it may begin (`startAt`), a person's word on a conflict or on what may have
 * been done already, or the rate of its subject or tier. It is kept beside the standing, so that what
 * waits for more than its turn and its lane can be counted.
 */
export type WaitsFor = 'turn' | 'lane' | 'handler' | 'conflict' | 'review' | 'rate' | 'startAt';

/** A due time that never comes: what waits for a handler of its type to be registered. */
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;
