import type { Attempt } from '../../../actors/attempt/handler.ts';
import {
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { SeededRandom } from '../../support/clock/seededRandom.ts';

/** How the upstream feels: what share of calls it fails, and in which way. */
export type Mood = 'healthy' | 'flaky' | 'down';

export interface Call {
  readonly operationId: string;
  readonly key: string;
  readonly number: number;
  readonly process: number;
  readonly lane: string | null;
  endedAs: 'running' | 'answered' | 'failed';
}

/**
 * A remote service that honours idempotency keys and fails in every way one can: refuses, stalls,
 * loses its answer before or after it did the work.
 */
export class SimulatedUpstream {
  mood: Mood = 'healthy';
  readonly calls: Call[] = [];
  /** Keys in the order in which they were first applied. */
  readonly applied: string[] = [];
  readonly breaches: string[] = [];
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  readonly #appliedKeys = new Set<string>();

  constructor(random: SeededRandom, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  hasApplied(key: string): boolean {
    return this.#appliedKeys.has(key);
  }

  async call(attempt: Attempt, process: number, key: string): Promise<{ readonly key: string }> {
    const call = this.#begin(attempt, process, key);
    try {
      const answer = await this.#answer(key);
      call.endedAs = 'answered';
      return answer;
    } catch (error) {
      call.endedAs = 'failed';
      throw error;
    }
  }

  #begin(attempt: Attempt, process: number, key: string): Call {
    const { entity, priority } = attempt;
    const lane = entity === null || priority === 'crisis' ? null : `${entity.type}/${entity.id}`;
    const call: Call = {
      operationId: attempt.operationId,
      key,
      number: attempt.number,
      process,
      lane,
      endedAs: 'running',
    };
    const inLane = this.calls.find(
      (other) => lane !== null && other.lane === lane && this.#isLive(other, process),
    );
    if (inLane !== undefined) {
      this.breaches.push(
        `two in one lane: ${inLane.operationId} (${inLane.key} #${inLane.number}) and ${call.operationId} (${call.key} #${call.number})`,
      );
    }
    this.calls.push(call);
    attempt.signal.addEventListener('abort', () => {
      if (call.endedAs === 'running') call.endedAs = 'failed';
    });
    return call;
  }

  #isLive(call: Call, process: number): boolean {
    return call.process === process && call.endedAs === 'running';
  }

  async #answer(key: string): Promise<{ readonly key: string }> {
    const random = this.#random;
    await this.#pass(random.below(random.chance(0.1) ? 2_000 : 50));
    const failsShare = { healthy: 0, flaky: 0.5, down: 1 }[this.mood];
    if (!random.chance(failsShare)) return this.#apply(key);
    if (this.mood === 'down') throw transientFailure('Down.');
    const way = random.below(4);
    if (way === 0) throw transientFailure('Busy.');
    if (way === 1) throw unknownOutcome('The connection broke.');
    if (way === 2) {
      this.#apply(key);
      throw unknownOutcome('The connection broke after the work was done.');
    }
    return await new Promise<never>(() => undefined);
  }

  #apply(key: string): { readonly key: string } {
    if (!this.#appliedKeys.has(key)) this.applied.push(key);
    this.#appliedKeys.add(key);
    return { key };
  }

  async #pass(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.schedule(ms, resolve);
    });
  }
}
