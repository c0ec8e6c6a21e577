/**
 * Whether answers of 503 come of too many calls in flight, and with how many they begin (PF-6).
 *
 * @module
 */

import type { Measured } from './flowWindow.ts';

/** A smaller share of 503 is no reason to try fewer slots; nor is one among failures of other kinds. */
const SHARE_MIN = 0.02;
const SHARE_OF_FAILURES = 0.75;

/** Fewer results than this say nothing about a share so small. */
export const BUSY_RESULTS_MIN = 40;

/** The difference between more slots and fewer is no chance beyond so many standard errors. */
const ERRORS = 2.5;
/** Results kept; beyond it half of the older ones are forgotten. */
const RESULTS_KEPT = 400;

/** Windows until the next trial after an inconclusive one; each further one doubles them. */
const PATIENCE_MIN = 2;
const PATIENCE_MAX = 64;

/** So many windows after some were refused it may bear more again, or where none is with so many more. */
const LIMIT_WINDOWS = 40;
const BEYOND_LIMIT = 1.1;
/** Beyond the limit slots open by so much at once, or by one. */
const STEP_SHARE = 0.05;

/** What came with more slots, or with fewer. */
interface Counted {
  readonly results: number;
  readonly busy: number;
}

const NONE: Counted = { results: 0, busy: 0 };

/**
 * An upstream that refuses with 503 what is beyond its workers has no queue that latency would show. Many
 * others answer 503 by chance, however little is in flight. So what is refused with more slots and with fewer is counted
 * over many trials: the first of them told nothing where a twentieth is refused. Where the difference is no
 * chance, 503 is of the load, and as many slots as were refused some are the limit for a while.
 */
export class BusyAnswers {
  #more = NONE;
  #fewer = NONE;
  #steady: Measured | null = null;
  #patience = PATIENCE_MIN;
  #windowsToWait = 0;
  #limit = Number.POSITIVE_INFINITY;
  #windowsOfLimit = 0;

  /** Whether more is refused with more slots, beyond chance. */
  get isOfLoad(): boolean {
    const [more, fewer] = [this.#more, this.#fewer];
    if (more.results === 0 || fewer.results === 0) return false;
    const share = (more.busy + fewer.busy) / (more.results + fewer.results);
    const error = Math.sqrt(share * (1 - share) * (1 / more.results + 1 / fewer.results));
    return more.busy / more.results - fewer.busy / fewer.results > ERRORS * error;
  }

  /** Two windows with different slots have ended. */
  compare(more: Measured, fewer: Measured): void {
    this.#more = added(this.#more, more);
    this.#fewer = added(this.#fewer, fewer);
  }

  /** The slots are others from now on. */
  changed(): void {
    this.#steady = null;
  }

  /** An outage, or slots that were halved: what it bears now is not known. */
  forgetLimit(): void {
    this.#limit = Number.POSITIVE_INFINITY;
    this.#steady = null;
  }

  /**
   * A window with the same slots has ended.
   *
   * @returns all of these windows together where some is refused, and it is time to try fewer slots
   */
  measured(now: Measured): Measured | null {
    this.#windowsOfLimit += 1;
    if (this.#windowsOfLimit > LIMIT_WINDOWS) this.#limit = Number.POSITIVE_INFINITY;
    this.#steady = this.#steady === null ? now : together(this.#steady, now);
    if (this.#windowsToWait === 0) return isBusy(this.#steady) ? this.#steady : null;
    this.#windowsToWait -= 1;
    return null;
  }

  /** Notes a trial that was inconclusive. */
  triedInVain(): void {
    this.#windowsToWait = this.#patience;
    this.#patience = Math.min(PATIENCE_MAX, 2 * this.#patience);
  }

  /** With so many slots some were refused, and no more was done. */
  limitTo(slots: number): void {
    this.#limit = Math.floor(slots);
    this.#windowsOfLimit = 0;
    this.#patience = PATIENCE_MIN;
  }

  /** How many slots there may be where so many are calm: beyond the limit few more at once. */
  mostAfter(slots: number): number {
    if (slots > BEYOND_LIMIT * this.#limit) this.#limit = Number.POSITIVE_INFINITY;
    // Without a limit this is infinite as well.
    if (slots < this.#limit - 1) return this.#limit - 1;
    const isKnown = this.#steady !== null && this.#steady.results >= BUSY_RESULTS_MIN;
    return isKnown ? slots + Math.max(1, STEP_SHARE * slots) : slots;
  }
}

/** Whether calls are refused by 503, and hardly any fail otherwise. */
export function isBusy({ busyShare, failureShare }: Measured): boolean {
  return busyShare > SHARE_MIN && busyShare >= SHARE_OF_FAILURES * failureShare;
}

function added({ results, busy }: Counted, window: Measured): Counted {
  const kept = results > RESULTS_KEPT ? 0.5 : 1;
  return {
    results: kept * results + window.results,
    busy: kept * busy + window.busyShare * window.results,
  };
}

/** Two windows as one: of latency the later one says it. */
function together(one: Measured, other: Measured): Measured {
  const results = one.results + other.results;
  const seconds = one.results / one.throughput + other.results / other.throughput;
  const mean = (of: (each: Measured) => number): number =>
    (of(one) * one.results + of(other) * other.results) / results;
  const failureShare = mean((each) => each.failureShare);
  return {
    ...other,
    results,
    throughput: results / seconds,
    goodput: (results * (1 - failureShare)) / seconds,
    failureShare,
    busyShare: mean((each) => each.busyShare),
  };
}
