/**
 * The tags of the crisis's chart: each state of its delivery has one, and it says what the state asks of
 * an engine. Of the record only the last state asks for anything.
 *
 * @module
 */

export type CrisisTag =
  /** The next attempt is ordered, which is written beside it; it goes out once a place is free. */
  | 'place'
  /** An attempt is under way. */
  | 'delivery'
  /** The crisis was called off while it was sent, which is written; it is left once that has ended. */
  | 'recall'
  /** Nothing is in flight: where it waits is written beside it. It stays in memory. */
  | 'stay'
  /** The ending is reported at once to all who wait for it, and written. */
  | 'over'
  /** The ending is on disk: the crisis leaves memory. */
  | 'leave';
