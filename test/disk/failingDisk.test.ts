import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { givenKey, noteCrisis, noteSent } from '../../src/simulator/oracle/sentKeys.ts';
import { type Child, RestartScene } from '../oracle/restart/restartScene.ts';
import type { ChildEvent } from '../support/process/childRuntimeMessages.ts';
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

interface Bench {
  readonly scene: RestartScene;
  readonly faults: DiskFaults;
  readonly child: Child;
}

/** What is done to the disk, and what everybody should then say. */
interface Ill {
  readonly begin: (at: Bench) => void;
  readonly end: (at: Bench) => void;
  readonly code: string;
  readonly state: string;
}

let locker: Database.Database | null = null;
const heal = ({ faults }: Bench): void => {
  faults.set({});
};

const ills: Readonly<Record<string, Ill>> = {
  'a sync that fails': {
    begin: ({ faults }) => {
      faults.set({ syncError: 'EIO' });
    },
    end: heal,
    code: 'HF_STORE_IO',
    state: 'failing',
  },
  'a write that fails': {
    begin: ({ faults }) => {
      faults.set({ writeError: 'EIO' });
    },
    end: heal,
    code: 'HF_STORE_IO',
    state: 'failing',
  },
  'no room': {
    begin: ({ faults }) => {
      faults.set({ writeError: 'ENOSPC' });
    },
    end: heal,
    code: 'HF_STORE_FULL',
    state: 'full',
  },
  'a disk that became read-only': {
    begin: ({ faults }) => {
      faults.set({ writeError: 'EROFS', syncError: 'EROFS', openError: 'EROFS' });
    },
    end: heal,
    code: 'HF_STORE_IO HF_STORE_READ_ONLY',
    state: 'readOnly',
  },
  'a lock of another program': {
    begin: ({ scene }) => {
      locker = new Database(join(scene.folder, 'data.db'));
      locker.exec('BEGIN IMMEDIATE');
    },
    end: () => {
      locker?.close();
    },
    code: 'HF_STORE_LOCKED HF_STORE_STALLED',
    state: 'locked',
  },
};

/** How a request went, in a word. */
async function attempt(child: Child, number: number): Promise<string> {
  const { idempotencyKey } = request(number);
  const before = child.events.length;
  const isIt = (said: ChildEvent & { readonly key: string }): boolean =>
    said.key === idempotencyKey && child.events.indexOf(said) >= before;
  child.order({ order: 'try', request: request(number) });
  return await Promise.race([
    child.until('accepted', isIt).then(() => 'accepted'),
    child.until('refused', isIt).then(({ code, retry }) => {
      expect(retry).toBe('later');
      return code;
    }),
  ]);
}

async function completed(child: Child, number: number): Promise<void> {
  const { id } = await child.until('accepted', ({ key }) => key === `key-${number}`);
  const { outcome } = await child.until('outcome', (said) => said.id === id);
  expect(outcome.status).toBe('completed');
}

/** Keys that the upstream has taken, each as often as it came. */
function takenBy(scene: RestartScene): readonly string[] {
  return scene.ledger.requests.map(({ key }) => givenKey(key)).toSorted();
}

async function started(): Promise<Bench> {
  const scene = await RestartScene.open();
  const faults = new DiskFaults(scene.folder);
  const child = scene.start({}, undefined, faults.env);
  await child.until('ready');
  expect(await attempt(child, 1)).toBe('accepted');
  await completed(child, 1);
  return { scene, faults, child };
}

