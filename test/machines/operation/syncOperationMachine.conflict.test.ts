/**
 * Edits: what is compared before it goes out, and what becomes of a conflict (CF-6, CF-8).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  type SyncOperationEvent,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { isOfConflicts, OperationHarness } from '../../support/harness/operationHarness.ts';

type Options = ConstructorParameters<typeof OperationHarness>[0];

const edit = (options: Options = {}) =>
  new OperationHarness({ isEdit: true, turn: 'awaitsUpstream', ...options }).commit();

/** It has its turn, and is compared. */
const comparing = (options: Options = {}) => edit(options).grant();

/** Its first attempt is under way. */
const attempting = (options: Options = {}) => comparing(options).compare().commit();

/** The upstream holds another version. */
const conflicted = (options: Options = {}) =>
  attempting(options).fail('conflict', { status: 412 }).commit();

/** The same, after an attempt that may have been applied. */
const conflictedInDoubt = () =>
  attempting()
    .fail('unknownOutcome')
    .commit()
    .grant()
    .commit()
    .fail('conflict', { status: 409 })
    .commit();

describe('CF-6 PS-2 an edit is compared at its turn, before it goes out', () => {
  test('CF-6 its order and its body are on disk together, before its attempt begins', () => {
    const operation = comparing();
    expect([operation.state, operation.hasPendingWrite]).toEqual(['comparing', false]);
    expect(operation.row).toMatchObject({ value: 'waiting', body: 0 });
    operation.compare();
    expect([operation.state, operation.begun.length]).toEqual(['ordering', 0]);
    operation.commit();
    expect(operation.begun).toMatchObject([
      {
        number: 1,
        key: 'key-1',
        body: 1,
        onDisk: { value: 'ordering', body: 1, context: { isCompared: true } },
      },
    ]);
    expect(operation.succeed().commit().state).toBe('completed');
  });

  test('CF-6 control: what is no edit is not compared', () => {
    const operation = edit({ isEdit: undefined }).grant();
    expect(operation.state).toBe('ordering');
  });

  test('CF-6 accepted with its turn, it is compared before what was ordered with it begins', () => {
    const operation = edit({ turn: 'granted' });
    expect([operation.state, operation.begun.length]).toEqual(['comparing', 0]);
    expect(operation.compare().state).toBe('ordering');
    expect(operation.commit().begun).toMatchObject([{ number: 1, body: 1 }]);
  });

  test('CF-6 OP-3 compared once, it goes out again as it is: from backoff, its rate and after a crash', () => {
    const operation = attempting({ attemptsMax: 9 }).fail().commit().grant();
    expect(operation.state).toBe('ordering');
    operation.commit().fail().commit().limit(1_000).commit().grant();
    expect(operation.state).toBe('ordering');
    operation.commit().restart();
    expect(operation.state).toBe('suspect');
    operation.grant().commit();
    expect(operation.begun.map(({ key, body }) => [key, body])).toEqual(
      Array.from({ length: 4 }, () => ['key-1', 1]),
    );
  });

  test('CF-6 wherever its turn comes, it is compared first', () => {
    const limited = edit().limit(1_000).commit().grant();
    const crashed = edit({ turn: 'granted' }).restart().grant();
    const pending = comparing();
    pending.tell('conflict.found');
    pending.commit().pend(1_000).commit().grant();
    for (const operation of [limited, crashed, pending]) expect(operation.state).toBe('comparing');
  });

  test('CF-6 PS-2 a process that dies meanwhile has kept nothing of it: it waits, and is compared again', () => {
    const operation = comparing().restart();
    expect([operation.state, operation.context.isCompared]).toEqual(['waiting', undefined]);
    const late = comparing().compare().restart();
    expect([late.state, late.context.isCompared]).toEqual(['waiting', undefined]);
    expect(late.grant().state).toBe('comparing');
  });

  test.each([
    ['turn.revoked', 'waiting'],
    ['attempt.interrupted', 'waiting'],
    ['handler.missing', 'handlerMissing'],
  ] as const)('CF-6 told %s meanwhile, it comes again: nothing has gone out', (event, state) => {
    const operation = comparing().wait(50);
    operation.tell(event);
    operation.commit();
    expect(operation.state).toBe(state);
    expect(operation.context).toMatchObject({
      attempt: 1,
      isSpent: false,
      isOutcomeUnknown: false,
      firstAttemptAtMs: null,
      sinceAtMs: operation.nowMs,
    });
    operation.tell('handler.registered');
    expect(operation.commit().grant().state).toBe('comparing');
  });

  test.each([
    ['cancel.requested', 'cancelled'],
    ['expiry.due', 'expired'],
  ] as const)('OP-5 told %s meanwhile, it ends without an attempt', (event, ending) => {
    const operation = comparing();
    operation.tell(event);
    expect([operation.commit().state, operation.begun.length]).toEqual([ending, 0]);
  });

  test('CF-6 what has to be looked at first waits for that, and spends nothing', () => {
    const operation = comparing().wait(50);
    operation.tell('conflict.found');
    expect(operation.commit().state).toBe('conflicted');
    expect(operation.row).toMatchObject({ value: 'conflicted', standing: 'held', body: 0 });
    expect(operation.restart().state).toBe('conflicted');
    expect(operation.merge().commit().state).toBe('waiting');
    expect(operation.grant().commit().begun).toMatchObject([
      { number: 1, key: 'operation-1-r1', body: 1 },
    ]);
  });
});

