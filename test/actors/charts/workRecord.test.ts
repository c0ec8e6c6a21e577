import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { crisisChart } from '../../../actors/charts/chartOfWork.ts';
import { encodeSnapshot } from '../../../actors/charts/snapshots.ts';
import { decodeWork, encodeWork } from '../../../actors/charts/workRecord.ts';
import { notEscalated } from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type { Standing } from '../../../machines/vocabulary/standing.ts';
import { CRISIS_INPUT } from '../../support/harness/crisisHarness.ts';

describe('PS-3 a row of a crisis', () => {
  const { context } = createActor(crisisMachine, { input: CRISIS_INPUT }).getSnapshot();
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
    const later = { state: state.replace('"version":"1"', '"version":"2"'), standing };
    expect(() => decodeWork(later)).toThrow(expect.objectContaining({ code: 'HF_RECORD_NEWER' }));
  });
});
