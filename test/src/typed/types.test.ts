/**
 * What the compiler knows of a runtime by its handlers. `npm run types` is what judges this file: a line under
 * `@ts-expect-error` that compiles is an error there. Nothing in it runs.
 */

import { type as ark } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { CarriedMeta, EditCondition } from '../../../machines/vocabulary/record.ts';
import {
  createRuntime,
  defineHandler,
  type ErrorCode,
  type Handler,
  httpHandler,
  type Json,
  type Operation,
  type Outcome,
  type Runtime,
  type SyncRequest,
} from '../../../src/index.ts';
import { defineEntity, latest } from '../../../src/merge/index.ts';

interface Payment {
  readonly amountCents: number;
  readonly token: string;
}
interface Receipt {
  readonly receipt: string;
}

const SUBJECT = { subject: 'user-42', tier: 'premium' } as const;
const payment: Payment = { amountCents: 1_200, token: 'tok' };

const Mood = z.object({ score: z.number().int(), note: z.string().default('') });

const push = defineHandler<Payment, Receipt>()({
  upstream: 'payments',
  run: ({ payload, number }) => ({ receipt: `${payload.token}-${number}` }),
});
const ping = defineHandler<null, undefined>()({ upstream: 'payments', run: () => undefined });
const mood = defineHandler()({
  upstream: 'clinic',
  schema: Mood,
  run: async ({ payload }) => {
    expectTypeOf(payload).toEqualTypeOf<{ score: number; note: string }>();
    return { stored: payload.note.length };
  },
});

function typed() {
  return createRuntime({
    store: ':memory:',
    upstreams: { payments: {}, clinic: { concurrency: 4 } },
    handlers: {
      'payments.push': push,
      'payments.ping': ping,
      'mood.put': mood,
      'files.put': { upstream: 'clinic', run: httpHandler({ baseUrl: 'http://127.0.0.1' }) },
      'notes.put': { upstream: 'default', run: async ({ payload }) => ({ was: payload }) },
    },
  });
}

/** Is never called: the compiler reads it. */
export async function requests(runtime: ReturnType<typeof typed>): Promise<void> {
  const operation = await runtime.sync({ ...SUBJECT, type: 'payments.push', payload: payment });
  expectTypeOf(operation).toEqualTypeOf<Operation<Receipt>>();
  const outcome = await operation.outcome;
  if (outcome.status === 'completed') {
    expectTypeOf(outcome.response).toEqualTypeOf<Receipt | undefined>();
  }
  await runtime.sync({ ...SUBJECT, type: 'payments.ping' });
  const stored = await runtime.sync({ ...SUBJECT, type: 'mood.put', payload: { score: 3 } });
  expectTypeOf(stored.outcome).resolves.toEqualTypeOf<Outcome<{ stored: number }>>();
  const plain = await runtime.sync({ ...SUBJECT, type: 'notes.put', payload: payment });
  expectTypeOf(plain.outcome).resolves.toEqualTypeOf<Outcome<{ was: Json }>>();
  expectTypeOf(runtime.operations.get<'payments.push'>('id')).toEqualTypeOf<Operation<Receipt>>();
  await runtime.syncAll([
    { ...SUBJECT, type: 'payments.push', payload: payment },
    { ...SUBJECT, type: 'payments.ping' },
  ]);
  runtime.upstream('clinic');
  await runtime.call('default', async () => 1);
}

interface Plan {
  readonly title: string;
  readonly contacts: readonly { readonly id: string; readonly phone: string }[];
}

