/**
 * What is asked beside the writer: the same answers as the writer's, of all that was acknowledged.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { BESIDE_QUESTIONS, type BesideQuestion } from '../../../persistence/port/questions.ts';
import type { Store } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { keep } from './kept.ts';
import { accept, commitOne, deadLetter, idOf, update } from './writes.ts';

const FIRST = { afterSeq: 0, limit: 9 } as const;
const OLDEST = { order: 'oldest', fromSeq: 0, limit: 9 } as const;
const QUERIES = {
  crisisPlan: 'user-1',
  crisisPlanPage: { after: 0, limit: 9 },
  keptPage: { room: 'conflict', ...OLDEST },
  find: idOf(1),
  search: { standings: ['inHand'], ...OLDEST },
  deadLetters: OLDEST,
  quarantine: FIRST,
  sealedQuarantine: FIRST,
  counts: undefined,
  blockedCounts: undefined,
  auditPage: { fromSeq: 0, limit: 9 },
  auditHandle: { person: 'dr-1' },
} as const satisfies { readonly [Asked in BesideQuestion]: Parameters<Store[Asked]>[0] };

/** An answer of each question, none of them empty where a store can have something to answer. */
async function fill(store: Store): Promise<void> {
  await store.commit([
    accept(1),
    accept(2),
    accept(3),
    keep('conflict-1', { room: 'conflict', isOpen: true }),
    { kind: 'crisisPlan', subject: 'user-1', plan: '{"format":1}' },
    { kind: 'audit', note: { id: idOf(7), atMs: 1, act: 'crisis.noted', by: 'dr-1' } },
  ]);
  await store.commit([
    deadLetter(2),
    { kind: 'quarantine', seq: 3, id: idOf(3), revision: 1, code: 'HF_RECORD_TAMPERED' },
  ]);
}

function ask(from: Pick<Store, BesideQuestion>, question: BesideQuestion): Promise<unknown> {
  const answer = from[question] as (query: unknown) => Promise<unknown>;
  return answer.call(from, QUERIES[question]);
}

export function testBeside(contract: Contract): void {
  test('PS-1 each question beside the writer has the answer that the writer has', async () => {
    const store = contract.store();
    await fill(store);
    for (const question of BESIDE_QUESTIONS) {
      const beside = await ask(store.beside, question);
      expect.soft(beside, question).toEqual(await ask(store, question));
      expect.soft(beside, question).not.toBeNull();
    }
    expect(await store.beside.find(idOf(9))).toBeNull();
  });

  test('PS-1 what was acknowledged is seen beside the writer, each time', async () => {
    const store = contract.store();
    await commitOne(store, accept(1));
    for (let revision = 2; revision <= 40; revision += 1) {
      const state = `state ${revision}`;
      await commitOne(store, update(1, { revision, state }));
      const [row, counts] = await Promise.all([store.beside.find(idOf(1)), store.beside.counts()]);
      expect(row).toMatchObject({ revision, state });
      expect(counts.inHand).toBe(1);
    }
  });

  test('PS-1 nothing is answered beside a store that is closed', async () => {
    const store = contract.store();
    await store.beside.counts();
    await store.close();
    await expect(store.beside.counts()).rejects.toMatchObject({ code: 'HF_CLOSED' });
    const again = await contract.reopened();
    await again.open();
    expect((await again.beside.counts()).inHand).toBe(0);
  });
}
