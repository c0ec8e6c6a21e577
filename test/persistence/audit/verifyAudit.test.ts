/** The judge of a log: whatever was done to it, the first entry that it was done to is named. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpointOf, edit, logOf, OTHER_LOG, uuidOf, verdictOn } from './sampleLog.ts';

const SIZE = 12;
const texts = logOf(SIZE);
const faultsOf = (
  log: readonly string[],
  checkpoints: Parameters<typeof verdictOn>[1] = [],
): readonly (readonly [string, number])[] =>
  verdictOn(log, checkpoints).faults.map(({ kind, seq }) => [kind, seq] as const);

test('AU-2 control: of a log that nobody touched there is nothing to say', () => {
  const checkpoints = [1, 5, SIZE].map((size) => checkpointOf(texts.slice(0, size)));
  expect(verdictOn(texts, checkpoints)).toMatchObject({
    entries: SIZE,
    faults: [],
    isCut: false,
    root: checkpoints.at(-1)?.root,
  });
  expect(verdictOn([]).faults).toEqual([]);
});

describe('AU-2 it says which entry', () => {
  test.each(texts.slice(0, -1).map((_, seq) => seq))('%i was edited', (seq) => {
    const changed = texts.with(seq, edit(texts[seq], { code: 'HF_OTHER' }));
    expect(faultsOf(changed)).toEqual([['edited', seq]]);
  });

  test.each(texts.slice(0, -1).map((_, seq) => seq))('%i was removed', (seq) => {
    expect(faultsOf(texts.toSpliced(seq, 1))).toEqual([['removed', seq]]);
  });

  test.each([0, 3, 9])('%i changed places with the next', (seq) => {
    const [one = '', other = ''] = texts.slice(seq, seq + 2);
    const faults = faultsOf(texts.toSpliced(seq, 2, other, one));
    expect(faults).toEqual([['reordered', seq]]);
  });

  test.each([0, 4, 11])('one was added behind %i', (seq) => {
    const added = edit(texts[seq], { id: uuidOf(99) });
    const [[kind, at] = []] = faultsOf(texts.toSpliced(seq + 1, 0, added));
    expect([kind, at]).toEqual(['inserted', seq]);
  });

  test('a line is no entry, or one of another log', () => {
    expect(faultsOf(texts.with(4, 'no entry'))[0]).toEqual(['notCanonical', 4]);
    expect(faultsOf(texts.with(4, ` ${texts[4]}`))[0]).toEqual(['notCanonical', 4]);
    const foreign = logOf(SIZE, { 4: { log: OTHER_LOG } })[4] ?? '';
    expect(faultsOf(texts.with(4, foreign))[0]).toEqual(['otherLog', 4]);
  });

  test('two entries have one id', () => {
    const twice = logOf(SIZE, { 7: { id: uuidOf(2) } });
    expect(faultsOf(twice)).toEqual([['idTwice', 2]]);
  });
});

describe('AU-2 with a checkpoint that was kept elsewhere', () => {
  const checkpoint = checkpointOf(texts);

  test.each([1, 2, SIZE])('the last %i were cut off', (count) => {
    const left = texts.slice(0, SIZE - count);
    expect(faultsOf(left)).toEqual([]);
    expect(faultsOf(left, [checkpoint])).toEqual([['cutOff', SIZE - count]]);
  });

  test('the last entry was edited, or the log was written anew', () => {
    expect(
      faultsOf(texts.with(SIZE - 1, edit(texts.at(-1), { at: 1 })), [checkpoint]),
    ).toMatchObject([['otherThanCheckpoint', expect.any(Number)]]);
    const anew = logOf(SIZE, { 3: { code: 'HF_OTHER' } });
    expect(faultsOf(anew)).toEqual([]);
    expect(faultsOf(anew, [checkpoint])[0]?.[0]).toBe('otherThanCheckpoint');
  });

  test('it is of another log', () => {
    expect(faultsOf(texts, [checkpointOf(texts, OTHER_LOG)])[0]?.[0]).toBe('otherLog');
  });
});

test('AU-2 whatever single thing is done to a log is told, and nothing before it is', () => {
  const checkpoint = checkpointOf(texts);
  const place = fc.integer({ min: 0, max: SIZE - 1 });
  const byte = fc
    .tuple(place, fc.nat(), fc.integer({ min: 32, max: 126 }))
    .map(([seq, at, code]) => {
      const text = texts[seq] ?? '';
      const index = at % text.length;
      const put = String.fromCodePoint(code);
      return { seq, log: texts.with(seq, text.slice(0, index) + put + text.slice(index + 1)) };
    });
  const dropped = place.map((seq) => ({ seq, log: texts.toSpliced(seq, 1) }));
  const cut = place.map((seq) => ({ seq, log: texts.slice(0, seq) }));
  const moved = fc.tuple(place, place).map(([from, to]) => {
    const [one = ''] = texts.slice(from, from + 1);
    return { seq: Math.min(from, to), log: texts.toSpliced(from, 1).toSpliced(to, 0, one) };
  });
  const doubled = fc.tuple(place, place).map(([from, to]) => ({
    seq: Math.min(from, to),
    log: texts.toSpliced(to, 0, texts[from] ?? ''),
  }));
  fc.assert(
    fc.property(fc.oneof(byte, dropped, cut, moved, doubled), ({ seq, log }) => {
      const { faults } = verdictOn(log, [checkpoint]);
      if (log.join('\n') === texts.join('\n')) {
        expect(faults).toEqual([]);
        return;
      }
      expect(faults).not.toEqual([]);
      // Two that have one id, and a whole that is another one, name more than what was touched.
      const named = faults.filter(
        ({ kind }) => kind !== 'idTwice' && kind !== 'otherThanCheckpoint',
      );
      const [first = { seq }] = named;
      expect(first.seq).toBeGreaterThanOrEqual(Math.max(0, seq - 1));
    }),
    { numRuns: 2_000 },
  );
});
