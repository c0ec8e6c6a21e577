import { describe, expect, test } from 'vitest';
import { removalsOf } from '../../../machines/conflict/compareEdit.ts';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { counter } from '../../../machines/merge/rules/counter.ts';
import { computed, fields, map } from '../../../machines/merge/rules/fields.ts';
import { list } from '../../../machines/merge/rules/list.ts';
import type { AnyRule } from '../../../machines/merge/rules/rule.ts';
import { latest } from '../../../machines/merge/rules/single.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import { DAY_MS, Device, T0, versionOf } from '../../support/conflict/device.ts';
import { noteRules } from '../../support/conflict/note.ts';

describe('CF-1 an edit is compared with what is known of its record', () => {
  test('CF-1 the first one of a record that nobody knows makes it', () => {
    const phone = new Device('phone');
    expect(phone.compare(phone.edit({ theme: 'dark' }))).toEqual({
      kind: 'clear',
      merged: {
        payload: { theme: 'dark' },
        version: null,
        absent: true,
        round: 0,
        meta: {
          ...{ vv: { phone: 1 }, actor: 'phone', hlc: { ms: T0, c: 0 } },
          ...{ heard: { phone: T0 }, bodies: { phone: 'phone-1' } },
        },
      },
    });
  });

  test.each([
    ['a version alone', '"1"'],
    ['a version and its value', { version: '"1"', value: { theme: 'light' } }],
  ])(
    'CF-1 one made on %s that is not known here has that read first, and goes out on it',
    (_, base) => {
      const phone = new Device('phone');
      const edit = phone.edit({ theme: 'dark' }, { base });
      expect(phone.compare(edit)).toEqual({ kind: 'fetch' });
      phone.hears(versionOf('"1"', { theme: 'light', font: 12 }));
      expect(phone.toSend(edit)).toMatchObject({
        version: '"1"',
        payload: { theme: 'dark', font: 12 },
      });
    },
  );

  test('CF-1 one made on a version that this store has not heard of, though it knows the record', () => {
    const phone = new Device('phone');
    phone.puts({ theme: 'dark' }, '"1"');
    const later = phone.edit({ theme: 'blue' }, { base: '"3"' });
    expect(phone.compare(later).kind).toBe('fetch');
    // Control: on one that is over, and that it has heard of.
    phone.hears(versionOf('"2"', { theme: 'light' }));
    expect(phone.compare(phone.edit({ theme: 'blue' }, { base: '"1"' })).kind).toBe('merge');
    expect(phone.compare(later).kind).toBe('fetch');
  });

  test('CF-1 a record of which the version is not known is asked for', () => {
    const phone = new Device('phone');
    expect(
      phone.compare(phone.edit({ theme: 'dark' }, { base: { version: null, value: {} } })).kind,
    ).toBe('fetch');
    phone.puts({ theme: 'dark' }, '"1"');
    phone.sent(phone.edit({ theme: 'dark' }), phone.toSend(phone.edit({ theme: 'dark' })), null);
    expect(phone.compare(phone.edit({ theme: 'light' })).kind).toBe('fetch');
  });
});

