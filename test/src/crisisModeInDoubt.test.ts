/** Crisis mode whose record somebody has deleted, put back or changed in the file of a store: it is in force. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Person } from '../../machines/vocabulary/subject.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { Runtime } from '../../src/runtime.ts';
import { TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { spoilRoot } from '../support/store/damage.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const WAITS = { timeout: HANGS_AFTER_MS, interval: 20 };
const ANN = { id: 'ann', role: 'clinician' };
const BEN = { id: 'ben', role: 'clinician' };
const ITS = { subject: 'user-42' };

function start(folder: string) {
  const errors: string[] = [];
  const runtime = createRuntime({
    store: folder,
    key: TEST_KEY,
    onError: (error) => {
      errors.push((error as { readonly code: string }).code);
    },
  });
  onTestFinished(async () => {
    await runtime.close();
  });
  return { runtime, errors };
}

interface Row {
  readonly subject: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly state: Uint8Array;
}

function edited<Result>(folder: string, edit: (db: Database.Database) => Result): Result {
  const db = new Database(join(folder, 'data.db'));
  try {
    return edit(db);
  } finally {
    db.close();
  }
}

const modesOf = (folder: string): readonly Row[] =>
  edited(folder, (db) => db.prepare<[], Row>('SELECT * FROM crisis_mode').all());

const putBack = (folder: string, { subject, revision, key_id, state }: Row) =>
  edited(folder, (db) =>
    db
      .prepare('INSERT OR REPLACE INTO crisis_mode VALUES (?, ?, ?, ?)')
      .run(subject, revision, key_id, state),
  );

interface Made {
  readonly folder: string;
  /** Of one whose crisis mode has ended. */
  readonly ended: Row;
  /** Of one who is in crisis mode: as it was, and as it is. */
  readonly earlier: Row;
  readonly now: Row;
}

