/**
 * How the turns of an operation are judged (RT-1, OP-5), and what its handler does late (OP-3).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import type { FailureClass } from '../../../machines/policy/retry/classifyFailure.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import {
  type Failing,
  GIVE_UP_AFTER_MS,
  isOfTurns,
  OperationHarness,
} from '../../support/harness/operationHarness.ts';

/** On disk, and its first attempt running. */
function attempting(options: ConstructorParameters<typeof OperationHarness>[0] = {}) {
  return new OperationHarness(options).commit();
}

function overhanging(options: ConstructorParameters<typeof OperationHarness>[0] = {}) {
  const operation = attempting(options);
  operation.tell('attempt.overhangs');
  return operation;
}

/** In each state in which its turn may come. */
const TURNS = {
  waiting: () => new OperationHarness({ turn: 'awaitsUpstream' }).commit(),
  suspect: () => attempting().restart(),
  backingOff: () => attempting().fail().commit(),
  rateLimited: () => new OperationHarness({ turn: 'awaitsUpstream' }).commit().limit(500).commit(),
  replayed: () => attempting().fail('permanent').commit().replay(),
} as const;
const STATES = Object.keys(TURNS) as readonly (keyof typeof TURNS)[];
const JUDGED = STATES.filter((state) => state !== 'replayed');

describe('RT-1 a failure is judged at the next turn', () => {
  test('RT-1 in an outage it spent nothing: the number stays, and the wait grows all the same', () => {
    const operation = attempting({ attemptsMax: 3 });
    for (let time = 1; time <= 9; time += 1) {
      operation.fail('transient', { isDoubted: true }).commit().grant(true).commit();
      expect(operation.state).toBe('attempting');
      expect(operation.context).toMatchObject({ attempt: 1, unspentFailures: time });
    }
  });

  test('RT-1 outside of one it did', () => {
    const operation = attempting().fail().commit().grant(false).commit();
    expect(operation.context.attempt).toBe(2);
    expect(operation.context.failedAtMs).toBeUndefined();
  });

  test('RT-1 its last one, while its upstream fails in a row, backs off once more', () => {
    const operation = attempting({ attemptsMax: 1 })
      .fail('transient', { isDoubted: true })
      .commit();
    expect(operation.state).toBe('backingOff');
    expect(operation.grant(true).commit().context.attempt).toBe(1);
    expect(operation.fail('transient', { isDoubted: false }).commit().state).toBe('deadLettered');
  });

  test('RT-1 its last one, cut off without an answer, is judged later: it may be the first of an outage', () => {
    const begin = () => attempting({ attemptsMax: 1 }).fail('unknownOutcome').commit();
    expect(begin().state).toBe('backingOff');
    expect(begin().grant(true).commit().context).toMatchObject({ attempt: 1, isSpent: false });
    const ended = begin();
    ended.tell('attempts.exhausted');
    expect(ended.commit().state).toBe('deadLettered');
  });

  test.each(JUDGED)('RT-1 OP-5 %s, it ends where its turn shows that nothing is left', (state) => {
    const operation = TURNS[state]();
    operation.tell('attempts.exhausted');
    expect(operation.commit().state).toBe('deadLettered');
  });

  test('RT-1 RT-4 when it failed is kept over a restart, and not once a person wants it again', () => {
    const operation = attempting().fail().commit();
    const { nowMs } = operation;
    expect(operation.restart(5_000).context.failedAtMs).toBe(nowMs);
    operation.tell('retry.requested');
    expect(operation.context.failedAtMs).toBeUndefined();
  });

  test('RT-1 what spent nothing, or can not pass, is not judged', () => {
    const failures = [
      ['transient', { status: 429, notApplied: true }],
      ['conflict', {}],
      ['permanent', {}],
    ] as const satisfies readonly (readonly [FailureClass, Failing])[];
    for (const [failureClass, how] of failures) {
      expect(attempting().fail(failureClass, how).context.failedAtMs).toBeUndefined();
    }
  });
});

