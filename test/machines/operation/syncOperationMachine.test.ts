import { describe, expect, test } from 'vitest';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import {
  isOfConflicts,
  isOfStart,
  isOfTurns,
  OperationHarness,
} from '../../support/harness/operationHarness.ts';

/** On disk, and its first attempt running. */
function attempting(options: ConstructorParameters<typeof OperationHarness>[0] = {}) {
  return new OperationHarness(options).commit();
}

/** One operation in each state in which it waits, made the way it gets there. */
function interrupted(): OperationHarness {
  const operation = attempting();
  operation.tell('attempt.interrupted');
  return operation.commit();
}

const waitingIn = {
  accepting: () => new OperationHarness({ turn: 'awaitsUpstream' }),
  inLane: () => new OperationHarness({ turn: 'awaitsLane' }).commit(),
  waiting: () => new OperationHarness({ turn: 'awaitsUpstream' }).commit(),
  handlerMissing: () => new OperationHarness({ turn: 'awaitsHandler' }).commit(),
  suspect: () => attempting().restart(),
  backingOff: () => attempting().fail().commit(),
  conflicted: () => attempting().fail('conflict').commit(),
  inReview: () => attempting().fail('unknownOutcome', { isRepeatSafe: false }).commit(),
  replayed: () => attempting().fail('permanent').commit().replay(),
} as const;

const waitingStates = Object.keys(waitingIn) as readonly (keyof typeof waitingIn)[];

function revivedAsAccepted(turn: 'awaitsUpstream' | 'awaitsLane'): OperationHarness {
  return new OperationHarness({ turn }).commit().restart();
}

describe('acceptance', () => {
  test('OP-2 nothing is attempted before the request is on disk', () => {
    const operation = new OperationHarness();
    expect(operation.state).toBe('accepting');
    expect(operation.begun).toEqual([]);
    operation.commit();
    expect(operation.state).toBe('attempting');
    expect(operation.begun).toMatchObject([
      { id: 'operation-1', number: 1, onDisk: { value: 'ordering' } },
    ]);
  });

  test.each([
    ['granted', 'attempting'],
    ['awaitsUpstream', 'waiting'],
    ['awaitsLane', 'inLane'],
    ['awaitsHandler', 'handlerMissing'],
  ] as const)('OP-1 once it is on disk and its turn is %s, it is %s', (turn, state) => {
    expect(new OperationHarness({ turn }).commit().state).toBe(state);
  });

  test('OP-2 what could not be written was never accepted', () => {
    const operation = new OperationHarness();
    operation.refuse('journal.failed');
    expect(operation.state).toBe('rejected');
    expect(operation.isOver).toBe(true);
    expect(operation.begun).toEqual([]);
  });

  test('OP-8 one that was there already begins nothing', () => {
    const operation = new OperationHarness();
    operation.refuse('journal.duplicated');
    expect(operation.state).toBe('duplicate');
    expect(operation.begun).toEqual([]);
  });

  test('OP-6 read back as accepted it stands in line, and its turn is made durable first', () => {
    const operation = revivedAsAccepted('awaitsUpstream');
    expect(operation.state).toBe('waiting');
    operation.grant();
    expect(operation.state).toBe('ordering');
    expect(operation.commit().begun).toMatchObject([{ number: 1, onDisk: { value: 'ordering' } }]);
  });

  test('OP-4 read back as accepted it also leaves its lane', () => {
    const operation = revivedAsAccepted('awaitsLane').wait(50);
    expect(operation.state).toBe('inLane');
    operation.tell('lane.freed');
    expect(operation.state).toBe('waiting');
    expect(operation.context.wakeAtMs).toBe(operation.nowMs);
  });
});

describe('waiting', () => {
  test('OP-4 in a lane it goes on when those before it have ended, and not by a turn', () => {
    const operation = waitingIn.inLane().grant();
    expect(operation.state).toBe('inLane');
    operation.tell('lane.freed');
    expect(operation.state).toBe('waiting');
  });

  test('OP-7 without a handler it waits until one is registered', () => {
    const operation = waitingIn.handlerMissing().grant();
    expect(operation.state).toBe('handlerMissing');
    operation.tell('handler.registered');
    expect(operation.state).toBe('waiting');
    expect(
      operation
        .grant()
        .commit()
        .begun.map(({ number }) => number),
    ).toEqual([1]);
  });

  test.each(['inLane', 'waiting', 'suspect', 'backingOff', 'replayed'] as const)(
    'OP-7 %s, it learns that its handler is gone',
    (state) => {
      const operation = waitingIn[state]();
      expect(operation.state).toBe(state);
      operation.tell('handler.missing');
      expect(operation.state).toBe('handlerMissing');
    },
  );

  test('OP-7 one that was to end with its function is given up where that is gone, and replayed by a handler', () => {
    const operation = new OperationHarness({ isBoundToProcess: true, turn: 'awaitsUpstream' });
    operation.commit();
    operation.tell('handler.missing');
    expect(operation.state).toBe('settling');
    expect(operation.context).toMatchObject({
      ending: 'deadLettered',
      failure: { code: 'HF_FUNCTION_GONE', failureClass: 'permanent' },
    });
    operation.commit();
    expect(operation.state).toBe('deadLettered');
    operation.replay();
    expect(operation.context.isBoundToProcess).toBeUndefined();
    operation.tell('handler.missing');
    expect(operation.state).toBe('handlerMissing');
  });

  test('OP-7 an attempt without a handler did not happen, and spends nothing', () => {
    const operation = attempting();
    operation.tell('handler.missing');
    operation.tell('handler.registered');
    operation.commit().grant().commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 1]);
    expect(operation.context.isOutcomeUnknown).toBe(false);
  });
});

