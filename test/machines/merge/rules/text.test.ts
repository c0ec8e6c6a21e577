/**
 * Free text that devices changed apart.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { text } from '../../../../machines/merge/rules/text.ts';
import { type Allowance, hunksBetween } from '../../../../machines/merge/values/difference.ts';
import { A, B, NOW } from '../../../support/merge/two.ts';

const diary = defineEntity<{ note: string }>()({ type: 'diary', fields: { note: text() } });
const C = { actor: 'c', hlc: { ms: NOW - 500, c: 0 } };

/** What devices come to that changed one text apart, in every order. */
function merged(base: string | null, ...notes: readonly string[]) {
  const sides = notes.map((note, at) => ({ value: { note }, meta: [A, B, C][at] ?? A }));
  const mergedIn = (order: typeof sides) =>
    mergeEntity(diary, base === null ? null : { note: base }, order, NOW);
  const { value, review } = mergedIn(sides);
  expect(mergedIn(sides.toReversed())).toMatchObject({ value, review });
  return {
    note: String((value as { note?: string }).note),
    asked: review.map(({ reason }) => reason),
  };
}

describe('CF-3 text that was changed apart', () => {
  test('has the lines of both, also those beside each other, and nobody is asked', () => {
    const base = 'slept well\nate\nwalked\ncalled Mom';
    expect(merged(base, 'slept badly\nate\nwalked\ncalled Mom', `${base}\nread`)).toEqual({
      note: 'slept badly\nate\nwalked\ncalled Mom\nread',
      asked: [],
    });
    expect(merged('a\nb', 'A\nb', 'a\nB')).toEqual({ note: 'A\nB', asked: [] });
    expect(merged('a\nb', 'a\nnew\nb', 'a\nB')).toEqual({ note: 'a\nnew\nB', asked: [] });
    expect(merged('a\nb\nc', 'a\nc', 'a\nb\nc\nd')).toEqual({ note: 'a\nc\nd', asked: [] });
  });

  test('has no line twice of which two words were changed apart, and a person is asked', () => {
    const base = 'I called Mom and then walked home';
    expect(
      merged(base, 'I visited Mom and then walked home', 'I called Mom and then ran home'),
    ).toEqual({ note: 'I visited Mom and then ran home', asked: ['one sentence changed twice'] });
    const third = 'I called Mom and later walked home';
    expect(
      merged(
        base,
        'I visited Mom and then walked home',
        'I called Mom and then walked there',
        third,
      ),
    ).toEqual({
      note: 'I visited Mom and later walked there',
      asked: ['one sentence changed twice'],
    });
  });

  test.each([null, ''])('has no line twice that both hold where nothing was before: %j', (base) => {
    const { note, asked } = merged(base, 'slept\n\nwalked', 'slept\nate');
    expect(note.split('\n').toSorted()).toEqual(['', 'ate', 'slept', 'walked']);
    expect(asked).toEqual(['the same lines changed']);
    // Only one of them has written anything.
    expect(merged(base, '', 'slept\n\nwalked')).toEqual({ note: 'slept\n\nwalked', asked: [] });
  });

  test('has no line twice that both hold, where one added it beside what the other replaced', () => {
    const longer = 'slept well\n\nread\nwalked';
    expect(merged('begun', 'begun\nate\nwalked', longer)).toEqual({
      note: `${longer}\nate`,
      asked: [],
    });
    expect(merged('begun', `ate\nwalked\nbegun`, longer)).toEqual({
      note: `ate\n${longer}`,
      asked: [],
    });
    // What each put in the place of a line of its own is there twice.
    expect(merged('dose 1\ndose 1', 'dose 2\ndose 1', 'dose 1\ndose 2')).toEqual({
      note: 'dose 2\ndose 2',
      asked: [],
    });
    // And so is an empty line.
    expect(merged('begun', 'begun\n\nate', 'slept\n\nread').note).toBe('slept\n\nread\n\nate');
  });

  test('has no line twice that was there once, and that one moved while another kept or moved it', () => {
    const base = 'read\nslept\nate\nwalked\nsang\ncalled';
    // One took out the line above it, and the other moved both.
    const moved = 'ate\nwalked\nsang\nread\nslept\ncalled';
    expect(merged(base, 'slept\nate\nwalked\nsang\ncalled', moved)).toEqual({
      note: moved,
      asked: ['the same lines changed'],
    });
    const down = 'read\nate\nwalked\nslept\nsang\ncalled';
    expect(merged(base, down, 'read\nate\nwalked\nsang\ncalled\nslept').note).toBe(down);
    // What each added for itself is there as often, and so is what was there twice.
    expect(merged('Mo\nTu', 'Mo\nwalked\nTu', 'Mo\nTu\nwalked').note).toBe(
      'Mo\nwalked\nTu\nwalked',
    );
    expect(merged('a\nx\nb\nx', 'x\na\nb\nx', 'a\nx\nb\nx\nc').note).toBe('x\na\nb\nx\nc');
  });

  test('has sentences of one line that were changed apart, and nobody is asked', () => {
    const base = 'Slept well. Ate at 8. Called Mom.';
    expect(
      merged(base, 'Slept badly. Ate at 8. Called Mom.', 'Slept well. Ate at 9. Called Mom.'),
    ).toEqual({ note: 'Slept badly. Ate at 9. Called Mom.', asked: [] });
  });

  test('puts no numbers of one sentence together: both versions stand once', () => {
    const base = 'take 10 mg of Sertraline in the morning';
    const more = 'take 20 mg of Sertraline in the morning';
    const late = 'take 10 mg of Sertraline in the evening';
    expect(merged(base, more, late)).toEqual({
      note: `${late}\n${more}`,
      asked: ['the same lines changed'],
    });
  });

  test('has both versions of the same words, each once, from three devices too', () => {
    expect(merged('fine', 'good', 'bad', 'good')).toEqual({
      note: 'bad\ngood',
      asked: ['the same lines changed'],
    });
    expect(merged(null, 'one\nboth', 'two\nboth')).toEqual({
      note: 'one\nboth\ntwo',
      asked: ['the same lines changed'],
    });
    expect(merged('here', '', 'there')).toEqual({
      note: 'there',
      asked: ['the same lines changed'],
    });
  });

  test('loses no word of any side, and adds none', () => {
    const word = fc.constantFrom('a', 'b', 'not', '10', 'x.', 'ö');
    const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
    const note = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));
    const wordsOf = (one: string) => new Set(one.match(/[^\s.]+/g));
    fc.assert(
      fc.property(note, fc.array(note, { minLength: 2, maxLength: 3 }), (base, notes) => {
        const found = wordsOf(merged(base, ...notes).note);
        const before = wordsOf(base);
        for (const given of notes) {
          for (const one of wordsOf(given)) if (!before.has(one)) expect(found).toContain(one);
        }
        const given = new Set([base, ...notes].flatMap((one) => [...wordsOf(one)]));
        for (const one of found) expect(given).toContain(one);
      }),
      { numRuns: 300 },
    );
  });
});

