import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import {
  permanentFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import {
  type DeadLetter,
  type DeadLetters,
  deadLetters,
} from '../../../src/management/deadLetters.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { upstreamKey } from '../../../src/upstreamKey.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

interface Call {
  readonly key: string;
  readonly number: number;
  readonly payload: Json;
}

/** A world whose upstream refuses while `refuses` says so, and keeps what it was sent. */
function createScene(strictOrder = false) {
  const world = createWorld();
  const calls: Call[] = [];
  const upstream: { refuses: (call: Call) => boolean; fail: () => Error } = {
    refuses: () => true,
    fail: () => permanentFailure('No.'),
  };
  const boot = (): Process =>
    world.boot({
      handlers: {
        'payments.push': {
          upstream: 'default',
          strictOrder,
          run: ({ idempotencyKey, number, payload }) => {
            const call = { key: idempotencyKey, number, payload };
            calls.push(call);
            if (upstream.refuses(call)) throw upstream.fail();
            return null;
          },
        },
        'mail.send': {
          upstream: 'mail',
          run: () => {
            throw permanentFailure('No.', { code: 'HF_CONFLICT' });
          },
        },
      },
      upstreams: {
        default: { breaker: { consecutiveFailuresToOpen: 1_000_000, failureRateToOpen: 1 } },
        mail: {},
      },
    });
  return { world, calls, upstream, boot };
}

async function sendUntilEnded(
  { clock }: World,
  runtime: Runtime,
  ...requests: readonly Partial<SyncRequest>[]
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const request of requests) {
    const operation = await clock.run(runtime.sync({ ...REQUEST, ...request }));
    ids.push(operation.id);
    await clock.run(operation.outcome);
  }
  return ids;
}

async function all<One>({ clock }: World, many: AsyncIterable<One>): Promise<readonly One[]> {
  const found: One[] = [];
  const collect = async (): Promise<void> => {
    for await (const one of many) found.push(one);
  };
  await clock.run(collect());
  return found;
}

/** The dead letters of a store that nobody runs on. */
function atRest({ clock, disk }: World): DeadLetters {
  const management = managementAtRest({
    store: disk,
    hold: null,
    clock,
    random: seededRandom(9),
    payloadBytesMax: 1_000,
  });
  return deadLetters(management, () => clock.now());
}