describe('CF-1 edits that follow each other were never made apart', () => {
  const prefs = { theme: 'a', quietStart: 'b' };

  test.each<[string, JsonObject[]]>([
    ['the same field', [{ theme: '1' }, { theme: '2' }, { theme: '3' }]],
    ['several prefs', [{ theme: '1' }, { quietStart: '2' }, { locale: '3' }]],
  ])('CF-1 three of %s, all made before the first is sent', (_, edits) => {
    const phone = new Device('phone');
    let value: JsonObject = prefs;
    phone.puts(value, '"0"');
    let { base } = phone;
    const chain = edits.map((change, at) => {
      phone.nowMs += 10;
      value = { ...value, ...change };
      const edit = phone.edit(value, { id: `op-${at}`, base });
      base = phone.baseOf(edit);
      return edit;
    });
    for (const [at, edit] of chain.entries()) {
      phone.nowMs += DAY_MS;
      const compared = phone.compare(edit);
      expect(compared).toMatchObject({
        kind: 'clear',
        merged: { version: `"${at}"`, payload: edit.body.payload },
      });
      phone.sent(edit, phone.toSend(edit), `"${at + 1}"`);
    }
    expect(phone.record?.vv).toEqual({ phone: 4 });
  });

  test('CF-1 the second still is when the first was merged with another device on the way', () => {
    const phone = new Device('phone');
    phone.puts(prefs, '"0"');
    phone.nowMs += 10;
    const first = phone.edit({ ...prefs, theme: 'phone' }, { base: phone.base });
    const second = phone.edit(
      { ...prefs, theme: 'phone again' },
      { id: 'op-2', base: phone.baseOf(first) },
    );
    const theirs = versionOf(
      '"1"',
      { ...prefs, quietStart: 'tablet' },
      { vv: { phone: 1, tablet: 1 } },
    );
    phone.hears(theirs);
    const one = phone.merged(first, theirs);
    expect(one).toMatchObject({ review: [], audit: [], isHeld: false });
    expect(one.merged.payload).toEqual({ theme: 'phone', quietStart: 'tablet' });
    phone.sent(first, one.merged, '"2"');
    expect(phone.compare(second).kind).toBe('merge');
    const two = phone.merged(second);
    expect(two).toMatchObject({ review: [], audit: [] });
    expect(two.merged).toMatchObject({
      version: '"2"',
      payload: { theme: 'phone again', quietStart: 'tablet' },
      ancestor: first.body.payload,
    });
  });
});

describe('CF-1 two windows of one app edit what both were shown', () => {
  const shown = { tags: ['v'] };
  const base = { version: '"0"', value: shown };
  const edits = [['a'], ['b'], ['c']].map(([tag]) => ({ tags: ['v', tag ?? ''] }));
  const rules = noteRules('waits');

  test.each([[[0, 1]], [[1, 0]], [[0, 1, 2]], [[2, 0, 1]]])(
    'CF-1 in the order %j none takes back what another added',
    (order) => {
      const phone = new Device('phone', rules);
      phone.puts(shown, '"0"');
      for (const [at, which] of order.entries()) {
        phone.nowMs += 10;
        const merged = phone.puts(edits[which] ?? {}, `"${at + 1}"`, { base });
        expect(merged.version).toBe(`"${at}"`);
      }
      const value = phone.record?.current?.value as { tags: string[] };
      expect(value.tags.toSorted()).toEqual(
        ['v', ...order.map((which) => edits[which]?.tags[1] ?? '')].toSorted(),
      );
    },
  );

  test('CF-1 one that has all of the other goes on from it, so that what became of that counts', () => {
    const phone = new Device('phone', rules);
    phone.puts({ title: 'old' }, '"0"');
    const made = { version: '"0"', value: { title: 'old' } };
    phone.nowMs += 10;
    const first = phone.edit({ title: 'phone' }, { base: made });
    const theirs = versionOf(
      '"1"',
      { title: 'tablet' },
      {
        vv: { phone: 1, tablet: 1 },
        hlc: { ms: phone.nowMs + 5_000, c: 0 },
      },
    );
    phone.hears(theirs);
    const merged = phone.merged(first, theirs);
    expect(merged.merged.payload).toEqual({ title: 'tablet' });
    phone.sent(first, merged.merged, '"2"');
    phone.nowMs += 60_000;
    const second = phone.merged(phone.edit({ title: 'phone', text: 'more' }, { base: made }));
    // Made of the first, it changes no title: that was decided.
    expect(second).toMatchObject({ review: [], audit: [] });
    expect(second.merged.payload).toEqual({ title: 'tablet', text: 'more' });
  });

  test('CF-1 both wrote the same field: the later stands, the other is in the audit', () => {
    const phone = new Device('phone', rules);
    const old = { version: '"0"', value: { title: 'old' } };
    phone.puts({ title: 'old' }, '"0"');
    phone.nowMs += 10;
    phone.puts({ title: 'one' }, '"1"', { base: old });
    phone.nowMs += 10;
    const second = phone.merged(phone.edit({ title: 'two' }, { base: old }));
    expect(second.merged.payload).toEqual({ title: 'two' });
    expect(second.audit).toMatchObject([{ lost: [{ value: 'one', actor: 'phone' }] }]);
  });
});

