import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../persistence/openStore.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import type { Runtime } from '../../../../src/runtime.ts';
import { accept } from '../../../persistence/contract/writes.ts';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { makeOlder } from '../../../support/store/olderStore.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

let parent: string;
let keyPath: string;
let ran: number;

beforeEach(async () => {
  parent = tempFolder();
  keyPath = join(parent, 'test.key');
  ran = 0;
  await createKeyFile(keyPath);
});

const at = (name: string): string => join(parent, name);
const of = (name: string): string[] => ['--store', at(name), '--key-file', keyPath];

async function running(store: string): Promise<Runtime> {
  const runtime = createRuntime({
    store: at(store),
    key: keyFile(keyPath),
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          ran += 1;
          return null;
        },
      },
    },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  return runtime;
}

describe('PS-5 backup, restore and release', () => {
  test('of a store in use: what is restored waits until it is let go', async () => {
    const runtime = await running('store');
    runtime.upstream('default').forceOpen('so that it waits');
    await runtime.sync({ type: 'payments.push', subject: 'user-1', tier: 'basic' });
    const backup = await runCli(['backup', ...of('store'), '--to', at('backup'), '--json']);
    expect(backup).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(backup.stdout)).toMatchObject({
      counts: { due: 1 },
      recordsOpened: expect.any(Number) as number,
      unreadableCount: 0,
    });
    const restore = await runCli(['restore', '--from', at('backup'), ...of('restored'), '--json']);
    expect(restore).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(restore.stdout)).toMatchObject({ hold: { reason: 'restored' } });

    const restored = await running('restored');
    restored.upstream('default').release();
    expect(restored.getHealthStatus()).toMatchObject({ hold: { reason: 'restored' } });
    const doctor = await runCli(['doctor', ...of('restored')]);
    expect(doctor.stdout).toContain('held');
    expect(ran).toBe(0);
    const release = await runCli(['release', ...of('restored'), '--json']);
    expect(release).toMatchObject({ exitCode: 0, stdout: '{"wasHeld":true}\n' });
    await expect.poll(() => ran).toBe(1);
  });

  test('the runtime backs itself up in a thread of its own', async () => {
    const runtime = await running('store');
    await runtime.sync({ type: 'payments.push', subject: 'user-1', tier: 'basic' });
    const steps = new Set<string>();
    const { path, manifest } = await runtime.backup(at('backup'), {
      onProgress: ({ step }) => {
        steps.add(step);
        throw new Error('a listener that fails breaks nothing');
      },
    });
    expect(path).toBe(at('backup'));
    expect(manifest.files['data.db']?.bytes).toBeGreaterThan(0);
    expect(steps.size).toBe(1);
    await expect(runtime.backup(at('backup'))).rejects.toMatchObject({ code: 'HF_TARGET_EXISTS' });
    const cut = runtime.backup(at('other'), { signal: AbortSignal.abort(new Error('enough')) });
    await expect(cut).rejects.toThrow('enough');
    expect(existsSync(at('other'))).toBe(false);
  });

  test('UX-2 SIGINT ends a backup with 130 and leaves nothing behind', async () => {
    const store = openStore({ folder: at('store'), key: keyFile(keyPath) });
    await store.open();
    const payload = 'x'.repeat(20_000);
    for (let first = 1; first <= 3_000; first += 500) {
      await store.commit(
        Array.from({ length: 500 }, (_, index) => accept(first + index, { payload })),
      );
    }
    await store.close();
    const cli = startCli(['backup', ...of('store'), '--to', at('backup')]);
    await expect.poll(cli.said, { interval: 5 }).toContain('copying');
    cli.kill('SIGINT');
    expect(await cli.result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(readdirSync(parent).toSorted()).toEqual(['store', 'test.key']);
  });

  test('UX-2 exit codes tell a store that is not there, a backup that is not one, a wrong key', async () => {
    const backup = await runCli(['backup', ...of('store'), '--to', at('backup')]);
    expect(backup).toMatchObject({ exitCode: 5, stdout: '' });
    const restore = await runCli(['restore', '--from', parent, ...of('restored')]);
    expect(restore).toMatchObject({ exitCode: 1, stdout: '' });
    expect(restore.stderr).toContain('HF_BACKUP_MISSING');
    const release = await runCli(['release', ...of('store')]);
    expect(release).toMatchObject({ exitCode: 5, stdout: '' });
  });
});

describe('PS-4 migrate', () => {
  test('brings an older store up to date, says where the copy is, and what it finds then', async () => {
    const runtime = await running('store');
    runtime.upstream('default').forceOpen('so that they wait');
    for (const subject of ['user-1', 'user-2', 'user-3']) {
      await runtime.sync({ type: 'payments.push', subject, tier: 'basic' });
    }
    await runtime.close();
    makeOlder(at('store'));
    const its = of('store');
    const refused = await runCli(['operations', ...its]);
    expect(refused).toMatchObject({ exitCode: 5, stdout: '' });
    expect(refused.stderr).toContain('holdfast migrate');
    const migrated = await runCli(['migrate', ...its, '--json']);
    expect(migrated).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(migrated.stdout)).toMatchObject({
      migration: { fromVersion: 0, backupPath: expect.stringMatching(/data\.v0\.\w+\.backup$/) },
    });
    expect(migrated.stderr).toContain('copying and checking');
    const again = await runCli(['migrate', ...its, '--json']);
    expect(again).toMatchObject({ stdout: '{"migration":null}\n', stderr: '' });
    const listed = await runCli(['operations', ...its, '--json']);
    expect(listed.stdout.trim().split('\n')).toHaveLength(3);
  });

  test('UX-2 makes no store of a folder that is misspelt', async () => {
    const { exitCode, stderr } = await runCli(['migrate', ...of('mispelt')]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('HF_STORE_MISSING');
    expect(existsSync(at('mispelt'))).toBe(false);
  });
});
