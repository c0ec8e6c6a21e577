import { describe, expect, test } from 'vitest';
import {
  ADMISSION_TABLE,
  admissionOf,
  trickleOf,
  urgencyBoundAt,
} from '../../../../machines/policy/service/admissionTable.ts';
import { LEVELS, type Level } from '../../../../machines/policy/service/degradationLevel.ts';
import {
  PRIORITIES,
  TIERS,
  URGENCY_MAX,
  urgencyOf,
} from '../../../../machines/vocabulary/urgency.ts';

/** The rank of the least urgent request that runs at `level`, both levels being the same. */
const boundAt = (level: Level) => urgencyBoundAt(level, level);

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

test('DG-2 the worse of two levels decides who is parked', () => {
  expect(urgencyBoundAt('normal', 'limited')).toBe(boundAt('limited'));
  expect(urgencyBoundAt('criticalOnly', 'normal')).toBe(boundAt('criticalOnly'));
});

test('DG-2 of sixteen slots one is for what is parked, and at least one of all', () => {
  expect([1, 4, 16, 31, 32, 128].map(trickleOf)).toEqual([1, 1, 1, 1, 2, 8]);
});
