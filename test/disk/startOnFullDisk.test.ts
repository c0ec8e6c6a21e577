import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { givenKey, noteCrisis } from '../../src/simulator/oracle/sentKeys.ts';
import { RestartScene } from '../oracle/restart/restartScene.ts';
import { tempFolder } from '../support/store/tempFolder.ts';
import { DiskFaults, whyNoFaults } from './diskFaults.ts';

const KEY = rawKey(new Uint8Array(32).fill(7));
const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const HANDLERS = {
  'payments.push': { upstream: 'default', run: () => null },
  'crisis.alert': { upstream: 'default', run: () => null },
};

/** A file system of its own in memory, which can be filled to the last byte. */
function smallDisk(): { readonly path: string; fill: () => void; free: () => void } {
  const path = tempFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', path]);
  });
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => {
      const descriptor = openSync(ballast, 'a');
      for (const size of [65_536, 4_096, 1]) {
        try {
          for (;;) if (writeSync(descriptor, Buffer.alloc(size)) === 0) break;
        } catch {
          // It is full.
        }
      }
      closeSync(descriptor);
    },
    free: () => {
      rmSync(ballast);
    },
  };
}

function whyNoMount(): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? null : 'needs root, to mount a small disk';
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise<void>((resolve) => {
      systemClock.schedule(20, resolve);
    });
  }
}

describe.skipIf(whyNoMount() !== null)('SV-6 a start on a disk that is really full', () => {
  test('SV-6 PS-6 CR-4 it heals when there is room: what was sent before and meanwhile goes on', async () => {
    const disk = smallDisk();
    const options = { store: join(disk.path, 'store'), key: KEY, handlers: HANDLERS };
    const before = createRuntime(options);
    const { id } = await before.sync(REQUEST);
    await before.close();
    disk.fill();

    const runtime = createRuntime(options);
    const refusal = await runtime.sync(REQUEST).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ retry: 'later', code: 'HF_STORE_FULL' });
    const { delivery, durable } = await runtime.crisis({ subject: 'user-42' });
    expect(await delivery).toMatchObject({ status: 'completed' });
    expect(runtime.getHealthStatus().overall).toBe('critical');
    disk.free();
    await runtime.start();
    await durable;
    await until(() => runtime.getHealthStatus().storage.state === 'well');
    expect(await runtime.operations.get(id).outcome).toMatchObject({ status: 'completed' });
    const operation = await runtime.sync(REQUEST);
    expect(await operation.outcome).toMatchObject({ status: 'completed' });
    await runtime.close();
  });
});

const missing = whyNoFaults();

describe.skipIf(missing !== null)('SV-6 a start with spilled crises on a disk that is full', () => {
  test('CR-4 SV-6 it goes on, spills more, and takes all of them up when there is room', async () => {
    const scene = await RestartScene.open();
    scene.ledger.isDown = true;
    const crisis = { type: 'ledger.put', subject: 'subject-1', payload: { latencyMs: 0 } };
    // Not its -shm, whose room is there already: without that nothing can be read either.
    const faults = new DiskFaults(join(scene.folder, 'data.db-wal'));
    const child = scene.start({}, undefined, faults.env);
    await child.until('ready');
    faults.set({ writeError: 'ENOSPC' });
    for (const key of ['crisis-1', 'crisis-2']) {
      child.order({
        order: 'crisis',
        request: noteCrisis({ ...crisis, idempotencyKey: key }, Date.now()),
      });
      await child.until('durable', (said) => said.key === key);
    }
    await child.kill();

    scene.ledger.isDown = false;
    const heir = scene.start({}, undefined, faults.env);
    await heir.until('ready');
    await heir.untilHealth(({ storage }) => storage.state === 'full');
    heir.order({
      order: 'crisis',
      request: noteCrisis({ ...crisis, idempotencyKey: 'crisis-3' }, Date.now()),
    });
    await heir.until('durable', ({ key }) => key === 'crisis-3');
    await heir.while(
      until(() => scene.ledger.effects.some(({ key }) => givenKey(key) === 'crisis-3')),
    );
    faults.set({});
    await heir.untilHealth(({ storage }) => storage.state === 'well');
    await heir.while(until(() => scene.ledger.effects.length === 3));
    await heir.kill();
    const keys = scene.ledger.effects.map(({ key }) => givenKey(key)).toSorted();
    expect(keys).toEqual(['crisis-1', 'crisis-2', 'crisis-3']);
  });
});
