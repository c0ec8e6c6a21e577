import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../../../persistence/openStore.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { accept, idOf } from '../../../persistence/contract/writes.ts';
import { HANGS_AFTER_MS } from '../../../support/hangs.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { makeOlder } from '../../../support/store/olderStore.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

interface Finding {
  readonly status: string;
  readonly detail: string;
}

let folder: string;
let keyPath: string;

beforeEach(async () => {
  const parent = tempFolder();
  folder = join(parent, 'store');
  keyPath = join(parent, 'test.key');
  await createKeyFile(keyPath);
  const store = openStore({ folder, key: keyFile(keyPath) });
  await store.open();
  await store.commit([accept(1), accept(2), accept(3, { standing: 'held' })]);
  await store.close();
});

/** The findings by name, and the exit code. */
async function doctor(
  ...args: string[]
): Promise<{ exitCode: number | null; found: Record<string, Finding> }> {
  const its = ['--store', folder, '--key-file', keyPath, '--json', ...args];
  const { exitCode, stdout } = await runCli(['doctor', ...its]);
  const { checks } = JSON.parse(stdout) as { checks: (Finding & { name: string })[] };
  return { exitCode, found: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

function inFile(sql: string): void {
  const db = new Database(join(folder, 'data.db'));
  db.exec(sql);
  db.close();
}

test('PS-5 doctor looks at machine, key, files, format and records, and finds all well', async () => {
  const { exitCode, found } = await doctor('--deep');
  expect(exitCode).toBe(0);
  expect(Object.keys(found)).toEqual([
    'node',
    'sqlite',
    'folder',
    'disk',
    'clock',
    'key file',
    'help',
    'files',
    'system',
    'wal',
    'format',
    'size',
    'store',
    'pages',
    'records',
  ]);
  expect(Object.values(found).filter(({ status }) => status === 'fail')).toEqual([]);
  expect(found['format']?.detail).toMatch(/schema version \d+, SQLite 3\.\d+\.\d+, journal wal/);
  expect(found['store']?.detail).toContain('3 to do');
});

test('UX-1 without a store doctor looks at the machine, as the page on installing says', async () => {
  const { exitCode, stdout, stderr } = await runCli(['doctor', '--json']);
  const { ok, checks } = JSON.parse(stdout) as {
    ok: boolean;
    checks: (Finding & { name: string })[];
  };
  expect({ exitCode, stderr, ok }).toEqual({ exitCode: 0, stderr: '', ok: true });
  expect(checks.map(({ name }) => name)).toEqual(['node', 'sqlite', 'clock', 'help', 'store']);
  expect(checks.at(-1)?.detail).toContain('--store');
});

test('PS-5 SE-5 doctor names files that others can read, and what to do', async () => {
  chmodSync(join(folder, 'keyring.json'), 0o644);
  const { exitCode, found } = await doctor();
  expect(exitCode).toBe(0);
  expect(found['files']).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/keyring\.json; run chmod 600/) as string,
  });
});

test('CR-4 PS-3 doctor and health tell of spilled crises that could not be read', async () => {
  expect((await doctor()).found).not.toHaveProperty('crises');
  writeFileSync(join(folder, 'crises.spill'), Buffer.alloc(1_000, 7));
  const runtime = createRuntime({ store: folder, key: keyFile(keyPath) });
  await runtime.ready;
  await vi.waitFor(() => {
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'degraded', damage: { times: 1 } });
  }, HANGS_AFTER_MS);
  await runtime.close();
  expect((await doctor()).found['crises']).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('crises.spill.unreadable') as string,
  });
});

test('PS-5 doctor --deep finds the record that was changed, also while the store is in use', async () => {
  // Not a runtime, which would look through its records itself and set this one aside.
  const owner = openStore({ folder, key: keyFile(keyPath) });
  onTestFinished(() => owner.close());
  await owner.open();
  inFile('UPDATE operation SET urgency = 0 WHERE seq = 3');
  const inUse = await doctor('--deep');
  expect(inUse.found['store']?.detail).toContain('HF_STORE_OWNED');
  expect(inUse.exitCode).toBe(1);
  expect(inUse.found['records']).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining(`${idOf(3)} (HF_RECORD_TAMPERED)`) as string,
  });
  expect((await doctor()).found).not.toHaveProperty('records');
});

test('PS-5 PS-6 doctor says that the keyring of a store in use is gone, whatever its owner says', async () => {
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    upstreams: {},
    handlers: {},
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  expect((await doctor()).found['keyring']).toMatchObject({ status: 'ok' });
  rmSync(join(folder, 'keyring.json'));
  const { exitCode, found } = await doctor();
  expect(exitCode).toBe(1);
  expect(found['keyring']).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('HF_KEY_MISSING') as string,
  });
});

test('PS-3 doctor names the records that are set aside, with the reason of each', async () => {
  inFile('UPDATE operation SET urgency = 0 WHERE seq = 2');
  await runCli(['operations', '--store', folder, '--key-file', keyPath]);
  const { exitCode, found } = await doctor('--deep');
  expect(exitCode).toBe(0);
  expect(found['aside']).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining(`${idOf(2)} (HF_RECORD_TAMPERED)`) as string,
  });
  expect(found['records']?.status).toBe('ok');
});

test('PS-4 doctor tells an older store and does not migrate it', async () => {
  makeOlder(folder);
  for (let time = 0; time < 2; time += 1) {
    const { exitCode, found } = await doctor('--deep');
    expect(exitCode).toBe(1);
    expect(found['format']).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('version 0') as string,
    });
    expect(found['store']?.detail).toContain('HF_STORE_OLDER');
    expect(found['records']).toMatchObject({ status: 'ok' });
  }
});