/** A store whose subject is in crisis mode, prolonged since, and another's has ended; closed. */
async function inCrisisMode(): Promise<Made> {
  const folder = join(tempFolder(), 'store');
  const during = async (act: (runtime: Runtime) => Promise<unknown>): Promise<readonly Row[]> => {
    const { runtime } = start(folder);
    await runtime.ready;
    await act(runtime);
    await runtime.close();
    return modesOf(folder);
  };
  const enter = (subject: string, by: Person) => async (runtime: Runtime) =>
    expect(await runtime.crisisMode.enter({ subject, by })).toMatchObject({ isDurable: true });
  const [ended] = await during(enter('user-1', ANN));
  await during((runtime) => runtime.crisisMode.leave({ subject: 'user-1', by: BEN }));
  const [earlier] = await during(enter(ITS.subject, ANN));
  // Each start goes on with it, and writes it.
  const [now] = await during(() => Promise.resolve());
  if (ended === undefined || earlier === undefined || now === undefined) throw new Error('None.');
  expect(hex(now.state)).not.toBe(hex(earlier.state));
  return { folder, ended, earlier, now };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const OF_HOLDFAST = { subject: null, by: { id: 'holdfast' } };

test('SE-6 CR-6 one whose record was deleted is on for everybody, and said, until somebody ends it', async () => {
  const made = await inCrisisMode();
  edited(made.folder, (db) => db.exec('DELETE FROM crisis_mode'));

  const { runtime, errors } = start(made.folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([
    { subject: null, by: { id: 'holdfast' }, reason: expect.stringContaining('find-out-what') },
  ]);
  expect(await runtime.crisis(ITS)).toMatchObject({ crisisMode: 'global' });
  await vi.waitFor(() => {
    expect(errors).toContain('HF_RECORD_MISSING');
    expect(runtime.getHealthStatus().crisisMode.unkept).toBe(0);
  }, WAITS);
  await runtime.close();

  // It is kept from then on, and no longer in doubt.
  const next = start(made.folder);
  await next.runtime.ready;
  expect(next.runtime.crisisMode.list()).toMatchObject([{ subject: null }]);
  expect(await next.runtime.crisisMode.leave({ by: ANN })).toMatchObject({ wasOn: true });
  await next.runtime.close();
  const last = start(made.folder);
  await last.runtime.ready;
  expect(last.runtime.crisisMode.list()).toEqual([]);
  expect(last.errors).toEqual([]);
});

test('SE-6 CR-6 one of several whose record was deleted: the others go on, and it is on for everybody', async () => {
  const made = await inCrisisMode();
  const first = start(made.folder);
  await first.runtime.ready;
  await first.runtime.crisisMode.enter({ subject: 'user-7', by: ANN });
  await first.runtime.close();
  const { changes } = edited(made.folder, (db) =>
    db.prepare('DELETE FROM crisis_mode WHERE subject = ?').run(made.now.subject),
  );
  expect(changes).toBe(1);
  const { runtime } = start(made.folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([OF_HOLDFAST, { subject: 'user-7', by: ANN }]);
  expect(await runtime.crisis(ITS)).toMatchObject({ crisisMode: 'global' });
});

test.each([
  ['an earlier copy of it', 'earlier', 'user-42'],
  ['that of one whose crisis mode has ended', 'ended', 'user-1'],
] as const)(
  'SE-6 CR-6 %s that was put back is in force, and so it is for everybody',
  async (_, which, subject) => {
    const made = await inCrisisMode();
    putBack(made.folder, made[which]);
    const { runtime, errors } = start(made.folder);
    await runtime.ready;
    const [first, ...others] = runtime.crisisMode.list();
    expect(first).toMatchObject(OF_HOLDFAST);
    expect(others).toContainEqual(expect.objectContaining({ subject, by: ANN }));
    await vi.waitFor(() => {
      expect(errors).toContain('HF_RECORD_STALE');
      expect(runtime.getHealthStatus().crisisMode.unkept).toBe(0);
    }, WAITS);
    await runtime.close();
    // Kept as it is in force, it is no longer in doubt.
    const next = start(made.folder);
    await next.runtime.ready;
    expect(next.runtime.crisisMode.list()).toHaveLength(1 + others.length);
    await next.runtime.crisisMode.leave({ by: ANN });
    await next.runtime.close();
    const last = start(made.folder);
    await last.runtime.ready;
    expect(last.runtime.crisisMode.list()).toHaveLength(others.length);
    expect(last.errors).toEqual([]);
  },
);

test('SE-6 CR-6 one that was changed is on for everybody', async () => {
  const { folder, now } = await inCrisisMode();
  const state = Buffer.from(now.state);
  const last = state.length - 1;
  state[last] = (state[last] ?? 0) ^ 1;
  putBack(folder, { ...now, state });
  const { runtime, errors } = start(folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([OF_HOLDFAST]);
  await vi.waitFor(() => {
    expect(errors).toContain('HF_RECORD_TAMPERED');
  }, WAITS);
});

test('SE-6 CR-6 CR-4 the page that they lie in is damaged: it is on for everybody, and a crisis is delivered', async () => {
  const { folder } = await inCrisisMode();
  spoilRoot(join(folder, 'data.db'), 'crisis_mode');
  const { runtime, errors } = start(folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([OF_HOLDFAST]);
  const { crisisMode, durable } = await runtime.crisis(ITS);
  expect(crisisMode).toBe('global');
  await durable;
  expect(errors).toContain('HF_STORE_CORRUPT');
  await runtime.crisisMode.leave({ by: ANN });
  expect(runtime.crisisMode.list()).toEqual([]);
});

test('SE-6 CR-6 the nodes of the set that would have it are deleted with it: it is in doubt', async () => {
  const made = await inCrisisMode();
  edited(made.folder, (db) => {
    db.exec('DELETE FROM crisis_mode');
    const root = db.prepare('SELECT max(node) FROM integrity').pluck().get();
    db.prepare('DELETE FROM integrity WHERE node < ?').run(root);
  });
  const { runtime } = start(made.folder);
  await runtime.ready.catch(() => undefined);
  // The mark of the store is among what is not proved any more: such a store may refuse to open.
  const { phase } = runtime.getHealthStatus();
  if (phase === 'running') expect(runtime.crisisMode.list()).toMatchObject([{ subject: null }]);
  else expect(phase).toBe('startFailed');
});

test('SE-6 CR-6 control: untouched, and with the states of breakers and the like deleted, nothing is in doubt', async () => {
  const made = await inCrisisMode();
  const kept = start(made.folder);
  await kept.runtime.ready;
  expect(kept.runtime.crisisMode.list()).toMatchObject([{ ...ITS, by: ANN }]);
  await kept.runtime.close();
  edited(made.folder, (db) => db.exec('DELETE FROM component'));
  const { runtime, errors } = start(made.folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([{ ...ITS, by: ANN }]);
  await vi.waitFor(() => {
    expect(errors).toContain('HF_RECORD_MISSING');
  }, WAITS);
});
