/** What travels with a record: how it is written and read, how short it is, and that no word of the record is in it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeMeta,
  leastBytesOf,
  META_BYTES_FULL,
  withPaths,
} from '../../../machines/merge/clock/carriedMeta.ts';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import type { RecordMeta, Tombstone } from '../../../machines/vocabulary/record.ts';

const T0 = 1_790_000_000_000;

function bytes(meta: RecordMeta): number {
  return Buffer.byteLength(JSON.stringify(encodeMeta(meta)));
}

function read(meta: RecordMeta): RecordMeta | null {
  return recordMetaFrom(JSON.parse(JSON.stringify(encodeMeta(meta))));
}

function numbered<Value>(count: number, of: (at: number) => readonly [string, Value]) {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => of(at)));
}

/** Of a record with many devices and removals, each with all that can be said of it. */
function crowd(devices: number, removals: number, more: Partial<Tombstone> = {}): RecordMeta {
  const name = (at: number): string => `a-phone-of-the-clinic-${at}.0a1b2c3d`;
  return {
    vv: numbered(devices, (at) => [name(at), 1_000 + at]),
    actor: name(0),
    hlc: { ms: T0, c: 0 },
    heard: numbered(devices, (at) => [name(at), T0 - at * 86_400_000]),
    bodies: numbered(devices, (at) => [name(at), '0123456789ab']),
    tombstones: Array.from({ length: removals }, (_, at) => ({
      path: `/emergencyContacts/contact-0f8fad5b-d9cb-469f-a165-${String(at).padStart(12, '0')}`,
      confirmed: true,
      by: `user-${at % 4}`,
      at: T0 - at * 3_600_000,
      reason: 'she asked that he is no longer called, on the phone',
      ...more,
    })),
  };
}

