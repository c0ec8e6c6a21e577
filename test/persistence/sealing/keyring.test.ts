import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import {
  createKeyring as createNewKeyring,
  formatKeyring,
  KEYRING_FILE_NAME,
  keyringExists,
  NEW_KEYRING_FILE_NAME,
  openKeyring,
  parseKeyring,
} from '../../../persistence/sealing/keyring.ts';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { passphrase } from '../../../persistence/sealing/passphrase.ts';
import { leaks, rejectionOf } from './failures.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const TEXT = 'correct horse battery staple';
const raw = rawKey(KEY);

let base = '';
let folder = '';
let path = '';

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-keyring-'));
  folder = join(base, 'store');
  mkdirSync(folder, { mode: 0o700 });
  path = join(folder, KEYRING_FILE_NAME);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function sources(): Promise<readonly KeySource[]> {
  const file = join(base, 'holdfast.key');
  await createKeyFile(file);
  return [raw, keyFile(file), passphrase(TEXT)];
}

/** Makes one that has its data, and so its name for good. */
const createKeyring: typeof createNewKeyring = async (where, ...given) => {
  const made = await createNewKeyring(where, ...given);
  renameSync(join(where, NEW_KEYRING_FILE_NAME), join(where, KEYRING_FILE_NAME));
  return made;
};

describe('a keyring', () => {
  test('SE-2 gives back the same random store key and id, from every kind of source', async () => {
    for (const source of await sources()) {
      rmSync(path, { force: true });
      const made = await createKeyring(folder, source);
      expect(made.storeId).toMatch(/^[0-9a-f]{32}$/);
      expect(made.storeKey).toHaveLength(32);
      expect(made.storeKey).not.toEqual(KEY);
      const opened = await openKeyring(folder, source);
      expect([opened.storeId, opened.keyId]).toEqual([made.storeId, made.keyId]);
      expect(opened.storeKey).toEqual(made.storeKey);
    }
  });

  test('SE-1 made with one engine opens with the other', async () => {
    const made = await createKeyring(folder, raw, nobleEngine);
    expect((await openKeyring(folder, raw, nodeEngine)).storeKey).toEqual(made.storeKey);
    expect((await openKeyring(folder, raw, nobleEngine)).storeKey).toEqual(made.storeKey);
  });

  test('SE-2 two stores under one key share nothing', async () => {
    const other = join(base, 'other');
    mkdirSync(other);
    const [one, two] = [await createKeyring(folder, raw), await createKeyring(other, raw)];
    expect(one.storeId).not.toBe(two.storeId);
    expect(one.storeKey).not.toEqual(two.storeKey);
  });

  test('SE-5 its file is for its owner only and holds no key', async () => {
    const made = await createKeyring(folder, raw);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([KEYRING_FILE_NAME]);
    const text = readFileSync(path, 'utf8');
    for (const secret of [KEY, made.storeKey]) expect(leaks(text, secret)).toEqual([]);
  });

  test('SE-5 what a crash left half-written neither hinders nor lends its mode or target', async () => {
    const leftover = join(folder, `.${NEW_KEYRING_FILE_NAME}.new`);
    writeFileSync(leftover, 'half', { mode: 0o644 });
    await createKeyring(folder, raw);
    expect(statSync(path).mode & 0o777).toBe(0o600);

    rmSync(path);
    writeFileSync(join(base, 'target'), 'untouched');
    symlinkSync(join(base, 'target'), leftover);
    await createKeyring(folder, raw);
    expect(readFileSync(join(base, 'target'), 'utf8')).toBe('untouched');
    expect(readdirSync(folder)).toEqual([KEYRING_FILE_NAME]);
  });

  test('SE-5 printed or turned into JSON it shows no key', async () => {
    const made = await createKeyring(folder, raw);
    expect(leaks(made, made.storeKey)).toEqual([]);
    expect(Object.keys(made)).toEqual(['storeId', 'keyId']);
    // Control: a plain object with the same key is seen.
    expect(leaks({ ...made, storeKey: made.storeKey }, made.storeKey)).toContain('list');
  });

  test('SE-2 the key a source hands over is wiped, and a program’s own key is not', async () => {
    const handed: Uint8Array[] = [];
    const source: KeySource = {
      kind: 'watched',
      load: () => {
        const key = KEY.slice();
        handed.push(key);
        return Promise.resolve({ key, kdf: null });
      },
    };
    const made = await createKeyring(folder, source);
    expect((await openKeyring(folder, source)).storeKey).toEqual(made.storeKey);
    expect(handed).toEqual([new Uint8Array(32), new Uint8Array(32)]);
    expect(KEY[0]).toBe(1);
  });
});

