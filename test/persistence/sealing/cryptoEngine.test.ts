import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { engineContract, keys, nonces, sealWith } from './engineContract.ts';

engineContract(nodeEngine);
engineContract(nobleEngine);

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

test('SE-1 both engines give the same HMACs around every length that is treated in a way of its own', () => {
  const around = (length: number): number[] => [length - 1, length, length + 1];
  const filled = (length: number): Uint8Array => new Uint8Array(length).fill(length);
  for (const keyBytes of [0, 1, ...around(32), ...around(64), ...around(128)]) {
    for (const messageBytes of [0, 1, ...around(128), ...around(512)]) {
      const [key, message] = [filled(keyBytes), filled(messageBytes)];
      expect(nodeEngine.hmacSha256(key)(message)).toEqual(nobleEngine.hmacSha256(key)(message));
      expect(nodeEngine.hmacSha512(key)(message)).toEqual(nobleEngine.hmacSha512(key)(message));
    }
  }
});
