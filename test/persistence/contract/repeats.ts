/**
 * Writes made again after a commit seemed to fail.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { armFaultPoint } from '../../../persistence/port/faultPoints.ts';
import type { Contract } from './contract.ts';
import { accept, idOf, settlement, update } from './writes.ts';

export function testRepeats(contract: Contract): void {
  test('OP-2 a repeat of what is on disk already is answered as if done now', async () => {
    const first = accept(1, { lane: 'a', idempotencyKey: 'k' });
    await contract.store().commit([first, accept(2, { lane: 'a' })]);
    expect(await contract.store().commit([first, accept(2, { lane: 'a' })])).toEqual([
      { kind: 'accepted', laneBusy: false, raised: null },
      { kind: 'accepted', laneBusy: true, raised: { id: idOf(1), urgency: 4 } },
    ]);
    await contract.store().commit([update(1)]);
    expect(await contract.store().commit([first, update(1)])).toEqual([
      { kind: 'accepted', laneBusy: false, raised: null },
      { kind: 'updated', laneNext: null },
    ]);
    await expect(contract.store().commit([update(1, { state: 'other' })])).rejects.toMatchObject({
      code: 'HF_INTERNAL',
    });
    expect(await contract.store().counts()).toMatchObject({ inHand: 1, held: 1 });
  });

  test.runIf(contract.faultsReachIt)(
    'PS-6 a commit that failed before the disk had it left nothing, and can be repeated',
    async () => {
      await contract.store().commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
      armFaultPoint('store.beforeCommit', 1, 'throw');
      await expect(contract.store().commit([settlement(1), accept(3)])).rejects.toMatchObject({
        code: 'HF_STORE_UNAVAILABLE',
        retry: 'later',
      });
      expect(await contract.store().find(idOf(1))).toMatchObject({
        revision: 1,
        payload: 'payload 1',
      });
      expect(await contract.store().find(idOf(3))).toBeNull();
      expect(await contract.store().commit([settlement(1), accept(3)])).toMatchObject([
        { kind: 'updated', laneNext: { seq: 2 } },
        { kind: 'accepted' },
      ]);
    },
  );

  test.runIf(contract.faultsReachIt)(
    'PS-6 a commit that was reported as failed though the disk had it can be repeated',
    async () => {
      await contract.store().commit([accept(1, { lane: 'a' }), accept(2, { lane: 'a' })]);
      armFaultPoint('store.afterCommit', 1, 'throw');
      await expect(contract.store().commit([settlement(1), accept(3)])).rejects.toMatchObject({
        code: 'HF_STORE_UNAVAILABLE',
      });
      expect(await contract.store().find(idOf(3))).not.toBeNull();
      expect(await contract.store().commit([settlement(1), accept(3)])).toMatchObject([
        { kind: 'updated', laneNext: { seq: 2 } },
        { kind: 'accepted', laneBusy: false, raised: null },
      ]);
    },
  );
}
