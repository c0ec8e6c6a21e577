import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { checkRequest, refuseExpired } from '../../../../machines/policy/request/request.ts';
import { PAYLOAD_BYTES_MAX, parseBody } from '../../../../machines/policy/request/requestBody.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { Priority } from '../../../../machines/vocabulary/urgency.ts';

const GOOD = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

interface Refusal {
  readonly code: string;
  readonly field: string | undefined;
  readonly message: string;
}

function refusalOf(request: unknown, payloadBytesMax?: number): Refusal {
  try {
    checkRequest(request, { payloadBytesMax });
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

function withPayload(payload: unknown): Refusal {
  return refusalOf({ ...GOOD, payload });
}

describe('what is accepted', () => {
  test('OP-9 the least request gets its defaults', () => {
    expect(checkRequest(GOOD)).toEqual({
      ...GOOD,
      entity: null,
      priority: 'normal',
      idempotencyKey: null,
      expiresAtMs: null,
      startAtMs: null,
      tags: [],
      method: null,
      path: null,
      body: '{"payload":null}',
    });
  });

  test('OP-9 a full request keeps every field', () => {
    const full = {
      ...GOOD,
      entity: { type: 'subscription', id: 'sub-1' },
      priority: 'high',
      idempotencyKey: 'key-1',
      expiresAtMs: 1_764_032_604_000,
      startAtMs: 1_764_032_600_000,
      tags: ['import', 'vip'],
      method: 'PUT',
      path: '/v1/subscriptions/sub-1',
    } as const;
    const { body, ...checked } = checkRequest({ ...full, payload: { b: 1, a: 2 }, base: 3 });
    expect(checked).toEqual(full);
    expect(body).toBe('{"base":3,"payload":{"a":2,"b":1}}');
  });
});

describe('what is refused', () => {
  test.each<[field: string, problem: RegExp, request: unknown]>([
    ['request', /must be an object/, null],
    ['request', /must be an object/, 'payments.push'],
    ['request', /must be an object/, [GOOD]],
    [
      'request',
      /at place 4; did you mean priority\? Known are type, sub/,
      { ...GOOD, prio: 'high' },
    ],
    ['request', /is not known, the one at place 1\. Known are/, { 'Jane has measles': 1, ...GOOD }],
    ['type', /is missing/, { ...GOOD, type: undefined }],
    [
      'type',
      /must be words of letters, digits, - and _ joined by dots/,
      { ...GOOD, type: 'Payments push' },
    ],
    [
      'type',
      /must be words of letters, digits, - and _ joined by dots/,
      { ...GOOD, type: 'payments..push' },
    ],
    [
      'type',
      /must be words of letters, digits, - and _ joined by dots/,
      { ...GOOD, type: '../payments' },
    ],
    ['type', /the first with a lower-case one/, { ...GOOD, type: 'Payments.push' }],
    ['subject', /is missing/, { type: 'a.b', tier: 'basic' }],
    ['subject', /must be a string/, { ...GOOD, subject: 42 }],
    ['subject', /must not be empty/, { ...GOOD, subject: '' }],
    ['subject', /at most 256 characters/, { ...GOOD, subject: 'x'.repeat(257) }],
    ['subject', /well-formed text without NUL/, { ...GOOD, subject: 'a\0b' }],
    ['subject', /well-formed text without NUL/, { ...GOOD, subject: 'a\ud800b' }],
    ['type', /joined by dots/, { ...GOOD, type: '-payments.push' }],
    ['type', /joined by dots/, { ...GOOD, type: 'payments.2nd' }],
    ['tier', /must be one of premium, basic, trial/, { ...GOOD, tier: 'gold' }],
    ['priority', /must be one of crisis, high, normal, low/, { ...GOOD, priority: 'urgent' }],
    ['entity', /must be \{ type, id \}/, { ...GOOD, entity: 'sub-1' }],
    ['entity', /must be \{ type, id \}/, { ...GOOD, entity: null }],
    ['entity.type', /is missing/, { ...GOOD, entity: { id: 'sub-1' } }],
    ['entity.id', /must be a string/, { ...GOOD, entity: { type: 'a', id: 1 } }],
    ['idempotencyKey', /at most 256/, { ...GOOD, idempotencyKey: 'x'.repeat(257) }],
    ['expiresAtMs', /whole number of milliseconds/, { ...GOOD, expiresAtMs: '2026-11-25' }],
    ['startAtMs', /whole number of milliseconds/, { ...GOOD, startAtMs: '2026-11-25' }],
    ['startAtMs', /whole number of milliseconds/, { ...GOOD, startAtMs: 1.5 }],
    ['startAtMs', /whole number of milliseconds/, { ...GOOD, startAtMs: -1 }],
    ['startAtMs', /before expiresAtMs/, { ...GOOD, startAtMs: 5, expiresAtMs: 5 }],
    ['expiresAtMs', /whole number of milliseconds/, { ...GOOD, expiresAtMs: 1.5 }],
    ['expiresAtMs', /whole number of milliseconds/, { ...GOOD, expiresAtMs: -1 }],
    ['method', /must be POST, PUT, PATCH, DELETE or GET/, { ...GOOD, method: 'post' }],
    ['path', /at most 2048/, { ...GOOD, path: `/${'x'.repeat(2_048)}` }],
    ['path', /must not hold '\.'/, { ...GOOD, path: 'a/..;/b' }],
  ])('UX-2 %s %s', (field, problem, request) => {
    const refusal = refusalOf(request);
    expect(refusal).toMatchObject({ code: 'HF_REQUEST_INVALID', field });
    expect(refusal.message).toMatch(problem);
    expect(refusal.message).toMatch(/Nothing was stored\.$/);
  });

  class Account {
    readonly owner = 'somebody-secret';
  }
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;

  test.each<[kind: string, payload: unknown, problem: RegExp]>([
    ['NaN', { a: [1, Number.NaN] }, /a number that JSON cannot carry/],
    ['infinity', Number.POSITIVE_INFINITY, /a number that JSON cannot carry/],
    ['undefined in an array', [1, undefined], /holds undefined/],
    ['a hole in an array', new Array(1), /holds undefined/],
    ['a date', { at: new Date(0) }, /holds a Date/],
    ['a big integer', { amount: 10n }, /holds a bigint/],
    ['a function', { a: () => 1 }, /holds a function/],
    ['a symbol', Symbol('a'), /holds a symbol/],
    ['a map', new Map(), /holds a Map/],
    ['bytes', new Uint8Array(1), /holds a Uint8Array/],
    ['an object of a class', new Account(), /holds a Account/],
    ['an odd object', Object.create(Object.create(Object.create(null))), /object of no class/],
    ['a cycle', cycle, /nested deeper than 100 levels or holds itself/],
  ])('UX-2 a payload that holds %s, by name and without its value', (_, payload, problem) => {
    const refusal = withPayload(payload);
    expect(refusal).toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'payload' });
    expect(refusal.message).toMatch(problem);
    expect(refusal.message).not.toContain('secret');
  });

  test('UX-2 SE-5 the message says where it stands by counting; the error knows the names', () => {
    const payload = { b: 'x', measles: [1, { c: null, jane: new Date(0) }] };
    const refusal = withPayload(payload);
    expect(refusal.message).toContain(
      'holds a Date, which JSON cannot carry (field 2, item 2, field 2).',
    );
    expect(refusal).toMatchObject({ at: ['payload', 'measles', 1, 'jane'] });
    expect(JSON.stringify(refusal)).not.toMatch(/measles|jane/);
    expect(refusalOf({ ...GOOD, 'Jane has measles': 1 })).toMatchObject({
      at: ['Jane has measles'],
    });
    expect(refusalOf({ ...GOOD, 'Jane has measles': 1 }).message).not.toMatch(/Jane|measles/);
  });

  test('UX-2 the same holds for the base', () => {
    expect(refusalOf({ ...GOOD, base: Number.NaN }).field).toBe('base');
  });

  test('CF-7 an optional field that is undefined is left out: missing is not deleted', () => {
    expect(checkRequest({ ...GOOD, payload: { a: undefined, b: null } }).body).toBe(
      '{"payload":{"b":null}}',
    );
  });

  test('OP-9 a payload is measured in UTF-8 bytes, with its base and its frame', () => {
    // The euro sign takes 3 bytes in one UTF-16 unit, the face 4 in two.
    const payload = '€😀';
    const bytes = new TextEncoder().encode(`{"payload":"${payload}"}`).length;
    expect(() => checkRequest({ ...GOOD, payload }, { payloadBytesMax: bytes })).not.toThrow();
    const refusal = refusalOf({ ...GOOD, payload }, bytes - 1);
    expect(refusal).toMatchObject({ code: 'HF_PAYLOAD_TOO_LARGE', field: 'payload' });
    expect(refusal.message).toContain(`more than ${bytes - 1} bytes`);
    expect(withPayload('x'.repeat(PAYLOAD_BYTES_MAX)).code).toBe('HF_PAYLOAD_TOO_LARGE');
  });

  describe('work that is not done once it is known to be too much', () => {
    function reads(make: (read: () => number) => unknown, bytesMax?: number): number {
      let count = 0;
      const payload = make(() => {
        count += 1;
        return 1;
      });
      expect(refusalOf({ ...GOOD, payload }, bytesMax).code).toBe('HF_PAYLOAD_TOO_LARGE');
      return count;
    }

    test('OP-9 a long array is refused before its first item is read', () => {
      const make = (length: number) => (read: () => number) =>
        new Proxy(new Array<number>(length).fill(0), {
          get: (items, key) =>
            typeof key === 'string' && /^\d/.test(key) ? read() : Reflect.get(items, key),
        });
      expect(reads(make(3_000_000))).toBe(0);
      // Control: one that might fit is read.
      expect(reads(make(40), 90)).toBeGreaterThan(0);
    });

    test('OP-9 an object of many fields, none of which is read', () => {
      const make = (read: () => number): unknown => {
        const fields = {};
        for (let i = 0; i < 600_000; i += 1) {
          Object.defineProperty(fields, i, { get: read, enumerable: true });
        }
        return fields;
      };
      expect(reads((read) => [make(read), make(read)])).toBeLessThan(600_000);
    });

    test('OP-9 a long string is never encoded', () => {
      const text = 'x'.repeat(PAYLOAD_BYTES_MAX + 1);
      const encoded = vi.spyOn(JSON, 'stringify');
      try {
        expect(withPayload({ a: [text] }).code).toBe('HF_PAYLOAD_TOO_LARGE');
        expect(encoded).not.toHaveBeenCalledWith(text);
      } finally {
        encoded.mockRestore();
      }
    });

    test('OP-9 objects that hold each other many times over are refused once they are too large', () => {
      for (const leaf of [{}, [], { a: undefined }]) {
        let payload: unknown = leaf;
        for (let depth = 0; depth < 60; depth += 1) payload = [payload, payload];
        expect(withPayload(payload).code).toBe('HF_PAYLOAD_TOO_LARGE');
      }
    });
  });

  test.each<[field: string, request: object]>([
    ['payload', { payload: { card: { number: '4111 1111 1111 1111' } } }],
    ['payload', { payload: { '4111111111111111': true } }],
    ['payload', { payload: [4_111_111_111_111_111] }],
    ['payload', { payload: { card: { CVV: '123' } } }],
    ['base', { base: '5555-5555-5555-4444' }],
    ['subject', { subject: '4111111111111111' }],
    ['idempotencyKey', { idempotencyKey: '4111111111111111' }],
    ['entity.id', { entity: { type: 'card', id: '378282246310005' } }],
    ['path', { path: '/cards/4111111111111111' }],
  ])('CF-7 a card in %s is refused without being repeated: %j', (field, request) => {
    const refusal = refusalOf({ ...GOOD, ...request });
    expect(refusal).toMatchObject({ code: 'HF_CARD_NUMBER_REFUSED', field });
    expect(refusal.message).toMatch(new RegExp(`^${field} .*Send the token`));
    expect(refusal.message).not.toMatch(/\d{3}/);
  });
});

