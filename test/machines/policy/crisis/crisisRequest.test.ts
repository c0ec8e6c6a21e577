/**
 * A crisis call of unknown origin, read for what is sound in it (CR-2, CR-4).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { crisisKey } from '../../../../actors/operation/acceptance.ts';
import { firstIdAt } from '../../../../actors/platform/operationId.ts';
import {
  type CrisisRules,
  completeCrisis,
  readCrisis,
  UNKNOWN_SUBJECT,
} from '../../../../machines/policy/crisis/crisisRequest.ts';
import { checkRequest } from '../../../../machines/policy/request/request.ts';
import { parseBody } from '../../../../machines/policy/request/requestBody.ts';
import { wholeOf } from '../../../support/harness/wholeOf.ts';

const rules: CrisisRules = {
  type: 'crisis.alert',
  hasHandler: () => true,
  check: (request, bytesMax) => checkRequest(request, { payloadBytesMax: bytesMax }),
  exemptionsOf: () => () => false,
};
const BYTES_MAX = 10_000;
const WHOLE = {
  type: 'crisis.call',
  subject: 'user-42',
  entity: { type: 'person', id: 'p-1' },
  tier: 'basic',
  payload: { text: 'help' },
  base: { text: 'before' },
  idempotencyKey: 'key-1',
  method: 'PUT',
  path: '/crises',
};

/** What becomes of a request: what is delivered, and what was left out. */
function read(request: unknown, { bytesMax = BYTES_MAX, by = rules } = {}) {
  const sound = wholeOf(completeCrisis(readCrisis(request, by), by, bytesMax));
  return { ...sound, body: parseBody(sound.request.body) };
}

describe('a sound crisis', () => {
  test('CR-4 keeps every field that it may give', () => {
    const { request, leftOut } = read(WHOLE);
    expect(leftOut).toEqual([]);
    expect(request).toMatchObject({
      type: 'crisis.call',
      subject: 'user-42',
      entity: { type: 'person', id: 'p-1' },
      tier: 'basic',
      priority: 'crisis',
      idempotencyKey: 'key-1',
      expiresAtMs: null,
      startAtMs: null,
      method: 'PUT',
      path: '/crises',
    });
    expect(request.body).toContain('help');
    expect(request.body).toContain('before');
  });

  test('CR-2 names no type, tier or priority but its own: they are filled in', () => {
    for (const priority of ['low', undefined, 7]) {
      const { request, leftOut } = read({ subject: 'user-42', payload: null, priority });
      expect(request).toMatchObject({ type: 'crisis.alert', tier: 'premium', priority: 'crisis' });
      expect(leftOut).toEqual([]);
    }
  });

  test('CR-1 payload and base are not looked at before the answer', () => {
    const { fields } = readCrisis({ ...WHOLE, payload: 1n, base: 2n }, rules);
    expect(fields).toMatchObject({ payload: 1n, base: 2n, subject: 'user-42', priority: 'crisis' });
  });

  test('CR-2 a field that is given as undefined is as one that is not given', () => {
    const { request, leftOut } = read({ ...WHOLE, tier: undefined, stray: undefined });
    expect(request.tier).toBe('premium');
    expect(leftOut).toEqual([]);
  });
});