describe('a keyring that must not open', () => {
  test('SE-4 a wrong key says so, for every kind of source', async () => {
    const file = join(base, 'other.key');
    await createKeyFile(file);
    const wrong: readonly KeySource[] = [
      rawKey(KEY.with(31, 0)),
      keyFile(file),
      passphrase('wrong horse battery staple'),
    ];
    const right = await sources();
    for (const [index, source] of right.entries()) {
      rmSync(path, { force: true });
      const made = await createKeyring(folder, source);
      const attempt = wrong[index] ?? raw;
      const error = await rejectionOf(openKeyring(folder, attempt));
      expect(error).toMatchObject({ code: 'HF_KEY_WRONG', retry: 'never', path });
      expect((await openKeyring(folder, source)).storeKey).toEqual(made.storeKey);
    }
  });

  test('SE-4 a source of another kind is told which kind made the store', async () => {
    await createKeyring(folder, passphrase(TEXT));
    const error = await rejectionOf(openKeyring(folder, raw));
    expect(error.code).toBe('HF_KEY_WRONG');
    expect(error.message).toMatch(/made with a key of kind "passphrase".*"raw" was given/);
  });

  test('SE-4 a lost keyring is a missing key, and opening makes none', async () => {
    expect(await keyringExists(folder)).toBe(false);
    const error = await rejectionOf(openKeyring(folder, raw));
    expect(error).toMatchObject({ code: 'HF_KEY_MISSING', path });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('SE-4 a new key is never put over an existing keyring, garbled ones included', async () => {
    await createKeyring(folder, raw);
    expect(await keyringExists(folder)).toBe(true);
    for (const text of [readFileSync(path, 'utf8'), 'garbled', '']) {
      writeFileSync(path, text);
      const error = await rejectionOf(createKeyring(folder, raw));
      expect(error).toMatchObject({ code: 'HF_STORE_CORRUPT', path });
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  test('SE-4 a newer format is told from a damaged file', async () => {
    await createKeyring(folder, raw);
    const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ format: 2, anything: content }));
    const error = await rejectionOf(openKeyring(folder, raw));
    expect(error).toMatchObject({ code: 'HF_STORE_NEWER', path });
  });

  test('SE-4 a file cut short anywhere, or with any byte changed, is damaged', async () => {
    await createKeyring(folder, raw);
    const text = readFileSync(path);
    const codes = new Set<string>();
    for (let at = 0; at < text.length - 2; at++) {
      writeFileSync(path, text.subarray(0, at));
      codes.add((await rejectionOf(openKeyring(folder, raw))).code);
      const changed = Buffer.from(text);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // White space between values may change without changing them.
      if (text[at] === 0x20 || text[at] === 0x0a) continue;
      writeFileSync(path, changed);
      codes.add((await rejectionOf(openKeyring(folder, raw))).code);
    }
    expect([...codes]).toEqual(['HF_STORE_CORRUPT']);
  });

  test('SE-4 content of another shape is damaged', async () => {
    await createKeyring(folder, raw);
    const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const others: unknown[] = [
      null,
      [],
      7,
      'x'.repeat(100_000),
      { ...content, format: 0 },
      { ...content, format: '1' },
      { ...content, storeId: 7 },
      { ...content, keyId: -1 },
      { ...content, kdf: { name: 'scrypt', N: 2 ** 30, r: 8, p: 1, salt: '00'.repeat(16) } },
      { ...content, kdf: {} },
      { ...content, wrappedKey: '' },
      { ...content, wrappedKey: 'xyz' },
      { ...content, check: undefined },
    ];
    for (const other of others) {
      writeFileSync(path, JSON.stringify(other));
      expect((await rejectionOf(openKeyring(folder, raw))).code).toBe('HF_STORE_CORRUPT');
    }
  });

  test('SE-4 a keyring rewritten by someone who knows the format but not the key is caught', async () => {
    const source = passphrase(TEXT);
    await createKeyring(folder, source);
    const file = parseKeyring(readFileSync(path, 'utf8'), path, nodeEngine);
    const codeOf = async (change: Partial<typeof file>): Promise<string> => {
      writeFileSync(path, formatKeyring({ ...file, ...change }, nodeEngine));
      return (await rejectionOf(openKeyring(folder, source))).code;
    };
    expect(await codeOf({ storeId: '0'.repeat(32) })).toBe('HF_STORE_CORRUPT');
    expect(await codeOf({ keyId: 2 })).toBe('HF_STORE_CORRUPT');
    expect(await codeOf({ keySource: 'raw' })).toBe('HF_KEY_WRONG');
    expect(await codeOf({ wrappedKey: file.wrappedKey.with(100, 0).with(101, 0) })).toBe(
      'HF_STORE_CORRUPT',
    );
    expect(await codeOf({ kdf: { ...stretching(file.kdf), N: 2 ** 18 } })).toBe('HF_KEY_WRONG');
    // Control: rewritten without a change, it opens.
    writeFileSync(path, formatKeyring(file, nodeEngine));
    expect((await openKeyring(folder, source)).storeId).toBe(file.storeId);
  });

  test('SE-2 the wrapped key of one store does not pass in another', async () => {
    const other = join(base, 'other');
    mkdirSync(other);
    await createKeyring(folder, raw);
    await createKeyring(other, raw);
    const [one, two] = [folder, other].map((each) =>
      parseKeyring(readFileSync(join(each, KEYRING_FILE_NAME), 'utf8'), path, nodeEngine),
    );
    if (!one || !two) throw new Error('keyrings');
    writeFileSync(path, formatKeyring({ ...one, wrappedKey: two.wrappedKey }, nodeEngine));
    expect((await rejectionOf(openKeyring(folder, raw))).code).toBe('HF_STORE_CORRUPT');
  });

  test('SE-4 a folder that is none is the folder’s error', async () => {
    const file = join(base, 'file');
    writeFileSync(file, '');
    for (const call of [createKeyring, openKeyring]) {
      const error = await rejectionOf(call(file, raw));
      expect(error).toMatchObject({ code: 'HF_STORE_FOLDER', path: file });
    }
  });
});

describe('the words of a refusal', () => {
  test('SE-4 UX-2 a lost, a damaged, an oversized and an existing keyring say where and what to do', async () => {
    const said = async (call: Promise<unknown>) => (await rejectionOf(call)).message;
    expect(await said(openKeyring(folder, raw))).toBe(
      `The keyring ${path} is gone; without it the store can't be opened. Restore it from a backup.`,
    );
    await createKeyring(folder, raw);
    expect(await said(createKeyring(folder, raw))).toBe(
      `There is a keyring at ${path} already; a new one would make what it protects unreadable.`,
    );
    expect(await said(openKeyring(folder, rawKey(KEY.with(0, 9))))).toBe(
      `This is not the key the store in ${folder} was made with.`,
    );
    const file = parseKeyring(readFileSync(path, 'utf8'), path, nodeEngine);
    writeFileSync(path, formatKeyring({ ...file, keyId: 2 }, nodeEngine));
    const changed = await rejectionOf(openKeyring(folder, raw));
    expect(changed).toMatchObject({ message: `The keyring ${path} was changed.`, path });
    expect(changed.cause).toMatchObject({ code: 'HF_RECORD_TAMPERED' });
    writeFileSync(path, ' '.repeat(65_537));
    const long = await rejectionOf(openKeyring(folder, raw));
    expect(long).toMatchObject({ code: 'HF_STORE_CORRUPT', path });
    expect(long.message).toBe(`The keyring ${path} is too long to be one.`);
    writeFileSync(path, formatKeyring(file, nodeEngine).padEnd(65_536));
    expect((await openKeyring(folder, raw)).storeId).toBe(file.storeId);
  });

  test('SE-4 PS-6 a folder that can’t be used, or has no room, says so, and whether waiting helps', async () => {
    const file = join(base, 'file');
    writeFileSync(file, '');
    for (const call of [createNewKeyring, openKeyring]) {
      const error = await rejectionOf(call(file, raw));
      expect(error.message).toBe(`The store's folder ${file} can't be used (ENOTDIR).`);
      expect(error).toMatchObject({ retry: 'never', cause: { code: 'ENOTDIR' } });
    }
    mkdirSync(join(folder, `.${NEW_KEYRING_FILE_NAME}.new`));
    const blocked = await rejectionOf(createNewKeyring(folder, raw));
    expect(blocked).toMatchObject({ code: 'HF_STORE_FOLDER', path: folder });
    rmSync(join(folder, `.${NEW_KEYRING_FILE_NAME}.new`), { recursive: true });
    mkdirSync(path);
    const isFolder = await rejectionOf(openKeyring(folder, raw));
    expect(isFolder).toMatchObject({ code: 'HF_STORE_FOLDER', path: folder });
  });

  test('SE-2 a keyring whose store has no data yet opens under its first name, and is replaced', async () => {
    const first = await createNewKeyring(folder, raw);
    expect(readdirSync(folder)).toEqual([NEW_KEYRING_FILE_NAME]);
    expect((await openKeyring(folder, raw)).storeId).toBe(first.storeId);
    expect(await keyringExists(folder)).toBe(false);
    expect(await keyringExists(folder, NEW_KEYRING_FILE_NAME)).toBe(true);
    const second = await createNewKeyring(folder, raw);
    expect((await openKeyring(folder, raw)).storeId).toBe(second.storeId);
    renameSync(join(folder, NEW_KEYRING_FILE_NAME), path);
    await rejectionOf(createNewKeyring(folder, raw));
    expect((await openKeyring(folder, raw)).storeId).toBe(second.storeId);
  });

  test('SE-4 UX-2 a source is told what it gave that can’t be used', async () => {
    const of = (load: KeySource['load'], kind = 'kms'): KeySource => ({ kind, load });
    const failing = of(() => Promise.reject(Object.assign(new Error('x'), { code: 'EAGAIN' })));
    expect(await rejectionOf(createNewKeyring(folder, failing))).toMatchObject({
      message: 'The key source "kms" gave no key (EAGAIN).',
    });
    const kdf = { name: 'scrypt', N: 1, r: 8, p: 1, salt: '' } as const;
    const odd = of(() => Promise.resolve({ key: KEY.slice(), kdf }));
    expect(await rejectionOf(createNewKeyring(folder, odd))).toMatchObject({
      message: 'The key source "kms" gave scrypt parameters that are out of range.',
      field: 'key',
    });
    const good: KeySource['load'] = () => Promise.resolve({ key: KEY.slice(), kdf: null });
    for (const kind of ['', '1kms', 'kMs', 'kms!', `k${'m'.repeat(32)}`, ' kms', 'kms ']) {
      expect(await rejectionOf(createNewKeyring(folder, of(good, kind)))).toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'key.kind',
        message: 'The kind of a key source is lower-case letters, digits and hyphens, at most 32.',
      });
    }
    expect((await createNewKeyring(folder, of(good, `k${'-'.repeat(31)}`))).keyId).toBe(1);
    const own = await rejectionOf(
      createNewKeyring(
        folder,
        of(() => Promise.reject(new HoldfastError('HF_KEY_MISSING', 'x'))),
      ),
    );
    expect(own.code).toBe('HF_KEY_MISSING');
  });
});

