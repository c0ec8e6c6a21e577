import { describe, expect, test } from 'vitest';
import { transition } from 'xstate';
import {
  ACCEPTED_IN,
  isKept,
  stateOfRow,
  stateToKeep,
} from '../../../machines/operation/position.ts';
import {
  newOperation,
  operationAt,
  type SyncOperationContext,
  type SyncOperationState,
  syncOperationMachine,
  type Turn,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import { innermost } from '../../../machines/vocabulary/innermost.ts';

const STATES = OPERATION_STATES;

const context: SyncOperationContext = newOperation({
  id: 'operation-1',
  type: 'payments.push',
  subject: 'user-42',
  entity: { type: 'subscription', id: 'sub-1' },
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

describe('PS-2 a new row is kept in the state that the chart goes to once it is durable', () => {
  const turns: readonly Turn[] = [
    'granted',
    'awaitsUpstream',
    'awaitsLane',
    'awaitsHandler',
    'awaitsStart',
  ];

  test.each(turns)('%s', (turn) => {
    const accepting = operationAt('accepting', context);
    const committed = { type: 'journal.committed', atMs: 1_000, turn } as const;
    const [next] = transition(syncOperationMachine, accepting, committed);
    expect(ACCEPTED_IN[turn]).toBe(stateToKeep(innermost(next.value)));
    expect(next.context).toEqual(context);
  });
});

test('PS-2 what is kept is a state that rests, an order or an ending, and an attempt is kept as ordered', () => {
  expect(STATES.filter((state) => !isKept(state))).toEqual([
    'accepting',
    'suspect',
    'comparing',
    'attempting',
    'overhanging',
    'completed',
    'deadLettered',
    'cancelled',
    'expired',
    'rejected',
    'duplicate',
  ]);
  expect(STATES.filter((state) => stateToKeep(state) !== state)).toEqual([
    'comparing',
    'attempting',
    'overhanging',
  ]);
  expect(stateToKeep('comparing')).toBe('waiting');
});

describe('what a row says by where it stands', () => {
  const of = (kept: SyncOperationState, standing: Parameters<typeof stateOfRow>[2]) =>
    stateOfRow(kept, context, standing).value;

  test('OP-1 an ending that is on disk', () => {
    const ended = { ...context, ending: 'completed' as const };
    expect(stateOfRow('settling', ended, 'settled').value).toBe('completed');
    const letter = { ...context, ending: 'deadLettered' as const };
    expect(stateOfRow('settling', letter, 'deadLettered').value).toBe('deadLettered');
  });

  test('PS-2 an ending that is decided but not on disk yet is still being written', () => {
    const ended = { ...context, ending: 'completed' as const };
    expect(stateOfRow('settling', ended, 'inHand').value).toBe('settling');
  });

  test('PS-3 a row that stands as ended and names no ending stays in the state that wrote it', () => {
    expect(of('settling', 'settled')).toBe('settling');
  });

  test('OP-6 what rests, or is in hand, is what was written', () => {
    expect(of('waiting', 'due')).toBe('waiting');
    expect(of('ordering', 'inHand')).toBe('ordering');
    for (const state of ['inLane', 'conflicted', 'inReview', 'replayed'] as const) {
      expect(of(state, 'held')).toBe(state);
    }
  });

  test('PS-3 OP-4 what came back from the quarantine behind others of its lane waits for that', () => {
    for (const state of ['waiting', 'backingOff', 'handlerMissing'] as const) {
      expect(stateOfRow(state, context, 'held')).toEqual({ value: 'inLane', context });
    }
  });

  test('RT-2 and what was in flight then may have been applied', () => {
    expect(stateOfRow('ordering', context, 'held')).toEqual({
      value: 'inLane',
      context: { ...context, isOutcomeUnknown: true },
    });
  });
});
