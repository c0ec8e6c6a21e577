/**
 * What a person's word makes of an operation at rest, without an actor (OP-5).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { isKept } from '../../../machines/operation/position.ts';
import { toldAtRest } from '../../../machines/operation/stage.ts';
import { newOperation } from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';

const context = newOperation({
  id: 'operation-1',
  type: 'payments.push',
  subject: 'user-42',
  entity: null,
  tier: 'basic',
  priority: 'normal',
  idempotencyKey: 'key-1',
  fingerprint: null,
  method: null,
  path: null,
  acceptedAtMs: 1_000,
  expiresAtMs: 9_000,
  attemptsMax: 5,
});
const KEPT = OPERATION_STATES.filter(isKept);

test('OP-5 cancelled at rest it is kept as told to stop, whatever it waited for', () => {
  const changed = KEPT.filter((value) => toldAtRest({ value, context }, 'cancel.requested', 5_000));
  expect(KEPT.filter((value) => !changed.includes(value)).toSorted()).toEqual([
    'cancelling',
    'settling',
  ]);
  for (const value of changed) {
    const told = toldAtRest({ value, context }, 'cancel.requested', 5_000);
    expect(told?.value).toBe('cancelling');
    // Only what was in flight may have been applied.
    expect(told?.context.isOutcomeUnknown).toBe(value === 'ordering');
  }
});

test('OP-5 tried again at rest it is due, where it waits for a retry, a decision or a review', () => {
  const changed = KEPT.filter((value) => toldAtRest({ value, context }, 'retry.requested', 5_000));
  expect(changed.toSorted()).toEqual(['backingOff', 'conflicted', 'inReview', 'scheduled']);
  for (const value of changed) {
    expect(toldAtRest({ value, context }, 'retry.requested', 5_000)).toMatchObject({
      value: 'waiting',
      context: { history: [{ what: 'retryRequested', atMs: 5_000 }] },
    });
  }
});

test('OP-5 what has ended takes no notice', () => {
  for (const value of ['completed', 'deadLettered', 'cancelled', 'expired'] as const) {
    for (const wish of ['cancel.requested', 'retry.requested'] as const) {
      expect(toldAtRest({ value, context }, wish, 5_000)).toBeNull();
    }
  }
});
