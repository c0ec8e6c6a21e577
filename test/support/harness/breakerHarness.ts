/**
 * Drives the breaker's chart in tests.
 *
 * @module
 */

import {
  breakerDecision,
  breakerDue,
  circuitBreakerMachine,
  hasPermit,
  type TripCause,
} from '../../../machines/breaker/circuitBreakerMachine.ts';
import type { BreakerPacing } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { ChartHarness } from './chartHarness.ts';

/** Round numbers: a probe after a tenth of the outage, at least a second. */
export const TEST_PACING: BreakerPacing = {
  probeMsMin: 1_000,
  probeShare: 0.1,
  probeMsMax: 8_000,
  retryAfterMsMax: 20_000,
  leaseMs: 500,
};

/** A draw in the middle is no jitter. */
export interface TripHow {
  readonly draw?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly probes?: number | undefined;
  readonly cause?: TripCause | undefined;
  /** Since the first failure of the run. */
  readonly downMs?: number | undefined;
  readonly generation?: number | undefined;
}

export class BreakerHarness extends ChartHarness<typeof circuitBreakerMachine> {
  readonly policy: BreakerPacing;
  #permits = 0;

  constructor(options: Partial<BreakerPacing> = {}, machine = circuitBreakerMachine) {
    const policy = { ...TEST_PACING, ...options };
    super();
    const input = { upstream: 'payments', policy };
    this.run({ chart: circuitBreakerMachine, machine, input, dueOf: breakerDue });
    this.policy = policy;
  }

  get state(): string {
    return this.snapshot.value;
  }

  get decision() {
    return breakerDecision(this.snapshot);
  }

  /** It is told that the upstream is down. */
  trip(how: TripHow = {}): void {
    const { draw = 0.5, retryAfterMs, probes = 1, cause = 'surprise', downMs = 0 } = how;
    const { nowMs: atMs } = this;
    const generation = how.generation ?? this.context.generation;
    const firstFailureAtMs = atMs - downMs;
    this.send({
      type: 'outage.detected',
      ...{ generation, cause, firstFailureAtMs, probes, atMs, draw, retryAfterMs },
    });
  }

  /** Asks for a permit; its id, or `null` when it was not granted. */
  ask(permitId = `permit-${++this.#permits}`): string | null {
    this.send({ type: 'permit.requested', permitId, atMs: this.nowMs });
    return hasPermit(this.snapshot, permitId) ? permitId : null;
  }

  report(
    permitId: string,
    result: 'succeeded' | 'failed' | 'ignored',
    generation: number = this.context.generation,
    { draw = 0.5, retryAfterMs }: TripHow = {},
  ): void {
    const probe = { permitId, generation, atMs: this.nowMs };
    if (result === 'failed') this.send({ type: 'probe.failed', ...probe, draw, retryAfterMs });
    else this.send({ type: `probe.${result}`, ...probe });
  }

  /** A probe that goes out and comes back at once. */
  probe(result: 'succeeded' | 'failed' | 'ignored', how: TripHow = {}): void {
    const permitId = this.ask();
    if (permitId === null) throw new Error(`no permit in ${this.state}`);
    this.report(permitId, result, this.context.generation, how);
  }

  deliverCrisis(): void {
    this.send({ type: 'crisis.delivered', atMs: this.nowMs });
  }

  order(kind: 'forcedOpen' | 'disabled' | 'observing', by?: string, reason?: string): void {
    this.send({ type: `operator.${kind}`, by, reason, atMs: this.nowMs });
  }

  release(by?: string): void {
    this.send({ type: 'operator.released', by, atMs: this.nowMs });
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0, policy?: BreakerPacing): void {
    const diedAtMs = this.nowMs;
    this.startAnotherProcess(downMs);
    this.send({ type: 'process.restarted', atMs: this.nowMs, policy, diedAtMs });
    this.wait(0);
  }

  /** Closed → open → half open. */
  becomeHalfOpen(how: TripHow = {}): void {
    this.trip(how);
    this.wait(this.context.lastOpenMs);
  }
}
