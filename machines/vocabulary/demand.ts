/**
 * What work asks of its engine in each state of its chart: what is to be written, whether that is waited
 * for, and what goes on meanwhile (PS-2).
 *
 * @module
 */

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
