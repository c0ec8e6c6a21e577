/**
 * The one door to cryptography at rest (SE-1). Two engines are behind it, `nodeEngine` (OpenSSL, the default) and
 * `nobleEngine` (portable JavaScript). They give the same bytes for the same input; one contract suite with public
 * vectors (test/persistence/sealing) holds both to it.
 *
 * Every method is synchronous, because records are sealed inside SQLite transactions.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

export const AES_KEY_BYTES = 32;
export const GCM_NONCE_BYTES = 12;
export const GCM_TAG_BYTES = 16;

/** Authenticates messages under one key, which it keeps; the result is the caller's own. */
export interface Mac {
  (message: Uint8Array): Uint8Array;
  /** Overwrites what it keeps of the key; not to be used after that. */
  wipe(): void;
}

export interface CryptoEngine {
  readonly name: 'node' | 'noble';
  /**
   * AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag. Writes ciphertext and tag
   * to `out`, which must be exactly {@link GCM_TAG_BYTES} longer than `plaintext`. The pair of key
   * and nonce must never repeat.
   *
   * @throws HoldfastError `HF_INTERNAL` when a length is wrong.
   */
  aes256GcmSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    out: Uint8Array,
  ): void;
  /**
   * Undoes {@link aes256GcmSeal}: the plaintext in a buffer of its own, or `null` when the tag does
   * not fit key, nonce, associated data and ciphertext. Unverified plaintext never leaves.
   *
   * @throws HoldfastError `HF_INTERNAL` when a length is wrong.
   */
  aes256GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | null;
  /** HMAC-SHA-256 (RFC 2104) under a copy of `key`, 32 bytes. */
  hmacSha256(key: Uint8Array): Mac;
  /** HMAC-SHA-512 (RFC 2104) under a copy of `key`, 64 bytes. */
  hmacSha512(key: Uint8Array): Mac;
  /** HKDF-SHA-256 (RFC 5869), `length` up to 8160 bytes. */
  hkdfSha256(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Bytes from the platform's cryptographic generator, in a buffer of their own. */
  randomBytes(length: number): Uint8Array;
}

/**
 * Both engines check lengths here, because neither library does: each takes 16- and 24-byte keys
 * and other nonce lengths without complaint, and node accepts a 4-byte tag.
 */
export function checkSealLengths(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  out: Uint8Array,
): void {
  checkKeyAndNonce(key, nonce);
  if (out.length !== plaintext.length + GCM_TAG_BYTES) {
    throw new HoldfastError('HF_INTERNAL', 'The output of a seal must hold plaintext and tag.');
  }
}

/** See {@link checkSealLengths}. */
export function checkOpenLengths(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): void {
  checkKeyAndNonce(key, nonce);
  if (sealed.length < GCM_TAG_BYTES) {
    throw new HoldfastError('HF_INTERNAL', 'What is to be opened is shorter than a tag.');
  }
}

function checkKeyAndNonce(key: Uint8Array, nonce: Uint8Array): void {
  if (key.length !== AES_KEY_BYTES || nonce.length !== GCM_NONCE_BYTES) {
    throw new HoldfastError(
      'HF_INTERNAL',
      `AES-256-GCM takes a key of ${AES_KEY_BYTES} and a nonce of ${GCM_NONCE_BYTES} bytes, ` +
        `not ${key.length} and ${nonce.length}.`,
    );
  }
}
