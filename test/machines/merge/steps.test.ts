/**
 * How much work merges are, for each rule over the worst that it can meet: blocks of our own code that are run, as V8
 * counts them, and not how long they take. In a process of its own: V8 counts otherwise what has run often before.
 */

import { Session } from 'node:inspector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { lostInPieces } from '../../../machines/merge/lost.ts';
import { mergeEntityInSteps } from '../../../machines/merge/mergeEntity.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { fields, map } from '../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import type { AnyRule } from '../../../machines/merge/rules/rule.ts';
import { both, latest } from '../../../machines/merge/rules/single.ts';
import { text } from '../../../machines/merge/rules/text.ts';
import { canonical, canonicalInPieces } from '../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../machines/merge/values/cleanJson.ts';
import { sha256, sha256InPieces } from '../../../machines/merge/values/sha256.ts';
import { atOnce, type Pieces, sortedInPieces, Work } from '../../../machines/vocabulary/pieces.ts';
import { A, B, NOW } from '../../support/merge/two.ts';

const session = new Session();

beforeAll(() => {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
});
afterAll(() => session.disconnect());

/** How many blocks of our own code were run since it was last asked. */
function blocksRun(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result) {
      if (!url.includes('/machines/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

/** All pieces of a merge, with the search for what is lost. */
function* pieces(
  rules: ReturnType<typeof ruled>,
  one: (who: string, bytes: number) => unknown,
  bytes: number,
): Pieces<void> {
  const base = one('base', bytes);
  const sides = [
    { value: one('mine', bytes), meta: A },
    { value: one('other', bytes), meta: B },
  ];
  const merged = yield* mergeEntityInSteps(rules, base, sides, NOW);
  yield* lostInPieces(rules, { base, sides }, merged);
}

function ruled(rule: AnyRule) {
  return defineEntity<{ custom: unknown }>()({ type: 'worst', fields: { custom: rule as never } });
}

const times = <Item>(bytes: number, each: number, item: (at: number) => Item): Item[] =>
  Array.from({ length: Math.ceil(bytes / each) }, (_, at) => item(at));
const custom = (make: (who: string, bytes: number) => unknown) => (who: string, bytes: number) => ({
  custom: make(who, bytes),
});
const lines = (who: string, bytes: number) => times(bytes, 8, (at) => `${who}${at}`);

const WORST: Readonly<
  Record<string, readonly [ReturnType<typeof ruled>, (who: string, bytes: number) => unknown]>
> = {
  'text of blank lines': [
    ruled(text()),
    custom((who, bytes) => '\n'.repeat(who === 'base' ? bytes / 2 : bytes) + who),
  ],
  'text of other lines': [ruled(text()), custom((who, bytes) => lines(who, bytes).join('\n'))],
  'text of one line': [ruled(text()), custom((who, bytes) => lines(who, bytes).join(' '))],
  'text of two lines again and again': [
    ruled(text()),
    custom((who, bytes) => (who === 'mine' ? 'a\nb\n' : 'b\nb\na\n').repeat(bytes / 4)),
  ],
  'texts of blank lines': [
    entityRulesOf('mood_log'),
    (who, bytes) => ({
      entries: times(bytes, 600, (at) => ({ id: `e${at}`, note: '\n'.repeat(500) + who })),
    }),
  ],
  'one value': [ruled(latest()), custom((who, bytes) => times(bytes, 8, (at) => `${who}${at}`))],
  'one value, both kept': [ruled(both()), custom((who, bytes) => who.repeat(bytes / 4))],
  set: [ruled(set()), custom(lines)],
  'set that keeps one': [
    ruled(set({ keepsOne: true, asksOfReplaced: true })),
    custom((who, bytes) => (who === 'base' ? lines(who, bytes) : [])),
  ],
  'list, each item another': [
    ruled(list({ id: 'id', item: anything(both()), removing: 'confirmed' })),
    custom((who, bytes) => times(bytes, 40, (at) => ({ id: `c${at}`, name: who }))),
  ],
  'list, each item gone': [
    ruled(list({ id: 'id', item: anything(both()), removing: 'declared' })),
    custom((who, bytes) => times(bytes, 40, (at) => ({ id: `${who}${at}` }))),
  ],
  'list, all items of one name': [
    ruled(list({ id: 'id', item: fields({ other: latest() }), removing: 'never', uniqueBy: 'n' })),
    custom((who, bytes) => times(bytes, 40, (at) => ({ id: `${who}${at}`, n: 'x' }))),
  ],
  'list in another order': [
    ruled(list({ id: 'id', item: anything(both()), removing: 'confirmed' })),
    custom((who, bytes) => {
      const all = times(bytes, 24, (at) => ({ id: `c${at}` }));
      return who === 'mine' ? all.toReversed() : all;
    }),
  ],
  map: [
    ruled(map(latest())),
    custom((who, bytes) => Object.fromEntries(times(bytes, 16, (at) => [`k${at}`, who]))),
  ],
  'anything, nested': [
    ruled(anything(both())),
    custom((who, bytes) => ({ a: { b: [{ id: 1, list: lines(who, bytes) }] } })),
  ],
  questionnaire: [
    entityRulesOf('assessment'),
    (who, bytes) => ({
      instrument: 'PHQ-9',
      answers: Object.fromEntries(times(bytes, 8, (at) => [`q${at}`, who.length % 4])),
    }),
  ],
  'digits of cards': [
    ruled(latest()),
    custom((who, bytes) => `${who} 4111 4111-`.repeat(bytes / 12)),
  ],
  'marks upon a letter': [
    ruled(latest()),
    custom((who, bytes) => `${who}${'\u0301\u0316'.repeat(bytes / 4)}`),
  ],
};

const KB = 1_024;

describe('CF-8 the work of a merge is counted', () => {
  test.each(Object.entries(WORST))('%s: it grows with the size alone', (_, [rules, make]) => {
    atOnce(pieces(rules, make, KB));
    const blocks = [KB, 10 * KB, 100 * KB].map((bytes) => {
      blocksRun();
      atOnce(pieces(rules, make, bytes));
      return blocksRun();
    });
    const [one = 0, ten = 0, hundred = 0] = blocks;
    expect(ten / one, `${blocks.join(', ')} blocks`).toBeLessThan(13);
    expect(hundred / ten, `${blocks.join(', ')} blocks`).toBeLessThan(13);
  });

  test.each(Object.entries(WORST))('%s: no piece of it is large', (_, [rules, make]) => {
    const steps = pieces(rules, make, 8 * KB);
    blocksRun();
    let most = 0;
    for (let isOver = false; !isOver; ) {
      isOver = steps.next().done === true;
      most = Math.max(most, blocksRun());
    }
    // So many are run in a few milliseconds.
    expect(most).toBeLessThan(1_000_000);
  });
});

describe('what is done in pieces comes to the same', () => {
  const strange = 'a\u{1F600}ä\ud800'.repeat(5_000);

  test('CF-2 as what is done at once', () => {
    const value = cleanJson({ a: lines('x', 20 * KB), b: { c: strange, d: [1, null, true] } });
    const written = canonical(
      cleanJson({ a: lines('x', 20 * KB), b: { c: strange, d: [1, null, true] } }),
    );
    expect(atOnce(canonicalInPieces(value, new Work()))).toBe(written);
    expect(canonical(value)).toBe(written);
    expect(
      atOnce(sha256InPieces([written.slice(0, 9_999), written.slice(9_999), strange], new Work())),
    ).toBe(sha256(written + strange));
    const numbers = times(20 * KB, 8, (at) => ({ key: (at * 7_919) % 1_009, at }));
    const compare = (one: { key: number }, other: { key: number }) => one.key - other.key;
    expect(atOnce(sortedInPieces(numbers, compare))).toEqual(numbers.toSorted(compare));
  });
});
