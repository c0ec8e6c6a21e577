/**
 * A client of a store whose owner is another runtime: what it is asked is done there, with the same answers.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Client,
  type ConnectOptions,
  connect,
  createRuntime,
  defineHandler,
  type HoldfastError,
  permanentFailure,
  type RequestOf,
  type Runtime,
  rawKey,
  type SyncRequest,
  upstreamKey,
} from '../../../src/index.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

interface Payment {
  readonly cents: number;
}

const key = () => rawKey(new Uint8Array(32).fill(7));
let store: string;
let attempts: string[];
let clients: Client[];
let runtimes: Runtime[];
/** Attempts wait while it is set. */
let gate: Promise<void> | null;

const push = defineHandler<Payment, { receipt: number }>()({
  upstream: 'payments',
  run: async ({ payload, idempotencyKey }) => {
    attempts.push(idempotencyKey);
    if (gate !== null) await gate;
    if (payload.cents === 0) throw permanentFailure('Nothing to pay.');
    return { receipt: payload.cents };
  },
});

const alarm = { upstream: 'default', run: () => ({ heard: true }) } as const;

function owner() {
  const runtime = createRuntime({
    store,
    key: key(),
    upstreams: { payments: {} },
    tiers: { vip: { like: 'premium' } },
    handlers: { 'payments.push': push, 'crisis.alert': alarm },
  });
  runtimes.push(runtime);
  return runtime;
}

async function client(options: Partial<ConnectOptions> = {}) {
  const connected = await connect<ReturnType<typeof owner>>({ store, ...options });
  clients.push(connected);
  return connected;
}

function payment(
  cents: number,
  more: Pick<SyncRequest, 'entity' | 'idempotencyKey'> = {},
): RequestOf<{ 'payments.push': { payload: Payment; response: unknown } }> {
  return {
    ...{ type: 'payments.push', subject: 'user-1', tier: 'premium' },
    ...more,
    payload: { cents },
  };
}

async function refusalOf(promise: Promise<unknown>): Promise<HoldfastError> {
  return await promise.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as HoldfastError,
  );
}

beforeEach(() => {
  store = `${tempFolder()}/store`;
  attempts = [];
  clients = [];
  runtimes = [];
  gate = null;
});

afterEach(async () => {
  for (const each of clients) await each.close();
  for (const each of runtimes) await each.close();
});

