/** The part of the store contract that is about what has ended. */

import { expect, test } from 'vitest';
import type { Store } from '../../persistence/store.ts';
import { accept, commitOne, deadLetter, idOf } from './writes.ts';

export function testEndings(storeOf: () => Store, reopened: () => Promise<Store>): void {
  test("OP-5 a dead letter keeps its payload and its key, and is no longer anybody's to run", async () => {
    const store = storeOf();
    await store.commit([accept(1, { idempotencyKey: 'key', lane: 'a' }), accept(2, { lane: 'a' })]);
    expect(await commitOne(store, deadLetter(1))).toMatchObject({ laneNext: { seq: 2 } });
    const again = await reopened();
    await again.open();
    expect(await again.find(idOf(1))).toMatchObject({
      standing: 'deadLettered',
      dueAtMs: null,
      payload: 'payload 1',
    });
    expect(await again.inHand({ after: null, limit: 9 })).toEqual([]);
    expect(await commitOne(again, accept(3, { idempotencyKey: 'key' }))).toMatchObject({
      kind: 'duplicate',
      of: { seq: 1 },
    });
  });
}