describe('what is shown', () => {
  test('OP-5 dead letters are listed newest first, with their reason and without what they carry', async () => {
    const { world, boot } = createScene();
    const { runtime } = boot();
    const secret = 'the-payload';
    const ids = await sendUntilEnded(world, runtime, { payload: { secret } }, { payload: 2 });
    const listed = await all(world, runtime.deadLetters.list());
    expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(listed[1]).toEqual({
      id: ids[0],
      type: 'payments.push',
      tier: 'premium',
      priority: 'normal',
      code: 'HF_UPSTREAM_REFUSED',
      message: 'No.',
      attempts: 1,
      acceptedAtMs: expect.any(Number),
      deadLetteredAtMs: expect.any(Number),
      expiresAtMs: null,
      mayBeApplied: false,
    });
    expect(JSON.stringify(listed)).not.toContain(secret);
    expect(JSON.stringify(listed)).not.toContain('user-42');
    const shown = await world.clock.run(runtime.deadLetters.show(ids[0] ?? ''));
    expect(JSON.stringify(shown)).not.toContain(secret);
  });

  test('AU-1 one is shown with its attempts, when each began and ended, and why it failed', async () => {
    const { world, upstream, boot } = createScene();
    upstream.fail = () => unknownOutcome('Cut off.', { status: 500 });
    const { runtime } = boot();
    const [id = ''] = await sendUntilEnded(world, runtime, { tier: 'trial' });
    const { history, mayBeApplied, hasPayload } = await world.clock.run(
      runtime.deadLetters.show(id),
    );
    expect(history).toMatchObject(
      [1, 2, 3].map((attempt) => ({
        what: 'failed',
        attempt,
        code: 'HF_OUTCOME_UNKNOWN',
        failureClass: 'unknownOutcome',
        startedAtMs: expect.any(Number),
      })),
    );
    // Between two attempts it waited.
    expect(history[1]?.startedAtMs).toBeGreaterThan(history[0]?.atMs ?? Number.POSITIVE_INFINITY);
    expect({ mayBeApplied, hasPayload }).toEqual({ mayBeApplied: true, hasPayload: true });
  });

  test('OP-5 by type, upstream, code and time', async () => {
    const { world, boot } = createScene();
    const { runtime } = boot();
    const [a = ''] = await sendUntilEnded(world, runtime, {});
    await world.clock.advance(60_000);
    const [b = ''] = await sendUntilEnded(world, runtime, { type: 'mail.send' });
    const [c = ''] = await sendUntilEnded(world, runtime, { tier: 'trial' });
    const since = (await world.clock.run(runtime.deadLetters.show(c))).deadLetteredAtMs;
    const list = async (filter: Parameters<DeadLetters['list']>[0]) =>
      (await all(world, runtime.deadLetters.list(filter))).map(({ id }: DeadLetter) => id);
    expect(await list({ sinceMs: since })).toContain(c);
    expect(await list({ sinceMs: since })).not.toContain(a);
    expect(await list({ untilMs: since })).toContain(a);
    expect(await list({ untilMs: since })).not.toContain(c);
    expect(await list({ type: 'payments.push' })).toEqual([c, a]);
    expect(await list({ typePart: 'PAY' })).toEqual([c, a]);
    expect(await list({ typePart: 'send' })).toEqual([b]);
    expect(await list({ typePart: 'payments.send' })).toEqual([]);
    expect(await list({ upstream: 'default' })).toEqual([c, a]);
    expect(await list({ upstream: 'mail' })).toEqual([b]);
    expect(await list({ code: 'HF_CONFLICT' })).toEqual([b]);
    expect(await list({ upstream: 'elsewhere' })).toEqual([]);
    expect(await list({ code: 'HF_CRASHES_PROCESS' })).toEqual([]);
    await expect(list({ tpye: 'x' } as never)).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'filter.tpye',
    });
  });
});

