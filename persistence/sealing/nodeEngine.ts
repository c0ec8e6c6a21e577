/**
 * The crypto engine on node:crypto (OpenSSL, with the processor's AES instructions): the default.
 *
 * @module
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomFillSync,
} from 'node:crypto';
import type { CryptoEngine } from './cryptoEngine.ts';
import { checkOpenLengths, checkSealLengths, GCM_TAG_BYTES } from './cryptoEngine.ts';

/** See {@link CryptoEngine}. */
export const nodeEngine: CryptoEngine = {
  name: 'node',

  aes256GcmSeal(key, nonce, associated, plaintext, out) {
    checkSealLengths(key, nonce, plaintext, out);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: GCM_TAG_BYTES });
    cipher.setAAD(associated);
    out.set(cipher.update(plaintext));
    // GCM is a stream mode: update() gave everything, final() only computes the tag.
    cipher.final();
    out.set(cipher.getAuthTag(), plaintext.length);
  },

  aes256GcmOpen(key, nonce, associated, sealed) {
    checkOpenLengths(key, nonce, sealed);
    const tagAt = sealed.length - GCM_TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: GCM_TAG_BYTES });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(tagAt));
    const plaintext = decipher.update(sealed.subarray(0, tagAt));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      return null;
    }
    return plain(plaintext);
  },

  hmacSha256(key, message) {
    return plain(createHmac('sha256', key).update(message).digest());
  },

  hmacSha512(key, message) {
    return plain(createHmac('sha512', key).update(message).digest());
  },

  hkdfSha256(key, salt, info, length) {
    return new Uint8Array(hkdfSync('sha256', key, salt, info, length));
  },

  randomBytes(length) {
    return randomFillSync(new Uint8Array(length));
  },
};

/** A Buffer is no full Uint8Array: its `slice` shares memory. So none leaves this file. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
