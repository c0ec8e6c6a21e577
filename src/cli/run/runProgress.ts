/**
 * The progress of a run as one line: how much is done, how fast, how long it will take, what it waits for, and what
 * failed.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { RunTally } from './fileRun.ts';

/** The state that a line of progress is made from. */
export interface RunState {
  readonly tally: RunTally;
  /** Lines in the input; `null` while they are not counted. */
  readonly total: number | null;
  /** State of the upstream's breaker, and when it lets the next try through (epoch milliseconds). */
  readonly breaker: string;
  readonly nextTryAtMs: number | null;
  /** Failed attempts by status or code. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The time over which the rate is taken: short enough to follow an outage, long enough not to jump. */
const RATE_OVER_MS = 10_000;
const FAILURES_SHOWN_MAX = 3;

/** Makes the line; to be asked about once a second, for the rate is taken from when it is asked. */
export class RunProgress {
  readonly #clock: Clock;
  readonly #state: () => RunState;
  readonly #startedAtMs: number;
  #samples: { readonly atMs: number; readonly done: number }[] = [];

  constructor(clock: Clock, state: () => RunState) {
    this.#clock = clock;
    this.#state = state;
    this.#startedAtMs = clock.monotonic();
    this.#samples.push({ atMs: this.#startedAtMs, done: 0 });
  }

  /** The line of progress now. */
  line(): string {
    const state = this.#state();
    const { tally, total } = state;
    const done = doneOf(tally);
    const rate = this.#rate(done);
    const waiting = tally.accepted + tally.bad - done;
    return joined([
      this.#share(done, total),
      `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
      this.#timeLeft(state, done, rate),
      this.#breaker(state),
      ...endings(tally),
      waiting > 0 ? `waiting ${waiting}` : '',
      total === null || tally.accepted + tally.bad < total ? `accepted ${tally.accepted}` : '',
      failuresText(state.failures, FAILURES_SHOWN_MAX),
    ]);
  }

  /** The line of progress at the end of the run. */
  lastLine(): string {
    const { tally, total } = this.#state();
    const done = doneOf(tally);
    const seconds = (this.#clock.monotonic() - this.#startedAtMs) / 1_000;
    const waiting = tally.accepted + tally.bad - done;
    return joined([
      this.#share(done, total),
      `in ${spanText(seconds)}`,
      ...endings(tally),
      waiting > 0 ? `waiting ${waiting}` : '',
    ]);
  }

  #share(done: number, total: number | null): string {
    if (total === null) return `${done} done`;
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    return `${done} of ${total} done (${percent} %)`;
  }

  /** The time left; unknown while nothing gets through. */
  #timeLeft({ total, breaker }: RunState, done: number, rate: number): string {
    if (total === null || done >= total || rate === 0 || breaker !== 'closed') return '';
    return `${spanText((total - done) / rate)} left`;
  }

  /** The lines done per second, over the last seconds. */
  #rate(done: number): number {
    const nowMs = this.#clock.monotonic();
    const recent = this.#samples.filter(({ atMs }) => nowMs - atMs <= RATE_OVER_MS);
    // Asked for after a long while, it is taken over that while.
    const since = recent[0] ?? this.#samples.at(-1);
    this.#samples = [...recent, { atMs: nowMs, done }];
    if (since === undefined || nowMs <= since.atMs) return 0;
    return ((done - since.done) * 1_000) / (nowMs - since.atMs);
  }

  #breaker({ breaker, nextTryAtMs }: RunState): string {
    if (breaker === 'closed') return '';
    if (breaker === 'halfOpen') return 'breaker half open, trying';
    if (nextTryAtMs === null) return `breaker ${breaker}`;
    const leftMs = Math.max(0, nextTryAtMs - this.#clock.now());
    return `breaker ${breaker}, next try in ${Math.ceil(leftMs / 1_000)} s`;
  }
}

/** Every failure by its status or code, the most frequent first. */
export function failuresText(failures: ReadonlyMap<string, number>, shownMax?: number): string {
  if (failures.size === 0) return '';
  const all = [...failures].toSorted(([, a], [, b]) => b - a);
  const shown = all.slice(0, shownMax).map(([name, count]) => `${name} ${count} times`);
  return `failed tries: ${shown.join(', ')}${shown.length < all.length ? ', …' : ''}`;
}

/** The lines that need nothing more: ended, refused, or left to a person. */
function doneOf(tally: RunTally): number {
  const { completed, deadLettered, cancelled, expired, bad, inReview } = tally;
  return completed + deadLettered + cancelled + expired + bad + inReview;
}

function endings({ deadLettered, cancelled, expired, bad, inReview }: RunTally): string[] {
  const named = { 'dead-lettered': deadLettered, cancelled, expired, bad, 'in review': inReview };
  return Object.entries(named).map(([name, count]) => (count > 0 ? `${name} ${count}` : ''));
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

/** A span as a person reads it: `0:07`, `12:30`, `1:02:03`. */
function spanText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours = 0, ...rest] = parts;
  const [minutes = 0, last = 0] = rest;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(last)}` : `${minutes}:${two(last)}`;
}
