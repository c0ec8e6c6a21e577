import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  entityKey,
  keyOfRound,
  keyText,
  repeatOf,
  storedKeyOf,
} from '../../../machines/operation/keys.ts';

const OPERATION = { id: '01a210a7', idempotencyKey: 'invoice-118' };

test('OP-3 the key is the caller’s until another body goes out, and then one of the operation', () => {
  expect(keyOfRound(OPERATION)).toBe('invoice-118');
  expect(keyOfRound({ ...OPERATION, round: 0 })).toBe('invoice-118');
  expect(keyOfRound({ ...OPERATION, round: 2 })).toBe('01a210a7-r2');
  expect(keyOfRound({ ...OPERATION, idempotencyKey: '01b3', roundsKey: '01b3' })).toBe('01b3');
  expect(keyOfRound({ ...OPERATION, round: 2, roundsKey: '01b3' })).toBe('01b3-r2');
});

test('OP-3 no two rounds of any operations have one key', () => {
  // An id, or the key of an edited replay: random, and of one length.
  const base = fc.uuid();
  const one = fc.record({
    id: base,
    roundsKey: fc.option(base, { nil: undefined }),
    round: fc.nat(),
  });
  const other = fc.record({ ...{ id: base, round: fc.nat() } });
  fc.assert(
    fc.property(one, other, (a, b) => {
      fc.pre((a.roundsKey ?? a.id) !== b.id || a.round !== b.round);
      fc.pre(a.round > 0 && b.round > 0);
      const keys = [a, b].map((context) => keyOfRound({ idempotencyKey: 'k', ...context }));
      expect(new Set(keys).size).toBe(2);
      expect(keys.join('')).toMatch(/^[\x20-\x7e]+$/);
    }),
  );
});

test('OP-4 an entity has one text, and no two have the same', () => {
  expect(entityKey(null)).toBeNull();
  expect(entityKey({ type: 'plan', id: 'p-1' })).toBe('plan\0p-1');
});

test('OP-8 a repeat is found by the key that goes out, and only where the caller gave one', () => {
  const request = { fingerprint: 'f', idempotencyKey: 'hf1-k' };
  expect(storedKeyOf(request)).toBe('hf1-k');
  expect(storedKeyOf({ ...request, fingerprint: null })).toBeNull();
});

test('OP-8 one that goes out as given is that of its whole upstream', () => {
  const given = { fingerprint: 'f', idempotencyKey: 'k', keyGivenTo: 'bank' };
  expect(storedKeyOf(given)).toBe('bank\0k');
  expect(storedKeyOf({ ...given, keyGivenTo: 'fax' })).not.toBe(storedKeyOf(given));
});

test('OP-8 CR-2 what a key is made of is one text, and a crisis is told from all else in it', () => {
  const work = { type: 'pay', subject: 'user-1', key: 'k' };
  expect(keyText(work)).toBe('hf1\0pay\0user-1\0k');
  const crisis = (acceptedAtMs: number): string =>
    keyText(work, { fingerprint: 'f', acceptedAtMs });
  expect(crisis(600_000)).toBe('hf1\0pay\0user-1\0k\0f\x001');
  expect(crisis(1_199_999)).toBe(crisis(600_000));
  expect(crisis(1_200_000)).not.toBe(crisis(600_000));
});

test('OP-8 what comes again under a key is the same, or another request', () => {
  expect(repeatOf('f', 'f')).toBe('repeat');
  expect(repeatOf('f', 'g')).toBe('conflict');
});
