/**
 * The portable crypto engine, on @noble/ciphers and @noble/hashes: JavaScript only, where the platform's OpenSSL can't
 * be used or trusted, and the second opinion on `nodeEngine` in tests. About eight times slower, and its AES uses
 * tables, whose access times can leak to a process on the same processor.
 *
 * @module
 */

import { gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { randomBytes } from '@noble/hashes/utils.js';
import type { CryptoEngine, Mac } from './cryptoEngine.ts';
import { checkOpenLengths, checkSealLengths } from './cryptoEngine.ts';

/** See {@link CryptoEngine}. */
export const nobleEngine: CryptoEngine = {
  name: 'noble',

  aes256GcmSeal(key, nonce, associated, plaintext, out) {
    checkSealLengths(key, nonce, plaintext, out);
    out.set(gcm(key, nonce, associated).encrypt(plaintext));
  },

  aes256GcmOpen(key, nonce, associated, sealed) {
    checkOpenLengths(key, nonce, sealed);
    try {
      return gcm(key, nonce, associated).decrypt(sealed);
    } catch {
      // The lengths are right, so the only failure left is the tag.
      return null;
    }
  },

  hmacSha256(key) {
    const kept = key.slice();
    return macOf((message) => hmac(sha256, kept, message), kept);
  },

  hmacSha512(key) {
    const kept = key.slice();
    return macOf((message) => hmac(sha512, kept, message), kept);
  },

  hkdfSha256(key, salt, info, length) {
    return hkdf(sha256, key, salt, info, length);
  },

  randomBytes(length) {
    return randomBytes(length);
  },
};

function macOf(mac: (message: Uint8Array) => Uint8Array, kept: Uint8Array): Mac {
  return Object.assign(mac, { wipe: () => void kept.fill(0) });
}
