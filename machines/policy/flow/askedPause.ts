/**
 * How long an upstream asks to be left alone that answers 429 with `Retry-After` (RT-2, PF-5): several of these
 * from several subjects and types, with no success between them, are the pause of the whole upstream; one
 * holds its subject.
 *
 * It reads no clock: instants are given, in milliseconds of a clock that only grows.
 *
 * @module
 */

import type { TypedCall } from './typeTrials.ts';

/** They come within this of the first. */
const WINDOW_MS = 2_000;
/** One call goes out in so long while the pause lasts: what was asked may be too long. */
const TRICKLE_MS = 1_000;
/** No pause of an upstream, or of a subject, is longer; the next 429 may ask for more. */
export const ASKED_PAUSE_MS_MAX = 60_000;
/** Subjects that are held at once, at most. */
const HELD_SUBJECTS_MAX = 10_000;

/** One call that was answered so. */
export interface AskedToWait {
  readonly retryAfterMs: number;
  readonly beganAtMs: number;
  readonly nowMs: number;
  /** The upstream is called for one type only, as far as is known. */
  readonly isOneType: boolean;
}

export class AskedPause {
  /** Subjects that were asked to wait within the current window. */
  readonly #subjects = new Set<string>();
  readonly #routes = new Set<string>();
  #firstBeganAtMs = Number.POSITIVE_INFINITY;
  #firstAtMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #nextMs = Number.NEGATIVE_INFINITY;
  readonly #held = new Map<string, number>();

  /** Whether the whole upstream is left alone. */
  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** When that ends by itself; `null` while it is not. */
  untilMs(nowMs: number): number | null {
    return this.isOn(nowMs) ? this.#untilMs : null;
  }

  /** When the next call may go out; `null` where one may now. */
  dueMs(nowMs: number): number | null {
    if (!this.isOn(nowMs) || this.#nextMs <= nowMs) return null;
    return Math.min(this.#nextMs, this.#untilMs);
  }

  /** Until when this subject is held; `null` where it is not. */
  subjectDueMs(subject: string, nowMs: number): number | null {
    if (this.#held.size === 0) return null;
    const untilMs = this.#held.get(subject);
    return untilMs === undefined || untilMs <= nowMs ? null : untilMs;
  }

  /** A call goes out. */
  took(nowMs: number): void {
    if (this.isOn(nowMs)) this.#nextMs = nowMs + TRICKLE_MS;
  }

  /** A call was answered by 429, with how long to wait. */
  pushedBack({ subject, route }: TypedCall, asked: AskedToWait): void {
    const { retryAfterMs, beganAtMs, nowMs, isOneType } = asked;
    this.#hold(subject, nowMs + Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX), nowMs);
    if (nowMs - this.#firstAtMs > WINDOW_MS && !this.isOn(nowMs)) {
      this.#forget();
      this.#firstAtMs = nowMs;
      this.#firstBeganAtMs = beganAtMs;
    }
    this.#subjects.add(subject);
    this.#routes.add(route);
    const isOfSeveral = this.#subjects.size > 1 && (isOneType || this.#routes.size > 1);
    if (!isOfSeveral && !this.isOn(nowMs)) return;
    if (!this.isOn(nowMs)) this.#nextMs = nowMs + TRICKLE_MS;
    this.#untilMs = nowMs + Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX);
  }

  /** A call was answered well. True where the upstream is left alone no more. */
  answered({ subject }: TypedCall, beganAtMs: number, nowMs: number): boolean {
    if (this.#held.size > 0) this.#held.delete(subject);
    // What began before it says nothing of now.
    if (beganAtMs <= this.#firstBeganAtMs) return false;
    const wasOn = this.isOn(nowMs);
    this.#forget();
    this.#untilMs = Number.NEGATIVE_INFINITY;
    return wasOn;
  }

  #forget(): void {
    this.#subjects.clear();
    this.#routes.clear();
    this.#firstBeganAtMs = Number.POSITIVE_INFINITY;
    this.#firstAtMs = Number.NEGATIVE_INFINITY;
  }

  #hold(subject: string, untilMs: number, nowMs: number): void {
    if (this.#held.size >= HELD_SUBJECTS_MAX) {
      for (const [name, until] of this.#held) if (until <= nowMs) this.#held.delete(name);
    }
    if (this.#held.size < HELD_SUBJECTS_MAX || this.#held.has(subject))
      this.#held.set(subject, untilMs);
  }
}
