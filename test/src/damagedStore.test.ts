import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handler } from '../../actors/operation/handler.ts';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { permanentFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { spoilRoot, spoilRow } from '../support/store/damage.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

/** The file may open slowly on a busy machine. */
const SLOWLY = { defaults: { responseDeadlineMs: 30_000 } };
const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(ms, resolve);
  });
}

function refuse(): never {
  throw permanentFailure('refused');
}

function open(store: string, run: Handler['run'] = refuse): Runtime {
  return createRuntime({
    store,
    key: rawKey(new Uint8Array(32).fill(7)),
    handlers: { 'payments.push': { upstream: 'default', run } },
    policies: SLOWLY,
  });
}

/** Whether nothing has met damage for a while; what a start looks through beside the work may be late with it. */
async function isQuiet(runtime: Runtime): Promise<boolean> {
  const { times } = runtime.getHealthStatus().damage ?? {};
  await pause(300);
  return runtime.getHealthStatus().damage?.times === times;
}

describe('PS-3 a page that one call needs is damaged', () => {
  test('PS-3 HM-1 a replay rejects with the code, the rest goes on, and health says so', async () => {
    const store = join(tempFolder(), 'store');
    const before = open(store);
    const { id, outcome } = await before.sync({
      ...REQUEST,
      expiresAtMs: Date.now() + 3_600_000,
    });
    expect(await outcome).toMatchObject({ status: 'deadLettered' });
    await before.close();
    spoilRoot(join(store, 'data.db'), 'operation_expiry');

    const runtime = open(store);
    const damaged = { code: 'HF_STORE_CORRUPT' };
    await runtime.ready;
    // It would be found by its expiry from then on.
    await expect(runtime.deadLetters.replay(id)).rejects.toMatchObject(damaged);
    expect(await runtime.deadLetters.show(id)).toMatchObject({ id });
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'degraded' });
    expect(runtime.getHealthStatus().damage?.times).toBeGreaterThan(0);
    expect(runtime.getHealthStatus().reasons.join()).toContain("the store's file is damaged");
    expect(await (await runtime.sync(REQUEST)).outcome).toMatchObject({ status: 'deadLettered' });
    await runtime.close();
  });
});

describe('PS-3 a page that an operation needs to go on is damaged', () => {
  const RUNS: Handler = { upstream: 'default', run: () => null };
  const BUSY: Handler = {
    upstream: 'default',
    run: () => {
      throw transientFailure('busy', { retryAfterMs: 1_000 });
    },
  };

  function process(store: string, handlers: RuntimeOptions['handlers'] = {}) {
    const errors: unknown[] = [];
    const key = rawKey(new Uint8Array(32).fill(7));
    const onError = (error: unknown) => errors.push(error);
    return {
      runtime: createRuntime({ store, key, handlers, onError, policies: SLOWLY }),
      errors,
    };
  }

  test.each([
    ['ending', 'operation_settled'],
    ['order', 'operation_expiry'],
  ])(
    'PS-3 HM-1 SV-3 its %s is refused: the outcome rejects with the code, the rest goes on, the next start runs it',
    async (_, index) => {
      const store = join(tempFolder(), 'store');
      const data = join(store, 'data.db');
      const before = process(store, { 'payments.push': BUSY });
      const accepted = { ...REQUEST, expiresAtMs: Date.now() + 3_600_000 };
      const operation = await before.runtime.sync(accepted);
      const { id } = operation;
      while ((await operation.view()).state !== 'backingOff') await pause(5);
      await before.runtime.close();
      const sound = readFileSync(data);
      spoilRoot(data, index);

      const { runtime, errors } = process(store, { 'payments.push': RUNS });
      const refusal = { code: 'HF_STORE_CORRUPT' };
      await expect(runtime.operations.get(id).outcome).rejects.toMatchObject(refusal);
      expect(errors).toContainEqual(expect.objectContaining(refusal));
      expect(runtime.getHealthStatus()).toMatchObject({
        overall: 'degraded',
        operations: { attemptsRunning: 0, inMemory: 0 },
      });
      // Who asks later hears it too, and nothing tries over and over.
      await expect(runtime.operations.get(id).outcome).rejects.toMatchObject(refusal);
      await expect.poll(() => isQuiet(runtime)).toBe(true);
      await runtime.handle('stays', {
        upstream: 'default',
        run: () => {
          throw permanentFailure('refused');
        },
      });
      const other = await runtime.sync({ ...REQUEST, type: 'stays' });
      expect(await other.outcome).toMatchObject({ status: 'deadLettered' });
      await runtime.close();

      writeFileSync(data, sound);
      const after = process(store, { 'payments.push': RUNS });
      await after.runtime.ready;
      // The file is of before its last commits: a person says that nothing was done in those.
      expect(await after.runtime.release()).toBe(true);
      expect(await after.runtime.operations.get(id).outcome).toMatchObject({ status: 'completed' });
      await after.runtime.close();
    },
  );
});

