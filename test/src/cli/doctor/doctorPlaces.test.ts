import {
  chmodSync,
  chownSync,
  cpSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../persistence/openStore.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { accept, deadLetter, idOf } from '../../../persistence/contract/writes.ts';
import { PROGRAM, runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

interface Found {
  readonly exitCode: number | null;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly detail: string }>>;
  readonly places: {
    readonly files: readonly {
      readonly name: string;
      readonly bytes: number | null;
      readonly isNeeded: boolean;
      readonly deletion: string;
    }[];
    readonly data: { readonly parts: readonly { readonly name: string; rows: number | null }[] };
  };
}

let parent: string;
let folder: string;
let keyPath: string;

beforeEach(async () => {
  parent = tempFolder();
  folder = join(parent, 'store');
  keyPath = join(parent, 'test.key');
  await createKeyFile(keyPath);
});

async function doctor(store: string = folder, key: string = keyPath): Promise<Found> {
  const its = ['--store', store, '--key-file', key, '--json'];
  const { exitCode, stdout } = await runCli(['doctor', ...its]);
  const said = JSON.parse(stdout) as {
    readonly checks: readonly { readonly name: string; status: string; detail: string }[];
    readonly places: Found['places'];
  };
  const checks = Object.fromEntries(said.checks.map((check) => [check.name, check]));
  return { exitCode, checks, places: said.places };
}

async function doctorText(store: string = folder): Promise<string> {
  const { stdout } = await runCli(['doctor', '--store', store, '--key-file', keyPath]);
  return stdout.slice(stdout.indexOf('What lies where'));
}

const namesOf = ({ places }: Found): string[] => places.files.map(({ name }) => name);

/** The folder as a killed process leaves it: what was committed is in the -wal. */
async function leftByKill(to: string): Promise<string> {
  const store = openStore({ folder, key: keyFile(keyPath) });
  await store.open();
  await store.commit([accept(1), accept(2), accept(3, { standing: 'held' })]);
  await store.commit([deadLetter(2)]);
  const left = join(parent, to);
  cpSync(folder, left, { recursive: true });
  await store.close();
  return left;
}

test('PS-5 doctor knows each file of a store that runs, and tells of those that are not its', async () => {
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    upstreams: {},
    handlers: {},
    crisis: { outside: { socketPath: true } },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const inUse = await doctor();
  expect(namesOf(inUse)).toEqual(
    expect.arrayContaining([
      'control.sock',
      'crises.outside.spill',
      'crises.spill',
      'crisis.sock',
      'data.db',
      'data.db-shm',
      'data.db-wal',
      'keyring.json',
      'last.commit',
      'owner.db',
      'owner.json',
    ]),
  );
  expect(namesOf(inUse)).toEqual(readdirSync(folder).toSorted());
  expect(inUse.places.files.filter(({ deletion }) => deletion === 'unknown')).toEqual([]);
  expect(inUse.checks).not.toHaveProperty('unknown');
  writeFileSync(join(folder, 'notes.txt'), 'mine', { mode: 0o600 });
  const withMore = await doctor();
  expect(withMore.exitCode).toBe(0);
  expect(withMore.places.files).toContainEqual({
    name: 'notes.txt',
    bytes: 4,
    holds: expect.any(String) as string,
    isNeeded: false,
    deletion: 'unknown',
  });
  expect(withMore.checks['unknown']).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('notes.txt') as string,
  });
});

test('PS-5 what doctor says may be deleted at rest can be, and what it forbids holds work', async () => {
  const left = await leftByKill('left');
  for (const name of ['.keyring.json.new', 'data.db.rescue', 'keyring.json.replaced']) {
    writeFileSync(join(left, name), 'cut off', { mode: 0o600 });
  }
  writeFileSync(join(left, 'data.v0.20260101T000000Z.backup'), '', { mode: 0o600 });
  const found = await doctor(left);
  expect(found.checks['store']?.detail).toContain('1 dead letter, 2 to do');
  for (const { name, deletion } of found.places.files) {
    // Those of the owner went with the check.
    if (deletion === 'atRest' || deletion === 'anyTime') rmSync(join(left, name), { force: true });
  }
  expect(readdirSync(left).toSorted()).toEqual([
    'crises.spill',
    'data.db',
    'data.db-wal',
    'keyring.json',
    'last.commit',
  ]);
  expect((await doctor(left)).checks['store']?.detail).toContain('1 dead letter, 2 to do');
  rmSync(join(left, 'data.db-wal'));
  expect((await doctor(left)).checks['store']?.detail ?? '').not.toContain('2 to do');
});

