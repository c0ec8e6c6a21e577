/**
 * Updates that put another payload in the place of the one that was accepted.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { armFaultPoint } from '../../../persistence/port/faultPoints.ts';
import type { UpdateWrite } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, replay, settlement, update } from './writes.ts';

const LARGE = 'a large payload '.repeat(200);
const OTHER = 'another large payload '.repeat(200);

export function testNewPayloads(contract: Contract): void {
  const payloadOf = async (seq = 1): Promise<unknown> =>
    (await contract.store().find(idOf(seq)))?.payload;

  describe.each([
    ['a small payload by a small one', 'small', 'other'],
    ['a small payload by a large one', 'small', OTHER],
    ['a large payload by a small one', LARGE, 'other'],
    ['a large payload by a large one', LARGE, OTHER],
  ])('CF-6 an update replaces %s', (_, before, after) => {
    const replaces = (given: Partial<UpdateWrite> = {}): UpdateWrite =>
      update(1, { payload: before, newPayload: after, ...given });

    test('CF-6 in the same commit as the state, for good', async () => {
      const store = contract.store();
      await store.commit([accept(1, { payload: before }), accept(2, { payload: before })]);
      expect(await commitOne(store, replaces())).toEqual({ kind: 'updated', laneNext: null });
      expect(await store.find(idOf(1))).toMatchObject({ revision: 2, payload: after });
      expect(await payloadOf(2)).toBe(before);
      await store.commit([update(1, { revision: 3, payload: after, standing: 'due', dueAtMs: 5 })]);
      expect(await payloadOf()).toBe(after);
      const again = await contract.reopened();
      await again.open();
      const query = { routes: ['payments'], urgencyMax: 9, nowMs: 9, limit: 9 };
      expect((await again.claim(query)).rows).toMatchObject([{ seq: 1, payload: after }]);
    });

    test('PS-6 a repeat changes nothing', async () => {
      const store = contract.store();
      await store.commit([accept(1, { payload: before }), replaces()]);
      expect(await commitOne(store, replaces())).toEqual({ kind: 'updated', laneNext: null });
      expect(await store.find(idOf(1))).toMatchObject({ revision: 2, payload: after });
      // The same revision with another payload is no repeat.
      const contradicts = store.commit([replaces({ newPayload: 'a third' })]);
      await expect(contradicts).rejects.toMatchObject({ code: 'HF_INTERNAL' });
      expect(await payloadOf()).toBe(after);
    });

    test.runIf(contract.faultsReachIt)('PS-6 a commit that failed can be repeated', async () => {
      const store = contract.store();
      await store.commit([accept(1, { payload: before })]);
      const next = update(1, { revision: 3, payload: after });
      for (const point of ['store.beforeCommit', 'store.afterCommit'] as const) {
        armFaultPoint(point, 1, 'throw');
        await expect(store.commit([replaces()])).rejects.toMatchObject({ retry: 'later' });
        expect(await payloadOf()).toBe(point === 'store.afterCommit' ? after : before);
      }
      expect(await store.commit([replaces(), next])).toMatchObject([
        { kind: 'updated' },
        { kind: 'updated' },
      ]);
      expect(await store.find(idOf(1))).toMatchObject({ revision: 3, payload: after });
    });

    test('CF-6 once more, by what was there first', async () => {
      const store = contract.store();
      await store.commit([
        accept(1, { payload: before }),
        replaces(),
        update(1, { revision: 3, payload: after, newPayload: before }),
      ]);
      expect(await payloadOf()).toBe(before);
    });

    test('SE-5 what ends erases it, whatever takes its place', async () => {
      const store = contract.store();
      await store.commit([accept(1, { payload: before }), accept(2, { payload: before })]);
      await store.commit([settlement(1, { newPayload: after })]);
      expect(await payloadOf()).toBeNull();
      await store.commit([update(2, { payload: before, newPayload: after })]);
      await store.commit([settlement(2, { revision: 3 })]);
      expect(await payloadOf(2)).toBeNull();
    });

    test('OP-5 a dead letter keeps the one that it had last, for its replay', async () => {
      const store = contract.store();
      await store.commit([accept(1, { payload: before }), replaces()]);
      await store.commit([deadLetter(1, { revision: 3, payload: after })]);
      await store.commit([replay(1, { revision: 4 })]);
      expect(await store.find(idOf(1))).toMatchObject({ standing: 'due', payload: after });
    });
  });
}
