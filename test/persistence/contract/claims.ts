/**
 * A claim over several routes at once (OP-6, DG-2).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClaimQuery, NEVER_MS, type Write } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept } from './writes.ts';

interface Row {
  readonly seq: number;
  readonly route: string;
  readonly urgency: number;
  readonly dueAtMs: number;
  readonly subject?: string;
}

/** What a claim has to answer, by the words of its port alone. */
function expected(
  rows: readonly Row[],
  { routes, urgencyMin = 0, urgencyMax, nowMs, limit, passOver = [], subjects }: ClaimQuery,
): { readonly seqs: readonly number[]; readonly nextDueAtMs: number | null } {
  const asked = rows
    .filter(({ seq, route }) => routes.includes(route) && !passOver.includes(seq))
    .filter(({ urgency }) => urgency >= urgencyMin && urgency <= urgencyMax)
    .filter(
      ({ subject = '' }) =>
        subjects === undefined || subjects.names.includes(subject) === subjects.isOnly,
    )
    .toSorted((a, b) => a.urgency - b.urgency || a.dueAtMs - b.dueAtMs || a.seq - b.seq);
  const isDue = ({ dueAtMs }: Row): boolean => dueAtMs <= nowMs;
  const seqs = asked
    .filter(isDue)
    .map(({ seq }) => seq)
    .slice(0, limit);
  const others = asked.filter(({ seq, dueAtMs }) => !seqs.includes(seq) && dueAtMs < NEVER_MS);
  const earliest = Math.min(...others.map(({ dueAtMs }) => dueAtMs));
  return {
    seqs,
    nextDueAtMs: others.length === 0 ? null : (others.find(isDue)?.dueAtMs ?? earliest),
  };
}

function due({ seq, ...its }: Row): Write {
  return accept(seq, { standing: 'due', ...its });
}

export function testClaims(contract: Contract): void {
  const seqsOf = async (query: ClaimQuery) => {
    const { rows, nextDueAtMs } = await contract.store().claim(query);
    return { seqs: rows.map(({ seq }) => seq), nextDueAtMs };
  };

  test('OP-6 a claim goes over all routes it names, as though they were one', async () => {
    const row = (seq: number, route: string, urgency: number, dueAtMs: number): Write =>
      due({ seq, route, urgency, dueAtMs });
    await contract
      .store()
      .commit([
        row(1, 'a', 3, 10),
        row(2, 'b', 1, 30),
        row(3, 'c', 1, 20),
        row(4, 'a', 1, 25),
        row(5, 'd', 0, 1),
        row(6, 'b', 3, 5),
        row(7, 'a', 3, 90),
      ]);
    const query = { routes: ['a', 'b', 'c', 'none'], urgencyMax: 9, nowMs: 50, limit: 9 };
    expect(await seqsOf(query)).toEqual({ seqs: [3, 4, 2, 6, 1], nextDueAtMs: 90 });
    expect(await seqsOf({ ...query, limit: 2 })).toEqual({ seqs: [3, 4], nextDueAtMs: 30 });
    expect(await seqsOf({ ...query, routes: ['a', 'a'] })).toEqual({
      seqs: [4, 1],
      nextDueAtMs: 90,
    });
    expect(await seqsOf({ ...query, urgencyMin: 2 })).toEqual({ seqs: [6, 1], nextDueAtMs: 90 });
    expect(await seqsOf({ ...query, urgencyMin: 1, urgencyMax: 2 })).toEqual({
      seqs: [3, 4, 2],
      nextDueAtMs: null,
    });
    expect(await seqsOf({ ...query, routes: [] })).toEqual({ seqs: [], nextDueAtMs: null });
    expect((await contract.store().claim({ ...query, limit: 1 })).rows[0]).toMatchObject({
      payload: 'payload 3',
    });
  });

  test('OP-6 whatever is due in whichever routes, a claim is the head of one sorted list', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const time = fc.oneof(fc.nat(9), fc.constant(NEVER_MS));
    const people = ['user-1', 'user-2', 'user-3'];
    const its = fc.record({
      route: fc.constantFrom(...names),
      urgency: fc.nat(3),
      dueAtMs: time,
      subject: fc.constantFrom(...people),
    });
    const subjects = fc.record({ names: fc.subarray(people), isOnly: fc.boolean() });
    const queries = fc.array(
      fc.record({
        routes: fc.array(fc.constantFrom(...names, 'none')),
        urgencyMin: fc.nat(2),
        urgencyMax: fc.nat(4),
        nowMs: time,
        limit: fc.nat(12),
        passOver: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
        subjects: fc.option(subjects, { nil: undefined }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    let rows: Row[] = [];
    const store = contract.store();
    await fc.assert(
      fc.asyncProperty(fc.array(its, { maxLength: 6 }), queries, async (added, asked) => {
        const news = added.map((each) => ({ ...each, seq: store.nextSeq() }));
        await store.commit(news.map(due));
        rows = [...rows, ...news];
        for (const query of asked) expect(await seqsOf(query)).toEqual(expected(rows, query));
      }),
      { numRuns: 25 },
    );
  });

  test('CB-2 a claim of all but some subjects reaches the others behind thousands of theirs', async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => ({
      seq: index + 1,
      route: 'a',
      urgency: 3,
      dueAtMs: index,
      subject: 'broken',
    }));
    const others = [
      { seq: 3_001, route: 'a', urgency: 3, dueAtMs: 5_000, subject: 'well' },
      { seq: 3_002, route: 'a', urgency: 3, dueAtMs: 9_000, subject: 'well' },
    ];
    await contract.store().commit([...rows, ...others].map(due));
    const query = { routes: ['a'], urgencyMax: 9, nowMs: 6_000, limit: 2 };
    const names = ['broken'];
    expect(await seqsOf({ ...query, subjects: { names, isOnly: false } })).toEqual({
      seqs: [3_001],
      nextDueAtMs: 9_000,
    });
    expect(await seqsOf({ ...query, subjects: { names, isOnly: true } })).toEqual({
      seqs: [1, 2],
      nextDueAtMs: 2,
    });
    // None of them is a choice of nobody.
    const nobody = { names: [], isOnly: true };
    expect(await seqsOf({ ...query, subjects: nobody })).toEqual({ seqs: [], nextDueAtMs: null });
  });

  test('SC-1 a thousand routes are claimed from like a few', async () => {
    const routes = Array.from({ length: 1_000 }, (_, index) => `type-${index}`);
    const rows = routes.flatMap((route, index) =>
      [0, 1].map((turn) => ({
        seq: 1 + index + turn * routes.length,
        route,
        urgency: index % 3,
        dueAtMs: (index * 7 + turn * 3) % 50,
      })),
    );
    await contract.store().commit(rows.map(due));
    const query = { routes, urgencyMax: 9, nowMs: 40, limit: 192 };
    expect(await seqsOf(query)).toEqual(expected(rows, query));
  });
}
