import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { viewIfReadable } from '../../../../actors/operation/rowView.ts';
import { WAITS_AT_REST } from '../../../../actors/operation/waitView.ts';
import { openAtRest } from '../../../../persistence/openStore.ts';
import {
  armFaultPoint,
  disarmFaultPoints,
  MIGRATION_FAULT_POINTS,
} from '../../../../persistence/port/faultPoints.ts';
import type { StandingCounts, Store } from '../../../../persistence/port/store.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createSchema, SCHEMA_VERSION } from '../../../../persistence/sqlite/schema/schema.ts';
import {
  placeStoreFixture,
  type StoreFixture,
  storeFixtureVersions,
} from '../../../support/harness/fixtures.ts';
import { startStoreProcess } from '../../../support/store/storeProcess.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore, threadedStore } from '../../contract/storeUnderTest.ts';

let fixture: StoreFixture;
let open: Store[];

beforeEach(() => {
  fixture = placeStoreFixture(1, tempFolder());
  open = [];
});
afterEach(async () => {
  disarmFaultPoints();
  for (const store of open) await store.close();
});

function make(maker: typeof inThreadStore = inThreadStore): Store {
  const store = maker(fixture.folder, keyFile(fixture.keyPath));
  open.push(store);
  return store;
}

function inFile<Result>(use: (db: Database.Database) => Result, name = 'data.db'): Result {
  const db = new Database(join(fixture.folder, name));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

function versionOf(name = 'data.db'): unknown {
  return inFile((db) => db.pragma('user_version', { simple: true }), name);
}

function backups(): string[] {
  return readdirSync(fixture.folder).filter((name) => name.endsWith('.backup'));
}

/** A hash of each file that holds something: looking may leave an empty WAL behind. */
function contents(): Record<string, string> {
  const names = readdirSync(fixture.folder).filter(
    (name) => !/^owner\.|-shm$/.test(name) && statSync(join(fixture.folder, name)).size > 0,
  );
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(fixture.folder, name)))
      .digest('hex');
  return Object.fromEntries(names.map((name) => [name, hash(name)]));
}

const DEAD_LETTERS = ['deadLettered', 'exhausted', 'strict', 'largeDeadLetter'];
/** What stands where in the stores, by their version. */
const COUNTS: Readonly<Record<number, StandingCounts>> = {
  1: { settled: 3, deadLettered: 3, inHand: 2, due: 2, held: 4, quarantined: 0 },
  2: { settled: 3, deadLettered: 4, inHand: 2, due: 4, held: 5, quarantined: 1 },
  3: { settled: 3, deadLettered: 4, inHand: 2, due: 6, held: 8, quarantined: 1 },
  4: { settled: 3, deadLettered: 4, inHand: 2, due: 6, held: 8, quarantined: 1 },
  5: { settled: 3, deadLettered: 4, inHand: 2, due: 6, held: 8, quarantined: 1 },
  6: { settled: 3, deadLettered: 4, inHand: 2, due: 7, held: 8, quarantined: 1 },
};

/** Everything the old store held is there, as it was, and dead letters stand apart. */
async function expectAllThere(store: Store): Promise<void> {
  for (const [name, { id, state }] of Object.entries(fixture.operations)) {
    const row = await store.find(id);
    expect([name, row?.standing === 'deadLettered']).toEqual([name, DEAD_LETTERS.includes(name)]);
    // What was in flight at the crash was on disk as ordered; a crisis goes on in its own chart.
    const onDisk = state === 'attempting' ? 'ordering' : state;
    const expected = name === 'crisis' ? 'fastBackoff' : onDisk;
    if (name === 'aside') continue;
    expect([name, row && viewIfReadable(row, WAITS_AT_REST)?.state]).toEqual([name, expected]);
    const hasEnded = row?.standing === 'settled';
    const payload = name.startsWith('large') ? /^.{2000,}$/ : /^.{19,20}$/;
    if (hasEnded) expect([name, row.payload]).toEqual([name, null]);
    else expect([name, row?.payload]).toEqual([name, expect.stringMatching(payload)]);
  }
  expect(await store.counts()).toEqual(COUNTS[fixture.version]);
  const isFirst = fixture.version === 1;
  expect(await store.blockedCounts()).toEqual({
    handler: 0,
    conflict: 1,
    review: isFirst ? 1 : 2,
    rate: 0,
    startAt: 0,
  });
}