describe('PS-3 a row of what is to be done is damaged', () => {
  test.each(['length', 'kind'] as const)(
    'PS-3 HM-1 in its head (%s): the rest of its route runs to its end, and health counts it',
    async (what) => {
      const store = join(tempFolder(), 'store');
      const before = open(store, () => {
        throw transientFailure('busy', { retryAfterMs: 1_000 });
      });
      const operations: Operation[] = [];
      for (let count = 0; count < 5; count += 1) operations.push(await before.sync(REQUEST));
      for (const operation of operations) {
        while ((await operation.view()).state !== 'backingOff') await pause(5);
      }
      await before.close();
      const [bad, ...others] = operations.map(({ id }) => id);
      spoilRow(join(store, 'data.db'), bad ?? '', what);

      const runtime = open(store, () => null);
      for (const id of others) {
        const outcome = await runtime.operations.get(id).outcome;
        expect(outcome).toMatchObject({ status: 'completed' });
      }
      // New work finds its way past it too.
      const { outcome } = await runtime.sync(REQUEST);
      expect(await outcome).toMatchObject({ status: 'completed' });
      const { overall, damage, reasons } = runtime.getHealthStatus();
      expect(overall).toBe('degraded');
      expect(damage?.times).toBeGreaterThan(0);
      expect(reasons.join()).toContain("the store's file is damaged");
      await runtime.close();
    },
  );
});

describe('PS-3 one row of the file is damaged', () => {
  async function untilChecked(runtime: Runtime): Promise<void> {
    while (runtime.getHealthStatus().storeCheck.state !== 'done') {
      await pause(10);
    }
  }

  async function damaged(what: 'length' | 'kind'): Promise<{
    readonly store: string;
    readonly ids: readonly string[];
  }> {
    const store = join(tempFolder(), 'store');
    const before = open(store);
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { id, outcome } = await before.sync(REQUEST);
      await outcome;
      ids.push(id);
    }
    await before.close();
    spoilRow(join(store, 'data.db'), ids[2] ?? '', what);
    return { store, ids };
  }

  test.each(['length', 'kind'] as const)(
    'PS-3 HM-1 in its head (%s): a listing has the others and says that one is missing, the check ends, health says so',
    async (what) => {
      const { store, ids } = await damaged(what);
      const runtime = open(store);
      await runtime.ready;
      await untilChecked(runtime);
      const page = await runtime.operations.page();
      expect(page.views.map(({ id }) => id)).toEqual(ids.filter((_id, index) => index !== 2));
      expect(page).toMatchObject({ unreadable: 1, nextAfterSeq: null });
      const pages = await runtime.operations.page({ limit: 3 });
      // A page is filled up with those behind it.
      expect(pages.views).toHaveLength(3);
      expect(pages.unreadable).toBe(1);
      const health = runtime.getHealthStatus();
      expect(health.overall).toBe('degraded');
      expect(health.storeCheck).toMatchObject({ state: 'done', share: 1 });
      expect(health.storeCheck.unreadableRecords + health.operations.quarantined).toBe(1);
      expect(health.reasons.join()).toMatch(/is damaged|quarantined/);
      await runtime.close();
    },
  );
});
