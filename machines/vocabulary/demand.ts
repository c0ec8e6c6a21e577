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
    /** It is compared with what is known of its record, and told what comes of that. */
    | 'compare'
    /** The attempt that was ordered runs; the chart invokes it. */
    | 'attempt'
    /** Its handler is waited for, which is told to stop. */
    | 'awaitHandler'
    /** It gives back what it holds, and may leave memory once the write is durable. */
    | 'rest'
    /** The same, but it stays in memory and goes on as soon as it is due, whatever the disk does (CR-4). */
    | 'restInHand'
    /** It waits in memory for its turn, apart from the others: it is suspect. */
    | 'standBy'
    /** There is no handler for it, and it does not know: `handler.missing` is to be sent. */
    | 'lackHandler'
    /** Whoever waits for its ending is told, though that is not durable yet (CR-4). */
    | 'tell'
    /** Its ending is durable: it leaves memory, and whoever waits for that is told. */
    | 'report'
    /** It was never accepted: it leaves memory, and nothing of it is kept. */
    | 'forget';
  /** What is to be written of it; `null` for nothing. */
  readonly write: 'acceptance' | 'order' | 'position' | 'ending' | null;
  /** Whether it waits until that is durable: then `journal.committed` is to be sent. */
  readonly isBarrier: boolean;
}

/** What an engine knows of work beside its chart. */
export interface DemandFacts {
  /** Of the last write ordered; 0 before the first. */
  readonly revision: number;
  /** `null` where none of its type is registered. */
  readonly handler: object | null;
}
