import { describe, expect, test } from 'vitest';
import {
  decodeEntityRecord,
  type EntityRecord,
  encodeEntityRecord,
} from '../../../machines/conflict/entityRecord.ts';
import { withoutForgotten } from '../../../machines/conflict/remembered.ts';
import type { Tombstone } from '../../../machines/vocabulary/record.ts';
import { DAY_MS, Device, T0, versionOf } from '../../support/conflict/device.ts';
import { noteRules } from '../../support/conflict/note.ts';

const ann = { id: 'c1', name: 'Ann' };
const bob = { id: 'c2', name: 'Bob' };
const REMOVED: Tombstone = { path: '/people/c2', confirmed: true, at: T0 };
const of = (vv: Readonly<Record<string, number>>, actor = 'tablet') => ({ vv, actor });

function phone(): Device {
  return new Device('phone', noteRules('waits'));
}

function its(device: Device): EntityRecord {
  if (device.record === null) throw new Error('nothing is known');
  return device.record;
}

describe('CF-1 what is heard of a record', () => {
  test('CF-1 the first thing is news', () => {
    const one = phone();
    expect(one.hears(versionOf('"1"', { title: 'a' })).status).toBe('taken');
    expect(its(one)).toMatchObject({ current: { version: '"1"' }, others: { actor: 'upstream' } });
  });

  test.each([
    ['has seen less', { tablet: 1 }, 'older'],
    ['has seen the same, and says the same', { tablet: 2 }, 'known'],
    ['has seen more', { tablet: 3 }, 'taken'],
    ['has seen other things', { watch: 1 }, 'taken'],
  ] as const)('CF-1 a version that is told of and %s', (_, vv, status) => {
    const one = phone();
    one.hears(versionOf('"5"', { title: 'a' }, of({ tablet: 2 })));
    expect(one.hears(versionOf('"x"', { title: 'a' }, of(vv)), false).status).toBe(status);
    expect(its(one).current?.version).toBe(status === 'older' ? '"5"' : '"x"');
  });

  test('CF-1 an edit that the upstream said it took, and did not, is shown until somebody edits next', () => {
    const one = phone();
    const before = versionOf('"5"', { title: 'a' }, of({ tablet: 2 }));
    one.hears(before);
    const edit = one.edit({ title: 'mine' }, { base: one.base });
    one.sent(edit, one.toSend(edit), null);
    expect(one.hears(before, false).status).toBe('older');
    expect(its(one).current?.value).toEqual({ title: 'mine' });
    const lied = one.record;
    // Of the next edit at this device the upstream is asked first.
    expect(one.compare(one.edit({ title: 'next' }, { base: one.base }))).toEqual({ kind: 'fetch' });
    expect(one.hears(before).status).toBe('taken');
    expect(its(one).current?.value).toEqual({ title: 'a' });
    // Another device's is told.
    one.record = lied;
    const next = versionOf('"6"', { title: 'b' }, of({ tablet: 3 }));
    expect(one.hears(next, false).status).toBe('taken');
    expect(its(one).current?.value).toEqual({ title: 'b' });
  });

  test('CF-1 the same counts, and another value: somebody wrote who counts nothing', () => {
    const one = phone();
    one.hears(versionOf('"5"', { title: 'a' }, of({ tablet: 2 })));
    const other = versionOf('"6"', { title: 'b' }, of({ tablet: 2 }));
    expect(one.hears(other, false).status).toBe('taken');
  });

  test('CF-1 the same version is known, whatever else is said', () => {
    const one = phone();
    one.hears(versionOf('"5"', { title: 'a' }, of({ tablet: 2 })));
    expect(one.hears(versionOf('"5"', { title: 'a' })).status).toBe('known');
    expect(its(one).current?.meta?.vv).toEqual({ tablet: 2 });
  });

  test('CF-1 without vectors: a version that is over is told late, unless the upstream was asked', () => {
    const one = phone();
    one.hears(versionOf('"1"', { title: 'a' }));
    one.hears(versionOf('"2"', { title: 'b' }));
    expect(one.hears(versionOf('"1"', { title: 'a' }), false).status).toBe('older');
    expect(its(one).current?.value).toEqual({ title: 'b' });
    // It was put back: that is what it holds.
    expect(one.hears(versionOf('"1"', { title: 'a' }), true).status).toBe('taken');
    expect(its(one).past).toEqual(['"2"']);
  });

  test('CF-1 without vectors and versions: by the moment of which an authority speaks', () => {
    const one = phone();
    one.hears({ version: null, value: { title: 'a' }, asOfMs: T0, isVerified: true });
    const before = { version: null, value: { title: 'b' }, asOfMs: T0 - 1, isVerified: true };
    expect(one.hears(before, false).status).toBe('older');
    expect(one.hears({ ...before, asOfMs: T0 + 1 }, false).status).toBe('taken');
    expect(one.hears({ ...before, asOfMs: T0 + 1 }, false).status).toBe('known');
  });

  test('CF-7 no such record is told once, and what was known of it is kept', () => {
    const one = phone();
    one.hears(versionOf('"1"', { title: 'a' }));
    expect(one.hears(null).status).toBe('taken');
    expect(one.hears(null).status).toBe('known');
    expect(its(one)).toMatchObject({ isGone: true, current: { value: { title: 'a' } } });
    expect(one.hears(versionOf('"1"', { title: 'a' })).status).toBe('taken');
    expect(its(one).isGone).toBe(false);
  });

  test('CF-1 a later version that was told of before an answer came is not undone by that', () => {
    const one = phone();
    one.puts({ title: 'a' }, '"0"');
    const edit = one.edit({ title: 'b' });
    const merged = one.toSend(edit);
    one.hears(versionOf('"2"', { title: 'c' }, of({ phone: 2, tablet: 1 })), false);
    one.sent(edit, merged, '"1"');
    expect(its(one)).toMatchObject({
      current: { version: '"2"', value: { title: 'c' } },
      ancestor: { value: { title: 'b' } },
      vv: { phone: 2, tablet: 1 },
    });
    expect(one.hears(versionOf('"1"', { title: 'b' }), false).status).toBe('older');
  });

  test('CF-1 each body that goes out counts one, also one that is made anew', () => {
    const one = phone();
    one.puts({ title: 'a' }, '"0"');
    const edit = one.edit({ title: 'b' });
    const first = one.toSend(edit);
    expect(first.meta.vv).toEqual({ phone: 2 });
    const theirs = versionOf('"1"', { text: 'x' }, of({ phone: 1, tablet: 4 }));
    one.hears(theirs);
    const second = one.merged(one.edit({ title: 'b' }, {}, first), theirs).merged;
    expect(second.meta.vv).toEqual({ phone: 3, tablet: 4 });
  });
});