describe('OP-5 giving up', () => {
  test('OP-5 counts the up time of its upstream from the first failure on', () => {
    const operation = attempting({ attemptsMax: 99 }).fail('transient', { upMs: 500 });
    operation
      .commit()
      .grant()
      .commit()
      .fail('transient', { upMs: 499 + GIVE_UP_AFTER_MS });
    expect(operation.commit().state).toBe('backingOff');
    operation
      .grant()
      .commit()
      .fail('transient', { upMs: 500 + GIVE_UP_AFTER_MS });
    expect(operation.commit().state).toBe('deadLettered');
    expect(operation.context.failure).toMatchObject({
      code: 'HF_GIVEN_UP',
      message: expect.stringContaining('The last failure: It failed.') as string,
    });
  });

  test('OP-5 a wait for a person or a handler begins it anew', () => {
    const waits = {
      person: (operation: OperationHarness) => {
        operation.tell('retry.requested');
      },
      handler: (operation: OperationHarness) => {
        operation.tell('handler.missing');
        operation.tell('handler.registered');
      },
    };
    for (const wait of Object.values(waits)) {
      const operation = attempting().fail().commit();
      expect(operation.context.upMark).toEqual({ upstream: 'payments', upMs: 0 });
      wait(operation);
      expect([operation.state, operation.context.upMark]).toEqual(['waiting', undefined]);
    }
  });

  test.each(JUDGED)('OP-5 %s, at its turn', (state) => {
    const operation = TURNS[state]();
    operation.tell('giveup.due');
    expect(operation.commit().state).toBe('deadLettered');
    expect(operation.context.failure?.code).toBe('HF_GIVEN_UP');
  });
});

describe('PF-5 a rate that is used up', () => {
  test.each(STATES)('PF-5 %s, it waits for its token, and spends nothing', (state) => {
    const operation = TURNS[state]().wait(50);
    const { attempt, isSpent } = operation.context;
    operation.limit(700).commit();
    expect(operation.state).toBe('rateLimited');
    expect(operation.context).toMatchObject({
      attempt,
      isSpent,
      wakeAtMs: operation.nowMs + 700,
      sinceAtMs: operation.nowMs,
      rate: { owner: 'subject', dueAtMs: operation.nowMs + 700, timesAsked: 1 },
    });
    // Its token is its own over a restart.
    expect(operation.restart(100).state).toBe('rateLimited');
    expect(operation.row).toMatchObject({ standing: 'due' });
    expect(operation.grant().commit().context.rate).toBeUndefined();
    expect(operation.state).toBe('attempting');
  });

  test('PF-5 OP-5 RT-2 it leaves that as any other wait', () => {
    const waits = {
      'repeat.unsafe': 'inReview',
      'handler.missing': 'handlerMissing',
      'cancel.requested': 'cancelled',
      'expiry.due': 'expired',
    } as const;
    for (const [event, state] of Object.entries(waits)) {
      const operation = TURNS.rateLimited();
      operation.tell(event as keyof typeof waits);
      expect(operation.commit().state).toBe(state);
    }
  });
});

describe('OP-3 a handler that is silent beyond its time-out', () => {
  test('OP-3 OP-4 is waited for, and kept as ordered', () => {
    const operation = overhanging();
    expect(operation.state).toBe('overhanging');
    expect(operation.commit().row?.value).toBe('ordering');
    operation.tell('turn.granted');
    operation.tell('expiry.due');
    operation.tell('attempt.interrupted');
    expect(operation.state).toBe('overhanging');
  });

  test('OP-3 what it returns in the end counts: a success completes', () => {
    expect(overhanging().succeed().commit().state).toBe('completed');
  });

  test.each([
    ['transient', {}, 'backingOff'],
    ['transient', { isDoubted: true }, 'backingOff'],
    ['conflict', {}, 'conflicted'],
    ['permanent', {}, 'deadLettered'],
    ['unknownOutcome', { isRepeatSafe: false }, 'inReview'],
  ] as const)('OP-3 a failure counts as any other: %s %o', (failureClass, how, state) => {
    for (const begin of [attempting, overhanging]) {
      expect(begin({ attemptsMax: 9 }).fail(failureClass, how).commit().state).toBe(state);
    }
  });

  test('OP-3 OP-5 its last one ends it, and so does its own time, or that it is given up', () => {
    for (const begin of [attempting, overhanging]) {
      expect(begin({ attemptsMax: 1 }).fail().commit().state).toBe('deadLettered');
      const late = begin({ expiresAtMs: 1_000_500 }).wait(500);
      expect(late.fail('unknownOutcome').commit().state).toBe('expired');
      const operation = attempting({ attemptsMax: 9 }).fail().commit().grant().commit();
      if (begin === overhanging) operation.tell('attempt.overhangs');
      operation.fail('transient', { upMs: GIVE_UP_AFTER_MS });
      expect(operation.commit().context.failure?.code).toBe('HF_GIVEN_UP');
    }
  });

  test('OP-3 RT-4 a restart finds it in flight', () => {
    expect(overhanging().commit().restart().state).toBe('suspect');
  });
});

