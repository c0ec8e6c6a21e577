import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { passphrase } from '../../../persistence/sealing/passphrase.ts';
import { leaks, thrownBy } from './failures.ts';

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
    expect(loaded).toEqual({ key: KEY, kdf: null });
    expect(Object.isFrozen(source)).toBe(true);
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
    expect(thrownBy(() => rawKey(new Uint8Array(31).fill(1))).message).toBe(
      'A key is a Uint8Array of 32 bytes.',
    );
    expect(thrownBy(() => rawKey(new Uint8Array(32)))).toMatchObject({
      code: 'HF_KEY_INVALID',
      message: 'The key is all zeros: it was never filled, or wiped before its use.',
    });
    // One byte that is not zero makes a key.
    expect(rawKey(new Uint8Array(32).fill(1, 31)).kind).toBe('raw');
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
