import { expect, test } from 'vitest';
import { demandOf } from '../../../machines/operation/demand.ts';
import { operationDue, retryAtMs } from '../../../machines/operation/due.ts';
import {
  newOperation,
  type SyncOperationContext,
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import {
  isBackingOff,
  STATE_WAITING_FOR,
  waitReasonOf,
} from '../../../machines/operation/waitReason.ts';
import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

const STATES = Object.keys(syncOperationMachine.states) as readonly SyncOperationState[];

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
  return syncOperationMachine.resolveState({ value, context: { ...context, ...change } });
}

/** States in which it waits with nothing in flight. */
const waits = STATES.filter((state) => {
  const { does } = demandOf(state, { handler: {} });
  return does === 'rest' || does === 'standBy';
});

test('RT-1 its turn is due from the end of its wait on, where it waits for that', () => {
  const due = STATES.map((state) => [state, operationDue(snapshotIn(state, { wakeAtMs: 7_000 }))]);
  const turn = { type: 'turn.granted', atMs: 7_000 };
  expect(Object.fromEntries(due.filter(([, what]) => what !== null))).toEqual({
    waiting: turn,
    suspect: turn,
    backingOff: turn,
    rateLimited: turn,
    replayed: turn,
  });
});

test('OP-5 else the end of its time, and that too where it comes first', () => {
  for (const state of STATES) {
    const early = operationDue(snapshotIn(state, { wakeAtMs: 7_000, expiresAtMs: 7_000 }));
    expect(early).toEqual(waits.includes(state) ? { type: 'expiry.due', atMs: 7_000 } : null);
    const turn = operationDue(snapshotIn(state, { wakeAtMs: 7_000 }));
    const late = operationDue(snapshotIn(state, { wakeAtMs: 7_000, expiresAtMs: 7_001 }));
    expect(late).toEqual(turn ?? (early && { type: 'expiry.due', atMs: 7_001 }));
  }
});

test('OP-1 what it says is due, the chart takes', () => {
  const snapshots = STATES.flatMap((state) =>
    [null, 2_000, 9_000].map((expiresAtMs) => snapshotIn(state, { wakeAtMs: 7_000, expiresAtMs })),
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
    expect(retryAtMs(state, { wakeAtMs: 7_000 })).toBe(
      ['backingOff', 'rateLimited'].includes(state) ? 7_000 : null,
    );
  }
});
