import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

function withRun(
  run: (attempt: Attempt) => unknown,
  more: Partial<Handler> = {},
): Partial<RuntimeOptions> {
  return {
    handlers: {
      'payments.push': {
        upstream: 'default',
        attemptTimeoutMs: 3_600_000,
        run: async (attempt) => (await run(attempt)) as null,
        ...more,
      },
    },
  };
}

const never = async (): Promise<never> => await new Promise<never>(() => undefined);

async function pass(clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.schedule(ms, resolve);
  });
}

describe('SV-4 close()', () => {
  test('SV-4 lets what is in flight finish, and begins nothing new', async () => {
    const { clock, boot } = createWorld();
    let begun = 0;
    const slow = withRun(async () => {
      begun += 1;
      await pass(clock, 2_000);
    });
    const { runtime } = boot({ ...slow, upstreams: { default: { concurrency: 2 } } });
    const operations = await clock.run(
      Promise.all(Array.from({ length: 6 }, () => runtime.sync(REQUEST))),
    );
    const outcomes = operations.slice(0, 2).map(({ outcome }) => outcome);
    await clock.advance(10);
    const startedAtMs = clock.monotonic();
    await clock.run(runtime.close());
    expect(clock.monotonic() - startedAtMs).toBeLessThan(2_200);
    expect(begun).toBe(2);
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ status: 'completed' });

    const next = boot(withRun(() => null)).runtime;
    await clock.run(next.ready);
    await clock.advance(60_000);
    const { views } = await clock.run(next.operations.page());
    expect(views.map(({ state }) => state)).toEqual(Array<string>(6).fill('completed'));
    // The two that finished before the stop were not made again.
    expect(next.getHealthStatus().operations.completed).toBe(4);
  });

  test('SV-4 at the deadline aborts what still runs, parks it, and the next start goes on with it', async () => {
    const { clock, boot } = createWorld();
    const seen: { readonly number: number; readonly key: string }[] = [];
    const note = ({ number, idempotencyKey }: Attempt): void => {
      seen.push({ number, key: idempotencyKey });
    };
    let signal: AbortSignal | null = null;
    const { runtime } = boot(
      withRun((attempt) => {
        note(attempt);
        signal = attempt.signal;
        return never();
      }),
    );
    const { id } = await clock.run(runtime.sync(REQUEST));
    await clock.advance(10);
    const startedAtMs = clock.monotonic();
    const closed = runtime.close({ deadlineMs: 1_000 });
    await clock.advance(999);
    expect(signal).toMatchObject({ aborted: false });
    await clock.run(closed);
    expect(signal).toMatchObject({ aborted: true, reason: { code: 'HF_CLOSED' } });
    expect(clock.monotonic() - startedAtMs).toBeLessThanOrEqual(1_100);

    const next = boot(withRun(note)).runtime;
    const operation = next.operations.get(id);
    // An attempt that the stop cut off is not spent.
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed', attempts: 1 });
    expect(seen).toEqual([seen[0], seen[0]]);
  });

  test('SV-4 a second call stops at once, and nothing is lost', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(never));
    const { id } = await clock.run(runtime.sync(REQUEST));
    await clock.advance(10);
    const first = runtime.close({ deadlineMs: 3_600_000 });
    await clock.advance(1_000);
    expect(runtime.getHealthStatus().phase).toBe('draining');
    const second = runtime.close({ deadlineMs: 3_600_000 });
    await clock.advance(0);
    expect(runtime.getHealthStatus().phase).toBe('stopped');
    await clock.run(Promise.all([first, second]));
    // A third has nothing to do.
    await clock.run(runtime.close());

    const next = boot(withRun(() => null)).runtime;
    expect(await clock.run(next.operations.get(id).outcome)).toMatchObject({ status: 'completed' });
  });

  test('SV-4 nothing is admitted while it drains nor afterwards, and nothing is stored of it', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(async () => await pass(clock, 1_000)));
    const { id } = await clock.run(runtime.sync(REQUEST));
    await clock.advance(10);
    const closed = runtime.close();
    await clock.advance(0);
    expect(runtime.getHealthStatus().phase).toBe('draining');
    const refusal = { code: 'HF_CLOSED', retry: 'later' };
    await expect(clock.run(runtime.sync(REQUEST))).rejects.toMatchObject(refusal);
    await clock.run(closed);
    await expect(clock.run(runtime.sync(REQUEST))).rejects.toMatchObject(refusal);
    await expect(
      clock.run(runtime.executeResilientSync({ type: 'a.b', tier: 'basic' }, 'user-42', never)),
    ).rejects.toMatchObject(refusal);

    const next = boot(withRun(() => null)).runtime;
    const { views } = await clock.run(next.operations.page());
    expect(views.map((view) => view.id)).toEqual([id]);
  });

  test('SV-4 SV-3 what waited when it closed goes on at the next start, each in its lane', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => null));
    await clock.run(runtime.ready);
    runtime.upstream('default').forceOpen('maintenance');
    const request = (number: number): SyncRequest => ({
      ...REQUEST,
      entity: { type: 'account', id: `a${number % 3}` },
      payload: number,
    });
    const accepted = Array.from({ length: 12 }, (_, number) => runtime.sync(request(number)));
    await clock.run(Promise.all(accepted));
    await clock.run(runtime.close());

    const done: number[] = [];
    const next = boot(
      withRun(async ({ payload }) => {
        await pass(clock, 10);
        done.push(Number(payload));
      }),
    ).runtime;
    await clock.run(next.ready);
    next.upstream('default').release();
    await clock.advanceUntil(() => done.length === 12);
    for (const lane of [0, 1, 2]) {
      const numbers = done.filter((number) => number % 3 === lane);
      expect(numbers).toEqual([0, 3, 6, 9].map((number) => number + lane));
    }
  });
});

describe('OP-4 a dead letter at the head of a lane', () => {
  test.each([
    [true, 'inLane', 'inLane'],
    [false, 'completed', 'completed'],
  ] as const)(
    'OP-4 with strictOrder %s the next of its lane is %s, after a restart too',
    async (strictOrder, before, after) => {
      const { clock, boot } = createWorld();
      const options = withRun(
        ({ payload }) => {
          if (payload === 'bad') throw permanentFailure('No.', { status: 422 });
          return null;
        },
        { strictOrder },
      );
      const { runtime } = boot(options);
      const request = (id: string, payload: string): SyncRequest => ({
        ...REQUEST,
        entity: { type: 'account', id },
        payload,
      });
      const [bad, good, other] = await clock.run(
        Promise.all([
          runtime.sync(request('a1', 'bad')),
          runtime.sync(request('a1', 'good')),
          runtime.sync(request('a2', 'good')),
        ]),
      );
      await clock.advance(60_000);
      const stateOf = async (of: typeof runtime, id: string): Promise<string> =>
        (await clock.run(of.operations.get(id).view())).state;
      expect(await stateOf(runtime, bad.id)).toBe('deadLettered');
      expect(await stateOf(runtime, good.id)).toBe(before);
      expect(await stateOf(runtime, other.id)).toBe('completed');
      await clock.run(runtime.close());

      const next = boot(options).runtime;
      await clock.run(next.ready);
      await clock.advance(60_000);
      expect(await stateOf(next, good.id)).toBe(after);
      // One that comes later stands behind it.
      const late = await clock.run(next.sync(request('a1', 'good')));
      await clock.advance(1_000);
      expect(await stateOf(next, late.id)).toBe(after);
    },
  );
});