const name = fc.stringMatching(/^[\w.:-]{1,12}$/).filter((one) => one !== '__proto__');
const count = fc.nat({ max: 2 ** 40 });
const path = fc
  .array(
    fc.oneof(
      name,
      fc.string({ minLength: 1 }).map((one) => one.replaceAll(/[~/]/g, '=')),
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((parts) => `/${parts.join('/')}`)
  .filter((one) => one.length < 200);
const metas: fc.Arbitrary<RecordMeta> = fc
  .record({
    vv: fc.dictionary(name, fc.integer({ min: 1, max: 2 ** 40 }), { minKeys: 1, maxKeys: 5 }),
    heard: fc.dictionary(name, count, { minKeys: 1, maxKeys: 5 }),
    bodies: fc.dictionary(name, fc.stringMatching(/^[0-9a-f]{12}$/), { maxKeys: 5 }),
    forgotten: fc.dictionary(name, fc.integer({ min: 1, max: 9 }), { maxKeys: 3 }),
    actor: name,
    ms: count,
    c: fc.nat(9),
    removals: fc.uniqueArray(
      fc.record(
        {
          path,
          confirmed: fc.constant(true as const),
          by: name,
          at: count,
          reason: fc.string({ minLength: 1 }),
        },
        { requiredKeys: ['path'] },
      ),
      { maxLength: 5, selector: (one) => one.path },
    ),
    rules: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  })
  .map(({ ms, c, removals, rules, bodies, forgotten, ...meta }) => ({
    ...meta,
    hlc: { ms, c },
    ...(Object.keys(forgotten).length === 0 ? {} : { forgotten }),
    ...(removals.length === 0 ? {} : { tombstones: removals }),
    bodies: Object.fromEntries(
      Object.entries(bodies).filter(([device]) => Object.hasOwn(meta.vv, device)),
    ),
    ...(rules === undefined ? {} : { rules }),
  }));

describe('CF-7 what travels with a record', () => {
  test('CF-1 CF-7 is read as it was written: items that could be words by whoever knows them', () => {
    fc.assert(
      fc.property(metas, (meta) => {
        const told = read(meta);
        if (told === null) throw new Error('it is not read');
        const known = (meta.tombstones ?? []).map((one) => one.path);
        const found = withPaths(told.tombstones ?? [], () => [...known, '/other/c1', '/']);
        const byPath = (all: readonly Tombstone[]) =>
          all.toSorted((one, other) => (one.path < other.path ? -1 : 1));
        const { bodies, ...rest } = meta;
        const removed = found.length === 0 ? {} : { tombstones: byPath(found) };
        expect({ ...told, ...removed }).toEqual({
          ...rest,
          ...(Object.keys(bodies ?? {}).length === 0 ? {} : { bodies }),
          ...(known.length === 0 ? {} : { tombstones: byPath(meta.tombstones ?? []) }),
        });
      }),
    );
  });

  test('CF-7 takes at most 8 KiB for 50 devices and 100 removals', () => {
    expect(bytes(crowd(50, 100))).toBeLessThanOrEqual(8_192);
    const told = read(crowd(50, 100));
    expect(Object.keys(told?.vv ?? {})).toHaveLength(50);
    expect(told?.tombstones).toHaveLength(100);
    expect(
      told?.tombstones?.every(({ by, confirmed }) => confirmed && /^user-\d$/.test(by ?? '')),
    ).toBe(true);
    // Whatever people and reasons are called, and however long an id is.
    const pathOf = (at: number) => `/emergencyContacts/${'x'.repeat(400)}${at}`;
    const long = crowd(50, 100, { reason: 'r'.repeat(256) });
    const longer = {
      ...long,
      tombstones: (long.tombstones ?? []).map((one, at) => ({
        ...one,
        path: pathOf(at),
        by: `${'u'.repeat(200)}${at}`,
      })),
    };
    expect(bytes(longer)).toBeLessThanOrEqual(8_192);
    expect(read(longer)?.tombstones).toHaveLength(100);
  });

  test('CF-7 all is told in full while there is room, and 1,500 removals take less than 64 KiB', () => {
    const few = crowd(4, 20);
    expect(bytes(few)).toBeLessThanOrEqual(META_BYTES_FULL);
    expect(read(few)).toEqual({
      ...few,
      tombstones: expect.arrayContaining([...(few.tombstones ?? [])]),
    });
    expect(bytes(crowd(3, 1_500))).toBeLessThanOrEqual(65_536);
    expect(bytes(crowd(3, 1_500))).toBe(leastBytesOf(crowd(3, 1_500)));
  });

  test('CF-7 no word of the record is in it', () => {
    const paths = [
      '/medications/="Lithium"',
      '/medications/"Lithium"',
      '/notes/=Ünruhe',
      '/tags/bad day',
      '/e/a b/deep/x',
    ];
    const meta = {
      ...crowd(1, 0),
      tombstones: paths.map((one) => ({ path: one, confirmed: true })),
    };
    const written = JSON.stringify(encodeMeta(meta));
    expect(written).not.toMatch(/Lithium|nruhe|bad day|a b/);
    const found = withPaths(read(meta)?.tombstones ?? [], () => [
      ...paths,
      '/medications/"Sertraline"',
    ]);
    expect(new Set(found.map((one) => one.path))).toEqual(new Set(paths));
    // Whoever does not have it can't tell what it is.
    const other = withPaths(read(meta)?.tombstones ?? [], () => ['/medications/"Sertraline"']);
    expect(other.every((one) => one.path.includes('/~#'))).toBe(true);
  });

  test.each<[unknown]>([
    [{ of: 'a', at: 'x', seen: null }],
    [{ of: 'a', at: '!', seen: {} }],
    [{ of: '', at: '1', seen: {} }],
    [{ of: 'a', at: 7, seen: {} }],
    [{ of: 'a', seen: {} }],
  ])('CF-1 CF-2 %j says nothing of a record', (value) => {
    expect(recordMetaFrom(value)).toBeNull();
  });

  test('CF-2 nothing that comes in its fields makes reading it throw', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), fc.anything({ maxDepth: 3 }), (one, other) => {
        const given = { of: 'a', at: '1', seen: one, removed: other, missing: one, who: other };
        const meta = recordMetaFrom(given);
        if (meta !== null) expect(recordMetaFrom(encodeMeta(meta))?.vv).toEqual(meta.vv);
      }),
    );
  });
});
