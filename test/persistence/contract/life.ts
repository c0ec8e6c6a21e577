/**
 * Opening and closing, and what is given back when a store opens.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Write } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, idOf } from './writes.ts';

export function testLife(contract: Contract): void {
  test('CB-4 the state of a component is given back when the store opens', async () => {
    const store = contract.store();
    await store.commit([
      { kind: 'component', name: 'breaker:payments', state: 'closed' },
      { kind: 'component', name: 'level', state: 'normal' },
    ]);
    const write: Write = { kind: 'component', name: 'breaker:payments', state: 'open ☃' };
    expect(await commitOne(store, write)).toEqual({ kind: 'componentKept' });
    const info = await (await contract.reopened()).open();
    expect(info.components).toEqual(
      new Map([
        ['breaker:payments', 'open ☃'],
        ['level', 'normal'],
      ]),
    );
    expect(info.componentsUnreadable).toBe(0);
  });

  test('SV-4 closing lets what was asked finish, twice is harmless, and then nothing is served', async () => {
    const store = contract.store();
    const pending = store.commit([accept(1)]);
    await Promise.all([store.close(), store.close()]);
    expect(await pending).toHaveLength(1);
    await expect(store.find(idOf(1))).rejects.toMatchObject({ code: 'HF_CLOSED' });
    await expect(store.commit([accept(2)])).rejects.toMatchObject({ code: 'HF_CLOSED' });
    const again = await contract.reopened();
    await again.open();
    expect(await again.find(idOf(1))).not.toBeNull();
  });

  test('CR-4 what was spilled is accepted when the store is opened again', async () => {
    const store = contract.store();
    await store.spill(accept(1, { urgency: 0 }));
    expect(await store.find(idOf(1))).toBeNull();
    const again = await contract.reopened();
    await again.open();
    expect(await again.find(idOf(1))).toMatchObject({ standing: 'inHand', urgency: 0 });
    expect(again.nextSeq()).toBe(2);
  });
}
