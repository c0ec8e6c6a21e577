/** An outcome is waited for so long and no longer. */

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Handler } from '../../src/index.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'work.push', subject: 'user-1' } as const;

async function started(world: World, run: Handler['run']) {
  const { runtime, store } = world.boot({
    upstreams: { payments: {} },
    handlers: { 'work.push': { upstream: 'payments', run } },
  });
  await world.clock.run(runtime.ready);
  return { runtime, store };
}

describe('OP-11', () => {
  test('OP-11 an outcome that comes in time is what it resolves to', async () => {
    const world = createWorld();
    const { runtime } = await started(world, () => ({ ok: true }));
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const result = await world.clock.run(operation.wait({ timeoutMs: 1_000 }));
    expect(result).toEqual(await operation.outcome);
    expect(await world.clock.run(operation.wait())).toEqual(result);
    expect(await world.clock.run(operation.wait({ timeoutMs: 0 }))).toEqual(result);
    await world.clock.run(runtime.close());
  });

  test('OP-11 at the time-out it says where the operation stands, which goes on', async () => {
    const world = createWorld();
    let answer: (value: string) => void = () => undefined;
    const { runtime } = await started(
      world,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const beganAtMs = world.clock.now();
    const result = await world.clock.run(operation.wait({ timeoutMs: 300 }));
    expect(world.clock.now() - beganAtMs).toBe(300);
    expect(result).toMatchObject({
      status: 'pending',
      operationId: operation.id,
      view: { state: 'attempting' },
    });
    answer('done');
    const later = await world.clock.run(operation.wait({ timeoutMs: 300 }));
    expect(later).toMatchObject({ status: 'completed', response: 'done' });
    await world.clock.run(runtime.close());
  });

  test('OP-11 one that is parked says why, and of a handle by id it is the same', async () => {
    const world = createWorld();
    const { runtime } = await started(world, () => null);
    runtime.upstream('payments').forceOpen('maintenance');
    const { id } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(5_000);
    const result = await world.clock.run(runtime.operations.get(id).wait({ timeoutMs: 50 }));
    expect(result).toMatchObject({ status: 'pending', view: { wait: { reason: 'operator' } } });
    await world.clock.run(runtime.close());
  });

  test('OP-11 a signal ends the wait with its reason, and leaves nothing behind', async () => {
    const world = createWorld();
    const { runtime } = await started(world, () => new Promise(() => undefined));
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const abort = new AbortController();
    const { signal } = abort;
    await world.clock.run(operation.wait({ timeoutMs: 20, signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const reason = new Error('The client has gone.');
    const waiting = operation.wait({ timeoutMs: 10_000, signal });
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(operation.wait({ signal })).rejects.toBe(reason);
    expect((await operation.view()).state).toBe('attempting');
    await world.clock.run(runtime.close({ deadlineMs: 0 }));
  });

  test('OP-11 it rejects where no outcome can come, and for options that can not be meant', async () => {
    const world = createWorld();
    const { runtime } = await started(world, () => new Promise(() => undefined));
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const unknown = runtime.operations.get('00000000-0000-4000-8000-000000000000');
    await expect(world.clock.run(unknown.wait({ timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'HF_OPERATION_UNKNOWN',
    });
    await expect(operation.wait({ timeoutMs: -1 })).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'timeoutMs',
    });
    const ended = operation.wait({ timeoutMs: 600_000 }).catch((error: unknown) => error);
    await world.clock.run(runtime.close({ deadlineMs: 0 }));
    expect(await ended).toMatchObject({ code: 'HF_CLOSED' });
  });
});
