/**
 * The tags of the operation's chart: each state has one, and it says what the state asks of an engine.
 *
 * @module
 */

export type StateTag =
  /** The acceptance is being written; the state is left when that is durable, or has failed. */
  | 'accept'
  /** The operation has its turn, and is compared with what is known of its record. */
  | 'compare'
  /** The order of an attempt is being written; the state is left when that is durable. */
  | 'order'
  /** The attempt that was ordered runs. */
  | 'attempt'
  /** The handler of an attempt is silent beyond its time; the state is left when it has returned. */
  | 'overhang'
  /** The caller has taken it back, which is written; the state is left when its handler has returned. */
  | 'cancel'
  /** Nothing is in flight: where it waits is written, and then it may live on disk only. */
  | 'rest'
  /** The operation waits in memory for its turn, apart from the others. */
  | 'standBy'
  /** The ending is being written; the state is left when that is durable. */
  | 'settle'
  /** The operation has ended, which is on disk: that is reported to all who wait for it. */
  | 'report'
  /** The operation was never accepted: nothing of it is kept. */
  | 'forget';