describe('the body', () => {
  /** Without longer runs of digits, so that none of it is a card number by chance. */
  const anyJson = fc
    .jsonValue({ maxDepth: 4 })
    .filter((value) => !/\d{4}|cv|csc|ca[vr]|c?id|pin|code/i.test(JSON.stringify(value)));

  function reordered(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reordered);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).toReversed();
    return Object.fromEntries(entries.map(([key, entry]) => [key, reordered(entry)]));
  }

  test('OP-8 equal values have equal bodies, whatever the order of their keys', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (payload, base) => {
        const { body } = checkRequest({ ...GOOD, payload, base });
        const again = checkRequest({ base: reordered(base), payload: reordered(payload), ...GOOD });
        expect(again.body).toBe(body);
      }),
    );
  });

  test('OP-3 it parses back to what was given', () => {
    fc.assert(
      fc.property(anyJson, (payload) => {
        const { body } = checkRequest({ ...GOOD, payload });
        // JSON has no negative zero.
        expect(parseBody(body).payload).toEqual(JSON.parse(JSON.stringify(payload)));
        expect(parseBody(body)).not.toHaveProperty('base');
      }),
    );
  });

  test('OP-8 control: values that differ have bodies that differ', () => {
    const bodyOf = (payload: unknown): string => checkRequest({ ...GOOD, payload }).body;
    expect(bodyOf({ a: 1, b: '1' })).not.toBe(bodyOf({ a: '1', b: 1 }));
    expect(bodyOf([1, 2])).not.toBe(bodyOf([2, 1]));
    expect(checkRequest({ ...GOOD, base: 1 }).body).not.toBe(bodyOf(1));
  });
});

describe('UX-1 what may be left out or named freely', () => {
  test('UX-1 a request that names no tier gets that of the rules', () => {
    const { tier: _, ...without } = GOOD;
    expect(checkRequest(without).tier).toBe('basic');
    expect(checkRequest(without, { defaultTier: 'premium' }).tier).toBe('premium');
    expect(checkRequest(GOOD, { defaultTier: 'trial' }).tier).toBe('premium');
  });

  test('OP-5 UX-2 what has expired before it comes is refused, but for what may be a repeat', () => {
    const check =
      (
        expiresAtMs: number | null,
        idempotencyKey: string | null = null,
        priority: Priority = 'normal',
      ) =>
      () => {
        refuseExpired({ expiresAtMs, idempotencyKey, priority }, 1_000);
      };
    expect(check(1_000)).toThrow(/^expiresAtMs is over already; give an instant to come/u);
    expect(check(1_001)).not.toThrow();
    expect(check(null)).not.toThrow();
    expect(check(1, 'sent-before')).not.toThrow();
    expect(check(1, null, 'crisis')).not.toThrow();
  });
});
