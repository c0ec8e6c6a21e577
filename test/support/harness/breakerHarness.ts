/**
 * Drives the breaker's chart in tests.
 *
 * @module
 */

import {
  breakerDecision,
  breakerDue,
  type CircuitBreakerEvent,
  circuitBreakerMachine,
  hasPermit,
} from '../../../machines/breaker/circuitBreakerMachine.ts';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../../../machines/policy/breaker/breakerPolicy.ts';
import { CallWindow } from '../../../machines/policy/breaker/callWindow.ts';
import { ChartHarness } from './chartHarness.ts';

/** Small numbers, and no jitter unless a test asks for it. */
export const TEST_BREAKER_POLICY: Partial<BreakerPolicy> = {
  consecutiveFailuresToOpen: 3,
  failureRateToOpen: 0.5,
  openMs: 1_000,
  openMsMax: 8_000,
  openJitterShare: 0,
  retryAfterMsMax: 20_000,
  probesMax: 1,
  probesToClose: 2,
  probeLeaseMs: 500,
};

export interface ProbeResult {
  readonly retryAfterMs?: number | undefined;
  readonly draw?: number | undefined;
}

/** A breaker with the window that counts for it. */
export class BreakerHarness extends ChartHarness<typeof circuitBreakerMachine> {
  readonly policy: BreakerPolicy;
  #window: CallWindow;
  #permits = 0;

  constructor(options: Partial<BreakerPolicy> = {}, machine = circuitBreakerMachine) {
    const policy = checkBreakerPolicy({ ...TEST_BREAKER_POLICY, ...options }, 'breaker');
    const input = { upstream: 'payments', policy };
    super();
    this.run({ chart: circuitBreakerMachine, machine, input, dueOf: breakerDue });
    this.policy = policy;
    this.#window = new CallWindow(policy);
  }

  get state(): string {
    return this.snapshot.value;
  }

  get decision() {
    return breakerDecision(this.snapshot);
  }

  override send(event: CircuitBreakerEvent): void {
    const { generation } = this.context;
    super.send(event);
    if (this.context.generation !== generation) this.#window.clear();
  }

  /** Calls that go out and fail while the breaker counts. */
  fail(times = 1, facts: ProbeResult = {}): void {
    for (let i = 0; i < times && this.decision.recordsResults; i++) {
      const { generation } = this.context;
      const cause = this.#window.record('failure');
      if (cause === null) continue;
      const { nowMs: atMs } = this;
      this.send({ type: 'failures.exceeded', generation, cause, atMs, ...tripFacts(facts) });
    }
  }

  succeed(times = 1): void {
    for (let i = 0; i < times && this.decision.recordsResults; i++) this.#window.record('success');
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
    facts: ProbeResult = {},
  ): void {
    const probe = { permitId, generation, atMs: this.nowMs };
    if (result === 'failed') this.send({ type: 'probe.failed', ...probe, ...tripFacts(facts) });
    else this.send({ type: `probe.${result}`, ...probe });
  }

  /** A probe that goes out and comes back at once. */
  probe(result: 'succeeded' | 'failed' | 'ignored', facts: ProbeResult = {}): void {
    const permitId = this.ask();
    if (permitId === null) throw new Error(`no permit in ${this.state}`);
    this.report(permitId, result, this.context.generation, facts);
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0, policy?: BreakerPolicy): void {
    this.startAnotherProcess(downMs);
    this.#window = new CallWindow(policy ?? this.policy);
    this.send({ type: 'process.restarted', atMs: this.nowMs, policy });
    this.wait(0);
  }

  /** Closed → open → half open. */
  becomeHalfOpen(): void {
    this.fail(this.policy.consecutiveFailuresToOpen);
    this.wait(this.context.lastOpenMs);
  }
}

function tripFacts({ draw = 0, retryAfterMs }: ProbeResult) {
  return { draw, retryAfterMs };
}