describe('OP-3 CF-8 after a definite conflict a new body goes out under a new key', () => {
  test('OP-3 each round has its own, and spends no attempt', () => {
    const operation = conflicted().merge().commit();
    expect(operation.context).toMatchObject({ round: 1, isCompared: true, failure: null });
    expect(operation.row).toMatchObject({ value: 'waiting', standing: 'due', body: 2 });
    operation.grant().commit().fail('conflict', { status: 409 }).commit().merge().commit();
    operation.grant().commit().fail().commit().grant().commit();
    expect(operation.begun.map(({ number, key, body }) => [number, key, body])).toEqual([
      [1, 'key-1', 1],
      [1, 'operation-1-r1', 2],
      [1, 'operation-1-r2', 3],
      [2, 'operation-1-r2', 3],
    ]);
    expect(operation.history).toEqual(['failed 1', 'merged 1', 'failed 1', 'merged 1', 'failed 1']);
    expect(operation.succeed().commit().state).toBe('completed');
  });

  test('OP-3 a new body goes out under the number of the attempt that was refused, whatever that had spent', () => {
    const operation = attempting({ attemptsMax: 1 });
    operation.fail('transient', { status: 409, conflictIs: 'possible' }).commit();
    expect([operation.state, operation.context.isSpent]).toEqual(['conflicted', true]);
    operation.merge().commit().grant();
    expect(operation.context.attempt).toBe(1);
  });

  test('OP-3 control: a conflict of what is no edit spends its attempt', () => {
    const operation = new OperationHarness().commit().fail('conflict', { status: 412 }).commit();
    operation.tell('retry.requested');
    expect(operation.commit().grant().commit().begun.at(-1)).toMatchObject({
      number: 2,
      key: 'key-1',
    });
  });

  test('OP-3 what the upstream knows of the new key counts from its own first attempt', () => {
    const operation = conflicted().wait(5_000).merge().commit();
    expect(operation.context.firstAttemptAtMs).toBeNull();
    operation.wait(5_000).grant();
    expect(operation.context.firstAttemptAtMs).toBe(operation.nowMs);
  });

  test('RT-4 a new body that is not on disk yet is lost with the process, and is made again', () => {
    const operation = conflicted().merge().restart();
    expect([operation.state, operation.context.round]).toEqual(['conflicted', undefined]);
    operation.merge().commit().restart();
    expect([operation.state, operation.context.round]).toEqual(['waiting', 1]);
  });

  test('OP-3 a number that a body had already is refused', () => {
    const operation = conflicted().merge().commit().grant().commit();
    operation.fail('conflict', { status: 412 }).commit().merge(1).merge(0);
    expect(operation.state).toBe('conflicted');
    expect(operation.merge(2).state).toBe('waiting');
  });

  test('CF-6 what is no edit is merged with nothing', () => {
    const operation = conflicted({ isEdit: undefined }).merge().pend(1_000).refuseConflict();
    operation.tell('conflict.applied');
    expect(operation.state).toBe('conflicted');
  });

  test('OP-5 what it waited for somebody does not count for its being given up', () => {
    expect(conflicted().merge().context.upMark).toBeUndefined();
  });
});