describe('CF-1 CF-3 an edit that meets nobody goes out as it is, unless rules have a say in it', () => {
  const rulesOf = (
    named: Readonly<Record<string, AnyRule>>,
    more: Partial<Parameters<typeof declareEntity>[0]> = {},
  ) =>
    declareEntity({
      ...{ type: 'tally', title: 'tally', authority: 'nobody' },
      ...{ fields: named, other: anything(latest()), ...more },
    });
  const taking = rulesOf({ a: latest() });
  const counting = rulesOf({ a: latest(), n: counter() });
  const judged = { says: 'It is looked at.', find: () => [] };

  test.each<[string, ReturnType<typeof rulesOf>, Json, Json, string]>([
    ['rules that take what they are given', taking, { a: 1 }, { a: 2 }, 'clear'],
    ['a counter that it changes', counting, { a: 1, n: 1 }, { a: 1, n: 2 }, 'merge'],
    ['a counter that it leaves as it is', counting, { a: 1, n: 1 }, { a: 2, n: 1 }, 'clear'],
    ['a counter that was not there', counting, { a: 1 }, { a: 1, n: 1 }, 'merge'],
    [
      'a field without a name, which may be any of them',
      counting,
      { a: 1 },
      { a: 1, z: 1 },
      'merge',
    ],
    [
      'a counter in a map',
      rulesOf({ m: map(counter()) }),
      { m: { x: 1 } },
      { m: { x: 2 } },
      'merge',
    ],
    [
      'a counter in the items of a list',
      rulesOf({ l: list({ id: 'id', item: fields({ other: counter() }), removing: 'never' }) }),
      { l: [{ id: 'x', n: 1 }] },
      { l: [{ id: 'x', n: 2 }] },
      'merge',
    ],
    ['a check', rulesOf({ a: latest() }, { checks: [judged] }), { a: 1 }, { a: 2 }, 'merge'],
    [
      'what is computed',
      rulesOf({ a: latest(), s: computed('It follows.') }),
      { a: 1 },
      { a: 2 },
      'merge',
    ],
    ['a field that it leaves out', taking, { a: 1, b: 1 }, { a: 2 }, 'merge'],
    ['a text that it empties', taking, { a: 'x' }, { a: '' }, 'merge'],
  ])('CF-3 %s', (_, rules, before, after, kind) => {
    const phone = new Device('phone', rules);
    phone.hears(versionOf('"1"', before));
    expect(phone.compare(phone.edit(after, { base: phone.base })).kind).toBe(kind);
    // What is there already is nothing to look at; and what a person has decided is not looked at again.
    expect(phone.compare(phone.edit(before, { base: phone.base })).kind).toBe('clear');
    const its = { base: phone.base, isDecision: true } as const;
    expect(phone.compare(phone.edit(after, its)).kind).toBe('clear');
  });

  test.each<[string, Json, string]>([
    ['a counter', { n: 1 }, 'merge'],
    ['what is no object', 7, 'merge'],
    ['fields that are taken', { a: 1 }, 'clear'],
  ])('CF-3 the first of a record: %s', (_, payload, kind) => {
    const phone = new Device('phone', counting);
    const compared = phone.compare(phone.edit(payload));
    expect(compared).toMatchObject(kind === 'merge' ? { kind, current: null } : { kind });
    const own = phone.compare(phone.edit(payload, { isDecision: true }));
    expect(own).toMatchObject({ kind: 'clear', merged: { version: null, absent: true } });
    expect(new Device('phone', taking).compare(phone.edit(payload)).kind).toBe('clear');
  });

  test('CF-7 what it removes, and what its person confirms, is looked at', () => {
    const phone = new Device('phone', taking);
    phone.hears(versionOf('"1"', { a: 1 }));
    const { body, ...edit } = phone.edit({ a: 2 }, { base: phone.base });
    const kindOf = (more: object) => phone.compare({ ...edit, body: { ...body, ...more } }).kind;
    expect(kindOf({})).toBe('clear');
    expect(kindOf({ removals: [{ path: '/b' }] })).toBe('merge');
    expect(kindOf({ confirm: [{ path: '/a', by: 'ann' }] })).toBe('merge');
    expect(kindOf({ removals: [], confirm: [] })).toBe('clear');
  });

  test('CF-7 an item that it leaves out of a list is looked at, though all of its words are there', () => {
    const phone = new Device(
      'phone',
      rulesOf({ l: list({ id: 'key', item: anything(latest()), removing: 'never' }) }),
    );
    phone.hears(versionOf('"1"', { l: [{ key: 'x' }, { key: 'y' }] }));
    expect(phone.compare(phone.edit({ l: [{ key: 'x' }] }, { base: phone.base })).kind).toBe(
      'merge',
    );
  });
});

