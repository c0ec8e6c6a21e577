/** The test bed and the upstreams of `holdfast/testing`, as an app would use them, with planted defects. */

import { describe, expect, test } from 'vitest';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import {
  createTestBed,
  MISBEHAVIOURS,
  type Misbehaviour,
  misbehavingHandler,
  startMisbehavingUpstream,
  type TestBed,
  type TestOptions,
  VirtualClock,
} from '../../../src/testing/index.ts';
import { upstreamKey } from '../../../src/upstreamKey.ts';
import { attemptOf } from '../../support/harness/attempt.ts';

const DAY_MS = 86_400_000;
const COUNT = 30;
const KEYS = Array.from({ length: COUNT }, (_, number) => `order-${number}`);
const MIXED = Object.fromEntries(MISBEHAVIOURS.map((name) => [name, 0.05]));

const request = (idempotencyKey: string) =>
  ({
    type: 'orders.push',
    subject: 'user-1',
    tier: 'premium',
    idempotencyKey,
    payload: 1,
  }) as const;

function shopOptions(bed: TestBed, more: object = {}) {
  const shop = misbehavingHandler({
    clock: bed.clock,
    misbehaviour: MIXED,
    latencyMs: 20,
    ...more,
  });
  const options: TestOptions = {
    upstreams: { shop: { attemptTimeoutMs: 2_000 } },
    handlers: { 'orders.push': { upstream: 'shop', run: shop.run } },
  };
  return { shop, options };
}

const sentKey = (key: string): string => upstreamKey({ ...request(key), idempotencyKey: key });

/** Orders that are accepted, killed in the midst, and finished by another process. */
async function acrossAKill(seed: number, more: object = {}) {
  const bed = createTestBed({ seed });
  const { clock } = bed;
  const { shop, options } = shopOptions(bed, { seed, ...more });
  const first = bed.start(options);
  const ids: string[] = [];
  for (const key of KEYS) ids.push((await clock.run(first.runtime.sync(request(key)))).id);
  await clock.advance(30);
  first.kill();
  const second = bed.start(options);
  const outcomes = await clock.run(
    Promise.all(ids.map((id) => second.runtime.operations.get(id).outcome)),
    DAY_MS,
  );
  await clock.run(second.runtime.close());
  return { shop, ids, outcomes, endsAtMs: clock.now() };
}

test('UX-1 OP-2 OP-3 an app tests a kill and a misbehaving upstream in virtual time, and loses nothing', async () => {
  const { shop, outcomes } = await acrossAKill(1);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['completed']));
  expect(shop.ledger.broken(KEYS.map(sentKey))).toEqual([]);
  expect(shop.ledger.summary()).toMatchObject({ keys: COUNT, applied: COUNT });
  expect(Object.values(shop.counts).some((count) => count > 0)).toBe(true);
});

test('UX-1 the same seed does the same, ids and times included', async () => {
  const [one, other] = [await acrossAKill(5), await acrossAKill(5)];
  expect(other.ids).toEqual(one.ids);
  expect(other.endsAtMs).toBe(one.endsAtMs);
  expect([...other.shop.ledger.entries()]).toEqual([...one.shop.ledger.entries()]);
  expect((await acrossAKill(6)).ids).not.toEqual(one.ids);
});

test('UX-1 OP-3 control: an upstream that forgets keys is found to have doubled', async () => {
  const { shop } = await acrossAKill(1, {
    doubleApply: true,
    misbehaviour: { droppedAfterApplying: 0.5 },
  });
  expect(shop.ledger.broken(KEYS)).toContainEqual(expect.stringMatching(/^applied \d+ times: /));
});

test('UX-1 OP-2 control: a handler that says it is done and does nothing is found to have lost', async () => {
  const bed = createTestBed();
  const { shop, options } = shopOptions(bed);
  const { runtime } = bed.start({
    ...options,
    handlers: { 'orders.push': { upstream: 'shop', run: () => null } },
  });
  const { outcome } = await bed.clock.run(runtime.sync(request('order-1')));
  expect(await bed.clock.run(outcome)).toMatchObject({ status: 'completed' });
  expect(shop.ledger.broken(['order-1'])).toEqual(['lost: order-1']);
  await bed.clock.run(runtime.close());
});

