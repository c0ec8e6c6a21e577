/**
 * Merges of what nobody should send, and of the same under other circumstances.
 */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ENTITIES } from '../../../machines/merge/entities/entities.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { mergeEntity, mergeEntityInSteps } from '../../../machines/merge/mergeEntity.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../machines/merge/values/cleanJson.ts';
import { sha256 } from '../../../machines/merge/values/sha256.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { lawsBrokenBy } from '../../../src/testing/lawsOfMerges.ts';
import { casesOf, RECORDS } from '../../support/merge/arbitraries.ts';
import { A, B, isKept, merged, NOW, valueOf } from '../../support/merge/two.ts';

const TYPES = [...ENTITIES.map(({ type }) => type), 'undeclared'];

afterEach(() => vi.restoreAllMocks());

describe('CF-2 merges of hostile values', () => {
  test.each(TYPES)('any JSON is merged as %s, by the laws', (type) => {
    const rules = entityRulesOf(type);
    fc.assert(
      fc.property(casesOf(fc.jsonValue()), (one) => {
        expect(lawsBrokenBy(rules, one)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test.each(TYPES)('what is no side at all harms no %s', (type) => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.anything()), fc.anything(), (base, sides, now) => {
        const merge = () => mergeEntity(type, base, sides as [], now as number);
        expect(JSON.stringify(merge())).toBe(JSON.stringify(merge()));
      }),
      { numRuns: 100 },
    );
    expect(mergeEntity(type, null, undefined as unknown as [], Number.NaN).value).toBeNull();
  });

  test('CR-1 what is large is merged in steps, which come to the same', () => {
    const plan = (side: string) => ({
      emergencyContacts: Array.from({ length: 2_000 }, (_, at) => ({ id: `c${at}`, name: side })),
    });
    const sides = [
      { value: plan('a'), meta: A },
      { value: plan('b'), meta: B },
    ];
    const steps = mergeEntityInSteps('crisis_plan', null, sides, NOW);
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count += 1;
    // What has many items is not projected in one step.
    expect(count).toBeGreaterThan(12);
    expect(step.value).toEqual(mergeEntity('crisis_plan', null, sides, NOW));
    // Nothing is asked twice.
    const ids = step.value.review.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('values nested deeper than the stack are merged', () => {
    const nested = (depth: number, leaf: string): unknown =>
      JSON.parse(`${'{"a":['.repeat(depth)}"${leaf}"${']}'.repeat(depth)}`);
    const base = { custom: nested(20_000, 'x') };
    for (const type of TYPES) {
      const sides = [
        { value: { custom: nested(20_000, 'y') }, meta: A },
        { value: base, meta: B },
      ];
      const { value, audit } = mergeEntity(type, base, sides, NOW);
      expect(canonical([value, audit] as unknown as Json)).toContain('"y"');
    }
  });

  test('numbers that are none count as missing', () => {
    const huge: unknown = JSON.parse('{"fontSize":1e400,"list":[1e400,2]}');
    const result = merged('preferences', { fontSize: 14 }, [huge, A]);
    expect(valueOf(result)).toEqual({ fontSize: 14, list: [2] });
  });

  test('names that reach a prototype are dropped at every depth', () => {
    const evil: unknown = JSON.parse(
      '{"a":{"__proto__":{"polluted":1},"b":[{"constructor":{"prototype":{"polluted":1}}}]}}',
    );
    const result = merged('preferences', {}, [evil, A], [{ a: { c: 1 } }, B]);
    expect(JSON.stringify(result)).not.toMatch(/polluted|constructor|__proto__/);
    expect('polluted' in {}).toBe(false);
    const { path } = { path: '/__proto__/polluted' };
    const tombstones = [{ path, confirmed: true }];
    merged('preferences', {}, [evil, { ...A, tombstones, actor: '__proto__' }]);
    expect('polluted' in {}).toBe(false);
  });

  test('CF-7 a security code is masked under each of its names', () => {
    const names = [
      'cvc',
      'CVV2',
      'cvn',
      'csc',
      'cav2',
      'cvd',
      'security_code',
      'securityCode',
      'card_pin',
    ];
    for (const name of names) {
      const side = { [name]: '737', card: { pin: 738, cid: '739' } };
      const result = merged('preferences', {}, [side, A]);
      expect(JSON.stringify([result.value, result.audit])).not.toMatch(/73[789]/);
    }
  });

  test('CF-7 a name like a mark of merges is a field like another', () => {
    for (const mark of ['\u0000', '\u0001']) {
      const side = { [`${mark}quietHours`]: { quietStart: 'x' }, [`${mark}records`]: ['y'] };
      const result = merged('preferences', { quietStart: '22:00' }, [side, A]);
      expect(valueOf(result)).toEqual({
        quietStart: '22:00',
        '\ufffdquietHours': { quietStart: 'x' },
        '\ufffdrecords': ['y'],
      });
    }
  });

  test('one name in two forms of Unicode is one', () => {
    const result = merged('mood_entry', { tags: ['é'] }, [{ tags: ['e\u0301', 'ı'] }, A]);
    expect(valueOf(result)['tags']).toEqual(['é', 'ı']);
  });
});

describe('CF-2 merges elsewhere', () => {
  test('need no locale, no clock and no chance', () => {
    const forbidden = () => {
      throw new Error('not in a merge');
    };
    const examples = Object.entries(RECORDS).flatMap(([type, record]) =>
      fc.sample(casesOf(record), { numRuns: 20, seed: 7 }).map((one) => ({ type, one })),
    );
    const run = () =>
      examples.map(({ type, one }) => JSON.stringify(mergeEntity(type, one.base, one.sides, NOW)));
    const before = run();
    vi.spyOn(String.prototype, 'localeCompare').mockImplementation(forbidden);
    vi.spyOn(String.prototype, 'toLocaleLowerCase').mockImplementation(forbidden);
    vi.spyOn(Intl, 'Collator').mockImplementation(forbidden);
    vi.spyOn(Date, 'now').mockImplementation(forbidden);
    vi.spyOn(Math, 'random').mockImplementation(forbidden);
    vi.spyOn(Date.prototype, 'getTimezoneOffset').mockImplementation(forbidden);
    expect(run()).toEqual(before);
  });

  test('the present changes no value and no name of a merge', () => {
    for (const [type, record] of Object.entries(RECORDS)) {
      for (const { base, sides } of fc.sample(casesOf(record), { numRuns: 30, seed: 3 })) {
        const received = sides.map(({ value, meta }) => ({
          value,
          meta: { ...meta, receivedAt: NOW },
        }));
        const today = mergeEntity(type, base, received, NOW);
        const later = mergeEntity(type, base, received, NOW + 1e11);
        expect(JSON.stringify(later)).toBe(JSON.stringify(today));
      }
    }
  });

  test('the hash is SHA-256', () => {
    const expected = (text: string) => createHash('sha256').update(text).digest('hex');
    const texts = Array.from(
      { length: 140 },
      (_, length) => 'é'.repeat(length % 3) + 'a'.repeat(length),
    );
    for (const text of [...texts, 'é'.repeat(20_000), 'a', '\uD800', 'a\uDC00b', '😀', '\uD83D']) {
      expect(sha256(text)).toBe(expected(text));
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(sha256(text)).toBe(expected(text));
      }),
    );
  });

  test('the same text comes of a value on both ways to it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const cleaned = cleanJson([value]) ?? null;
        const stringify = vi.spyOn(JSON, 'stringify');
        const quick = canonical(cleaned);
        stringify.mockImplementationOnce(() => {
          throw new RangeError('Maximum call stack size exceeded');
        });
        const slow = canonical(cleaned);
        stringify.mockRestore();
        expect(slow).toBe(quick);
      }),
    );
  });

  test('CF-1 what another side has seen takes no part, but for its removals', () => {
    const plan = (...ids: readonly string[]) => ({
      emergencyContacts: ids.map((id) => ({ id, name: id, phones: ['112'] })),
    });
    const removal = [{ path: '/emergencyContacts/c2', confirmed: true, by: 'user' }];
    const old = { ...B, vv: { A: 1 }, tombstones: removal };
    const newer = { ...A, vv: { A: 1, B: 1 } };
    const result = merged(
      'crisis_plan',
      plan('c1', 'c2'),
      [plan('c1'), old],
      [plan('c1', 'c3'), newer],
    );
    expect(result).toMatchObject({ value: plan('c1', 'c3'), review: [] });
    expect(isKept(result, 'c2')).toBe(true);
    const theme = merged(
      'preferences',
      { theme: 'a' },
      [{ theme: 'b' }, old],
      [{ theme: 'c' }, newer],
    );
    expect(theme).toMatchObject({ value: { theme: 'c' }, audit: [] });
  });
});