describe('replay', () => {
  test('OP-5 one runs again under the same key, and its outcome is told anew', async () => {
    const { world, calls, upstream, boot } = createScene();
    const { runtime } = boot();
    const [id = ''] = await sendUntilEnded(world, runtime, { payload: 1, idempotencyKey: 'k-1' });
    upstream.refuses = () => false;
    await world.clock.run(runtime.deadLetters.replay(id));
    const outcome = await world.clock.run(runtime.operations.get(id).outcome);
    expect(outcome).toMatchObject({ status: 'completed', attempts: 1 });
    const key = upstreamKey({ ...REQUEST, idempotencyKey: 'k-1' });
    expect(calls).toEqual([
      { key, number: 1, payload: 1 },
      { key, number: 1, payload: 1 },
    ]);
    await expect(world.clock.run(runtime.deadLetters.replay(id))).rejects.toMatchObject({
      code: 'HF_NOT_DEAD_LETTERED',
    });
  });

  test('OP-5 edited, one runs with its new payload under a new key, and still answers to the old one', async () => {
    const { world, calls, upstream, boot } = createScene();
    const { runtime } = boot();
    const request = { payload: 1, idempotencyKey: 'k-1' };
    const [id = ''] = await sendUntilEnded(world, runtime, request);
    upstream.refuses = () => false;
    await world.clock.run(runtime.deadLetters.replay(id, { payload: { right: true } }));
    await world.clock.run(runtime.operations.get(id).outcome);
    expect(calls[1]).toMatchObject({ payload: { right: true }, number: 1 });
    expect(calls[1]?.key).not.toBe(calls[0]?.key);
    const again = await world.clock.run(runtime.sync({ ...REQUEST, ...request }));
    expect(again).toMatchObject({ id, isDuplicate: true });
  });

  test('CF-7 an edited payload is checked like a new one', async () => {
    const { world, calls, boot } = createScene();
    const { runtime } = boot();
    const [id = ''] = await sendUntilEnded(world, runtime, {});
    const replay = (payload: Json) => world.clock.run(runtime.deadLetters.replay(id, { payload }));
    await expect(replay({ card: '4111 1111 1111 1111' })).rejects.toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
    });
    await expect(replay('x'.repeat(2_000_000))).rejects.toMatchObject({
      code: 'HF_PAYLOAD_TOO_LARGE',
    });
    expect(calls).toHaveLength(1);
  });

  test('RT-2 one that may have been applied waits for a person, unless the person has said so', async () => {
    const { world, upstream, calls, boot } = createScene();
    upstream.fail = () => unknownOutcome('Cut off.', { status: 500 });
    // Others are served between them, so that what they fail in is no outage.
    upstream.refuses = ({ payload }) => payload !== 'fine';
    const { runtime } = boot();
    const [, kept = '', , approved = ''] = await sendUntilEnded(
      world,
      runtime,
      { payload: 'fine' },
      { tier: 'trial' },
      { payload: 'fine' },
      { tier: 'trial' },
    );
    upstream.refuses = () => false;
    await world.clock.advance(25 * 3_600_000);
    const before = calls.length;
    await expect(
      world.clock.run(runtime.deadLetters.replay(kept, { payload: 1 })),
    ).rejects.toMatchObject({ code: 'HF_MAY_BE_APPLIED' });
    await world.clock.run(runtime.deadLetters.replay(kept));
    await world.clock.run(runtime.deadLetters.replay(approved, { evenIfApplied: true }));
    await world.clock.run(runtime.operations.get(approved).outcome);
    await world.clock.advance(1_000);
    expect(calls.length - before).toBe(1);
    expect((await world.clock.run(runtime.operations.get(kept).view())).state).toBe('inReview');
  });

  test('OP-5 one whose time is over is not replayed', async () => {
    const { world, calls, boot } = createScene();
    const { runtime } = boot();
    const expiresAtMs = world.clock.now() + 60_000;
    const [id = ''] = await sendUntilEnded(world, runtime, { expiresAtMs });
    await world.clock.advance(60_000);
    await expect(world.clock.run(runtime.deadLetters.replay(id))).rejects.toMatchObject({
      code: 'HF_EXPIRED',
    });
    expect(await world.clock.run(runtime.deadLetters.replayAll())).toEqual({
      matched: 1,
      done: 0,
      expired: 1,
      changed: 0,
    });
    expect(calls).toHaveLength(1);
  });

  test('OP-4 one goes to the tail of its lane', async () => {
    const { world, calls, upstream, boot } = createScene();
    const { runtime } = boot();
    const entity = { type: 'account', id: 'a' };
    const [id = ''] = await sendUntilEnded(world, runtime, { payload: 1, entity });
    upstream.refuses = () => false;
    runtime.upstream('default').forceOpen('to hold them back');
    for (const payload of [2, 3]) {
      await world.clock.run(runtime.sync({ ...REQUEST, payload, entity }));
    }
    await world.clock.run(runtime.deadLetters.replay(id));
    const last = await world.clock.run(runtime.sync({ ...REQUEST, payload: 4, entity }));
    runtime.upstream('default').release();
    await world.clock.run(last.outcome);
    expect(calls.map(({ payload }) => payload)).toEqual([1, 2, 3, 1, 4]);
  });

  test('HM-1 OP-4 one that waits behind others of its entity says so, and is found by that', async () => {
    const { world, upstream, boot } = createScene();
    const { runtime } = boot();
    const entity = { type: 'account', id: 'a' };
    const [id = ''] = await sendUntilEnded(world, runtime, { payload: 1, entity });
    upstream.refuses = () => false;
    runtime.upstream('default').forceOpen('to hold them back');
    await world.clock.run(runtime.sync({ ...REQUEST, payload: 2, entity }));
    await world.clock.run(runtime.deadLetters.replay(id));
    const view = await world.clock.run(runtime.operations.get(id).view());
    expect(view).toMatchObject({ state: 'replayed', wait: { reason: 'lane', untilAtMs: null } });
    const inLane = await all(world, runtime.operations.list({ reason: 'lane' }));
    expect(inLane.map((each) => each.id)).toEqual([id]);
    await world.clock.advance(60_000);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ turn: 1, inLane: 1 });
  });

  test.each(['replay', 'purge'] as const)(
    'OP-4 where order is strict, a dead letter holds its lane until %s',
    async (how) => {
      const { world, calls, upstream, boot } = createScene(true);
      const { runtime } = boot();
      const entity = { type: 'account', id: 'a' };
      const [id = ''] = await sendUntilEnded(world, runtime, { payload: 1, entity });
      upstream.refuses = () => false;
      const next = await world.clock.run(runtime.sync({ ...REQUEST, payload: 2, entity }));
      await world.clock.advance(60_000);
      expect(calls).toHaveLength(1);
      await world.clock.run(runtime.deadLetters[how](id));
      await world.clock.run(next.outcome);
      expect(calls.map(({ payload }) => payload)).toEqual(how === 'replay' ? [1, 1, 2] : [1, 2]);
    },
  );

  test('OP-5 all that match, in the order of their acceptance, and each once', async () => {
    const { world, calls, upstream, boot } = createScene();
    const { runtime } = boot();
    await sendUntilEnded(
      world,
      runtime,
      ...Array.from({ length: 300 }, (_, payload) => ({ payload, entity: { type: 'a', id: 'a' } })),
    );
    // What is refused again is a dead letter again, and is left for another time.
    upstream.refuses = ({ payload }) => payload === 7;
    const progress: number[] = [];
    const dry = await world.clock.run(runtime.deadLetters.replayAll({}, { dryRun: true }));
    expect(dry).toEqual({ matched: 300, done: 300, expired: 0, changed: 0 });
    const counts = await world.clock.run(
      runtime.deadLetters.replayAll(
        { type: 'payments.push' },
        {
          onProgress: ({ done }) => {
            progress.push(done);
          },
        },
      ),
    );
    expect(counts).toEqual({ matched: 300, done: 300, expired: 0, changed: 0 });
    expect(progress).toEqual([256, 300]);
    await world.clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === 299);
    expect(calls.slice(300).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 300 }, (_, payload) => payload),
    );
    expect((await all(world, runtime.deadLetters.list())).length).toBe(1);
  });

  test('OP-5 a run that is ended early is taken up by the same call', async () => {
    const { world, boot } = createScene();
    const { runtime } = boot();
    await sendUntilEnded(world, runtime, ...Array.from({ length: 260 }, () => ({})));
    const stop = new AbortController();
    const first = await world.clock.run(
      runtime.deadLetters.purgeAll(
        {},
        {
          signal: stop.signal,
          onProgress: () => {
            stop.abort();
          },
        },
      ),
    );
    expect(first.done).toBe(256);
    expect(await world.clock.run(runtime.deadLetters.purgeAll())).toMatchObject({ done: 4 });
    expect(await all(world, runtime.deadLetters.list())).toEqual([]);
  });

  test('OP-5 replayed at rest, one is run by the next process', async () => {
    const { world, calls, upstream, boot } = createScene();
    const first = boot();
    const entity = { type: 'account', id: 'a' };
    const [a = '', b = ''] = await sendUntilEnded(
      world,
      first.runtime,
      { payload: 1, entity },
      { payload: 2 },
    );
    await world.clock.run(first.runtime.close());
    upstream.refuses = () => false;
    await world.disk.open();
    await world.clock.run(atRest(world).replay(a));
    expect(await world.clock.run(atRest(world).replayAll())).toMatchObject({ done: 1 });
    const { runtime } = boot();
    await world.clock.run(runtime.ready);
    for (const id of [a, b]) {
      const outcome = await world.clock.run(runtime.operations.get(id).outcome);
      expect(outcome.status).toBe('completed');
    }
    expect(calls.slice(2).map(({ payload }) => payload)).toEqual(expect.arrayContaining([1, 2]));
    expect(calls).toHaveLength(4);
  });

  test('OP-5 what is unknown, or no dead letter, is told apart', async () => {
    const { world, upstream, boot } = createScene();
    upstream.refuses = () => false;
    const { runtime } = boot();
    const [done = ''] = await sendUntilEnded(world, runtime, {});
    const called: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => runtime.deadLetters.show(id),
      (id) => runtime.deadLetters.replay(id),
      (id) => runtime.deadLetters.purge(id),
    ];
    for (const call of called) {
      await expect(world.clock.run(call(done))).rejects.toMatchObject({
        code: 'HF_NOT_DEAD_LETTERED',
      });
      await expect(
        world.clock.run(call('00000000-0000-4000-a000-000000000000')),
      ).rejects.toMatchObject({ code: 'HF_OPERATION_UNKNOWN' });
    }
  });
});

