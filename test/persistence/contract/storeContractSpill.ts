/** The part of the store contract that is about what is kept beside a database that fails. */

import { expect, test } from 'vitest';
import type { Store } from '../../../persistence/port/store.ts';
import { accept, idOf } from './writes.ts';

export function testSpill(storeOf: () => Store, reopened: () => Promise<Store>): void {
  test('CR-4 what was spilled is accepted when the store is opened again', async () => {
    const store = storeOf();
    await store.spill(accept(1, { urgency: 0 }));
    expect(await store.find(idOf(1))).toBeNull();
    const again = await reopened();
    await again.open();
    expect(await again.find(idOf(1))).toMatchObject({ standing: 'inHand', urgency: 0 });
    expect(again.nextSeq()).toBe(2);
  });
}
