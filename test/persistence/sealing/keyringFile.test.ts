/**
 * The text of `keyring.json` (SE-2, SE-4).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { type AssociatedField, encodeAssociated } from '../../../persistence/sealing/associated.ts';
import {
  formatKeyring,
  KEYRING_FORMAT,
  type KeyringFile,
  parseKeyring,
} from '../../../persistence/sealing/keyring.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { hex } from './engineContract.ts';
import { thrownBy } from './failures.ts';

const PATH = '/store/keyring.json';
const FILE: KeyringFile = {
  storeId: '00112233445566778899aabbccddeeff',
  keyId: 1,
  keySource: 'raw',
  kdf: null,
  wrappedKey: Uint8Array.of(0, 1, 0xfe, 0xff),
};
const KDF = { name: 'scrypt', N: 2 ** 17, r: 8, p: 1, salt: '0f'.repeat(16) } as const;

const parse = (text: string) => parseKeyring(text, PATH, nodeEngine);
const refusal = (text: string) => thrownBy(() => parse(text));
const content = (file = FILE) =>
  JSON.parse(formatKeyring(file, nodeEngine)) as Record<string, unknown>;

test('SE-2 the text is one of its own for each field, and comes back as it was', () => {
  for (const file of [FILE, { ...FILE, kdf: KDF }]) {
    expect(parse(formatKeyring(file, nodeEngine))).toEqual(file);
  }
});

test('SE-2 its form is that of the first version: the key as hex digits, a check at the end', () => {
  expect(formatKeyring(FILE, nodeEngine)).toBe(
    [
      '{',
      '  "format": 1,',
      '  "storeId": "00112233445566778899aabbccddeeff",',
      '  "keyId": 1,',
      '  "keySource": "raw",',
      '  "kdf": null,',
      '  "wrappedKey": "0001feff",',
      '  "check": "4f9780dc014cabfe59a90c890711b68b11e4e1e298fefc6f8b6bcb5314bbdadb"',
      '}',
      '',
    ].join('\n'),
  );
});

describe('a text that is none', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', '{"format": 1'],
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"keyring"'],
    ['a list', '[]'],
  ])('SE-4 %s is damaged, and says what to do', (_, text) => {
    expect(refusal(text)).toMatchObject({
      code: 'HF_STORE_CORRUPT',
      path: PATH,
      message:
        'The keyring /store/keyring.json is damaged. Restore it from a backup; no key opens the store without it.',
    });
  });

  test.each([
    ['format', 0],
    ['format', '1'],
    ['format', 1.5],
    ['format', undefined],
    ['storeId', 7],
    ['storeId', 'xx112233445566778899aabbccddeeff'],
    ['storeId', '00112233445566778899aabbccddeeff0'],
    ['storeId', '0112233445566778899aabbccddeeff'],
    ['keyId', '1'],
    ['keyId', -1],
    ['keyId', 1.5],
    ['keySource', 7],
    ['kdf', {}],
    ['kdf', undefined],
    ['wrappedKey', 7],
    ['wrappedKey', ''],
    ['wrappedKey', '0'],
    ['wrappedKey', '001'],
    ['wrappedKey', '00x0'],
    ['wrappedKey', 'x00'],
    ['wrappedKey', '00 '],
    ['check', undefined],
    ['check', '00'],
  ])('SE-4 %s of %j is damaged', (name, value) => {
    const changed = JSON.stringify({ ...content(), [name]: value });
    expect(refusal(changed).code).toBe('HF_STORE_CORRUPT');
  });

  test.each([
    ['is empty', ''],
    ['has half a byte', '001'],
    ['begins with what is no digit', 'x00'],
    ['ends with what is no digit', '00x'],
    ['is a list', ['0001feff']],
    ['is a number', 11],
  ])('SE-4 a wrapped key that %s is damage even where the check fits', (_, wrappedKey) => {
    const fields = [1, FILE.storeId, 1, 'raw', wrappedKey, null] as readonly AssociatedField[];
    const mac = nodeEngine.hmacSha256(new TextEncoder().encode('holdfast/keyring/check/1'));
    const check = hex(mac(encodeAssociated(fields)));
    expect(refusal(JSON.stringify({ ...content(), wrappedKey, check })).code).toBe(
      'HF_STORE_CORRUPT',
    );
    // Control: made so, the check of a sound keyring fits.
    const sound = [1, FILE.storeId, 1, 'raw', '0001feff', null] as const;
    expect(content()['check']).toBe(hex(mac(encodeAssociated(sound))));
  });

  test.each<[string, object]>([
    ['a store id that is a list', { storeId: [FILE.storeId] }],
    ['a short store id', { storeId: '0112233445566778899aabbccddeeff' }],
    ['a long store id', { storeId: '00112233445566778899aabbccddeeff0' }],
    ['a store id that begins with what it may not', { storeId: `x${FILE.storeId}` }],
    ['a store id that is no text', { storeId: 7 }],
    ['a key id below zero', { keyId: -1 }],
    ['a key id that is a text', { keyId: '1' }],
    ['a kind that is a number', { keySource: 7 }],
    ['scrypt parameters out of range', { kdf: { ...KDF, N: 2 ** 30 } }],
    ['no wrapped key', { wrappedKey: new Uint8Array(0) }],
  ])('SE-4 %s is damage even where the check fits', (_, change) => {
    const text = formatKeyring({ ...FILE, ...change }, nodeEngine);
    expect(refusal(text).code).toBe('HF_STORE_CORRUPT');
  });

  test('SE-4 a field that is added is not covered, and one that is changed is', () => {
    expect(parse(JSON.stringify({ ...content(), more: 1 }))).toEqual(FILE);
    for (const [name, value] of [
      ['storeId', 'ff112233445566778899aabbccddeeff'],
      ['keyId', 2],
      ['keySource', 'file'],
      ['kdf', KDF],
      ['wrappedKey', '0001fefe'],
    ] as const) {
      expect(refusal(JSON.stringify({ ...content(), [name]: value })).code).toBe(
        'HF_STORE_CORRUPT',
      );
    }
    for (const change of [{ N: 2 ** 18 }, { salt: '1f'.repeat(16) }]) {
      const stretched = content({ ...FILE, kdf: KDF });
      const changed = JSON.stringify({ ...stretched, kdf: { ...KDF, ...change } });
      expect(refusal(changed).code).toBe('HF_STORE_CORRUPT');
    }
  });
});

test('SE-4 a later format is told from damage, whatever else it holds', () => {
  expect(KEYRING_FORMAT).toBe(1);
  expect(refusal('{"format": 2}')).toMatchObject({
    code: 'HF_STORE_NEWER',
    path: PATH,
    message:
      'The keyring /store/keyring.json has format 2, and this version reads up to 1. ' +
      'Use the version of holdfast that wrote it, or a later one.',
  });
  expect(refusal('{"format": 2.5}').code).toBe('HF_STORE_CORRUPT');
  expect(refusal('{"format": "2"}').code).toBe('HF_STORE_CORRUPT');
});
