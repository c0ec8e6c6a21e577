/** Crisis modes in the file: whatever is done to a row of theirs leaves them in doubt, and what is done to others does not. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../../persistence/port/store.ts';
import { spoilRoot } from '../../../support/store/damage.ts';
import { mode } from '../../contract/crisisModes.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne } from '../../contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let store: Store;
let told: string[];

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  open();
  await store.open();
  await store.commit([
    accept(1, { subject: 'user-1' }),
    { kind: 'component', name: 'breaker:payments', state: 'open' },
    { kind: 'crisisPlan', subject: 'user-1', plan: 'plan', isPinned: true },
    mode('user-1', 'first'),
    mode('user-2', 'first'),
    mode('ended', 'first'),
    mode(null, 'first'),
  ]);
  await store.close();
  inFile((db) => db.exec('CREATE TABLE kept.earlier AS SELECT * FROM main.crisis_mode'));
  open();
  await store.open();
  await store.commit([mode('user-1', 'second'), mode('ended', null)]);
  await store.close();
});
afterEach(async () => {
  await store.close();
  await remove();
});

function open(): void {
  store = inThreadStore(folder);
  told = [];
  store.onNotice(({ code }) => told.push(code));
}

/** Edits the file of the closed store by SQL, with an earlier copy attached as `kept`. */
function inFile<Result>(use: (db: Database.Database) => Result): Result {
  const db = new Database(join(folder, 'data.db'));
  try {
    db.exec(`ATTACH '${join(folder, '..', 'kept.db')}' AS kept`);
    return use(db);
  } finally {
    db.close();
  }
}

/** What is known of crisis modes once the store is open. */
async function atOpen() {
  open();
  const { crisisModes, components } = await store.open();
  const kept = crisisModes.kept.map(({ subject, state }) => `${subject} ${state}`).toSorted();
  return { isInDoubt: crisisModes.isInDoubt, kept, components: components.size };
}

const ALL = ['null first', 'user-1 second', 'user-2 first'];
const IS_OF_OTHERS = 'state IN (SELECT state FROM earlier)';

test('SE-6 CR-6 control: untouched, they are in no doubt, and nothing is told', async () => {
  expect(await atOpen()).toMatchObject({ isInDoubt: false, kept: ALL });
  await store.recount();
  expect(told).toEqual([]);
});

