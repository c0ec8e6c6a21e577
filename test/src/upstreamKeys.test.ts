/**
 * What goes out as the idempotency key, at an upstream that honours keys: no key of the app swallows a crisis or
 * another person's work, and the same words are one effect.
 *
 * @module
 */

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { madeAtMs } from '../../actors/platform/operationId.ts';
import {
  type BulkResult,
  type CrisisAnswer,
  connect,
  createRuntime,
  httpHandler,
  type Runtime,
  rawKey,
  upstreamKey,
} from '../../src/index.ts';
import { type MisbehavingUpstream, startMisbehavingUpstream } from '../../src/testing/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const KEY = 'session-7';

let upstream: MisbehavingUpstream;
let runtimes: Runtime[];

beforeEach(async () => {
  upstream = await startMisbehavingUpstream({});
  runtimes = [];
});

afterEach(async () => {
  for (const runtime of runtimes) await runtime.close({ deadlineMs: 100 });
  await upstream.close();
});

function start(store: string): Runtime {
  const run = httpHandler({ baseUrl: upstream.url });
  const runtime: Runtime = createRuntime({
    store,
    ...(store === ':memory:' ? {} : { key: rawKey(new Uint8Array(32).fill(7)) }),
    upstreams: { clinic: {} },
    handlers: {
      'crisis.alert': { upstream: 'clinic', run },
      'payments.push': { upstream: 'clinic', run },
      'refunds.push': { upstream: 'clinic', run },
      'shared.push': { upstream: 'clinic', run, key: 'asGiven' },
      'shared.other': { upstream: 'clinic', run, key: 'asGiven' },
    },
    onError: () => undefined,
  });
  runtimes.push(runtime);
  return runtime;
}

const onDisk = (): string => join(tempFolder(), 'store');
const inMemory = (): string => ':memory:';

/** Three people's calls for help, two of them Anna's, under one key of the app. */
const crisisOf = (subject: string, text: string) => ({
  ...{ type: 'crisis.alert', subject, idempotencyKey: KEY },
  payload: { text },
});
const LOW = crisisOf('anna', 'low');
const PILLS = crisisOf('anna', 'I have taken pills');
const CRISES = [LOW, PILLS, crisisOf('ben', 'low')];

describe('CR-2 OP-8 three crises under one key of the app are three at an upstream that honours keys', () => {
  describe.each([
    ['in memory', inMemory],
    ['on disk', onDisk],
  ])('%s', (_, store) => {
    test.each(['at once', 'each after the one before', 'while it was down'])(
      'CR-2 %s',
      async (when) => {
        const runtime = start(store());
        await runtime.ready;
        if (when === 'while it was down') upstream.startOutage(600);
        const deliveries: Promise<unknown>[] = [];
        for (const crisis of CRISES) {
          const { delivery } = await runtime.crisis(crisis);
          if (when === 'each after the one before') await delivery;
          deliveries.push(delivery);
        }
        for (const outcome of await Promise.all(deliveries)) {
          expect(outcome).toMatchObject({ status: 'completed' });
        }
        expect(upstream.ledger.summary()).toMatchObject({ keys: 3, applied: 3, duplicated: 0 });
      },
    );
  });
});

test('CR-2 OP-8 the same words of one person under one key are one effect, within ten minutes', async () => {
  const { clock, boot } = createWorld();
  const keys: string[] = [];
  const run = ({ idempotencyKey }: { readonly idempotencyKey: string }): null => {
    keys.push(idempotencyKey);
    return null;
  };
  const { runtime } = boot({ handlers: { 'crisis.alert': { upstream: 'default', run } } });
  await clock.run(runtime.ready);
  await clock.advance(600_000 - (clock.now() % 600_000));
  const say = async (): Promise<void> => {
    const { delivery, operationId } = await runtime.crisis(LOW);
    await clock.run(delivery);
    const view = await clock.run(runtime.operations.get(operationId ?? '').view());
    expect(view.idempotencyKey).toBe(keys.at(-1));
  };
  await say();
  await clock.advance(500_000);
  await say();
  expect(new Set(keys).size).toBe(1);
  await clock.advance(100_000);
  await say();
  expect(new Set(keys).size).toBe(2);
  expect(keys.join(' ')).not.toContain(KEY);
});

