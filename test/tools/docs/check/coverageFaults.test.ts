import { expect, test } from 'vitest';
import { coverageFaults } from '../../../../tools/docs/check/traceFaults.ts';
import type { TransitionCoverage } from '../../../../tools/docs/text/coverage.ts';
import { readCoverage } from '../../../../tools/docs/text/coverage.ts';
import { coverageOf, door, doorModel } from '../../../support/docs/doorDocs.ts';

const model = doorModel(door());
const whole = readCoverage(coverageOf([model]))?.['sampleDoor'] ?? { hash: '', transitions: [] };
const [first = { label: '', chartTests: [], runtimeTests: [], onlyChartBecause: null }, ...rest] =
  whole.transitions;

/** The faults where the first transition is covered in another way. */
function faultsWith(more: Partial<TransitionCoverage>): readonly string[] {
  const coverage = { ...whole, transitions: [{ ...first, ...more }, ...rest] };
  return coverageFaults(model, coverage, () => true);
}

test('OB-3 a chart is covered where tests and the runtime have taken everything', () => {
  expect(faultsWith({})).toEqual([]);
  expect(faultsWith({ chartTests: [] })).toEqual([]);
  expect(faultsWith({ runtimeTests: [], onlyChartBecause: 'No clock goes so.' })).toEqual([]);
});

test('OB-3 a transition that no test takes, or only tests of the chart, is a fault', () => {
  expect(faultsWith({ chartTests: [], runtimeTests: [] })).toEqual([
    `no test takes ${first.label}; write one, and run npm run test:transitions, which writes docs/machines/coverage.json`,
  ]);
  expect(faultsWith({ runtimeTests: [] })).toEqual([
    `only tests of the chart take ${first.label}; test it in the running runtime, or say why it can't be`,
  ]);
  expect(coverageFaults(model, { ...whole, transitions: rest }, () => true)).toEqual([
    `no test takes ${first.label}; write one, and run npm run test:transitions, which writes docs/machines/coverage.json`,
  ]);
});

test('OB-3 a reason that holds no more, a transition that is gone and a test that is gone are faults', () => {
  expect(faultsWith({ onlyChartBecause: 'No clock goes so.' })).toEqual([
    `the running runtime takes ${first.label}; the reason why it would not has to go`,
  ]);
  const more = { ...whole, transitions: [...whole.transitions, { ...first, label: 'a --b--> c' }] };
  expect(coverageFaults(model, more, () => true)).toEqual([
    'docs/machines/coverage.json: the chart sampleDoor has no transition a --b--> c; run npm run test:transitions, which writes it',
  ]);
  expect(coverageFaults(model, whole, (path) => path !== 'test/house.test.ts')).toEqual([
    'docs/machines/coverage.json names test/house.test.ts, which is not there; run npm run test:transitions, which writes it',
  ]);
});

test('OB-3 a chart that no run has told of is a fault', () => {
  expect(coverageFaults(model, null, () => true)).toEqual([
    'docs/machines/coverage.json knows nothing of the chart sampleDoor; run npm run test:transitions, which writes it',
  ]);
});

test('OB-3 a reason for a transition that is not there is a fault', () => {
  const text = coverageOf([model], [{ label: 'a --b--> c', reason: 'No clock goes so.' }]);
  expect(coverageFaults(model, readCoverage(text)?.['sampleDoor'] ?? null, () => true)).toEqual([
    'docs/machines/coverage.json: the chart sampleDoor has no transition a --b--> c; run npm run test:transitions, which writes it',
  ]);
});
