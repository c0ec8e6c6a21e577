import { describe, expect, test } from 'vitest';
import type { EntityRecord } from '../../../machines/conflict/entityRecord.ts';
import { decidedBody } from '../../../machines/conflict/mergeEdit.ts';
import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import { latest } from '../../../machines/merge/rules/single.ts';
import type { Tombstone } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { Device, T0, versionOf } from '../../support/conflict/device.ts';
import { noteRules } from '../../support/conflict/note.ts';

const ann = { id: 'c1', name: 'Ann' };
const bob = { id: 'c2', name: 'Bob' };
const REMOVED: Tombstone = { path: '/people/c2', confirmed: true, at: T0 };

/** A phone that knows this as version 0. */
function phoneWith(value: Json, whileInReview: 'goesOut' | 'waits' = 'waits'): Device {
  const phone = new Device('phone', noteRules(whileInReview));
  phone.puts(value, '"0"');
  phone.nowMs += 1_000;
  return phone;
}

describe('CF-1 what was made of what is no more', () => {
  test('CF-1 the one before it was given up: what it changed goes out with what came after it', () => {
    const phone = phoneWith({ title: 'a' });
    const givenUp = { title: 'a', text: 'first' };
    const after = phone.edit({ ...givenUp, tags: ['second'] });
    const merged = phone.toSend(after);
    expect(merged).toMatchObject({
      version: '"0"',
      payload: { title: 'a', text: 'first', tags: ['second'] },
      ancestor: { title: 'a' },
    });
  });

  test('CF-1 and where that is sent in the end, it takes nothing back', () => {
    const phone = phoneWith({ title: 'a' });
    const { base } = phone;
    const first = phone.edit({ title: 'first' }, { base });
    const sent = phone.toSend(first);
    // It was refused for good; another one is sent, then a person sends the first again.
    phone.nowMs += 1_000;
    phone.puts({ title: 'a', text: 'second' }, '"1"', { base });
    const again = phone.merged(phone.edit({ title: 'first' }, { base }, { ...sent, round: 1 }));
    expect(again.merged.payload).toEqual({ title: 'first', text: 'second' });
  });

  test('CF-1 brought back without a body that was sent, it is made of nothing that is known', () => {
    const phone = phoneWith({ title: 'a' });
    phone.puts({ title: 'a', text: 'second' }, '"1"');
    const again = { ...phone.edit({ title: 'a', tags: ['first'] }), isBroughtBack: true };
    const made = phone.merged(again);
    expect(made.merged).not.toHaveProperty('ancestor');
    expect(made.merged.payload).toEqual({ title: 'a', text: 'second', tags: ['first'] });
    // Control: it has all of the one that was sent last, and was not brought back.
    const after = phone.edit({ title: 'a', text: 'second', tags: ['first'] });
    expect(phone.toSend(after).ancestor).toEqual({ title: 'a', text: 'second' });
    expect(phone.toSend({ ...after, isBroughtBack: true })).not.toHaveProperty('ancestor');
  });

  test('CF-6 of a decision the app knows nothing: its next edit is made of its own last', () => {
    const phone = phoneWith({ title: 'a', text: 'old' });
    const seen = phone.record?.current?.value ?? null;
    phone.puts({ title: 'decided', text: 'old' }, '"1"', {
      base: { version: '"0"', value: seen },
      isDecision: true,
    });
    expect(phone.record?.ancestor?.value).toEqual({ title: 'a', text: 'old' });
    const base = { version: '"0"', value: seen };
    const next = phone.merged(phone.edit({ title: 'a', text: 'new' }, { base }));
    expect(next.merged.payload).toEqual({ title: 'decided', text: 'new' });
    expect(next).toMatchObject({ review: [], audit: [] });
  });
});