/** Is never called: the compiler reads it. */
export async function edits(plan: Plan): Promise<void> {
  const run = httpHandler({ baseUrl: 'http://127.0.0.1', method: 'PUT', path: '{entity.id}' });
  const put = defineHandler<Plan>()({
    upstream: 'records',
    run,
    conflicts: {
      fetchCurrent: async (attempt) => {
        expectTypeOf(attempt.payload).toEqualTypeOf<Plan>();
        return attempt.payload.title === '' ? null : { version: '"1"', value: plan };
      },
      asCrisisPlan: (value) => {
        expectTypeOf(value).toEqualTypeOf<Plan>();
        return { resources: value.contacts.map(({ id, phone }) => ({ name: id, phone })) };
      },
    },
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: 'phone-1',
    entities: [defineEntity<Plan>()({ type: 'plan', fields: { title: latest() } })],
    upstreams: { records: {} },
    handlers: {
      'plans.put': put,
      'notes.put': { upstream: 'records', run, conflicts: true },
      'own.put': {
        upstream: 'records',
        run: ({ condition, meta, keepCurrent }) => {
          expectTypeOf(condition).toEqualTypeOf<EditCondition | undefined>();
          expectTypeOf(meta).toEqualTypeOf<CarriedMeta | undefined>();
          keepCurrent({ version: null });
          return null;
        },
        conflicts: { fetchCurrent: run.fetchCurrent, roundsMax: 3 },
      },
    },
  });
  const entity = { type: 'plan', id: 'p1' };
  const about = { ...SUBJECT, type: 'plans.put', entity, payload: plan } as const;
  await runtime.sync({ ...about, base: '"1"' });
  await runtime.sync({ ...about, base: { version: '"1"', value: plan } });
  await runtime.sync({ ...about, removals: [{ path: '/contacts/c1', confirmed: true }] });
  // @ts-expect-error: a removal of what
  await runtime.sync({ ...about, removals: [{ confirmed: true }] });
  const { payload: _, ...edited } = about;
  await runtime.sync({ ...edited, changes: [{ op: 'remove', path: '/note' }], base: '"1"' });
  // @ts-expect-error: add what
  await runtime.sync({ ...edited, changes: [{ op: 'add', path: '/note' }], base: '"1"' });
  defineHandler<Plan>()({
    upstream: 'records',
    run,
    // @ts-expect-error: the record is no plan
    conflicts: { asCrisisPlan: ({ name }: { name: string }) => ({ resources: [{ name }] }) },
  });
}

/** Is never called: the compiler reads it. */
export async function refused(runtime: ReturnType<typeof typed>): Promise<void> {
  // @ts-expect-error: no such type
  await runtime.sync({ ...SUBJECT, type: 'payments.pull', payload: payment });
  // @ts-expect-error: the payload is missing
  await runtime.sync({ ...SUBJECT, type: 'payments.push' });
  // @ts-expect-error: a field of the payload is missing
  await runtime.sync({ ...SUBJECT, type: 'payments.push', payload: { amountCents: 1 } });
  // @ts-expect-error: not what the schema takes
  await runtime.sync({ ...SUBJECT, type: 'mood.put', payload: { score: 'high' } });
  // @ts-expect-error: the payload of another type
  await runtime.syncAll([{ ...SUBJECT, type: 'mood.put', payload: payment }]);
  // @ts-expect-error: no such upstream
  runtime.upstream('payment');
  // @ts-expect-error: no such upstream
  await runtime.call('payment', async () => 1);
  // @ts-expect-error: no such upstream
  await runtime.executeResilientSync({ type: 'a.b', tier: 'basic', upstream: 'x' }, 'u', () => 1);
  // @ts-expect-error: no such type
  runtime.operations.get<'payments.pull'>('id');
  createRuntime({
    store: ':memory:',
    upstreams: { payments: {} },
    // @ts-expect-error: no such upstream
    handlers: { 'payments.push': { upstream: 'payment', run: () => null } },
  });
  createRuntime({
    store: ':memory:',
    upstreams: { clinic: {} },
    // @ts-expect-error: no such upstream
    handlers: { 'payments.push': push },
  });
  // @ts-expect-error: it answers something else
  defineHandler<Payment, Receipt>()({ upstream: 'payments', run: () => ({ receipt: 1 }) });
  // @ts-expect-error: the schema is that of something else
  defineHandler<Payment, Receipt>()({ upstream: 'p', schema: Mood, run: () => ({ receipt: '' }) });
}

