import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { RestartScene } from '../../../oracle/restart/restartScene.ts';
import { runCli } from '../../../support/process/runCli.ts';

const REQUEST = {
  type: 'ledger.put',
  subject: 'subject-1',
  tier: 'basic',
  idempotencyKey: 'key-1',
  payload: { number: 1 },
} as const;

/** A store with one operation in it, and the process that owns it. */
async function ownedStore() {
  const scene = await RestartScene.open();
  const owner = scene.start();
  owner.order({ order: 'submit', requests: [REQUEST], inFlightMax: 1 });
  await owner.until('outcome');
  const keyPath = join(dirname(scene.folder), 'holdfast.key');
  const look = (command: string) =>
    runCli([command, '--store', scene.folder, '--key-file', keyPath, '--json']);
  return { owner, look };
}

test('SV-5 UX-1 a store is looked into while it is in use, and at rest', async () => {
  const { owner, look } = await ownedStore();
  const inUse = await look('operations');
  expect(inUse).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(inUse.stdout)).toMatchObject({ type: 'ledger.put', state: 'completed' });
  expect(JSON.parse((await look('doctor')).stdout)).toMatchObject({ ok: true });

  await owner.kill();
  const atRest = await look('operations');
  expect(atRest).toMatchObject({ exitCode: 0, stdout: inUse.stdout });
  expect(JSON.parse((await look('doctor')).stdout)).toMatchObject({ ok: true });
});

test('SV-5 UX-2 while its owner is stopped the wait is bounded, and the owner is named', async () => {
  const { owner, look } = await ownedStore();
  owner.signal('SIGSTOP');
  const [operations, doctor] = await Promise.all([look('operations'), look('doctor')]);
  expect(operations.exitCode).toBe(5);
  expect(operations.stderr).toMatch(/in use by process \d+ since .* does not answer/);
  expect(operations.stderr).toContain('HF_STORE_UNAVAILABLE');
  expect(doctor.exitCode).toBe(1);
  expect(doctor.stdout).toMatch(/in use by process \d+ since/);

  owner.signal('SIGCONT');
  expect(await look('operations')).toMatchObject({ exitCode: 0 });
});
