/**
 * Time that passes only when a test says so.
 *
 * @module
 */

import { inNoContext } from '../../actors/platform/inPieces.ts';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** Number of wake-ups at one instant that is taken for a loop. */
const WAKES_AT_ONE_INSTANT_MAX = 20_000;

interface Wake {
  readonly atMs: number;
  /** Order of scheduling, which decides among equals. */
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Start of every virtual clock: 2030-01-01T00:00:00Z, in milliseconds since the epoch. */
export const VIRTUAL_EPOCH_MS = Date.UTC(2030, 0, 1);
/** Start of every monotonic clock: far from the epoch, so that neither is taken for the other. */
const MONOTONIC_ORIGIN_MS = 1_000_000;

/** Virtual time between two checks of a condition. */
const STEP_MS = 100;
/** Limit on outside work, in real time; then the test hangs. */
const OUTSIDE_MS_MAX = 20_000;
/** Time, in real milliseconds, to wait for what virtual time does not bring about. */
const GRACE_MS = 2_000;
/** Number of pending wake-ups that an error names. */
const NAMED_MAX = 3;

/**
 * Clock whose time passes only when a test says so. No wake-up is lost or early, and all promises settle before the
 * next one. Hours pass in milliseconds, and two runs with the same seed do the same.
 *
 * It drives the runtime that was given it as `clock`, but not real work: sockets, files, threads, other processes,
 * `setTimeout`. Wrap such work in {@link VirtualClock.freezeWhile}, or test in real time.
 *
 * @example
 * const clock = new VirtualClock();
 * const runtime = createRuntime({ store: ':memory:', clock, handlers });
 * const operation = await clock.run(runtime.sync(request));
 * await clock.advance(60_000); // a minute of retries
 * const outcome = await clock.run(operation.outcome);
 */
export class VirtualClock implements Clock {
  readonly #heap: Wake[] = [];
  #elapsedMs = 0;
  #wallAheadMs = 0;
  #order = 0;
  readonly #outside = new Set<Promise<unknown>>();
  readonly #accounts = new Set<() => string | null>();

