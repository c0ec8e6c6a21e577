import { describe, expect, test } from 'vitest';
import { demandOf } from '../../../machines/operation/demand.ts';
import {
  acceptedStanding,
  inHandPosition,
  keepsPayload,
  leavesLane,
  missingHandlerRoute,
  queuedPosition,
  restingPosition,
  saysAlready,
  settledPosition,
  unhandledPosition,
  waitsFor,
  waitsForDecision,
} from '../../../machines/operation/position.ts';
import {
  type Ending,
  type SyncOperationState,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import { NEVER_MS } from '../../../machines/vocabulary/standing.ts';

const STATES = OPERATION_STATES;
const resting = STATES.filter((state) => demandOf(state, { handler: {} }).write === 'position');
const context = { type: 'payments.push', delayMs: 500 } as const;

test('OP-6 every state that rests waits for something, and no other does', () => {
  expect(STATES.filter((state) => waitsFor(state) !== null)).toEqual(resting);
});

describe('OP-6 where an operation rests', () => {
  const at = (state: SyncOperationState) => restingPosition(state, context, 'payments', 1_000);

  test.each(['waiting', 'replayed'] as const)(
    '%s: in the queue of its upstream, due now',
    (state) => {
      expect(at(state)).toEqual({
        standing: 'due',
        dueAtMs: 1_000,
        waitsFor: 'turn',
        route: 'payments',
      });
      expect(at(state)).toEqual(queuedPosition('payments', 1_000));
    },
  );

  test('CF-8 merged after a conflict: in that queue, with its place from before', () => {
    const merged = { ...context, round: 1, acceptedAtMs: 5_000, sinceAtMs: 5_600 };
    expect(restingPosition('waiting', merged, 'payments', 1_000)).toEqual(
      queuedPosition('payments', 400),
    );
    // A clock that was set meanwhile puts it before all or now, never later.
    const later = { ...merged, sinceAtMs: 9_000_000 };
    expect(restingPosition('waiting', later, 'payments', 1_000).dueAtMs).toBe(0);
    const earlier = { ...merged, sinceAtMs: 1 };
    expect(restingPosition('waiting', earlier, 'payments', 1_000).dueAtMs).toBe(1_000);
  });

  test('RT-1 backing off: in that queue, due when the wait is over', () => {
    expect(at('backingOff')).toEqual(queuedPosition('payments', 1_500));
  });

  test('OP-7 without a handler: where no time makes it due', () => {
    expect(at('handlerMissing')).toEqual({
      standing: 'due',
      dueAtMs: NEVER_MS,
      waitsFor: 'handler',
      route: 'handler:payments.push',
    });
    expect(missingHandlerRoute('payments.push')).toBe('handler:payments.push');
    expect(unhandledPosition('payments.push')).toEqual(at('handlerMissing'));
  });

  test.each([
    ['inLane', 'lane'],
    ['conflicted', 'conflict'],
    ['inReview', 'review'],
  ] as const)('%s: held, until its %s is seen to', (state, what) => {
    const route = 'payments';
    expect(at(state)).toEqual({ standing: 'held', dueAtMs: null, waitsFor: what, route });
  });
});

test('CF-6 who waits for a decision', () => {
  expect(resting.filter(waitsForDecision)).toEqual(['conflicted', 'inReview']);
});

test('OP-1 a new row is in hand where it runs at once, else it is due', () => {
  expect(acceptedStanding('granted')).toBe('inHand');
  expect(acceptedStanding('awaitsUpstream')).toBe('due');
});

/** It waits as it did since its acceptance. */
const AS_ACCEPTED = {};

describe('OP-6 a row as accepted is not written again only to say the same', () => {
  const waiting = restingPosition('waiting', context, 'payments', 1_000);
  const inLane = restingPosition('inLane', context, 'payments', 1_000);

  test('it waits for its turn, or for its lane', () => {
    expect(saysAlready({ revision: 1, standing: 'due' }, waiting, AS_ACCEPTED)).toBe(true);
    expect(saysAlready({ revision: 1, standing: 'held' }, inLane, AS_ACCEPTED)).toBe(true);
  });

  test('a later row is written, and one that stands elsewhere', () => {
    expect(saysAlready({ revision: 2, standing: 'due' }, waiting, AS_ACCEPTED)).toBe(false);
    expect(saysAlready({ revision: 1, standing: 'held' }, waiting, AS_ACCEPTED)).toBe(false);
  });

  test('OP-13 one that is to begin later stands as accepted until it may, and is written then', () => {
    const scheduled = restingPosition('scheduled', context, 'payments', 1_000);
    expect(scheduled).toEqual({ ...waiting, dueAtMs: NEVER_MS, waitsFor: 'startAt' });
    expect(saysAlready({ revision: 1, standing: 'due' }, scheduled, AS_ACCEPTED)).toBe(true);
    expect(saysAlready({ revision: 1, standing: 'held' }, scheduled, AS_ACCEPTED)).toBe(false);
    expect(saysAlready({ revision: 1, standing: 'due' }, waiting, { sinceAtMs: 5_000 })).toBe(
      false,
    );
  });

  test('OP-7 and so is one that waits for somebody', () => {
    const missing = restingPosition('handlerMissing', context, 'payments', 1_000);
    const conflicted = restingPosition('conflicted', context, 'payments', 1_000);
    expect(saysAlready({ revision: 1, standing: 'due' }, missing, AS_ACCEPTED)).toBe(false);
    expect(saysAlready({ revision: 1, standing: 'held' }, conflicted, AS_ACCEPTED)).toBe(false);
  });
});

test('RT-4 what runs is in hand', () => {
  expect(inHandPosition('payments')).toEqual({
    standing: 'inHand',
    dueAtMs: null,
    waitsFor: 'turn',
    route: 'payments',
  });
});

describe('the row of an operation that has ended', () => {
  const endings: readonly Ending[] = ['completed', 'deadLettered', 'cancelled', 'expired'];

  test.each(endings.filter((ending) => ending !== 'deadLettered'))(
    'SE-5 OP-4 %s: settled, to be purged later, without lane or payload',
    (ending) => {
      const ended = { ending, settledAtMs: 1_000 };
      expect(settledPosition(ended, 'payments', 50)).toEqual({
        standing: 'settled',
        dueAtMs: 1_050,
        waitsFor: 'turn',
        route: 'payments',
      });
      expect(leavesLane(ended, true)).toBe(true);
      expect(keepsPayload(ended)).toBe(false);
    },
  );

  test('OP-5 OP-4 a dead letter waits for a person with its payload, and may hold its lane', () => {
    const ended = { ending: 'deadLettered', settledAtMs: 1_000 } as const;
    expect(settledPosition(ended, 'payments', 50)).toEqual({
      standing: 'deadLettered',
      dueAtMs: null,
      waitsFor: 'turn',
      route: 'payments',
    });
    expect(keepsPayload(ended)).toBe(true);
    expect([leavesLane(ended, true), leavesLane(ended, false)]).toEqual([false, true]);
  });
});
