/**
 * The clock by which the ends of spans are kept on disk: never set back, over restarts too
 * (decision 0047).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

/** What is kept tells the time to within this, so that it is not written with every row. */
const KEPT_GRAIN_MS = 1_000;

/**
 * The time by which the ends of spans are kept (docs/decisions/0047): whole milliseconds that begin
 * where the wall clock stands when the process starts and go on with the monotonic clock. Nobody sets
 * it, and it never goes back: where the wall clock was set back between two processes, it goes on
 * from what the earlier one kept. So whatever is kept as due is due within its own wait. The time is kept
 * to within a second: a wall clock set back by less than that between two processes is not noticed.
 *
 * It ticks with the wall clock, and not a part of a millisecond behind it, as the process happened to start: the next
 * process would begin ahead of it, which shortens waits, or behind it, which looks as if the wall clock had been set back.
 */
export class SteadyClock {
  readonly #clock: Clock;
  /** Keeps the state that the next process gives to {@link resume}, before what is kept next. Before the store is open nothing is. */
  keep: (state: string) => void = () => undefined;
  /** Where it began, as a whole millisecond, and what the monotonic clock read when that began. */
  #fromMs: number;
  #beganAtMs: number;
  /** The earliest that this millisecond can have begun: the wall clock tells whole ones. */
  readonly #beganAtMsMin: number;
  /** The furthest that the wall clock was seen ahead of it: a jump, or a time of suspension. */
  #wallAheadMsMax = 0;
  /** How far the wall clock is ahead of it, but for a tick. */
  #wallAheadMs = Number.NEGATIVE_INFINITY;
  /** The latest time known to be kept; before the store is open nothing is. */
  #keptMs = Number.POSITIVE_INFINITY;
  /** How long no process ran, in all, as far as it was kept. */
  #betweenMs = 0;
  #diedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#fromMs = Math.floor(clock.now());
    this.#beganAtMs = clock.monotonic();
    this.#beganAtMsMin = this.#beganAtMs - 1;
  }

  /** @param wallMs what the wall clock reads, where the caller has just read it */
  now(wallMs = this.#clock.now()): number {
    const monoMs = this.#clock.monotonic();
    let nowMs = Math.floor(monoMs - this.#beganAtMs) + this.#fromMs;
    if (wallMs - nowMs === 1) nowMs += this.#ticked(monoMs, nowMs);
    this.#wallAheadMsMax = Math.max(this.#wallAheadMsMax, wallMs - nowMs);
    return nowMs;
  }

  /** The wall clock has ticked before it: 1, and it ticks as early from now on, unless that is more than a part of a tick. */
  #ticked(monoMs: number, nowMs: number): 0 | 1 {
    const beganAtMs = monoMs - (nowMs + 1 - this.#fromMs);
    if (beganAtMs <= this.#beganAtMsMin) return 0;
    this.#beganAtMs = beganAtMs;
    return 1;
  }

  /**
   * The latest that it may be, by this or by the wall clock: nothing that was stamped by either is
   * later. It counts time that the machine was suspended; a wall clock set forward looks the same.
   */
  latest(): number {
    return this.now() + this.#wallAheadMsMax;
  }

  /**
   * Time that a process has run, in all: it stands still between one and the next. Only differences of it
   * mean something.
   */
  lived(): number {
    return this.now() - this.#betweenMs;
  }

  /** Until when the last process is known to have run; `null` where there was none. */
  get diedAtMs(): number | null {
    return this.#diedAtMs;
  }

  /**
   * Where the wall clock, as it is set now, stands or stood at this time. The two clocks tick apart: what that
   * shows as a millisecond more or less is no setting of the clock, so one time has one answer.
   */
  toWall(atMs: number): number {
    const wallAheadMs = Math.round(this.#clock.now() - this.now());
    if (Math.abs(wallAheadMs - this.#wallAheadMs) > 1) this.#wallAheadMs = wallAheadMs;
    return atMs + this.#wallAheadMs;
  }

  /** The store is open: goes on from what an earlier process kept, if the wall clock was set back since. */
  resume(state: string | undefined): void {
    const [kept, between] = (state ?? '').split(' ');
    const keptMs = state === undefined ? Number.NaN : Number(kept);
    this.#keptMs = Number.isSafeInteger(keptMs) ? keptMs : Number.NEGATIVE_INFINITY;
    const behindMs = this.#keptMs - this.now();
    if (behindMs > 0) {
      const byMs = behindMs + KEPT_GRAIN_MS;
      this.#fromMs += byMs;
      this.#wallAheadMsMax = Math.max(0, this.#wallAheadMsMax - byMs);
    }
    if (!Number.isSafeInteger(keptMs)) return;
    this.#diedAtMs = keptMs;
    const betweenMs = Number(between ?? 0);
    this.#betweenMs = Number.isSafeInteger(betweenMs) ? Math.max(0, betweenMs) : 0;
    this.#betweenMs += Math.max(0, this.now() - keptMs);
  }

  /** The time, for what is kept: a process that finds something of this time begins no earlier. */
  stamp(wallMs?: number): number {
    const nowMs = this.now(wallMs);
    const latestMs = Math.ceil(nowMs + this.#wallAheadMsMax);
    if (latestMs - this.#keptMs >= KEPT_GRAIN_MS) {
      this.#keptMs = latestMs;
      this.keep(`${latestMs} ${this.#betweenMs}`);
    }
    return nowMs;
  }
}
