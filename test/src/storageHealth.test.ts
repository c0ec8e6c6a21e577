import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Write } from '../../persistence/port/store.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

async function started(): Promise<{ readonly world: World; readonly process: Process }> {
  const world = createWorld();
  const process = world.boot({
    handlers: { 'payments.push': { upstream: 'default', run: () => null } },
  });
  await world.clock.run(process.runtime.ready);
  return { world, process };
}

/** Makes commits fail that hold what fits; returns what undoes it. */
function failing(
  { store }: Process,
  code: ErrorCode,
  fits: (write: Write) => boolean = () => true,
): () => void {
  const commit = store.commit.bind(store);
  const fail = async (writes: readonly Write[]) => {
    if (!writes.some(fits)) return await commit(writes);
    throw new HoldfastError(code, 'As the test wanted.', { retry: 'later', withStack: false });
  };
  Object.assign(store, { commit: fail });
  return () => {
    Object.assign(store, { commit });
  };
}

describe('storage health of a runtime', () => {
  test.each([
    ['HF_STORE_FULL', 'full'],
    ['HF_STORE_LOCKED', 'locked'],
    ['HF_STORE_READ_ONLY', 'readOnly'],
    ['HF_STORE_IO', 'failing'],
    ['HF_STORE_LOST', 'lost'],
    ['HF_STORE_CORRUPT', 'corrupt'],
  ] as const)('PS-6 HM-1 DG-1 after %s it is %s, and well again by itself', async (code, state) => {
    const { world, process } = await started();
    const { runtime } = process;
    const heal = failing(process, code);
    await expect(world.clock.run(runtime.sync(REQUEST))).rejects.toMatchObject({
      code,
      retry: 'later',
    });
    const ill = runtime.getHealthStatus();
    expect(ill).toMatchObject({
      overall: 'critical',
      level: 'offline',
      storage: { state },
      components: { storage: 'critical' },
    });
    expect(ill.reasons.join()).toContain(code);
    const operations = await world.clock.run(runtime.operations.page());
    expect(operations.views).toEqual([]);

    heal();
    await world.clock.advance(6_000);
    expect(runtime.getHealthStatus()).toMatchObject({ storage: { state: 'well' } });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(10_000);
    expect((await world.clock.run(operation.outcome)).status).toBe('completed');
    // A page that was damaged once is looked at by a person, also where nothing needs it any more.
    expect(runtime.getHealthStatus().overall).toBe(
      code === 'HF_STORE_CORRUPT' ? 'degraded' : 'healthy',
    );
    const alerts = process.errors.filter((error) => String(error).includes('storage is well'));
    expect(alerts).toMatchObject([{ code: 'HF_ALERT', retry: 'never' }]);
  });

  test('PS-6 a page that only one record needs costs that record, and the others nothing', async () => {
    const { world, process } = await started();
    const { runtime } = process;
    failing(process, 'HF_STORE_CORRUPT', (write) => write.kind === 'accept' && write.lane !== null);
    const inLane = { ...REQUEST, entity: { type: 'account', id: 'a1' } };
    const [bad, good] = await world.clock.run(
      Promise.allSettled([runtime.sync(inLane), runtime.sync(REQUEST)]),
    );
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'HF_STORE_CORRUPT' } });
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(runtime.getHealthStatus()).toMatchObject({
      level: 'normal',
      storage: { state: 'well' },
    });
    expect(process.errors).toMatchObject([{ code: 'HF_STORE_CORRUPT' }]);
  });

  test('PS-6 DG-1 a commit that is overdue makes it slow, until one is in time', async () => {
    const { world, process } = await started();
    const { runtime, store } = process;
    store.faults.delayMs = () => 2_500;
    const accepted = runtime.sync({ ...REQUEST, tier: 'trial' });
    await world.clock.advance(999);
    expect(runtime.getHealthStatus().storage.state).toBe('well');
    await world.clock.advance(1);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      level: 'limited',
      storage: { state: 'slow' },
    });
    await world.clock.run(accepted);
    // Late commits neither end it nor begin it again.
    await world.clock.advance(30_000);
    expect(runtime.getHealthStatus().storage.state).toBe('slow');
    store.faults.delayMs = () => 0;
    await world.clock.advance(10_000);
    expect(runtime.getHealthStatus()).toMatchObject({
      level: 'normal',
      storage: { state: 'well' },
    });
  });

  test('PS-6 HM-6 nothing wakes while storage is well and nothing is written', async () => {
    const { world, process } = await started();
    await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(60_000);
    const pending = world.clock.pending;
    await world.clock.advance(600_000);
    expect(world.clock.pending).toBe(pending);
  });
});
