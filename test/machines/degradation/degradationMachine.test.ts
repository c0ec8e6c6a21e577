import { describe, expect, test } from 'vitest';
import { causesOf, degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import { LEVELS, type Level } from '../../../machines/policy/service/degradationLevel.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { DegradationHarness } from '../../support/harness/degradationHarness.ts';

function at(level: Level): DegradationHarness {
  const degradation = new DegradationHarness();
  degradation.measure(level, ['network']);
  return degradation;
}

const moves = LEVELS.flatMap((from) =>
  LEVELS.filter((to) => to !== from).map((to) => [from, to] as const),
);

test.each(moves)(
  'DG-1 DG-3 goes from %s to %s at once, and keeps why and since when',
  (from, to) => {
    const degradation = at(from);
    degradation.nowMs += 5;
    degradation.measure(to, ['storage']);
    expect(degradation.level).toBe(to);
    expect(degradation.context).toMatchObject({
      causes: ['storage'],
      sinceAtMs: degradation.nowMs,
    });
    expect(causesOf(degradation.snapshot)).toEqual(['storage']);
  },
);

test.each(LEVELS)('DG-1 %s goes on for another reason without beginning anew', (level) => {
  const degradation = at(level);
  const { sinceAtMs } = degradation.context;
  degradation.nowMs += 5;
  degradation.measure(level, ['breaker']);
  expect(degradation.level).toBe(level);
  expect(degradation.context).toMatchObject({ causes: ['breaker'], sinceAtMs });
});

describe('restart', () => {
  test('DG-1 keeps the level until the first measurement', () => {
    const degradation = at('criticalOnly');
    degradation.restart(1e6);
    expect(degradation.level).toBe('criticalOnly');
    degradation.measure('normal');
    expect(degradation.level).toBe('normal');
  });

  test('DG-1 a change of policy is taken, with a restart and without', () => {
    const degradation = at('limited');
    const { policy } = degradation.context;
    degradation.restart(0, { ...policy, leaveShare: 0.5 });
    expect(degradation.context.policy.leaveShare).toBe(0.5);
    degradation.restart();
    expect(degradation.context.policy.leaveShare).toBe(0.5);
    degradation.send({ type: 'policy.changed', policy });
    expect([degradation.level, degradation.context.policy]).toEqual(['limited', policy]);
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