test('PS-5 SE-4 doctor says what lies where also with another key, and opens nothing', async () => {
  const left = await leftByKill('left');
  const otherPath = join(parent, 'other.key');
  await createKeyFile(otherPath);
  const found = await doctor(left, otherPath);
  expect(found.exitCode).toBe(1);
  expect(found.checks['store']?.detail).toContain('HF_KEY_WRONG');
  const counts = Object.fromEntries(found.places.data.parts.map(({ name, rows }) => [name, rows]));
  expect(counts).toMatchObject({ inHand: 1, held: 1, deadLettered: 1, settled: 0 });
  expect(found.places.files).toContainEqual(
    expect.objectContaining({ name: 'data.db-wal', deletion: 'never', isNeeded: true }),
  );
});

test('PS-5 SE-5 doctor prints what lies where for people, and nobody is in it', async () => {
  const left = await leftByKill('left');
  const text = await doctorText(left);
  expect(text).toMatch(/^data\.db-wal +[\d.]+ KiB +no +commits not in data\.db yet/m);
  expect(text).toMatch(/^owner\.db +0 bytes +at rest /m);
  expect(text).toMatch(/^operations held +1 +[\d.]+ (bytes|KiB) /m);
  expect(text).toMatch(/^free pages .* holdfast compact gives them back$/m);
  expect(text).not.toMatch(/^crisis plans/m);
  expect(text).not.toContain(idOf(1));
});

test("PS-5 doctor looks into an empty folder, and into somebody else's, and lists only so much", async () => {
  const other = tempFolder();
  expect(await doctorText(other)).toMatch(/^What lies where in .*\nnothing\n$/);
  for (let n = 0; n < 30; n += 1) {
    writeFileSync(join(other, `file-${n}`), '', { mode: 0o600 });
  }
  // A link to nowhere is a file like others, and no reason to fail.
  symlinkSync(join(other, 'nowhere'), join(other, 'link'));
  const found = await doctor(other);
  expect(found.checks['files']?.status).toBe('ok');
  expect(found.checks['format']?.detail).toContain('HF_STORE_MISSING');
  expect(found.places).toMatchObject({ data: null });
  expect(found.places.files).toHaveLength(31);
  const text = await doctorText(other);
  expect(text.match(/^file-/gm)).toHaveLength(20);
  expect(text).toContain('and 11 more');
});

test('SE-2 doctor never says that a key file in the folder may be deleted', async () => {
  const left = await leftByKill('left');
  const inside = join(left, 'my.key');
  cpSync(keyPath, inside);
  const found = await doctor(left, inside);
  expect(found.checks['store']?.detail).toContain('HF_KEY_FILE_IN_STORE');
  expect(found.places.files).toContainEqual(
    expect.objectContaining({ name: 'my.key', deletion: 'never', isNeeded: true }),
  );
});

const NOBODYS_ID = 65_534;

/** Whether a user without rights of its own gets into a folder. */
function isOpenToAll(folderOf: string): boolean {
  const above = dirname(folderOf);
  return (statSync(folderOf).mode & 0o001) !== 0 && (above === folderOf || isOpenToAll(above));
}

// Only root can give a file away, and run the command as the one who has not got it.
test.runIf(process.getuid?.() === 0 && isOpenToAll(dirname(PROGRAM)))(
  'PS-5 PS-6 doctor names a file of the store that this user may not open',
  async () => {
    const left = await leftByKill('left');
    writeFileSync(join(left, 'notes.txt'), '', { mode: 0o600 });
    for (const name of ['', 'crises.spill', 'data.db-wal', 'data.db-shm', 'keyring.json']) {
      chownSync(join(left, name), NOBODYS_ID, NOBODYS_ID);
    }
    chownSync(keyPath, NOBODYS_ID, NOBODYS_ID);
    chmodSync(parent, 0o755);
    const args = ['doctor', '--store', left, '--key-file', keyPath, '--json'];
    const { exitCode, stdout } = await runCli(args, { uid: NOBODYS_ID });
    const { checks } = JSON.parse(stdout) as {
      readonly checks: { name: string; detail: string }[];
    };
    expect(exitCode).toBe(1);
    const detail = checks.find(({ name }) => name === 'access')?.detail ?? '';
    expect(detail).toMatch(/you can't read and write data\.db,/);
    expect(detail).not.toMatch(/keyring|notes/);
  },
);
