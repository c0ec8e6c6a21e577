/**
 * The edges of what a request's fields may be: lengths, keys that travel as a header, methods and types.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { checkRequest, isTypeName } from '../../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';

const GOOD = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

function refusal(request: object): { readonly field?: unknown; readonly message: string } {
  try {
    checkRequest({ ...GOOD, ...request });
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('OP-8 an idempotency key travels as a header', () => {
  test.each(['k', 'k1', 'a key with spaces', '!~', 'x'.repeat(256)])(
    'OP-8 %j may be one',
    (idempotencyKey) => {
      expect(checkRequest({ ...GOOD, idempotencyKey }).idempotencyKey).toBe(idempotencyKey);
    },
  );

  test.each([' ', ' key', 'key ', 'schlüssel', 'a\nb', 'a\r\nX-Header: 1', '\tkey', 'key\u007f'])(
    'OP-8 SE-5 %j may not',
    (idempotencyKey) => {
      expect(refusal({ idempotencyKey })).toMatchObject({
        field: 'idempotencyKey',
        message:
          'idempotencyKey must be printable ASCII without spaces around it. Nothing was stored.',
      });
    },
  );
});

test('OP-9 a name has up to 256 characters, a path up to 2048, and expiry may be the first instant', () => {
  const longest = { subject: 's'.repeat(256), path: 'p'.repeat(2_048), expiresAtMs: 0 };
  expect(checkRequest({ ...GOOD, ...longest })).toMatchObject(longest);
  expect(refusal({ path: 'p'.repeat(2_049) }).field).toBe('path');
  expect(refusal({ expiresAtMs: '5' }).field).toBe('expiresAtMs');
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])('OP-9 %s is a method', (method) => {
  expect(checkRequest({ ...GOOD, method }).method).toBe(method);
});

test.each(['POST\n', 'XPOST', 'POSTS', 'GET /', 'HEAD', '', 7])(
  'OP-9 %j is no method',
  (method) => {
    expect(refusal({ method }).field).toBe('method');
  },
);

test('OP-9 UX-2 what a type may be named', () => {
  const longest = `a${'b'.repeat(255)}`;
  for (const type of ['a', 'payments', 'payments.push', 'a.B.c9', 'a-b.c_d-', longest]) {
    expect([type, isTypeName(type)]).toEqual([type, true]);
  }
  for (const type of [
    '',
    'A',
    'a.',
    '.a',
    'a.9',
    '-a',
    'a.-b',
    'a._b',
    'a/b',
    'a b',
    `${longest}b`,
    7,
    ['a'],
    null,
  ]) {
    expect([type, isTypeName(type)]).toEqual([type, false]);
  }
});
