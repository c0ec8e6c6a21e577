/**
 * The tags of the crisis's chart: each state of its delivery has one, and it says what the state asks of
 * an engine. Of the record only the last state asks for anything.
 *
 * @module
 */

export type CrisisTag =
  /** Its attempt is ordered, which is written beside it; it goes out once a place is free. */
  | 'place'
  /** Its attempt is under way. */
  | 'delivery'
  /** It was called off while it was sent, which is written; it is left once that has ended. */
  | 'recall'
  /** Nothing is in flight: where it waits is written beside it. It stays in memory. */
  | 'stay'
  /** Whoever waits for its ending is told at once, and it is written. */
  | 'over'
  /** Its ending is on disk: it leaves memory. */
  | 'leave';