describe('SC-4 what a client is asked is done by the owner', () => {
  test('SC-4 OP-2 a request is accepted on disk, and its outcome followed, typed as that of the runtime', async () => {
    const runtime = owner();
    const at = await client();
    const operation = await at.sync(payment(5));
    const outcome = await operation.outcome;
    expect(outcome).toMatchObject({ status: 'completed', response: { receipt: 5 } });
    if (outcome.status === 'completed') {
      expectTypeOf(outcome.response).toEqualTypeOf<{ receipt: number } | undefined>();
    }
    expect(await runtime.operations.get(operation.id).view()).toEqual(await operation.view());
    expect(at.runtime).toBeNull();
    // @ts-expect-error: no handler has this type
    await refusalOf(at.sync({ ...payment(1), type: 'payments.pull' }));
    // @ts-expect-error: no payload of it
    await (await at.sync({ ...payment(1), payload: { euros: 1 } })).outcome;
  });

  test('SC-4 OP-8 one key is one operation, whichever process sends it', async () => {
    const runtime = owner();
    const [one, other] = [await client(), await client()];
    const first = await one.sync(payment(5, { idempotencyKey: 'k' }));
    const again = await other.sync(payment(5, { idempotencyKey: 'k' }));
    const here = await runtime.sync(payment(5, { idempotencyKey: 'k' }));
    expect([first, again, here].map(({ isDuplicate }) => isDuplicate)).toEqual([false, true, true]);
    expect(new Set([first.id, again.id, here.id]).size).toBe(1);
    const refused = await refusalOf(other.sync(payment(6, { idempotencyKey: 'k' })));
    expect(refused).toMatchObject({ code: 'HF_IDEMPOTENCY_CONFLICT' });
    await first.outcome;
    expect(attempts).toEqual([
      upstreamKey({ type: 'payments.push', subject: 'user-1', idempotencyKey: 'k' }),
    ]);
  });

  test('SC-4 PF-1 a tier of the app is known to the owner, and found by its name', async () => {
    const runtime = owner();
    const at = await client();
    const { id, outcome } = await at.sync({ ...payment(7), tier: 'vip' });
    await outcome;
    expect((await runtime.operations.page({ tier: 'vip' })).views.map((view) => view.id)).toEqual([
      id,
    ]);
    expect(runtime.getHealthStatus().responseTimes['vip']?.count).toBe(1);
  });

  test('SC-4 UX-2 errors are those of the runtime: code, advice, field and place', async () => {
    const runtime = owner();
    const at = await client();
    const bad: SyncRequest[] = [
      { ...payment(1), type: 'payments.unknown' },
      { ...payment(1), payload: { at: new Date() } },
      { ...payment(1), payload: { card: '4111 1111 1111 1111' } },
      { ...payment(1), tier: 'gold' },
      { ...payment(1), payload: 'x'.repeat(1_100_000) },
    ];
    for (const request of bad) {
      const [there, here] = [
        await refusalOf((at as Client).sync(request)),
        await refusalOf((runtime as Runtime).sync(request)),
      ];
      const told = ({ code, message, retry, field, at: place, mayBeStored }: HoldfastError) => ({
        ...{ code, message, retry, field, place, mayBeStored },
      });
      expect(told(there)).toEqual(told(here));
    }
    const operation = await at.sync(payment(0));
    const outcome = await operation.outcome;
    const same = await runtime.operations.get(operation.id).outcome;
    expect(outcome.status).toBe('deadLettered');
    if (outcome.status === 'completed' || same.status === 'completed') throw new Error('paid');
    expect([outcome.error.code, outcome.error.message]).toEqual([
      same.error.code,
      same.error.message,
    ]);
    expect(await refusalOf(at.operations.get('none').view())).toMatchObject({
      code: 'HF_OPERATION_UNKNOWN',
    });
  });

  test('SC-4 OP-5 it is followed and cancelled from elsewhere', async () => {
    owner();
    const at = await client();
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const entity = { type: 'account', id: '1' };
    const first = await at.sync(payment(1, { entity }));
    const second = await at.sync(payment(2, { entity }));
    const states: string[] = [];
    const leave = second.subscribe(({ state }) => states.push(state));
    await second.cancel();
    expect((await second.outcome).status).toBe('cancelled');
    await vi.waitFor(() => expect(states).toContain('cancelled'), HANGS_AFTER_MS);
    leave();
    open();
    expect((await first.outcome).status).toBe('completed');
  });

  test('SC-4 many are accepted under one promise, each told of', async () => {
    owner();
    const at = await client();
    const results: string[] = [];
    const requests = Array.from({ length: 3_000 }, (_, cents) => payment(cents + 1));
    const counts = await at.syncAll(
      (async function* () {
        for (const request of requests) yield await Promise.resolve(request);
        yield { ...payment(1), type: 'payments.unknown' as 'payments.push' };
      })(),
      { onResult: (result) => void results.push(result.status) },
    );
    expect(counts).toEqual({ accepted: 3_000, duplicates: 0, refused: 1 });
    expect(results).toHaveLength(3_001);
    const page = await at.operations.page({ limit: 1_000 });
    expect(page.views).toHaveLength(1_000);
  });

  test('SC-4 OP-5 CR-6 HM-1 management calls are carried to the owner', async () => {
    owner();
    const at = await client();
    await (await at.sync(payment(0))).outcome;
    const letters = [];
    for await (const letter of at.deadLetters.list()) letters.push(letter);
    expect(letters).toHaveLength(1);
    expect((await at.health()).operations.deadLettered).toBe(1);
    for (const payload of [{ at: new Date() }, 5n]) {
      const given = { payload: payload as never };
      expect(await refusalOf(at.deadLetters.replay(letters[0]?.id ?? '', given))).toMatchObject({
        code: 'HF_REQUEST_INVALID',
      });
    }
    const by = { id: 'staff-7', role: 'clinician' };
    await at.crisisMode.enter({ subject: 'user-1', by });
    expect(await at.crisisMode.list()).toMatchObject([{ subject: 'user-1' }]);
    expect(await refusalOf(at.crisisMode.leave({ subject: 'user-1', by }))).toMatchObject({
      code: 'HF_SECOND_PERSON_NEEDED',
    });
  });
});

