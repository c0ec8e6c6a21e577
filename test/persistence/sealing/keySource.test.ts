import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { isScryptParameters, passphrase } from '../../../persistence/sealing/passphrase.ts';
import { leaks, rejectionOf, thrownBy } from './failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = 'correct horse battery staple';
const request = { storeFolder: folder, kdf: null };
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

describe('rawKey', () => {
  test('SE-2 copies the bytes, both ways, and never changes the caller’s', async () => {
    const bytes = KEY.slice();
    const source = rawKey(bytes);
    bytes.fill(0);
    const loaded = await source.load(request);
    expect(loaded.key).toEqual(KEY);
    loaded.key.fill(0);
    expect((await source.load(request)).key).toEqual(KEY);
  });

  test('SE-4 refuses other lengths, text and a buffer that was wiped', () => {
    for (const length of [0, 16, 31, 33, 64]) {
      const error = thrownBy(() => rawKey(new Uint8Array(length).fill(1)));
      expect(error.code).toBe('HF_KEY_INVALID');
    }
    expect(thrownBy(() => rawKey('k'.repeat(32) as unknown as Uint8Array)).code).toBe(
      'HF_KEY_INVALID',
    );
    expect(thrownBy(() => rawKey(new Uint8Array(32))).message).toContain('all zeros');
  });
});

describe('passphrase', () => {
  test('SE-2 gives the same key for the same text and parameters, and another for another salt', async () => {
    const first = await passphrase(TEXT).load(request);
    expect(first.key).toHaveLength(32);
    expect(first.kdf).toMatchObject({ name: 'scrypt', N: 2 ** 17, r: 8, p: 1 });
    const again = await passphrase(TEXT).load({ ...request, kdf: first.kdf });
    expect(again).toEqual(first);
    const other = await passphrase(TEXT).load(request);
    expect(other.kdf?.salt).not.toBe(first.kdf?.salt);
    expect(other.key).not.toEqual(first.key);
  });

  test('SE-2 stretches with scrypt of RFC 7914 at N = 2^17 unless told otherwise', async () => {
    const { key, kdf } = await passphrase(TEXT).load(request);
    expect(kdf?.N).toBe(2 ** 17);
    // Reference: OpenSSL called directly, in the synchronous form.
    const { scryptSync } = await import('node:crypto');
    const salt = Buffer.from(kdf?.salt ?? '', 'hex');
    const expected = scryptSync(TEXT, salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 });
    expect(Buffer.from(key).equals(expected)).toBe(true);
  });

  test('SE-2 the same passphrase typed on another keyboard is the same', async () => {
    const first = await passphrase('café au lait, s’il vous plaît').load(request);
    const decomposed = 'café au lait, s’il vous plaît'.normalize('NFD');
    expect(await passphrase(decomposed).load({ ...request, kdf: first.kdf })).toEqual(first);
  });

  test('SE-4 refuses one that is empty, short, blank, or only looks long', () => {
    const hidden = '\u200b\u200d\u2060\ufeff\u00ad\u{e0020}'.repeat(4);
    for (const text of [
      '',
      'elevenchars',
      ' '.repeat(40),
      '  short   \n\n\n   ',
      'a'.repeat(40),
      'abcde'.repeat(8),
      hidden,
      `short${hidden}`,
    ]) {
      const error = thrownBy(() => passphrase(text));
      expect(error.code).toBe('HF_KEY_INVALID');
      if (text.trim() !== '') expect(error.message).not.toContain(text.trim());
    }
    expect(passphrase('twelve chars').kind).toBe('passphrase');
  });

  test('SE-2 a cost below the floor, above the ceiling or no power of two is refused', async () => {
    for (const N of [2, 2 ** 14, 2 ** 16, 2 ** 17 + 1, 2 ** 21, Number.NaN, -1]) {
      const error = thrownBy(() => passphrase(TEXT, { N }));
      expect(error).toMatchObject({ code: 'HF_OPTION_INVALID', field: 'N' });
    }
    const kdf = { name: 'scrypt', N: 2 ** 14, r: 8, p: 1, salt: '0f'.repeat(16) } as const;
    expect(isScryptParameters(kdf)).toBe(true);
    const bad = [
      { ...kdf, N: 2 ** 30 },
      { ...kdf, N: 2 },
      { ...kdf, r: 1_000 },
      { ...kdf, p: 0 },
      { ...kdf, salt: '' },
      { ...kdf, salt: 'zz'.repeat(16) },
      { ...kdf, name: 'md5' as 'scrypt' },
    ];
    for (const parameters of bad) {
      expect(isScryptParameters(parameters)).toBe(false);
      const error = await rejectionOf(passphrase(TEXT).load({ ...request, kdf: parameters }));
      expect(error.code).toBe('HF_KEY_INVALID');
    }
    for (const value of [null, undefined, 'scrypt', 7]) {
      expect(isScryptParameters(value)).toBe(false);
    }
  });
});

test('SE-5 a printed key source shows its kind and no secret', async () => {
  const file = join(folder, 'printed.key');
  await createKeyFile(file);
  const storeFolder = join(folder, 'store');
  const fromFile = await keyFile(file).load({ storeFolder, kdf: null });
  const secret = new TextEncoder().encode(TEXT);
  const stretched = await passphrase(TEXT).load(request);
  const sources = [
    { source: rawKey(KEY), secrets: [KEY] },
    { source: passphrase(TEXT), secrets: [secret, stretched.key] },
    { source: keyFile(file), secrets: [fromFile.key] },
  ];
  for (const { source, secrets } of sources) {
    expect(JSON.parse(JSON.stringify(source))).toEqual({ kind: source.kind });
    for (const each of secrets) expect(leaks(source, each)).toEqual([]);
  }
  // Control: a source that keeps its secret in a property is seen.
  expect(leaks({ ...rawKey(KEY), key: KEY }, KEY)).toContain('list');
  expect(leaks({ kind: 'passphrase', text: TEXT }, secret)).toContain('text');
  expect(leaks(new Error(`bad key ${Buffer.from(KEY).toString('hex')}`), KEY)).toContain('hex');
});
