/**
 * Which failures an operation's chart counts as one of its attempts, and what it keeps of them (RT-1, AU-1).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { HISTORY_MAX } from '../../../machines/policy/retry/failureRuns.ts';
import { OperationHarness } from '../../support/harness/operationHarness.ts';

/** The upstream changed nothing, and serves others: the failure may lie in the request. */
const SINGLED_OUT = { notApplied: true, isUpstreamWell: true } as const;
const OUTAGE = { notApplied: true, isUpstreamWell: false } as const;

function attempting(attemptsMax: number | null): OperationHarness {
  return new OperationHarness({ attemptsMax }).commit();
}

/** It fails like this, and is attempted again if it may be. */
function failing(operation: OperationHarness, how: typeof SINGLED_OUT | typeof OUTAGE) {
  return operation.fail('transient', how).commit().grant().commit();
}

test('RT-1 without a bound on its attempts it is tried as long as it takes', () => {
  const operation = attempting(null);
  for (let attempt = 1; attempt <= 9; attempt += 1) operation.fail().commit().grant().commit();
  expect(operation.state).toBe('attempting');
  expect(operation.context.attempt).toBe(10);
});

test('RT-1 of failures that changed nothing, the second in a row that singles it out is its last', () => {
  const operation = failing(attempting(1), SINGLED_OUT);
  expect(operation.state).toBe('attempting');
  expect(operation.context).toMatchObject({ attempt: 1, unspentFailures: 1, isSingledOut: true });
  failing(operation, SINGLED_OUT);
  expect(operation.state).toBe('deadLettered');
});

test('RT-1 an outage between two such failures spends nothing, and neither does the next', () => {
  const operation = attempting(1);
  for (const how of [SINGLED_OUT, OUTAGE, SINGLED_OUT, OUTAGE]) {
    failing(operation, how);
    expect(operation.state).toBe('attempting');
  }
  expect(operation.context).toMatchObject({ attempt: 1, unspentFailures: 4 });
  expect(operation.context.isSingledOut).toBeUndefined();
});

test('AU-1 where a handler failed with an exception of its own, its class and place are kept', () => {
  const operation = attempting(2);
  const { nowMs: atMs } = operation;
  const failure = {
    failureClass: 'transient',
    code: 'HF_ATTEMPT_FAILED',
    message: 'It failed.',
    exception: 'TypeError at src/pay.js:12',
  } as const;
  operation.send({
    type: 'attempt.failed',
    startedAtMs: atMs - 5,
    atMs,
    failure,
    retryAtMs: atMs + 100,
    isRepeatSafe: true,
    isUpstreamWell: true,
    steadyAtMs: atMs,
    isDoubted: false,
    giveUpAfterMs: null,
  });
  expect(operation.context.history).toEqual([
    {
      atMs,
      what: 'failed',
      attempt: 1,
      code: 'HF_ATTEMPT_FAILED',
      startedAtMs: atMs - 5,
      failureClass: 'transient',
      exception: 'TypeError at src/pay.js:12',
    },
  ]);
});

test('AU-1 its history keeps the newest entries only', () => {
  const operation = new OperationHarness({ attemptsMax: null }).commit();
  for (let i = 0; i < HISTORY_MAX + 5; i += 1) operation.fail().commit().grant().commit();
  expect(operation.history).toHaveLength(HISTORY_MAX);
  expect(operation.history.at(-1)).toBe(`failed ${HISTORY_MAX + 5}`);
});

test('AU-1 each failed attempt is kept with its beginning, end, class and code', () => {
  const operation = new OperationHarness().commit().wait(70).fail('permanent').commit();
  expect(operation.context.history).toEqual([
    {
      atMs: operation.nowMs,
      what: 'failed',
      attempt: 1,
      code: 'HF_ATTEMPT_FAILED',
      startedAtMs: operation.nowMs - 50,
      failureClass: 'permanent',
    },
  ]);
});
