/** Open rows, as the judge of simulated days reads them off a disk. */

import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { encodeSnapshot } from '../../../actors/charts/snapshots.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type { StoredOperation } from '../../../persistence/port/store.ts';
import { OpenRows } from '../../../src/simulator/oracle/openRows.ts';
import { CRISIS_INPUT } from '../../support/harness/crisisHarness.ts';

const { context } = createActor(crisisMachine, { input: CRISIS_INPUT }).getSnapshot();

function row(attempt: number, delivery: string): StoredOperation {
  const value = { record: 'durable', delivery, escalation: 'quiet' };
  const state = encodeSnapshot(crisisMachine, { value, context: { ...context, attempt } });
  const plain = { id: 'crisis-1', seq: 7, revision: 9, standing: 'inHand' };
  return { ...plain, state } as unknown as StoredOperation;
}

test('SM-2 a restored store has another row under the same id and revision', async () => {
  const rows = new OpenRows();
  const states = async (...found: readonly StoredOperation[]) => {
    const list = ({ standing }: { readonly standing?: unknown }) =>
      Promise.resolve(found.filter((one) => one.standing === standing));
    return (await rows.of({ list })).map(({ state }) => state);
  };
  const [before] = await states(row(2, 'pacing'));
  const [after] = await states(row(2, 'awaitingPlace'));
  expect(before).not.toBe(after);
  expect(await states(row(2, 'awaitingPlace'))).toEqual([after]);
});
