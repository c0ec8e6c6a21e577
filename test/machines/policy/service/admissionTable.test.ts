import { describe, expect, test } from 'vitest';
import {
  ADMISSION_TABLE,
  admissionOf,
  claimBound,
} from '../../../../machines/policy/service/admissionTable.ts';
import { LEVELS, type Level } from '../../../../machines/policy/service/degradationLevel.ts';
import {
  PRIORITIES,
  TIERS,
  URGENCY_MAX,
  urgencyOf,
} from '../../../../machines/vocabulary/urgency.ts';

/** The rank of the least urgent request that runs at `level`, both levels being the same. */
const boundAt = (level: Level) => claimBound(level, level, 'pass');

/** Every kind of request, most urgent first. */
const requests = PRIORITIES.flatMap((priority) => TIERS.map((tier) => ({ priority, tier })));

describe('the admission table', () => {
  test('DG-2 names every level, priority and tier, and nothing else', () => {
    expect(Object.keys(ADMISSION_TABLE)).toEqual([...LEVELS]);
    for (const level of LEVELS) {
      expect(Object.keys(ADMISSION_TABLE[level])).toEqual([...PRIORITIES]);
      for (const priority of PRIORITIES) {
        expect(Object.keys(ADMISSION_TABLE[level][priority])).toEqual([...TIERS]);
      }
    }
  });

  test('DG-2 CR-2 a crisis runs in every level, whatever its tier', () => {
    for (const level of LEVELS) {
      for (const tier of TIERS) expect(admissionOf(level, 'crisis', tier)).toBe('run');
    }
  });

  test('DG-2 nobody waits while someone less urgent runs', () => {
    for (const level of LEVELS) {
      const row = requests.map(({ priority, tier }) => admissionOf(level, priority, tier));
      const firstToWait = row.includes('park') ? row.indexOf('park') : row.length;
      expect(row.slice(firstToWait), level).not.toContain('run');
    }
  });

  test('DG-2 a worse level never lets more run', () => {
    for (const [index, level] of LEVELS.entries()) {
      const better = LEVELS[index - 1];
      if (better === undefined) continue;
      for (const { priority, tier } of requests) {
        if (admissionOf(level, priority, tier) !== 'run') continue;
        expect(admissionOf(better, priority, tier)).toBe('run');
      }
    }
  });

  test('DG-2 the bound of a level splits those who run from those who wait', () => {
    for (const level of LEVELS) {
      for (const { priority, tier } of requests) {
        const isWithin = urgencyOf(priority, tier) <= boundAt(level);
        expect(admissionOf(level, priority, tier)).toBe(isWithin ? 'run' : 'park');
      }
    }
  });

  test('DG-2 at normal all run, and offline only crises', () => {
    expect(boundAt('normal')).toBe(URGENCY_MAX);
    expect(boundAt('offline')).toBe(urgencyOf('crisis', 'trial'));
  });
});

describe('claimBound', () => {
  test('DG-2 the worse of both levels decides while the breaker lets calls pass', () => {
    expect(claimBound('normal', 'limited', 'pass')).toBe(boundAt('limited'));
    expect(claimBound('criticalOnly', 'normal', 'pass')).toBe(boundAt('criticalOnly'));
  });

  test('DG-2 only crises are claimed while the breaker refuses', () => {
    expect(claimBound('normal', 'normal', 'refuse')).toBe(boundAt('offline'));
  });

  test('DG-3 anyone may be a probe of an upstream, unless the whole process is in trouble', () => {
    expect(claimBound('offline', 'normal', 'probe')).toBe(URGENCY_MAX);
    expect(claimBound('offline', 'criticalOnly', 'probe')).toBe(boundAt('criticalOnly'));
  });
});
