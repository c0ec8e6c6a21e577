import { createActor, type Snapshot } from 'xstate';
import {
  breakerDecision,
  breakerDue,
  type CircuitBreakerContext,
  type CircuitBreakerEvent,
  circuitBreakerMachine,
  hasPermit,
} from '../../../machines/breaker/circuitBreakerMachine.ts';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../../../machines/policy/breaker/breakerPolicy.ts';
import { CallWindow } from '../../../machines/policy/breaker/callWindow.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

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

/**
 * A breaker with the little that the engine adds to it: the window that counts, a clock that the
 * test moves, and a timer that sends what is due.
 */
export class BreakerHarness {
  readonly policy: BreakerPolicy;
  nowMs: number;
  #actor;
  readonly #machine: typeof circuitBreakerMachine;
  #window: CallWindow;
  #permits = 0;

  constructor(
    options: Partial<BreakerPolicy> = {},
    machine: typeof circuitBreakerMachine = circuitBreakerMachine,
  ) {
    this.policy = checkBreakerPolicy({ ...TEST_BREAKER_POLICY, ...options }, 'breaker');
    this.nowMs = 1_000_000;
    this.#machine = machine;
    this.#window = new CallWindow(this.policy);
    this.#actor = this.#start();
  }

  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  get context(): CircuitBreakerContext {
    return this.#actor.getSnapshot().context;
  }

  get decision() {
    return breakerDecision(this.#actor.getSnapshot());
  }

  get due() {
    return breakerDue(this.#actor.getSnapshot());
  }

  send(event: CircuitBreakerEvent): void {
    const { generation } = this.context;
    this.#actor.send(event);
    if (this.context.generation !== generation) this.#window.clear();
  }

  /** Calls that go out and fail while the breaker counts. */
  fail(times = 1, facts: ProbeResult = {}): void {
    for (let i = 0; i < times && this.decision.recordsOutcomes; i++) {
      const { generation } = this.context;
      const cause = this.#window.record('failure');
      if (cause === null) continue;
      const { nowMs: atMs } = this;
      this.send({ type: 'failures.exceeded', generation, cause, atMs, ...tripFacts(facts) });
    }
  }

  succeed(times = 1): void {
    for (let i = 0; i < times && this.decision.recordsOutcomes; i++) this.#window.record('success');
  }

  /** Asks for a permit; its id, or `null` when it was not granted. */
  ask(permitId = `permit-${++this.#permits}`): string | null {
    this.send({ type: 'permit.requested', permitId, atMs: this.nowMs });
    return hasPermit(this.#actor.getSnapshot(), permitId) ? permitId : null;
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

  /** Lets time pass, sending what comes due at its instant. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    let wakeUps = 0;
    for (let due = this.due; due !== null && due.atMs <= endMs; due = this.due) {
      if (++wakeUps > 1_000) throw new Error('a due time that stays due keeps the timer spinning');
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.send({ type: due.type, atMs: this.nowMs });
    }
    this.nowMs = endMs;
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0, policy?: BreakerPolicy): void {
    const kept: unknown = JSON.parse(JSON.stringify(this.#actor.getPersistedSnapshot()));
    this.#actor.stop();
    this.nowMs += downMs;
    this.#window = new CallWindow(policy ?? this.policy);
    this.#actor = this.#start(kept as Snapshot<unknown>);
    this.send({ type: 'process.restarted', atMs: this.nowMs, policy });
    this.wait(0);
  }

  /** Closed → open → half open. */
  becomeHalfOpen(): void {
    this.fail(this.policy.consecutiveFailuresToOpen);
    this.wait(this.context.lastOpenMs);
  }

  #start(snapshot?: Snapshot<unknown>) {
    return createActor(this.#machine, {
      input: { upstream: 'payments', policy: this.policy },
      inspect: coverTransitions(circuitBreakerMachine),
      ...(snapshot === undefined ? {} : { snapshot }),
    }).start();
  }
}

function tripFacts({ draw = 0, retryAfterMs }: ProbeResult) {
  return { draw, retryAfterMs };
}