describe.skipIf(missing !== null)(
  `PS-6 a real process on a disk that fails${missing === null ? '' : ` (${missing})`}`,
  () => {
    test.each(Object.entries(ills))(
      'PS-6 DG-1 HM-1 %s: said, nothing lost, nothing told too early, and work goes on without a restart',
      async (_, ill) => {
        const at = await started();
        const { scene, faults, child } = at;
        ill.begin(at);
        expect(ill.code.split(' ')).toContain(await attempt(child, 2));
        const sick = await child.untilHealth(({ storage }) => storage.state === ill.state);
        expect(sick).toMatchObject({
          overall: 'critical',
          level: 'offline',
          components: { storage: 'critical' },
          crisisCapability: 'impaired',
        });
        expect(sick.reasons.join()).toMatch(/storage (is|can|fails)/);
        expect(ill.code.split(' ')).toContain(await attempt(child, 3));

        child.order({
          order: 'crisis',
          request: noteCrisis({ ...crisis, idempotencyKey: 'crisis-1' }, Date.now()),
        });
        await child.until('answered');
        await child.while(
          scene.ledger.request(() => takenBy(scene).filter((key) => key === 'crisis-1').length > 0),
        );
        ill.end(at);
        await child.untilHealth(({ storage }) => storage.state === 'well');
        await child.until('durable', ({ key }) => key === 'crisis-1');
        expect(await attempt(child, 4)).toBe('accepted');
        await completed(child, 4);
        await child.untilHealth(({ overall }) => overall !== 'critical');
        if (ill.code !== 'HF_STORE_LOCKED HF_STORE_STALLED')
          expect(faults.given).toBeGreaterThan(0);
        await child.kill();

        const rows = await scene.rowsAtRest();
        expect(rows.filter(({ row }) => row.standing !== 'settled')).toEqual([]);
        expect(rows.map(({ context }) => givenKey(context.idempotencyKey)).toSorted()).toEqual([
          'crisis-1',
          'key-1',
          'key-4',
        ]);
        expect(takenBy(scene)).toEqual(['crisis-1', 'key-1', 'key-4']);
      },
    );

    test('PS-6 CR-1 a disk that takes seconds: callers are told in time, crises wait for nothing', async () => {
      const { scene, faults, child } = await started();
      faults.set({ syncMs: 2_500 });
      expect(await attempt(child, 2)).toBe('HF_STORE_STALLED');
      child.order({
        order: 'crisis',
        request: noteCrisis({ ...crisis, idempotencyKey: 'crisis-1' }, Date.now()),
      });
      await child.until('answered');
      const slow = await child.untilHealth(({ storage }) => storage.state === 'slow');
      expect(slow).toMatchObject({ overall: 'degraded', components: { storage: 'degraded' } });
      faults.set({});
      await child.untilHealth(({ storage }) => storage.state === 'well');
      // What was only late is there: its key finds it.
      expect(await attempt(child, 2)).toBe('accepted');
      await completed(child, 2);
      await child.until('durable');
      await child.kill();
      expect(takenBy(scene)).toEqual(['crisis-1', 'key-1', 'key-2']);
    });

    test.each(['ENOSPC', 'EIO'] as const)(
      'CR-4 a crisis while the database fails with %s survives kill -9 beside it',
      async (writeError) => {
        const scene = await RestartScene.open();
        scene.ledger.isDown = true;
        // The database and its -wal, not what lies beside them.
        const faults = new DiskFaults(join(scene.folder, 'data.db'));
        const child = scene.start({}, undefined, faults.env);
        await child.until('ready');
        faults.set({ writeError, syncError: 'EIO' });
        child.order({
          order: 'crisis',
          request: noteCrisis({ ...crisis, idempotencyKey: 'crisis-1' }, Date.now()),
        });
        const { id } = await child.until('durable');
        await child.untilHealth(({ storage }) => storage.state !== 'well');
        expect(faults.given).toBeGreaterThan(0);
        await child.kill();
        expect(await scene.rowsAtRest()).toEqual([]);

        scene.ledger.isDown = false;
        const heir = scene.start();
        await heir.until('ready');
        heir.order({ order: 'watch', ids: [id] });
        expect((await heir.until('outcome')).outcome.status).toBe('completed');
        await heir.kill();
        expect(scene.ledger.effects.map(({ key }) => givenKey(key))).toEqual(['crisis-1']);
      },
    );

    test('PS-6 control: a runtime that told before the sync is caught by these checks', async () => {
      const scene = await RestartScene.open();
      const faults = new DiskFaults(scene.folder);
      const child = scene.start({ sabotage: 'acknowledgeBeforeCommit' }, undefined, faults.env);
      await child.until('ready');
      faults.set({ syncError: 'EIO' });
      expect(await attempt(child, 1)).toBe('accepted');
      child.signal('SIGKILL');
      await child.ended;
      expect(await scene.rowsAtRest()).toEqual([]);
    });
  },
);

test('PS-6 a database deleted under a running process is written back, and nothing is lost', async () => {
  const scene = await RestartScene.open();
  const child = scene.start();
  await child.until('ready');
  expect(await attempt(child, 1)).toBe('accepted');
  await completed(child, 1);
  rmSync(join(scene.folder, 'data.db'));
  rmSync(join(scene.folder, 'data.db-wal'));
  expect(await attempt(child, 2)).toBe('HF_STORE_LOST');
  await child.until('trouble', ({ code }) => code === 'HF_STORE_LOST');
  await child.untilHealth(({ storage }) => storage.state === 'well');
  expect(await attempt(child, 3)).toBe('accepted');
  await completed(child, 3);
  await child.kill();
  const rows = await scene.rowsAtRest();
  expect(rows.map(({ context }) => givenKey(context.idempotencyKey))).toEqual(['key-1', 'key-3']);
  expect(takenBy(scene)).toEqual(['key-1', 'key-3']);
});

const crisis = { type: 'ledger.put', subject: 'subject-1', payload: { number: 9, latencyMs: 0 } };
