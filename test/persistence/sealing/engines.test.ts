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
      expect(nodeEngine.hmacSha256(associated, text)).toEqual(
        nobleEngine.hmacSha256(associated, text),
      );
      expect(nodeEngine.hmacSha512(associated, text)).toEqual(
        nobleEngine.hmacSha512(associated, text),
      );
      expect(nodeEngine.hkdfSha256(key, associated, text, 77)).toEqual(
        nobleEngine.hkdfSha256(key, associated, text, 77),
      );
    }),
  );
});
