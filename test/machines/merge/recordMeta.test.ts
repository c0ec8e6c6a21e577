import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';

const META = {
  vv: { 'phone-1': 2, srv: 1 },
  actor: 'phone-1',
  hlc: { ms: 1_764_032_604_000, c: 3 },
  tombstones: [{ path: '/contacts/c2', confirmed: true, by: 'p-17', at: 7, reason: 'moved' }],
  heard: { 'phone-1': 5 },
  bodies: { 'phone-1': '0123456789ab' },
  asks: [
    {
      id: 'op-1-c1',
      paths: ['/contacts/c2'],
      by: 'phone-1',
      count: 2,
      type: 'plans.put',
      from: ['phone-1'],
    },
  ],
  rules: 3,
};

test('CF-1 what a store said of a record is read as it was written', () => {
  expect(recordMetaFrom(JSON.parse(JSON.stringify(META)))).toEqual(META);
  const { vv, actor, hlc } = META;
  expect(recordMetaFrom({ vv, actor, hlc })).toEqual({ vv, actor, hlc });
});

test.each<[unknown]>([
  [undefined],
  [null],
  ['meta'],
  [[META]],
  [{ ...META, vv: null }],
  [{ ...META, actor: '' }],
  [{ ...META, actor: 7 }],
  [{ ...META, hlc: null }],
  [{ ...META, hlc: { ms: 1 } }],
  [{ ...META, hlc: { ms: 1.5, c: 0 } }],
  [{ ...META, hlc: { ms: 1, c: -1 } }],
])('CF-1 CF-2 %j says nothing of a record', (value) => {
  expect(recordMetaFrom(value)).toBeNull();
});

test('CF-1 CF-2 of what is sound in part, that part is read', () => {
  const tombstones = [7, { path: 'c2' }, { path: '/c3', confirmed: 'yes', by: 1, at: 'x' }];
  const meta = recordMetaFrom({ ...META, tombstones, heard: { a: 1, b: 'x', c: -1 }, more: 1 });
  expect(meta).toEqual({ ...META, tombstones: [{ path: '/c3' }], heard: { a: 1 } });
  const odd = { tombstones: {}, heard: [], bodies: ['b'], asks: [{ id: 'x' }], rules: -1 };
  expect(recordMetaFrom({ ...META, ...odd })).toEqual({
    ...{ vv: META.vv, actor: META.actor, hlc: META.hlc },
  });
});

test('CF-1 CF-2 a count that no device can have made stays one that has a next', () => {
  const vv = { a: Number.MAX_SAFE_INTEGER, b: 2 ** 48, c: 1 };
  expect(recordMetaFrom({ ...META, vv })?.vv).toEqual({ a: 2 ** 48, b: 2 ** 48, c: 1 });
});

test('CF-1 CF-2 of a claim of more devices than a record can have nothing is believed', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`d${at}`, 1]));
  expect(Object.keys(recordMetaFrom({ ...META, vv: many(128) })?.vv ?? {})).toHaveLength(128);
  expect(recordMetaFrom({ ...META, vv: many(129) })).toBeNull();
  expect(recordMetaFrom({ ...META, heard: many(129) })).toEqual({ ...META, heard: {} });
});

test('CF-1 CF-2 of removals no more are taken than a record can carry, and nothing that is too long', () => {
  const path = (at: number) => ({ path: `/contacts/c${at}`, confirmed: true });
  const tombstones = Array.from({ length: 5_000 }, (_, at) => path(at));
  expect(recordMetaFrom({ ...META, tombstones })?.tombstones).toEqual(tombstones.slice(0, 4_096));
  const long = 'x'.repeat(2_000);
  const sent = [{ path: `/${long}` }, { path: '/a', by: long, reason: long }];
  expect(recordMetaFrom({ ...META, tombstones: sent })?.tombstones).toEqual([{ path: '/a' }]);
  expect(recordMetaFrom({ ...META, actor: long })).toBeNull();
});

test('CF-2 that an authority answers for it is never taken from a device', () => {
  const claims = { verified: true, isVerified: true, asOf: 9, asOfMs: 9, receivedAt: 9 };
  expect(recordMetaFrom({ ...META, ...claims })).toEqual(META);
});

test('CF-1 CF-2 no device is named as the prototype of an object is', () => {
  const said = JSON.stringify(META).replaceAll('phone-1', '__proto__');
  expect(recordMetaFrom(JSON.parse(said))).toBeNull();
  const vv: unknown = JSON.parse('{"__proto__":3,"a":2}');
  expect(recordMetaFrom({ ...META, vv, heard: vv, bodies: {} })).toEqual({
    ...META,
    vv: { a: 2 },
    heard: { a: 2 },
    bodies: {},
  });
});

test('CF-2 nothing that comes makes it throw, and reading it again changes nothing', () => {
  fc.assert(
    fc.property(fc.anything({ maxDepth: 4 }), fc.anything({ maxDepth: 4 }), (value, part) => {
      for (const given of [value, { ...META, tombstones: part }, { ...META, vv: part }]) {
        const meta = recordMetaFrom(given);
        if (meta !== null) expect(recordMetaFrom(meta)).toEqual(meta);
      }
    }),
  );
});
