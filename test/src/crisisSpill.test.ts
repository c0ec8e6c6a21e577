import { describe, expect, test } from 'vitest';
import type { Handler } from '../../actors/operation/handler.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Write } from '../../persistence/port/store.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const CRISIS = {
  ...{ subject: 'user-42', type: 'crisis.alert' },
  ...{ idempotencyKey: 'session-7', payload: 'crisis-1' },
};

function handlers(run: Handler['run']): Record<string, Handler> {
  return { 'crisis.alert': { upstream: 'default', run } };
}

const fails = (): never => {
  throw new Error('The upstream is away.');
};

/** A process whose database fails from now on, with a crisis that can't be delivered either. */
async function sickProcess(world: World): Promise<Process> {
  const process = world.boot({ handlers: handlers(fails) });
  await world.clock.run(process.runtime.ready);
  process.store.faults.fate = () => 'failsUnwritten';
  return process;
}

/** What a next process on a healthy disk delivers. */
async function deliveredNext(world: World): Promise<readonly string[]> {
  const delivered: string[] = [];
  const next = world.boot({
    handlers: handlers(({ payload }) => {
      delivered.push(payload as string);
      return null;
    }),
  });
  await world.clock.run(next.runtime.ready);
  await world.clock.advance(120_000);
  await world.clock.run(next.runtime.close());
  return delivered;
}

describe('CR-4 a crisis while the database fails', () => {
  test.each(['killed', 'closed'])(
    'CR-4 is kept beside it, and delivered by the next process when this one is %s',
    async (how) => {
      const world = createWorld();
      const { runtime, kill } = await sickProcess(world);
      const { durable } = await world.clock.run(runtime.crisis(CRISIS));
      await world.clock.run(durable);
      expect(runtime.getHealthStatus().storage.state).toBe('failing');
      if (how === 'killed') kill();
      else await world.clock.run(runtime.close({ deadlineMs: 100 }));
      expect(await deliveredNext(world)).toEqual(['crisis-1']);
    },
  );

  test('CR-4 one that comes when it has been failing for long is kept at once', async () => {
    const world = createWorld();
    const { runtime, kill } = await sickProcess(world);
    await world.clock.run(runtime.crisis({ ...CRISIS, payload: 'crisis-0' }));
    await world.clock.advance(60_000);
    const { durable } = await world.clock.run(runtime.crisis(CRISIS));
    const startedAtMs = world.clock.monotonic();
    await world.clock.run(durable);
    expect(world.clock.monotonic()).toBe(startedAtMs);
    kill();
    expect((await deliveredNext(world)).toSorted()).toEqual(['crisis-0', 'crisis-1']);
  });

  test('CR-4 is in the database once that is well, and is not taken up twice', async () => {
    const world = createWorld();
    const { runtime, store, kill } = await sickProcess(world);
    const { operationId } = await world.clock.run(runtime.crisis(CRISIS));
    await world.clock.advance(1_000);
    store.faults.fate = () => 'works';
    await world.clock.advance(10_000);
    expect(runtime.getHealthStatus().storage.state).toBe('well');
    expect(await world.disk.find(operationId ?? '')).not.toBeNull();
    kill();
    expect(await deliveredNext(world)).toEqual(['crisis-1']);
  });

  test('CR-4 PS-3 one that a damaged page of a well database refuses is kept beside it', async () => {
    const world = createWorld();
    const process = world.boot({ handlers: handlers(fails) });
    await world.clock.run(process.runtime.ready);
    const commit = process.store.commit.bind(process.store);
    Object.assign(process.store, {
      commit: async (writes: readonly Write[]) => {
        if (!writes.some(({ kind }) => kind === 'accept')) return await commit(writes);
        throw new HoldfastError('HF_STORE_CORRUPT', 'A page that only this needs is damaged.');
      },
    });
    const { durable } = await world.clock.run(process.runtime.crisis(CRISIS));
    await world.clock.run(durable);
    expect(process.runtime.getHealthStatus().damage?.times).toBeGreaterThan(0);
    process.kill();
    expect(await deliveredNext(world)).toEqual(['crisis-1']);
  });

  test('CR-4 control: where nothing is kept beside it, it is lost with the process', async () => {
    const world = createWorld();
    const { runtime, store, kill } = await sickProcess(world);
    Object.assign(store, { spill: async () => await new Promise<never>(() => undefined) });
    let isDurable = false;
    const { durable } = await world.clock.run(runtime.crisis(CRISIS));
    void durable.then(() => {
      isDurable = true;
    });
    await world.clock.advance(60_000);
    expect(isDurable).toBe(false);
    kill();
    expect(await deliveredNext(world)).toEqual([]);
  });
});