describe('CF-7 missing is not removed', () => {
  test('CF-7 an item that an edit leaves out without a word stays, and a person is asked', () => {
    const phone = phoneWith({ people: [ann, bob] });
    const edit = phone.edit({ people: [ann] }, { base: phone.base });
    expect(phone.compare(edit).kind).toBe('merge');
    const made = phone.merged(edit);
    expect(made.merged.payload).toEqual({ people: [ann, bob] });
    expect(made.review).toMatchObject([{ path: '/people/c2' }]);
    expect(made.isHeld).toBe(true);
  });

  test('CF-7 one that a person has confirmed goes, and travels as removed', () => {
    const phone = phoneWith({ people: [ann, bob] });
    const merged = phone.puts({ people: [ann] }, '"1"', { removals: [REMOVED] });
    expect(merged.payload).toEqual({ people: [ann] });
    expect(merged.meta.tombstones).toEqual([REMOVED]);
    expect(phone.record?.tombstones).toMatchObject([{ tombstone: REMOVED, vv: { phone: 2 } }]);
  });

  test('CF-7 and a copy elsewhere that has it still does not bring it back', () => {
    const tablet = phoneWith({ people: [ann, bob] });
    const edit = tablet.edit({ people: [ann, bob], title: 'mine' });
    const theirs = versionOf('"1"', { people: [ann] }, { tombstones: [REMOVED] });
    tablet.hears(theirs);
    const made = tablet.merged(edit, theirs);
    expect(made.merged.payload).toEqual({ people: [ann], title: 'mine' });
    expect(made.review).toEqual([]);
    expect(made.merged.meta.tombstones).toEqual([REMOVED]);
    // Control: without the removal nobody knows that it is one.
    const untold = tablet.merged(edit, versionOf('"1"', { people: [ann] }));
    tablet.record = null;
    expect(untold.review.length + untold.audit.length).toBeGreaterThan(0);
  });

  test('CF-7 an edit of it elsewhere keeps it, and it is removed no more', () => {
    const phone = phoneWith({ people: [ann, bob] });
    const { base } = phone;
    const edit = phone.edit({ people: [ann] }, { base, removals: [REMOVED] });
    const theirs = versionOf('"1"', { people: [ann, { ...bob, name: 'Robert' }] });
    const made = phone.merged(edit, theirs);
    expect(made.merged.payload).toEqual({ people: [ann, { ...bob, name: 'Robert' }] });
    expect(made.review).toMatchObject([{ path: '/people/c2' }]);
    expect(made.merged.meta).not.toHaveProperty('tombstones');
  });

  test('CF-7 whoever knew of it and puts it in again has it again, whatever else changed', () => {
    const phone = phoneWith({ people: [ann, bob] });
    phone.puts({ people: [ann] }, '"1"', { removals: [REMOVED] });
    const theirs = versionOf(
      '"2"',
      { people: [ann], title: 'theirs' },
      {
        vv: { phone: 2, tablet: 1 },
        tombstones: [REMOVED],
      },
    );
    phone.hears(theirs);
    phone.nowMs += 1_000;
    const made = phone.merged(phone.edit({ people: [ann, bob] }));
    expect(made.merged.payload).toEqual({ people: [ann, bob], title: 'theirs' });
    expect(made.review).toEqual([]);
    expect(made.merged.meta).not.toHaveProperty('tombstones');
    phone.sent(phone.edit({ people: [ann, bob] }), made.merged, '"3"');
    expect(phone.record?.tombstones).toEqual([]);
  });

  test.each([
    ['waits', true],
    ['goesOut', false],
  ] as const)(
    'CF-7 the upstream has it no more: it is made again, with all that is known; it %s',
    (whileInReview, isHeld) => {
      const phone = phoneWith({ title: 'a' }, whileInReview);
      phone.hears(
        versionOf('"1"', { title: 'a', text: 'theirs' }, { vv: { phone: 1, tablet: 1 } }),
      );
      const edit = phone.edit({ title: 'b' });
      expect(phone.hears(null).status).toBe('taken');
      expect(phone.compare(edit)).toEqual({ kind: 'merge', current: null });
      const made = phone.merged(edit, null);
      expect(made.merged).toMatchObject({
        absent: true,
        version: null,
        payload: { title: 'b', text: 'theirs' },
      });
      expect(made.review).toMatchObject([{ path: '', rule: 'absence' }]);
      expect(made.isHeld).toBe(isHeld);
    },
  );

  test('CF-7 one that it never had is made without a question', () => {
    const phone = new Device('phone', noteRules('waits'));
    const edit = phone.edit({ title: 'a' });
    const sent = phone.toSend(edit);
    const made = phone.merged(phone.edit({ title: 'a' }, {}, sent), null);
    expect(made).toMatchObject({ review: [], isHeld: false, merged: { absent: true } });
  });
});

describe('CF-6 what can not be merged is kept, both sides of it', () => {
  const theirs = versionOf('"1"', { title: 'theirs' });

  test('CF-6 more than may be sent, and more than either side', () => {
    const phone = phoneWith({ title: 'a' });
    const half = 'x'.repeat(600_000);
    const made = phone.merge(
      phone.edit({ title: half }),
      versionOf('"1"', { title: 'a', text: half }),
    );
    expect(made).toMatchObject({ isMerged: false, because: 'tooLarge' });
    expect(made.sides.map(({ isOurs }) => isOurs)).toEqual([true, false]);
    // An app that may send as much by itself may send it merged.
    const whole = phone.merge(
      phone.edit({ title: 'mine' }),
      versionOf('"1"', { title: 'a', text: half + half }),
    );
    expect(whole.isMerged).toBe(true);
  });

  test('CF-6 rules of the app that throw', () => {
    const rules = defineEntity<{ title?: string }>()({
      type: 'note',
      fields: { title: latest() },
      checks: [
        {
          says: 'never',
          find: () => {
            throw new Error('a bug of the app');
          },
        },
      ],
    });
    const phone = new Device('phone', rules);
    const edit = phone.edit({ title: 'mine' });
    const made = phone.merge(edit, theirs);
    expect(made).toMatchObject({ isMerged: false, because: 'failed' });
    expect(made.sides.map(({ value }) => value)).toEqual([{ title: 'mine' }, { title: 'theirs' }]);
  });

  test('CF-7 card data, which a merge would mask, and send back masked', () => {
    const phone = phoneWith({ title: 'a' });
    const card = '4111111111111111';
    const made = phone.merge(phone.edit({ title: 'mine' }), versionOf('"1"', { title: card }));
    expect(made).toMatchObject({ isMerged: false, because: 'cardData' });
    expect(JSON.stringify(made)).not.toContain(card);
    phone.hears(versionOf('"1"', { title: card }));
    expect(JSON.stringify(phone.record)).not.toContain(card);
    expect(phone.record?.isMasked).toBe(true);
    // What is kept of it is not what is there.
    expect(phone.compare(phone.edit({ title: 'mine' })).kind).toBe('fetch');
  });
});

