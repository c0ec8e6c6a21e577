/** What of all that is known travels with a record: within its bound, and what becomes of what does not find room. */

import { describe, expect, test } from 'vitest';
import { withQuestions } from '../../../machines/conflict/carriedQuestions.ts';
import { encodeMeta } from '../../../machines/merge/clock/carriedMeta.ts';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import type { MergedBody } from '../../../machines/policy/request/requestBody.ts';
import type { Current, RecordMeta, Tombstone } from '../../../machines/vocabulary/record.ts';
import { DAY_MS, Device, T0, versionOf } from '../../support/conflict/device.ts';
import { noteRules } from '../../support/conflict/note.ts';
import { conflictOf } from '../../support/merge/conflictOf.ts';

const person = (id: string) => ({ id, name: id.toUpperCase() });
const removal = (id: string): Tombstone => ({ path: `/people/${id}`, confirmed: true, by: 'u1' });

function phone(name = 'phone'): Device {
  return new Device(name, noteRules('goesOut'));
}

function written({ meta, metaBytesMax }: MergedBody): number {
  return Buffer.byteLength(JSON.stringify(encodeMeta(meta, metaBytesMax)));
}

/** The version that others read: what has travelled. */
function read(version: string, { payload, meta, metaBytesMax }: MergedBody): Current {
  const told = recordMetaFrom(JSON.parse(JSON.stringify(encodeMeta(meta, metaBytesMax))));
  if (told === null) throw new Error('it is not read');
  return { version, value: payload, meta: told };
}

describe('CF-7 what travels with a record has a bound', () => {
  test.each([
    ['64 KiB', undefined, 65_536],
    ['what its handler allows', 8_192, 8_192],
    ['less than is told in full', 4_096, 4_096],
  ])(
    'CF-7 3,000 removals within %s: the newest go out, and the store knows all',
    (_, metaBytesMax, bytesMax) => {
      const one = phone();
      one.metaBytesMax = metaBytesMax;
      const ids = Array.from(
        { length: 3_000 },
        (_each, at) => `0f8fad5b-d9cb-469f-a165-7086728${at}`,
      );
      for (let from = 0; from < ids.length; from += 250) {
        const removals = ids.slice(from, from + 250).map(removal);
        const left = ids.slice(from + 250).map(person);
        const all = ids.slice(from).map(person);
        one.nowMs += DAY_MS;
        const base = { version: `"${from}"`, value: { people: all } };
        if (from === 0) one.hears({ version: '"0"', value: { people: all } });
        one.puts({ people: left }, `"${from + 250}"`, { removals, base });
      }
      one.nowMs += DAY_MS;
      const merged = one.toSend(one.edit({ people: [], title: 'later' }));
      expect(written(merged)).toBeLessThanOrEqual(bytesMax);
      const carried = merged.meta.tombstones ?? [];
      expect(carried.length).toBeGreaterThan(bytesMax / 60);
      expect(merged.untold).toBe(3_000 - carried.length);
      // They are of the last batches.
      const places = carried.map(({ path }) => ids.indexOf(path.slice('/people/'.length)));
      expect(Math.min(...places)).toBeGreaterThanOrEqual(3_000 - carried.length - 250);
      expect(merged.meta.forgotten).toEqual({ phone: expect.any(Number) });
      expect(one.record?.tombstones).toHaveLength(3_000);
    },
  );

  test('CF-6 CF-7 32 questions travel, and one more once there is room', () => {
    const one = conflictOf(
      {
        entity: 'crisis_plan',
        base: { note: 'n' },
        ours: { note: 'mine' },
        theirs: { note: 'theirs' },
      },
      { isHeld: false },
    );
    const conflicts = Array.from({ length: 33 }, (_, at) => ({ ...one, id: `q${at}` }));
    const device = phone();
    const sent = device.toSend(device.edit({ title: 'later' }));
    const asks = (open: typeof conflicts, body = sent) =>
      withQuestions(body, { device: 'phone', conflicts: open, decides: undefined }).meta.asks;
    expect(asks(conflicts)).toHaveLength(32);
    const left = conflicts.slice(1);
    expect(
      asks(left)
        ?.map(({ id }) => id)
        .toSorted(),
    ).toEqual(left.map(({ id }) => id).toSorted());
  });

  test('CF-7 no device makes the others be forgotten: beyond 128 the longest silent goes first', () => {
    const one = phone();
    const vv: Record<string, number> = {};
    const heard: Record<string, number> = {};
    for (let at = 0; at < 127; at += 1) {
      vv[`d${at}`] = 3;
      heard[`d${at}`] = T0 - at * DAY_MS;
    }
    const tombstones = [removal('c2')];
    one.hears(versionOf('"1"', { people: [] }, { vv, heard, actor: 'd0', tombstones }));
    one.puts({ people: [], title: 'a' }, '"2"');
    one.nowMs += DAY_MS;
    const meta = { ...its(one), vv: { ...its(one).vv, new: 1 }, actor: 'new' };
    one.hears({ version: '"3"', value: { people: [], title: 'b' }, meta });
    const { meta: sent } = one.toSend(one.edit({ people: [], title: 'c' }, {}));
    expect(Object.keys(sent.vv)).toHaveLength(128);
    expect(sent.vv).toMatchObject({ phone: 2, new: 1, d0: 3, d125: 3 });
    expect(sent.vv).not.toHaveProperty('d126');
    expect(sent.tombstones).toEqual(tombstones);
    expect(recordMetaFrom(encodeMeta(sent))?.vv).toEqual(sent.vv);
  });

  function its(device: Device): RecordMeta {
    const meta = device.record?.current?.meta;
    if (meta === undefined) throw new Error('nothing travelled');
    return meta;
  }
});

