/**
 * A remote service on virtual time that honours idempotency keys and fails in every way one can: it
 * refuses, stalls, loses its answer before or after it did the work, and lets a handler wait for good.
 *
 * @module
 */

import type { Attempt } from '../../../actors/attempt/handler.ts';
import {
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';

/** What share of calls the upstream fails, and in which way. */
export type Mood = 'healthy' | 'flaky' | 'down';

/** Past the time-out of an attempt, and past where its handler overhangs (OP-3). */
const STALL_MS_MAX = 30_000;
/** Handlers of one process that never return, at most: fewer than there are slots. */
const SILENT_MAX = 2;

export class SimulatedUpstream {
  mood: Mood = 'healthy';
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  /** Ids of operations whose handler never returns in this process. */
  #silent = new Set<string>();

  constructor(random: SeededRandom, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  get silent(): ReadonlySet<string> {
    return this.#silent;
  }

  /** The process has ended, and with it what waits in its handlers. */
  readonly hangUp = (): void => {
    this.#silent = new Set();
  };

  /** Works on a call; `apply` makes its effect. */
  async work({ operationId: id, priority }: Attempt, apply: () => void): Promise<void> {
    const random = this.#random;
    // Of the process that calls: it may have died when the answer is due.
    const silent = this.#silent;
    await this.#pass(random.below(random.chance(0.1) ? 2_000 : 50));
    const failsShare = { healthy: 0, flaky: 0.5, down: 1 }[this.mood];
    if (!random.chance(failsShare)) {
      apply();
      return;
    }
    if (this.mood === 'down') throw transientFailure('Down.');
    const way = random.below(5);
    if (way === 0) throw transientFailure('Busy.');
    if (way === 1) throw unknownOutcome('The connection broke.');
    if (way === 2) {
      apply();
      throw unknownOutcome('The connection broke after the work was done.');
    }
    // What is silent in a crisis holds one of few slots for as long (CR-2).
    if (way === 3 && silent.size < SILENT_MAX && priority !== 'crisis') {
      silent.add(id);
      if (random.chance(0.5)) apply();
      await new Promise<never>(() => undefined);
    }
    await this.#pass(random.below(STALL_MS_MAX));
    throw unknownOutcome('The connection broke after a stall.');
  }

  async #pass(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.schedule(ms, resolve);
    });
  }
}