describe('CF-1 what is known of the record of an edit', () => {
  function knowing(value: Json = { theme: 'a' }): Device {
    const phone = new Device('phone');
    phone.hears(versionOf('"1"', value));
    return phone;
  }

  test('CF-1 an edit whose ancestor nobody knows is merged, though its version is known', () => {
    const phone = knowing();
    phone.hears(versionOf('"2"', { theme: 'b' }));
    phone.hears(versionOf('"3"', { theme: 'c' }));
    const compared = phone.compare(phone.edit({ theme: 'd' }, { base: '"1"' }));
    expect(compared).toMatchObject({ kind: 'merge', current: { version: '"3"' } });
  });

  test('CF-1 the version of one that shows an edit that waited is not looked for', () => {
    const phone = knowing();
    const base = { version: '"9"', value: { theme: 'b' }, edit: 'op-0' };
    expect(phone.compare(phone.edit({ theme: 'd' }, { base })).kind).toBe('merge');
    expect(phone.compare(phone.edit({ theme: 'd' }, { base: { ...base, edit: '' } })).kind).toBe(
      'merge',
    );
    expect(phone.compare(phone.edit({ theme: 'd' }, { base: '"9"' })).kind).toBe('fetch');
  });

  test('CF-1 the version that the last edit was made on is known', () => {
    const phone = knowing();
    phone.puts({ theme: 'b' }, '"2"', { base: phone.base });
    if (phone.record === null) throw new Error('nothing is known');
    phone.record = { ...phone.record, past: [] };
    expect(phone.compare(phone.edit({ theme: 'c' }, { base: '"1"' })).kind).not.toBe('fetch');
    expect(phone.compare(phone.edit({ theme: 'c' }, { base: '"0"' })).kind).toBe('fetch');
    phone.record = { ...phone.record, ancestor: null };
    expect(phone.compare(phone.edit({ theme: 'c' }, { base: '"1"' })).kind).toBe('fetch');
  });

  test('CF-7 a record that the upstream has lost is merged with nothing', () => {
    const phone = knowing();
    phone.hears(null);
    const compared = phone.compare(phone.edit({ theme: 'b' }, { base: phone.base }));
    expect(compared).toEqual({ kind: 'merge', current: null });
  });

  test('SE-5 one of which card data is not kept is read before it is merged', () => {
    const phone = knowing();
    if (phone.record === null) throw new Error('nothing is known');
    phone.record = { ...phone.record, isMasked: true };
    const edit = phone.edit({ theme: 'b' }, { base: { version: '"1"', value: { theme: 'x' } } });
    expect(phone.compare(edit).kind).toBe('fetch');
    expect(phone.compare(phone.edit({ theme: 'b' }, { base: phone.base })).kind).toBe('clear');
  });
});

describe('CF-7 what an edit removes', () => {
  const phone = new Device('phone', noteRules('waits'));
  const person = (id: string) => ({ id, name: id.toUpperCase() });
  const before = { people: [person('a'), person('b'), person('c')] };
  const after = { people: [person('a')] };
  const told = { path: '/people/b', confirmed: true, by: 'ann', at: 5 };
  const removed = (given: Json, more: object) => {
    const { body, ...edit } = phone.edit(given, { removals: [told] });
    return removalsOf(phone.comparison({ ...edit, body: { ...body, ...more } }), before);
  };
  const left = { path: '/people/c', confirmed: true, at: phone.nowMs };

  test('CF-7 is what its person named, and no item that it leaves out', () => {
    expect(removed(after, {})).toEqual([told]);
    expect(removed(after, { merged: { payload: after } })).toEqual([told]);
    expect(removalsOf(phone.comparison(phone.edit(after)), before)).toEqual([]);
  });

  test('CF-6 of a decision it is also what that leaves out, each once', () => {
    expect(removed(after, { isDecision: true })).toEqual([told, left]);
    expect(removed(before, { merged: { payload: after, isDecided: true } })).toEqual([told, left]);
    const { body, ...edit } = phone.edit(after, { isDecision: true });
    expect(removalsOf(phone.comparison({ ...edit, body }), null)).toEqual([]);
  });
});
