/**
 * The envelope format, written a second time from its description.
 *
 * @module
 */

import { createCipheriv, createHmac } from 'node:crypto';
import { paddedLength } from '../../../persistence/sealing/envelope.ts';

/**
 * The envelope format, written a second time from its description and slowly, so that a change to
 * the real one is seen.
 */
export function referenceEnvelope(
  key: Uint8Array,
  keyId: number,
  salt: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const keys = referenceKeys(key, keyId, salt);
  return envelopeUnder(keys, [1, keyId, salt], salt.subarray(0, 12), plaintext, associated);
}

/** The same of a record in a batch. @param salt 28 bytes @param number of the record, from 1 */
export function referenceInBatch(
  key: Uint8Array,
  keyId: number,
  [salt, number]: readonly [salt: Uint8Array, number: number],
  plaintext: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const keys = referenceKeys(key, keyId, Buffer.concat([salt, u32(0)]), 2);
  const field = Buffer.concat([salt, u32(number)]);
  return envelopeUnder(keys, [2, keyId, field], field.subarray(20), plaintext, associated);
}

function envelopeUnder(
  okm: ReturnType<typeof referenceKeys>,
  [suite, keyId, salt]: readonly [suite: number, keyId: number, salt: Uint8Array],
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const header = Buffer.concat([
    Buffer.from('HFR1'),
    Buffer.from([suite, 1]),
    u32(keyId),
    salt,
    okm.commitment,
  ]);
  const padded = Buffer.alloc(paddedLength(plaintext.length));
  u32(plaintext.length).copy(padded);
  padded.set(plaintext, 4);
  const cipher = createCipheriv('aes-256-gcm', okm.recordKey, nonce);
  cipher.setAAD(Buffer.concat([header, associated]));
  const ciphertext = Buffer.concat([cipher.update(padded), cipher.final()]);
  return Uint8Array.from(Buffer.concat([header, ciphertext, cipher.getAuthTag()]));
}

/** SP 800-108 in counter mode, one block of HMAC-SHA-512. */
export function referenceKeys(
  key: Uint8Array,
  keyId: number,
  salt: Uint8Array,
  suite = 1,
): { recordKey: Uint8Array; commitment: Uint8Array } {
  const okm = createHmac('sha512', key)
    .update(u32(1))
    .update('holdfast/record/1')
    .update(Buffer.from([0, suite]))
    .update(u32(keyId))
    .update(salt)
    .update(u32(512))
    .digest();
  return { recordKey: okm.subarray(0, 32), commitment: okm.subarray(32) };
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}