describe('what is not sound', () => {
  test.each([
    ['type', 7, 'crisis.alert'],
    ['tier', 'gold', 'premium'],
    ['entity', { type: 'person' }, null],
    ['idempotencyKey', '', null],
    ['method', 'TRACE THE', null],
    ['path', 'no slash', null],
  ])('CR-2 %s of %j is left out by name, and the rest is delivered', (name, value, instead) => {
    const { request, leftOut } = read({ ...WHOLE, [name]: value });
    expect(leftOut).toEqual([name]);
    expect(request).toMatchObject({ subject: 'user-42', priority: 'crisis', [name]: instead });
  });

  test('CR-2 several are left out, one after the other, and what is not known comes last', () => {
    const { leftOut } = read({ ...WHOLE, path: 5, type: 5, tier: 5, extra: 5 });
    expect(leftOut).toEqual(['type', 'tier', 'path', 'a field that is not known']);
  });

  test('CR-4 it never expires, and what is not known is named once, without its name', () => {
    const { request, leftOut } = read({
      ...WHOLE,
      expiresAtMs: 5,
      startAtMs: 4,
      secretName: 1,
      other: 2,
    });
    expect(leftOut).toEqual(['expiresAtMs', 'startAtMs', 'a field that is not known']);
    expect(request.expiresAtMs).toBeNull();
  });

  test('CR-2 a base that is none is left out once the whole is read', () => {
    const { request, leftOut } = read({ ...WHOLE, base: 1n });
    expect(leftOut).toEqual(['base']);
    expect(request.body).toContain('help');
    expect(request.body).not.toContain('before');
  });

  test('CR-4 a note of it goes with the payload, and none with a sound one', () => {
    expect(read({ ...WHOLE, tier: 'gold', stray: 1 }).body.leftOut).toEqual([
      'tier',
      'a field that is not known',
    ]);
    expect(read(WHOLE).body).toEqual({ payload: WHOLE.payload, base: WHOLE.base });
  });

  test.each([
    ['missing', undefined, UNKNOWN_SUBJECT],
    ['empty', '', UNKNOWN_SUBJECT],
    ['an object', {}, UNKNOWN_SUBJECT],
    ['no number', Number.NaN, UNKNOWN_SUBJECT],
    ['a number', 42, '42'],
    ['too long', 's'.repeat(300), 's'.repeat(256)],
    ['half a letter', 'user\ud800\0', 'user\ufffd\ufffd'],
    ['a card number', '4111111111111111', '************1111'],
    [
      'a card number where it is cut',
      `${'s'.repeat(240)} 4111111111111111`,
      expect.not.stringContaining('4111'),
    ],
  ])(
    'CR-2 CF-7 a subject that is %s: the person is told from others where that can be',
    (_, subject, kept) => {
      const { request, leftOut } = read({ ...WHOLE, subject });
      expect(request.subject).toEqual(kept);
      expect(leftOut).toEqual(['subject']);
      expect(request.body).toContain('help');
    },
  );

  test.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['a text', 'I need help', 'I need help'],
    ['a number', 5, 5],
    ['a list', ['help'], ['help']],
    ['a function', () => 1, '[left out]'],
  ])(
    'CR-2 %s instead of a request: it is delivered, and what it says is its payload',
    (_, request, payload) => {
      const sound = read(request);
      expect(sound.request).toMatchObject({ subject: UNKNOWN_SUBJECT, type: 'crisis.alert' });
      expect(sound.body.payload).toEqual(payload);
      expect(sound.leftOut).toEqual(expect.arrayContaining(['request', 'subject']));
    },
  );

  test('CR-2 fields that nobody knows are the payload where there is none, and never beside one', () => {
    expect(read({ subject: 'user-42', text: 'help', paylod: { a: 1 } }).body.payload).toEqual({
      text: 'help',
      paylod: { a: 1 },
    });
    expect(read({ subject: 'user-42', text: 'help' }).leftOut).toEqual([
      'payload: made of fields that are not known',
    ]);
    expect(read({ ...WHOLE, text: 'help' }).body.payload).toEqual(WHOLE.payload);
  });

  test('CR-2 fields of its class are read, and one that throws is left out by name', () => {
    class Call {
      get subject(): string {
        return 'user-42';
      }
      get payload(): string {
        return 'help';
      }
      get entity(): never {
        throw new Error('trap');
      }
    }
    const { request, body, leftOut } = read(new Call());
    expect(request.subject).toBe('user-42');
    expect(body.payload).toBe('help');
    expect(leftOut).toEqual(['entity']);
  });

  test('CR-2 of what lets nobody read it at all, a crisis is delivered', () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    const { revoke, proxy } = Proxy.revocable({}, {});
    expect(read(trap).request.subject).toBe(UNKNOWN_SUBJECT);
    expect(read({ subject: 'user-42', payload: trap }).body.payload).toBe('[left out]');
    revoke();
    expect(read(proxy).request.subject).toBe(UNKNOWN_SUBJECT);
    for (const field of ['type', 'tier', 'entity', 'base', 'idempotencyKey', 'method', 'path']) {
      expect(read({ ...WHOLE, [field]: proxy }).leftOut).toEqual([field]);
    }
    expect(read({ subject: 'user-42', payload: proxy }).body.payload).toBe('[left out]');
  });

  test('CR-4 CF-7 card data in its payload is masked, and the rest of it is delivered', () => {
    const { body, leftOut } = read({
      ...WHOLE,
      payload: { text: 'help 4111 1111 1111 1111', n: 1 },
    });
    expect(body.payload).toEqual({ text: 'help ************1111', n: 1 });
    expect(body.base).toEqual(WHOLE.base);
    expect(leftOut).toEqual(['payload: card data masked']);
  });

  test('CR-4 a base that leaves no room for the payload is left out; a larger payload is cut', () => {
    const limits = { bytesMax: 200 };
    const base = 'b'.repeat(300);
    expect(read({ ...WHOLE, base }, limits)).toMatchObject({
      body: { payload: WHOLE.payload },
      leftOut: ['base'],
    });
    const { body, leftOut, request } = read({ ...WHOLE, base, payload: 'x'.repeat(300) }, limits);
    expect(body.payload).toMatch(/^x{16,}…$/);
    expect(leftOut).toEqual(['base', 'payload: cut to fit']);
    expect(request.body.length).toBeLessThan(300);
  });

  test('CR-1 its fields are asked for by name, however many there are, and names are listed once', () => {
    const names: unknown[] = [];
    let listed = 0;
    const request = new Proxy(WHOLE, {
      get: (target, name) => {
        names.push(name);
        return Reflect.get(target, name) as unknown;
      },
      ownKeys: (target) => {
        listed += 1;
        return Reflect.ownKeys(target);
      },
    });
    const reading = readCrisis(request, rules);
    expect([listed, names.length < 20]).toEqual([0, true]);
    expect(wholeOf(completeCrisis(reading, rules, BYTES_MAX)).leftOut).toEqual([]);
    expect(listed).toBe(1);
  });

  test('CR-4 many fields that nobody knows are the payload, too, and none of them is lost', () => {
    const strays = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`f${at}`, at]));
    const { body, leftOut, request } = read(
      { subject: 'user-42', tier: 'basic', ...strays },
      { bytesMax: 1e6 },
    );
    expect(body.payload).toEqual(strays);
    expect(leftOut).toEqual(['payload: made of fields that are not known']);
    expect(request).toMatchObject({ subject: 'user-42', tier: 'basic' });
    expect(read({ ...WHOLE, ...strays }).body.payload).toEqual(WHOLE.payload);
  });

  test('CR-4 a base beside a large payload is kept where there is room, and it is sound', () => {
    const payload = { text: 'x'.repeat(20_000) };
    expect(read({ ...WHOLE, payload }, { bytesMax: 1e6 }).body).toEqual({
      base: WHOLE.base,
      payload,
    });
    for (const base of [{ card: '4111111111111111' }, 'b'.repeat(90_000)]) {
      const { body, leftOut } = read({ ...WHOLE, payload, base }, { bytesMax: 30_000 });
      expect([body.base, body.payload, leftOut]).toEqual([undefined, payload, ['base']]);
    }
  });

  test('CR-1 what is large is read in several pieces, what is small in one', () => {
    const isOnePiece = (payload: unknown): boolean =>
      completeCrisis(readCrisis({ ...WHOLE, payload }, rules), rules, 1e6).next().done === true;
    expect(isOnePiece('x'.repeat(7_000))).toBe(true);
    expect(isOnePiece(`4111111111111111 ${'x'.repeat(7_000)}`)).toBe(true);
    expect(isOnePiece({ said: 'help', at: 1n })).toBe(true);
    expect(isOnePiece('x'.repeat(9_000))).toBe(false);
  });

  test('CR-4 where not even an empty payload fits, it is delivered without', () => {
    const { body, leftOut } = read(WHOLE, { bytesMax: 4 });
    expect(body.payload).toBeNull();
    expect(leftOut).toEqual(['base', 'payload: cut to fit']);
  });

  test('CR-4 OP-8 a call that was put right is no repeat of it, and its own repeats are', () => {
    const key = (request: object): string =>
      crisisKey(firstIdAt(0), read({ ...WHOLE, ...request }).request);
    expect(key({ payload: 1n })).not.toBe(key({}));
    expect(key({ payload: 1n })).toBe(key({ payload: 1n }));
    expect(key({ payload: 1n, idempotencyKey: undefined })).toBe(firstIdAt(0));
  });

  test('CR-4 a type that nobody handles goes to the handler of crises, if there is one', () => {
    const handling = (...types: readonly string[]): { readonly by: CrisisRules } => ({
      by: { ...rules, hasHandler: (type) => types.includes(type) },
    });
    expect(read({ ...WHOLE, type: 'crisis.cal' }, handling('crisis.alert'))).toMatchObject({
      request: { type: 'crisis.alert' },
      leftOut: ['type'],
    });
    // Control: it has a handler, or nothing has one yet.
    for (const types of [['crisis.cal', 'crisis.alert'], []]) {
      expect(read({ ...WHOLE, type: 'crisis.cal' }, handling(...types))).toMatchObject({
        request: { type: 'crisis.cal' },
        leftOut: [],
      });
    }
  });

  test('CR-2 a fault that names no field of it, or one whose default is at fault, ends it', () => {
    const odd = new Error('odd');
    const refusing = (error: unknown): CrisisRules => ({
      ...rules,
      check: () => {
        throw error;
      },
    });
    expect(() => readCrisis(WHOLE, refusing(odd))).toThrow(odd);
    let asked = 0;
    const stubborn: CrisisRules = {
      ...rules,
      check: (_, bytesMax) => {
        asked += 1;
        return checkRequest({ ...WHOLE, tier: 'gold' }, { payloadBytesMax: bytesMax });
      },
    };
    expect(() => readCrisis(WHOLE, stubborn)).toThrow(expect.objectContaining({ field: 'tier' }));
    expect(asked).toBe(2);
  });
});