  /** Returns the wall clock in whole milliseconds since the epoch, as `Date.now()`. */
  now(): number {
    return Math.floor(VIRTUAL_EPOCH_MS + this.#elapsedMs + this.#wallAheadMs);
  }

  /** Returns milliseconds that {@link VirtualClock.setWall} does not change. */
  monotonic(): number {
    return MONOTONIC_ORIGIN_MS + this.#elapsedMs;
  }

  /** Nothing takes virtual time to compute. */
  busy(): number {
    return 0;
  }

  /** Calls `wake` after this much virtual time; returns a function that cancels that. */
  schedule(delayMs: number, wake: () => void): () => void {
    this.#order += 1;
    const entry: Wake = {
      atMs: this.#elapsedMs + Math.max(0, delayMs),
      order: this.#order,
      run: wake,
      isCancelled: false,
    };
    this.#push(entry);
    return () => {
      entry.isCancelled = true;
    };
  }

  /** Calls `go` at this instant, but not before time is let pass. */
  defer(go: () => void): void {
    this.schedule(0, go);
  }

  /** Number of pending wake-ups. */
  get pending(): number {
    return this.#heap.filter(({ isCancelled }) => !isCancelled).length;
  }

  /** Sets the wall clock forward (below 0: back), as an administrator would. */
  setWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /**
   * Puts the machine to sleep for this long. The monotonic clock of some platforms counts that, and timers fire
   * afterwards; that of others does not.
   */
  suspend(ms: number, isCounted: boolean): void {
    if (isCounted) this.#elapsedMs += ms;
    else this.#wallAheadMs += ms;
  }

  /**
   * Stops time, however it is advanced, until real work has ended: a request over HTTP, a file, another process.
   * Returns the work itself.
   *
   * The work must not wait for this clock: that never ends, and fails after 20 s.
   *
   * @example
   * const post = httpHandler({ baseUrl: upstream.url });
   * const run = (attempt: Attempt) => clock.freezeWhile(Promise.resolve(post(attempt)));
   */
  freezeWhile<T>(work: Promise<T>): Promise<T> {
    const over = work.then(
      () => undefined,
      () => undefined,
    );
    this.#outside.add(over);
    void over.then(() => this.#outside.delete(over));
    return work;
  }

  /**
   * Registers `account`, which gives one line on unfinished work, or `null`, for the error of a wait that is given
   * up. Returns a function that removes it.
   */
  explain(account: () => string | null): () => void {
    this.#accounts.add(account);
    return () => {
      this.#accounts.delete(account);
    };
  }

  /**
   * Advances time by `ms`; everything due in it happens, in order.
   *
   * @param ms Milliseconds of virtual time, 0 or more; 0 runs what is due at this instant.
   * @throws HoldfastError `HF_TEST_STUCK` where wake-ups at one instant never end, or outside work does
   *   not end within 20 s of real time.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await this.#settle();
    let wakesAtThisInstant = 0;
    for (
      let next = this.#heap[0];
      next !== undefined && next.atMs <= untilMs;
      next = this.#heap[0]
    ) {
      this.#pop();
      if (next.isCancelled) continue;
      wakesAtThisInstant = next.atMs > this.#elapsedMs ? 0 : wakesAtThisInstant + 1;
      if (wakesAtThisInstant > WAKES_AT_ONE_INSTANT_MAX) {
        throw stuck(`Time stands still: it wakes at once again and again, in ${nameOf(next)}.`);
      }
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      inNoContext(next.run);
      await this.#settle();
    }
    this.#elapsedMs = untilMs;
  }

  /**
   * Advances time in steps until `isDone()`, checked after each step.
   *
   * @param limitMs The most virtual time that may pass. Default: an hour.
   * @param stepMs Virtual time between two looks. Default: 100 ms.
   * @throws HoldfastError `HF_TEST_STUCK` once the limit has passed, with what is still pending.
   * @example
   * await clock.advanceUntil(() => ledger.summary().applied === 12, 600_000);
   */
  async advanceUntil(isDone: () => boolean, limitMs = 3_600_000, stepMs = STEP_MS): Promise<void> {
    await this.#settle();
    for (let passedMs = 0; !isDone(); passedMs += stepMs) {
      // It may wait for something real: a busy machine takes its time.
      if (passedMs > limitMs && (await comesTrue(isDone))) return;
      if (passedMs > limitMs) throw this.#gaveUp(passedMs, String(isDone));
      await this.advance(stepMs);
    }
  }

  /**
   * Returns what a promise resolves to, advancing time as far as that takes.
   *
   * @param limitMs The most virtual time that may pass. Default: an hour.
   * @throws HoldfastError `HF_TEST_STUCK` once the limit has passed, with what is still pending; and
   *   what the promise is rejected with.
   * @example
   * const { status } = await clock.run(operation.outcome, 24 * 3_600_000);
   */
  async run<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    void promise.finally(done).catch(() => undefined);
    await this.#settle();
    for (let passedMs = 0; !isDone; ) {
      const stepMs = this.#stepToNextWake();
      // With nothing scheduled, only something real can settle it.
      if (stepMs === null && (await comesTrue(() => isDone || this.pending > 0))) continue;
      if (stepMs === null || passedMs > limitMs) {
        throw this.#gaveUp(passedMs, 'a promise that was given to run()');
      }
      await this.advance(stepMs);
      passedMs += stepMs;
    }
    return await promise;
  }

  /** Returns the step to the check after the next wake-up; `null` if none is pending. */
  #stepToNextWake(): number | null {
    for (let next = this.#heap[0]; next?.isCancelled === true; next = this.#heap[0]) this.#pop();
    const next = this.#heap[0];
    if (next === undefined) return null;
    return Math.max(1, Math.ceil((next.atMs - this.#elapsedMs) / STEP_MS)) * STEP_MS;
  }

  /** Runs everything that needs no time to pass. */
  async #settle(): Promise<void> {
    await settleJobs();
    if (this.#outside.size === 0) return;
    const startedAtMs = systemClock.monotonic();
    while (this.#outside.size > 0) {
      await nextOf(this.#outside);
      await settleJobs();
      if (systemClock.monotonic() - startedAtMs > OUTSIDE_MS_MAX) {
        throw stuck(
          `Outside work (freezeWhile) has not ended after ${OUTSIDE_MS_MAX} ms of real time: ` +
            `${this.#outside.size} pending. Does it wait for this clock, which stands still for it?`,
        );
      }
    }
  }

  #gaveUp(passedMs: number, awaited: string): HoldfastError {
    const wakes = this.#heap
      .filter(({ isCancelled }) => !isCancelled)
      .toSorted((one, other) => one.atMs - other.atMs || one.order - other.order);
    const named = wakes
      .slice(0, NAMED_MAX)
      .map((wake) => `in ${wake.atMs - this.#elapsedMs} ms ${nameOf(wake)}`);
    const accounts = [...this.#accounts].map((account) => account()).filter((one) => one !== null);
    const text = [
      `Not done after ${passedMs} ms of virtual time. Awaited: ${shortened(awaited)}.`,
      ...accounts,
      wakes.length === 0
        ? 'No wake-up is pending: what is awaited never happens, or on real time (see freezeWhile).'
        : `Pending wake-ups: ${wakes.length}, the next ${named.join('; ')}.`,
    ];
    return stuck(text.join(' '));
  }

  #push(wake: Wake): void {
    let at = this.#heap.push(wake) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#isLater(left, left + 1) ? left + 1 : left;
      if (!this.#swapIfLater(at, child)) return;
      at = child;
    }
  }

  #isLater(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return false;
    return first.atMs > second.atMs || (first.atMs === second.atMs && first.order > second.order);
  }

  #swapIfLater(upper: number, lower: number): boolean {
    const [first, second] = [this.#heap[upper], this.#heap[lower]];
    if (first === undefined || second === undefined || !this.#isLater(upper, lower)) return false;
    this.#heap[upper] = second;
    this.#heap[lower] = first;
    return true;
  }
}

/**
 * Settles every promise that can settle without real time: jobs run to the last before the next turn of the event
 * loop.
 */
export async function settleJobs(): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.defer(resolve);
  });
}

/** Resolves with the first of them, or soon, so that a limit can be checked. */
async function nextOf(works: Iterable<Promise<unknown>>): Promise<void> {
  let cancel = (): void => undefined;
  const soon = new Promise<void>((resolve) => {
    cancel = systemClock.schedule(100, resolve);
  });
  await Promise.race([...works, soon]);
  cancel();
}

/** Checks a condition for a little real time. */
async function comesTrue(isTrue: () => boolean): Promise<boolean> {
  const startedAtMs = systemClock.monotonic();
  while (!isTrue() && systemClock.monotonic() - startedAtMs < GRACE_MS) {
    await nextOf([]);
  }
  return isTrue();
}

function nameOf({ run }: Wake): string {
  return shortened(run.name === '' ? String(run) : run.name);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

function stuck(message: string): HoldfastError {
  return new HoldfastError('HF_TEST_STUCK', message);
}
