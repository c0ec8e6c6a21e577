/**
 * Sources of the key that protects a store. Three are built in, `keyFile`, `passphrase` and `rawKey`; a host can add
 * its own, for a keychain or a key management service (SE-2).
 *
 * The key never touches the records: it wraps the random store key in the keyring (keyring.ts), so it can be changed
 * later without sealing them again.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isUint8Array } from '../../machines/vocabulary/errors.ts';
import type { Sealing } from './engines.ts';

export const KEY_BYTES = 32;

/** Parameters by which a passphrase was stretched into a key (RFC 7914). Stored in the keyring, not secret. */
export interface ScryptParameters {
  readonly name: 'scrypt';
  /** Cost: a power of two. Memory taken is 128·N·r bytes. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** 32 hex digits. */
  readonly salt: string;
}

export interface KeyRequest {
  /** The store's folder; a key must not be in it. */
  readonly storeFolder: string;
  /** The parameters that the store was made with; `null` while it is being made. */
  readonly kdf: ScryptParameters | null;
}

export interface LoadedKey {
  /** 32 bytes in a buffer of its own: the keyring wipes it after use. */
  readonly key: Uint8Array;
  /** Parameters to keep in the keyring, and to pass in the next {@link KeyRequest}. */
  readonly kdf: ScryptParameters | null;
}

/** A source of the key that protects a store. Printing it shows nothing secret. */
export interface KeySource {
  /**
   * The kind of source: lower-case letters, digits and hyphens, at most 32. Kept with the store, so that a store made
   * with a passphrase says so when a key file is given.
   */
  readonly kind: string;
  /** The engine that seals what the key protects; set by the option `sealing` of a runtime. Default `native`. */
  readonly sealing?: Sealing | undefined;
  /**
   * Gives the key; for one store always the same.
   *
   * @throws HoldfastError `HF_KEY_MISSING`, `HF_KEY_INVALID`, `HF_KEY_FILE_EXPOSED`,
   * `HF_KEY_FILE_IN_STORE`; with `retry: 'later'` where waiting may help. Any other failure becomes
   * `HF_KEY_UNAVAILABLE`, and the start is tried again, so a service that does not answer may throw
   * what it likes.
   */
  load(request: KeyRequest): Promise<LoadedKey>;
}

/**
 * A key the program holds itself. The bytes are copied; the caller's buffer is never changed.
 *
 * @example
 * const key = rawKey(crypto.getRandomValues(new Uint8Array(32))); // keep it: nothing else opens the store
 *
 * @throws HoldfastError `HF_KEY_INVALID` when there are not 32 bytes, or all are zero.
 */
export function rawKey(bytes: Uint8Array): KeySource {
  checkKey(bytes);
  // In a closure, not a property: printing the source then shows nothing of it.
  const key = Uint8Array.from(bytes);
  return Object.freeze({
    kind: 'raw',
    load: () => Promise.resolve({ key: key.slice(), kdf: null }),
  });
}

/** The source with the engine that seals what its key protects. */
export function sealedBy(source: KeySource, sealing: Sealing | undefined): KeySource {
  return { kind: source.kind, sealing, load: (request) => source.load(request) };
}

/**
 * The source with a time limit; a key that comes later is wiped.
 *
 * @throws HoldfastError (rejects) `HF_KEY_UNAVAILABLE`.
 */
export function withKeyTimeout(source: KeySource, clock: Clock, timeoutMs: number): KeySource {
  return {
    kind: source.kind,
    sealing: source.sealing,
    async load(request) {
      let isOver = false;
      const loading = async (): Promise<LoadedKey> => {
        const loaded = await source.load(request);
        if (isOver) loaded.key.fill(0);
        return loaded;
      };
      return await new Promise((resolve, reject) => {
        const cancel = clock.schedule(timeoutMs, () => {
          isOver = true;
          reject(
            new HoldfastError(
              'HF_KEY_UNAVAILABLE',
              `The key source "${source.kind}" did not answer within ${timeoutMs} ms. Crises are answered; the start is tried again.`,
              { retry: 'later' },
            ),
          );
        });
        void loading().then(resolve, reject).finally(cancel);
      });
    },
  };
}

/**
 * Refuses what cannot be a key. All zeros is what a wiped buffer looks like, so a source that hands
 * out the same buffer twice ends here and not in a store that anyone can open.
 *
 * @throws HoldfastError `HF_KEY_INVALID`.
 */
export function checkKey(key: unknown): asserts key is Uint8Array {
  if (!isUint8Array(key) || key.length !== KEY_BYTES) {
    throw new HoldfastError('HF_KEY_INVALID', `A key is a Uint8Array of ${KEY_BYTES} bytes.`);
  }
  if (key.every((byte) => byte === 0)) {
    throw new HoldfastError(
      'HF_KEY_INVALID',
      'The key is all zeros: it was never filled, or wiped before its use.',
    );
  }
}
