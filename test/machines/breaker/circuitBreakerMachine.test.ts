import { describe, expect, test } from 'vitest';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { BREAKER_STATES } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { BreakerHarness, TEST_PACING } from '../../support/harness/breakerHarness.ts';

describe('closed', () => {
  test('CB-1 lets every call pass', () => {
    const breaker = new BreakerHarness();
    expect(breaker.decision).toEqual({
      generation: 1,
      mode: 'pass',
      retryAtMs: null,
      recordsResults: true,
      isHeldOpen: false,
      probesFree: 0,
    });
    expect(breaker.due).toBeNull();
  });

  test('CB-1 opens when an outage is told of, and not by what an earlier generation saw', () => {
    const breaker = new BreakerHarness();
    const before = breaker.context;
    breaker.trip({ generation: before.generation - 1 });
    expect([breaker.state, breaker.context]).toEqual(['closed', before]);
    breaker.trip();
    expect(breaker.state).toBe('open');
  });
});

describe('open', () => {
  test('CB-2 refuses calls and says when to come back', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    const retryAtMs = breaker.nowMs + 1_000;
    expect(breaker.decision).toMatchObject({ generation: 2, mode: 'refuse', retryAtMs });
    expect(breaker.due).toEqual({ type: 'cooldown.due', atMs: retryAtMs });
    breaker.wait(999);
    expect(breaker.state).toBe('open');
    breaker.wait(1);
    expect([breaker.state, breaker.context.openUntilAtMs]).toEqual(['halfOpen', null]);
  });

  test('CB-2 a wake-up that comes too early changes nothing', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    const before = breaker.context;
    breaker.send({ type: 'cooldown.due', atMs: breaker.nowMs + 999 });
    expect([breaker.state, breaker.context]).toEqual(['open', before]);
  });

  test('CB-2 the next probe comes after a share of the outage, and no outage knows of another', () => {
    const breaker = new BreakerHarness();
    const waits = (times: number): number[] => {
      breaker.trip();
      const spans: number[] = [];
      for (let probes = 0; probes < times; probes += 1) {
        spans.push(breaker.context.lastOpenMs);
        breaker.wait(breaker.context.lastOpenMs);
        breaker.probe('failed');
      }
      breaker.wait(breaker.context.lastOpenMs);
      breaker.probe('succeeded');
      return spans;
    };
    const first = waits(40);
    expect(first.slice(0, 12)).toEqual([
      1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_100,
    ]);
    expect(Math.max(...first)).toBe(8_000);
    expect(waits(40)).toEqual(first);
  });

  test('CB-2 Retry-After lengthens the wait up to its cap, and never shortens it', () => {
    const openMsAfter = (retryAfterMs: number): number => {
      const breaker = new BreakerHarness();
      breaker.trip({ retryAfterMs });
      return breaker.context.lastOpenMs;
    };
    expect([10, 7_000, 9_999_999].map(openMsAfter)).toEqual([1_000, 7_000, 20_000]);
  });

  test('CB-3 a crisis that is delivered proves that the upstream answers', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.deliverCrisis();
    expect(breaker.state).toBe('closed');
    breaker.becomeHalfOpen();
    breaker.deliverCrisis();
    expect([breaker.state, breaker.context.recoveries]).toEqual(['closed', 2]);
  });

  test('CB-4 is still open after a restart, for the rest of its time', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.wait(600);
    breaker.restart(100);
    breaker.wait(299);
    expect(breaker.state).toBe('open');
    breaker.wait(1);
    expect(breaker.state).toBe('halfOpen');
    const other = new BreakerHarness();
    other.trip();
    other.restart(5_000);
    expect(other.state).toBe('halfOpen');
  });

  test('CB-4 a restart with the clock set back never makes the wait longer than it was', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.restart(-365 * 24 * 3_600_000);
    breaker.wait(1_000);
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-4 a change of policy holds from the next outage on, with a restart and without', () => {
    const breaker = new BreakerHarness();
    breaker.restart(0, { ...TEST_PACING, probeMsMin: 3_000 });
    breaker.trip();
    expect(breaker.context.lastOpenMs).toBe(3_000);
    breaker.deliverCrisis();
    breaker.send({ type: 'policy.changed', policy: { ...TEST_PACING, probeMsMin: 5_000 } });
    breaker.trip();
    expect(breaker.context.lastOpenMs).toBe(5_000);
  });
});

