import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

function withRun(run: (attempt: Attempt) => unknown, more = {}): Partial<RuntimeOptions> {
  return {
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: async (attempt) => (await run(attempt)) as null,
        ...more,
      },
      'crisis.alert': { upstream: 'default', run: async (attempt) => (await run(attempt)) as null },
    },
  };
}

/** Returns as soon as the signal is aborted. */
const obey = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('Stopped.'));
    });
  });
const never = async (): Promise<never> => await new Promise<never>(() => undefined);

describe('idempotency', () => {
  test('OP-8 the same key and body is one operation, at once, later, settled and after a restart', async () => {
    const { clock, boot } = createWorld();
    let calls = 0;
    const options = withRun(() => {
      calls += 1;
      return null;
    });
    const first = boot(options).runtime;
    const request = { ...REQUEST, idempotencyKey: 'key-1', payload: { a: 1, b: 2 } };
    const [one, two] = await clock.run(Promise.all([first.sync(request), first.sync(request)]));
    expect(two.id).toBe(one.id);
    expect([one.isDuplicate, two.isDuplicate]).toEqual([false, true]);
    await clock.run(one.outcome);
    // The order of the fields of a payload is no difference.
    const three = await clock.run(first.sync({ ...request, payload: { b: 2, a: 1 } }));
    await clock.run(first.close());

    const second = boot(options).runtime;
    const four = await clock.run(second.sync(request));
    expect([three.id, four.id]).toEqual([one.id, one.id]);
    expect(await clock.run(four.outcome)).toMatchObject({ status: 'completed' });
    expect(calls).toBe(1);
  });

  test('OP-8 the same key with another body is refused, and for another subject is another key', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => null));
    const request = { ...REQUEST, idempotencyKey: 'key-1' };
    const { id } = await clock.run(runtime.sync(request));
    await expect(clock.run(runtime.sync({ ...request, payload: 7 }))).rejects.toMatchObject({
      code: 'HF_IDEMPOTENCY_CONFLICT',
      field: 'idempotencyKey',
    });
    expect((await clock.run(runtime.sync({ ...request, subject: 'user-43' }))).id).not.toBe(id);
  });
});

describe('what a caller may do with an operation', () => {
  test('OP-5 cancel aborts the running attempt, and the ending is told', async () => {
    const { clock, boot } = createWorld();
    let signal: AbortSignal | null = null;
    const { runtime } = boot(
      withRun((attempt) => {
        signal = attempt.signal;
        return obey(attempt.signal);
      }),
    );
    const operation = await clock.run(runtime.sync(REQUEST));
    await clock.advance(10);
    expect(operation.actor.getSnapshot()?.value).toBe('attempting');
    await clock.run(operation.cancel());
    expect(signal).toMatchObject({ aborted: true });
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'cancelled' });
    // A second one has nothing to do.
    await clock.run(operation.cancel());
  });

  test('OP-5 retryNow does not wait for the backoff, and cancel ends what waits', async () => {
    const { clock, boot } = createWorld();
    let calls = 0;
    const { runtime } = boot({
      ...withRun(() => {
        calls += 1;
        throw transientFailure('Busy.');
      }),
      policies: { tiers: { premium: { retry: { initialDelayMs: 60_000, delayMsMax: 60_000 } } } },
    });
    const operation = await clock.run(runtime.sync(REQUEST));
    await clock.advance(1_000);
    expect(await clock.run(operation.view())).toMatchObject({ state: 'backingOff', attempt: 1 });
    await clock.run(operation.retryNow());
    await clock.advance(1_000);
    expect(calls).toBe(2);
    await clock.run(operation.cancel());
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'cancelled', attempts: 2 });
  });

  test('OP-5 what expires while its breaker is open is ended in time', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => null));
    await clock.run(runtime.ready);
    runtime.upstream('default').forceOpen('maintenance');
    const request = { ...REQUEST, expiresAtMs: clock.now() + 5_000 };
    const operation = await clock.run(runtime.sync(request));
    await clock.advance(6_000);
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'expired', attempts: 0 });
  });

  test('CB-1 a forced breaker holds work back, not crises, and its release lets it go', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => 'done'));
    await clock.run(runtime.ready);
    const upstream = runtime.upstream('default');
    upstream.forceOpen('maintenance');
    const operation = await clock.run(runtime.sync(REQUEST));
    const crisis = await clock.run(runtime.crisis({ subject: 'user-42' }));
    expect(crisis).toMatchObject({ source: 'local', elapsedMs: 0 });
    expect(await clock.run(crisis.delivery)).toMatchObject({ status: 'completed' });
    await clock.advance(600_000);
    expect((await clock.run(operation.view())).state).toBe('waiting');
    upstream.release();
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
  });
});

