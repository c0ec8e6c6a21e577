import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { cases } from '../../support/cases.ts';
import { OperationHarness } from '../../support/harness/operationHarness.ts';
import { checkHistories, expectSafe } from '../../support/harness/operationHistory.ts';

describe('random histories with restarts, downtime, cancels, expiry and retries', () => {
  test('OP-1 RT-4 PS-2 the chart does what the requirements say, and always comes to an end', () => {
    checkHistories(syncOperationMachine, { numRuns: cases(200, 600) });
  });

  test('OP-3 work that becomes an edit after an edited replay goes on from the key of the replay', () => {
    // A history that was found by chance.
    checkHistories(syncOperationMachine, {
      seed: -1030913657,
      path: '9:3:0:0:1:7:8:10:10:13:17:21:20:21:23:24:25:25',
    });
  });

  const faulty = (
    bug: Parameters<typeof syncOperationMachine.provide>[0],
  ): typeof syncOperationMachine => syncOperationMachine.provide(bug);

  test.each([
    ['counts attempts anew', faulty({ actions: { orderAttempt: assign({ isSpent: false }) } })],
    [
      'lets a crash spend an attempt',
      faulty({ actions: { noteCrash: assign({ isSpent: true }) } }),
    ],
    ['never takes anything for a crasher', faulty({ guards: { hasCrashedTooOften: () => false } })],
    ['begins before its time', faulty({ guards: { isBeforeStart: () => false } })],
    ['repeats what is not safe', faulty({ guards: { isRepeatUnsafe: () => false } })],
    [
      'spends an attempt on what says nothing about the request',
      faulty({ actions: { noteFailure: assign({ isSpent: true }) } }),
    ],
    [
      'never holds against a request that it alone fails',
      faulty({ actions: { noteFailure: assign({ isSingledOut: undefined }) } }),
    ],
    [
      'tries on for ever while one is at work',
      faulty({ guards: { isConflictAfterAll: () => false } }),
    ],
    ['gives a conflict up', faulty({ guards: { hasMetConflict: () => false } })],
    ['begins what has expired', faulty({ guards: { hasExpired: () => false } })],
    ['never runs out of attempts', faulty({ guards: { hasAttemptsLeft: () => true } })],
    ['forgets how it ended', faulty({ guards: { isCancelled: () => false } })],
    [
      'forgets on a replay what may have been applied',
      faulty({ actions: { beginAfresh: assign({ isOutcomeUnknown: false }) } }),
    ],
  ])('RT-4 control: a chart that %s is caught', (_, machine) => {
    expect(() => {
      checkHistories(machine, { numRuns: 2_000, seed: 2, endOnFailure: true });
    }).toThrow('Property failed');
  });

  test('PS-2 control: an attempt that begins before it is on disk is caught without the reference', () => {
    // Its turn comes as if its order were on disk already.
    const operation = new OperationHarness({ turn: 'awaitsUpstream' }).commit().grant();
    operation.tell('journal.committed');
    expect(() => {
      expectSafe(operation, []);
    }).toThrow('waiting');
  });
});
