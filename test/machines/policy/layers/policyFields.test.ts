/** Which policies there are, what holds where no layer says anything, and which layer may set which. */

import { expect, test } from 'vitest';
import {
  BUILT_IN_POLICIES,
  CRISIS_POLICIES,
  POLICY_FIELDS,
  POLICY_LAYERS,
  POLICY_NAMES,
  POLICY_PARTS,
  POLICY_PARTS_REMOVED,
  RATES,
  rulesOf,
} from '../../../../machines/policy/layers/policyFields.ts';
import { checkFields } from '../../../../machines/vocabulary/optionFields.ts';
import { RETRY_CLASSES } from '../../../../machines/vocabulary/urgency.ts';

const OF_OPERATION = ['attemptTimeoutMs', 'retry', 'responseDeadlineMs'];
const OF_TIER = [...OF_OPERATION, 'subjectRate', 'tierRate'];
const OF_UPSTREAM = [...OF_TIER, 'breaker', 'flow', 'concurrency', 'crisisConcurrency', 'rate'];

test('UX-2 each layer may set what is of it and of those within it, and of crises only what is not promised', () => {
  const mayBeSet = (...of: Parameters<typeof rulesOf>) => Object.keys(rulesOf(...of));
  expect(POLICY_LAYERS).toEqual(['defaults', 'upstream', 'tier', 'type']);
  expect(mayBeSet('type', 'a.b')).toEqual(OF_OPERATION);
  expect(mayBeSet('tier', 'premium')).toEqual(OF_TIER);
  expect(mayBeSet('upstream', 'crisis')).toEqual(OF_UPSTREAM);
  expect(mayBeSet('defaults', null)).toEqual([...OF_UPSTREAM, 'degradation', 'watchdogMs']);
  expect(POLICY_NAMES).toEqual(mayBeSet('defaults', null));
  expect(mayBeSet('tier', 'crisis')).toEqual(CRISIS_POLICIES);
  expect(CRISIS_POLICIES).toEqual(['attemptTimeoutMs', 'retry']);
});

test.each([
  ['attemptTimeoutMs', [1, 60_000], [0, '1', null]],
  ['retry', [{}], [null, 5]],
  ['responseDeadlineMs', [1, 60_000], [0, null]],
  ['subjectRate', [null, {}], [5, 'x']],
  ['tierRate', [null, {}], [5, 'x']],
  ['breaker', [{}], [null, 5]],
  ['flow', [{}], [null, 5]],
  ['concurrency', [1, 1e9], [0, 1.5, null]],
  ['crisisConcurrency', [1, 1e9], [0, 1.5, null]],
  ['rate', [null, {}], [5, 'x']],
  ['degradation', [{}], [null, 5]],
  ['watchdogMs', [1, 60_000], [-1, 'x', null]],
] as const)('UX-2 %s takes %j and not %j', (name, sound, unsound) => {
  const check = (value: unknown) => () => {
    checkFields({ [name]: value }, { [name]: POLICY_FIELDS[name].rule }, 'policies');
  };
  for (const value of sound) expect(check(value), JSON.stringify(value)).not.toThrow();
  for (const value of unsound) expect(check(value), JSON.stringify(value)).toThrow(name);
});

test('UX-2 what is set part by part has rules for its parts, and tells of parts that there were', () => {
  expect(RATES).toEqual(['subjectRate', 'tierRate', 'rate']);
  expect(Object.keys(POLICY_PARTS)).toEqual(['retry', 'breaker', 'flow', 'degradation']);
  for (const [name, rules] of Object.entries(POLICY_PARTS)) {
    expect(Object.keys(rules).length, name).toBeGreaterThan(2);
  }
  expect(Object.keys(POLICY_PARTS_REMOVED)).toEqual(['breaker', 'degradation']);
});

test('UX-2 PF-1 what is built in, of each class', () => {
  expect(Object.keys(BUILT_IN_POLICIES)).toEqual([...RETRY_CLASSES]);
  const deadlines = { crisis: 200, premium: 1_000, basic: 2_000, trial: 5_000 };
  for (const of of RETRY_CLASSES) {
    expect(Object.keys(BUILT_IN_POLICIES[of])).toEqual([...POLICY_NAMES]);
    expect(BUILT_IN_POLICIES[of]).toMatchObject({
      attemptTimeoutMs: 10_000,
      responseDeadlineMs: deadlines[of],
      subjectRate: null,
      tierRate: null,
      concurrency: 128,
      crisisConcurrency: 16,
      rate: null,
      watchdogMs: 10_000,
    });
    // Slots and time-outs follow from policies of their own.
    expect(BUILT_IN_POLICIES[of].flow).not.toHaveProperty('slotsMax');
    expect(BUILT_IN_POLICIES[of].flow).not.toHaveProperty('timeoutMsMax');
  }
});
