/** What a schema says of a payload (OP-9). */

import { expect, test } from 'vitest';
import {
  fittedPayload,
  type PayloadSchema,
  type SchemaResult,
} from '../../../../machines/policy/request/payloadSchema.ts';

const schemaOf = (
  validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
): PayloadSchema => ({ '~standard': { version: 1, vendor: 'test', validate } });

const refusalOf = (schema: PayloadSchema, payload: unknown): unknown => {
  try {
    return fittedPayload(schema, payload);
  } catch (error) {
    return error;
  }
};

test('OP-9 what fits is as the schema gives it back', () => {
  expect(
    fittedPayload(
      schemaOf((value) => ({ value: [value] })),
      1,
    ),
  ).toEqual([1]);
});

test.each([
  [['items', 1, 'score'], ' (field 1, item 2, field 1)'],
  [[{ key: 'items' }, { key: 0 }], ' (field 1, item 1)'],
  [['missing'], ' (a field that is missing)'],
  [[Symbol('s')], ' (a field that is missing)'],
  [undefined, ''],
])('OP-9 what does not fit is refused with where it stands: %j', (path, words) => {
  const payload = { items: [{ score: 1 }, { score: 'x' }] };
  const schema = schemaOf(() => ({ issues: [{ message: 'secret', path }] }));
  expect(refusalOf(schema, payload)).toMatchObject({
    code: 'HF_REQUEST_INVALID',
    message: `payload does not fit the schema of its type${words}. Nothing was stored.`,
  });
});

test('OP-9 one that can not be asked refuses', () => {
  const message = /^payload could not be checked: /;
  const throwing = schemaOf(() => {
    throw new Error('secret');
  });
  expect(refusalOf(throwing, 1)).toMatchObject({ message: expect.stringMatching(message) });
  const late = schemaOf(() => Promise.reject(new Error('secret')));
  expect(refusalOf(late, 1)).toMatchObject({ message: expect.stringMatching(message) });
  expect(
    refusalOf(
      schemaOf(() => ({ issues: [] })),
      1,
    ),
  ).toMatchObject({
    message: 'payload does not fit the schema of its type. Nothing was stored.',
  });
});