describe('attempts', () => {
  test('OP-1 a success is written before anybody is told', () => {
    const operation = attempting().succeed();
    expect(operation.state).toBe('settling');
    expect(operation.isOver).toBe(false);
    operation.commit();
    expect(operation.state).toBe('completed');
    expect(operation.context).toMatchObject({ ending: 'completed', failure: null, isSpent: true });
  });

  test('RT-1 after a failure that may pass, it backs off and takes the next number', () => {
    const operation = attempting().fail('transient', { retryInMs: 700 }).commit();
    expect(operation.state).toBe('backingOff');
    expect(operation.context).toMatchObject({
      wakeAtMs: operation.nowMs + 700,
      delayMs: 700,
      isSpent: true,
    });
    operation.wait(700).grant();
    expect(operation.state).toBe('ordering');
    operation.commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 2]);
  });

  test('RT-4 the number of an attempt is on disk before the attempt runs', () => {
    const operation = attempting().fail().commit().grant();
    expect(operation.begun).toHaveLength(1);
    operation.commit();
    expect(operation.begun[1]).toMatchObject({
      number: 2,
      onDisk: { value: 'ordering', context: { attempt: 2, isSpent: false } },
    });
  });

  test('OP-5 when its last attempt has failed, it goes to the dead letters', () => {
    const operation = attempting({ attemptsMax: 2 }).fail().commit().grant().commit().fail();
    expect(operation.state).toBe('settling');
    expect(operation.commit().state).toBe('deadLettered');
    expect(operation.history).toEqual(['failed 1', 'failed 2']);
  });

  test('RT-2 a permanent failure ends it at once', () => {
    expect(attempting().fail('permanent').commit().state).toBe('deadLettered');
  });

  test.each(['conflicted', 'inReview'] as const)('CF-6 %s, only a person sends it on', (state) => {
    const operation = waitingIn[state]().grant();
    expect(operation.state).toBe(state);
    operation.tell('retry.requested');
    expect(operation.state).toBe('waiting');
    operation.commit().grant().commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 2]);
    expect(operation.history.at(-1)).toBe('retryRequested 1');
  });

  test('RT-2 an unknown outcome is repeated where a repeat does nothing twice', () => {
    const operation = attempting().fail('unknownOutcome');
    expect(operation.state).toBe('backingOff');
    expect(operation.context.isOutcomeUnknown).toBe(true);
    // Once unknown, always unknown: a later refusal says nothing about the first attempt.
    operation.commit().grant().commit().fail();
    expect(operation.context.isOutcomeUnknown).toBe(true);
  });

  test.each([
    ['waiting', () => interrupted()],
    ['backingOff', () => attempting().fail('unknownOutcome').commit()],
    ['suspect', () => attempting().restart()],
  ] as const)(
    'RT-2 in %s, a repeat that is not safe any more waits for a person',
    (state, make) => {
      const operation = make();
      expect(operation.state).toBe(state);
      operation.tell('repeat.unsafe');
      expect(operation.state).toBe('inReview');
      operation.commit().grant();
      expect(operation.state).toBe('inReview');
      operation.tell('retry.requested');
      expect(operation.context.isOutcomeUnknown).toBe(false);
    },
  );

  test('OP-5 retry now does not wait for the backoff to pass', () => {
    const operation = waitingIn.backingOff();
    operation.tell('retry.requested');
    expect(operation.state).toBe('waiting');
    expect(operation.context.wakeAtMs).toBe(operation.nowMs);
  });

  test('SV-4 an attempt aborted by a stop spends nothing and comes again', () => {
    const operation = attempting();
    operation.tell('attempt.interrupted');
    expect(operation.state).toBe('waiting');
    expect(operation.context).toMatchObject({ isSpent: false, isOutcomeUnknown: true });
    operation.commit().restart().grant().commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 1]);
  });

  test('OP-7 an attempt whose type has moved to another upstream waits for that, and spends nothing', () => {
    const operation = attempting();
    operation.tell('turn.revoked');
    expect(operation.state).toBe('waiting');
    expect(operation.context).toMatchObject({ isSpent: false, isOutcomeUnknown: false });
    operation.commit().grant().commit();
    expect(operation.context.attempt).toBe(1);
  });

  test('RT-2 an answer that comes late moves nothing', () => {
    const operation = waitingIn.backingOff().succeed().fail('permanent');
    operation.tell('attempt.interrupted');
    expect(operation.state).toBe('backingOff');
    expect(operation.history).toEqual(['failed 1']);
  });
});