describe('CF-7 a device that was silent while removals are carried no more', () => {
  /** What the phone is told when it is back: Bob and Cy were removed, and nobody carries that. */
  function back(): { silent: Device; now: Current } {
    const silent = phone('silent');
    const others = phone('others');
    const people = ['ann', 'bob', 'cy'].map(person);
    const first = others.puts({ people }, '"1"');
    silent.hears(read('"1"', first));
    const removals = ['bob', 'cy'].map(removal);
    others.puts({ people: [person('ann')] }, '"2"', { removals });
    others.metaBytesMax = 1;
    const later = others.puts({ people: [person('ann')], title: 'later' }, '"3"');
    expect(later.meta.tombstones ?? []).toEqual([]);
    expect(later.meta.forgotten).toEqual({ others: 2 });
    return { silent, now: read('"3"', later) };
  }

  test('CF-7 what its base already had is left out of what is in force, kept, and asked about once a list', () => {
    const { silent, now } = back();
    const people = ['ann', 'bob', 'cy', 'dee'].map(person);
    const edit = silent.edit(
      { people, text: 'of the silent' },
      { base: { version: '"1"', value: { people: people.slice(0, 3) } } },
    );
    silent.toSend(edit);
    silent.hears(now);
    const made = silent.merged(edit, now);
    // What it added since is in force.
    const inForce = (made.merged.payload as { people: { id: string }[] }).people;
    expect(inForce.map(({ id }) => id)).toEqual(['ann', 'dee']);
    expect(made.review.map(({ path, rule }) => [path, rule])).toEqual([['/people', 'silence']]);
    expect(JSON.stringify(made.review)).toMatch(/BOB.*CY/);
    // Asked once: its next edit shows the record as it is now.
    silent.sent(edit, made.merged, '"4"');
    const next = { ...(made.merged.payload as object), title: 'next' };
    const base = { version: '"4"', value: made.merged.payload };
    expect(silent.compare(silent.edit(next, { base })).kind).toBe('clear');
  });

  test('CF-7 control: one that has seen as much is asked nothing', () => {
    const { silent, now } = back();
    const record = silent.record;
    if (record === null) throw new Error('nothing is known');
    silent.record = { ...record, vv: { others: 2 } };
    silent.hears(now);
    expect(silent.record.tombstones.filter(({ isPresumed }) => isPresumed)).toEqual([]);
  });

  test('CF-7 where its base is not known, what it has is in force, and asked about', () => {
    const { now } = back();
    const silent = phone('silent');
    const people = ['ann', 'bob'].map(person);
    silent.hears(now);
    const made = silent.merged(
      silent.edit({ people }, { base: { version: '"1"', value: null } }),
      now,
    );
    expect(JSON.stringify(made.merged.payload)).toMatch(/BOB/);
  });
});