describe('OP-5 cancelled while its handler is at work', () => {
  test.each([
    ['it runs', attempting],
    ['it overhangs', overhanging],
  ])('OP-5 OP-4 %s: kept as cancelled, it ends once its handler has returned', (_, begin) => {
    const operation = begin();
    operation.tell('cancel.requested');
    expect(operation.commit().row).toMatchObject({ value: 'cancelling', standing: 'inHand' });
    expect(operation.state).toBe('cancelling');
    if (begin === attempting) operation.tell('attempt.interrupted');
    else operation.fail('unknownOutcome');
    expect(operation.commit().state).toBe('cancelled');
  });

  test('OP-5 what its handler did all the same counts', () => {
    const operation = attempting();
    operation.tell('cancel.requested');
    expect(operation.commit().succeed().commit().state).toBe('completed');
  });

  test('OP-5 OP-4 a restart ends it: its handler is gone with its process', () => {
    for (const begin of [attempting, overhanging]) {
      const operation = begin();
      operation.tell('cancel.requested');
      expect(operation.commit().restart().commit().state).toBe('cancelled');
    }
  });

  test('OP-5 OP-4 it ends as well where it comes back from the quarantine behind its lane', () => {
    const operation = attempting();
    operation.tell('cancel.requested');
    operation.tell('lane.freed');
    expect(operation.commit().state).toBe('cancelled');
  });
});

test('OP-7 a turn that is taken back, since its type has moved, spends nothing', () => {
  const operation = attempting();
  operation.tell('turn.revoked');
  expect(operation.commit().state).toBe('waiting');
  expect(operation.history).toEqual([]);
  expect(operation.grant().commit().context.attempt).toBe(1);
});

test('RT-4 SV-3 from where it runs alone, only a crash that found it alone counts', () => {
  const crash = (operation: OperationHarness, wasAlone: boolean) =>
    operation.grant().commit().restart(0, wasAlone);
  const operation = attempting().restart(0, false);
  for (let time = 0; time < 9; time += 1) crash(operation, false);
  expect([operation.state, operation.context.crashes]).toEqual(['suspect', 3]);
  for (let time = 0; time < 3; time += 1) crash(operation, true);
  expect(operation.commit().state).toBe('deadLettered');
});

