import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { givenKey, noteSent } from '../../src/simulator/oracle/sentKeys.ts';
import { type Child, RestartScene } from '../oracle/restart/restartScene.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { idOf } from '../persistence/contract/writes.ts';
import { builtProgram } from '../support/process/builtProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';
import { DiskFaults, whyNoFaults } from './diskFaults.ts';

const missing = whyNoFaults();

function request(number: number): SyncRequest {
  return noteSent({
    type: 'ledger.put',
    subject: 'subject-1',
    tier: 'premium',
    idempotencyKey: `key-${number}`,
    payload: { number, latencyMs: 0 },
  });
}

async function started(): Promise<{
  readonly scene: RestartScene;
  readonly faults: DiskFaults;
  readonly child: Child;
}> {
  const scene = await RestartScene.open();
  const faults = new DiskFaults(scene.folder);
  const child = scene.start({}, undefined, faults.env);
  await child.until('ready');
  child.order({ order: 'try', request: request(1) });
  await child.until('accepted', ({ key }) => key === 'key-1');
  await child.until('outcome');
  return { scene, faults, child };
}

/**
 * Accepts until one is refused, in a process that is killed by then: before it is written off, and
 * before the store is closed.
 */
async function firstRefusal(
  folder: string,
  faults: DiskFaults,
): Promise<{ readonly seq: number; readonly code: string; readonly mayBeStored: boolean }> {
  const program = fileURLToPath(new URL('./acceptUntilRefused.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, builtProgram(), folder], {
    env: { ...process.env, ...faults.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended,
  ])) as [unknown];
  child.kill('SIGKILL');
  await ended;
  return JSON.parse(String(line)) as Awaited<ReturnType<typeof firstRefusal>>;
}

async function keysAtRest(scene: RestartScene): Promise<readonly string[]> {
  return (await scene.rowsAtRest())
    .map(({ context }) => givenKey(context.idempotencyKey))
    .toSorted();
}

describe.skipIf(missing !== null)(
  `OP-2 a request that a failing disk refused${missing === null ? '' : ` (${missing})`}`,
  () => {
    test('OP-2 PS-6 a sync that fails once: it is not stored, and that is so after a kill', async () => {
      const { scene, faults, child } = await started();
      faults.set({ syncError: 'EIO', syncsFailing: 1 });
      child.order({ order: 'try', request: request(2) });
      const refused = await child.until('refused');
      // Before it is written off: nothing may depend on that.
      child.signal('SIGKILL');
      await child.ended;
      expect(refused).toMatchObject({ code: 'HF_STORE_IO', retry: 'later', mayBeStored: false });
      expect(faults.given).toBe(1);
      expect(await keysAtRest(scene)).toEqual(['key-1']);
    });

    test('OP-2 PS-6 no sync succeeds any more: that it may be stored is said', async () => {
      const { scene, faults, child } = await started();
      faults.set({ syncError: 'EIO' });
      child.order({ order: 'try', request: request(2) });
      expect(await child.until('refused')).toMatchObject({
        code: 'HF_STORE_IO',
        mayBeStored: true,
      });
      // What is asked for now does not even reach the disk.
      child.order({ order: 'try', request: request(3) });
      const third = await child.until('refused', ({ key }) => key === 'key-3');
      expect(third.mayBeStored).toBe(false);
      await child.kill();
      expect(await keysAtRest(scene)).not.toContain('key-3');
    });

    test('OP-2 PS-6 there is no room for a longer -shm, once all is in the -wal: it is not stored', async () => {
      const folder = join(tempFolder(), 'store');
      const faults = new DiskFaults(folder);
      faults.set({ shmError: 'ENOSPC' });
      const { seq, ...refused } = await firstRefusal(folder, faults);
      expect(refused).toEqual({ code: 'HF_STORE_FULL', mayBeStored: false });
      expect(faults.given).toBeGreaterThan(0);
      const store = inThreadStore(folder);
      await store.open();
      expect((await store.find(idOf(seq - 1)))?.seq).toBe(seq - 1);
      expect((await store.find(idOf(seq)))?.seq).toBeUndefined();
      await store.close();
    });

    test('OP-2 PS-6 a write that fails: it is not stored', async () => {
      const { scene, faults, child } = await started();
      faults.set({ writeError: 'EIO' });
      child.order({ order: 'try', request: request(2) });
      expect(await child.until('refused')).toMatchObject({
        code: 'HF_STORE_IO',
        mayBeStored: false,
      });
      await child.kill();
      expect(await keysAtRest(scene)).toEqual(['key-1']);
    });
  },
);
