/**
 * One timer for all waits of the engine: spans by the monotonic clock, instants by the wall clock
 * (decision 0047).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { Slices } from './slices.ts';

/** Something that is due, in a heap. */
interface Timer {
  readonly dueAtMs: number;
  readonly wake: () => void;
  /** Where it stands in the heap; -1 once it has left. */
  index: number;
}

/** A binary heap of timers, the first due on top: O(log n) to add and to remove. */
class TimerHeap {
  readonly #heap: Timer[] = [];

  /** The one that is due first; `undefined` when there is none. */
  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(dueAtMs: number, wake: () => void): Timer {
    const timer: Timer = { dueAtMs, wake, index: this.#heap.length };
    this.#heap.push(timer);
    this.#rise(timer);
    return timer;
  }

  /** Takes it out; one that has left already is left alone. */
  remove(timer: Timer): void {
    const { index } = timer;
    if (index === -1) return;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    last.index = index;
    this.#heap[index] = last;
    const parent = this.#heap[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && parent.dueAtMs > last.dueAtMs) this.#rise(last);
    else this.#sink(last);
  }

  clear(): void {
    for (const timer of this.#heap.splice(0)) timer.index = -1;
  }

  /** Moves its parents down until it is due no earlier than the one above it. */
  #rise(timer: Timer): void {
    const heap = this.#heap;
    let at = timer.index;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.dueAtMs <= timer.dueAtMs) break;
      heap[at] = parent;
      parent.index = at;
      at = above;
    }
    heap[at] = timer;
    timer.index = at;
  }

  /** Moves the earlier of its children up until it is due no later than both below it. */
  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = timer.index;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const child = right !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (child.dueAtMs >= timer.dueAtMs) break;
      const below = child.index;
      heap[at] = child;
      child.index = at;
      at = below;
    }
    heap[at] = timer;
    timer.index = at;
  }
}

/** A span that is over, in a line. */
interface Span {
  readonly dueAtMs: number;
  readonly wake: () => void;
  before: Span | null;
  after: Span | null;
  /** Null once it has left. */
  line: SpanLine | null;
}

/** Spans each of which is due no earlier than the one before it, so that none is sorted in. */
interface SpanLine {
  first: Span | null;
  last: Span | null;
}

/** Most spans are deadlines, of a handful of lengths. What is due before the last of every line is in the heap. */
const LINES = 8;

function leaveLine(span: Span): void {
  const { line, before, after } = span;
  if (line === null) return;
  span.line = null;
  if (before === null) line.first = after;
  else before.after = after;
  if (after === null) line.last = before;
  else after.before = before;
  // Who keeps the function that cancels it would keep all that stood in the line after it.
  span.before = null;
  span.after = null;
}

/** The longest sleep while an instant is waited for, so that a wall clock set forward is noticed. */
const SLEEP_MS_MAX = 60_000;

/**
 * One timer for everything that waits (docs/decisions/0047): spans by the monotonic clock, which
 * nobody sets, instants by the wall clock. Lines of spans and a heap of each over a single pending
 * wake-up of the clock; no wake-up at all while nothing waits. What comes due together is woken in slices.
 */
