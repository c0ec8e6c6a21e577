/**
 * What an operation waits for in each state (OP-6).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { waitReasonOf } from '../../../machines/operation/waitReason.ts';

test('OP-6 every state in which nothing is in flight says what it waits for, and no other does', () => {
  const states = Object.keys(syncOperationMachine.states) as readonly SyncOperationState[];
  const waiting = states.filter((state) => waitReasonOf(state) !== null);
  expect(Object.fromEntries(waiting.map((state) => [state, waitReasonOf(state)]))).toEqual({
    waiting: 'turn',
    replayed: 'turn',
    inLane: 'lane',
    handlerMissing: 'handler',
    backingOff: 'backoff',
    conflicted: 'conflict',
    inReview: 'review',
  });
});