describe('SC-4 without an owner', () => {
  test('SC-4 UX-2 a call waits so long and then says what to do; nothing of it is done later', async () => {
    const at = await client({ ownerWithinMs: 150 });
    const refused = await refusalOf(at.sync(payment(1)));
    expect(refused).toMatchObject({ code: 'HF_OWNER_GONE', retry: 'later', mayBeStored: false });
    expect(refused.message).toContain('Start a process that owns it');
    expect(await refusalOf(at.ready)).toMatchObject({ code: 'HF_OWNER_GONE' });
    const bulk = await refusalOf(at.syncAll([payment(1)]));
    expect(bulk).toMatchObject({ code: 'HF_OWNER_GONE' });
    const runtime = owner();
    await runtime.ready;
    await (await client()).health();
    expect((await runtime.operations.page()).views).toEqual([]);
  });

  test('SC-4 what is asked before there is an owner is done by the first that comes', async () => {
    const at = await client();
    const accepting = at.sync(payment(3));
    owner();
    expect((await (await accepting).outcome).status).toBe('completed');
    await at.ready;
  });

  test('SC-4 a closed client asks nobody, and says so', async () => {
    owner();
    const at = await client();
    const operation = await at.sync(payment(1));
    await operation.outcome;
    const lost = at.operations.get('00000000-0000-7000-8000-000000000000').outcome;
    await at.close();
    for (const asked of [at.sync(payment(1)), operation.view(), at.health()]) {
      expect(await refusalOf(asked)).toMatchObject({ code: 'HF_CLOSED' });
    }
    await refusalOf(lost);
    const { resources, durable } = await at.crisis({ subject: 'user-1' });
    expect(resources.length).toBeGreaterThan(0);
    expect(await refusalOf(durable)).toMatchObject({ code: 'HF_CLOSED' });
  });

  test.each([
    [{ store: ':memory:' }, 'store'],
    [{ store: '' }, 'store'],
    [{ store: `/tmp/${'x'.repeat(120)}` }, 'store'],
    [{ store: '/tmp/x', ownerWithinMs: 1 }, 'ownerWithinMs'],
    [{ store: '/tmp/x', own: true }, 'key'],
    [{ store: '/tmp/x', own: { handlers: {} } }, 'own'],
    [{ store: '/tmp/x', key: key(), handlers: { x: 1 } }, 'handlers.x'],
    [{ store: '/tmp/x', mayOwn: true }, 'mayOwn'],
  ])('UX-2 options that can not be used are refused: %o', async (options, field) => {
    const refused = await refusalOf(connect(options as unknown as ConnectOptions));
    expect(refused).toMatchObject({ code: 'HF_OPTION_INVALID', field });
  });

  test.each(['upstreams', 'policies', 'logger'])(
    'UX-2 %s, given by a process that may not own the store, says what is missing',
    async (name) => {
      const options = { store: '/tmp/x', [name]: name === 'logger' ? console : {} };
      const refused = await refusalOf(connect(options));
      const message = expect.stringContaining('give handlers too, or own: true') as string;
      expect(refused).toMatchObject({ code: 'HF_OPTION_INVALID', field: name, message });
    },
  );

  test('SC-4 the options of an owner make a client with own: false', async () => {
    const handlers = { 'crisis.alert': alarm };
    const options = { store, key: key(), handlers, retentionMs: 60_000, own: false };
    const at = await connect({ ...options, ownerWithinMs: 100 });
    clients.push(at);
    expect(await refusalOf(at.operations.page())).toMatchObject({ code: 'HF_OWNER_GONE' });
    expect(at.runtime).toBeNull();
    const misspelt = { ...options, retentionsMs: 1 } as unknown as ConnectOptions;
    expect(await refusalOf(connect(misspelt))).toMatchObject({ field: 'retentionsMs' });
  });
});

describe('SC-4 CR-1 CR-4 crises of a client', () => {
  test('SC-4 CR-1 CR-3 it is answered as by the owner, recorded and delivered there', async () => {
    const runtime = owner();
    await runtime.crisisPlans.put('user-1', {
      resources: [{ kind: 'contact', name: 'Sister', phone: '+49 30 123' }],
    } as never);
    await runtime.crisisPlans.pin('user-1');
    const at = await client();
    await at.ready;
    // A machine that is busy may be too late for it.
    const answer = await vi.waitFor(async () => {
      const answered = await at.crisis({ subject: 'user-1', payload: { said: 'help' } });
      expect(answered.plan).toBe('included');
      return answered;
    }, HANGS_AFTER_MS);
    expect(answer.resources[0]).toMatchObject({ from: 'plan' });
    await answer.durable;
    expect(await answer.delivery).toMatchObject({ status: 'completed', response: { heard: true } });
    expect(await runtime.operations.get(answer.operationId ?? '').view()).toMatchObject({
      priority: 'crisis',
      subject: 'user-1',
    });
  });

  test('SC-4 CR-1 CR-4 without an owner it is answered at once, and taken by the first that comes', async () => {
    const resources = [
      { kind: 'contact', name: 'Our line', regions: ['*'], phone: '123' } as const,
    ];
    const at = await client({ crisis: { resources }, ownerWithinMs: 100 });
    const answer = await at.crisis({ subject: 'user-1', region: 'DE' });
    expect(answer).toMatchObject({ source: 'local', plan: 'storeNotOpen' });
    expect(answer.resources.map(({ from }) => from)).toContain('builtIn');
    expect(answer.resources[0]).toMatchObject({ from: 'app', name: 'Our line' });
    expect(answer.message).toMatchObject({ state: 'notReached', language: 'de' });
    owner();
    await answer.durable;
    expect((await answer.delivery).operationId).toBe(answer.operationId);
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'help'],
    [
      'what throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    ],
    ['what JSON can not carry', { subject: 'user-1', payload: { at: 5n, f: () => 1 } }],
    ['a megabyte and more', { subject: 'user-1', payload: 'x'.repeat(3_000_000) }],
  ])('CR-1 CR-2 %s is answered and delivered', async (_, request) => {
    const runtime = owner();
    const at = await client();
    const answer = await at.crisis(request as never);
    expect(answer.resources.length).toBeGreaterThan(0);
    expect((await answer.delivery).status).toBe('completed');
    expect(runtime.getHealthStatus().operations.completed).toBe(1);
  });
});