describe('CF-8 comparing takes steps that are counted', () => {
  test('what was changed leads from one to the other, by the shortest way', () => {
    const some = fc.array(fc.nat(3), { maxLength: 24 });
    fc.assert(
      fc.property(some, some, (one, other) => {
        const hunks = hunksBetween(one, other, { left: 10_000 }) ?? [];
        const made: number[] = [];
        let from = 0;
        let edits = 0;
        for (const { start, end, otherStart, otherEnd } of hunks) {
          made.push(...one.slice(from, start), ...other.slice(otherStart, otherEnd));
          edits += end - start + (otherEnd - otherStart);
          from = end;
        }
        expect([...made, ...one.slice(from)]).toEqual(other);
        expect(edits).toBe(one.length + other.length - 2 * commonOf(one, other));
      }),
      { numRuns: 2_000 },
    );
  });

  test('they end where no more are allowed', () => {
    const allowance: Allowance = { left: 1_000 };
    const numbers = Array.from({ length: 5_000 }, (_, at) => at);
    const others = numbers.map((at) => -1 - at);
    expect(hunksBetween(numbers, others, allowance)).toBeNull();
    expect(allowance.left).toBeGreaterThan(-200);
  });

  test('beyond them both texts stand, and a person is asked', () => {
    const lines = (mark: string) => Array.from({ length: 2_000 }, (_, at) => `${mark}${at}`);
    const [one, other] = [lines('a'), lines('b')];
    const { note, asked } = merged(
      `begin\n${lines('c').join('\n')}\nend`,
      ...[one, other].map((all) => `begin\n${all.join('\n')}\nend`),
    );
    expect(note).toBe(['begin', ...one, ...other, 'end'].join('\n'));
    expect(asked).toEqual(['the same lines changed']);
  });
});

/** How many both have in one order. */
function commonOf(one: readonly number[], other: readonly number[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const piece of one) {
    const next = [0];
    for (const [at, candidate] of other.entries()) {
      next.push(
        piece === candidate ? (row[at] ?? 0) + 1 : Math.max(next[at] ?? 0, row[at + 1] ?? 0),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
