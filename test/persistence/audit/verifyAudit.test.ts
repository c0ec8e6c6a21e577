import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditFault } from '../../../persistence/audit/verifyAudit.ts';
import { cases } from '../../support/cases.ts';
import { checkpointOf, edit, LOG, logOf, OTHER_LOG, uuidOf, verdictOn } from './sampleLog.ts';

const TEN = logOf(10);

/** The faults without their sentences. */
function found(
  texts: readonly string[],
  checkpoints: Parameters<typeof verdictOn>[1] = [],
): readonly Omit<AuditFault, 'text'>[] {
  return verdictOn(texts, checkpoints).faults.map(({ text, ...fault }) => {
    // Each sentence says the number.
    expect(text).toMatch(new RegExp(`\\b${fault.seq}\\b|checkpoint`));
    return fault;
  });
}

function without<One>(texts: readonly One[], at: number, count = 1): One[] {
  return texts.toSpliced(at, count);
}

function swapped(texts: readonly string[], one: number, other: number): string[] {
  const [first = '', second = ''] = [texts[one], texts[other]];
  return texts.with(one, second).with(other, first);
}

test('AU-2 a whole log has no fault, with checkpoints of any size', () => {
  const all = [0, 1, 5, 10].map((size) => checkpointOf(TEN.slice(0, size)));
  const verdict = verdictOn(TEN, all);
  expect(verdict).toEqual({
    ...{ log: LOG, entries: 10, root: checkpointOf(TEN).root },
    ...{ firstAtMs: 1_790_000_000_000, lastAtMs: 1_790_000_009_000, faults: [], isCut: false },
  });
});

test('AU-2 an empty log has no fault, and is known to be cut off by a checkpoint', () => {
  expect(verdictOn([])).toMatchObject({ log: null, entries: 0, faults: [], firstAtMs: null });
  expect(found([], [checkpointOf(TEN)])).toEqual([{ kind: 'cutOff', seq: 0, also: 9 }]);
});

describe('AU-2 an entry that was edited is named', () => {
  test.each([0, 1, 4, 7])('entry %i', (at) => {
    const texts = TEN.with(at, edit(TEN[at], { at: 1 }));
    expect(found(texts)).toEqual([{ kind: 'edited', seq: at }]);
  });

  test('the last but one with the last, since nothing says which of the two', () => {
    const texts = TEN.with(8, edit(TEN[8], { at: 1 }));
    expect(found(texts)).toEqual([{ kind: 'edited', seq: 8, also: 9 }]);
  });

  test('by the checkpoint, if it is the last one', () => {
    const texts = TEN.with(9, edit(TEN[9], { at: 1 }));
    expect(found(texts)).toEqual([]);
    expect(found(texts, [checkpointOf(TEN.slice(0, 9)), checkpointOf(TEN)])).toEqual([
      { kind: 'otherThanCheckpoint', seq: 9, also: 9 },
    ]);
  });

  test('also where it has another number', () => {
    for (const seq of [0, 3, 5, 6, 9, 10, 1_000]) {
      const texts = TEN.with(4, edit(TEN[4], { seq }));
      expect(found(texts)).toEqual([{ kind: 'edited', seq: 4 }]);
    }
  });

  test('also where it says another log', () => {
    for (const at of [0, 4, 9]) {
      const texts = TEN.with(at, edit(TEN[at], { log: OTHER_LOG }));
      const kind = at === 0 ? 'edited' : 'otherLog';
      expect(found(texts)).toEqual([{ kind, seq: at }]);
    }
  });

  test('with its neighbours, where what it says of the entry before was edited', () => {
    const prev = 'ab'.repeat(32);
    expect(found(TEN.with(0, edit(TEN[0], { prev })))).toEqual([{ kind: 'edited', seq: 0 }]);
    expect(found(TEN.with(4, edit(TEN[4], { prev })))).toEqual([
      { kind: 'edited', seq: 3, also: 4 },
    ]);
    expect(found(TEN.with(9, edit(TEN[9], { prev })))).toEqual([
      { kind: 'edited', seq: 8, also: 9 },
    ]);
  });

  test('each of several', () => {
    const two = TEN.with(2, edit(TEN[2], { at: 1 })).with(6, edit(TEN[6], { at: 1 }));
    expect(found(two)).toEqual([
      { kind: 'edited', seq: 2 },
      { kind: 'edited', seq: 6 },
    ]);
    const beside = TEN.with(2, edit(TEN[2], { at: 1 })).with(3, edit(TEN[3], { at: 1 }));
    expect(found(beside)).toEqual([{ kind: 'edited', seq: 2, also: 3 }]);
  });

  test('once, where the line is no entry any more', () => {
    expect(found(TEN.with(4, 'x'))).toEqual([{ kind: 'notCanonical', seq: 4 }]);
    expect(found(TEN.with(4, ''))).toEqual([{ kind: 'notCanonical', seq: 4 }]);
    expect(found(TEN.with(9, (TEN[9] ?? '').slice(0, 50)))).toEqual([
      { kind: 'notCanonical', seq: 9 },
    ]);
    expect(found(TEN.toSpliced(4, 0, 'x'))).toEqual([{ kind: 'notCanonical', seq: 4 }]);
    expect(found(TEN.toSpliced(4, 2, 'x'))).toEqual([
      { kind: 'notCanonical', seq: 4 },
      { kind: 'removed', seq: 5 },
    ]);
  });
});