describe('dead letters', () => {
  /** Given up after its two attempts. */
  const deadLetter = (options: ConstructorParameters<typeof OperationHarness>[0] = {}) =>
    attempting({ attemptsMax: 2, ...options })
      .fail()
      .commit()
      .grant()
      .commit()
      .fail()
      .commit();

  /** Its last attempt was cut off, and that was no outage. */
  const cutOffAtLast = () => {
    const operation = attempting({ attemptsMax: 1 }).fail('unknownOutcome').commit();
    operation.tell('attempts.exhausted');
    return operation.commit();
  };

  test('OP-5 a dead letter waits for a person and takes nothing else', () => {
    const operation = deadLetter().grant();
    operation.tell('retry.requested');
    operation.tell('cancel.requested');
    expect(operation.state).toBe('deadLettered');
  });

  test('OP-5 replayed, its attempts are afresh, under the same key, and its history goes on', () => {
    const operation = deadLetter().wait(50).replay();
    expect(operation.state).toBe('replayed');
    expect(operation.context).toMatchObject({
      attempt: 1,
      isSpent: false,
      idempotencyKey: 'key-1',
      wakeAtMs: operation.nowMs,
      ending: null,
      settledAtMs: null,
      failure: null,
    });
    operation.grant().commit().fail().commit().grant().commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 2, 1, 2]);
    expect(operation.history).toEqual(['failed 1', 'failed 2', 'replayRequested 2', 'failed 1']);
    expect(operation.succeed().commit().state).toBe('completed');
  });

  test('PS-2 replayed, its attempt is ordered on disk before it runs', () => {
    const operation = deadLetter().replay().restart().grant();
    expect(operation.begun).toHaveLength(2);
    operation.commit();
    expect(operation.begun[2]).toMatchObject({ number: 1, onDisk: { value: 'ordering' } });
  });

  test.each(['lane.freed', 'handler.registered'] as const)(
    'OP-4 replayed, it waits until %s',
    (event) => {
      const operation = waitingIn.replayed();
      operation.tell(event);
      expect(operation.state).toBe('waiting');
    },
  );

  test('OP-5 edited, it goes out under its new key', () => {
    const operation = deadLetter().replay({ idempotencyKey: 'key-2' });
    expect(operation.context).toMatchObject({ idempotencyKey: 'key-2', firstAttemptAtMs: null });
    expect(operation.history.at(-1)).toBe('editedReplayRequested 2');
  });

  test('OP-5 one whose time is over is not replayed', () => {
    const operation = deadLetter({ expiresAtMs: 1_000_100 });
    expect(operation.wait(100).replay().state).toBe('deadLettered');
  });

  test('RT-2 what may have been applied keeps that through a replay, and a person can approve it', () => {
    const kept = cutOffAtLast().wait(50).replay();
    expect(kept.context).toMatchObject({ isOutcomeUnknown: true, firstAttemptAtMs: 1_000_000 });
    kept.tell('repeat.unsafe');
    expect(kept.state).toBe('inReview');
    const approved = cutOffAtLast().replay({ isRepeatApproved: true });
    expect(approved.context).toMatchObject({ isOutcomeUnknown: false, firstAttemptAtMs: null });
  });

  test('RT-2 a new key does not protect from what the old one may have done', () => {
    expect(cutOffAtLast().replay({ idempotencyKey: 'key-2' }).state).toBe('deadLettered');
    expect(cutOffAtLast().replay({ idempotencyKey: 'key-2', isRepeatApproved: true }).state).toBe(
      'replayed',
    );
  });
});

