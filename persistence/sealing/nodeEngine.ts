/**
 * The crypto engine on node:crypto (OpenSSL, with the processor's AES instructions): the default.
 *
 * @module
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomFillSync,
} from 'node:crypto';
import type { CryptoEngine } from './cryptoEngine.ts';
import { checkOpenLengths, checkSealLengths, GCM_TAG_BYTES } from './cryptoEngine.ts';

/** Messages up to this length are authenticated in buffers that are kept, longer ones by `Hmac`. */
const MESSAGE_BYTES_KEPT = 512;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

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

  hmacSha256: hmacOf('sha256', 64, 32),

  hmacSha512: hmacOf('sha512', 128, 64),

  hkdfSha256(key, salt, info, length) {
    return new Uint8Array(hkdfSync('sha256', key, salt, info, length));
  },

  randomBytes(length) {
    return randomFillSync(new Uint8Array(length));
  },
};

/**
 * HMAC written out as its two hashes (RFC 2104): one-shot hashes make no objects that outlive the
 * call, and what an `Hmac` object costs is mostly its making and collecting.
 */
function hmacOf(
  algorithm: 'sha256' | 'sha512',
  blockBytes: number,
  digestBytes: number,
): CryptoEngine['hmacSha256'] {
  // Kept between calls, and zero between them: a pad is as good as the key.
  const inner = new Uint8Array(blockBytes + MESSAGE_BYTES_KEPT);
  const outer = new Uint8Array(blockBytes + digestBytes);
  return (key, message) => {
    if (key.length > blockBytes || message.length > MESSAGE_BYTES_KEPT) {
      return plain(createHmac(algorithm, key).update(message).digest());
    }
    inner.fill(INNER_PAD, 0, blockBytes);
    outer.fill(OUTER_PAD, 0, blockBytes);
    for (let at = 0; at < key.length; at++) {
      const byte = key[at] ?? 0;
      inner[at] = byte ^ INNER_PAD;
      outer[at] = byte ^ OUTER_PAD;
    }
    inner.set(message, blockBytes);
    const end = blockBytes + message.length;
    const digest = hash(algorithm, inner.subarray(0, end), 'buffer');
    outer.set(digest, blockBytes);
    const mac = hash(algorithm, outer, 'buffer');
    digest.fill(0);
    inner.fill(0, 0, end);
    outer.fill(0);
    return plain(mac);
  };
}

/** A Buffer is no full Uint8Array: its `slice` shares memory. So none leaves this file. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
