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

/** What the engine does for work that enters a state. It never changes, so it may be compared. */
export interface Demand {
  readonly does: /** Nothing but to wait for what the state has begun or ordered. */
    | 'wait'
    /** Compare it with what is known of its record, and send the result. */
    | 'compare'
    /** The attempt that was ordered runs; the chart invokes it. */
    | 'attempt'
    /** Wait for its handler, which is asked to stop. */
    | 'awaitHandler'
    /** Give back what it holds; it may leave memory once the write is durable. */
    | 'rest'
    /** The same, but it stays in memory and goes on as soon as it is due, whatever the disk does (CR-4). */
    | 'restInHand'
    /** Keep it in memory for its turn, apart from the others: it is suspect. */
    | 'standBy'
    /** There is no handler for it, and it does not know: `handler.missing` is to be sent. */
    | 'lackHandler'
    /** Notify those who wait for its ending, which is not durable yet (CR-4). */
    | 'tell'
    /** Let it leave memory, since its ending is durable, and notify those who wait for that. */
    | 'report'
    /** Let it leave memory and keep nothing: it was never accepted. */
    | 'forget';
  /** What is to be written of it; `null` for nothing. */
  readonly write: 'acceptance' | 'order' | 'position' | 'ending' | null;
  /** Whether it waits until that is durable: then `journal.committed` is to be sent. */
  readonly isBarrier: boolean;
}

/** What an engine knows of work beside its chart. */
export interface DemandFacts {
  /** Revision of the last write ordered; 0 before the first. */
  readonly revision: number;
  /** `null` where none of its type is registered. */
  readonly handler: object | null;
}

/**
 * In the order in which they are checked: the first that holds is reported.
 * - `start`: nothing runs yet.
 * - `stopping`: nothing runs any more.
 * - `storage`: nothing can be made durable, so no effect may begin.
 * - `suspect`: an operation that may have ended the process runs alone.
 * - `operator`: somebody holds the breaker open.
 * - `breaker`: the upstream is down; the next probe goes out at its time.
 * - `probe`: as many probes are out as may be.
 * - `type`: its type fails at this upstream while others succeed, and is parked by itself; it is tried again at its time.
 * - `subject`: calls for its subject fail at this upstream while those for others succeed, and it is parked by itself; it is tried again at its time.
 * - `rate`: no token of the upstream's rate is left; the next is due at its time.
 * - `slot`: every slot is taken.
 * - `ramp`: so are those that have opened again after a start or an outage.
 * - `level`: the level of service keeps the slots for what is more urgent.
 */
export const WAIT_CAUSES = [
  'start',
  'stopping',
  'storage',
  'suspect',
  'operator',
  'breaker',
  'probe',
  'type',
  'subject',
  'rate',
  'slot',
  'ramp',
  'level',
] as const;
export type WaitCause = (typeof WAIT_CAUSES)[number];

/** Whether it may run now; if not, the first reason, and when that ends by itself (`null`: nobody knows). */
export type MayRun =
  | { readonly may: true }
  | {
      readonly may: false;
      readonly because: WaitCause;
      /** By the steady clock. */
      readonly untilAtMs: number | null;
    };

/** Whether an upstream's work is taken up at all, as those know who hand it out. */
export const INTAKES = ['notStarted', 'open', 'isolated', 'stopped'] as const;
/**
 * - `notStarted`: nothing runs yet: the store is not open, or is held.
 * - `open`: work runs.
 * - `isolated`: only an operation that has to run alone.
 * - `stopped`: nothing runs any more.
 */
export type Intake = (typeof INTAKES)[number];
