/**
 * What may be wrong with the chart of an edit, planted: random histories find it, and one history that goes through all
 * of it does without the reference (OP-3, CF-6).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import {
  type SyncOperationContext,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OperationHarness } from '../../support/harness/operationHarness.ts';
import { checkHistories, expectSafe } from '../../support/harness/operationHistory.ts';

const isEdit = ({ context }: { context: SyncOperationContext }) => context.isEdit === true;

/** What may be wrong with the chart of an edit. */
const FAULTY = {
  // A new body goes out under the key of the one before.
  forgetsRound: syncOperationMachine.provide({
    actions: {
      noteMerged: assign(({ context }, { atMs }) => ({
        isCompared: true,
        isOutcomeUnknown: false,
        isSpent: false,
        crashes: 0,
        upMark: undefined,
        sinceAtMs: atMs,
        wakeAtMs: atMs,
        history: [
          ...context.history.slice(-31),
          { atMs, what: 'merged', attempt: context.attempt, code: null },
        ],
      })),
    },
  }),
  // The body that a person gave goes out, and nobody has looked at the record.
  keepsComparedOnReplay: syncOperationMachine.provide({
    actions: {
      beginAfresh: assign(({ context }, { atMs, idempotencyKey }) => ({
        idempotencyKey: idempotencyKey ?? context.idempotencyKey,
        isCompared: true,
        round: undefined,
        roundsKey: idempotencyKey ?? undefined,
        attempt: 1,
        isSpent: false,
        wakeAtMs: atMs,
        ending: null,
        settledAtMs: null,
      })),
    },
  }),
  replacesInDoubt: syncOperationMachine.provide({ guards: { canBeRebased: isEdit } }),
  neverCompares: syncOperationMachine.provide({ guards: { isToBeCompared: () => false } }),
  comparesAgain: syncOperationMachine.provide({ guards: { isToBeCompared: isEdit } }),
};

describe('a chart of edits with a fault', () => {
  const faulty = (
    bug: Parameters<typeof syncOperationMachine.provide>[0],
  ): typeof syncOperationMachine => syncOperationMachine.provide(bug);

  test.each([
    ['compares what it has sent', FAULTY.comparesAgain],
    ['sends an edit uncompared', FAULTY.neverCompares],
    [
      'sends one that has its turn at once so',
      faulty({ guards: { isGrantedUncompared: () => false } }),
    ],
    ['replaces what may have been applied', FAULTY.replacesInDoubt],
    ['forgets the key of a round', FAULTY.forgetsRound],
    ['forgets that it was compared', faulty({ actions: { noteCompared: assign({}) } })],
    [
      'spends attempts on conflicts',
      faulty({ actions: { noteFailure: assign({ isSpent: true }) } }),
    ],
    ['sends an edited replay uncompared', FAULTY.keepsComparedOnReplay],
  ])('OP-3 CF-6 control: a chart that %s is caught', (_, machine) => {
    expect(() => {
      checkHistories(machine, { numRuns: 2_000, seed: 2, endOnFailure: true });
    }).toThrow('Property failed');
  });

  /** Whatever may go wrong with an edit, each in its turn. */
  function throughAll(machine?: typeof syncOperationMachine): OperationHarness {
    const operation = new OperationHarness(
      { isEdit: true, turn: 'awaitsUpstream', attemptsMax: 9 },
      machine,
    );
    // Sent, and again as it was; in doubt, and again; refused, while nobody knows; merged once that is known.
    operation.commit().grant().compare().commit().fail().commit();
    operation.grant().compare().commit().fail('unknownOutcome').commit();
    operation.grant().compare().commit().fail('conflict', { status: 409 }).commit();
    operation.merge().commit().grant().compare().commit();
    if (operation.state === 'attempting') operation.fail('conflict').commit();
    operation.merge(undefined, true).commit().grant().compare().commit();
    // Refused for good, and replayed with another body.
    operation.fail('permanent').commit().replay({ idempotencyKey: 'key-2' });
    return operation.grant().compare().commit();
  }

  test.each(Object.entries(FAULTY))(
    'OP-3 CF-6 control: a chart that %s is caught without the reference',
    (_, machine) => {
      expect(() => {
        expectSafe(throughAll(machine), []);
      }).toThrow('expected');
    },
  );

  test('OP-3 CF-6 control: and one without a fault is not', () => {
    const operation = throughAll();
    expect(operation.begun.map(({ key, body }) => [key, body])).toEqual([
      ['key-1', 1],
      ['key-1', 1],
      ['key-1', 1],
      ['operation-1-r1', 2],
      ['key-2', 4],
    ]);
    expectSafe(operation, []);
  });
});
