/**
 * The sealer of one store: everything it uses derives from the store key.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { AES_KEY_BYTES, type CryptoEngine, type Mac } from './cryptoEngine.ts';
import { createEnvelopes } from './envelope.ts';

const BLIND_INDEX_BYTES = 16;

export interface SealerOptions {
  readonly engine: CryptoEngine;
  /** 32 bytes. Not kept: the caller may wipe it once the sealer is made. */
  readonly storeKey: Uint8Array;
  /** Written into every envelope, 0 to 2^32-1. */
  readonly keyId: number;
  /** 32 hex digits. Stores with the same key but other ids share nothing. */
  readonly storeId: string;
}

/**
 * Derives a record key and a blind-index key from the store key, by HKDF-SHA-256 with the store id
 * as salt and a label each.
 *
 * @throws HoldfastError `HF_KEY_INVALID` when the store key has not 32 bytes or the id is out of range.
 */
export function createSealer({ engine, storeKey, keyId, storeId }: SealerOptions): Sealer {
  if (storeKey.length !== AES_KEY_BYTES) {
    throw new HoldfastError('HF_KEY_INVALID', `A store key has ${AES_KEY_BYTES} bytes.`);
  }
  if (keyId !== keyId >>> 0) {
    throw new HoldfastError('HF_KEY_INVALID', 'A key id is an integer from 0 to 2^32-1.');
  }
  const text = new TextEncoder();
  const salt = text.encode(storeId);
  const subkey = (label: string): Uint8Array =>
    engine.hkdfSha256(storeKey, salt, text.encode(label), AES_KEY_BYTES);
  const recordKey = subkey('holdfast/store/record/1');
  const indexKey = subkey('holdfast/store/index/1');

  const envelopes = createEnvelopes(engine);
  const keyOf = (id: number): Uint8Array | undefined => (id === keyId ? recordKey : undefined);

  const indexMac = engine.hmacSha256(indexKey);
  indexKey.fill(0);
  // Columns are named in code, so this map stays as small as the schema.
  const columnMacs = new Map<string, Mac>();
  function columnMac(column: string): Mac {
    let mac = columnMacs.get(column);
    if (mac === undefined) {
      const key = indexMac(text.encode(column));
      mac = engine.hmacSha256(key);
      key.fill(0);
      columnMacs.set(column, mac);
    }
    return mac;
  }

  return {
    keyId,
    seal: (plaintext, associated) => envelopes.seal(recordKey, keyId, plaintext, associated),
    sealInBatch: (plaintext, associated) =>
      envelopes.sealInBatch(recordKey, keyId, plaintext, associated),
    endBatch: () => {
      envelopes.endBatch();
    },
    open: (envelope, associated) => envelopes.open(keyOf, envelope, associated),
    blindIndex: (column, value) =>
      columnMac(column)(text.encode(value)).slice(0, BLIND_INDEX_BYTES),
    randomBytes: (length) => engine.randomBytes(length),
    wipe() {
      recordKey.fill(0);
      envelopes.wipe();
      indexMac.wipe();
      for (const mac of columnMacs.values()) mac.wipe();
      columnMacs.clear();
    },
  };
}

export interface Sealer {
  /** The id of the key that {@link seal} uses now. */
  readonly keyId: number;
  /** Encrypts under a fresh key of its own and binds `associated`, which must be given again to open. */
  seal(plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** The same under a key that what is sealed until {@link endBatch} shares: for half the price. */
  sealInBatch(plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** Overwrites the keys of batches. */
  endBatch(): void;
  /**
   * Undoes {@link seal} and {@link sealInBatch}.
   *
   * @throws HoldfastError `HF_RECORD_MALFORMED`, `HF_RECORD_UNSUPPORTED`, `HF_KEY_UNKNOWN`,
   * `HF_KEY_WRONG` (the commitment differs) or `HF_RECORD_TAMPERED` (the tag differs).
   */
  open(envelope: Uint8Array, associated: Uint8Array): Uint8Array;
  /** A 16-byte keyed fingerprint: equal values of one column meet, and nothing else can be learned. */
  blindIndex(column: string, value: string): Uint8Array;
  /** Bytes that nobody can guess. */
  randomBytes(length: number): Uint8Array;
  /**
   * Overwrites the keys that it keeps; not to be used after that. What the garbage collector has moved
   * or the crypto library copied is out of its reach.
   */
  wipe(): void;
}