describe('halfOpen', () => {
  const halfOpen = (probes = 1, options = {}): BreakerHarness => {
    const breaker = new BreakerHarness(options);
    breaker.becomeHalfOpen({ probes });
    return breaker;
  };

  test('CB-2 lets as many probes out as go together, and says when to ask again', () => {
    const breaker = halfOpen(2);
    expect(breaker.decision).toMatchObject({ mode: 'probe', retryAtMs: null, probesFree: 2 });
    expect(breaker.ask()).not.toBeNull();
    breaker.wait(100);
    expect(breaker.ask()).not.toBeNull();
    expect(breaker.ask()).toBeNull();
    expect(breaker.decision).toMatchObject({ probesFree: 0, retryAtMs: breaker.nowMs + 400 });
    expect(breaker.due).toEqual({ type: 'lease.due', atMs: breaker.nowMs + 400 });
  });

  test('CB-2 asking twice for the same permit is asking once', () => {
    const breaker = halfOpen(2);
    expect([breaker.ask('a'), breaker.ask('a')]).toEqual(['a', 'a']);
    expect(breaker.context.probes).toHaveLength(1);
  });

  test('CB-2 the first success closes, whatever the other probes do', () => {
    const breaker = halfOpen(3);
    const [first = '', second = '', third = ''] = [1, 2, 3].map(() => breaker.ask() ?? '');
    const { generation } = breaker.context;
    breaker.report(first, 'failed', generation);
    expect(breaker.state).toBe('halfOpen');
    breaker.report(second, 'succeeded', generation);
    expect(breaker.state).toBe('closed');
    const closed = breaker.context;
    breaker.report(third, 'failed', generation);
    expect([breaker.state, breaker.context]).toEqual(['closed', closed]);
  });

  test('CB-2 opens again once every probe has failed', () => {
    const breaker = halfOpen(2);
    breaker.probe('failed');
    expect([breaker.state, breaker.decision.probesFree]).toEqual(['halfOpen', 1]);
    breaker.probe('failed');
    expect(breaker.state).toBe('open');
    expect(breaker.context).toMatchObject({ probes: [], probesFailed: 0 });
  });

  test('CB-2 an ignored probe gives its place back and decides nothing', () => {
    const breaker = halfOpen();
    breaker.probe('ignored');
    expect([breaker.state, breaker.decision.probesFree]).toEqual(['halfOpen', 1]);
  });

  test('CB-2 what belongs to another generation or an unknown permit changes nothing', () => {
    const breaker = halfOpen();
    const permitId = breaker.ask() ?? '';
    const before = breaker.context;
    for (const result of ['succeeded', 'failed', 'ignored'] as const) {
      breaker.report(permitId, result, before.generation - 1);
      breaker.report(permitId, result, before.generation + 1);
      if (result !== 'succeeded') breaker.report('stranger', result);
    }
    expect([breaker.state, breaker.context]).toEqual(['halfOpen', before]);
  });

  test('CB-2 control: without the generation a late success would close it', () => {
    const careless = circuitBreakerMachine.provide({ guards: { isCurrent: () => true } });
    const breaker = new BreakerHarness({}, careless);
    breaker.becomeHalfOpen();
    breaker.report('late', 'succeeded', breaker.context.generation - 1);
    expect(breaker.state).toBe('closed');
  });

  test('CB-2 a probe that never reports gives its place back; its late failure counts nowhere', () => {
    const breaker = halfOpen();
    const lost = breaker.ask() ?? '';
    breaker.wait(499);
    expect(breaker.ask()).toBeNull();
    breaker.wait(1);
    expect(breaker.context.probes).toEqual([]);
    expect(breaker.ask()).not.toBeNull();
    breaker.report(lost, 'failed');
    expect(breaker.state).toBe('halfOpen');
  });

  test('CB-2 a success that takes longer than its lease still closes (B25)', () => {
    const breaker = halfOpen();
    const slow = breaker.ask() ?? '';
    breaker.wait(40_000);
    breaker.report(slow, 'succeeded');
    expect(breaker.state).toBe('closed');
  });

  test('CB-2 an ended lease frees its place though no timer told', () => {
    const breaker = halfOpen();
    breaker.ask();
    breaker.nowMs += 500;
    expect(breaker.ask()).not.toBeNull();
  });

  test('RT-2 CB-2 what a late probe was asked to wait holds the next probe, while open and after it', () => {
    const breaker = halfOpen();
    const late = breaker.ask() ?? '';
    const { generation } = breaker.context;
    breaker.wait(500);
    breaker.probe('failed');
    const openUntilAtMs = breaker.nowMs + 1_000;
    breaker.report(late, 'failed', generation);
    breaker.report(late, 'failed', generation, { retryAfterMs: 999 });
    expect(breaker.decision.retryAtMs).toBe(openUntilAtMs);
    breaker.report(late, 'failed', generation, { retryAfterMs: 4_000 });
    expect(breaker.decision.retryAtMs).toBe(breaker.nowMs + 4_000);
    breaker.wait(3_999);
    expect(breaker.state).toBe('open');
    breaker.wait(1);
    expect([breaker.state, breaker.decision.probesFree]).toEqual(['halfOpen', 1]);
    breaker.report(late, 'failed', generation, { retryAfterMs: 7_000 });
    const retryAtMs = breaker.nowMs + 7_000;
    expect(breaker.decision).toMatchObject({ mode: 'probe', probesFree: 0, retryAtMs });
    expect(breaker.due).toEqual({ type: 'cooldown.due', atMs: retryAtMs });
    breaker.wait(6_999);
    expect(breaker.ask()).toBeNull();
    breaker.wait(1);
    expect(breaker.ask()).not.toBeNull();
  });

  test('RT-2 CB-2 what the first of several probes was asked to wait holds the others', () => {
    const breaker = halfOpen(3);
    const first = breaker.ask() ?? '';
    const second = breaker.ask() ?? '';
    const { generation } = breaker.context;
    breaker.report(first, 'failed', generation, { retryAfterMs: 6_000 });
    const retryAtMs = breaker.nowMs + 6_000;
    expect([breaker.state, breaker.ask()]).toEqual(['halfOpen', null]);
    expect(breaker.decision).toMatchObject({ probesFree: 0, retryAtMs });
    expect(breaker.due).toMatchObject({ type: 'lease.due' });
    breaker.report(second, 'ignored', generation);
    expect(breaker.due).toEqual({ type: 'cooldown.due', atMs: retryAtMs });
    breaker.wait(6_000);
    expect(breaker.decision).toMatchObject({ probesFree: 2, retryAtMs: null });
  });

  test('RT-2 CB-2 a last probe that was asked nothing does not shorten what another was asked', () => {
    const breaker = halfOpen(2);
    const probes = [breaker.ask() ?? '', breaker.ask() ?? ''];
    const { generation } = breaker.context;
    breaker.report(probes[0] ?? '', 'failed', generation, { retryAfterMs: 6_000 });
    breaker.wait(400);
    breaker.report(probes[1] ?? '', 'failed', generation);
    expect([breaker.state, breaker.decision.retryAtMs]).toEqual(['open', breaker.nowMs + 5_600]);
  });

  test('CB-2 CB-3 a success or a crisis closes although it asked for time', () => {
    const breaker = halfOpen(2);
    const probes = [breaker.ask() ?? '', breaker.ask() ?? ''];
    breaker.report(probes[0] ?? '', 'failed', breaker.context.generation, { retryAfterMs: 9_000 });
    breaker.report(probes[1] ?? '', 'succeeded');
    expect([breaker.state, breaker.due, breaker.decision.retryAtMs]).toEqual([
      'closed',
      null,
      null,
    ]);
  });

  test('CB-2 CB-4 a place that is free again while it asked for time is told with the later instant', () => {
    const breaker = halfOpen();
    const slow = breaker.ask() ?? '';
    breaker.report('late', 'failed', 1, { retryAfterMs: 200 });
    expect(breaker.decision.retryAtMs).toBe(breaker.nowMs + 500);
    breaker.wait(200);
    expect(breaker.ask()).toBeNull();
    breaker.report(slow, 'ignored');
    expect(breaker.ask()).not.toBeNull();
  });

  test('CB-4 RT-2 what it was asked outlives a restart, and a clock set back makes it no longer', () => {
    const heldFor = (downMs: number): number => {
      const breaker = halfOpen();
      breaker.report('late', 'failed', 1, { retryAfterMs: 9_000 });
      breaker.restart(downMs);
      expect(breaker.state).toBe('halfOpen');
      return (breaker.decision.retryAtMs ?? breaker.nowMs) - breaker.nowMs;
    };
    expect([0, 4_000, 10_000, -365 * 24 * 3_600_000].map(heldFor)).toEqual([
      9_000, 5_000, 0, 9_000,
    ]);
  });

  test('CB-4 probes that were out when the process died do not block the next', () => {
    const breaker = halfOpen();
    const dead = breaker.ask() ?? '';
    breaker.restart();
    expect(breaker.state).toBe('halfOpen');
    expect(breaker.ask()).not.toBeNull();
    breaker.report(dead, 'failed');
    expect(breaker.state).toBe('halfOpen');
  });
});