describe('AU-2 entries that were removed are named', () => {
  test.each([0, 1, 4, 8])('entry %i', (at) => {
    expect(found(without(TEN, at))).toEqual([{ kind: 'removed', seq: at }]);
  });

  test('several, one behind the other', () => {
    expect(found(without(TEN, 2, 3))).toEqual([{ kind: 'removed', seq: 2, also: 4 }]);
    expect(found(without(TEN, 0, 9))).toEqual([{ kind: 'removed', seq: 0, also: 8 }]);
    expect(found(without(without(TEN, 7), 2))).toEqual([
      { kind: 'removed', seq: 2 },
      { kind: 'removed', seq: 7 },
    ]);
  });
});

describe('AU-2 entries in another order are named', () => {
  test('both of two that were exchanged', () => {
    for (const [one, other] of [
      ...[
        [0, 1],
        [4, 5],
        [8, 9],
        [2, 7],
        [0, 9],
      ],
    ] as [number, number][]) {
      expect(found(swapped(TEN, one, other))).toEqual([
        { kind: 'reordered', seq: one, also: other },
      ]);
    }
  });

  test('one that stands further on, or further up', () => {
    const later = without(TEN, 3).toSpliced(7, 0, TEN[3] ?? '');
    expect(found(later)).toEqual([{ kind: 'reordered', seq: 3, also: 4 }]);
    const earlier = without(TEN, 7).toSpliced(3, 0, TEN[7] ?? '');
    expect(found(earlier)).toEqual([{ kind: 'reordered', seq: 3, also: 7 }]);
    expect(found(TEN.toReversed())).toEqual([{ kind: 'reordered', seq: 0, also: 9 }]);
  });

  test('with what is missing besides, or was edited', () => {
    const texts = without(swapped(TEN, 2, 5), 3);
    expect(found(texts)).toEqual([
      { kind: 'reordered', seq: 2, also: 5 },
      { kind: 'removed', seq: 3 },
    ]);
    const moved = swapped(TEN, 4, 5);
    expect(found(moved.with(5, edit(moved[5], { at: 1 })))).toEqual([
      { kind: 'edited', seq: 4 },
      { kind: 'reordered', seq: 4, also: 5 },
    ]);
  });
});

describe('AU-2 an entry that was added is named', () => {
  test('a second copy, before or behind its place', () => {
    expect(found(TEN.toSpliced(5, 0, TEN[4] ?? ''))).toEqual([
      { kind: 'inserted', seq: 4, also: 4 },
    ]);
    expect(found(TEN.toSpliced(8, 0, TEN[4] ?? ''))).toEqual([
      { kind: 'inserted', seq: 4, also: 7 },
    ]);
    expect(found([...TEN, TEN[9] ?? ''])).toEqual([{ kind: 'inserted', seq: 9, also: 9 }]);
    expect(found(TEN.toSpliced(3, 0, TEN[7] ?? ''))).toEqual([
      { kind: 'reordered', seq: 3, also: 7 },
      { kind: 'inserted', seq: 7, also: 7 },
    ]);
  });

  test('one made up, with the number of another', () => {
    const made = edit(TEN[4], { at: 1, id: uuidOf(99) });
    const loose = edit(TEN[4], { id: uuidOf(99), prev: 'ab'.repeat(32) });
    for (const one of [made, loose]) {
      expect(found(TEN.toSpliced(5, 0, one))).toEqual([{ kind: 'inserted', seq: 4, also: 4 }]);
      expect(found(TEN.toSpliced(4, 0, one))).toEqual([{ kind: 'inserted', seq: 4, also: 4 }]);
    }
  });

  test('one of another log', () => {
    const other = logOf(10, Object.fromEntries(TEN.map((_, at) => [at, { log: OTHER_LOG }])));
    for (const at of [0, 4, 7]) {
      expect(found(TEN.toSpliced(4, 0, other[at] ?? ''))).toEqual([{ kind: 'otherLog', seq: 4 }]);
    }
    expect(found(other, [checkpointOf(TEN)])).toEqual([{ kind: 'otherLog', seq: 0 }]);
  });

  test('one with the id of another', () => {
    const texts = logOf(10, { 6: { id: uuidOf(2) } });
    expect(found(texts)).toEqual([{ kind: 'idTwice', seq: 2, also: 6 }]);
  });
});

