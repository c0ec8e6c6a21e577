/** A failure is written to a file that a person can read, and read back as it was. */

import { expect, test } from 'vitest';
import { drawPlan } from '../../../src/simulator/drawPlan.ts';
import {
  type Failure,
  failureName,
  failureText,
  readFailure,
} from '../../../src/simulator/report/failureFile.ts';

const FAILURE: Failure = {
  plan: drawPlan(7, 1, '0.0.0'),
  breaches: ['lost: key-1'],
  history: ['0d 00:00:01.000 phone key-1 is accepted as …000001'],
};

test('SM-2 a failure is read back from its file as it was', () => {
  expect(failureName(FAILURE)).toBe('holdfast-simulation-7.json');
  expect(readFailure(failureText(FAILURE), 'a.json')).toEqual(FAILURE);
});

test('SM-2 its file begins with what was broken, and has a line for each thing that happened', () => {
  const lines = failureText(FAILURE).split('\n');
  expect(lines.slice(2, 5).join('\n')).toContain('lost: key-1');
  expect(lines).toContain(`    ${JSON.stringify(FAILURE.history[0])}`);
  expect(lines.length).toBeGreaterThan(FAILURE.plan.steps.length);
});

test.each([
  ['no JSON', 'is no JSON object'],
  ['{}', 'is not of the format holdfast-simulation/1'],
  ['{"format":"holdfast-simulation/1"}', 'has no list of breaches and history'],
  ['{"format":"holdfast-simulation/1","breaches":[],"history":[]}', 'has no plan with steps'],
  [
    '{"format":"holdfast-simulation/1","breaches":[],"history":[],"plan":{},"steps":[]}',
    'has a plan without version, seed, hours or setup',
  ],
])('SM-2 UX-2 %s is refused, and it is said why', (text, why) => {
  expect(() => readFailure(text, 'a.json')).toThrow(why);
});
