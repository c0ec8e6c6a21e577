/**
 * Open questions and the edits that follow them, without engine, disk or network: words give way to what was made of
 * them, and to nothing else.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterLaterEdit, joined, type LaterEdit } from '../../../machines/conflict/askedOnce.ts';
import type { ConflictRecord } from '../../../machines/conflict/conflictRecord.ts';
import { compareText } from '../../../machines/merge/values/canonical.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { conflictOf } from '../../support/merge/conflictOf.ts';

const DEVICE = 'phone-1';
const note = (text: string): Json => ({ note: text });

function asks(ours: string, theirs: string, how: Partial<ConflictRecord> = {}): ConflictRecord {
  const sides = { base: note('before'), ours: note(ours), theirs: note(theirs) };
  return conflictOf({ entity: 'crisis_plan', ...sides }, { isHeld: false, ...how });
}

function later(from: string, to: string, how: Partial<LaterEdit> = {}): LaterEdit {
  return {
    ...{ id: `op-${to}`, device: DEVICE, acceptedAtMs: 9, ancestor: note(from), given: note(to) },
    removed: [],
    inForce: note(to),
    knows: () => false,
    ...how,
  };
}

function words({ items, audit }: ConflictRecord) {
  const textOf = ({ value }: { readonly value: Json }) =>
    typeof value === 'string' ? value : JSON.stringify(value);
  const open = items.flatMap((item) => item.alternatives.map(textOf));
  const lost = audit.flatMap((entry) => entry.lost.map(textOf));
  return { open: open.toSorted(compareText), lost: lost.toSorted(compareText) };
}

describe('CF-6 an open question, and an edit that follows', () => {
  test('CF-6 takes the place of what it was made of, at the same number', () => {
    const open = asks('b1', 'a1');
    const at = open.items[0]?.alternatives.findIndex(({ value }) => value === 'b1');
    const after = afterLaterEdit(open, later('b1', 'b2'));
    expect(words(after).open).toEqual(['a1', 'b2']);
    expect(after.items[0]?.alternatives.findIndex(({ value }) => value === 'b2')).toBe(at);
    expect(after.items[0]?.id).not.toBe(open.items[0]?.id);
    expect(after).toMatchObject({ id: open.id, state: 'awaitingReview', value: note('b2') });
  });

  test('CF-6 one of something else, or of nothing known, replaces no word', () => {
    const open = asks('b1', 'a1');
    expect(words(afterLaterEdit(open, later('x', 'b2'))).open).toEqual(['a1', 'b1']);
    expect(afterLaterEdit(open, later('b1', 'b2', { ancestor: null }))).toBe(open);
    const other = later('a1', 'a2');
    expect(words(afterLaterEdit(open, other)).open).toEqual(['a1', 'b1']);
  });

  test('CF-6 CF-7 one that does not mention it says nothing of it, unless it says that it is to go', () => {
    const open = asks('b1', 'a1');
    for (const given of [{}, { more: 1 }])
      expect(
        words(afterLaterEdit(open, later('b1', 'b1', { given, inForce: open.value }))),
      ).toEqual(words(open));
    const gone = later('b1', 'b1', { given: {}, removed: ['/note'], inForce: {} });
    expect(words(afterLaterEdit(open, gone)).open).toEqual(['a1', 'null']);
  });

  test('CF-6 the edit that met it, met again, changes nothing', () => {
    const open = asks('b1', 'a1');
    expect(afterLaterEdit(open, later('b1', 'b2', { id: 'op-1' }))).toBe(open);
  });

  test('CF-6 made of both sides it settles it, into the audit', () => {
    const after = afterLaterEdit(asks('b1', 'a1'), later('b1', 'both', { knows: () => true }));
    expect(after).toMatchObject({ state: 'resolved', items: [] });
    expect(words(after).lost).toEqual(expect.arrayContaining(['a1', 'b1']));
    const left = later('b1', 'b1', { knows: () => true });
    expect(afterLaterEdit(asks('b1', 'a1'), left).state).toBe('awaitingReview');
  });

  test('CF-6 one that comes to what the other side says leaves nothing to ask', () => {
    expect(afterLaterEdit(asks('b1', 'a1'), later('b1', 'a1')).state).toBe('resolved');
  });

  test('CF-6 of a question that came with the record, of which one word is here, it stays open', () => {
    const [item] = asks('b1', 'a1').items;
    const alternatives = [{ value: 'b1', actor: DEVICE, atMs: 1 }];
    const items = item === undefined ? [] : [{ ...item, alternatives }];
    const open = asks('b1', 'a1', { operationId: null, items });
    const after = afterLaterEdit(open, later('b1', 'b2'));
    expect(after.state).toBe('awaitingReview');
    expect(words(after).open).toEqual(['b2']);
  });

  test('CF-6 behind one that is held it is covered by the decision, unless its words are not shown', () => {
    const held = asks('b1', 'a1', { isHeld: true });
    const waits = { inForce: undefined };
    const shown = afterLaterEdit(held, later('b1', 'b2', waits));
    expect(shown.behind).toEqual(['op-b2']);
    expect(afterLaterEdit(shown, later('b1', 'b2', waits))).toBe(shown);
    expect(afterLaterEdit(held, later('x', 'b2', waits)).behind).toBeUndefined();
  });
});

describe('CF-6 a conflict that joins an open one', () => {
  const meets = (open: ConflictRecord, next: ConflictRecord, edit: LaterEdit) =>
    joined(open, { ...next, id: `${edit.id}-c1`, operationId: edit.id }, edit);

  test('CF-6 has its id, and one question for one path', () => {
    const after = meets(asks('b1', 'a1'), asks('b2', 'a1'), later('b1', 'b2'));
    expect(after).toMatchObject({
      id: 'op-1-c1',
      operationId: 'op-b2',
      items: [{ path: '/note' }],
    });
    expect(words(after).open).toEqual(['a1', 'b2']);
  });

  test('CF-6 of another device the later words follow the earlier ones', () => {
    const after = meets(asks('b1', 'a1'), asks('b2', 'a2'), later('b1', 'b2'));
    expect(words(after).open).toEqual(['a2', 'b2']);
  });

  test('CF-6 met again in the next round, what was asked in the one before is asked no more', () => {
    const first = meets(asks('b1', 'a1'), asks('w2', 'a1'), later('before', 'w2'));
    expect(words(first).open).toEqual(['a1', 'b1', 'w2']);
    const again = meets(first, { ...asks('w2', 'a1'), items: [] }, later('before', 'w2'));
    expect(words(again).open).toEqual(['a1', 'b1']);
  });

  test('CF-6 whatever edits follow, the last words of each window and device are there', () => {
    const steps = fc.array(fc.record({ window: fc.nat(2), isMet: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(steps, (made) => {
        const last = ['b1', 'before', 'before'];
        let theirs = 'a1';
        let open = asks('b1', theirs);
        for (const [at, { window, isMet }] of made.entries()) {
          const from = last[window] ?? '';
          const to = `w${window} ${at}`;
          const edit = later(from, to);
          // One that meets nobody, of a window that nobody is asked about, is in no question.
          if (!isMet && from === 'before') continue;
          last[window] = to;
          if (isMet) theirs = `a${at}`;
          open = isMet ? meets(open, asks(to, theirs), edit) : afterLaterEdit(open, edit);
          expect(words(open).open).toContain(to);
          expect(words(open).open).toContain(theirs);
          expect(open.items).toHaveLength(1);
        }
      }),
    );
  });
});