describe('OP-3 RT-2 after an attempt that may have been applied nothing else goes out', () => {
  test('RT-2 it is merged only once that is known, or a person has decided', () => {
    const operation = conflictedInDoubt();
    expect(operation.context.isOutcomeUnknown).toBe(true);
    expect(operation.merge().state).toBe('conflicted');
    operation.merge(1, true);
    expect(operation.state).toBe('waiting');
    expect(operation.context.isOutcomeUnknown).toBe(false);
  });

  test('CF-8 what the upstream holds already completes it', () => {
    const operation = conflictedInDoubt();
    operation.tell('conflict.applied');
    expect(operation.commit().state).toBe('completed');
    expect(operation.context.failure).toBeNull();
  });

  test('RT-2 while the upstream is at work on it still, it is asked again and spends no attempt', () => {
    const operation = conflictedInDoubt();
    for (let time = 0; time < 20; time += 1) {
      operation.pend(1_000);
      expect(operation.commit().state).toBe('backingOff');
      operation.wait(1_000).grant().commit().fail('conflict', { status: 409 }).commit();
    }
    expect(operation.context).toMatchObject({ attempt: 2, isOutcomeUnknown: true });
    expect(new Set(operation.begun.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
    expect(operation.context.unspentFailures).toBe(20);
    operation.pend(1_000).commit().grant().commit().succeed();
    expect(operation.commit().state).toBe('completed');
  });

  test('OP-5 an upstream that refuses to be read ends it', () => {
    const operation = conflicted().refuseConflict().commit();
    expect(operation.state).toBe('deadLettered');
    expect(operation.context.failure).toMatchObject({ code: 'HF_UPSTREAM_REFUSED' });
    expect(operation.history).toEqual(['failed 1', 'failed 1']);
  });
});

describe('OP-5 CF-6 an edit that was given up, replayed', () => {
  const letter = () => attempting().fail('permanent').commit();

  test('OP-3 as it is: the same body under the same key', () => {
    const operation = letter().replay().grant();
    expect(operation.state).toBe('ordering');
    expect(operation.commit().begun.map(({ key, body }) => [key, body])).toEqual([
      ['key-1', 1],
      ['key-1', 1],
    ]);
  });

  test('OP-3 edited: it is compared, and no key of an earlier round comes again', () => {
    const operation = conflicted().merge().commit().grant().commit().fail('permanent').commit();
    operation.replay({ idempotencyKey: 'key-2' }).grant();
    expect(operation.state).toBe('comparing');
    operation.compare().commit().fail('conflict').commit().merge().commit().grant().commit();
    expect(operation.begun.map(({ key, body }) => [key, body])).toEqual([
      ['key-1', 1],
      ['operation-1-r1', 2],
      ['key-2', 4],
      ['key-2-r1', 5],
    ]);
  });
});

describe('OP-3 what went out before its handler merged records', () => {
  const failed = (...how: Parameters<OperationHarness['fail']>) =>
    new OperationHarness()
      .commit()
      .fail(...how)
      .commit();
  const keys = (operation: OperationHarness) =>
    operation.begun.map(({ key, body }) => [key, body] as const);

  test('OP-3 and surely was not applied is compared, and goes out under a key of its own', () => {
    const operation = failed().grant(false, true);
    expect(operation.state).toBe('comparing');
    expect(keys(operation.compare().commit())).toEqual([
      ['key-1', 0],
      ['operation-1-r1', 1],
    ]);
  });

  test('OP-3 and is in doubt goes out as it is, under its key', () => {
    const operation = failed('unknownOutcome').grant(false, true);
    expect(operation.state).toBe('comparing');
    expect(keys(operation.compare().commit())).toEqual([
      ['key-1', 0],
      ['key-1', 0],
    ]);
    // From there on it is an edit like any.
    const met = operation.fail('conflict', { status: 412 }).commit();
    expect([met.state, met.context.isEdit]).toEqual(['conflicted', true]);
    expect(met.merge().state).toBe('conflicted');
    expect(met.merge(1, true).state).toBe('waiting');
  });

  test('OP-3 and waits as conflicted comes again; an edit that does is merged where it is', () => {
    const old = failed('conflict', { status: 412 });
    old.tell('handler.merges');
    expect(old.commit().grant(false, true).state).toBe('comparing');
    expect(old.context.round).toBe(1);
    const met = conflicted();
    met.tell('handler.merges');
    expect(met.state).toBe('conflicted');
  });
});

test('OP-3 what was sent as no edit and is replayed is compared, and has another key', () => {
  const letter = () => new OperationHarness().commit().fail('permanent').commit();
  const again = letter().replay().grant(false, true);
  expect([again.state, again.context.round]).toEqual(['comparing', 1]);
  expect(letter().replay({ idempotencyKey: 'key-2' }).grant(false, true).state).toBe('comparing');
  const fresh = new OperationHarness({ turn: 'awaitsUpstream' }).commit().grant(false, true);
  expect(fresh.state).toBe('comparing');
});

test('CF-6 only an edit that waits for its conflict hears what becomes of it', () => {
  const events: readonly SyncOperationEvent[] = [
    { type: 'edit.compared', atMs: 1 },
    { type: 'conflict.found', atMs: 1 },
    { type: 'conflict.merged', atMs: 1, round: 1 },
    { type: 'conflict.applied', atMs: 1 },
    { type: 'conflict.pending', atMs: 1, retryAtMs: 2 },
  ];
  const operation = edit();
  for (const event of events) operation.send(event);
  expect(operation.state).toBe('waiting');
});

test('OB-3 every transition of these was taken', () => {
  const { seen, missing } = transitionsTaken(syncOperationMachine);
  expect(missing.filter(isOfConflicts)).toEqual([]);
  expect(seen.filter(isOfConflicts).length).toBeGreaterThan(10);
});
