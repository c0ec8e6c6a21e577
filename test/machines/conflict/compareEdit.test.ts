import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../machines/vocabulary/json.ts';
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
  const fields = { theme: 'a', quietStart: 'b' };

  test.each<[string, JsonObject[]]>([
    ['the same field', [{ theme: '1' }, { theme: '2' }, { theme: '3' }]],
    ['several fields', [{ theme: '1' }, { quietStart: '2' }, { locale: '3' }]],
  ])('CF-1 three of %s, all made before the first is sent', (_, edits) => {
    const phone = new Device('phone');
    let value: JsonObject = fields;
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
    phone.puts(fields, '"0"');
    phone.nowMs += 10;
    const first = phone.edit({ ...fields, theme: 'phone' }, { base: phone.base });
    const second = phone.edit(
      { ...fields, theme: 'phone again' },
      { id: 'op-2', base: phone.baseOf(first) },
    );
    const theirs = versionOf(
      '"1"',
      { ...fields, quietStart: 'tablet' },
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
