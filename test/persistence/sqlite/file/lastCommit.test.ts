/**
 * What the next start says of files that somebody deletes, cuts, zeroes or puts back after a process was killed. The
 * store is one of a real process, ended by SIGKILL; its files are written over in place, as `cp` does, so that the store
 * is no copy.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import type { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { openAtRest, storeLocation } from '../../../../persistence/openStore.ts';
import type { Hold } from '../../../../persistence/port/review.ts';
import { openKeyring } from '../../../../persistence/sealing/keyring.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { isEndMissing, LastCommit } from '../../../../persistence/sqlite/file/lastCommit.ts';
import { Writer } from '../../../../persistence/sqlite/writer/writer.ts';
import { checkData } from '../../../../persistence/upkeep/checkData.ts';
import { rewriteAtRest } from '../../../../persistence/upkeep/compact.ts';
import { builtProgram } from '../../../support/process/builtProgram.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore, TEST_KEY } from '../../contract/storeUnderTest.ts';
import { accept, idOf } from '../../contract/writes.ts';

const PERSISTENCE = pathToFileURL(join(builtProgram(), 'persistence/'));
const ROWS = 20;
const CRISES = 2;

const PROGRAM = `
  async function main([folder, early, late, crises, outside]) {
    const { openStore } = await import('${new URL('openStore.js', PERSISTENCE).href}');
    const { rawKey } = await import('${new URL('sealing/keySource.js', PERSISTENCE).href}');
    const store = openStore({ folder, key: rawKey(new Uint8Array(32).fill(7)) });
    await store.open();
    for (const write of JSON.parse(early)) await store.commit([write]);
    console.log('early');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    for (const write of JSON.parse(late)) await store.commit([write]);
    for (const write of JSON.parse(crises)) await store.spill(write);
    for (const id of JSON.parse(outside)) {
      const line = store.spillLine();
      line.postMessage({ kind: 'keep', crisis: { id, request: '{}' } });
      await new Promise((resolve) => line.once('message', resolve));
      line.close();
    }
    console.log('late');
    setInterval(() => undefined, 1_000);
  }
  main(process.argv.slice(1));
`;

const rows = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => accept(from + index));

/** The folder of a process that was killed, and all its files as they were half-way. */
async function killedStore(
  spilled = CRISES,
  outside = 0,
): Promise<{ folder: string; early: ReadonlyMap<string, Buffer> }> {
  const folder = join(tempFolder(), 'store');
  const crises = Array.from({ length: spilled }, (_, index) =>
    accept(ROWS + 1 + index, { urgency: 0 }),
  );
  const given = [rows(1, ROWS / 2), rows(ROWS / 2 + 1, ROWS), crises];
  const ids = Array.from({ length: outside }, (_, index) => idOf(1_000 + index));
  const texts = [...given, ids].map((each) => JSON.stringify(each));
  const child = spawn(process.execPath, ['-e', PROGRAM, folder, ...texts], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const early = new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
  child.stdin.write('go on\n');
  await once(lines, 'line');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { folder, early };
}

interface Start {
  readonly hold: Hold['reason'] | null;
  readonly told: readonly string[];
  readonly rows: number;
}

/** Starts the store; returns what that says, and how many operations are there. */
async function start(folder: string): Promise<Start> {
  const store = inThreadStore(folder);
  const told: string[] = [];
  store.onNotice(({ code, message }: HoldfastError) => {
    told.push(`${code} ${message}`);
  });
  try {
    const { hold } = await store.open();
    const found = await store.list({ afterSeq: 0, limit: 100 });
    return { hold: hold?.reason ?? null, told, rows: found.length };
  } finally {
    await store.close();
  }
}

type Damage = (path: string, early: Buffer) => void;

const deleted: Damage = (path) => {
  rmSync(path);
};
const cut: Damage = (path) => {
  truncateSync(path, Math.floor(statSync(path).size / 2));
};
const zeroedAtItsEnd: Damage = (path) => {
  const { size } = statSync(path);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(Math.ceil(size / 2)), 0, Math.ceil(size / 2), Math.floor(size / 2));
  closeSync(file);
};
/** Written over in place: the file keeps its identity. */
const putBack: Damage = (path, early) => {
  const file = openSync(path, 'r+');
  writeSync(file, early, 0, early.length, 0);
  closeSync(file);
  truncateSync(path, early.length);
};

/** Does this to these files of a store that was killed, and starts it. */
async function startAfter(names: readonly string[], damage: Damage): Promise<Start> {
  const { folder, early } = await killedStore();
  for (const name of names) damage(join(folder, name), early.get(name) ?? Buffer.alloc(0));
  return await start(folder);
}

const WHOLE: Start = { hold: null, told: [], rows: ROWS + CRISES };
const END = expect.stringMatching(/^HF_RECORD_MISSING The end of the store/);
const NO_NOTE = expect.stringMatching(/^HF_RECORD_MISSING The note of the last commit/);
const SPILLS = expect.stringMatching(
  /^HF_RECORD_MISSING 2 crises that were kept .* are missing: crises\.spill/,
);

