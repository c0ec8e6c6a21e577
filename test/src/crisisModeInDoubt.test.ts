/** Crisis mode whose record somebody has deleted, put back or changed in the file of a store: it is in force. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createRuntime } from '../../src/createRuntime.ts';
import { TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
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
  readonly tag: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly state: Uint8Array;
}

const componentsOf = (db: Database.Database): readonly Row[] =>
  db.prepare<[], Row>('SELECT * FROM component').all();

function edited(folder: string, edit: (db: Database.Database) => void): void {
  const db = new Database(join(folder, 'data.db'));
  try {
    edit(db);
  } finally {
    db.close();
  }
}

/** A store whose subject is in crisis mode, closed; and the components that were there before that. */
async function inCrisisMode(): Promise<{
  folder: string;
  before: readonly Row[];
  on: readonly Row[];
}> {
  const folder = join(tempFolder(), 'store');
  const first = start(folder);
  await first.runtime.ready;
  // On and off once, so that there is an earlier copy.
  await first.runtime.crisisMode.enter({ subject: 'user-1', by: ANN });
  await first.runtime.crisisMode.leave({ subject: 'user-1', by: BEN });
  await first.runtime.close();
  const rows: Row[][] = [[], []];
  edited(folder, (db) => rows[0]?.push(...componentsOf(db)));
  const second = start(folder);
  await second.runtime.ready;
  expect((await second.runtime.crisisMode.enter({ ...ITS, by: ANN })).isDurable).toBe(true);
  await second.runtime.close();
  edited(folder, (db) => rows[1]?.push(...componentsOf(db)));
  return { folder, before: rows[0] ?? [], on: rows[1] ?? [] };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The row of crisis mode: the one that changed, and is no clock that each start writes. */
function modeRow({ before, on }: { before: readonly Row[]; on: readonly Row[] }) {
  const longest = (rows: readonly Row[]) =>
    rows.toSorted((a, b) => b.state.length - a.state.length);
  const now = longest(on)[0] as Row;
  const earlier = before.find(({ tag }) => hex(tag) === hex(now.tag));
  return { now, earlier: earlier as Row };
}

test('SE-6 CR-6 one whose record was deleted is on for everybody, and said, until somebody ends it', async () => {
  const made = await inCrisisMode();
  const { now } = modeRow(made);
  edited(made.folder, (db) => db.prepare('DELETE FROM component WHERE tag = ?').run(now.tag));

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

test('SE-6 CR-6 one that was put back from before, or changed, is on for everybody', async () => {
  const made = await inCrisisMode();
  const { now, earlier } = modeRow(made);
  edited(made.folder, (db) =>
    db
      .prepare('UPDATE component SET state = ?, revision = ? WHERE tag = ?')
      .run(earlier.state, earlier.revision, now.tag),
  );
  const putBack = start(made.folder);
  await putBack.runtime.ready;
  expect(putBack.runtime.crisisMode.list()).toMatchObject([
    { subject: null, by: { id: 'holdfast' } },
  ]);
  await vi.waitFor(() => {
    expect(putBack.errors).toContain('HF_RECORD_STALE');
  }, WAITS);
  await putBack.runtime.close();

  const other = await inCrisisMode();
  const { now: damaged } = modeRow(other);
  edited(other.folder, (db) => {
    const state = Buffer.from(damaged.state);
    state[40] = (state[40] ?? 0) ^ 1;
    db.prepare('UPDATE component SET state = ? WHERE tag = ?').run(state, damaged.tag);
  });
  const changed = start(other.folder);
  await changed.runtime.ready;
  expect(changed.runtime.crisisMode.list()).toMatchObject([
    { subject: null, by: { id: 'holdfast' } },
  ]);
});

test('SE-6 CR-6 the nodes of the set that would have it are deleted with it: it is in doubt', async () => {
  const made = await inCrisisMode();
  const { now } = modeRow(made);
  edited(made.folder, (db) => {
    db.prepare('DELETE FROM component WHERE tag = ?').run(now.tag);
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

test('SE-6 CR-6 control: untouched, and with another record deleted, nothing is in doubt', async () => {
  const made = await inCrisisMode();
  const { now } = modeRow(made);
  const kept = start(made.folder);
  await kept.runtime.ready;
  expect(kept.runtime.crisisMode.list()).toMatchObject([{ ...ITS, by: ANN }]);
  await kept.runtime.close();
  edited(made.folder, (db) => db.prepare('DELETE FROM component WHERE tag <> ?').run(now.tag));
  const { runtime, errors } = start(made.folder);
  await runtime.ready;
  expect(runtime.crisisMode.list()).toMatchObject([{ ...ITS, by: ANN }]);
  await vi.waitFor(() => {
    expect(errors).toContain('HF_RECORD_MISSING');
  }, WAITS);
});
