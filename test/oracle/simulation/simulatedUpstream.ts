/**
 * A remote service on virtual time that honours idempotency keys and fails in every way one can: it
 * refuses, stalls, and loses its answer before or after it did the work.
 *
 * @module
 */

import {
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { SeededRandom } from '../../../src/testing/seededRandom.ts';

/** What share of calls the upstream fails, and in which way. */
export type Mood = 'healthy' | 'flaky' | 'down';

/** A handler always returns in the end: until then its operation keeps its lane (OP-3). */
const STALL_MS_MAX = 30_000;

export class SimulatedUpstream {
  mood: Mood = 'healthy';
  readonly #random: SeededRandom;
  readonly #clock: Clock;

  constructor(random: SeededRandom, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** Works on a call; `apply` makes its effect. */
  async work(apply: () => void): Promise<void> {
    const random = this.#random;
    await this.#pass(random.below(random.chance(0.1) ? 2_000 : 50));
    const failsShare = { healthy: 0, flaky: 0.5, down: 1 }[this.mood];
    if (!random.chance(failsShare)) {
      apply();
      return;
    }
    if (this.mood === 'down') throw transientFailure('Down.');
    const way = random.below(4);
    if (way === 0) throw transientFailure('Busy.');
    if (way === 1) throw unknownOutcome('The connection broke.');
    if (way === 2) {
      apply();
      throw unknownOutcome('The connection broke after the work was done.');
    }
    // It stalls, past the time-out of the attempt and past where its handler overhangs.
    await this.#pass(random.below(STALL_MS_MAX));
    throw unknownOutcome('The connection broke after a stall.');
  }

  async #pass(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.schedule(ms, resolve);
    });
  }
}