test('UX-1 a killed process does nothing more and answers nobody', async () => {
  const bed = createTestBed();
  let attempts = 0;
  const { runtime, kill } = bed.start({
    handlers: {
      'orders.push': {
        upstream: 'default',
        run: () => {
          attempts += 1;
          return new Promise<null>((resolve) => {
            bed.clock.schedule(1_000, () => resolve(null));
          });
        },
      },
    },
  });
  const operation = await bed.clock.run(runtime.sync(request('order-1')));
  let isTold = false;
  void operation.outcome.finally(() => {
    isTold = true;
  });
  await bed.clock.advance(10);
  kill();
  await bed.clock.advance(DAY_MS);
  expect([attempts, isTold]).toEqual([1, false]);
});

test('UX-1 UX-2 what createRuntime refuses a test bed refuses, too, and it is as it was', async () => {
  const bed = createTestBed();
  const bad = { 'orders.push': { upstream: 'default' } };
  const start = (options: object) => () => bed.start(options);
  for (const options of [{ handlers: bad }, { handlers: [] }, { handler: {} }]) {
    expect(start(options)).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID' }));
  }
  const { runtime, kill } = bed.start();
  await bed.clock.run(runtime.ready);
  kill();
});

test('UX-1 a second runtime is refused while the first has the store', async () => {
  const bed = createTestBed();
  const { runtime } = bed.start();
  expect(() => bed.start()).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID' }));
  await bed.clock.run(runtime.close());
  const next = bed.start();
  await bed.clock.run(next.runtime.ready);
  next.kill();
});

test('UX-1 a test that waits in vain is told what the runtime has in hand', async () => {
  const bed = createTestBed();
  const { runtime } = bed.start();
  void runtime.handle('orders.push', {
    upstream: 'default',
    run: () => new Promise<null>(() => undefined),
    attemptTimeoutMs: 500_000,
  });
  const { outcome } = await bed.clock.run(runtime.sync(request('order-1')));
  await expect(bed.clock.run(outcome, 1_000)).rejects.toThrow(
    /Runtime 1 is running: 1 accepted, 0 ended, 1 attempts running\./,
  );
});

describe('with HTTP and without', () => {
  const failureOf = async (work: unknown) =>
    await Promise.resolve(work).then(
      () => null,
      ({ failureClass, status, retryAfterMs, notApplied }) => ({
        ...{ failureClass, status, retryAfterMs, notApplied },
      }),
    );
  const ways: readonly Misbehaviour[] = [
    'busy503',
    'limited429',
    'droppedBefore',
    'droppedAfterApplying',
    'failed500AfterApplying',
    'trickled',
  ];

  test.each(ways)('UX-1 RT-2 %s is the same failure and the same ledger', async (way) => {
    const options = { misbehaviour: { [way]: 1 } };
    const clock = new VirtualClock();
    const plain = misbehavingHandler({ clock, ...options });
    const server = await startMisbehavingUpstream({ ...options, lifeMs: 30_000 });
    const attempt = attemptOf({ idempotencyKey: 'order-1' });
    const failures = [
      await failureOf(plain.run(attempt)),
      await failureOf(httpHandler({ baseUrl: server.url })(attempt)),
    ];
    await server.close();
    expect(failures[0]).toEqual(failures[1]);
    expect([...plain.ledger.entries()]).toEqual([...server.ledger.entries()]);
    expect(plain.counts).toEqual(server.counts);
  });

  test('UX-1 a real upstream over HTTP can be asked on virtual time, which stands still for it', async () => {
    const bed = createTestBed();
    const { clock } = bed;
    const server = await startMisbehavingUpstream({
      misbehaviour: { busy503: 0.3 },
      lifeMs: 30_000,
    });
    const post = httpHandler({ baseUrl: server.url });
    const { runtime } = bed.start({
      handlers: {
        'orders.push': {
          upstream: 'default',
          run: (attempt) => clock.freezeWhile(Promise.resolve(post(attempt))),
        },
      },
    });
    const outcomes = KEYS.slice(0, 8).map(
      async (key) => (await runtime.sync(request(key))).outcome,
    );
    const made = await clock.run(Promise.all(outcomes), DAY_MS);
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set(['completed']));
    expect(server.ledger.broken(KEYS.slice(0, 8).map(sentKey))).toEqual([]);
    await clock.run(runtime.close());
    await server.close();
  });
});