describe('CF-7 removals are remembered until all have seen them', () => {
  /** A phone that has removed Bob, with a tablet and a watch about. */
  function remover(): Device {
    const one = phone();
    one.hears(versionOf('"0"', { people: [ann, bob] }, of({ tablet: 1, watch: 1 })));
    one.puts({ people: [ann] }, '"1"', {
      base: { version: '"0"', value: { people: [ann, bob] } },
      removals: [REMOVED],
    });
    return one;
  }
  const travels = (one: Device): boolean => {
    one.nowMs += 1;
    const body = one.toSend(one.edit({ people: [ann], title: String(one.nowMs) }));
    return body.meta.tombstones !== undefined;
  };
  const heard = (one: Device, vv: Readonly<Record<string, number>>, version: string) => {
    one.hears(versionOf(version, { people: [ann] }, { ...of(vv), tombstones: [REMOVED] }));
  };

  test('CF-7 it travels whoever has seen it: who has only read has a stale copy, and is in no vector', () => {
    const one = remover();
    expect(travels(one)).toBe(true);
    heard(one, { phone: 1, tablet: 9, watch: 9 }, '"2"');
    expect(travels(one)).toBe(true);
  });

  test('CF-7 while nobody else was ever heard of, it travels', () => {
    const one = phone();
    one.puts({ people: [ann, bob] }, '"0"');
    one.puts({ people: [ann] }, '"1"', { removals: [REMOVED] });
    expect(travels(one)).toBe(true);
  });

  test('CF-7 what the replaced version lists goes on, however old it is by a clock', () => {
    const one = remover();
    one.nowMs += 4_000 * DAY_MS;
    expect(travels(one)).toBe(true);
    heard(one, { phone: 1, tablet: 3, watch: 1 }, '"3"');
    expect(its(one).tombstones).toHaveLength(1);
    expect(travels(one)).toBe(true);
  });

  test.each([
    ['as it was made', T0],
    ['at 1970', 0],
    ['decades behind', T0 - 12_000 * DAY_MS],
    ['decades ahead', T0 + 12_000 * DAY_MS],
  ])('CF-7 one that no version lists is kept until it is old by both clocks: made %s', (_, at) => {
    const one = phone();
    one.hears(versionOf('"0"', { people: [ann, bob] }));
    const removals = [{ ...REMOVED, at }];
    one.puts({ people: [ann] }, '"1"', { removals, base: '"0"' });
    // The upstream carries nothing.
    one.hears(versionOf('"2"', { people: [ann], title: 't' }));
    const isKept = (): boolean => withoutForgotten(its(one), one.onlooker).tombstones.length > 0;
    const record = its(one);
    one.record = { ...record, current: { version: '"2"', value: { people: [ann] } } };
    one.nowMs = T0 + 400 * DAY_MS;
    expect(isKept()).toBe(true);
    one.nowMs = Math.max(T0, at) + 401 * DAY_MS;
    expect(isKept()).toBe(false);
  });

  test('CF-7 devices that were silent for long are forgotten, and removals that nobody lists', () => {
    const one = remover();
    const silentMaxMs = 400 * DAY_MS;
    one.nowMs += silentMaxMs - 1_000;
    one.hears(versionOf('"3"', { people: [ann] }, of({ phone: 1, tablet: 3, watch: 1 })));
    expect(its(one).vv).toEqual({ phone: 1, tablet: 3, watch: 1 });
    expect(travels(one)).toBe(true);
    one.nowMs += 2_000;
    const forgotten = withoutForgotten(its(one), one.onlooker);
    expect(forgotten.vv).toEqual({ phone: 1, tablet: 3 });
    expect(forgotten.tombstones).toEqual([]);
  });

  test('CF-7 a clock that is ahead keeps nobody about for ever', () => {
    const one = remover();
    const far = one.nowMs + 4_000 * DAY_MS;
    one.hears(
      versionOf(
        '"2"',
        { people: [ann] },
        { ...of({ phone: 1, tablet: 2, watch: 1 }), heard: { watch: far } },
      ),
    );
    expect(its(one).heard['watch']).toBe(one.nowMs);
  });
});