describe('crashes', () => {
  test.each(['failsUnwritten', 'failsWritten'] as const)(
    'PS-2 OP-5 a replay whose process dies as its write %s is neither lost nor doubled',
    async (fate) => {
      const { world, calls, upstream, boot } = createScene();
      const first = boot();
      const [id = ''] = await sendUntilEnded(world, first.runtime, { payload: 1 });
      upstream.refuses = () => false;
      first.store.faults.fate = (writes) =>
        writes.some(({ kind }) => kind === 'replay') ? fate : 'works';
      first.runtime.deadLetters.replay(id).catch(() => undefined);
      await world.clock.advance(10);
      first.kill();
      const { runtime } = boot();
      await world.clock.run(runtime.ready);
      if (fate === 'failsUnwritten') {
        expect((await all(world, runtime.deadLetters.list())).map((one) => one.id)).toEqual([id]);
        await world.clock.run(runtime.deadLetters.replay(id));
      }
      const outcome = await world.clock.run(runtime.operations.get(id).outcome);
      expect(outcome.status).toBe('completed');
      expect(calls.map(({ payload }) => payload)).toEqual([1, 1]);
    },
  );

  test('PS-6 a call that the disk never answered is told so when the runtime stops', async () => {
    const { world, boot } = createScene();
    const { runtime, store } = boot();
    const [id = ''] = await sendUntilEnded(world, runtime, {});
    store.faults.fate = (writes) =>
      writes.some(({ kind }) => kind === 'audit') ? 'works' : 'failsUnwritten';
    const replayed = runtime.deadLetters.replay(id);
    // It is rejected while nobody looks yet.
    replayed.catch(() => undefined);
    await world.clock.advance(1_000);
    // What comes later is refused at once.
    await expect(world.clock.run(runtime.deadLetters.purge(id))).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
    });
    await world.clock.run(runtime.close({ deadlineMs: 100 }));
    await expect(replayed).rejects.toMatchObject({ code: 'HF_CLOSED', retry: 'later' });
  });

  test('PS-2 control: a replay that ran before it was durable would be told by the calls', async () => {
    const { world, calls, upstream, boot } = createScene();
    const first = boot();
    const [id = ''] = await sendUntilEnded(world, first.runtime, { payload: 1 });
    upstream.refuses = () => false;
    // A store that lies about durability: the process believes it and nothing is on disk.
    first.store.faults.fate = (writes) =>
      writes.some(({ kind }) => kind === 'replay') ? 'acknowledgedUnwritten' : 'works';
    await world.clock.run(first.runtime.deadLetters.replay(id));
    await world.clock.advance(1_000);
    first.kill();
    const { runtime } = boot();
    await world.clock.run(runtime.ready);
    expect(await all(world, runtime.deadLetters.list())).toHaveLength(1);
    expect(calls).toHaveLength(1);
  });
});