test('CR-2 OP-8 after the close, and of a client, the same words go out under the same key', async () => {
  const store = onDisk();
  const runtime = start(store);
  await runtime.ready;
  const client = await connect({ store });
  const idsOf = [await client.crisis(LOW), await runtime.crisis(LOW)];
  await Promise.all(idsOf.map(({ delivery }) => delivery));
  await client.close();
  await runtime.close();
  const late = await runtime.crisis(LOW);
  expect(await late.delivery).toMatchObject({ status: 'completed' });
  // One for each window of ten minutes in which they came.
  const windowOf = ({ operationId }: CrisisAnswer): number =>
    Math.floor(madeAtMs(operationId ?? '') / 600_000);
  const windows = new Set([...idsOf, late].map(windowOf));
  expect(upstream.ledger.summary()).toMatchObject({ keys: windows.size, requested: 3 });
});

test('OP-8 a function of the app gets the key that a handler would', async () => {
  const runtime = start(':memory:');
  const request = { type: 'letters.send', idempotencyKey: 'letter-1' };
  const { response } = await runtime.executeResilientSync(
    { ...request, tier: 'premium', upstream: 'clinic', payload: 1 },
    'anna',
    ({ idempotencyKey }) => idempotencyKey,
  );
  expect(response).toBe(upstreamKey({ ...request, subject: 'anna' }));
});

test('CR-2 OP-8 a crisis without a key of the app goes out under its own id', async () => {
  const runtime = start(':memory:');
  const { delivery, operationId } = await runtime.crisis({ subject: 'anna' });
  await delivery;
  expect([...upstream.ledger.entries()].map(({ key }) => key)).toEqual([operationId]);
});

describe('OP-8 payments', () => {
  const pay = (type: string, subject: string, amountCents = 1_250) => ({
    type,
    subject,
    tier: 'premium' as const,
    idempotencyKey: 'invoice-1',
    payload: { amountCents },
  });

  test.each([
    ['in memory', inMemory],
    ['on disk', onDisk],
  ])('OP-8 two people under one key, and two types, are two effects each: %s', async (_, store) => {
    const runtime = start(store());
    await runtime.ready;
    const work = [
      pay('payments.push', 'anna'),
      pay('payments.push', 'ben'),
      pay('refunds.push', 'anna'),
    ];
    const operations = await Promise.all(work.map((request) => runtime.sync(request)));
    const outcomes = await Promise.all(operations.map(({ outcome }) => outcome));
    expect(outcomes.map(({ status }) => status)).toEqual(work.map(() => 'completed'));
    expect(upstream.ledger.broken(work.map(upstreamKey))).toEqual([]);
    expect(upstream.ledger.summary()).toMatchObject({ keys: 3, applied: 3 });
    // Support finds each at the upstream.
    const views = await Promise.all(operations.map((operation) => operation.view()));
    expect(views.map(({ idempotencyKey }) => idempotencyKey)).toEqual(work.map(upstreamKey));
  });

  test('OP-8 one of the same person is the first again, and with another body it is refused', async () => {
    const runtime = start(':memory:');
    const first = await runtime.sync(pay('payments.push', 'anna'));
    const again = await runtime.sync(pay('payments.push', 'anna'));
    expect(again).toMatchObject({ id: first.id, isDuplicate: true });
    await expect(runtime.sync(pay('payments.push', 'anna', 99))).rejects.toMatchObject({
      code: 'HF_IDEMPOTENCY_CONFLICT',
      message: expect.stringContaining('for this type and subject with a different body'),
    });
  });

  test('OP-8 OP-3 the next process sends, and finds, the same key', async () => {
    const store = onDisk();
    upstream.startOutage(60_000);
    const before = start(store);
    const { id } = await before.sync(pay('payments.push', 'anna'));
    const { operationId, durable } = await before.crisis(PILLS);
    await durable;
    const keysOf = async (runtime: Runtime): Promise<readonly string[]> => {
      const ids = [id, operationId ?? ''];
      const views = await Promise.all(ids.map((one) => runtime.operations.get(one).view()));
      return views.map(({ idempotencyKey }) => idempotencyKey);
    };
    const decided = await keysOf(before);
    expect(decided[0]).toBe(upstreamKey(pay('payments.push', 'anna')));
    await before.close({ deadlineMs: 100 });
    await upstream.close();
    upstream = await startMisbehavingUpstream({});
    const after = start(store);
    await after.ready;
    expect(await keysOf(after)).toEqual(decided);
    expect(await after.sync(pay('payments.push', 'anna'))).toMatchObject({ id, isDuplicate: true });
    await Promise.all([id, operationId ?? ''].map((one) => after.operations.get(one).outcome));
    expect(upstream.ledger.broken(decided)).toEqual([]);
    expect(upstream.ledger.summary()).toMatchObject({ keys: 2, applied: 2 });
  });
});