describe('SE-6 after a SIGKILL, at the next start', () => {
  test('SE-6 a store that nobody touched is whole, however often it was killed', async () => {
    for (let times = 0; times < 5; times += 1) {
      const { folder } = await killedStore();
      expect(await start(folder)).toEqual(WHOLE);
      expect(await start(folder)).toEqual(WHOLE);
    }
  });

  test.each([
    ['deleted', deleted],
    ['cut', cut],
    ['zeroed at its end', zeroedAtItsEnd],
    ['put back', putBack],
  ])('SE-6 a -wal that was %s holds the store, and is told', async (_, damage) => {
    const { hold, told } = await startAfter(['data.db-wal'], damage);
    expect({ hold, told: told.slice(0, 1) }).toEqual({ hold: 'endMissing', told: [END] });
  });

  test('SE-6 database, log and keyring that were put back hold the store, and are told', async () => {
    const names = ['data.db', 'data.db-wal', 'keyring.json', 'crises.spill'];
    const { hold, told, rows: found } = await startAfter(names, putBack);
    expect({ hold, told, found }).toEqual({ hold: 'endMissing', told: [END], found: ROWS / 2 });
  });

  test('SE-6 the store stays held until it is released, and is told of until then', async () => {
    const { folder } = await killedStore();
    deleted(join(folder, 'data.db-wal'), Buffer.alloc(0));
    expect((await start(folder)).hold).toBe('endMissing');
    expect(await start(folder)).toMatchObject({ hold: 'endMissing', told: [END] });
    const store = inThreadStore(folder);
    await store.open();
    await store.commit([{ kind: 'hold', hold: null }]);
    await store.close();
    expect(await start(folder)).toMatchObject({ hold: null, told: [] });
  });

  test('SE-6 what holdfast itself does to a store at rest is no missing end', async () => {
    const { folder } = await killedStore();
    const options = { clock: systemClock };
    expect(await start(folder)).toEqual(WHOLE);
    await rewriteAtRest({ folder, key: TEST_KEY }, options);
    expect(await start(folder)).toEqual(WHOLE);
    const { store } = await openAtRest({ folder, key: TEST_KEY });
    await store.commit([accept(ROWS + 50)]);
    await store.close();
    expect(await start(folder)).toEqual({ ...WHOLE, rows: WHOLE.rows + 1 });
  });

  test.each([0, 512])(
    'SE-6 a held store leaves no note of before, whichever slot a power cut takes (at %d)',
    async (at) => {
      const { folder } = await killedStore(0);
      deleted(join(folder, 'data.db-wal'), Buffer.alloc(0));
      expect((await start(folder)).hold).toBe('endMissing');
      const path = join(folder, 'last.commit');
      writeFileSync(path, readFileSync(path).fill(0, at, at + 512));
      const key = await openKeyring(folder, TEST_KEY);
      const { faults } = await checkData(join(folder, 'data.db'), key, { clock: systemClock });
      expect(faults).toEqual([]);
    },
  );

  test('SE-6 doctor finds the missing end at rest, and no fault in a store that nobody touched', async () => {
    const { folder } = await killedStore();
    const check = async () =>
      await checkData(join(folder, 'data.db'), await openKeyring(folder, TEST_KEY), {
        clock: systemClock,
      });
    expect((await check()).faults).toEqual([]);
    deleted(join(folder, 'data.db-wal'), Buffer.alloc(0));
    expect((await check()).faults).toEqual([expect.stringContaining('last commits are missing')]);
  });

  test.each([
    ['deleted', deleted],
    ['zeroed', (path: string) => writeFileSync(path, Buffer.alloc(1_024))],
    ['changed', (path: string) => writeFileSync(path, Buffer.alloc(1_024, 7))],
  ])(
    'SE-6 a note of the last commit that was %s is told, and the store runs',
    async (_, damage) => {
      expect(await startAfter(['last.commit'], damage)).toEqual({ ...WHOLE, told: [NO_NOTE] });
    },
  );

  test('SE-6 a note that is of before proves nothing, and is not told', async () => {
    expect(await startAfter(['last.commit'], putBack)).toEqual(WHOLE);
  });

  test.each([
    ['deleted', deleted],
    ['cut', (path: string) => truncateSync(path, 0)],
    ['zeroed', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
    ['put back', putBack],
  ])('SE-6 CR-4 crises beside the database whose file was %s are told of', async (_, damage) => {
    expect(await startAfter(['crises.spill'], damage)).toEqual({
      ...WHOLE,
      told: [SPILLS],
      rows: ROWS,
    });
  });

  test('SE-6 CR-4 a crisis in both files beside the database counts once', async () => {
    const folder = join(tempFolder(), 'store');
    const location = storeLocation(folder, TEST_KEY, true);
    const { folder: real, giveBack } = await location.reserve();
    const open = async () => {
      const writer = new Writer({ folder: real, program: 'test', isBrief: true }, nodeEngine);
      const { hasData } = writer.own();
      const told: unknown[] = [];
      const opened = writer.open(await location.unlock(real, hasData), true, null);
      told.push(...writer.run([]).notices);
      return { writer, opened, told };
    };
    const first = await open();
    const request = JSON.stringify({ type: 'crisis.alert' });
    first.writer.reserveForOutside();
    expect(first.writer.keepOutside({ id: idOf(1), request })).toMatchObject({ kind: 'kept' });
    first.writer.run([{ kind: 'spill', write: accept(1, { urgency: 0 }) }]);
    first.writer.close();
    const second = await open();
    expect(second.told).toEqual([]);
    expect(second.opened.outside).toEqual([]);
    second.writer.close();
    giveBack();
  });

  test.each([
    ['deleted', deleted],
    ['cut', (path: string) => truncateSync(path, 0)],
    ['zeroed', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
  ])(
    'SE-6 CR-4 crises that another thread has answered, whose file was %s, are told of',
    async (_, damage) => {
      const { folder } = await killedStore(0, 2);
      damage(join(folder, 'crises.outside.spill'), Buffer.alloc(0));
      expect(await start(folder)).toEqual({ ...WHOLE, told: [SPILLS], rows: ROWS });
      const whole = (await killedStore(0, 2)).folder;
      expect(await start(whole)).toEqual({ ...WHOLE, rows: ROWS });
    },
  );

  test.each([
    ['deleted', deleted, 'HF_KEY_MISSING'],
    ['cut', cut, 'HF_STORE_CORRUPT'],
    ['zeroed at its end', zeroedAtItsEnd, 'HF_STORE_CORRUPT'],
  ])('SE-6 a keyring that was %s opens nothing, and changes nothing', async (_, damage, code) => {
    const { folder } = await killedStore();
    const path = join(folder, 'keyring.json');
    const before = readFileSync(path);
    damage(path, Buffer.alloc(0));
    await expect(start(folder)).rejects.toMatchObject({ code });
    writeFileSync(path, before);
    expect(await start(folder)).toEqual(WHOLE);
  });

  /** Files that hold nothing: each says what makes it again, or where it is held. */
  const OTHERS: Readonly<Record<string, string>> = {
    'data.db': 'lostData.test.ts',
    'data.db-shm': 'made again from the log',
    'owner.db': 'made again',
    'owner.json': 'made again',
  };

  test('SE-6 each file of a store is tried here, or it is said where', async () => {
    const { folder } = await killedStore(CRISES, 1);
    const tried = [
      ...['data.db-wal', 'last.commit', 'crises.spill', 'crises.outside.spill', 'keyring.json'],
    ];
    const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    expect(files.toSorted()).toEqual([...tried, ...Object.keys(OTHERS)].toSorted());
  });
});

describe('SE-6 the note of the last commit', () => {
  const seals = {
    textTag: (_: string, text: string): Uint8Array =>
      Buffer.from(text.padStart(16, ' ').slice(-16)),
  };
  const rootOf = (epoch: number) => ({ epoch, tag: new Uint8Array(16).fill(epoch) });

  test('SE-6 reads what was written last, over any number of processes', () => {
    const path = join(tempFolder(), 'last.commit');
    for (let epoch = 1; epoch <= 5; epoch += 1) {
      const note = new LastCommit(path, seals);
      const found = note.read();
      expect(found).toEqual(epoch === 1 ? 'absent' : { ...rootOf(epoch * 10), spilled: 0 });
      note.begin(rootOf(epoch * 10 + 1), 0, false);
      for (const more of [2, 3, 10]) {
        note.committed(rootOf(epoch * 10 + more));
        note.write();
      }
      note.close();
    }
  });

  test('SE-6 a write that was torn leaves the one before', () => {
    const path = join(tempFolder(), 'last.commit');
    const note = new LastCommit(path, seals);
    note.begin(rootOf(1), 0, true);
    note.committed(rootOf(2));
    note.write();
    const whole = readFileSync(path);
    note.committed(rootOf(3));
    note.write();
    note.close();
    const torn = readFileSync(path);
    for (const at of [0, 512]) {
      if (torn.subarray(at, at + 512).equals(whole.subarray(at, at + 512))) continue;
      torn.fill(0, at + 20, at + 512);
    }
    writeFileSync(path, torn);
    expect(new LastCommit(path, seals).read()).toEqual({ ...rootOf(2), spilled: 0 });
  });

  test('SE-6 one of a longer history does not outlive a new one', () => {
    const path = join(tempFolder(), 'last.commit');
    const before = new LastCommit(path, seals);
    before.begin(rootOf(80), 0, true);
    before.close();
    const next = new LastCommit(path, seals);
    next.read();
    next.begin(rootOf(3), 0, true);
    next.close();
    expect(new LastCommit(path, seals).read()).toEqual({ ...rootOf(3), spilled: 0 });
  });

  test('SE-6 an end is missing where the note is of a later commit, or of another one', () => {
    const note = { ...rootOf(5), spilled: 0 };
    expect(isEndMissing(note, rootOf(4))).toBe(true);
    expect(isEndMissing(note, rootOf(5))).toBe(false);
    expect(isEndMissing(note, rootOf(6))).toBe(false);
    expect(isEndMissing(note, { epoch: 5, tag: new Uint8Array(16) })).toBe(true);
  });
});
