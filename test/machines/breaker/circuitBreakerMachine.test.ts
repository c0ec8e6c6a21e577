import { describe, expect, test } from 'vitest';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import {
  BREAKER_STATES,
  DEFAULT_BREAKER_POLICY,
} from '../../../machines/policy/breaker/breakerPolicy.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { BreakerHarness } from '../../support/harness/breakerHarness.ts';

describe('closed', () => {
  test('CB-1 lets every call pass and counts its result', () => {
    const breaker = new BreakerHarness();
    expect(breaker.decision).toEqual({
      generation: 1,
      mode: 'pass',
      retryAtMs: null,
      recordsResults: true,
    });
    expect(breaker.due).toBeNull();
  });

  test('CB-1 opens on the last failure in a row that is allowed, not before', () => {
    const breaker = new BreakerHarness({ consecutiveFailuresToOpen: 3 });
    breaker.fail(2);
    expect(breaker.state).toBe('closed');
    breaker.fail();
    expect(breaker.state).toBe('open');
  });

  test('CB-1 opens on the failure rate when failures never come in a row', () => {
    const breaker = new BreakerHarness({ windowCalls: 10, windowCallsMin: 10 });
    for (let i = 0; i < 4; i++) {
      breaker.succeed();
      breaker.fail();
    }
    breaker.succeed();
    expect(breaker.state).toBe('closed');
    breaker.fail();
    expect(breaker.state).toBe('open');
  });

  test('CB-1 failures counted in an earlier generation do not open it', () => {
    const breaker = new BreakerHarness({ probesToClose: 1 });
    breaker.becomeHalfOpen();
    breaker.probe('succeeded');
    expect(breaker.state).toBe('closed');
    const before = breaker.context;
    breaker.send({
      type: 'failures.exceeded',
      generation: before.generation - 2,
      cause: 'rate',
      atMs: breaker.nowMs,
      draw: 0,
    });
    expect(breaker.state).toBe('closed');
    expect(breaker.context).toEqual(before);
  });
});

describe('open', () => {
  test('CB-2 refuses calls and says when to come back', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    breaker.fail(3);
    expect(breaker.decision).toEqual({
      generation: 2,
      mode: 'refuse',
      retryAtMs: breaker.nowMs + 1_000,
      recordsResults: false,
    });
    expect(breaker.due).toEqual({ type: 'cooldown.due', atMs: breaker.nowMs + 1_000 });
  });

  test('CB-2 is half open when the cooldown is over, not before', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    breaker.fail(3);
    breaker.wait(999);
    expect(breaker.state).toBe('open');
    breaker.wait(1);
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.context.openUntilAtMs).toBeNull();
  });

  test('CB-2 a wake-up that comes too early changes nothing', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    breaker.fail(3);
    const before = breaker.context;
    breaker.send({ type: 'cooldown.due', atMs: breaker.nowMs + 999 });
    expect(breaker.state).toBe('open');
    expect(breaker.context).toEqual(before);
  });

  test('CB-2 stays open longer with each trip in a row, up to the cap', () => {
    const breaker = new BreakerHarness({ openMs: 1_000, openMultiplier: 2, openMsMax: 5_000 });
    const spansMs: number[] = [];
    breaker.fail(3);
    for (let i = 0; i < 5; i++) {
      spansMs.push(breaker.context.lastOpenMs);
      breaker.wait(breaker.context.lastOpenMs);
      breaker.probe('failed');
    }
    expect(spansMs).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test('CB-2 the draw spreads the end over the jitter share', () => {
    const breaker = new BreakerHarness({ openMs: 1_000, openJitterShare: 0.5 });
    breaker.fail(3, { draw: 0.5 });
    expect(breaker.context.lastOpenMs).toBe(1_250);
  });

  test('CB-2 Retry-After lengthens the open time up to its cap, and never shortens it', () => {
    const openMsAfter = (retryAfterMs: number): number => {
      const breaker = new BreakerHarness({ openMs: 1_000, retryAfterMsMax: 20_000 });
      breaker.fail(3, { retryAfterMs });
      return breaker.context.lastOpenMs;
    };
    expect(openMsAfter(10)).toBe(1_000);
    expect(openMsAfter(7_000)).toBe(7_000);
    expect(openMsAfter(9_999_999)).toBe(20_000);
  });

  test('CB-2 earlier trips are forgotten once it was closed as long as it was last open', () => {
    const tripAgainAfter = (closedMs: number): number => {
      const breaker = new BreakerHarness({ openMs: 1_000, probesToClose: 1 });
      breaker.becomeHalfOpen();
      breaker.probe('failed');
      breaker.wait(2_000);
      breaker.probe('succeeded');
      breaker.wait(closedMs);
      breaker.fail(3);
      return breaker.context.tripsInARow;
    };
    expect(tripAgainAfter(1_999)).toBe(3);
    expect(tripAgainAfter(2_000)).toBe(1);
  });

  test('CB-4 is still open after a restart, for the rest of its time', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    breaker.fail(3);
    breaker.wait(600);
    breaker.restart(100);
    breaker.wait(299);
    expect(breaker.state).toBe('open');
    breaker.wait(1);
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-4 is half open at once when the cooldown ended while the process was down', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    breaker.fail(3);
    breaker.restart(5_000);
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-4 a restart with the clock set back never makes the cooldown longer than it was', () => {
    const yearMs = 365 * 24 * 3_600_000;
    const restarted = new BreakerHarness({ openMs: 1_000 });
    restarted.fail(3);
    restarted.restart(-yearMs);
    restarted.wait(1_000);
    expect(restarted.state).toBe('halfOpen');
  });

  test('CB-4 a restart brings the policy that is configured now', () => {
    const breaker = new BreakerHarness({ openMs: 1_000 });
    const changed = { ...breaker.policy, openMs: 3_000, openMsMax: 3_000 };
    breaker.restart(0, changed);
    breaker.fail(3);
    expect(breaker.context.lastOpenMs).toBe(3_000);
    breaker.restart(0);
    expect(breaker.context.policy).toEqual(changed);
  });
});

