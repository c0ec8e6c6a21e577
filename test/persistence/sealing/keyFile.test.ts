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
import { leaks, rejectionOf, thrownBy } from './failures.ts';

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

describe('the words of a refusal', () => {
  const said = async (call: Promise<unknown>) => (await rejectionOf(call)).message;

  test('SE-4 UX-2 say what a path may be', () => {
    for (const wrong of ['', 7, undefined]) {
      expect(thrownBy(() => keyFile(wrong as string))).toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'path',
        message: 'path must be the path of a key file.',
      });
    }
  });

  test('SE-2 UX-2 say where no key can be made, and what would be lost', async () => {
    await createKeyFile(path);
    expect(await said(createKeyFile(path))).toBe(
      `There is a file at ${path} already. A key is never overwritten: what it protects would be lost.`,
    );
    const lost = join(folder, 'no');
    const missing = await rejectionOf(createKeyFile(join(lost, 'k.key')));
    expect(missing).toMatchObject({ path: join(lost, 'k.key'), cause: { code: 'ENOENT' } });
    expect(missing.message).toBe(
      `No key file can be made at ${join(lost, 'k.key')}: the folder ${lost} does not exist; make it first.`,
    );
    expect(await said(createKeyFile(join(path, 'k.key')))).toBe(
      `No key file can be made at ${join(path, 'k.key')}: ENOTDIR.`,
    );
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(await said(createKeyFile(join(open, 'k.key')))).toBe(
      `Other users can change what lies in ${open}, so no key was made there. Give a folder of your own.`,
    );
    writeFileSync(join(store, 'keyring.json'), '{}');
    const inside = join(store, 'k.key');
    expect(await said(createKeyFile(inside))).toBe(
      `The key file ${inside} lies in the store's folder: whoever copies the data gets the key. Give another folder.`,
    );
  });

  test('SE-2 UX-2 say why a key is not read', async () => {
    expect(await said(load())).toBe(
      `There is no key file at ${path}. For a new store, make one with: holdfast keys init --key-file ${path}`,
    );
    expect(keyFile(path).kind).toBe('file');
    writeFileSync(path, '');
    expect(await said(load(join(path, 'below')))).toMatch(/^There is no key file at .+below\. For/);
    rmSync(path);
    const other = join(folder, 'folder.key');
    mkdirSync(other);
    const plain = await rejectionOf(load(other));
    expect(plain).toMatchObject({ code: 'HF_KEY_INVALID', path: other });
    expect(plain.message).toBe(`The key file ${other} is not a plain file.`);
    symlinkSync(other, path);
    const link = await rejectionOf(load());
    expect(link).toMatchObject({ code: 'HF_KEY_INVALID', path });
    expect(link.message).toBe(`The key file ${path} is a symbolic link; name the file itself.`);
    rmSync(path);
    writeFileSync(path, 'no key', { mode: 0o600 });
    const none = await rejectionOf(load());
    expect(none).toMatchObject({ code: 'HF_KEY_INVALID', path });
    expect(none.message).toBe(
      `The key file ${path} does not hold a key: 64 hex digits and a newline.`,
    );
    chmodSync(path, 0o604);
    expect(await said(load())).toBe(
      `Others than its owner can reach the key file ${path} (mode 0604). Run: chmod 600 ${path}`,
    );
    const long = await rejectionOf(load(join(folder, 'k'.repeat(300))));
    expect(long).toMatchObject({ code: 'HF_KEY_MISSING', cause: { code: 'ENAMETOOLONG' } });
    expect(long.message).toMatch(/^The key file .+ can't be read \(ENAMETOOLONG\)\.$/);
  });

  test('SE-5 UX-2 say that others could put another key in its place', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    const key = join(open, 'k.key');
    await createKeyFile(key);
    chmodSync(open, 0o777);
    const exposed = await rejectionOf(load(key));
    expect(exposed).toMatchObject({ code: 'HF_KEY_FILE_EXPOSED', path: key });
    expect(exposed.message).toBe(
      `Other users can put another file in the place of the key file ${key}. Move it to a folder of your own.`,
    );
    // In a folder with the sticky bit only its owner can replace a file.
    chmodSync(open, 0o1777);
    expect((await load(key)).key).toHaveLength(32);
  });

  test('SE-2 UX-2 say that a key lies beside its data', async () => {
    const inside = join(store, 'k.key');
    await createKeyFile(inside);
    expect(await said(load(inside))).toBe(
      `The key file ${inside} lies in the store's folder: whoever copies the data gets the key. Move it elsewhere.`,
    );
  });
});

test('SE-2 every hex digit is read for what it is, and its neighbours in the code table are none', async () => {
  const digits = '0123456789abcdefABCDEF';
  for (const [index, digit] of Array.from(digits).entries()) {
    writeFileSync(path, `${digit}1${'2'.repeat(62)}`, { mode: 0o600 });
    const value = index < 16 ? index : index - 6;
    expect((await load()).key[0]).toBe(value * 16 + 1);
  }
  for (const stranger of ['/', ':', '@', 'G', '`', 'g', '\u0000', ' ', 'é']) {
    writeFileSync(path, `1${stranger}${'2'.repeat(62)}`, { mode: 0o600 });
    expect((await rejectionOf(load())).code).toBe('HF_KEY_INVALID');
  }
});

test('SE-2 a newline is the only thing that may follow the digits', async () => {
  for (const end of ['\r', ' ', '\r\r', '\n\n', '\r\n\n']) {
    writeFileSync(path, `${HEX}${end}`, { mode: 0o600 });
    expect((await rejectionOf(load())).code).toBe('HF_KEY_INVALID');
  }
});
