/**
 * Kept records: what is known of entities, and conflicts.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { armFaultPoint } from '../../../persistence/port/faultPoints.ts';
import { IN_USE_AGAIN_MS } from '../../../persistence/port/kept.ts';
import type { KeepWrite, KeptPage, KeptPageQuery, Store } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, idOf, update } from './writes.ts';

/** A write that keeps a text under a key, whatever is there, unless its test says otherwise. */
export function keep(key: string, change: Partial<KeepWrite> = {}): KeepWrite {
  return { kind: 'keep', room: 'entity', key, text: `text of ${key} ☃`, ...change };
}

const NEWEST = { order: 'newest', fromSeq: Number.MAX_SAFE_INTEGER, limit: 9 } as const;
const OLDEST = { order: 'oldest', fromSeq: 0, limit: 9 } as const;
const conflict = { room: 'conflict' } as const;

export async function keysOf(
  store: Store,
  query: Partial<KeptPageQuery> & Pick<KeptPageQuery, 'room'>,
): Promise<string[]> {
  const { rows } = await store.keptPage({ ...OLDEST, ...query });
  return rows.map((row) => ('unreadable' in row ? row.unreadable : row.key));
}

export function testKept(contract: Contract): void {
  test('CF-8 a record is found by its room and its key, and by nothing else', async () => {
    const store = contract.store();
    expect(await commitOne(store, keep('a'))).toEqual({ kind: 'kept', revision: 1 });
    const kept = await store.kept({ room: 'entity', key: 'a' });
    expect(kept).toEqual({
      room: 'entity',
      key: 'a',
      text: 'text of a ☃',
      revision: 1,
      seq: expect.any(Number),
      isOpen: false,
      keepUntilMs: null,
      lane: 'a',
    });
    expect(await store.kept({ room: 'conflict', key: 'a' })).toBeNull();
    expect(await store.kept({ room: 'entity', key: 'b' })).toBeNull();
    const again = await contract.reopened();
    await again.open();
    expect(await again.kept({ room: 'entity', key: 'a' })).toEqual(kept);
  });

  test('CF-8 a later write takes the place of the one before, with all that it says of it', async () => {
    const store = contract.store();
    await store.commit([keep('a'), keep('b')]);
    const before = await store.kept({ room: 'entity', key: 'a' });
    const change = { text: 'x'.repeat(100_000), isOpen: true, keepUntilMs: 7 };
    expect(await commitOne(store, keep('a', change))).toEqual({ kind: 'kept', revision: 2 });
    expect(await store.kept({ room: 'entity', key: 'a' })).toEqual({
      ...before,
      ...change,
      revision: 2,
    });
    expect(await commitOne(store, keep('a', { text: '' }))).toEqual({ kind: 'kept', revision: 3 });
    const last = { text: '', isOpen: false, keepUntilMs: null, revision: 3 };
    expect(await store.kept({ room: 'entity', key: 'a' })).toEqual({ ...before, ...last });
  });

  test('CF-8 a write with a condition is done only if nobody else has written since', async () => {
    const store = contract.store();
    const otherwise = (revision: number) => ({ kind: 'keptOtherwise', revision });
    expect(await commitOne(store, keep('a', { revision: 1 }))).toEqual(otherwise(0));
    expect(await commitOne(store, keep('a', { revision: 0 }))).toMatchObject({ revision: 1 });
    const another = keep('a', { revision: 0, text: 'another' });
    expect(await commitOne(store, another)).toEqual(otherwise(1));
    expect(await store.kept({ room: 'entity', key: 'a' })).toMatchObject({ text: 'text of a ☃' });
    expect(await store.commit([{ ...another, revision: 1 }, keep('a', { revision: 1 })])).toEqual([
      { kind: 'kept', revision: 2 },
      otherwise(2),
    ]);
    expect(await commitOne(store, keep('a', { revision: 3, text: null }))).toEqual(otherwise(2));
    expect(await commitOne(store, keep('a', { revision: 0, text: null }))).toEqual(otherwise(2));
    expect(await commitOne(store, keep('a', { revision: 2, text: null }))).toEqual({
      kind: 'kept',
      revision: 0,
    });
    expect(await store.kept({ room: 'entity', key: 'a' })).toBeNull();
  });

  test('CF-8 a condition that is met makes the next revision also of the same text', async () => {
    const store = contract.store();
    await store.commit([keep('a')]);
    const same = keep('a', { revision: 1 });
    expect(await commitOne(store, same)).toEqual({ kind: 'kept', revision: 2 });
  });

  test.each([
    ['without a condition', undefined, null],
    ['with one', 2, null],
    ['that was the first', 0, 'erase'],
  ])('PS-6 a repeat of a write %s is answered as if done now', async (_, revision, begin) => {
    const store = contract.store();
    const first = begin === 'erase' ? keep('a', { text: null }) : keep('a', { text: 'before' });
    await store.commit([first, ...(revision === 2 ? [keep('a', { text: 'second' })] : [])]);
    const write = keep('a', { isOpen: true, keepUntilMs: 9, revision });
    const result = await commitOne(store, write);
    const kept = await store.kept({ room: 'entity', key: 'a' });
    expect(await commitOne(store, write)).toEqual(result);
    expect(await store.kept({ room: 'entity', key: 'a' })).toEqual(kept);
    // What differs in anything is no repeat.
    for (const change of [{ text: 'other' }, { isOpen: false }, { keepUntilMs: 8 }]) {
      const other = await commitOne(store, { ...write, ...change, revision: revision ?? 0 });
      expect(other).toMatchObject({ kind: 'keptOtherwise' });
    }
  });

  test('SE-6 those about a person are found by them, in the order in which they first came', async () => {
    const store = contract.store();
    const [nfc, nfd] = ['Jos\u00e9', 'Jose\u0301'];
    await store.commit([
      keep('a', { subject: nfc }),
      keep('b', { subject: 'user-2' }),
      keep('c', { subject: nfd }),
      keep('d'),
      keep('a', { ...conflict, subject: nfc, isOpen: true }),
    ]);
    const of = (subject: string) => keysOf(store, { room: 'entity', subject });
    expect(await of(nfd)).toEqual(['a', 'c']);
    expect(await keysOf(store, { room: 'entity', subject: nfc, ...NEWEST })).toEqual(['c', 'a']);
    const second = { room: 'entity', subject: nfc, ...OLDEST, limit: 1 } as const;
    const { rows, nextSeq } = await store.keptPage(second);
    expect(rows).toMatchObject([{ key: 'a' }]);
    expect((await store.keptPage({ ...second, fromSeq: nextSeq ?? 0 })).rows).toMatchObject([
      { key: 'c' },
    ]);
    expect(await keysOf(store, { ...conflict, subject: nfd })).toEqual(['a']);
    expect(await of('nobody')).toEqual([]);
    // A write that names nobody leaves that as it is; one that names another changes it, the text or not.
    await store.commit([keep('a', { text: 'later' }), keep('b', { subject: nfc }), keep('d')]);
    expect(await of(nfc)).toEqual(['a', 'b', 'c']);
    expect(await of('user-2')).toEqual([]);
    expect(await store.kept({ room: 'entity', key: 'b' })).toMatchObject({ revision: 2 });
    expect(await store.kept({ room: 'entity', key: 'd' })).toMatchObject({ revision: 1 });
    await store.commit([keep('a', { text: null }), keep('a')]);
    expect(await of(nfc)).toEqual(['b', 'c']);
  });

  test('SE-6 whom a record is about outlives a put off purge, and the store', async () => {
    const store = contract.store();
    await store.commit([
      keep('a', { subject: 'user-1', keepUntilMs: 5 }),
      accept(1, { lane: 'a' }),
      { kind: 'purgeKept', nowMs: 9, limit: 9 },
    ]);
    const again = await contract.reopened();
    await again.open();
    expect(await keysOf(again, { room: 'entity', subject: 'user-1' })).toEqual(['a']);
  });

  test('PS-6 a repeat of what erases is answered as if done now', async () => {
    const store = contract.store();
    await store.commit([keep('a'), keep('b')]);
    for (const erase of [keep('a', { text: null }), keep('b', { text: null, revision: 1 })]) {
      const gone = { kind: 'kept', revision: 0 };
      expect(await commitOne(store, erase)).toEqual(gone);
      expect(await commitOne(store, erase)).toEqual(gone);
    }
  });

  test.runIf(contract.faultsReachIt)(
    'PS-6 a commit that failed, written or not, can be repeated',
    async () => {
      const store = contract.store();
      await store.commit([keep('a', { text: 'before' })]);
      const writes = [accept(1), keep('a', { revision: 1 }), keep('b', { revision: 0 })];
      for (const point of ['store.beforeCommit', 'store.afterCommit'] as const) {
        armFaultPoint(point, 1, 'throw');
        await expect(store.commit(writes)).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
        const isDone = point === 'store.afterCommit';
        const text = isDone ? 'text of a ☃' : 'before';
        expect(await store.kept({ room: 'entity', key: 'a' })).toMatchObject({ text });
        expect((await store.kept({ room: 'entity', key: 'b' })) === null).toBe(!isDone);
      }
      expect(await store.commit(writes)).toMatchObject([
        { kind: 'accepted' },
        { kind: 'kept', revision: 2 },
        { kind: 'kept', revision: 1 },
      ]);
    },
  );

  test('CF-8 what goes with a write is written if that is, in the same commit', async () => {
    const store = contract.store();
    const also = [
      { ...conflict, key: 'c', text: 'with it', isOpen: true },
      { room: 'entity', key: 'b', text: null },
    ] as const;
    await store.commit([keep('b'), keep('c', { ...conflict, text: 'before' })]);
    expect(await commitOne(store, keep('a', { revision: 1, also }))).toMatchObject({
      kind: 'keptOtherwise',
    });
    expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 0 });
    const write = keep('a', { revision: 0, also });
    for (const _ of ['once', 'again']) {
      expect(await commitOne(store, write)).toEqual({ kind: 'kept', revision: 1 });
      expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 1 });
    }
    expect(await store.kept({ ...conflict, key: 'c' })).toMatchObject({ text: 'with it' });
    const refused = keep('d', { also: [{ room: 'entity', key: '', text: '' }] });
    await expect(store.commit([refused])).rejects.toMatchObject({ code: 'HF_INTERNAL' });
    expect(await store.kept({ room: 'entity', key: 'd' })).toBeNull();
  });

  test('OP-2 a batch that is refused keeps nothing', async () => {
    const store = contract.store();
    await store.commit([accept(9)]);
    const refused = store.commit([keep('a'), accept(1, { id: idOf(9) })]);
    await expect(refused).rejects.toMatchObject({ code: 'HF_INTERNAL' });
    expect(await store.kept({ room: 'entity', key: 'a' })).toBeNull();
  });

  test.each<[string, KeepWrite]>([
    ['an empty key', keep('')],
    ['a text that can not be sealed', keep('a', { text: 'x'.repeat(10_000_001) })],
    ['a revision that is no count', keep('a', { revision: -1 })],
    ['an end that is no whole instant', keep('a', { keepUntilMs: 1.5 })],
    ['a room that there is not', { ...keep('a'), room: 'other' as 'entity' }],
  ])('UX-2 %s is refused', async (_, write) => {
    await expect(contract.store().commit([write])).rejects.toMatchObject({ code: 'HF_INTERNAL' });
  });

  test('CF-8 pages run in the order in which records first came, either way, by room or of the open ones', async () => {
    const store = contract.store();
    await store.commit([
      keep('e1', { isOpen: true }),
      ...['c1', 'c2', 'c3', 'c4'].map((key) => keep(key, { ...conflict, isOpen: true })),
      keep('e2'),
    ]);
    // A later write leaves them where they are.
    await store.commit([keep('c1', { ...conflict, text: 'late', isOpen: true })]);
    await store.commit([keep('c2', { ...conflict, text: 'closed' })]);
    expect(await keysOf(store, { room: 'entity' })).toEqual(['e1', 'e2']);
    expect(await keysOf(store, { room: 'entity', isOpen: true })).toEqual(['e1']);
    expect(await keysOf(store, conflict)).toEqual(['c1', 'c2', 'c3', 'c4']);
    expect(await keysOf(store, { ...conflict, isOpen: true })).toEqual(['c1', 'c3', 'c4']);
    expect(await keysOf(store, { ...conflict, ...NEWEST })).toEqual(['c4', 'c3', 'c2', 'c1']);
    const open = { ...conflict, isOpen: true } as const;
    for (const [query, expected] of [
      [{ ...open, ...NEWEST, limit: 2 }, [['c4', 'c3'], ['c1']]],
      [{ ...open, ...OLDEST, limit: 1 }, [['c1'], ['c3'], ['c4'], []]],
      [{ ...conflict, ...NEWEST, limit: 3 }, [['c4', 'c3', 'c2'], ['c1']]],
    ] as const) {
      const pages: string[][] = [];
      for (let fromSeq: number | null = query.fromSeq; fromSeq !== null; ) {
        const page: KeptPage = await store.keptPage({ ...query, fromSeq });
        pages.push(page.rows.map((row) => ('unreadable' in row ? '' : row.key)));
        fromSeq = page.nextSeq;
      }
      expect(pages).toEqual(expected);
    }
  });

  test('CF-8 they are counted, the open conflicts apart', async () => {
    const store = contract.store();
    expect(await store.keptCounts()).toEqual({ entity: 0, conflict: 0, openConflicts: 0 });
    await store.commit([
      keep('a', { isOpen: true }),
      keep('b'),
      keep('a', { ...conflict, isOpen: true }),
      keep('b', conflict),
      keep('c', { ...conflict, isOpen: true }),
    ]);
    expect(await store.keptCounts()).toEqual({ entity: 2, conflict: 3, openConflicts: 2 });
    await store.commit([keep('b', { text: null }), keep('a', conflict)]);
    expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 3, openConflicts: 1 });
  });

  test('PS-5 what was kept long enough is purged, the earliest first; what is open is not, nor operations', async () => {
    const store = contract.store();
    const purge = async (nowMs: number, limit = 9) =>
      await commitOne(store, { kind: 'purgeKept', nowMs, limit });
    expect(await purge(99)).toEqual({ kind: 'purgedKept', count: 0, nextDueAtMs: null });
    await store.commit([
      accept(1),
      keep('c30', { ...conflict, keepUntilMs: 30 }),
      keep('c10', { ...conflict, keepUntilMs: 10 }),
      keep('e20', { keepUntilMs: 20 }),
      keep('open', { ...conflict, keepUntilMs: 5, isOpen: true }),
      keep('for ever'),
    ]);
    expect(await purge(9)).toEqual({ kind: 'purgedKept', count: 0, nextDueAtMs: 10 });
    expect(await purge(29, 1)).toEqual({ kind: 'purgedKept', count: 1, nextDueAtMs: 20 });
    expect(await keysOf(store, conflict)).toEqual(['c30', 'open']);
    expect(await purge(29)).toEqual({ kind: 'purgedKept', count: 1, nextDueAtMs: 30 });
    expect(await purge(99)).toEqual({ kind: 'purgedKept', count: 1, nextDueAtMs: null });
    expect(await keysOf(store, conflict)).toEqual(['open']);
    expect(await keysOf(store, { room: 'entity' })).toEqual(['for ever']);
    await store.commit([keep('open', { ...conflict, keepUntilMs: 5 })]);
    expect(await purge(99)).toMatchObject({ count: 1 });
    expect(await store.find(idOf(1))).not.toBeNull();
  });

  test('CF-6 CF-7 PS-5 what is known of an entity, and its conflicts, stay while operations are in its lane', async () => {
    const store = contract.store();
    const purge = async (nowMs: number) =>
      await commitOne(store, { kind: 'purgeKept', nowMs, limit: 2 });
    await store.commit([
      accept(1, { lane: 'a' }),
      keep('a', { keepUntilMs: 10 }),
      keep('b', { keepUntilMs: 11 }),
      keep('a', { ...conflict, keepUntilMs: 12 }),
      keep('c', { keepUntilMs: 13 }),
      keep('d', { ...conflict, lane: 'a', keepUntilMs: 14 }),
      keep('e', { ...conflict, lane: 'b', keepUntilMs: 15 }),
    ]);
    const before = await store.kept({ room: 'entity', key: 'a' });
    expect(await purge(20)).toEqual({ kind: 'purgedKept', count: 1, nextDueAtMs: 12 });
    const keepUntilMs = 20 + IN_USE_AGAIN_MS;
    expect(await purge(20)).toEqual({ kind: 'purgedKept', count: 2, nextDueAtMs: 14 });
    const after = await store.kept({ room: 'entity', key: 'a' });
    expect(after).toEqual({ ...before, keepUntilMs, revision: 2 });
    expect(await purge(20)).toMatchObject({ count: 1, nextDueAtMs: keepUntilMs });
    expect(await keysOf(store, conflict)).toEqual(['d']);
    await store.commit([update(1, { leavesLane: true, standing: 'settled' })]);
    expect(await purge(keepUntilMs)).toEqual({ kind: 'purgedKept', count: 2, nextDueAtMs: null });
    expect(await keysOf(store, conflict)).toEqual([]);
    expect(await store.kept({ room: 'entity', key: 'a' })).toBeNull();
  });

  test('OP-2 calls take effect in the order they were made', async () => {
    const store = contract.store();
    const query = { room: 'entity', key: 'a' } as const;
    const [before, , after, , counts] = await Promise.all([
      store.kept(query),
      store.commit([keep('a')]),
      store.kept(query),
      store.commit([keep('a', { text: null })]),
      store.keptCounts(),
    ]);
    expect([before, after]).toEqual([null, expect.objectContaining({ revision: 1 })]);
    expect(counts).toMatchObject({ entity: 0 });
  });
}
