import { expect, test } from 'vitest';
import { isKept, restingPosition, stateOfRow } from '../../../machines/operation/position.ts';
import {
  isKeptAsShown,
  placeOfReason,
  placeOfState,
} from '../../../machines/operation/standingsOf.ts';
import {
  newOperation,
  type SyncOperationContext,
  type SyncOperationState,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import { waitReasonOf } from '../../../machines/operation/waitReason.ts';
import type { Standing } from '../../../machines/vocabulary/standing.ts';

const STATES = OPERATION_STATES;

const context: SyncOperationContext = newOperation({
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

/** Where rows are written that are kept in a state, as far as the engine does. */
function placesOf(kept: SyncOperationState): readonly Standing[] {
  if (kept === 'settling') return ['settled', 'deadLettered'];
  if (kept === 'replayed') return ['due', 'held'];
  if (waitReasonOf(kept) === null) return ['inHand'];
  return [restingPosition(kept, context, 'route', 1_000).standing];
}

test('OP-10 every row is found by the state that it says', () => {
  for (const kept of STATES.filter(isKept)) {
    for (const standing of placesOf(kept)) {
      const endings =
        kept !== 'settling'
          ? [null]
          : standing === 'deadLettered'
            ? (['deadLettered'] as const)
            : (['completed', 'cancelled', 'expired'] as const);
      for (const ending of endings) {
        const { value } = stateOfRow(kept, { ...context, ending }, standing);
        expect([value, placeOfState(value).standings]).toEqual([
          value,
          expect.arrayContaining([standing]),
        ]);
      }
    }
  }
  // Sent to the back of its lane, whatever it waited for.
  for (const kept of STATES.filter((one) => isKept(one) && waitReasonOf(one) !== null)) {
    const { value } = stateOfRow(kept, context, 'held');
    if (placeOfState(value).waitsFor === undefined)
      expect(placeOfState(value).standings).toContain('held');
  }
});

test('OP-10 what rows wait for is what they are written with', () => {
  for (const state of STATES) {
    const waitsFor = placeOfState(state).waitsFor;
    if (waitsFor === undefined) continue;
    expect(restingPosition(state, context, 'route', 1_000).waitsFor).toBe(waitsFor);
  }
});

test('OP-10 what waits for a reason of its own is found where it rests for it', () => {
  for (const state of STATES.filter(isKept)) {
    const reason = waitReasonOf(state);
    if (reason === null || reason === 'turn') continue;
    expect(placeOfReason(reason).standings).toEqual(
      expect.arrayContaining([...(placeOfState(state).standings ?? [])]),
    );
  }
  expect(placeOfReason('overhang').standings).toEqual([]);
  expect(placeOfReason('breaker').standings).toEqual(['due', 'inHand', 'held']);
});

test('OP-10 states that are in memory only are looked for nowhere on disk', () => {
  const inMemoryOnly = STATES.filter((state) => placeOfState(state).standings?.length === 0);
  expect(inMemoryOnly).toEqual([
    'accepting',
    'suspect',
    'comparing',
    'attempting',
    'overhanging',
    'settling',
    'rejected',
    'duplicate',
  ]);
});

test('OP-10 a state that is looked for in the text of rows is said by no other', () => {
  const standings: readonly Standing[] = ['inHand', 'due', 'held', 'settled', 'deadLettered'];
  const shown = STATES.filter(isKeptAsShown);
  expect(shown).toEqual(['cancelling', 'backingOff', 'replayed']);
  for (const kept of STATES.filter(isKept)) {
    for (const standing of standings) {
      const { value } = stateOfRow(kept, { ...context, ending: 'completed' }, standing);
      if (isKeptAsShown(value)) expect(value).toBe(kept);
    }
  }
});