describe('a source of the host’s own', () => {
  const source = (load: KeySource['load'], kind = 'kms'): KeySource => ({ kind, load });

  test('SE-4 that fails is a missing key to be tried later, without the failure’s words', async () => {
    const failing = source(() => Promise.reject(new Error('token sekrit-7 refused')));
    const error = await rejectionOf(createKeyring(folder, failing));
    expect(error).toMatchObject({ code: 'HF_KEY_UNAVAILABLE', retry: 'later' });
    expect(inspect(error)).not.toContain('sekrit-7');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('SE-4 that gives no proper key, or the buffer wiped before, is refused', async () => {
    const cached = KEY.slice();
    const reusing = source(() => Promise.resolve({ key: cached, kdf: null }));
    await createKeyring(folder, reusing);
    expect((await rejectionOf(openKeyring(folder, reusing))).code).toBe('HF_KEY_INVALID');
    rmSync(path);
    const short = source(() => Promise.resolve({ key: KEY.slice(0, 16), kdf: null }));
    expect((await rejectionOf(createKeyring(folder, short))).code).toBe('HF_KEY_INVALID');
    const kdf = { name: 'scrypt', N: 1, r: 8, p: 1, salt: '' } as const;
    const odd = source(() => Promise.resolve({ key: KEY.slice(), kdf }));
    expect((await rejectionOf(createKeyring(folder, odd))).code).toBe('HF_OPTION_INVALID');
    const loud = source(() => Promise.resolve({ key: KEY.slice(), kdf: null }), 'My KMS');
    expect(await rejectionOf(createKeyring(folder, loud))).toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'key.kind',
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('SE-5 no error of keyring or source holds a key, a passphrase or a wrapped key', async () => {
  const source = passphrase(TEXT);
  const { storeKey } = await createKeyring(folder, source);
  const { wrappedKey, kdf } = parseKeyring(readFileSync(path, 'utf8'), path, nodeEngine);
  const { key } = await source.load({ storeFolder: folder, kdf });
  const whole = readFileSync(path, 'utf8');
  const errors = [
    await rejectionOf(openKeyring(folder, passphrase('wrong horse battery staple'))),
    await rejectionOf(openKeyring(folder, raw)),
    await rejectionOf(createKeyring(folder, source)),
  ];
  for (const text of [whole.slice(0, -20), whole.replace('scrypt', 'script'), '[]']) {
    writeFileSync(path, text);
    errors.push(await rejectionOf(openKeyring(folder, source)));
  }
  for (const error of errors) {
    for (const secret of [KEY, storeKey, key, wrappedKey, new TextEncoder().encode(TEXT)]) {
      expect(leaks(error, secret)).toEqual([]);
    }
  }
});

function stretching<T>(kdf: T | null): T {
  if (kdf === null) throw new Error('no kdf');
  return kdf;
}
