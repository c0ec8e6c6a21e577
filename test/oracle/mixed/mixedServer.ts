/**
 * One upstream of a mixed history: a server on virtual time that honours idempotency keys, takes so many
 * calls at once, and can be in each condition that an upstream can be in.
 *
 * @module
 */

import {
  conflictFailure,
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';

/** What an upstream can be like. */
export const CONDITIONS = [
  'well',
  /** Fails one call in three, in every way. */
  'flaky',
  /** Refuses connections. */
  'refusing',
  /** Answers 503. */
  'busy',
  /** Never answers. */
  'stalling',
  /** Answers 429 beyond five calls a second. */
  'limiting',
  /** Slower with every call it has, and fails when it has more than two. */
  'overloaded',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** That it holds another version of what the call is about; that it fails, always; `null` for neither. */
export type AnswerInPlace = 'conflict' | 'fault' | null;

/** When well, a call takes no longer. */
export const LATENCY_MS_MAX = 50;

const FLAKY_SHARE = 0.35;
const LIMIT_PER_SECOND = 5;
const OVERLOADED_FROM = 3;

export class MixedServer {
  condition: Condition = 'well';
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  #inFlight = 0;
  #recent: number[] = [];

  constructor(random: SeededRandom, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /**
   * Works on a call; `apply` makes its effect.
   *
   * @param instead what it is answered in place of being done, however well the upstream is.
   */
  async work(apply: () => void, signal: AbortSignal, instead: AnswerInPlace): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#answer(apply, signal);
      if (instead === 'fault') throw transientFailure('Faulty.', { status: 500 });
      if (instead !== null) throw conflictFailure('Another version is there.', { status: 409 });
      apply();
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Returns where the call may be answered by what is asked of it. */
  async #answer(apply: () => void, signal: AbortSignal): Promise<void> {
    const random = this.#random;
    switch (this.condition) {
      case 'refusing':
        await this.#pass(1);
        throw transientFailure('Refused.', { code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true });
      case 'busy':
        await this.#pass(5);
        throw transientFailure('Busy.', { status: 503, notApplied: true });
      case 'stalling':
        return await aborted(signal);
      case 'limiting':
        return await this.#limited();
      case 'overloaded':
        await this.#pass(40 * this.#inFlight ** 2);
        if (this.#inFlight < OVERLOADED_FROM) return;
        throw transientFailure('Overloaded.', { status: 500 });
      case 'flaky':
        await this.#pass(1 + random.below(LATENCY_MS_MAX));
        return random.chance(FLAKY_SHARE) ? await this.#fail(apply, signal) : undefined;
      default:
        await this.#pass(1 + random.below(LATENCY_MS_MAX));
    }
  }

  async #limited(): Promise<void> {
    const nowMs = this.#clock.monotonic();
    this.#recent = this.#recent.filter((atMs) => atMs > nowMs - 1_000);
    await this.#pass(5);
    if (this.#recent.length < LIMIT_PER_SECOND) {
      this.#recent.push(nowMs);
      return;
    }
    const retryAfterMs = this.#random.chance(0.5) ? 2_000 : undefined;
    throw transientFailure('Too many.', { status: 429, notApplied: true, retryAfterMs });
  }

  async #fail(apply: () => void, signal: AbortSignal): Promise<void> {
    switch (this.#random.below(4)) {
      case 0:
        throw transientFailure('Failed.', { status: 500 });
      case 1:
        throw unknownOutcome('The connection broke.');
      case 2:
        apply();
        throw unknownOutcome('The connection broke after the work was done.');
      default:
        await aborted(signal);
    }
  }

  async #pass(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.schedule(ms, resolve);
    });
  }
}

/** Until the caller gives it up. */
async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise<never>((_, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