describe('halfOpen', () => {
  const halfOpen = (policy = {}): BreakerHarness => {
    const breaker = new BreakerHarness(policy);
    breaker.becomeHalfOpen();
    return breaker;
  };

  test('CB-2 calls have to ask, and results are not counted in the window', () => {
    expect(halfOpen().decision).toEqual({
      generation: 3,
      mode: 'probe',
      retryAtMs: null,
      recordsResults: false,
    });
  });

  test('CB-2 lets a bounded number of probes out and says when to ask again', () => {
    const breaker = halfOpen({ probesMax: 2, probeLeaseMs: 500 });
    expect(breaker.ask()).not.toBeNull();
    breaker.wait(100);
    expect(breaker.ask()).not.toBeNull();
    expect(breaker.ask()).toBeNull();
    expect(breaker.decision.retryAtMs).toBe(breaker.nowMs + 400);
    expect(breaker.due).toEqual({ type: 'lease.due', atMs: breaker.nowMs + 400 });
  });

  test('CB-2 asking twice for the same permit is asking once', () => {
    const breaker = halfOpen({ probesMax: 2 });
    expect(breaker.ask('a')).toBe('a');
    expect(breaker.ask('a')).toBe('a');
    expect(breaker.context.probes).toHaveLength(1);
  });

  test('CB-2 closes after enough successful probes', () => {
    const breaker = halfOpen({ probesToClose: 2 });
    breaker.probe('succeeded');
    expect(breaker.state).toBe('halfOpen');
    breaker.probe('succeeded');
    expect(breaker.state).toBe('closed');
    expect(breaker.decision).toMatchObject({ generation: 4, mode: 'pass' });
  });

  test('CB-2 opens again on one failed probe, and forgets the others', () => {
    const breaker = halfOpen({ probesMax: 2 });
    breaker.ask();
    breaker.probe('failed');
    expect(breaker.state).toBe('open');
    expect(breaker.context).toMatchObject({ probes: [], probeSuccesses: 0, tripsInARow: 2 });
  });

  test('CB-2 successes of an earlier half-open time do not count', () => {
    const breaker = halfOpen({ probesToClose: 2 });
    breaker.probe('succeeded');
    breaker.probe('failed');
    breaker.wait(breaker.context.lastOpenMs);
    breaker.probe('succeeded');
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-2 an ignored probe gives its place back and decides nothing', () => {
    const breaker = halfOpen({ probesMax: 1 });
    breaker.probe('ignored');
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.context).toMatchObject({ probes: [], probeSuccesses: 0 });
    expect(breaker.ask()).not.toBeNull();
  });

  test('CB-2 results of another generation or of an unknown permit change nothing', () => {
    const breaker = halfOpen({ probesToClose: 1 });
    const permitId = breaker.ask() ?? '';
    const before = breaker.context;
    for (const result of ['succeeded', 'failed', 'ignored'] as const) {
      breaker.report(permitId, result, before.generation - 1);
      breaker.report(permitId, result, before.generation + 1);
      breaker.report('stranger', result);
    }
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.context).toEqual(before);
  });

  test('CB-2 control: without the generation a late success would close it', () => {
    const careless = circuitBreakerMachine.provide({ guards: { isLastNeededProbe: () => true } });
    const breaker = new BreakerHarness({ probesToClose: 1 }, careless);
    breaker.becomeHalfOpen();
    breaker.report('late', 'succeeded', breaker.context.generation - 1);
    expect(breaker.state).toBe('closed');
  });

  test('CB-2 a probe that never reports gives its place back when its lease ends', () => {
    const breaker = halfOpen({ probesMax: 1, probeLeaseMs: 500 });
    const lost = breaker.ask() ?? '';
    breaker.wait(499);
    expect(breaker.ask()).toBeNull();
    breaker.wait(1);
    expect(breaker.context.probes).toEqual([]);
    expect(breaker.ask()).not.toBeNull();
    breaker.report(lost, 'failed');
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-2 an ended lease frees its place though no timer told', () => {
    const breaker = halfOpen({ probesMax: 1, probeLeaseMs: 500, probesToClose: 1 });
    const late = breaker.ask() ?? '';
    breaker.nowMs += 500;
    breaker.report(late, 'succeeded');
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.ask()).not.toBeNull();
  });

  test('CB-4 probes that were out when the process died do not block the next', () => {
    const breaker = halfOpen({ probesMax: 1 });
    const dead = breaker.ask() ?? '';
    breaker.restart();
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.ask()).not.toBeNull();
    breaker.report(dead, 'failed');
    expect(breaker.state).toBe('halfOpen');
  });
});