describe('AU-2 with a checkpoint', () => {
  test('it is said where a log was cut off', () => {
    for (let left = 0; left < 10; left += 1) {
      expect(found(TEN.slice(0, left))).toEqual([]);
      expect(found(TEN.slice(0, left), [checkpointOf(TEN)])).toEqual([
        { kind: 'cutOff', seq: left, also: 9 },
      ]);
    }
  });

  test('a log that was written anew from an entry on is known, and between which checkpoints', () => {
    const rewritten = logOf(10, { 5: { code: 'OTHER' } });
    const [two, four, eight] = [2, 4, 8].map((size) => checkpointOf(TEN.slice(0, size)));
    expect(found(rewritten)).toEqual([]);
    expect(
      found(
        rewritten,
        [eight, four, two].flatMap((one) => one ?? []),
      ),
    ).toEqual([{ kind: 'otherThanCheckpoint', seq: 4, also: 7 }]);
  });

  test('it says no more than was found, where that explains the difference', () => {
    const texts = TEN.with(4, edit(TEN[4], { at: 1 }));
    expect(found(texts, [checkpointOf(TEN)])).toEqual([{ kind: 'edited', seq: 4 }]);
    expect(found(without(TEN, 4), [checkpointOf(TEN)])).toEqual([{ kind: 'removed', seq: 4 }]);
  });

  test('both a removed entry and the end that was cut off are named', () => {
    expect(found(without(TEN, 4).slice(0, 6), [checkpointOf(TEN)])).toEqual([
      { kind: 'removed', seq: 4 },
      { kind: 'cutOff', seq: 7, also: 9 },
    ]);
  });
});

test('AU-2 judging ends where too much is at fault, and says so', () => {
  const texts = logOf(1_000);
  const verdict = verdictOn(
    texts.map((text, at) => (at % 2 === 0 ? text : 'x')),
    [checkpointOf(texts)],
  );
  expect(verdict).toMatchObject({ entries: 1_000, isCut: true });
  expect(verdict.faults).toHaveLength(100);
  expect(verdict.faults[0]).toMatchObject({ kind: 'notCanonical', seq: 1 });
});

test('AU-2 a log in great disorder is judged no further, and nothing is called missing that may come later', () => {
  const texts = logOf(3_001);
  const isEven = (at: number): boolean => at % 2 === 0;
  const places = texts.map((_, at) => at).slice(0, -1);
  const order = [3_000, ...places.filter(isEven), ...places.filter((at) => !isEven(at))];
  const shuffled = verdictOn(order.map((at) => texts[at] ?? ''));
  expect(shuffled).toMatchObject({ entries: 3_001, isCut: true });
  expect(shuffled.faults).toEqual([expect.objectContaining({ kind: 'reordered', seq: 0 })]);

  const everyOther = verdictOn([...texts.filter((_, at) => isEven(at)), texts[1] ?? '']);
  expect(everyOther.isCut).toBe(true);
  expect(everyOther.faults[0]).toMatchObject({ kind: 'removed', seq: 1 });
  expect(everyOther.faults[0]?.text).toContain('or further on');
});

describe('AU-2 whatever is done to one entry, the first bad number is named', () => {
  const size = fc.integer({ min: 1, max: 24 });
  const runs = { numRuns: cases(200, 5_000) };
  const logAnd = fc.record({
    size,
    at: fc.nat(),
    other: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
  });

  /** Whether a fault names `seq` among the first entries that are at fault. */
  function expectNamed(faults: readonly AuditFault[], seq: number): void {
    const [first] = faults;
    expect(first).toBeDefined();
    const isNamed =
      first?.seq === seq ||
      (first !== undefined && first.seq < seq && (first.also ?? first.seq) >= seq);
    expect(isNamed, `${JSON.stringify(faults)} names ${seq}`).toBe(true);
  }

  test('any byte changed', () => {
    fc.assert(
      fc.property(logAnd, ({ size: entries, at, other, byte }) => {
        const texts = logOf(entries);
        const seq = at % entries;
        const text = texts[seq] ?? '';
        const place = other % text.length;
        const changed = text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
        if (changed === text) return;
        const lines = texts.with(seq, changed).join('\n').split('\n');
        expectNamed(verdictOn(lines, [checkpointOf(texts)]).faults, seq);
      }),
      runs,
    );
  });

  test('removed, exchanged, added, cut off', () => {
    fc.assert(
      fc.property(logAnd, ({ size: entries, at, other }) => {
        const texts = logOf(entries);
        const checkpoints = [checkpointOf(texts)];
        const [one, two] = [at % entries, other % entries];
        const low = Math.min(one, two);
        expectNamed(verdictOn(without(texts, one), checkpoints).faults, one);
        expectNamed(verdictOn(texts.slice(0, one), checkpoints).faults, one);
        if (one !== two) expectNamed(verdictOn(swapped(texts, one, two), checkpoints).faults, low);
        const copy = texts.toSpliced(two, 0, texts[one] ?? '');
        expectNamed(verdictOn(copy, checkpoints).faults, low);
      }),
      runs,
    );
  });
});
