/**
 * What both crypto engines have in common (SE-1): the same bytes, and the lengths that they take.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOpenLengths, checkSealLengths } from '../../../persistence/sealing/cryptoEngine.ts';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { keys, nonces, sealWith } from './engineContract.ts';
import { thrownBy } from './failures.ts';

test('SE-1 both engines give the same bytes and open what the other sealed', () => {
  const texts = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(keys, nonces, texts, texts, (key, nonce, associated, text) => {
      const sealed = sealWith(nodeEngine, key, nonce, associated, text);
      expect(sealWith(nobleEngine, key, nonce, associated, text)).toEqual(sealed);
      expect(nobleEngine.aes256GcmOpen(key, nonce, associated, sealed)).toEqual(text);
      expect(nodeEngine.hmacSha256(associated)(text)).toEqual(
        nobleEngine.hmacSha256(associated)(text),
      );
      expect(nodeEngine.hmacSha512(associated)(text)).toEqual(
        nobleEngine.hmacSha512(associated)(text),
      );
      expect(nodeEngine.hkdfSha256(key, associated, text, 77)).toEqual(
        nobleEngine.hkdfSha256(key, associated, text, 77),
      );
    }),
  );
});

test('SE-1 the lengths that an engine takes, and what is said of others', () => {
  const of = (length: number): Uint8Array => new Uint8Array(length);
  const wrongKey = /^AES-256-GCM takes a key of 32 and a nonce of 12 bytes, not (\d+) and (\d+)\.$/;
  checkSealLengths(of(32), of(12), of(5), of(21));
  checkOpenLengths(of(32), of(12), of(16));
  checkOpenLengths(of(32), of(12), of(40));
  for (const [key, nonce] of [
    [31, 12],
    [33, 12],
    [32, 11],
    [32, 13],
  ] as const) {
    for (const call of [
      () => checkSealLengths(of(key), of(nonce), of(0), of(16)),
      () => checkOpenLengths(of(key), of(nonce), of(16)),
    ]) {
      const { code, message } = thrownBy(call);
      expect(code).toBe('HF_INTERNAL');
      expect(wrongKey.exec(message)?.slice(1)).toEqual([`${key}`, `${nonce}`]);
    }
  }
  for (const out of [of(20), of(22)]) {
    expect(thrownBy(() => checkSealLengths(of(32), of(12), of(5), out))).toMatchObject({
      code: 'HF_INTERNAL',
      message: 'The output of a seal must hold plaintext and tag.',
    });
  }
  expect(thrownBy(() => checkOpenLengths(of(32), of(12), of(15)))).toMatchObject({
    code: 'HF_INTERNAL',
    message: 'What is to be opened is shorter than a tag.',
  });
});
