import { expect, test } from 'vitest';
import { demandOf } from '../../../machines/operation/demand.ts';
import {
  instantDue,
  operationDue,
  retryAtMs,
  watchedAtMs,
} from '../../../machines/operation/due.ts';
import {
  newOperation,
  operationAt,
  type SyncOperationContext,
  type SyncOperationState,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import {
  isBackingOff,
  STATE_WAITING_FOR,
  waitReasonOf,
} from '../../../machines/operation/waitReason.ts';
import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

const STATES = OPERATION_STATES;

function snapshotIn(value: SyncOperationState, change: Partial<SyncOperationContext> = {}) {
  const context = newOperation({
    id: 'operation-1',
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'premium',
    priority: 'normal',
    idempotencyKey: 'key-1',
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: 1_000,
    expiresAtMs: null,
    attemptsMax: 3,
  });
  return operationAt(value, { ...context, ...change });
}

/** States in which it waits with nothing in flight. */
const waits = STATES.filter((state) => {
  const { does } = demandOf(state, { handler: {} });
  return does === 'rest' || does === 'standBy';
});

/** Of whichever comes first, when that is. */
const TIMES = { wakeAtMs: 7_000, startAtMs: 7_000 };

test('RT-1 its turn is due from the end of its wait on, where it waits for that', () => {
  const due = STATES.map((state) => [state, operationDue(snapshotIn(state, TIMES))]);
  const turn = { type: 'turn.granted', atMs: 7_000 };
  expect(Object.fromEntries(due.filter(([, what]) => what !== null))).toEqual({
    waiting: turn,
    suspect: turn,
    backingOff: turn,
    rateLimited: turn,
    replayed: turn,
    scheduled: { type: 'start.due', atMs: 7_000 },
  });
});

test('OP-5 else the end of its time, and that too where it comes first', () => {
  for (const state of STATES) {
    const early = operationDue(snapshotIn(state, { ...TIMES, expiresAtMs: 7_000 }));
    expect(early).toEqual(waits.includes(state) ? { type: 'expiry.due', atMs: 7_000 } : null);
    const turn = operationDue(snapshotIn(state, TIMES));
    const late = operationDue(snapshotIn(state, { ...TIMES, expiresAtMs: 7_001 }));
    expect(late).toEqual(turn ?? (early && { type: 'expiry.due', atMs: 7_001 }));
  }
});

test('OP-1 what it says is due, the chart takes', () => {
  const snapshots = STATES.flatMap((state) =>
    [null, 2_000, 9_000].map((expiresAtMs) => snapshotIn(state, { ...TIMES, expiresAtMs })),
  );
  const untaken = snapshots.filter((snapshot) => {
    const due = operationDue(snapshot);
    return due !== null && !snapshot.can(due);
  });
  expect(untaken).toEqual([]);
});

test('RT-4 one that runs alone waits apart, the longer the more often it was found in flight', () => {
  const of = (crashes: number) =>
    operationDue(snapshotIn('suspect', { wakeAtMs: 7_000, crashes }))?.atMs;
  expect(of(CRASHES_IN_A_ROW_MAX)).toBe(7_000);
  expect(of(CRASHES_IN_A_ROW_MAX + 1)).toBe(8_000);
  expect(of(CRASHES_IN_A_ROW_MAX + 2)).toBe(12_000);
});

test('OP-7 CF-6 each thing that somebody has to do has its state', () => {
  for (const [reason, state] of Object.entries(STATE_WAITING_FOR)) {
    expect(waitReasonOf(state)).toBe(reason);
  }
});

test('RT-1 a caller sees when it is tried again only where time is what it waits for', () => {
  expect(STATES.filter(isBackingOff)).toEqual(['backingOff']);
  for (const state of STATES) {
    expect(retryAtMs(state, TIMES)).toBe(
      ['backingOff', 'rateLimited', 'scheduled'].includes(state) ? 7_000 : null,
    );
  }
});

test('OP-13 one that is to begin later is found by that instant, and by its expiry from then on', () => {
  const context = { startAtMs: 5_000, expiresAtMs: 9_000 };
  for (const state of STATES) {
    expect(watchedAtMs(state, context)).toBe(state === 'scheduled' ? 5_000 : 9_000);
  }
  expect(watchedAtMs('waiting', { expiresAtMs: null })).toBeNull();
  expect(instantDue({ expiresAtMs: null }, 5_000)).toBe('start.due');
  expect(instantDue(context, 8_999)).toBe('start.due');
  expect(instantDue(context, 9_000)).toBe('expiry.due');
});
