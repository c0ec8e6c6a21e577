import { describe, expect, test } from 'vitest';
import type { Attempt, Run } from '../../../actors/operation/handler.ts';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const TIMEOUT_MS = 1_000;
const RETRY = { initialDelayMs: 10, delayMsMax: 10, jitterMsMax: 0, attemptsMax: 2 };

interface Scene {
  readonly world: World;
  readonly process: Process;
  /** Submits one operation and lets time pass until it has ended. */
  readonly runOne: () => ReturnType<typeof settle>;
}

function optionsFor(run: Run): Partial<RuntimeOptions> {
  return {
    upstreams: { payments: { attemptTimeoutMs: TIMEOUT_MS, concurrency: 1 } },
    handlers: { 'payments.push': { upstream: 'payments', run } },
    policies: { tiers: { basic: { retry: RETRY } } },
  };
}

async function submit({ world, process }: Pick<Scene, 'world' | 'process'>) {
  return await world.clock.run(
    process.runtime.sync({ type: 'payments.push', subject: 'user-42', tier: 'basic' }),
  );
}

async function settle(scene: Pick<Scene, 'world' | 'process'>) {
  const operation = await submit(scene);
  return await scene.world.clock.run(operation.outcome);
}

function begin(run: Run): Scene {
  const world = createWorld();
  const process = world.boot(optionsFor(run));
  return { world, process, runOne: () => settle({ world, process }) };
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

/** Returns once its signal is aborted. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('Stopped.'));
    });
  });
}

describe('OP-3 the deadline of an attempt', () => {
  test('OP-3 at the deadline the signal is aborted, and the attempt has timed out, whatever the handler throws', async () => {
    const seen: { atMs: number; deadlineAtMs: number; reason: unknown }[] = [];
    const scene = begin(({ signal, deadlineAtMs }: Attempt) => {
      signal.addEventListener('abort', () => {
        seen.push({ atMs: scene.world.clock.now(), deadlineAtMs, reason: signal.reason });
      });
      return untilAborted(signal);
    });
    const operation = await submit(scene);
    await scene.world.clock.advanceUntil(() => seen.length === 2);
    expect((await operation.view()).failure).toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    for (const { atMs, deadlineAtMs, reason } of seen) {
      expect(atMs).toBe(deadlineAtMs);
      expect(reason).toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    }
    // The next one may be under way by now; the permits of these are back.
    const { runtime } = scene.process;
    const { attemptsRunning } = runtime.getHealthStatus().operations;
    expect(runtime.upstream('payments').inFlight).toBe(attemptsRunning);
  });

  test('OP-3 a handler that asks for the signal after the deadline finds it aborted', async () => {
    const aborted: boolean[] = [];
    const { runOne, world } = begin(async (attempt) => {
      await new Promise<void>((resolve) => {
        world.clock.schedule(2 * TIMEOUT_MS, resolve);
      });
      aborted.push(attempt.signal.aborted);
      return null;
    });
    await runOne();
    expect(aborted).toEqual([true]);
  });

  test('OP-3 RT-2 an answer after the deadline counts: nothing is begun beside it', async () => {
    const answers: ((answer: string) => void)[] = [];
    const scene = begin(
      () =>
        new Promise<string>((resolve) => {
          answers.push(resolve);
        }),
    );
    const operation = await submit(scene);
    await scene.world.clock.advance(2 * TIMEOUT_MS);
    expect([answers.length, (await operation.view()).state]).toEqual([1, 'attempting']);
    expect(scene.process.runtime.upstream('payments').inFlight).toBe(1);
    answers[0]?.('late');
    const outcome = await scene.world.clock.run(operation.outcome);
    expect(outcome).toMatchObject({ status: 'completed', response: 'late', attempts: 1 });
    expect(scene.process.runtime.upstream('payments').inFlight).toBe(0);
  });

  test('OP-3 CB-1 five operations whose own time is over, and five defects, say nothing of the upstream', async () => {
    const scene = begin(({ payload, signal }) => {
      if (payload === 'defect') throw new TypeError('x is undefined');
      return payload === 'fine' ? 'fine' : untilAborted(signal);
    });
    const { world, process } = scene;
    for (let index = 0; index < 10; index += 1) {
      const payload = index % 2 === 0 ? 'defect' : 'slow';
      const expiresAtMs = payload === 'slow' ? world.clock.now() + 100 : undefined;
      const request = { type: 'payments.push', subject: 'user-42', tier: 'trial' } as const;
      const { outcome } = await world.clock.run(
        process.runtime.sync({ ...request, payload, expiresAtMs }),
      );
      const status = payload === 'slow' ? 'expired' : 'deadLettered';
      expect(await world.clock.run(outcome)).toMatchObject({ status });
    }
    expect(process.runtime.upstream('payments').breaker).toBe('closed');
  });
});

test('SV-4 RT-1 a stop leaves a handler that does not return: what has timed out has failed', async () => {
  const calls: AbortSignal[] = [];
  const run: Run = ({ signal }) => {
    calls.push(signal);
    return calls.length === 1 ? never() : 'fine';
  };
  const { world, process } = begin(run);
  const { id } = await submit({ world, process });
  await world.clock.advance(TIMEOUT_MS + 100);
  expect(calls[0]?.reason).toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
  await world.clock.run(process.runtime.close({ deadlineMs: 1 }));
  const next = world.boot(optionsFor(run));
  const outcome = await world.clock.run(next.runtime.operations.get(id).outcome);
  expect(outcome).toMatchObject({ status: 'completed', attempts: 2 });
});

describe('SV-2 nothing that a handler does gets past the runner', () => {
  test.each([
    { title: 'an error', thrown: new Error('A bug.') },
    { title: 'undefined', thrown: undefined },
    { title: 'null', thrown: null },
    { title: 'text', thrown: 'A bug.' },
    { title: 'an object without a prototype', thrown: Object.create(null) as unknown },
    {
      title: 'what passes for an error of ours but has no text',
      thrown: Object.assign(transientFailure('Busy.'), { message: 7 }),
    },
    {
      title: 'what throws when it is looked at',
      thrown: new Proxy(
        {},
        {
          get() {
            throw new Error('Hands off.');
          },
        },
      ),
    },
  ])(
    'SV-2 a handler that throws $title, at once or later, ends its operation only',
    async ({ thrown }) => {
      for (const isAtOnce of [true, false]) {
        let calls = 0;
        const { runOne, process } = begin(async () => {
          calls += 1;
          if (calls > 2) return 'fine';
          if (!isAtOnce) await Promise.resolve();
          throw thrown;
        });
        // Classified as it came; the deadline had no part in it.
        expect(await runOne()).toMatchObject({
          status: 'deadLettered',
          attempts: 2,
          error: {
            code: 'HF_ATTEMPTS_EXHAUSTED',
            message: expect.stringMatching(/handler failed/) as string,
          },
        });
        expect(await runOne()).toMatchObject({ status: 'completed', response: 'fine' });
        // Told of as the handler's, and of nothing else.
        const codes = new Set(process.errors.map((error) => (error as HoldfastError).code));
        expect([...codes].filter((code) => code !== 'HF_ATTEMPT_FAILED')).toEqual([]);
      }
    },
  );

  test('SV-2 a handler that is no promise and throws within the call looks like one that rejects', async () => {
    const { runOne } = begin(({ number }) => {
      if (number === 1) throw transientFailure('Busy.');
      return 'fine';
    });
    expect(await runOne()).toMatchObject({ status: 'completed', attempts: 2 });
  });

  test.each([
    { title: 'a function', answer: () => 'paid' },
    { title: 'a bigint', answer: 1n },
    { title: 'a cycle', answer: cycle() },
    { title: 'a symbol', answer: Symbol('paid') },
    {
      title: 'what throws when it is written',
      answer: {
        toJSON() {
          throw new Error('No.');
        },
      },
    },
  ])(
    'SV-2 PS-2 the work is done though the answer is $title; only the echo is lost',
    async ({ answer }) => {
      const { runOne, process } = begin(() => answer as never);
      expect(await runOne()).toMatchObject({ status: 'completed', response: undefined });
      expect(process.errors).toEqual([]);
    },
  );
});

test('SV-2 PS-2 an answer that can be written once only does not hold up its operation', async () => {
  let writes = 0;
  const answer = {
    toJSON() {
      writes += 1;
      if (writes > 1) throw new Error('Once is enough.');
      return 'paid';
    },
  };
  const { runOne } = begin(() => answer as never);
  expect(await runOne()).toMatchObject({ status: 'completed', response: 'paid' });
});

describe('SV-4 an attempt that is interrupted', () => {
  test('SV-4 RT-4 spends no attempt: after the restart it is made under the same number and key', async () => {
    const calls: { number: number; key: string; signal: AbortSignal }[] = [];
    const run: Run = ({ number, idempotencyKey, signal }) => {
      calls.push({ number, key: idempotencyKey, signal });
      return calls.length === 1 ? never() : 'fine';
    };
    const { world, process } = begin(run);
    const { id } = await submit({ world, process });
    await world.clock.advance(10);
    await world.clock.run(process.runtime.close({ deadlineMs: 1 }));
    expect(calls[0]?.signal.reason).toMatchObject({ code: 'HF_CLOSED' });

    const next = world.boot(optionsFor(run));
    const outcome = await world.clock.run(next.runtime.operations.get(id).outcome);
    expect(outcome).toMatchObject({ status: 'completed', response: 'fine', attempts: 1 });
    expect(calls.map(({ number, key }) => ({ number, key }))).toEqual([
      { number: 1, key: calls[0]?.key },
      { number: 1, key: calls[0]?.key },
    ]);
  });

  test('OP-5 cancelled, it aborts the signal, and ends as soon as its handler has returned', async () => {
    const signals: AbortSignal[] = [];
    const scene = begin(({ signal }) => {
      signals.push(signal);
      return untilAborted(signal);
    });
    const operation = await submit(scene);
    await scene.world.clock.advance(10);
    await scene.world.clock.run(operation.cancel());
    expect(signals.map(({ reason }): unknown => reason)).toMatchObject([{ code: 'HF_CANCELLED' }]);
    expect((await scene.world.clock.run(operation.outcome)).status).toBe('cancelled');
    expect(scene.process.runtime.upstream('payments').inFlight).toBe(0);
  });

  test('OP-5 OP-4 a handler that does not return holds the lane of what was cancelled, until its process ends', async () => {
    let calls = 0;
    const run: Run = () => {
      calls += 1;
      return calls === 1 ? never() : 'fine';
    };
    const { world, process } = begin(run);
    const request = {
      type: 'payments.push',
      subject: 'user-42',
      tier: 'basic',
      entity: { type: 'account', id: 'a-1' },
    } as const;
    const first = await world.clock.run(process.runtime.sync(request));
    const second = await world.clock.run(process.runtime.sync(request));
    await world.clock.advance(10);
    await world.clock.run(first.cancel());
    await world.clock.advance(60 * TIMEOUT_MS);
    const states = await Promise.all(
      [first, second].map(async (each) => (await each.view()).state),
    );
    expect([calls, ...states]).toEqual([1, 'cancelling', 'inLane']);
    expect(process.runtime.upstream('payments').inFlight).toBe(0);
    // That it was cancelled is on disk: the next process ends it, and its lane goes on.
    process.kill();
    const next = world.boot(optionsFor(run));
    const outcomes = [first, second].map(({ id }) => next.runtime.operations.get(id).outcome);
    const ends = await world.clock.run(Promise.all(outcomes));
    expect(ends.map(({ status }) => status)).toEqual(['cancelled', 'completed']);
  });
});

function cycle(): object {
  const made: Record<string, unknown> = {};
  made['self'] = made;
  return made;
}

test('OP-3 a response that no record can hold is dropped and told of, and the operation completes', async () => {
  const scene = begin(() => Promise.resolve('x'.repeat(17 * 1_024 * 1_024)));
  expect(await scene.runOne()).toMatchObject({ status: 'completed', response: undefined });
  expect(scene.process.errors).toMatchObject([{ code: 'HF_RESPONSE_TOO_LARGE' }]);
});

test('PF-1 a slow disk is no latency of the upstream, whose time-out is measured', async () => {
  const world = createWorld();
  const options = optionsFor(() => Promise.resolve(null));
  const upstreams = { payments: { attemptTimeoutMs: 60_000 } };
  const process = world.boot({ ...options, upstreams });
  await world.clock.run(process.runtime.ready);
  process.store.faults.delayMs = () => 900;
  for (let count = 0; count < 5; count += 1) await settle({ world, process });
  const { flow } = process.runtime.getHealthStatus().upstreams['payments'] ?? {};
  expect(flow?.timeoutMs).toBe(1_000);
});