describe('RT-1 RT-2 409 after an attempt in doubt: the upstream may be at work on that', () => {
  /** It told nothing of its attempt, and then answers the next with 409, so long after. */
  const answering409 = (
    conflictIs: 'unlikely' | 'possible',
    upMs: number,
    { isDoubted = false, attemptsMax = 2 } = {},
  ) =>
    new OperationHarness({ attemptsMax })
      .commit()
      .fail('unknownOutcome')
      .commit()
      .grant()
      .commit()
      .fail('transient', { status: 409, conflictIs, upMs, isDoubted })
      .commit();

  test('RT-1 it spends no attempt until the upstream was up for ten minutes, and is a conflict then', () => {
    const operation = answering409('unlikely', 1_000);
    for (let upMs = 60_000; upMs < 600_000; upMs += 60_000) {
      expect(operation.state).toBe('backingOff');
      operation.restart().grant().commit();
      operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs }).commit();
    }
    expect(operation.context.attempt).toBe(2);
    operation.grant().commit();
    operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 600_000 }).commit();
    expect(operation.state).toBe('conflicted');
    expect(operation.context).toMatchObject({
      attempt: 2,
      isOutcomeUnknown: true,
      failure: { failureClass: 'conflict', status: 409 },
    });
  });

  test('RT-4 it ends no run of crashes: it never came to what may kill the process', () => {
    const operation = new OperationHarness({ attemptsMax: 9 }).commit();
    for (let crashes = 1; crashes <= 4; crashes += 1) {
      operation
        .restart(0, crashes > 3)
        .commit()
        .grant()
        .commit();
      expect(operation.context.crashes).toBe(crashes);
      operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 1_000 }).commit();
      operation.grant().commit();
    }
    operation.fail('transient', { status: 503 }).commit();
    expect(operation.context.crashes).toBe(0);
  });

  test('RT-1 what is in doubt anew counts anew', () => {
    const operation = answering409('unlikely', 599_999, { attemptsMax: 9 });
    operation.grant().commit().fail('unknownOutcome', { upMs: 700_000 }).commit().grant().commit();
    operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 1_200_000 }).commit();
    expect(operation.context.workMark?.upMs).toBe(700_000);
  });

  test('RT-2 of a handler that overhangs, too', () => {
    const operation = answering409('unlikely', 1_000).grant().commit();
    operation.tell('attempt.overhangs');
    operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 600_000 }).commit();
    expect(operation.state).toBe('conflicted');
  });

  test('RT-2 a request that names a version spends its attempts, and is a conflict then', () => {
    expect(answering409('possible', 1_000).state).toBe('conflicted');
    expect(answering409('possible', 1_000, { attemptsMax: 3 }).context).toMatchObject({
      attempt: 2,
      isSpent: true,
    });
  });

  test.each([
    ['backingOff', () => undefined],
    ['rateLimited', (operation: OperationHarness) => operation.limit(10)],
    ['waiting', (operation: OperationHarness) => operation.grant().commit().tell('turn.revoked')],
    ['suspect', (operation: OperationHarness) => operation.grant().commit().restart()],
  ] as const)(
    'RT-2 judged at its turn in %s, its last attempt spent, it is a conflict and no dead letter',
    (state, bring) => {
      const operation = answering409('possible', 1_000, { isDoubted: true });
      bring(operation);
      operation.wait(50);
      expect(operation.commit().state).toBe(state);
      operation.tell('attempts.exhausted');
      expect(operation.commit().state).toBe('conflicted');
      expect(operation.context).toMatchObject({
        sinceAtMs: operation.nowMs,
        failure: { failureClass: 'conflict' },
      });
    },
  );

  test('RT-2 a person who wants it tried again gives it its time anew', () => {
    const operation = answering409('unlikely', 1_000).grant().commit();
    operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 600_000 }).commit();
    operation.tell('retry.requested');
    expect(operation.context.workMark).toBeUndefined();
    operation.grant().commit();
    operation.fail('transient', { status: 409, conflictIs: 'unlikely', upMs: 700_000 }).commit();
    expect(operation.state).toBe('backingOff');
  });

  test('RT-2 control: what its handler calls transient is no conflict', () => {
    const operation = new OperationHarness({ attemptsMax: 1 }).commit();
    expect(operation.fail('transient', { status: 409 }).commit().state).toBe('deadLettered');
  });
});

test('OP-5 brought back it is as new: nothing has failed yet that it could be judged by', () => {
  const operation = new OperationHarness().commit().fail('permanent').commit().replay();
  for (const type of ['attempts.exhausted', 'giveup.due'] as const) {
    operation.send({ type, atMs: operation.nowMs });
    expect(operation.state).toBe('replayed');
  }
});

test('OP-5 cancelled once more while its handler returns, nothing changes', () => {
  const operation = new OperationHarness().commit();
  operation.tell('cancel.requested');
  const { context } = operation;
  operation.tell('cancel.requested');
  expect([operation.state, operation.context]).toEqual(['cancelling', context]);
});

test('OB-3 every transition of these was taken', () => {
  const { seen, missing } = transitionsTaken(syncOperationMachine);
  expect(missing.filter(isOfTurns)).toEqual([]);
  expect(seen.filter(isOfTurns).length).toBeGreaterThan(13);
});
