/** Which fields of a crisis are its own, which nobody knows, and how far each is mended (CR-2, CR-4). */

import { describe, expect, test } from 'vitest';
import {
  type CrisisRules,
  completeCrisis,
  fieldOfCrisis,
  readCrisis,
  UNKNOWN_SUBJECT,
} from '../../../../machines/policy/crisis/crisisRequest.ts';
import { checkRequest } from '../../../../machines/policy/request/request.ts';
import { parseBody } from '../../../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { wholeOf } from '../../../support/harness/wholeOf.ts';

const STRAY = 'a field that is not known';
const rules: CrisisRules = {
  type: 'crisis.alert',
  hasHandler: () => true,
  check: (request, bytesMax) => checkRequest(request, { payloadBytesMax: bytesMax }),
  exemptionsOf: () => () => false,
};

function read(request: unknown, { bytesMax = 10_000, by = rules } = {}) {
  const sound = wholeOf(completeCrisis(readCrisis(request, by), by, bytesMax));
  return { ...sound, body: parseBody(sound.request.body) };
}

const isOnePiece = (request: unknown): boolean =>
  completeCrisis(readCrisis(request, rules), rules, 1e6).next().done === true;

/** Fields that nobody knows. */
const strays = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, at]));

/** An object of which one field throws when it is read. */
const trapped = (given: object, name: string): object =>
  Object.defineProperty({ ...given }, name, {
    enumerable: true,
    get: () => {
      throw new Error('trap');
    },
  });

/** An object of which nobody can read which fields there are. */
const unlisted = (given: object): object =>
  new Proxy(given, {
    ownKeys: () => {
      throw new Error('trap');
    },
  });

describe('CR-3 what is for the answer', () => {
  test.each([
    [{ region: 'DE' }, []],
    [{ region: 'Germany' }, [STRAY]],
    [{ locale: 'de-AT' }, []],
    [{ locale: 'in German' }, [STRAY]],
    [{ test: true }, []],
    [{ test: false }, []],
    [{ test: 'yes' }, [STRAY]],
    [{ country: 'DE' }, [STRAY]],
    [{ language: 'de' }, [STRAY]],
    [{ isTest: true }, [STRAY]],
    [{ tags: ['a'], removals: ['b'], changes: ['c'], priority: 'low' }, []],
  ])('CR-2 %j beside a payload leaves out %j', (more, leftOut) => {
    const sound = read({ subject: 'user-42', payload: 'help', ...more });
    expect([sound.leftOut, sound.body.payload]).toEqual([leftOut, 'help']);
  });

  test('CR-2 none of it is the payload where there is none', () => {
    const known = { region: 'DE', locale: 'de', test: true, tags: ['a'], startAtMs: 5 };
    const { body, leftOut } = read({ subject: 'user-42', ...known, text: 'help' });
    expect(body.payload).toEqual({ text: 'help' });
    expect(leftOut).toEqual(['startAtMs', 'payload: made of fields that are not known']);
  });

  test('CR-5 a trial run is one that says so by true, and nothing else', () => {
    const isTest = (request: unknown) => read(request).request.isTest;
    expect(isTest({ subject: 'user-42', test: true })).toBe(true);
    for (const said of [false, 'true', 1, undefined]) {
      expect(isTest({ subject: 'user-42', test: said })).toBeUndefined();
    }
    for (const other of ['test', null, undefined, [true]]) expect(isTest(other)).toBeUndefined();
    expect(isTest(trapped({ subject: 'user-42' }, 'test'))).toBeUndefined();
  });

  test('CR-3 a field is read for the answer, whatever it is', () => {
    expect(fieldOfCrisis({ region: 'DE' }, 'region')).toBe('DE');
    expect(fieldOfCrisis(trapped({}, 'locale'), 'locale')).toBeUndefined();
    for (const odd of [undefined, null, 'help', 5, {}]) {
      expect(fieldOfCrisis(odd, 'subject')).toBeUndefined();
    }
    const callable = Object.assign(() => 1, { subject: 'user-42' });
    expect(fieldOfCrisis(callable, 'subject')).toBeUndefined();
  });
});

