import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import { isWorse, LEVELS, type Level } from '../../../machines/policy/service/degradationLevel.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { DegradationHarness } from '../../support/harness/degradationHarness.ts';

function at(level: Level): DegradationHarness {
  const degradation = new DegradationHarness({ recoverAfterMs: 1_000 });
  degradation.measure(level);
  return degradation;
}

describe('worsening', () => {
  const jumps = LEVELS.flatMap((from) =>
    LEVELS.filter((to) => isWorse(to, from)).map((to) => [from, to] as const),
  );

  test.each(jumps)('DG-1 jumps from %s to %s at once', (from, to) => {
    const degradation = at(from);
    degradation.nowMs += 5;
    degradation.measure(to);
    expect(degradation.level).toBe(to);
    expect(degradation.context).toMatchObject({ wanted: to, sinceAtMs: degradation.nowMs });
    expect(degradation.due).toBeNull();
  });

  test('DG-1 interrupts a recovery', () => {
    const degradation = at('criticalOnly');
    degradation.measure('normal');
    degradation.wait(999);
    degradation.measure('offline');
    expect(degradation.level).toBe('offline');
    expect(degradation.due).toBeNull();
  });
});

describe('recovery', () => {
  test('DG-1 goes one level at a time, each after the whole wait', () => {
    const degradation = at('offline');
    degradation.measure('normal');
    const seen: [number, Level][] = [];
    const startMs = degradation.nowMs;
    for (let i = 0; i < 40; i++) {
      degradation.wait(100);
      const last = seen.at(-1)?.[1] ?? 'offline';
      if (degradation.level !== last) seen.push([degradation.nowMs - startMs, degradation.level]);
    }
    expect(seen).toEqual([
      [1_000, 'criticalOnly'],
      [2_000, 'limited'],
      [3_000, 'normal'],
    ]);
    expect(degradation.due).toBeNull();
  });

  test('DG-1 goes no further than what is called for', () => {
    const degradation = at('offline');
    degradation.measure('criticalOnly');
    degradation.wait(1e6);
    expect(degradation.level).toBe('criticalOnly');
    expect(degradation.due).toBeNull();
  });

  test('DG-1 begins anew when the present level is called for again in between', () => {
    const degradation = at('limited');
    degradation.measure('normal');
    degradation.wait(900);
    degradation.measure('limited');
    degradation.measure('normal');
    degradation.wait(999);
    expect(degradation.level).toBe('limited');
    degradation.wait(1);
    expect(degradation.level).toBe('normal');
  });

  test('DG-1 further measurements that call for better do not prolong the wait', () => {
    const degradation = at('offline');
    const startMs = degradation.nowMs;
    for (const wanted of ['normal', 'limited', 'criticalOnly', 'normal'] as const) {
      degradation.measure(wanted);
      degradation.wait(200);
    }
    expect(degradation.context).toMatchObject({
      betterSinceAtMs: startMs,
      dueAtMs: startMs + 1_000,
      wanted: 'normal',
    });
  });

  test('DG-1 a wake-up that comes too early, or late for a wait that is over, changes nothing', () => {
    const degradation = at('limited');
    degradation.measure('normal');
    const before = degradation.context;
    degradation.send({ type: 'recovery.due', atMs: degradation.nowMs + 999 });
    expect(degradation.context).toEqual(before);
    degradation.measure('limited');
    degradation.send({ type: 'recovery.due', atMs: degradation.nowMs + 1_000 });
    expect(degradation.level).toBe('limited');
  });
});

describe('restart', () => {
  test('DG-1 keeps the level and begins the wait anew', () => {
    const degradation = at('criticalOnly');
    degradation.measure('normal');
    degradation.wait(999);
    degradation.restart(1e6);
    expect(degradation.level).toBe('criticalOnly');
    degradation.wait(999);
    expect(degradation.level).toBe('criticalOnly');
    degradation.wait(1);
    expect(degradation.level).toBe('limited');
  });

  test('DG-1 waits for nothing that it did not wait for before', () => {
    const degradation = at('limited');
    degradation.restart();
    expect(degradation.due).toBeNull();
  });

  test('DG-1 brings the policy that is configured now', () => {
    const degradation = at('limited');
    degradation.measure('normal');
    degradation.restart(0, { ...degradation.policy, recoverAfterMs: 50 });
    degradation.wait(50);
    expect(degradation.level).toBe('normal');
  });
});

describe('random histories', () => {
  const step = fc.oneof(
    fc.record({ wanted: fc.constantFrom(...LEVELS), waitMs: fc.nat(1_500) }),
    fc.record({ restartMs: fc.integer({ min: -1e6, max: 1e4 }) }),
  );
  const history = fc.array(step, { size: 'max', maxLength: 40 });

  function check(machine: typeof degradationMachine, options: object): void {
    fc.assert(
      fc.property(history, (steps) => {
        const degradation = new DegradationHarness({ recoverAfterMs: 1_000 }, machine);
        let model = 0;
        /** Time for which something better was called for without a break. */
        let betterMs: number | null = null;
        for (const each of steps) {
          if ('wanted' in each) {
            const wanted = LEVELS.indexOf(each.wanted);
            degradation.measure(each.wanted);
            if (wanted >= model) betterMs = null;
            else betterMs ??= 0;
            model = Math.max(model, wanted);
            for (let ms = 0; ms < each.waitMs; ms++) {
              if (betterMs === null) break;
              betterMs += 1;
              if (betterMs < 1_000) continue;
              model -= 1;
              betterMs = wanted < model ? 0 : null;
            }
            degradation.wait(each.waitMs);
          } else {
            degradation.restart(each.restartMs);
            if (betterMs !== null) betterMs = 0;
          }
          expect(degradation.level).toBe(LEVELS[model]);
        }
        degradation.measure('normal');
        degradation.wait(3_000);
        expect(degradation.level).toBe('normal');
      }),
      options,
    );
  }

  test('DG-1 the level is what a plain count says, and time is enough to get back to normal', () => {
    check(degradationMachine, { numRuns: 200 });
  });

  test('DG-1 control: a chart that forgets to start a recovery anew is caught', () => {
    const careless = degradationMachine.provide({ actions: { stopWaiting: () => {} } });
    expect(() => check(careless, { numRuns: 500, seed: 1, endOnFailure: true })).toThrow(
      'Property failed',
    );
  });
});

describe('chart', () => {
  test('DG-1 has the levels as its states', () => {
    expect(Object.keys(degradationMachine.states)).toEqual([...LEVELS]);
  });

  test('DG-1 these tests take every transition', () => {
    expect(transitionsTaken(degradationMachine).missing).toEqual([]);
  });
});