export class TimerService {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #lines: readonly SpanLine[] = Array.from({ length: LINES }, () => ({
    ...{ first: null, last: null },
  }));
  readonly #spans = new TimerHeap();
  readonly #instants = new TimerHeap();
  #cancelSleep: (() => void) | null = null;
  /** When the pending wake-up comes, on the monotonic clock. */
  #sleepsUntilMs = Number.POSITIVE_INFINITY;
  /** When one was woken last, or was to be. */
  #wakesFromMs = 0;
  #isStopped = false;
  #tellWoken: (lateMs: number) => void = () => undefined;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Tells `tell`, and nobody else any more, at each wake-up how late it came. */
  onWoken(tell: (lateMs: number) => void): void {
    this.#tellWoken = tell;
  }

  /**
   * Calls `wake` once `spanMs` milliseconds have passed, whatever the wall clock does meanwhile; never
   * inside the call. Returns a function that cancels it.
   *
   * @param nowMs - what the monotonic clock reads, where the caller has just read it
   */
  after(spanMs: number, wake: () => void, nowMs = this.#clock.monotonic()): () => void {
    if (this.#isStopped) return () => undefined;
    const dueAtMs = nowMs + spanMs;
    let line: SpanLine | null = null;
    // Behind the one that is due just before it; only where there is none does it open a line.
    for (let at = 0; at < LINES; at += 1) {
      const each = this.#lines[at] ?? null;
      const lastMs = each?.last?.dueAtMs ?? Number.NEGATIVE_INFINITY;
      if (lastMs > dueAtMs) continue;
      if (line === null || lastMs > (line.last?.dueAtMs ?? Number.NEGATIVE_INFINITY)) line = each;
    }
    if (line === null) return this.#add(this.#spans, dueAtMs, wake, nowMs);
    const { last } = line;
    const span: Span = { dueAtMs, wake, before: last, after: null, line };
    line.last = span;
    if (last === null) line.first = span;
    else last.after = span;
    if (dueAtMs < this.#sleepsUntilMs) this.#sleep(nowMs);
    return () => {
      // The pending wake-up is left as it is: waking once for nothing is cheaper than re-arming.
      leaveLine(span);
    };
  }

  /**
   * Calls `wake` once the wall clock reads `instantMs` or later. One that is set forward past it is
   * noticed within a minute. Returns a function that cancels it.
   */
  at(instantMs: number, wake: () => void): () => void {
    return this.#add(this.#instants, instantMs, wake, this.#clock.monotonic());
  }

  /**
   * Forgets everything, for good: what was under way when it was stopped may still ask for a wake-up,
   * and that would keep the process alive.
   */
  stop(): void {
    this.#isStopped = true;
    for (const line of this.#lines) while (line.first !== null) leaveLine(line.first);
    this.#spans.clear();
    this.#instants.clear();
    this.#awake();
  }

  #add(heap: TimerHeap, dueAtMs: number, wake: () => void, nowMs: number): () => void {
    if (this.#isStopped) return () => undefined;
    const timer = heap.add(dueAtMs, wake);
    // A span that ends no earlier than the wake-up that is planned changes nothing.
    if (heap !== this.#spans || dueAtMs < this.#sleepsUntilMs) this.#sleep(nowMs);
    return () => {
      // The pending wake-up is left as it is: waking once for nothing is cheaper than re-arming.
      heap.remove(timer);
    };
  }

  /** Plans the next wake-up, unless one is planned that comes in time. */
  #sleep(nowMs: number): void {
    const wakesAtMs = nowMs + Math.max(0, Math.min(this.#spanLeft(nowMs), this.#instantLeft()));
    if (wakesAtMs >= this.#sleepsUntilMs) return;
    this.#awake();
    this.#sleepsUntilMs = wakesAtMs;
    this.#cancelSleep = this.#clock.schedule(Math.ceil(wakesAtMs - nowMs), () => {
      this.#wakeDue();
    });
  }

  #spanLeft(nowMs: number): number {
    let dueAtMs = this.#spans.first?.dueAtMs ?? Number.POSITIVE_INFINITY;
    for (const { first } of this.#lines) {
      if (first !== null && first.dueAtMs < dueAtMs) ({ dueAtMs } = first);
    }
    return dueAtMs - nowMs;
  }

  #instantLeft(): number {
    const next = this.#instants.first;
    if (next === undefined) return Number.POSITIVE_INFINITY;
    return Math.min(SLEEP_MS_MAX, next.dueAtMs - this.#clock.now());
  }

  #awake(): void {
    this.#cancelSleep?.();
    this.#cancelSleep = null;
    this.#sleepsUntilMs = Number.POSITIVE_INFINITY;
  }

  #wakeDue(): void {
    this.#wakesFromMs = this.#sleepsUntilMs;
    this.#noteLate();
    Slices.of(this.#clock).work(this.#wakeNext);
  }

  /** Where many are due, each is late by those before it; what is told is what came between two of them. */
  #noteLate(): void {
    const nowMs = this.#clock.monotonic();
    this.#tellWoken(nowMs - this.#wakesFromMs);
    this.#wakesFromMs = nowMs;
  }

  readonly #wakeNext = (): boolean => {
    this.#noteLate();
    const next = this.#firstDue();
    if (next === null) {
      this.#awake();
      this.#sleep(this.#clock.monotonic());
      return false;
    }
    try {
      next.wake();
    } catch (error) {
      // One bad waker must not cost the others their wake-up.
      this.#onError(error);
    }
    return true;
  };

  /** Takes out the one that is due next; spans go first. */
  #firstDue(): { readonly wake: () => void } | null {
    const nowMs = this.#clock.monotonic();
    let next: Span | null = null;
    for (const { first } of this.#lines) {
      if (first !== null && (next === null || first.dueAtMs < next.dueAtMs)) next = first;
    }
    const sorted = this.#spans.first;
    if (next !== null && (sorted === undefined || next.dueAtMs <= sorted.dueAtMs)) {
      if (next.dueAtMs <= nowMs) {
        leaveLine(next);
        return next;
      }
    } else if (sorted !== undefined && sorted.dueAtMs <= nowMs) {
      this.#spans.remove(sorted);
      return sorted;
    }
    return takeDue(this.#instants, this.#clock.now());
  }
}

function takeDue(heap: TimerHeap, nowMs: number): Timer | null {
  const next = heap.first;
  if (next === undefined || next.dueAtMs > nowMs) return null;
  heap.remove(next);
  return next;
}