describe('CR-2 what can not be read', () => {
  test('CR-2 of what is no object, that is told, and its subject, and nothing more', () => {
    for (const odd of ['help', ['help'], null, undefined, 5]) {
      expect(read(odd).leftOut, String(odd)).toEqual(['request', 'subject']);
    }
  });

  test('CR-2 where nobody can read which fields there are, those that are known are read', () => {
    const { body, leftOut } = read(unlisted({ subject: 'user-42', payload: 'help', text: 'x' }));
    expect([body.payload, leftOut]).toEqual(['help', ['request']]);
    const without = read(unlisted({ subject: 'user-42', text: 'x' }));
    expect([without.body.payload, without.leftOut]).toEqual([null, ['request']]);
  });

  test.each(['payload', 'startAtMs', 'expiresAtMs', 'path'])(
    'CR-2 %s that throws is left out by name',
    (name) => {
      const { leftOut, request } = read(trapped({ subject: 'user-42' }, name));
      expect([leftOut, request.subject]).toEqual([[name], 'user-42']);
    },
  );

  test('CR-2 beside a payload that throws, what nobody knows is no payload', () => {
    const { body, leftOut } = read(trapped({ subject: 'user-42', text: 'help' }, 'payload'));
    expect([body.payload, leftOut]).toEqual([null, ['payload', STRAY]]);
  });

  test('CR-2 of fields that nobody knows one that throws is marked, and the others are kept', () => {
    const { body } = read(trapped({ subject: 'user-42', text: 'help' }, 'trap'));
    expect(body.payload).toEqual({ text: 'help', trap: '[left out]' });
  });
});

describe('CR-1 many fields', () => {
  test('CR-1 up to 64 are looked at in one piece, more of them in several', () => {
    const few = { subject: 'user-42', ...strays(63) };
    expect([isOnePiece(few), isOnePiece({ ...few, one: 1 })]).toEqual([true, false]);
    expect(read(few).body.payload).toEqual(strays(63));
  });

  test('CR-2 of more, too, none of its own is in the payload, and none of the payload is lost', () => {
    const many = { subject: 'user-42', tier: 'basic', ...strays(100) };
    expect(read(many).body.payload).toEqual(strays(100));
    const payload = { type: 'a letter', subject: 'my sister' };
    expect(read({ ...many, payload }).body.payload).toEqual(payload);
  });
});

describe('CR-2 how far a field is mended', () => {
  /** Rules that refuse a crisis by this field until it holds that. */
  function refusing(field: string | undefined, until: unknown) {
    const seen: unknown[] = [];
    const check: CrisisRules['check'] = (request, bytesMax) => {
      const value = Reflect.get(request as object, field ?? 'none') as unknown;
      seen.push(value);
      if (value === until) return checkRequest(request, { payloadBytesMax: bytesMax });
      throw new HoldfastError('HF_OPTION_INVALID', 'It breaks a rule.', { field });
    };
    return { seen, by: { ...rules, check } };
  }

  test('CR-2 a subject takes what is sound of it, then that nobody knows it', () => {
    const { by, seen } = refusing('subject', UNKNOWN_SUBJECT);
    const { leftOut, fields } = readCrisis({ subject: 42 }, by);
    expect(seen).toEqual([42, '42', UNKNOWN_SUBJECT]);
    expect([leftOut, fields.subject]).toEqual([['subject'], UNKNOWN_SUBJECT]);
  });

  test('CR-2 where that breaks a rule, too, nothing can be delivered', () => {
    const { by, seen } = refusing('subject', 'never');
    expect(() => readCrisis({ subject: 42 }, by)).toThrow('It breaks a rule.');
    expect(seen).toEqual([42, '42', UNKNOWN_SUBJECT]);
  });

  test('CR-2 another field takes its default, once', () => {
    const { by, seen } = refusing('tier', 'never');
    expect(() => readCrisis({ subject: 'user-42', tier: 'basic' }, by)).toThrow(
      'It breaks a rule.',
    );
    expect(seen).toEqual(['basic', 'premium']);
  });

  test('CR-2 a fault of no field is that of the entity, where there is one', () => {
    const { by, seen } = refusing(undefined, 'never');
    expect(() => readCrisis({ subject: 'user-42' }, by)).toThrow('It breaks a rule.');
    expect(seen).toHaveLength(1);
    expect(() => readCrisis({ subject: 'user-42', entity: {} }, by)).toThrow('It breaks a rule.');
    expect(seen).toHaveLength(3);
  });
});

describe('CR-4 room and exemptions of what is large', () => {
  const payload = { text: 'x'.repeat(9_000), card: '4111111111111111' };
  const base = { card: '4111111111111111', note: 'before' };
  const exempting = {
    ...rules,
    exemptionsOf: () => (path: readonly (string | number)[]) =>
      ['payload.card', 'base.card'].includes(path.join('.')),
  };
  const WHOLE = { subject: 'user-42', payload, base };

  test('CF-7 what a handler exempts is kept, by its path in payload and base', () => {
    const { body, leftOut } = read(WHOLE, { bytesMax: 1e6, by: exempting });
    expect([body.payload, body.base, leftOut]).toEqual([payload, base, []]);
  });

  test('CR-4 a base is kept where it fits to the byte, and goes where one byte is missing', () => {
    const { length } = read(WHOLE, { bytesMax: 1e6, by: exempting }).request.body;
    expect(read(WHOLE, { bytesMax: length, by: exempting }).leftOut).toEqual([]);
    const tight = read(WHOLE, { bytesMax: length - 1, by: exempting });
    expect([tight.body.payload, tight.leftOut]).toEqual([payload, ['base']]);
  });
});