describe.each([
  [1, 'in this thread', inThreadStore],
  [1, 'in a thread of its own', threadedStore],
  [2, 'in this thread', inThreadStore],
  [3, 'in this thread', inThreadStore],
  [4, 'in this thread', inThreadStore],
  [5, 'in this thread', inThreadStore],
  [6, 'in this thread', inThreadStore],
])('a store of version %i opened %s', (version, _, maker) => {
  beforeEach(() => {
    fixture = placeStoreFixture(version, tempFolder());
  });

  test('PS-4 is brought up to date with all it holds, and a copy of it is kept', async () => {
    const before = inFile((db) => db.prepare('SELECT * FROM operation').all());
    const info = await make(maker).open();
    expect(info).toMatchObject({ created: false, migration: { fromVersion: version } });
    expect([...info.components.keys()].toSorted()).toEqual([
      'breaker:records',
      'breaker:shaky',
      'degradation:records',
      'degradation:shaky',
    ]);
    await expectAllThere(open[0] as Store);
    await open[0]?.close();
    expect(versionOf()).toBe(SCHEMA_VERSION);
    const [kept = ''] = backups();
    expect(kept).toMatch(/^data\.v\d\.\d{8}T\d{6}Z\.backup$/);
    expect(info.migration?.backupPath).toBe(join(fixture.folder, kept));
    expect(statSync(join(fixture.folder, kept)).mode & 0o777).toBe(0o600);
    expect(versionOf(kept)).toBe(version);
    expect(inFile((db) => db.prepare('SELECT * FROM operation').all(), kept)).toEqual(before);
    // The next time there is nothing to do.
    expect((await make(maker).open()).migration).toBeNull();
    expect(backups()).toEqual([kept]);
  });

  test('PS-4 opens again as it was from the copy', async () => {
    await make(maker).open();
    await open[0]?.close();
    const [kept = ''] = backups();
    writeFileSync(join(fixture.folder, 'data.db'), readFileSync(join(fixture.folder, kept)));
    expect(versionOf()).toBe(version);
    await make(maker).open();
    await expectAllThere(open[1] as Store);
  });
});

test('OP-5 a dead letter of version 1 has its payload, its key and its lane as before', async () => {
  await make().open();
  const store = open[0] as Store;
  const of = (name: string): string => fixture.operations[name]?.id ?? '';
  expect(await store.find(of('deadLettered'))).toMatchObject({
    dueAtMs: null,
    payload: expect.stringContaining('"n":2'),
  });
  // Strict order: who is behind it in its lane still waits.
  expect((await store.freedHeads({ afterSeq: 0, limit: 9 })).rows).not.toEqual(
    expect.arrayContaining([expect.objectContaining({ id: of('afterStrict') })]),
  );
  const listed = await store.list({ afterSeq: 0, limit: 9, standing: 'deadLettered' });
  expect(listed.map(({ id }) => id)).toEqual(DEAD_LETTERS.slice(0, 3).map(of));
});

