import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import type { BreakerPolicy } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { BreakerHarness } from '../../support/harness/breakerHarness.ts';

/** What the requirements say, written without looking at the chart: plain counters and lists. */
class ReferenceBreaker {
  state = 'closed';
  generation = 1;
  outcomes: boolean[] = [];
  openUntilAtMs = 0;
  lastOpenMs = 0;
  trips = 0;
  closedAtMs: number | null = null;
  successes = 0;
  leases = new Map<string, number>();
  readonly policy: BreakerPolicy;

  constructor(policy: BreakerPolicy) {
    this.policy = policy;
  }

  call(failed: boolean, nowMs: number, draw: number): void {
    if (this.state !== 'closed') return;
    this.outcomes.push(failed);
    if (!failed) return;
    const { consecutiveFailuresToOpen, windowCalls, windowCallsMin, failureRateToOpen } =
      this.policy;
    const inARow = this.outcomes.slice(-consecutiveFailuresToOpen);
    const isRow = inARow.length === consecutiveFailuresToOpen && inARow.every((bad) => bad);
    const window = this.outcomes.slice(-windowCalls);
    const rate = window.filter((bad) => bad).length / window.length;
    if (isRow || (window.length >= windowCallsMin && rate >= failureRateToOpen)) {
      this.#open(nowMs, draw);
    }
  }

  ask(id: string, nowMs: number): boolean {
    if (this.state !== 'halfOpen') return false;
    this.#review(nowMs);
    if (this.leases.has(id) || this.leases.size >= this.policy.probesMax) return false;
    this.leases.set(id, nowMs + this.policy.probeLeaseMs);
    return true;
  }

  report(id: string, result: string, generation: number, nowMs: number, draw: number): void {
    if (this.state !== 'halfOpen' || generation !== this.generation) return;
    if ((this.leases.get(id) ?? nowMs) <= nowMs) return;
    if (result === 'failed') return this.#open(nowMs, draw);
    this.leases.delete(id);
    if (result === 'ignored') return;
    this.successes += 1;
    if (this.successes < this.policy.probesToClose) return;
    this.#enter('closed');
    this.closedAtMs = nowMs;
  }

  /** Time passes; what is due happens at its instant. */
  wait(fromMs: number, toMs: number): void {
    for (;;) {
      const dues = this.state === 'open' ? [this.openUntilAtMs] : [...this.leases.values()];
      const dueAtMs = Math.min(...dues);
      if (dueAtMs > toMs) return;
      if (this.state === 'open') this.#enter('halfOpen');
      else this.#review(Math.max(fromMs, dueAtMs));
    }
  }

  restart(nowMs: number): void {
    this.outcomes = [];
    this.leases.clear();
    this.openUntilAtMs = Math.min(this.openUntilAtMs, nowMs + this.lastOpenMs);
    if (this.closedAtMs !== null) this.closedAtMs = Math.min(this.closedAtMs, nowMs);
    this.wait(nowMs, nowMs);
  }

  operate(what: 'forcedOpen' | 'disabled' | 'released'): void {
    if (what === 'released') {
      if (this.state === 'forcedOpen') this.#enter('halfOpen');
      if (this.state === 'disabled') this.#enter('closed');
    } else if (this.state !== what) {
      this.#enter(what);
      if (what === 'disabled') {
        this.trips = 0;
        this.lastOpenMs = 0;
      }
    }
  }

  #review(nowMs: number): void {
    for (const [id, endsAtMs] of this.leases) {
      if (endsAtMs <= nowMs) this.leases.delete(id);
    }
  }

  #open(nowMs: number, draw: number): void {
    const rested = this.closedAtMs !== null && nowMs - this.closedAtMs >= this.lastOpenMs;
    this.trips = rested ? 1 : this.trips + 1;
    const { openMs, openMultiplier, openMsMax, openJitterShare } = this.policy;
    let ms = openMs;
    for (let i = 1; i < this.trips && ms < openMsMax; i++) ms *= openMultiplier;
    this.lastOpenMs = Math.ceil(Math.min(openMsMax, ms) * (1 + openJitterShare * draw));
    this.#enter('open');
    this.openUntilAtMs = nowMs + this.lastOpenMs;
  }

  #enter(state: string): void {
    this.state = state;
    this.generation += 1;
    this.outcomes = [];
    this.leases.clear();
    this.successes = 0;
    this.closedAtMs = null;
  }
}

const draw = fc.double({ min: 0, max: 0.999, noNaN: true });

function kind<const Kind extends string, T extends object>(
  name: Kind,
  fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
) {
  return fc.record(fields).map((values) => ({ kind: name, ...values }));
}

const call = kind('call', { failed: fc.boolean(), draw });
const outage = kind('outage', { draw });
const ask = kind('ask', {});
/** Of one of the latest permits, with the present generation or one before. */
const report = kind('report', {
  permit: fc.nat(3),
  result: fc.constantFrom('succeeded', 'failed', 'ignored'),
  generationsAgo: fc.constantFrom(0, 0, 0, 1, 2),
  draw,
});
const wait = kind('wait', { ms: fc.oneof(fc.nat(600), fc.nat(8_000)) });
const restart = kind('restart', {
  downMs: fc.oneof(fc.nat(5_000), fc.integer({ min: -100_000, max: -1 })),
});
const operate = kind('operate', { what: fc.constantFrom('forcedOpen', 'disabled', 'released') });