describe("OP-8 key: 'asGiven'", () => {
  const shared = (type: string, subject: string, payload: unknown = 1) => ({
    ...{ type, subject, payload: { payload } },
    ...{ tier: 'premium' as const, idempotencyKey: 'invoice-1' },
  });
  const REFUSED = {
    code: 'HF_IDEMPOTENCY_CONFLICT',
    field: 'idempotencyKey',
    message:
      "idempotencyKey was used before for another request to this upstream, which gets keys as they are given (key: 'asGiven' of the handler). Use a new key for a new request. Nothing was stored.",
  };

  test.each([
    ['in memory', inMemory],
    ['on disk', onDisk],
  ])(
    'OP-8 the key goes out as it is; a second type, subject or body under it is refused: %s',
    async (_, store) => {
      const runtime = start(store());
      await runtime.ready;
      const first = await runtime.sync(shared('shared.push', 'anna'));
      expect(await first.outcome).toMatchObject({ status: 'completed' });
      expect((await first.view()).idempotencyKey).toBe('invoice-1');
      expect(upstream.ledger.broken(['invoice-1'])).toEqual([]);
      expect(await runtime.sync(shared('shared.push', 'anna'))).toMatchObject({
        id: first.id,
        isDuplicate: true,
      });
      for (const other of [
        shared('shared.push', 'ben'),
        shared('shared.other', 'anna'),
        shared('shared.push', 'anna', 2),
      ]) {
        await expect(runtime.sync(other)).rejects.toMatchObject(REFUSED);
        const results: BulkResult[] = [];
        await runtime.syncAll([other], { onResult: (result) => void results.push(result) });
        expect(results).toEqual([
          expect.objectContaining({ error: expect.objectContaining(REFUSED) }),
        ]);
      }
      // A type whose keys are derived shares none with them.
      const { outcome } = await runtime.sync(shared('payments.push', 'ben'));
      expect(await outcome).toMatchObject({ status: 'completed' });
      expect(upstream.ledger.summary()).toMatchObject({ keys: 2, applied: 2 });
    },
  );

  test('OP-8 CR-2 a crisis is not refused: its key is derived, which is told', async () => {
    const errors: unknown[] = [];
    const run = httpHandler({ baseUrl: upstream.url });
    const runtime = createRuntime({
      store: ':memory:',
      upstreams: { clinic: {} },
      handlers: { 'crisis.alert': { upstream: 'clinic', run, key: 'asGiven' } },
      onError: (error) => errors.push(error),
    });
    runtimes.push(runtime);
    const answers = await Promise.all(CRISES.map((crisis) => runtime.crisis(crisis)));
    await Promise.all(answers.map(({ delivery }) => delivery));
    expect(upstream.ledger.summary()).toMatchObject({ keys: 3, applied: 3 });
    expect(upstream.ledger.get(KEY)).toBeUndefined();
    expect(errors).toEqual(
      CRISES.map(() =>
        expect.objectContaining({
          code: 'HF_CRISIS_MENDED',
          message: expect.stringContaining('idempotencyKey: derived, not as given'),
        }),
      ),
    );
  });
});