describe.each([1, 2, 3])(
  'PS-4 a migration of version %i that is cut off leaves the old or the new',
  (old) => {
    beforeEach(() => {
      fixture = placeStoreFixture(old, tempFolder());
    });

    test.each(MIGRATION_FAULT_POINTS)('killed at %s', async (point) => {
      const { ended, child } = await startStoreProcess(fixture.folder, {
        keyPath: fixture.keyPath,
        fault: `${point}:1:kill`,
      });
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
      const version = versionOf();
      expect(version).toBe(point === 'migration.afterCommit' ? SCHEMA_VERSION : old);
      const info = await make().open();
      expect(info.migration === null).toBe(version === SCHEMA_VERSION);
      await expectAllThere(open[0] as Store);
      expect(backups()).not.toEqual([]);
      expect(readdirSync(fixture.folder).filter((name) => name.endsWith('.new'))).toEqual([]);
    });

    test.each(MIGRATION_FAULT_POINTS)(
      'failed at %s, and tried again in one process',
      async (point) => {
        armFaultPoint(point, 1, 'throw');
        const store = make();
        await expect(store.open()).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
        await store.open();
        await expectAllThere(store);
      },
    );

    test('cut off again and again it keeps one copy, whatever a failed attempt left in the WAL', async () => {
      const data = join(fixture.folder, 'data.db');
      utimesSync(data, new Date('2020-01-02T03:04:05Z'), new Date('2020-01-02T03:04:05Z'));
      const { ended } = await startStoreProcess(fixture.folder, {
        keyPath: fixture.keyPath,
        fault: 'migration.beforeCommit:1:kill',
      });
      await ended;
      writeFileSync(`${data}-wal`, 'pages that were never committed');
      await make().open();
      await expectAllThere(open[0] as Store);
      expect(backups()).toEqual([`data.v${old}.20200102T030405Z.backup`]);
    });

    test('control: steps outside a transaction would leave a store that nothing opens', async () => {
      inFile((db) => db.exec('ALTER TABLE quarantine RENAME TO quarantine_v2'));
      await expect(make().open()).rejects.toMatchObject({ code: 'HF_STORE_FOREIGN' });
    });
  },
);

test('PS-4 who only looks does not migrate: the store stays as it is, byte for byte', async () => {
  const before = contents();
  const looked = openAtRest({ folder: fixture.folder, key: keyFile(fixture.keyPath) });
  await expect(looked).rejects.toMatchObject({
    code: 'HF_STORE_OLDER',
    message: expect.stringContaining('holdfast migrate'),
  });
  expect(contents()).toEqual(before);
});

test('SE-4 a store of version 1 with anything else in it is refused before it is touched', async () => {
  inFile((db) => db.exec('CREATE TRIGGER t AFTER UPDATE ON operation BEGIN DELETE FROM meta; END'));
  const before = contents();
  await expect(make().open()).rejects.toMatchObject({ code: 'HF_STORE_FOREIGN' });
  expect(contents()).toEqual(before);
});

test('PS-3 a dead letter that was changed in the file is set aside, and the others migrate', async () => {
  const id = Buffer.from((fixture.operations['exhausted']?.id ?? '').replaceAll('-', ''), 'hex');
  inFile((db) => db.prepare('UPDATE operation SET urgency = 0 WHERE id = ?').run(id));
  const store = make();
  await store.open();
  expect(await store.find(fixture.operations['exhausted']?.id ?? '')).toMatchObject({
    standing: 'quarantined',
  });
  expect(await store.counts()).toMatchObject({ deadLettered: 2, quarantined: 1 });
});

test('PS-3 what was set aside in version 1 stays so, with all that is known of it', async () => {
  inFile((db) => {
    db.exec('UPDATE operation SET standing = 4 WHERE seq = 2');
    db.exec("INSERT INTO quarantine VALUES (2, 'HF_RECORD_TAMPERED', 0, 7, NULL, NULL, NULL)");
  });
  const store = make();
  await store.open();
  await store.close();
  expect(inFile((db) => db.prepare('SELECT * FROM quarantine').all())).toEqual([
    expect.objectContaining({ seq: 2, code: 'HF_RECORD_TAMPERED', due_at: 7, set_aside_at: null }),
  ]);
});

describe('PS-4 the tables change only with their version', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../../../fixtures/schemas.json', import.meta.url), 'utf8'),
  ) as Record<string, string>;

  function fingerprint(version: number): string {
    const db = new Database(':memory:');
    createSchema(db, version);
    const objects = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema').all();
    db.close();
    return createHash('sha256').update(JSON.stringify(objects)).digest('hex');
  }

  test('each version has the tables it was released with', () => {
    const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);
    const found = Object.fromEntries(versions.map((each) => [each, fingerprint(each)]));
    // If this fails, don't edit the record: make the next version, with a step and a fixture.
    expect(found).toEqual(recorded);
  });

  test('there is a real store of each earlier version', () => {
    for (let version = 1; version < SCHEMA_VERSION; version += 1) {
      expect(storeFixtureVersions()).toContain(version);
    }
  });
});
