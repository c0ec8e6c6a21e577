import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import { leaks, rejectionOf } from './failures.ts';

let folder = '';
let store = '';
let path = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-keyfile-')));
  store = join(folder, 'store');
  mkdirSync(store, { mode: 0o700 });
  path = join(folder, 'holdfast.key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (file = path) => keyFile(file).load({ storeFolder: store, kdf: null });
const HEX = '00112233445566778899aabbccddeeff'.repeat(2);

describe('createKeyFile', () => {
  test('SE-2 writes 64 hex digits and a newline, for its owner only', async () => {
    await createKeyFile(path);
    expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { key, kdf } = await load();
    expect(Buffer.from(key).toString('hex')).toBe(readFileSync(path, 'utf8').trim());
    expect(kdf).toBeNull();
  });

  test('SE-2 makes another key each time', async () => {
    await createKeyFile(path);
    await createKeyFile(`${path}2`);
    expect(readFileSync(path, 'utf8')).not.toBe(readFileSync(`${path}2`, 'utf8'));
  });

  test('SE-4 never overwrites what is there, a dangling link included', async () => {
    await createKeyFile(path);
    const before = readFileSync(path, 'utf8');
    const error = await rejectionOf(createKeyFile(path));
    expect(error).toMatchObject({ code: 'HF_KEY_FILE_EXISTS', path });
    expect(readFileSync(path, 'utf8')).toBe(before);

    const link = join(folder, 'link.key');
    symlinkSync(join(folder, 'nowhere'), link);
    expect((await rejectionOf(createKeyFile(link))).code).toBe('HF_KEY_FILE_EXISTS');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('SE-2 SE-5 makes no key where it would be refused', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const exposed = await rejectionOf(createKeyFile(join(open, 'k.key')));
    expect(exposed).toMatchObject({ code: 'HF_KEY_FILE_EXPOSED', path: join(open, 'k.key') });
    writeFileSync(join(store, 'keyring.json'), '{}');
    const beside = await rejectionOf(createKeyFile(join(store, 'k.key')));
    expect(beside).toMatchObject({ code: 'HF_KEY_FILE_IN_STORE', path: join(store, 'k.key') });
    expect([join(open, 'k.key'), join(store, 'k.key')].map(existsSync)).toEqual([false, false]);
  });

  test('SE-2 names the missing folder and makes none', async () => {
    const error = await rejectionOf(createKeyFile(join(folder, 'no', 'such', 'k.key')));
    expect(error.code).toBe('HF_OPTION_INVALID');
    expect(error.message).toContain(join(folder, 'no', 'such'));
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('keyFile', () => {
  test('SE-2 reads a file made by hand, with or without its newline, in either case', async () => {
    const expected = Uint8Array.from(Buffer.from(HEX, 'hex'));
    for (const text of [HEX, `${HEX}\n`, `${HEX}\r\n`, HEX.toUpperCase()]) {
      writeFileSync(path, text, { mode: 0o600 });
      expect((await load()).key).toEqual(expected);
    }
    chmodSync(path, 0o400);
    expect((await load()).key).toEqual(expected);
  });

  test('SE-4 a missing file says how to make one', async () => {
    const error = await rejectionOf(load());
    expect(error).toMatchObject({ code: 'HF_KEY_MISSING', path });
    expect(error.message).toContain(`holdfast keys init --key-file ${path}`);
    expect((await rejectionOf(load(join(path, 'below')))).code).toBe('HF_KEY_MISSING');
  });

  test('SE-5 a file that others can read, write or run is refused, with the remedy', async () => {
    writeFileSync(path, `${HEX}\n`);
    for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602, 0o610]) {
      chmodSync(path, mode);
      const error = await rejectionOf(load());
      expect(error).toMatchObject({ code: 'HF_KEY_FILE_EXPOSED', path });
      expect(error.message).toContain(`chmod 600 ${path}`);
      expect(error.message).toContain(mode.toString(8));
    }
    chmodSync(path, 0o600);
    expect((await load()).key).toHaveLength(32);
  });

  test('SE-2 a key inside the store’s folder is refused, by whatever name it is reached', async () => {
    const inside = join(store, 'holdfast.key');
    mkdirSync(join(store, 'deep'));
    symlinkSync(store, join(folder, 'alias'));
    await createKeyFile(inside);
    await createKeyFile(join(store, 'deep', 'k.key'));
    const names = [
      inside,
      join(store, 'deep', 'k.key'),
      join(folder, 'alias', 'holdfast.key'),
      join(store, 'deep', '..', 'holdfast.key'),
    ];
    for (const name of names) {
      expect((await rejectionOf(load(name))).code).toBe('HF_KEY_FILE_IN_STORE');
    }
    // The store reached by its other name.
    const other = keyFile(inside).load({ storeFolder: join(folder, 'alias'), kdf: null });
    expect((await rejectionOf(other)).code).toBe('HF_KEY_FILE_IN_STORE');
  });

  test('SE-2 a neighbour whose name starts like the store’s is not inside it', async () => {
    for (const name of ['store.key', 'store2', '..key']) {
      await createKeyFile(join(folder, name));
      expect((await load(join(folder, name))).key).toHaveLength(32);
    }
    mkdirSync(join(folder, 'store-keys'));
    await createKeyFile(join(folder, 'store-keys', 'k'));
    expect((await load(join(folder, 'store-keys', 'k'))).key).toHaveLength(32);
  });

  test('SE-2 a key is found to be inside a store that does not exist yet', async () => {
    const source = keyFile(path);
    await createKeyFile(path);
    const loaded = await source.load({ storeFolder: join(folder, 'not-yet'), kdf: null });
    expect(loaded.key).toHaveLength(32);
    const error = await rejectionOf(source.load({ storeFolder: folder, kdf: null }));
    expect(error.code).toBe('HF_KEY_FILE_IN_STORE');
  });

  test('SE-2 a symbolic link and a folder are refused', async () => {
    await createKeyFile(path);
    const link = join(folder, 'link.key');
    symlinkSync(path, link);
    const error = await rejectionOf(load(link));
    expect(error.code).toBe('HF_KEY_INVALID');
    expect(error.message).toContain('symbolic link');
    mkdirSync(join(folder, 'folder.key'));
    expect((await rejectionOf(load(join(folder, 'folder.key')))).code).toBe('HF_KEY_INVALID');
    linkSync(path, join(folder, 'hard.key'));
    expect((await load(join(folder, 'hard.key'))).key).toHaveLength(32);
  });

  test('SE-4 what is no key is refused, and not repeated', async () => {
    const contents = [
      '',
      '\n',
      HEX.slice(1),
      `${HEX.slice(1)}\n`,
      `${HEX}0`,
      `${HEX}\n\n`,
      `${HEX} \n`,
      `${HEX}\n${HEX}\n`,
      ` ${HEX}`,
      `0x${HEX.slice(2)}`,
      `${HEX.slice(1)}g`,
      '0'.repeat(64),
      'a passphrase and not a key at all',
    ];
    for (const text of contents) {
      writeFileSync(path, text, { mode: 0o600 });
      const error = await rejectionOf(load());
      expect(error.code).toBe('HF_KEY_INVALID');
      if (text.length > 1) expect(leaks(error, new TextEncoder().encode(text.trim()))).toEqual([]);
    }
  });
});
