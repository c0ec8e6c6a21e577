/**
 * The key of a store from a passphrase (SE-2).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { isScryptParameters, passphrase } from '../../../persistence/sealing/passphrase.ts';
import { rejectionOf, thrownBy } from './failures.ts';

const TEXT = 'correct horse battery staple';
const request = { storeFolder: '/nowhere', kdf: null };

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
    expect(passphrase(`  ${hidden}twelve chars${hidden}  `).kind).toBe('passphrase');
    expect(passphrase('abcdefabcdef').kind).toBe('passphrase');
    expect(thrownBy(() => passphrase('abcdeabcdeab')).message).toBe(
      'A passphrase has at least 12 characters, 6 of them different; take several random words.',
    );
    for (const wrong of [undefined, 7, {}]) {
      expect(thrownBy(() => passphrase(wrong as unknown as string)).code).toBe('HF_KEY_INVALID');
    }
    // Twelve code points, of which some take two units.
    expect(thrownBy(() => passphrase('𝒶𝒷𝒸𝒹𝑒𝒻'.normalize('NFC'))).code).toBe('HF_KEY_INVALID');
  });

  test('SE-2 a store of an earlier version, made with less, still opens', async () => {
    const kdf = { name: 'scrypt', N: 2 ** 14, r: 8, p: 1, salt: '0f'.repeat(16) } as const;
    const { key, kdf: kept } = await passphrase(TEXT).load({ ...request, kdf });
    expect(kept).toEqual(kdf);
    const { scryptSync } = await import('node:crypto');
    const expected = scryptSync(TEXT, Buffer.from(kdf.salt, 'hex'), 32, { N: 2 ** 14, r: 8, p: 1 });
    expect(Buffer.from(key).equals(expected)).toBe(true);
  });

  test('SE-2 a cost that was asked for is used for a new store, with a salt of 16 bytes', async () => {
    const { kdf } = await passphrase(TEXT, { N: 2 ** 18 }).load(request);
    expect(kdf).toEqual({
      name: 'scrypt',
      N: 2 ** 18,
      r: 8,
      p: 1,
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('SE-2 a cost below the floor, above the ceiling or no power of two is refused', async () => {
    for (const N of [2, 2 ** 14, 2 ** 16, 2 ** 17 + 1, 2 ** 21, Number.NaN, -1]) {
      const error = thrownBy(() => passphrase(TEXT, { N }));
      expect(error).toMatchObject({ code: 'HF_OPTION_INVALID', field: 'N' });
      expect(error.message).toBe('The scrypt cost N is a power of two from 2^17 to 2^20.');
    }
    for (const N of [2 ** 17, 2 ** 18, 2 ** 20]) {
      expect(passphrase(TEXT, { N }).kind).toBe('passphrase');
    }
    expect(thrownBy(() => passphrase(TEXT, { cost: 1 } as never)).field).toBe('cost');
    const kdf = { name: 'scrypt', N: 2 ** 14, r: 8, p: 1, salt: '0f'.repeat(16) } as const;
    expect(isScryptParameters(kdf)).toBe(true);
    const bad = [
      { ...kdf, N: 2 ** 30 },
      { ...kdf, N: 2 },
      { ...kdf, r: 1_000 },
      { ...kdf, p: 0 },
      { ...kdf, salt: '' },
      { ...kdf, salt: 'zz'.repeat(16) },
      { ...kdf, salt: '0f'.repeat(17) },
      { ...kdf, salt: `x${'0f'.repeat(16)}` },
      { ...kdf, salt: 7 as never },
      { ...kdf, N: 2 ** 13 },
      { ...kdf, N: 2 ** 14 + 1 },
      { ...kdf, N: '16384' as never },
      { ...kdf, name: 'md5' as 'scrypt' },
    ];
    for (const parameters of bad) {
      expect(isScryptParameters(parameters)).toBe(false);
      const error = await rejectionOf(passphrase(TEXT).load({ ...request, kdf: parameters }));
      expect(error.code).toBe('HF_KEY_INVALID');
      expect(error.message).toBe('The scrypt parameters are out of range.');
    }
    for (const value of [null, undefined, 'scrypt', 7]) {
      expect(isScryptParameters(value)).toBe(false);
    }
  });
});
