import { describe, expect, test } from 'vitest';
import {
  type CoverageFile,
  type CoverageParts,
  coverageFile,
  coverageGaps,
  lostTransitions,
} from '../../support/charts/coverageFile.ts';
import type { TransitionsSeen } from '../../support/charts/transitionCoverage.ts';

const CHART = { machine: 'one', hash: 'sha256:1', transitions: ['a --x--> b', 'b --y--> a'] };

const seenBy = (
  file: string,
  by: TransitionsSeen['by'],
  ...seen: readonly string[]
): TransitionsSeen => ({ machineId: 'one', by, file, all: CHART.transitions, seen });

const made = (parts: Partial<CoverageParts>): CoverageFile =>
  coverageFile({
    ...{ charts: [CHART], before: null, seen: [], isWhole: true, reasons: [] },
    isByChance: (file) => file.includes('property'),
    ...parts,
  });

const namesOf = ({ charts }: CoverageFile): readonly (readonly string[])[] =>
  (charts[0]?.transitions ?? []).map(({ chartTests }) => chartTests);

describe('OB-3 which files of tests take a transition', () => {
  test('OB-3 charts and runtimes are counted apart', () => {
    const seen = [
      seenBy('b.test.ts', 'chart', 'a --x--> b'),
      seenBy('a.test.ts', 'runtime', 'a --x--> b', 'b --y--> a'),
    ];
    expect(made({ seen }).charts[0]?.transitions).toEqual([
      { label: 'a --x--> b', chartTests: ['b.test.ts'], runtimeTests: ['a.test.ts'] },
      { label: 'b --y--> a', chartTests: [], runtimeTests: ['a.test.ts'] },
    ]);
  });

  test('OB-3 a few are named, and chance only where nothing else is there', () => {
    const files = ['d', 'c', 'b', 'a', 'a.property'].map((name) => `${name}.test.ts`);
    const seen = [
      ...files.map((file) => seenBy(file, 'chart', 'a --x--> b')),
      seenBy('b.property.test.ts', 'chart', 'b --y--> a'),
      seenBy('a.property.test.ts', 'chart', 'b --y--> a'),
    ];
    expect(namesOf(made({ seen }))).toEqual([
      ['a.test.ts', 'b.test.ts', 'c.test.ts'],
      ['a.property.test.ts'],
    ]);
  });

  test('OB-3 names stay as they are while they hold, whatever else takes it by now', () => {
    const before = made({ seen: [seenBy('d.test.ts', 'chart', 'a --x--> b', 'b --y--> a')] });
    const seen = ['a', 'd'].map((name) => seenBy(`${name}.test.ts`, 'chart', 'a --x--> b'));
    const after = made({ before, seen });
    // After a whole run what was not taken has gone.
    expect(namesOf(after)).toEqual([['d.test.ts'], []]);
    expect(made({ before: after, seen })).toEqual(after);
    // After some files nothing has.
    expect(namesOf(made({ before, seen, isWhole: false }))).toEqual([['d.test.ts'], ['d.test.ts']]);
  });

  test('OB-3 a name by chance makes way to one that is not', () => {
    const before = made({ seen: [seenBy('a.property.test.ts', 'chart', 'a --x--> b')] });
    const seen = ['a.property', 'z'].map((name) =>
      seenBy(`${name}.test.ts`, 'chart', 'a --x--> b'),
    );
    expect(namesOf(made({ before, seen }))[0]).toEqual(['z.test.ts']);
  });

  test('OB-3 chance takes no reason away: only a test of a runtime that is certain does', () => {
    const reasons = [{ machine: 'one', label: 'a --x--> b', reason: 'Why.' }];
    const byChance = seenBy('a.property.test.ts', 'runtime', 'a --x--> b');
    const names = ({ charts }: CoverageFile) => charts[0]?.transitions[0]?.runtimeTests;
    expect(names(made({ seen: [byChance], reasons }))).toEqual([]);
    const forSure = seenBy('b.test.ts', 'runtime', 'a --x--> b');
    expect(names(made({ seen: [byChance, forSure], reasons }))).toEqual(['b.test.ts']);
  });

  test('OB-3 of another version of the chart nothing is taken over', () => {
    const before = made({ seen: [seenBy('a.test.ts', 'chart', 'a --x--> b')] });
    const charts = [{ ...CHART, hash: 'sha256:2' }];
    expect(namesOf(made({ before, charts, isWhole: false }))).toEqual([[], []]);
  });

  test('OB-3 what is not taken, and a reason that is missing or stale, is told', () => {
    const seen = [
      seenBy('a.test.ts', 'chart', 'a --x--> b', 'b --y--> a'),
      seenBy('a.test.ts', 'runtime', 'a --x--> b'),
    ];
    const row = (label: string) => ({ machine: 'one', label, reason: 'Why.' });
    expect(coverageGaps(made({ seen }))).toEqual([
      'no runtime of a test takes b --y--> a: test it, or say why in onlyByChartTests.ts',
    ]);
    expect(coverageGaps(made({ seen, reasons: [row('b --y--> a')] }))).toEqual([]);
    const stale = [row('b --y--> a'), row('a --x--> b'), row('a --z--> a')];
    expect(coverageGaps(made({ seen, reasons: stale }))).toEqual([
      'runtimes take a --x--> b, so its reason has to go from onlyByChartTests.ts',
      'onlyByChartTests.ts has a reason for a --z--> a, which is no transition',
    ]);
    expect(coverageGaps(made({ reasons: [row('a --x--> b'), row('b --y--> a')] }))).toEqual([
      'no test of its chart takes a --x--> b',
      'no test of its chart takes b --y--> a',
    ]);
  });
});

test('OB-3 a transition that tests of its chart have lost is found; chance and runtimes lose none', () => {
  const isByChance = (file: string): boolean => file.includes('property');
  const before = made({
    seen: [
      seenBy('a.test.ts', 'chart', 'a --x--> b'),
      seenBy('b.property.test.ts', 'chart', 'b --y--> a'),
      seenBy('c.test.ts', 'runtime', 'a --x--> b', 'b --y--> a'),
    ],
  });
  expect(lostTransitions(before, [seenBy('d.test.ts', 'chart', 'a --x--> b')], isByChance)).toEqual(
    [],
  );
  expect(lostTransitions(before, [seenBy('d.test.ts', 'chart', 'b --y--> a')], isByChance)).toEqual(
    ['no test of its chart takes a --x--> b any more, as did a.test.ts: npm run test:transitions'],
  );
  expect(lostTransitions(null, [], isByChance)).toEqual([]);
});
