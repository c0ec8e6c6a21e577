/**
 * The store's view of cryptography: seal, open, and find without revealing.
 *
 * @module
 */

export interface Sealer {
  /** The id of the key that {@link seal} uses now. */
  readonly keyId: number;
  /** Encrypts under a fresh key of its own and binds `associated`, which must be given again to open. */
  seal(plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /**
   * Undoes {@link seal}.
   *
   * @throws HoldfastError `HF_RECORD_MALFORMED`, `HF_RECORD_UNSUPPORTED`, `HF_KEY_UNKNOWN`,
   * `HF_KEY_WRONG` (the commitment differs) or `HF_RECORD_TAMPERED` (the tag differs).
   */
  open(envelope: Uint8Array, associated: Uint8Array): Uint8Array;
  /** A 16-byte keyed fingerprint: equal values of one column meet, and nothing else can be learned. */
  blindIndex(column: string, value: string): Uint8Array;
  /**
   * Overwrites the keys that it keeps; not to be used after that. What the garbage collector has moved
   * or the crypto library copied is out of its reach.
   */
  wipe(): void;
}