describe('how an attempt may fail', () => {
  test.each([
    ['RT-2 a permanent failure', permanentFailure('No.'), 'deadLettered'],
    ['RT-2 a conflict', conflictFailure('Newer.'), 'conflicted'],
  ] as const)('%s is not tried again', async (_, failure, state) => {
    const { clock, boot } = createWorld();
    let calls = 0;
    const { runtime } = boot(
      withRun(() => {
        calls += 1;
        throw failure;
      }),
    );
    const operation = await clock.run(runtime.sync(REQUEST));
    await clock.advance(600_000);
    expect((await clock.run(operation.view())).state).toBe(state);
    expect(calls).toBe(1);
  });

  test('RT-2 an unknown outcome waits for a person where repeating it is not safe', async () => {
    const { clock, boot } = createWorld();
    const run = (): never => {
      throw unknownOutcome('The connection broke.');
    };
    const { runtime } = boot(withRun(run, { honoursIdempotencyKey: false }));
    const operation = await clock.run(runtime.sync(REQUEST));
    await clock.advance(600_000);
    expect((await clock.run(operation.view())).state).toBe('inReview');
  });

  test('SV-2 OP-3 a handler that never answers keeps its own operation, and no more', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(({ tier }) => (tier === 'trial' ? never() : null)));
    const operation = await clock.run(runtime.sync({ ...REQUEST, tier: 'trial' }));
    await clock.advance(600_000);
    expect((await clock.run(operation.view())).state).toBe('overhanging');
    const other = await clock.run(runtime.sync({ ...REQUEST, tier: 'premium' }));
    expect(await clock.run(other.outcome)).toMatchObject({ status: 'completed' });
    await clock.run(operation.cancel());
    expect((await clock.run(operation.view())).state).toBe('cancelling');
  });

  test('SV-2 a handler that throws something that is no error is a failed attempt and no more', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => Promise.reject('text')));
    const operation = await clock.run(runtime.sync({ ...REQUEST, tier: 'trial' }));
    expect(await clock.run(operation.outcome)).toMatchObject({
      status: 'deadLettered',
      attempts: 3,
    });
  });

  test('SV-2 an answer that JSON can not carry loses nothing but its echo', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => 1n));
    const operation = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(operation.outcome)).toMatchObject({
      status: 'completed',
      response: undefined,
    });
  });

  test('OP-3 an answer is kept as JSON has it, the same before and after a restart', async () => {
    const world = createWorld();
    const answer = { at: new Date(0), left: undefined, list: [undefined, Number.NaN] };
    const { runtime } = world.boot(withRun(() => answer));
    const { id, outcome } = await world.clock.run(runtime.sync(REQUEST));
    const response = { at: '1970-01-01T00:00:00.000Z', list: [null, null] };
    expect(await world.clock.run(outcome)).toEqual(expect.objectContaining({ response }));
    await world.clock.run(runtime.close());
    const { runtime: next } = world.boot();
    const again = await world.clock.run(next.operations.get(id).outcome);
    expect(again).toEqual(expect.objectContaining({ response }));
  });

  test('SV-2 a listener, an observer and an onError that throw take nothing down', async () => {
    const { clock, boot } = createWorld();
    const fail = (): never => {
      throw new Error('bad guest');
    };
    const { runtime } = boot({ ...withRun(() => 'done'), inspect: fail, onError: fail });
    const operation = await clock.run(runtime.sync(REQUEST));
    operation.subscribe(fail);
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    const next = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(next.outcome)).toMatchObject({ status: 'completed' });
  });
});

describe('executeResilientSync', () => {
  test('PF-1 it answers at the response deadline of the tier, and the work goes on', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot();
    await clock.run(runtime.ready);
    const slow = async (): Promise<string> => {
      await new Promise<void>((resolve) => {
        clock.schedule(3_000, resolve);
      });
      return 'late';
    };
    const request = { type: 'profile.push', tier: 'premium' } as const;
    const answer = await clock.run(runtime.executeResilientSync(request, 'user-42', slow));
    expect(answer).toMatchObject({ success: false, resilience: { status: 'accepted' } });
    expect(answer.metrics.elapsedMs).toBe(1_000);
    const operation = runtime.operations.get(answer.resilience.operationId);
    expect(await clock.run(operation.outcome)).toMatchObject({ response: 'late' });

    const quick = await clock.run(runtime.executeResilientSync(request, 'user-42', () => 'now'));
    expect(quick).toMatchObject({ success: true, response: 'now', metrics: { elapsedMs: 0 } });
  });
});
