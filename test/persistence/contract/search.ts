/**
 * Searching the operations for people, a bounded piece at a time (OP-10).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { SEARCHED_ROWS } from '../../../persistence/port/search.ts';
import type { SearchQuery, Store, Write } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, deadLetter, idOf, replay, settlement, update } from './writes.ts';

/** As the engine makes them: they sort by time. */
function timedId(seq: number): string {
  return `00000000-${seq.toString(16).padStart(4, '0')}-7000-8000-000000000000`;
}

export function testSearch(contract: Contract): void {
  async function piece(query: Partial<SearchQuery> = {}, store: Store = contract.store()) {
    const fromSeq = query.order === 'oldest' ? 0 : Number.MAX_SAFE_INTEGER;
    const found = await store.search({ order: 'newest', fromSeq, limit: 100, ...query });
    return { seqs: found.rows.map(({ seq }) => seq), nextSeq: found.nextSeq, rows: found.rows };
  }

  /** All pieces, and how many there were. */
  async function all(query: Partial<SearchQuery> = {}) {
    const seqs: number[] = [];
    let fromSeq = query.order === 'oldest' ? 0 : Number.MAX_SAFE_INTEGER;
    for (let pieces = 1; ; pieces += 1) {
      const found = await piece({ ...query, fromSeq });
      seqs.push(...found.seqs);
      if (found.nextSeq === null) return { seqs, pieces };
      fromSeq = found.nextSeq;
    }
  }

  test('OP-10 a search goes newest first or oldest first, in pieces, without payloads', async () => {
    await contract.store().commit([accept(1), accept(2), accept(3)]);
    const { rows, ...found } = await piece();
    expect(found).toEqual({ seqs: [3, 2, 1], nextSeq: null });
    expect(rows[0]).toMatchObject({ id: idOf(3), state: 'state 3.1', payload: null });
    expect(await piece({ limit: 2 })).toMatchObject({ seqs: [3, 2], nextSeq: 2 });
    expect(await piece({ order: 'oldest', limit: 2 })).toMatchObject({ seqs: [1, 2], nextSeq: 2 });
    expect(await all({ limit: 1 })).toMatchObject({ seqs: [3, 2, 1] });
    expect(await all({ order: 'oldest', limit: 1 })).toMatchObject({ seqs: [1, 2, 3] });
  });

  test('OP-10 it finds by subject, by what the state says and by when ids were made', async () => {
    await contract
      .store()
      .commit([
        accept(1, { id: timedId(1), subject: 'user-1', state: 'a "type" of one' }),
        accept(2, { id: timedId(2), subject: 'user-2', state: 'a "type" of two' }),
        accept(3, { id: timedId(3), subject: 'user-1', state: 'a "type" of two' }),
        accept(4, { subject: null, state: 'another' }),
        accept(5, { id: timedId(0), urgency: 0, subject: 'user-3' }),
      ]);
    expect((await piece({ subject: 'user-1' })).seqs).toEqual([3, 1]);
    expect((await piece({ subject: 'nobody' })).seqs).toEqual([]);
    expect((await piece({ mentions: ['"type"', 'two'] })).seqs).toEqual([3, 2]);
    expect((await piece({ subject: 'user-1', mentions: ['two'] })).seqs).toEqual([3]);
    // One of rank 0 was perhaps accepted later than its id says.
    expect((await piece({ idFrom: timedId(2), idBefore: timedId(9) })).seqs).toEqual([5, 3, 2]);
    expect((await piece({ idBefore: timedId(2) })).seqs).toEqual([5, 1]);
    const digits = timedId(2).replaceAll('-', '');
    expect((await piece({ idEnd: digits })).seqs).toEqual([2]);
    expect((await piece({ idEnd: `${digits.slice(0, -4)}ffff` })).seqs).toEqual([]);
  });

  test('OP-10 it finds by where rows stand and what they wait for', async () => {
    const due = (seq: number): Write => accept(seq, { standing: 'due', dueAtMs: 5 });
    await contract
      .store()
      .commit([
        accept(1),
        due(2),
        accept(3, { lane: 'a' }),
        accept(4, { lane: 'a' }),
        accept(5),
        accept(6),
        accept(7),
        accept(8),
      ]);
    await contract
      .store()
      .commit([
        settlement(5),
        deadLetter(6),
        update(7, { standing: 'held', waitsFor: 'review' }),
        { kind: 'quarantine', seq: 8, id: idOf(8), revision: 1, code: 'HF_RECORD_UNSUPPORTED' },
      ]);
    const seqsOf = async (query: Partial<SearchQuery>): Promise<number[]> =>
      (await piece({ order: 'oldest', ...query })).seqs;
    expect(await seqsOf({ standings: ['inHand'] })).toEqual([1, 3]);
    expect(await seqsOf({ standings: ['due'] })).toEqual([2]);
    expect(await seqsOf({ standings: ['held'] })).toEqual([4, 7]);
    expect(await seqsOf({ standings: ['settled'] })).toEqual([5]);
    expect(await seqsOf({ standings: ['deadLettered'] })).toEqual([6]);
    expect(await seqsOf({ standings: ['due', 'inHand', 'held'] })).toEqual([1, 2, 3, 4, 7]);
    expect(await seqsOf({ standings: ['due', 'held'], limit: 2 })).toEqual([2, 4]);
    expect(await seqsOf({ standings: ['settled', 'due'] })).toEqual([2, 5]);
    expect(await seqsOf({ standings: [] })).toEqual([]);
    expect(await seqsOf({ waitsFor: 'review' })).toEqual([7]);
    expect(await seqsOf({ waitsFor: 'lane' })).toEqual([4]);
    expect(await seqsOf({ waitsFor: 'review', standings: ['due'] })).toEqual([]);
    // What can't be opened can't be told from what is meant.
    expect(await seqsOf({ mentions: ['state 2'] })).toEqual([2, 8]);
  });

  test('OP-10 SC-1 a piece looks at so many rows and no more, whatever it finds among them', async () => {
    const last = 2 * SEARCHED_ROWS + 10;
    const rows = Array.from({ length: last }, (_, index) =>
      accept(index + 1, {
        standing: index % 2 === 0 ? 'due' : 'held',
        dueAtMs: index % 2 === 0 ? 9 : null,
        subject: index === 0 || index === last - 1 ? 'rare' : 'many',
      }),
    );
    await contract.store().commit(rows);
    const first = idOf(1).replaceAll('-', '');
    expect(await piece({ idEnd: first })).toMatchObject({
      seqs: [],
      nextSeq: last - SEARCHED_ROWS + 1,
    });
    expect(await all({ idEnd: first })).toEqual({ seqs: [1], pieces: 3 });
    expect(await all({ idEnd: first, order: 'oldest' })).toMatchObject({ seqs: [1] });
    // What is about one person is found without the others.
    expect(await all({ subject: 'rare' })).toEqual({ seqs: [last, 1], pieces: 1 });
    expect(await all({ subject: 'rare', order: 'oldest' })).toMatchObject({ seqs: [1, last] });
    expect((await all({ subject: 'many' })).seqs).toHaveLength(last - 2);
    expect((await piece({ subject: 'many', waitsFor: 'review' })).nextSeq).not.toBeNull();
    for (const standings of [['due'], ['held'], ['due', 'inHand']] as const) {
      const parity = standings[0] === 'due' ? 1 : 0;
      const wanted = rows.map(({ seq }) => seq).filter((seq) => seq % 2 === parity);
      expect((await all({ standings, order: 'oldest' })).seqs).toEqual(wanted);
      expect((await all({ standings })).seqs).toEqual(wanted.toReversed());
    }
  });

  test('OP-12 it finds by tag, whatever became of those that have it', async () => {
    const tags = ['import', 'vip'];
    await contract.store().commit([
      accept(1, { tags }),
      accept(2, { tags: ['import'], lane: 'a', idempotencyKey: 'key' }),
      accept(3),
      accept(4, { tags: ['import'] }),
      accept(5, { tags: ['import'] }),
      accept(6, { tags: ['vip'], lane: 'a' }),
      // What meets an earlier one with its key is not there.
      accept(7, { tags: ['vip'], idempotencyKey: 'key' }),
    ]);
    // A repeat changes nothing.
    await contract.store().commit([accept(1, { tags })]);
    expect((await piece({ tag: 'import' })).seqs).toEqual([5, 4, 2, 1]);
    expect(await all({ tag: 'import', limit: 1, order: 'oldest' })).toMatchObject({
      seqs: [1, 2, 4, 5],
    });
    expect((await piece({ tag: 'vip' })).seqs).toEqual([6, 1]);
    expect((await piece({ tag: 'vip', standings: ['held'] })).seqs).toEqual([6]);
    expect((await piece({ tag: 'vi' })).seqs).toEqual([]);

    await contract
      .store()
      .commit([
        settlement(1, { dueAtMs: 5 }),
        deadLetter(2),
        { kind: 'withdraw', seq: 4, id: idOf(4) },
        { kind: 'quarantine', seq: 5, id: idOf(5), revision: 1, code: 'HF_RECORD_UNSUPPORTED' },
      ]);
    expect((await piece({ tag: 'import' })).seqs).toEqual([5, 2, 1]);
    // Replayed it goes to the tail of its lane, and is put back from the quarantine.
    await contract
      .store()
      .commit([
        replay(2, { lane: 'a', toSeq: 102 }),
        { kind: 'reinstate', seq: 5, id: idOf(5), revision: 1, toSeq: 105 },
      ]);
    expect((await piece({ tag: 'import' })).seqs).toEqual([102, 5, 1]);
    await contract.store().commit([{ kind: 'purgeSettled', nowMs: 1e12, limit: 9 }]);
    expect((await piece({ tag: 'import' })).seqs).toEqual([102, 5]);
    const again = await contract.reopened();
    await again.open();
    expect((await piece({ tag: 'import' }, again)).seqs).toEqual([102, 5]);
  });

  test('OP-10 it reads what is there, also when the store is opened again', async () => {
    await contract.store().commit([accept(1, { subject: 'user-1' })]);
    await commitOne(contract.store(), settlement(1));
    const again = await contract.reopened();
    await again.open();
    expect((await piece({ subject: 'user-1' }, again)).seqs).toEqual([1]);
  });
}