const anyStep = fc.oneof(
  { weight: 6, arbitrary: call },
  { weight: 3, arbitrary: outage },
  { weight: 5, arbitrary: ask },
  { weight: 6, arbitrary: report },
  { weight: 5, arbitrary: wait },
  { weight: 2, arbitrary: restart },
  { weight: 1, arbitrary: operate },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const policies = fc.record({
  consecutiveFailuresToOpen: fc.integer({ min: 1, max: 4 }),
  failureRateToOpen: fc.constantFrom(0.3, 0.5, 1),
  windowCalls: fc.integer({ min: 4, max: 8 }),
  windowCallsMin: fc.integer({ min: 1, max: 4 }),
  openJitterShare: fc.constantFrom(0, 0.5),
  probesMax: fc.integer({ min: 1, max: 3 }),
  probesToClose: fc.integer({ min: 1, max: 3 }),
});

/** Makes the same step in both. */
function take(
  step: Step,
  breaker: BreakerHarness,
  model: ReferenceBreaker,
  granted: string[],
): void {
  const { nowMs } = breaker;
  switch (step.kind) {
    case 'call':
      if (step.failed) breaker.fail(1, step);
      else breaker.succeed();
      model.call(step.failed, nowMs, step.draw);
      break;
    case 'outage':
      breaker.fail(4, step);
      for (let i = 0; i < 4; i++) model.call(true, nowMs, step.draw);
      break;
    case 'ask': {
      const id = `permit-${granted.length}`;
      const isGranted = model.ask(id, nowMs);
      expect(breaker.ask(id) !== null).toBe(isGranted);
      if (isGranted) granted.push(id);
      break;
    }
    case 'report': {
      const id = granted.at(-1 - step.permit) ?? 'never granted';
      const generation = model.generation - step.generationsAgo;
      breaker.report(id, step.result, generation, step);
      model.report(id, step.result, generation, nowMs, step.draw);
      break;
    }
    case 'wait':
      breaker.wait(step.ms);
      model.wait(nowMs, breaker.nowMs);
      break;
    case 'restart':
      breaker.restart(step.downMs);
      model.restart(breaker.nowMs);
      break;
    case 'operate':
      breaker.send({ type: `operator.${step.what}`, reason: 'test', atMs: nowMs });
      model.operate(step.what);
  }
}

const MODES: Readonly<Record<string, string>> = {
  closed: 'pass',
  open: 'refuse',
  halfOpen: 'probe',
  forcedOpen: 'refuse',
  disabled: 'pass',
};

function compare(breaker: BreakerHarness, model: ReferenceBreaker): void {
  expect(breaker.state).toBe(model.state);
  expect(breaker.context).toMatchObject({
    generation: model.generation,
    openUntilAtMs: model.state === 'open' ? model.openUntilAtMs : null,
    lastOpenMs: model.lastOpenMs,
    tripsInARow: model.trips,
    probeSuccesses: model.successes,
    probes: [...model.leases].map(([id, leaseEndsAtMs]) => ({ id, leaseEndsAtMs })),
  });
  expect(breaker.decision.generation).toBe(model.generation);
  expect(breaker.decision.mode).toBe(MODES[model.state]);
}

/** Once no operator holds it and the upstream answers, waiting and asking is enough to close it. */
function expectAlive(breaker: BreakerHarness): void {
  breaker.send({ type: 'operator.released', atMs: breaker.nowMs });
  for (let i = 0; i < 10 && breaker.state !== 'closed'; i++) {
    breaker.wait(Math.max(breaker.context.lastOpenMs, breaker.policy.probeLeaseMs));
    if (breaker.state === 'halfOpen') breaker.probe('succeeded');
  }
  expect(breaker.state).toBe('closed');
}

function checkHistory(
  steps: readonly Step[],
  options: Partial<BreakerPolicy>,
  machine: typeof circuitBreakerMachine,
): void {
  const breaker = new BreakerHarness(options, machine);
  const model = new ReferenceBreaker(breaker.policy);
  const granted: string[] = [];
  for (const step of steps) {
    take(step, breaker, model, granted);
    compare(breaker, model);
  }
  expectAlive(breaker);
}

function check(
  machine: typeof circuitBreakerMachine,
  options: { numRuns: number; seed?: number; endOnFailure?: boolean },
): void {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), policies, (steps, policy) => {
      checkHistory(steps, policy, machine);
    }),
    options,
  );
}

/** A control looks for a planted bug: the same histories each time, and the first find will do. */
const CONTROL = { numRuns: 2_000, seed: 1, endOnFailure: true };

describe('random histories with restarts, downtime and a clock that is set back meanwhile', () => {
  test('CB-2 CB-4 the breaker does what plain counters say, and can always close again', () => {
    check(circuitBreakerMachine, { numRuns: 300 });
    // Or the histories would prove little.
    expect(transitionsTaken(circuitBreakerMachine).missing).toEqual([]);
  });

  test('CB-2 control: a breaker that does not look at generations and leases is caught', () => {
    const careless = circuitBreakerMachine.provide({
      guards: {
        isProbeOut: () => true,
        isLastNeededProbe: ({ context }) =>
          context.probeSuccesses + 1 >= context.policy.probesToClose,
      },
    });
    expect(() => check(careless, CONTROL)).toThrow('Property failed');
  });

  test('CB-4 control: a breaker that keeps the probes of a dead process is caught', () => {
    const careless = circuitBreakerMachine.provide({ actions: { resumeAfterRestart: () => {} } });
    expect(() => check(careless, CONTROL)).toThrow('Property failed');
  });
});