describe('forcedOpen', () => {
  test('CB-1 refuses calls for as long as the operator wants', () => {
    const breaker = new BreakerHarness();
    breaker.send({ type: 'operator.forcedOpen', reason: 'maintenance', atMs: breaker.nowMs });
    breaker.wait(1e9);
    expect(breaker.decision).toEqual({
      generation: 2,
      mode: 'refuse',
      retryAtMs: null,
      recordsResults: false,
    });
    expect(breaker.context.operatorReason).toBe('maintenance');
  });

  test('CB-4 outlives a restart and can still be released, to half open', () => {
    const breaker = new BreakerHarness();
    breaker.send({ type: 'operator.forcedOpen', reason: 'maintenance', atMs: breaker.nowMs });
    breaker.restart(1_000);
    expect(breaker.state).toBe('forcedOpen');
    breaker.send({ type: 'operator.released', atMs: breaker.nowMs });
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.context.operatorReason).toBeNull();
  });

  test('CB-1 giving another reason keeps the state and its generation', () => {
    const breaker = new BreakerHarness();
    breaker.send({ type: 'operator.forcedOpen', reason: 'a', atMs: breaker.nowMs });
    const { generation } = breaker.context;
    breaker.send({ type: 'operator.forcedOpen', reason: 'b', atMs: breaker.nowMs });
    expect(breaker.context).toMatchObject({ generation, operatorReason: 'b' });
  });
});

