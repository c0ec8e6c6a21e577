/**
 * The crypto engine on node:crypto (OpenSSL, with the processor's AES instructions): the default.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, hash, hkdfSync, randomFillSync } from 'node:crypto';
import type { CryptoEngine, Mac } from './cryptoEngine.ts';
import { checkOpenLengths, checkSealLengths, GCM_TAG_BYTES } from './cryptoEngine.ts';
import { hmacSha256 } from './hmacSha256.ts';

/** Of SHA-512. */
const BLOCK_BYTES = 128;
const DIGEST_BYTES = 64;
/** Messages up to this length are authenticated in a buffer that is kept. */
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

  hmacSha256,
  hmacSha512,

  hkdfSha256(key, salt, info, length) {
    return new Uint8Array(hkdfSync('sha256', key, salt, info, length));
  },

  randomBytes(length) {
    return randomFillSync(new Uint8Array(length));
  },
};

/**
 * HMAC written out as its two hashes (RFC 2104), the pads of the key made once: one-shot hashes leave
 * nothing to be collected, and what an `Hmac` object costs is mostly its making and collecting.
 */
function hmacSha512(key: Uint8Array): Mac {
  const inner = new Uint8Array(BLOCK_BYTES + MESSAGE_BYTES_KEPT).fill(INNER_PAD, 0, BLOCK_BYTES);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES).fill(OUTER_PAD, 0, BLOCK_BYTES);
  const short = key.length > BLOCK_BYTES ? hash('sha512', key, 'buffer') : key;
  for (const [at, byte] of short.entries()) {
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  const mac = (message: Uint8Array): Uint8Array => {
    const length = BLOCK_BYTES + message.length;
    const input = length <= inner.length ? inner : new Uint8Array(length);
    if (input !== inner) input.set(inner.subarray(0, BLOCK_BYTES));
    input.set(message, BLOCK_BYTES);
    // As text, at half the cost of a buffer. It can't be wiped, and is useless without the key.
    outer.write(hash('sha512', input.subarray(0, length), 'binary'), BLOCK_BYTES, 'binary');
    return plain(hash('sha512', outer, 'buffer'));
  };
  const wipe = (): void => {
    inner.fill(0);
    outer.fill(0);
  };
  return Object.assign(mac, { wipe });
}

/** A Buffer is no full Uint8Array: its `slice` shares memory. So none leaves this file. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
