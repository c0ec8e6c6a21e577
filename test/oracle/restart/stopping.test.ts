/**
 * Stops in good order, at a deadline and by a second signal, and who takes over.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { RowAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import { RestartScene } from './restartScene.ts';
import { RestartWork } from './restartWork.ts';

const LONG_MS = 60_000;

function requests(count: number, latencyMs: number): readonly SyncRequest[] {
  return Array.from({ length: count }, (_, number) => ({
    type: 'ledger.put',
    subject: 'subject-1',
    tier: 'basic',
    idempotencyKey: `key-${number}`,
    payload: { number, latencyMs },
    ...(number % 3 === 0 ? { entity: { type: 'account', id: '1' } } : {}),
  }));
}

function crashesOf(rows: readonly RowAtRest[]): number {
  const history = rows.flatMap(({ context }) => context.history);
  return history.filter(({ what }) => what === 'crashed').length;
}

test('SV-4 a graceful stop lets what is in flight finish, and a restart does the rest', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, requests(30, 300));
  const first = scene.start();
  work.begin(first);
  await first.while(scene.ledger.request(() => scene.ledger.requests.length >= 8));
  first.order({ order: 'close', deadlineMs: 10_000 });
  expect(await first.ended).toBe(0);

  const rows = await scene.rowsAtRest();
  expect(await work.atRest()).toEqual([]);
  expect(rows.filter(({ row }) => row.standing === 'inHand')).toEqual([]);
  const settled = rows.filter(({ row }) => row.standing === 'settled').length;
  expect(settled).toBe(scene.ledger.requests.length);

  const second = scene.start();
  await work.finish(second);
  await second.kill();
  expect(await work.settled()).toEqual([]);
  expect(crashesOf(await scene.rowsAtRest())).toBe(0);
  expect(scene.ledger.requests).toHaveLength(30);
});

test('SV-4 at its deadline a stop aborts what still runs, which spends no attempt and is not lost', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, requests(12, LONG_MS));
  const first = scene.start();
  work.begin(first);
  await first.while(scene.ledger.request(() => scene.ledger.requests.length >= 8));
  first.order({ order: 'close', deadlineMs: 50 });
  expect(await first.ended).toBe(0);
  expect(await work.atRest()).toEqual([]);

  scene.ledger.hurry();
  const second = scene.start();
  await work.finish(second);
  await second.kill();
  expect(await work.settled()).toEqual([]);
  expect(crashesOf(await scene.rowsAtRest())).toBe(0);
  expect(scene.ledger.requests.filter(({ attempt }) => attempt !== 1)).toEqual([]);
});

test('SV-4 a second signal stops at once and still loses nothing', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, requests(12, LONG_MS));
  const first = scene.start();
  work.begin(first);
  await first.while(scene.ledger.request(() => scene.ledger.requests.length >= 8));
  first.signal('SIGTERM');
  // Work in flight would hold up the stop for a minute.
  await first.until('closing');
  first.signal('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(await work.atRest()).toEqual([]);

  scene.ledger.hurry();
  const second = scene.start();
  await work.finish(second);
  await second.kill();
  expect(await work.settled()).toEqual([]);
  expect(crashesOf(await scene.rowsAtRest())).toBe(0);
});

test('SV-5 a second process is refused while the owner lives, paused too, and takes over when it is dead', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, requests(4, 0));
  const owner = scene.start();
  work.begin(owner);
  await owner.until('accepted');

  const early = scene.start();
  expect(await early.until('failed')).toMatchObject({ code: 'HF_STORE_OWNED' });
  expect(await early.ended).toBe(5);
  owner.signal('SIGSTOP');
  const patient = scene.start();
  expect(await patient.until('failed')).toMatchObject({ code: 'HF_STORE_OWNED' });
  expect(await patient.ended).toBe(5);

  await owner.kill();
  const heir = scene.start();
  await work.finish(heir);
  await heir.kill();
  expect(await work.settled()).toEqual([]);
});

test.each(['owner.db', 'keyring.json', 'data.db', 'data.db-wal'])(
  'SV-3 PS-4 a kill as soon as %s appears leaves a store that opens',
  async (name) => {
    const scene = await RestartScene.open();
    const work = new RestartWork(scene, requests(4, 0));
    const first = scene.start();
    while (!existsSync(join(scene.folder, name))) await first.while(sleep(1));
    await first.kill();

    const second = scene.start();
    await work.finish(second);
    await second.kill();
    expect(await work.settled()).toEqual([]);
  },
);