/** Is never called: the compiler reads it. */
export async function untyped(known: ReturnType<typeof typed>): Promise<void> {
  // A runtime whose types are known is one.
  const runtime: Runtime = known;
  const request: SyncRequest = { ...SUBJECT, type: 'any.thing', payload: payment };
  const { outcome } = await runtime.sync(request);
  expectTypeOf(outcome).resolves.toEqualTypeOf<Outcome>();
  await runtime.syncAll([request]);
  runtime.upstream('anything');
  // Handlers that were made elsewhere, with any upstream; handlers that come later.
  const handlers: Record<string, Handler> = { 'a.b': { upstream: 'x', run: () => null } };
  await createRuntime({ store: ':memory:', upstreams: { x: {} }, handlers }).sync(request);
  await createRuntime({ store: ':memory:' }).sync(request);
  const answer = await known.crisis({ subject: 'user-42', payload: payment });
  expectTypeOf(answer.source).toEqualTypeOf<'local' | 'upstream'>();
}

/** Is never called: the compiler reads it. */
export async function closures(runtime: ReturnType<typeof typed>): Promise<void> {
  const result = await runtime.executeResilientSync(
    { type: 'mood.save', tier: 'basic', payload: payment, upstream: 'clinic' },
    'user-42',
    async ({ payload }) => ({ cents: payload.amountCents }),
  );
  expectTypeOf(result.response).toEqualTypeOf<{ cents: number } | undefined>();
}

/** Is never called: the compiler reads it. */
export async function lists(runtime: ReturnType<typeof typed>, any: Runtime): Promise<void> {
  const moods = await runtime.operations.page({ type: 'mood.put', limit: 10 });
  expectTypeOf(moods.views[0]?.type).toEqualTypeOf<'mood.put' | undefined>();
  // A store may hold work of types that this program does not know.
  const all = await runtime.operations.page({ state: 'deadLettered' });
  expectTypeOf(all.views[0]?.type).toEqualTypeOf<string | undefined>();
  for await (const { type } of runtime.operations.list({
    type: 'payments.push',
    reason: 'breaker',
  })) {
    expectTypeOf(type).toEqualTypeOf<'payments.push'>();
  }
  for await (const { type } of runtime.operations.list())
    expectTypeOf(type).toEqualTypeOf<string>();
  // @ts-expect-error There is no such type.
  await runtime.operations.page({ type: 'mood.putt' });
  // @ts-expect-error There is no such state.
  runtime.operations.list({ state: 'dead' });
  for await (const { type } of any.operations.list({ type: 'anything' })) {
    expectTypeOf(type).toEqualTypeOf<'anything'>();
  }
}

/** Is never called: fields taken out of what may have ended in several ways are known once its status is. */
export async function takenApart(runtime: Runtime): Promise<void> {
  const { outcome } = await runtime.sync({ type: 'payments.push', subject: 'user-42' });
  const { status, response, error } = await outcome;
  if (status === 'completed') expectTypeOf(response).toEqualTypeOf<Json | undefined>();
  else expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
  await runtime.syncAll([], {
    onResult: ({ status: result, id, error: refusal }) => {
      if (result === 'refused') expectTypeOf(refusal.code).toEqualTypeOf<ErrorCode>();
      else expectTypeOf(id).toEqualTypeOf<string>();
    },
  });
}

/** Is never called: the compiler reads it. */
export function schemas(): void {
  defineHandler()({
    upstream: 'clinic',
    schema: v.object({ score: v.optional(v.number(), 0) }),
    run: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<{ score: number }>();
    },
  });
  defineHandler()({
    upstream: 'clinic',
    schema: ark({ score: 'number', 'note?': 'string' }),
    run: ({ payload }) => payload.score.toFixed(),
  });
  defineHandler<Payment, Receipt>()({
    upstream: 'payments',
    schema: z.object({ amountCents: z.number(), token: z.string() }),
    run: httpHandler({ baseUrl: 'http://127.0.0.1' }),
  });
}

describe('UX-1', () => {
  test('UX-1 types go from the handler to the caller', () => {
    expectTypeOf(typed).returns.toHaveProperty('sync');
  });
});