describe('cancel and expiry', () => {
  test.each(waitingStates)('OP-5 %s, it can be cancelled, and that is durable first', (state) => {
    const operation = waitingIn[state]();
    operation.tell('cancel.requested');
    expect(operation.state).toBe('settling');
    expect(operation.commit().state).toBe('cancelled');
  });

  test.each(waitingStates)('OP-5 %s, it expires', (state) => {
    const operation = waitingIn[state]();
    operation.tell('expiry.due');
    expect(operation.state).toBe('settling');
    expect(operation.commit().state).toBe('expired');
  });

  test('OP-5 cancelled while its attempt is ordered, it never begins', () => {
    const operation = waitingIn.waiting().grant();
    operation.tell('cancel.requested');
    expect(operation.commit().state).toBe('cancelled');
    expect(operation.begun).toEqual([]);
  });

  test('OP-5 it does not begin once it has expired', () => {
    expect(new OperationHarness({ expiresAtMs: 1_000_000 }).commit().state).toBe('expired');
    const ordered = attempting({ turn: 'awaitsUpstream', expiresAtMs: 1_000_005 }).grant();
    expect(ordered.wait(5).commit().state).toBe('expired');
    const told = waitingIn.waiting().grant();
    told.tell('expiry.due');
    expect([told.commit().state, ...told.begun, ...ordered.begun]).toEqual(['expired']);
  });

  test('OP-5 cancelled while it runs, the attempt is aborted and its outcome unknown', () => {
    const operation = attempting();
    operation.tell('cancel.requested');
    expect(operation.aborted).toBe(1);
    expect(operation.context.isOutcomeUnknown).toBe(true);
    expect(operation.history).toEqual(['interrupted 1']);
    // It is kept as cancelled before its handler has returned, and ends when it has.
    expect(operation.commit().state).toBe('cancelling');
    expect(operation.row).toMatchObject({ value: 'cancelling', standing: 'inHand' });
    operation.tell('attempt.interrupted');
    expect(operation.commit().state).toBe('cancelled');
  });

  test('OP-5 an ending is not changed by what comes after it', () => {
    const operation = attempting().succeed();
    operation.tell('cancel.requested');
    operation.tell('expiry.due');
    expect(operation.commit().state).toBe('completed');
  });
});

describe('crashes', () => {
  test('RT-4 what a crash found in flight is suspect, and spends no attempt', () => {
    const operation = attempting().restart(60_000);
    expect(operation.state).toBe('suspect');
    expect(operation.context).toMatchObject({ crashes: 1, isOutcomeUnknown: true, attempt: 1 });
    operation.grant().commit();
    expect(operation.begun.map(({ number }) => number)).toEqual([1, 1]);
    expect(operation.commit().row).toMatchObject({ value: 'ordering', context: { crashes: 1 } });
  });

  test('RT-4 a crash that found it waiting for its turn as a suspect is not counted again', () => {
    const operation = attempting().restart().restart().restart();
    expect(operation.context.crashes).toBe(1);
  });

  test('RT-4 found in flight at the last crash while it ran alone, it goes to the dead letters', () => {
    const operation = attempting();
    for (let crashes = 1; crashes < CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX; crashes += 1) {
      expect(operation.restart().context.crashes).toBe(crashes);
      operation.grant().commit();
    }
    operation.restart();
    expect(operation.context.failure?.code).toBe('HF_CRASHES_PROCESS');
    expect(operation.commit().state).toBe('deadLettered');
    expect(operation.begun.every(({ number }) => number === 1)).toBe(true);
  });

  test('RT-4 an attempt that ends shows that it does not kill: the count begins anew', () => {
    const operation = attempting().restart().grant().commit().fail().commit();
    expect(operation.context.crashes).toBe(0);
  });

  test('RT-4 a due time is absolute: a restart neither shortens nor lengthens it', () => {
    const operation = attempting().fail('transient', { retryInMs: 10_000 }).commit();
    const { wakeAtMs } = operation.context;
    operation.restart(4_000);
    expect(operation.state).toBe('backingOff');
    expect(operation.context.wakeAtMs).toBe(wakeAtMs);
    expect(operation.context.attempt).toBe(1);
  });

  test('SV-4 a suspect that did not get its turn waits like the others after a stop', () => {
    const operation = attempting().restart();
    operation.send({ type: 'process.stopping' });
    expect(operation.commit().restart().state).toBe('waiting');
  });

  test('RT-2 the lifetime of its key counts from acceptance when that ordered the attempt', () => {
    const operation = attempting().wait(500).restart();
    expect(operation.context.firstAttemptAtMs).toBe(operation.context.acceptedAtMs);
    const later = waitingIn.waiting().wait(500).grant().commit().fail();
    expect(later.context.firstAttemptAtMs).toBe(later.context.acceptedAtMs + 500);
  });
});

describe('what is on disk', () => {
  test('PS-2 an attempt that runs is kept as ordered', () => {
    expect(attempting().fail().commit().grant().commit().row?.value).toBe('ordering');
  });
});

test('OB-3 every transition of the chart was taken, but for those that are taken in those of turns, of the start and of conflicts', () => {
  const { missing } = transitionsTaken(syncOperationMachine);
  expect(
    missing.filter((label) => !isOfTurns(label) && !isOfStart(label) && !isOfConflicts(label)),
  ).toEqual([]);
});
