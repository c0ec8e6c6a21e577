import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { crisisChart, operationChart } from '../../../actors/charts/chartOfWork.ts';
import { decodeOperation } from '../../../actors/charts/operationRecord.ts';
import { encodeSnapshot } from '../../../actors/charts/snapshots.ts';
import { decodeWork, encodeWork } from '../../../actors/charts/workRecord.ts';
import { notEscalated } from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import { isCrisisContext } from '../../../machines/crisis/crisisShape.ts';
import { hasEnded } from '../../../machines/operation/demand.ts';
import { isKept } from '../../../machines/operation/rowState.ts';
import {
  type SyncOperationContext,
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { Standing } from '../../../machines/vocabulary/standing.ts';

const STATES = Object.keys(syncOperationMachine.states) as readonly SyncOperationState[];
/** The states in which a row of a crisis may have been kept that goes on. */
const KEPT = STATES.filter((state) => isKept(state) && state !== 'settling');

/** A crisis that backs off, as the operation's chart kept it. */
function storedBy(version: string): string {
  const file = `../../fixtures/snapshots/syncOperation.${version}.json`;
  const texts: unknown = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  return (texts as { readonly crisis: string }).crisis;
}

const OLD = decodeOperation({ state: storedBy('3'), standing: 'inHand' }).snapshot.context;

function oldRow(
  state: SyncOperationState,
  change: Partial<SyncOperationContext> = {},
  standing: Standing = 'inHand',
) {
  const context = { ...OLD, ...change };
  return { state: encodeSnapshot(syncOperationMachine, { value: state, context }), standing };
}

describe('CR-4 PS-3 a crisis that the chart of operations kept', () => {
  test.each(['1', '2', '3'])(
    'CR-4 PS-3 by version %s it goes on, its wait as it was',
    (version) => {
      const row = { state: storedBy(version), standing: 'inHand' } as const;
      const before = decodeOperation(row).snapshot.context;
      const { chart, state, snapshot } = decodeWork(row);
      expect([chart, state]).toEqual([crisisChart, 'fastBackoff']);
      const { attempt, isSpent, wakeAtMs, delayMs, idempotencyKey, failure, history } = before;
      const kept = { attempt, isSpent, wakeAtMs, delayMs, idempotencyKey, failure, history };
      expect(snapshot.context).toMatchObject({ ...kept, priority: 'crisis' });
      expect(snapshot.context).toMatchObject({ escalation: { sinceAtMs: null, steps: [] } });
      expect(isCrisisContext(snapshot.context)).toBe(true);
    },
  );

  test.each(KEPT)('CR-4 in %s: it is on the chart of crises, and can be delivered', (state) => {
    const read = decodeWork(oldRow(state));
    expect(read.chart).toBe(crisisChart);
    // In flight it is counted as a crash, called off it ends, and all else is due or waits for a handler.
    const { delivery } = read.snapshot.value as { readonly delivery: string };
    const expected: Partial<Record<SyncOperationState, string>> = {
      ordering: 'awaitingPlace',
      handlerMissing: 'awaitingHandler',
      cancelling: 'callingOff',
    };
    expect(delivery).toBe(expected[state] ?? 'fastBackoff');
  });

  test('CR-4 PS-3 reversed: what had ended stays as it ended, on the chart that wrote it', () => {
    for (const ending of ['completed', 'cancelled', 'expired'] as const) {
      const { chart, state } = decodeWork(oldRow('settling', { ending }, 'settled'));
      expect([chart, state]).toEqual([operationChart, ending]);
      expect(hasEnded(ending)).toBe(true);
    }
  });

  test('CR-4 PS-3 reversed: no other operation is taken for a crisis', () => {
    for (const state of KEPT) {
      expect(decodeWork(oldRow(state, { priority: 'high' }))).toMatchObject({
        chart: operationChart,
        state,
      });
    }
  });

  test('CR-4 an expiry that an earlier version accepted is left out, and that is said', () => {
    const { snapshot, leftOut } = decodeWork(oldRow('waiting', { expiresAtMs: 7 }));
    expect([snapshot.context.expiresAtMs, leftOut]).toEqual([null, ['expiresAtMs']]);
    expect(decodeWork(oldRow('waiting')).leftOut).toEqual([]);
  });

  test('PS-3 it is written in the present form, and read back as it was', () => {
    const { chart, snapshot } = decodeWork(oldRow('backingOff'));
    const state = encodeWork(chart, snapshot);
    expect(JSON.parse(state)).toMatchObject({
      machine: 'crisis',
      version: '2',
      value: { record: 'durable', delivery: 'fastBackoff', escalation: 'quiet' },
    });
    const again = decodeWork({ state, standing: 'inHand' });
    expect([again.chart, again.snapshot.value, again.snapshot.context]).toEqual([
      crisisChart,
      snapshot.value,
      snapshot.context,
    ]);
  });
});

describe('PS-3 a row of a crisis', () => {
  const { context } = decodeWork(oldRow('waiting')).snapshot;
  const row = (value: unknown, change: object = {}, standing: Standing = 'inHand') => ({
    state: encodeSnapshot(crisisMachine, { value, context: { ...context, ...change } }),
    standing,
  });

  test('PS-3 an attempt under way is kept as ordered', () => {
    const running = {
      value: { record: 'writing', delivery: 'attempting', escalation: 'notifying' },
      context,
    } as const;
    expect(
      JSON.parse(encodeWork(crisisChart, { ...running, status: 'active' } as never)),
    ).toMatchObject({
      value: { record: 'durable', delivery: 'awaitingPlace', escalation: 'notifying' },
    });
  });

  test('PS-3 that has settled is one whose ending is on disk', () => {
    const value = { record: 'durable', delivery: 'delivered', escalation: 'ended' };
    const ended = { ending: 'completed', settledAtMs: 9 };
    expect(decodeWork(row(value, ended, 'settled')).state).toBe('closed');
    expect(decodeWork(row(value, ended)).state).toBe('delivered');
  });

  test.each([
    [
      'names a state that there is not',
      row({ record: 'durable', delivery: 'lost', escalation: 'quiet' }),
      'HF_RECORD_UNSUPPORTED',
    ],
    [
      'is in a state that is never kept',
      row({ record: 'durable', delivery: 'attempting', escalation: 'quiet' }),
      'HF_RECORD_MALFORMED',
    ],
    ['lacks a region', row({ record: 'durable', delivery: 'pacing' }), 'HF_RECORD_UNSUPPORTED'],
    [
      'was taken on by nobody',
      row(
        { record: 'durable', delivery: 'pacing', escalation: 'acknowledged' },
        { escalation: { ...notEscalated(1), decisions: [{ what: 'acknowledged' }] } },
      ),
      'HF_RECORD_MALFORMED',
    ],
    [
      'holds no context of a crisis',
      row({ record: 'durable', delivery: 'pacing', escalation: 'quiet' }, { attempt: 'two' }),
      'HF_RECORD_MALFORMED',
    ],
    [
      'says that it expires',
      row({ record: 'durable', delivery: 'pacing', escalation: 'quiet' }, { expiresAtMs: 7 }),
      'HF_RECORD_MALFORMED',
    ],
  ])('PS-3 that %s is not run', (_, bad, code) => {
    expect(() => decodeWork(bad)).toThrow(expect.objectContaining({ code }));
  });

  test('PS-3 of a later version is left as it is', () => {
    const { state, standing } = row({ record: 'durable', delivery: 'pacing', escalation: 'quiet' });
    const later = { state: state.replace('"version":"2"', '"version":"3"'), standing };
    expect(() => decodeWork(later)).toThrow(expect.objectContaining({ code: 'HF_RECORD_NEWER' }));
  });
});
