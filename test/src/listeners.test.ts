import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Operation } from '../../src/operation.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** What a listener throws, now and after a while. */
const fail = (): never => {
  throw new Error('bad listener');
};
const failLater: () => unknown = async () => {
  await Promise.resolve();
  return fail();
};

interface Scene {
  readonly world: World;
  readonly process: Process;
  readonly operation: Operation;
  readonly attempts: readonly Attempt[];
  /** The upstream answers. */
  readonly answer: () => void;
}

/** An operation whose attempt is under way. */
async function underWay(): Promise<Scene> {
  const world = createWorld();
  const attempts: Attempt[] = [];
  let answer = (): void => undefined;
  const run = async (attempt: Attempt): Promise<Json> => {
    attempts.push(attempt);
    return await new Promise<Json>((resolve) => {
      answer = () => {
        resolve(null);
      };
    });
  };
  const process = world.boot({
    handlers: { 'payments.push': { upstream: 'default', run, attemptTimeoutMs: 5_000 } },
  });
  const operation = await world.clock.run(process.runtime.sync(REQUEST));
  await world.clock.advance(10);
  expect(operation.actor.getSnapshot()?.value).toBe('attempting');
  return { world, process, operation, attempts, answer: () => answer() };
}

const messages = ({ errors }: Process): readonly string[] =>
  errors.map((error) => (error instanceof Error ? error.message : String(error)));

describe('SV-2 operation.actor', () => {
  test('SV-2 no event from outside moves an operation', async () => {
    const { world, process, operation, answer } = await underWay();
    const { actor } = operation;
    const refused = expect.objectContaining({ code: 'HF_ACTOR_READ_ONLY' });
    const event = { type: 'attempt.succeeded', atMs: world.clock.now() } as const;
    expect(() => actor.send(event)).toThrow(refused);
    // Nothing of the actor within can be had by it, or put in its place.
    expect(Object.keys(actor).toSorted()).toEqual(['getSnapshot', 'id', 'send', 'subscribe']);
    expect(actor).toSatisfy(Object.isFrozen);
    await world.clock.advance(100);
    expect((await world.clock.run(operation.view())).state).toBe('attempting');
    answer();
    expect((await world.clock.run(operation.outcome)).status).toBe('completed');
    await world.clock.run(process.runtime.close());
  });

  test('SV-2 what is given away of an operation can not be changed', async () => {
    const { world, process, operation, answer } = await underWay();
    const seen: unknown[] = [];
    operation.actor.subscribe((snapshot) => seen.push(snapshot));
    const snapshot = operation.actor.getSnapshot();
    const { context } = snapshot ?? expect.unreachable('it is in memory');
    for (const change of [
      () => Object.assign(context, { attempt: 99 }),
      () => Object.assign(snapshot ?? {}, { value: 'completed' }),
      () => Reflect.apply(Array.prototype.push, context.history, [{}]),
    ]) {
      expect(change).toThrow(TypeError);
    }
    expect(operation.actor.getSnapshot()).toMatchObject({
      value: 'attempting',
      context: { attempt: 1 },
    });
    answer();
    const { status, attempts } = await world.clock.run(operation.outcome);
    expect({ status, attempts }).toEqual({ status: 'completed', attempts: 1 });
    for (const given of seen) expect(given).toSatisfy(Object.isFrozen);
    await world.clock.run(process.runtime.close());
  });

  test('SV-2 a subscriber that throws, at once or later, ends neither actor nor process', async () => {
    const { world, process, operation, answer } = await underWay();
    operation.actor.subscribe(fail);
    operation.actor.subscribe({ next: fail, error: fail, complete: fail });
    operation.actor.subscribe(failLater);
    operation.subscribe(fail);
    operation.subscribe(failLater);
    answer();
    expect((await world.clock.run(operation.outcome)).status).toBe('completed');
    await world.clock.advance(10);
    expect(messages(process)).toContain('bad listener');
    expect(new Set(messages(process))).toEqual(new Set(['bad listener']));
    await world.clock.run(process.runtime.close());
  });
});

describe("SV-2 an attempt's signal", () => {
  test('SV-2 a listener that throws ends nothing, however it listens', async () => {
    const { world, process, operation, attempts } = await underWay();
    const signal = attempts[0]?.signal;
    const told: string[] = [];
    signal?.addEventListener('abort', fail);
    signal?.addEventListener('abort', failLater, { once: true });
    signal?.addEventListener('abort', { handleEvent: fail });
    Object.assign(signal ?? {}, { onabort: fail });
    const removed = (): void => {
      told.push('removed');
    };
    signal?.addEventListener('abort', removed);
    signal?.removeEventListener('abort', removed);
    const twice = (): void => {
      told.push('once');
    };
    signal?.addEventListener('abort', twice);
    signal?.addEventListener('abort', twice);
    const any = signal === undefined ? null : AbortSignal.any([signal]);
    await world.clock.run(operation.cancel());
    // Its handler never returns, so it ends no sooner than the process.
    expect((await world.clock.run(operation.view())).state).toBe('cancelling');
    await world.clock.advance(10);
    expect(signal?.aborted).toBe(true);
    expect(any?.aborted).toBe(true);
    expect(told).toEqual(['once']);
    expect(messages(process)).toEqual(Array.from({ length: 4 }, () => 'bad listener'));
  });
});