describe('operators', () => {
  test('CB-1 who, when and why is kept, and outlives a restart', () => {
    const breaker = new BreakerHarness();
    breaker.order('forcedOpen', 'ana', 'maintenance');
    const sinceAtMs = breaker.nowMs;
    breaker.restart(1_000);
    expect(breaker.state).toBe('forcedOpen');
    expect(breaker.context.holds).toEqual([
      { kind: 'forcedOpen', by: 'ana', reason: 'maintenance', sinceAtMs },
    ]);
    breaker.wait(1e9);
    expect(breaker.decision).toMatchObject({ mode: 'refuse', retryAtMs: null, isHeldOpen: true });
    breaker.release('ana');
    expect([breaker.state, breaker.context.holds]).toEqual(['halfOpen', []]);
  });

  test('CB-1 two orders need two releases, and each lets go of its own', () => {
    const breaker = new BreakerHarness();
    breaker.order('forcedOpen', 'ana');
    breaker.order('disabled', 'ben');
    breaker.order('observing', 'cy');
    breaker.order('forcedOpen', 'dora');
    const { generation } = breaker.context;
    breaker.release('ana');
    expect([breaker.state, breaker.context.generation]).toEqual(['forcedOpen', generation]);
    breaker.release('dora');
    expect(breaker.state).toBe('disabled');
    breaker.order('disabled', 'eve');
    breaker.order('observing', 'fay');
    breaker.release('eve');
    expect(breaker.state).toBe('disabled');
    breaker.release('ben');
    expect(breaker.state).toBe('observing');
    breaker.order('observing', 'gus');
    breaker.release();
    breaker.release();
    expect(breaker.state).toBe('observing');
    breaker.release();
    expect([breaker.state, breaker.context.holds]).toEqual(['closed', []]);
    breaker.release();
    expect(breaker.state).toBe('closed');
  });

  test('CB-1 the strongest order is in force', () => {
    const breaker = new BreakerHarness();
    breaker.order('observing');
    breaker.order('disabled');
    expect(breaker.state).toBe('disabled');
    breaker.release();
    expect(breaker.state).toBe('observing');
    breaker.order('forcedOpen');
    breaker.release();
    expect(breaker.state).toBe('observing');
    breaker.release();
    breaker.order('disabled');
    breaker.release();
    expect(breaker.state).toBe('closed');
  });

  test('CB-1 disabled lets every call pass and counts nothing', () => {
    const breaker = new BreakerHarness();
    breaker.trip();
    breaker.order('disabled', 'ana');
    expect(breaker.decision).toMatchObject({ mode: 'pass', recordsResults: false });
    breaker.trip();
    expect(breaker.state).toBe('disabled');
  });

  test('CB-1 observing lets every call pass, and counts what would have opened it', () => {
    const breaker = new BreakerHarness();
    breaker.order('observing');
    expect(breaker.decision).toMatchObject({ mode: 'pass', recordsResults: true });
    breaker.trip();
    breaker.trip({ generation: 0 });
    expect([breaker.state, breaker.context.tripsObserved]).toEqual(['observing', 1]);
  });
});

describe('chart', () => {
  test('CB-1 has the states of the vocabulary', () => {
    expect(Object.keys(circuitBreakerMachine.states)).toEqual([...BREAKER_STATES]);
  });

  test('CB-4 every state outlives a restart with its decision', () => {
    for (const prepare of [
      () => new BreakerHarness(),
      () => tripped(),
      () => ordered('forcedOpen'),
      () => ordered('disabled'),
      () => ordered('observing'),
    ]) {
      const breaker = prepare();
      const { state, decision } = breaker;
      breaker.restart();
      expect([breaker.state, breaker.decision]).toEqual([state, decision]);
    }
  });

  test('CB-1 these tests take every transition', () => {
    expect(transitionsTaken(circuitBreakerMachine).missing).toEqual([]);
  });
});

function tripped(): BreakerHarness {
  const breaker = new BreakerHarness();
  breaker.trip();
  return breaker;
}

function ordered(kind: 'forcedOpen' | 'disabled' | 'observing'): BreakerHarness {
  const breaker = new BreakerHarness();
  breaker.order(kind);
  return breaker;
}