describe('disabled', () => {
  test('CB-1 lets every call pass and counts nothing', () => {
    const breaker = new BreakerHarness();
    breaker.fail(3);
    breaker.send({ type: 'operator.disabled', reason: 'tuning', atMs: breaker.nowMs });
    expect(breaker.decision).toEqual({
      generation: 3,
      mode: 'pass',
      retryAtMs: null,
      recordsResults: false,
    });
    breaker.send({ type: 'operator.disabled', atMs: breaker.nowMs });
    expect(breaker.context).toMatchObject({ generation: 3, operatorReason: null });
  });

  test('CB-4 outlives a restart and is released to closed, with earlier trips forgotten', () => {
    const breaker = new BreakerHarness();
    breaker.fail(3);
    breaker.send({ type: 'operator.disabled', atMs: breaker.nowMs });
    breaker.restart(1_000);
    expect(breaker.state).toBe('disabled');
    breaker.send({ type: 'operator.released', atMs: breaker.nowMs });
    expect(breaker.state).toBe('closed');
    breaker.fail(3);
    expect(breaker.context.tripsInARow).toBe(1);
  });
});

describe('recovery', () => {
  test('CB-6 measures the time from the last known failure to closed', () => {
    const breaker = new BreakerHarness({ openMs: 1_000, probesToClose: 1 });
    breaker.fail(3);
    const { nowMs } = breaker;
    breaker.wait(1_000);
    breaker.probe('failed');
    expect(breaker.context).toMatchObject({ openedAtMs: nowMs, trippedAtMs: nowMs + 1_000 });
    breaker.wait(2_500);
    breaker.probe('succeeded');
    expect(breaker.context).toMatchObject({
      openedAtMs: null,
      trippedAtMs: null,
      recoveries: 1,
      recoveriesMs: 2_500,
    });
  });

  test('CB-6 time held by an operator is no recovery', () => {
    const breaker = new BreakerHarness({ probesToClose: 1 });
    breaker.fail(3);
    breaker.send({ type: 'operator.forcedOpen', reason: 'maintenance', atMs: breaker.nowMs });
    breaker.wait(1e6);
    breaker.send({ type: 'operator.released', atMs: breaker.nowMs });
    breaker.probe('succeeded');
    expect(breaker.state).toBe('closed');
    expect(breaker.context).toMatchObject({ recoveries: 0, recoveriesMs: 0 });
  });

  test('CB-6 a clock set back during an outage does not make the sum smaller', () => {
    const breaker = new BreakerHarness({ probesToClose: 1 });
    breaker.becomeHalfOpen();
    breaker.nowMs -= 1e9;
    breaker.probe('succeeded');
    expect(breaker.context).toMatchObject({ recoveries: 1, recoveriesMs: 0 });
  });

  test('CB-6 on defaults every recovery takes less than five seconds, however long the outage', () => {
    const breaker = new BreakerHarness(DEFAULT_BREAKER_POLICY);
    breaker.fail(12, { draw: 0.999 });
    for (let i = 0; i < 12; i++) {
      breaker.wait(breaker.context.lastOpenMs);
      breaker.probe('failed', { draw: 0.999 });
    }
    const backAtMs = breaker.nowMs;
    breaker.wait(breaker.context.lastOpenMs);
    breaker.probe('succeeded');
    expect(breaker.state).toBe('closed');
    expect(breaker.nowMs - backAtMs).toBeLessThan(5_000);
  });
});

describe('chart', () => {
  test('CB-1 has the states that the policies speak of', () => {
    expect(Object.keys(circuitBreakerMachine.states)).toEqual([...BREAKER_STATES]);
  });

  test('CB-4 a restart in any state keeps it', () => {
    const reach: Record<string, (breaker: BreakerHarness) => void> = {
      closed: () => undefined,
      open: (breaker) => breaker.fail(3),
      halfOpen: (breaker) => breaker.becomeHalfOpen(),
      forcedOpen: (breaker) => breaker.send({ type: 'operator.forcedOpen', atMs: breaker.nowMs }),
      disabled: (breaker) => breaker.send({ type: 'operator.disabled', atMs: breaker.nowMs }),
    };
    for (const state of BREAKER_STATES) {
      const breaker = new BreakerHarness();
      reach[state]?.(breaker);
      const { decision } = breaker;
      breaker.restart();
      expect(breaker.state).toBe(state);
      expect(breaker.decision).toEqual(decision);
    }
  });

  test('CB-1 these tests take every transition', () => {
    expect(transitionsTaken(circuitBreakerMachine).missing).toEqual([]);
  });
});