describe('CF-6 what a person has decided', () => {
  function decide(record: EntityRecord | null, phone: Device, value: Json) {
    const edit = phone.edit({ title: 'mine', people: [ann, bob] });
    const { rules, nowMs } = phone;
    return decidedBody(
      { record, edit: { ...edit, round: 1 }, rules, device: 'phone', nowMs, draw: 'b' },
      { value, version: '"1"' },
    );
  }

  test('CF-6 is sent on the version that they have seen; what they left out is removed', () => {
    const phone = phoneWith({ people: [ann, bob] });
    phone.hears(versionOf('"1"', { people: [ann, bob], title: 'theirs' }));
    phone.nowMs += 60_000;
    const body = decide(phone.record, phone, { people: [ann], title: 'decided' });
    expect(body).toMatchObject({ isDecided: true, version: '"1"', round: 1 });
    expect(body.meta.tombstones).toEqual([
      { path: '/people/c2', confirmed: true, at: phone.nowMs },
    ]);
    expect(body.meta.hlc.ms).toBe(phone.nowMs);
  });

  test('CF-6 holds against what the app gave, and takes nothing from what came later', () => {
    const phone = phoneWith({ people: [ann, bob] });
    phone.hears(versionOf('"1"', { people: [ann, bob], title: 'theirs' }));
    const body = decide(phone.record, phone, { people: [ann], title: 'decided' });
    const later = versionOf('"2"', { people: [ann, bob], title: 'theirs', tags: ['later'] });
    phone.hears(later);
    const again = phone.merged(phone.edit({ title: 'mine' }, {}, body), later);
    expect(again.merged).toMatchObject({
      isDecided: true,
      payload: { people: [ann], title: 'decided', tags: ['later'] },
      ancestor: later.value,
    });
    // And once more.
    const last = versionOf('"3"', { ...(later.value as object), text: 'last' });
    const third = phone.merged(phone.edit({ title: 'mine' }, {}, again.merged), last);
    expect(third.merged.payload).toEqual({
      people: [ann],
      title: 'decided',
      tags: ['later'],
      text: 'last',
    });
  });

  test('CF-6 nor a field that nobody had when it was made, though it has no word of it', () => {
    const phone = phoneWith({ title: 'a', text: 'seen' }, 'goesOut');
    const base = { version: null, value: { title: 'a', text: 'seen' } };
    const later = { title: 'a', text: 'seen', tags: ['later'] };
    phone.hears(versionOf('"1"', later, { vv: { phone: 1, tablet: 1 } }));
    const decision = phone.edit({ title: 'decided', text: 'seen' }, { base, isDecision: true });
    expect(phone.compare(decision).kind).toBe('merge');
    expect(phone.toSend(decision).payload).toEqual({
      title: 'decided',
      text: 'seen',
      tags: ['later'],
    });
    // Control: what was there when it was made goes with the decision.
    const seen = phone.edit(
      { title: 'decided', text: 'seen' },
      { base: phone.base, isDecision: true },
    );
    expect(phone.toSend(seen).payload).toEqual({ title: 'decided', text: 'seen' });
  });

  test('CF-6 and what takes it back keeps all that was written since', () => {
    const phone = phoneWith({ title: 'a', text: 'old' }, 'goesOut');
    const before = { title: 'a', text: 'old' };
    const after = { title: 'decided', text: 'old' };
    phone.puts(after, '"1"', { base: { version: null, value: before }, isDecision: true });
    phone.hears(
      versionOf('"2"', { ...after, text: 'new', tags: ['later'] }, { vv: { phone: 2, tablet: 1 } }),
    );
    phone.nowMs += 1_000;
    const undo = { base: { version: null, value: after }, isDecision: true } as const;
    const made = phone.merged(phone.edit(before, undo));
    expect(made.merged.payload).toEqual({ title: 'a', text: 'new', tags: ['later'] });
    expect(made.review).toEqual([]);
  });
});
