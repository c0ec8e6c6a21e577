/**
 * What is promised, what is aimed at, and how the drill is judged.
 *
 * @module
 */

/** An answer is late from here on (CR-1). */
export const ANSWER_MS_MAX = 200;
/** What the slowest of ten thousand answers is meant to take at most. */
export const ANSWER_AIM_MS = 10;
/** A crisis is delivered so long after its upstream is well, at the latest. */
export const DELIVERED_WITHIN_MS = 60_000;

/** What fails a drill: `deliveries` reports late answers and lets them pass, for machines shared with others. */
export type Judging = 'all' | 'deliveries';
export const JUDGINGS: readonly Judging[] = ['all', 'deliveries'];