describe('SE-6 CR-6 they are in doubt, and that is told', () => {
  test.each<[what: string, change: string, code: string, kept: readonly string[]]>([
    [
      'one is deleted',
      `DELETE FROM crisis_mode WHERE NOT ${IS_OF_OTHERS}`,
      'MISSING',
      ['null first', 'user-2 first'],
    ],
    ['all are deleted', 'DELETE FROM crisis_mode', 'MISSING', []],
    [
      'an earlier copy is put back',
      'INSERT OR REPLACE INTO crisis_mode SELECT * FROM earlier WHERE subject IN ' +
        '(SELECT subject FROM crisis_mode)',
      'STALE',
      ['null first', 'user-1 first', 'user-2 first'],
    ],
    [
      'one that has ended is put back',
      'INSERT OR IGNORE INTO crisis_mode SELECT * FROM earlier',
      'STALE',
      ['ended first', ...ALL],
    ],
    [
      'its text is another',
      `UPDATE crisis_mode SET state = zeroblob(200) WHERE NOT ${IS_OF_OTHERS}`,
      'MALFORMED',
      ['null first', 'user-2 first'],
    ],
    [
      'its revision',
      `UPDATE crisis_mode SET revision = 9 WHERE NOT ${IS_OF_OTHERS}`,
      'TAMPERED',
      ['null first', 'user-2 first'],
    ],
    [
      'a revision beyond counting',
      `UPDATE crisis_mode SET revision = 9007199254740993 WHERE NOT ${IS_OF_OTHERS}`,
      'TAMPERED',
      ['null first', 'user-2 first'],
    ],
    [
      'its key id',
      `UPDATE crisis_mode SET key_id = 9 WHERE NOT ${IS_OF_OTHERS}`,
      'TAMPERED',
      ['null first', 'user-2 first'],
    ],
    [
      'whose it is',
      `UPDATE crisis_mode SET subject = x'00112233445566778899aabbccddeeff' WHERE NOT ${IS_OF_OTHERS}`,
      'TAMPERED',
      ['null first', 'user-2 first'],
    ],
    [
      'two are exchanged',
      'CREATE TEMP TABLE other AS SELECT subject, state, revision FROM main.crisis_mode WHERE revision = 1; ' +
        'UPDATE crisis_mode SET state = (SELECT state FROM other WHERE other.subject <> crisis_mode.subject) WHERE revision = 1',
      'TAMPERED',
      ['user-1 second'],
    ],
  ])('%s', async (_, change, code, kept) => {
    inFile((db) => db.exec(change));
    expect(await atOpen()).toMatchObject({ isInDoubt: true, kept });
    expect(await store.crisisPlan('user-1')).toMatchObject({ plan: 'plan' });
    expect(told).toContain(`HF_RECORD_${code}`);
    // And they stay so, until all are written in place of them.
    await store.commit([mode('user-9', 'on')]);
    await store.close();
    expect(await atOpen()).toMatchObject({ isInDoubt: true });
    const all = [{ subject: null, state: 'of holdfast' }];
    await store.commit([{ kind: 'crisisModes', all }]);
    await store.close();
    expect(await atOpen()).toMatchObject({ isInDoubt: false, kept: ['null of holdfast'] });
    await store.recount();
    expect(told).toEqual([]);
  });

  test('the page of their table is damaged: nothing is read of it, and the rest goes on', async () => {
    spoilRoot(join(folder, 'data.db'), 'crisis_mode');
    expect(await atOpen()).toMatchObject({ isInDoubt: true, kept: [] });
    await store.counts();
    expect(told).toContain('HF_STORE_CORRUPT');
    const all = [{ subject: null, state: 'of holdfast' }];
    await expect(store.commit([{ kind: 'crisisModes', all }])).rejects.toMatchObject({
      code: 'HF_STORE_CORRUPT',
    });
    expect(await commitOne(store, accept(2))).toMatchObject({ kind: 'accepted' });
    await store.close();
    expect(await atOpen()).toMatchObject({ isInDoubt: true });
  });

  test.each([
    ['that they are in', null],
    ['that the only one is in', [{ subject: 'user-1', state: 'on' }]],
  ])('each part of the set %s is deleted, with them or without', async (_, only) => {
    if (only !== null) {
      await atOpen();
      await store.commit([{ kind: 'crisisModes', all: only }]);
      await store.close();
      inFile((db) => {
        db.pragma('journal_mode = DELETE');
      });
    }
    const nodes = inFile((db) => db.prepare('SELECT node FROM integrity').pluck().all());
    const root = Math.max(...(nodes as number[]));
    const before = inFile((db) => db.serialize());
    // The third kind of records: see recordSet.ts.
    const isOfModes = (node: number): boolean => Math.floor(node / 2 ** 47) === 2;
    for (const areDeleted of [true, false]) {
      for (const node of (nodes as number[]).filter((each) => each !== root)) {
        inFile((db) => {
          db.prepare('DELETE FROM integrity WHERE node = ?').run(node);
          if (areDeleted) db.exec('DELETE FROM crisis_mode');
        });
        // Without the part of the mark it does not open.
        const found = await atOpen().catch(() => null);
        if (found !== null) expect(found.isInDoubt).toBe(areDeleted || isOfModes(node));
        if (found?.isInDoubt === true) {
          await store.counts();
          expect(told).toContain('HF_RECORD_MISSING');
          await store.commit([{ kind: 'crisisModes', all: [{ subject: 'user-1', state: 'on' }] }]);
          await store.close();
          expect(await atOpen()).toMatchObject({ isInDoubt: false, kept: ['user-1 on'] });
        }
        await store.close();
        inFile((db) => {
          db.pragma('journal_mode = DELETE');
        });
        writeFileSync(join(folder, 'data.db'), before);
      }
    }
    // A leaf or more, and the part above.
    expect((nodes as number[]).filter(isOfModes).length).toBeGreaterThan(1);
  });
});

describe('SE-6 CR-6 CB-4 they are in no doubt', () => {
  test.each([
    'DELETE FROM component',
    'UPDATE component SET state = zeroblob(200)',
    'DELETE FROM crisis_plan',
    'DELETE FROM operation',
  ])('%s', async (change) => {
    inFile((db) => db.exec(change));
    expect(await atOpen()).toMatchObject({ isInDoubt: false, kept: ALL });
  });
});

test('SC-1 CR-6 a change writes one row, and leaves those of others as they are', async () => {
  await atOpen();
  await store.commit([
    {
      kind: 'crisisModes',
      all: Array.from({ length: 200 }, (_, n) => ({ subject: `p-${n}`, state: 'on' })),
    },
  ]);
  await store.close();
  const rows = (): ReadonlySet<string> =>
    new Set(
      inFile((db) => db.prepare<[], Buffer>('SELECT state FROM crisis_mode').pluck().all()).map(
        (state) => state.toString('hex'),
      ),
    );
  const before = rows();
  await atOpen();
  await store.commit([mode('p-7', 'later')]);
  await store.close();
  expect([...rows()].filter((state) => !before.has(state))).toHaveLength(1);
  await atOpen();
  await store.commit([mode('p-7', null)]);
  await store.close();
  expect([...before].filter((state) => !rows().has(state))).toHaveLength(1);
});

test('SE-5 CR-6 the fingerprint of a person in crisis mode can not be matched with another of them', async () => {
  const tags = inFile((db) =>
    db
      .prepare<[], Buffer>(
        'SELECT subject FROM crisis_mode WHERE revision = 2 UNION ALL SELECT subject FROM crisis_plan ' +
          'UNION ALL SELECT subject FROM operation',
      )
      .pluck()
      .all(),
  );
  expect(new Set(tags.map((tag) => tag.toString('hex'))).size).toBe(3);
});
