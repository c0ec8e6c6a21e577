/** Payloads that do not fit the schema of their type are refused before anything is stored (OP-9). */

import { type as ark } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { PayloadSchema } from '../../../machines/policy/request/payloadSchema.ts';
import { createRuntime, defineHandler, type Json, type Runtime } from '../../../src/index.ts';

const SUBJECT = { subject: 'user-42', tier: 'premium' } as const;
const SECRET = 'canary-4711';

/** The same, as three libraries say it. */
const SCHEMAS: readonly (readonly [string, PayloadSchema])[] = [
  [
    'zod',
    z.object({ items: z.array(z.object({ score: z.number() })), note: z.string().default('none') }),
  ],
  [
    'valibot',
    v.object({
      items: v.array(v.object({ score: v.number() })),
      note: v.optional(v.string(), 'none'),
    }),
  ],
  ['arktype', ark({ items: ark({ score: 'number' }).array(), note: "string = 'none'" })],
];

function runtimeWith(schema: PayloadSchema, seen: Json[] = []): Runtime {
  const handler = {
    upstream: 'default',
    schema,
    run: ({ payload }: { readonly payload: Json }) => {
      seen.push(payload);
      return null;
    },
  };
  return createRuntime({
    store: ':memory:',
    handlers: { 'moods.put': handler, 'crisis.alert': handler },
  });
}

describe.each(SCHEMAS)('OP-9 a schema of %s', (_, schema) => {
  test('OP-9 what does not fit is refused with its path, and nothing of it is repeated', async () => {
    const runtime = runtimeWith(schema);
    const payload = { items: [{ score: 1 }, { score: SECRET }] };
    const refusal: unknown = await runtime
      .sync({ ...SUBJECT, type: 'moods.put', payload })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'HF_REQUEST_INVALID',
      field: 'payload',
      at: ['payload', 'items', 1, 'score'],
    });
    expect(String(refusal)).toContain('(field 1, item 2, field 1)');
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain(SECRET);
    expect((await runtime.operations.page()).views).toEqual([]);
    await runtime.close();
  });

  test('OP-9 what it gives back is what is kept and sent', async () => {
    const seen: Json[] = [];
    const runtime = runtimeWith(schema, seen);
    const payload = { items: [{ score: 1 }] };
    await (await runtime.sync({ ...SUBJECT, type: 'moods.put', payload })).outcome;
    expect(seen).toEqual([{ items: [{ score: 1 }], note: 'none' }]);
    await runtime.close();
  });

  test('OP-9 among many it refuses those that do not fit', async () => {
    const runtime = runtimeWith(schema);
    const fits = { ...SUBJECT, type: 'moods.put', payload: { items: [] } };
    const counts = await runtime.syncAll([fits, { ...fits, payload: { items: 1 } }, fits]);
    expect(counts).toEqual({ accepted: 2, duplicates: 0, refused: 1 });
    await runtime.close();
  });

  test('OP-9 CR-2 a crisis is delivered as it is', async () => {
    const seen: Json[] = [];
    const runtime = runtimeWith(schema, seen);
    const answer = await runtime.crisis({ subject: 'user-42', payload: { free: 'text' } });
    expect(await answer.delivery).toMatchObject({ status: 'completed' });
    expect(seen).toEqual([{ free: 'text' }]);
    await runtime.close();
  });
});

describe('OP-9 a schema that can’t be asked', () => {
  const standard = (validate: PayloadSchema['~standard']['validate']): PayloadSchema => ({
    '~standard': { version: 1, vendor: 'test', validate },
  });

  test.each([
    [
      'throws',
      standard(() => {
        throw new Error(SECRET);
      }),
    ],
    ['answers by a promise', standard(() => Promise.reject(new Error(SECRET)))],
    ['answers by a promise', z.object({}).refine(() => Promise.resolve(true))],
  ])('OP-9 one that %s refuses everything, and says so', async (problem, schema) => {
    const runtime = runtimeWith(schema);
    await expect(
      runtime.sync({ ...SUBJECT, type: 'moods.put', payload: {} }),
    ).rejects.toMatchObject({
      code: 'HF_REQUEST_INVALID',
      message: `payload could not be checked: the schema of its type ${problem}. Nothing was stored.`,
    });
    await runtime.close();
  });

  test('OP-9 UX-2 what is no schema is refused with the handler', () => {
    expect(() =>
      createRuntime({
        store: ':memory:',
        handlers: {
          'moods.put': { upstream: 'default', run: () => null, schema: {} as PayloadSchema },
        },
      }),
    ).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID' }));
  });

  test('OP-9 whatever JSON comes, it is refused or fits', async () => {
    const seen: Json[] = [];
    const schema = z.object({ score: z.number().int().min(0).max(27) });
    const runtime = runtimeWith(schema, seen);
    await runtime.ready;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue(), fc.record({ score: fc.integer({ min: -5, max: 40 }) })),
        async (payload) => {
          const operation = await runtime
            .sync({ ...SUBJECT, type: 'moods.put', payload })
            .catch(() => null);
          expect(operation !== null).toBe(schema.safeParse(payload).success);
        },
      ),
    );
    await runtime.close();
  });
});

test('UX-1 a defined handler is the handler', () => {
  const handler = { upstream: 'default', run: () => null };
  expect(defineHandler<null, null>()(handler)).toBe(handler);
});