describe('CF-6 the record as it is kept', () => {
  const full = (): EntityRecord => {
    const one = phone();
    one.puts({ people: [ann, bob] }, '"0"');
    one.hears(versionOf('"1"', { people: [ann, bob], title: 't' }, of({ phone: 1, tablet: 1 })));
    one.puts({ people: [ann] }, '"2"', { removals: [REMOVED], base: '"1"' });
    return its(one);
  };

  test('CF-6 comes back as it was', () => {
    const record = full();
    expect(decodeEntityRecord(encodeEntityRecord(record))).toEqual(record);
  });

  test('CF-6 what the app gave is written once where it is what the upstream holds', () => {
    const one = phone();
    one.puts({ title: 'a long title' }, '"0"');
    const text = encodeEntityRecord(its(one));
    expect(text.split('a long title')).toHaveLength(2);
    expect(decodeEntityRecord(text)).toEqual(its(one));
  });

  test.each(['', 'null', '[]', '{}', '{"entity":{"type":"a","id":"b"},"subject":"s"}', 'x'])(
    'CF-6 %j is none',
    (text) => {
      expect(decodeEntityRecord(text)).toBeNull();
    },
  );
});

describe('CF-1 CF-7 what a device claims that nobody can trust', () => {
  test('CF-1 a stamp from the future counts as of its receipt, so that later edits are later', () => {
    const one = phone();
    const hlc = { ms: T0 + 3_650 * DAY_MS, c: 9 };
    const { meta, ...told } = versionOf('"1"', { title: 'evil' }, of({ tablet: 1 }));
    if (meta === undefined) throw new Error('no meta');
    one.hears({ ...told, meta: { ...meta, hlc } });
    expect(its(one).others).toEqual({ actor: 'tablet', hlc: { ms: one.nowMs, c: 0 } });
    expect(its(one).current?.meta?.hlc.ms).toBe(one.nowMs);
  });

  test('CF-7 a new crowd of devices in each version does not fill what is known of the others', () => {
    const one = phone();
    one.hears(versionOf('"0"', { title: 'a' }, of({ tablet: 7 })));
    for (let at = 0; at < 5; at += 1) {
      const crowd = Array.from({ length: 100 }, (_, n) => [`evil-${at}-${n}`, 1] as const);
      one.hears(versionOf(`"${at + 1}"`, { title: 'a' }, of(Object.fromEntries(crowd))));
    }
    const counts = Object.keys(its(one).vv);
    expect(counts.length).toBeLessThanOrEqual(128);
    expect(its(one).vv).toMatchObject({ tablet: 7 });
  });

  test('CF-7 a flood of removals pushes out none that is held, and is not kept whole', () => {
    const one = phone();
    const flood = (at: number): readonly Tombstone[] =>
      Array.from({ length: 4_000 }, (_, n) => ({ path: `/people/e${at}-${n}`, confirmed: true }));
    for (const [at, tombstones] of [[REMOVED], flood(1), flood(2), flood(3)].entries()) {
      const said = versionOf(`"${at}"`, { title: 'a' }, of({ tablet: at + 1 }));
      if (said.meta === undefined) throw new Error('no meta');
      one.hears({ ...said, meta: { ...said.meta, tombstones } });
    }
    const held = its(one).tombstones.map(({ tombstone }) => tombstone);
    expect(held).toHaveLength(8_192);
    expect(held).toContainEqual(REMOVED);
  });
});
