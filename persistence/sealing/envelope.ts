/**
 * The envelope around every sealed record (SE-1), 90 bytes beside the padded text:
 *
 * ```
 * offset bytes
 *      0     4  magic "HFR1"
 *      4     1  suite: 1 = AES-256-GCM, a key for each record; 2 = the same, a key for each batch
 *      5     1  flags: 1 = padded, no other yet
 *      6     4  key id, big endian
 *     10    32  salt, random for every write; in suite 2 28 bytes, random for every batch, and a
 *              number, big endian, which counts the records of the batch
 *     42    32  key commitment
 *     74     n  ciphertext of the padded text (padding.ts)
 *   74+n    16  tag
 * ```
 *
 * One HMAC-SHA-512 over key id, suite and salt, in the counter mode of NIST SP 800-108 with a single
 * block, gives a key for this record only (first half) and a commitment to it (second half). The
 * nonce is the start of the salt. So key and nonce repeat only if 32 random bytes do: there is no
 * counter to lose, and writing on from a restored backup is safe.
 *
 * In suite 2 the derivation takes the number for zero, so that the records of a batch share key and
 * commitment, and the nonce is the end of the salt: 8 random bytes and the number. Key and nonce
 * repeat only if 28 random bytes do, since the number lives no longer than the key: both go with the
 * batch. The key id says under whose key a batch was sealed, so each key has batches of its own
 * (docs/decisions/0277).
 *
 * The commitment tells a wrong key
 * from tampering, and stops a ciphertext made to open under two keys, which GCM alone allows. The
 * tag binds the whole header and whatever the caller associates.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  AES_KEY_BYTES,
  type CryptoEngine,
  GCM_NONCE_BYTES,
  GCM_TAG_BYTES,
  type Mac,
} from './cryptoEngine.ts';

// Padding before encryption, so that the size of a record reveals little of its content: ciphertext is as long as
// plaintext, and an attacker with the file sees lengths.
//
// A padded text is its length (u32 big endian), its bytes, and zeros up to 256, 512, 1024, 2048 or 4096 bytes; beyond
// that up to the next Padmé size (PURBs, Nikitin et al. 2019: at most 12 % more, and only O(log log n) bits of the
// length known).

const LENGTH_BYTES = 4;
const SMALLEST_BYTES = 256;
const LARGEST_POWER_BYTES = 4096;

/** The most that can be padded, in bytes. Payloads are limited far below it. */
export const PLAINTEXT_BYTES_MAX: number = 64 * 1024 * 1024;

/** The padded size of `length` bytes, in bytes. */
export function paddedLength(length: number): number {
  const total = length + LENGTH_BYTES;
  // floor(log2(n)) is 31 - clz32(n).
  if (total <= LARGEST_POWER_BYTES) {
    return Math.max(SMALLEST_BYTES, 2 ** (32 - Math.clz32(total - 1)));
  }
  const exponent = 31 - Math.clz32(total);
  const freeBits = exponent - (32 - Math.clz32(exponent));
  const mask = (1 << freeBits) - 1;
  return (total + mask) & ~mask;
}

/** Writes the padded form to the start of `out`, which must be zero throughout. */
export function padInto(out: Uint8Array, plaintext: Uint8Array): void {
  const length = plaintext.length;
  out[0] = length >>> 24;
  out[1] = length >>> 16;
  out[2] = length >>> 8;
  out[3] = length;
  out.set(plaintext, LENGTH_BYTES);
}

/**
 * The text inside a padded one, as a view on it; `null` if {@link padInto} did not make it. For authenticated bytes
 * only.
 */
export function unpad(padded: Uint8Array): Uint8Array | null {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = padded;
  const length = b0 * 0x1000000 + ((b1 << 16) | (b2 << 8) | b3);
  if (length > PLAINTEXT_BYTES_MAX || padded.length !== paddedLength(length)) return null;
  const end = LENGTH_BYTES + length;
  for (let at = end; at < padded.length; at++) if (padded[at] !== 0) return null;
  return padded.subarray(LENGTH_BYTES, end);
}

/** The first bytes of every envelope. */
export const ENVELOPE_MAGIC = Uint8Array.of(0x48, 0x46, 0x52, 0x31);
/** A key for each record. */
const SUITE_ALONE = 1;
/** A key for each batch. */
const SUITE_BATCH = 2;
const FLAGS_PADDED = 1;
const SUITE_AT = 4;
const FLAGS_AT = 5;
const KEY_ID_AT = 6;
const SALT_AT = 10;
const SALT_BYTES = 32;
/** The salt of a batch; the number of the record in it follows. */
const BATCH_SALT_BYTES = 28;
const NUMBER_AT = SALT_AT + BATCH_SALT_BYTES;
const NUMBER_MAX = 0xffff_ffff;
const COMMITMENT_AT = SALT_AT + SALT_BYTES;
const COMMITMENT_BYTES = 32;
const HEADER_BYTES = COMMITMENT_AT + COMMITMENT_BYTES;
const ENVELOPE_BYTES_MIN = HEADER_BYTES + GCM_TAG_BYTES + paddedLength(0);
/** The size of the largest envelope; anything larger need not be read. */
export const ENVELOPE_BYTES_MAX: number =
  HEADER_BYTES + GCM_TAG_BYTES + paddedLength(PLAINTEXT_BYTES_MAX);

/** Salts drawn at a time: one call to the generator costs as much as a quarter of a seal. */
const SALTS_POOLED = 64;
const SCRATCH_BYTES = 8192;
/** Envelopes are cut from slabs: memory of its own would cost each about a microsecond. */
const SLAB_BYTES = 65_536;
const CUT_BYTES_MAX = SCRATCH_BYTES;

/** Seals and opens envelopes. Not to be shared between threads: it works in buffers of its own. */
export interface Envelopes {
  /**
   * Seals `plaintext` under a fresh key derived from `key` (32 bytes) and binds `associated`. The
   * envelope stays as it is, but may share its memory with other envelopes.
   *
   * @throws HoldfastError `HF_KEY_INVALID`, `HF_PAYLOAD_TOO_LARGE`, `HF_RANDOM_UNSOUND`.
   */
  seal(
    key: Uint8Array,
    keyId: number,
    plaintext: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  /**
   * The same under a key that all records of a batch share, until {@link endBatch}. Its commitment is that of the batch.
   *
   * @throws as {@link seal}.
   */
  sealInBatch(
    key: Uint8Array,
    keyId: number,
    plaintext: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  /** Overwrites the keys of batches; the next record begins one. */
  endBatch(): void;
  /**
   * Opens an envelope with the key that `keyOf` gives for its key id.
   *
   * @throws HoldfastError `HF_RECORD_MALFORMED` (no envelope, or cut short), `HF_RECORD_UNSUPPORTED`
   * (suite or flags), `HF_KEY_UNKNOWN` (`keyOf` gave none), `HF_KEY_WRONG` (the commitment differs:
   * another key, or salt or commitment were changed), `HF_RECORD_TAMPERED` (the tag differs: text,
   * header or associated data were changed).
   */
  open(
    keyOf: (keyId: number) => Uint8Array | undefined,
    envelope: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array;
  /** Overwrites what it keeps of the last key used. */
  wipe(): void;
}

/** The key of a batch, for as long as it is sealed or opened. */
interface Batch {
  readonly keyId: number;
  readonly key: Uint8Array;
  /** With the number 0. */
  readonly salt: Uint8Array;
  /** Record key and commitment. */
  readonly derived: Uint8Array;
  /** Records sealed. */
  count: number;
}

export function createEnvelopes(engine: CryptoEngine): Envelopes {
  const derivation = derivationMessage();
  // All zero between uses, so that padding needs no filling and no plaintext stays behind.
  const paddedScratch = new Uint8Array(SCRATCH_BYTES);
  // The header of the current envelope, then the associated data: what the tag binds.
  const boundScratch = new Uint8Array(SCRATCH_BYTES);
  const header = boundScratch.subarray(0, HEADER_BYTES);
  const context = boundScratch.subarray(KEY_ID_AT, COMMITMENT_AT);
  const nonceAlone = boundScratch.subarray(SALT_AT, SALT_AT + GCM_NONCE_BYTES);
  const nonceInBatch = boundScratch.subarray(COMMITMENT_AT - GCM_NONCE_BYTES, COMMITMENT_AT);
  let salts: Uint8Array = new Uint8Array(SALTS_POOLED * SALT_BYTES);
  let saltsUsed = salts.length;
  const lastSalt = new Uint8Array(SALT_BYTES);
  let slab = new Uint8Array(0);
  let slabUsed = 0;
  // Making a MAC costs as much as using it, and a store has one key.
  let made: { readonly key: Uint8Array; readonly mac: Mac } | null = null;
  let sealing: Batch | null = null;
  let opening: Batch | null = null;

  function newEnvelope(length: number): Uint8Array<ArrayBuffer> {
    if (length > CUT_BYTES_MAX) return new Uint8Array(length);
    if (slabUsed + length > slab.length) {
      slab = new Uint8Array(SLAB_BYTES);
      slabUsed = 0;
    }
    slabUsed += length;
    return slab.subarray(slabUsed - length, slabUsed);
  }

  function drawSalt(): void {
    if (saltsUsed === salts.length) {
      const drawn = engine.randomBytes(salts.length);
      // Two seals under one salt share key and nonce, which gives both texts away.
      if (drawn.length !== salts.length) throw badRandom('gave too few bytes');
      if (isEqual(drawn, salts)) throw badRandom('repeats itself');
      salts = drawn;
      saltsUsed = 0;
    }
    const salt = salts.subarray(saltsUsed, saltsUsed + SALT_BYTES);
    if (isEqual(salt, lastSalt)) throw badRandom('repeats itself');
    lastSalt.set(salt);
    header.set(salt, SALT_AT);
    saltsUsed += SALT_BYTES;
  }

  /** The record key, then the commitment, derived for the current header. */
  function derive(key: Uint8Array): Uint8Array {
    if (key.length !== AES_KEY_BYTES) {
      // HMAC would zero-pad a shorter key, and two keys would commit to the same value.
      throw new HoldfastError('HF_KEY_INVALID', `A sealing key has ${AES_KEY_BYTES} bytes.`);
    }
    if (made === null || !isEqual(key, made.key)) {
      wipeMac();
      made = { key: key.slice(), mac: engine.hmacSha512(key) };
    }
    derivation[DERIVATION_CONTEXT_AT - 1] = header[SUITE_AT] ?? 0;
    derivation.set(context, DERIVATION_CONTEXT_AT);
    return made.mac(derivation);
  }

  /** The key of the batch that the header names; its number in the header is 0 from then on. */
  function batchOf(key: Uint8Array, keyId: number, known: Batch | null): Batch {
    header.fill(0, NUMBER_AT, COMMITMENT_AT);
    const salt = header.subarray(SALT_AT, COMMITMENT_AT);
    if (known?.keyId === keyId && isEqual(known.salt, salt) && isEqual(known.key, key)) {
      return known;
    }
    return { keyId, key: key.slice(), salt: salt.slice(), derived: derive(key), count: 0 };
  }

  /** The batch that the next record belongs to, with room for it. */
  function sealingBatch(key: Uint8Array, keyId: number): Batch {
    const present = sealing;
    if (present?.keyId === keyId && present.count < NUMBER_MAX && isEqual(present.key, key)) {
      header.set(present.salt, SALT_AT);
      return present;
    }
    forget(present);
    drawSalt();
    sealing = batchOf(key, keyId, null);
    return sealing;
  }

  function setNumber(number: number): void {
    header[NUMBER_AT] = number >>> 24;
    header[NUMBER_AT + 1] = number >>> 16;
    header[NUMBER_AT + 2] = number >>> 8;
    header[NUMBER_AT + 3] = number;
  }

  function endBatch(): void {
    forget(sealing);
    forget(opening);
    sealing = null;
    opening = null;
  }

  function wipeMac(): void {
    made?.key.fill(0);
    made?.mac.wipe();
    made = null;
  }

  function wipe(): void {
    endBatch();
    wipeMac();
  }

  /** The header, whose length is fixed, then what the caller associates. */
  function bound(associated: Uint8Array): Uint8Array {
    const length = HEADER_BYTES + associated.length;
    if (length <= SCRATCH_BYTES) {
      boundScratch.set(associated, HEADER_BYTES);
      return boundScratch.subarray(0, length);
    }
    const out = new Uint8Array(length);
    out.set(header);
    out.set(associated, HEADER_BYTES);
    return out;
  }

  function setHead(suite: number, keyId: number, { length }: Uint8Array): void {
    if (length > PLAINTEXT_BYTES_MAX) {
      throw new HoldfastError(
        'HF_PAYLOAD_TOO_LARGE',
        `A record of ${length} bytes is over the ${PLAINTEXT_BYTES_MAX} that can be sealed.`,
      );
    }
    header.set(ENVELOPE_MAGIC);
    header[SUITE_AT] = suite;
    header[FLAGS_AT] = FLAGS_PADDED;
    header[KEY_ID_AT] = keyId >>> 24;
    header[KEY_ID_AT + 1] = keyId >>> 16;
    header[KEY_ID_AT + 2] = keyId >>> 8;
    header[KEY_ID_AT + 3] = keyId;
  }

  /** Seals under a derived key; the rest of the header is set. */
  function sealUnder(
    derived: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    for (let at = 0; at < COMMITMENT_BYTES; at++) {
      header[COMMITMENT_AT + at] = derived[AES_KEY_BYTES + at] ?? 0;
    }
    const size = paddedLength(plaintext.length);
    const envelope = newEnvelope(HEADER_BYTES + size + GCM_TAG_BYTES);
    envelope.set(header);
    const padded = size <= SCRATCH_BYTES ? paddedScratch.subarray(0, size) : new Uint8Array(size);
    try {
      padInto(padded, plaintext);
      engine.aes256GcmSeal(
        derived.subarray(0, AES_KEY_BYTES),
        nonce,
        bound(associated),
        padded,
        envelope.subarray(HEADER_BYTES),
      );
    } finally {
      padded.fill(0);
    }
    return envelope;
  }

  /** Opens under a derived key; the header is that of the envelope. */
  function openUnder(
    derived: Uint8Array,
    nonce: Uint8Array,
    envelope: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array {
    if (!commits(derived, envelope)) {
      throw new HoldfastError(
        'HF_KEY_WRONG',
        'The record is sealed under another key, or its header was changed.',
      );
    }
    const padded = engine.aes256GcmOpen(
      derived.subarray(0, AES_KEY_BYTES),
      nonce,
      bound(associated),
      envelope.subarray(HEADER_BYTES),
    );
    if (padded === null) {
      throw new HoldfastError(
        'HF_RECORD_TAMPERED',
        'The record was changed since it was sealed, or moved to another place.',
      );
    }
    const plaintext = unpad(padded);
    if (plaintext === null) throw malformed('its padding is not one this version writes');
    return plaintext;
  }

  return {
    seal(key, keyId, plaintext, associated) {
      setHead(SUITE_ALONE, keyId, plaintext);
      drawSalt();
      const derived = derive(key);
      try {
        return sealUnder(derived, nonceAlone, plaintext, associated);
      } finally {
        derived.fill(0);
      }
    },

    sealInBatch(key, keyId, plaintext, associated) {
      setHead(SUITE_BATCH, keyId, plaintext);
      const batch = sealingBatch(key, keyId);
      // Before the seal: a number is used up also where that fails.
      batch.count += 1;
      setNumber(batch.count);
      return sealUnder(batch.derived, nonceInBatch, plaintext, associated);
    },

    endBatch,

    open(keyOf, envelope, associated) {
      checkHeader(envelope);
      const keyId = keyIdOf(envelope);
      const key = keyOf(keyId);
      if (key === undefined) {
        throw new HoldfastError(
          'HF_KEY_UNKNOWN',
          `The record is sealed under key ${keyId}, which this keyring does not hold.`,
        );
      }
      header.set(envelope.subarray(0, HEADER_BYTES));
      if (envelope[SUITE_AT] === SUITE_BATCH) {
        const batch = batchOf(key, keyId, opening);
        if (batch !== opening) forget(opening);
        opening = batch;
        header.set(envelope.subarray(NUMBER_AT, COMMITMENT_AT), NUMBER_AT);
        return openUnder(batch.derived, nonceInBatch, envelope, associated);
      }
      const derived = derive(key);
      try {
        return openUnder(derived, nonceAlone, envelope, associated);
      } finally {
        derived.fill(0);
      }
    },

    wipe,
  };
}

function forget(batch: Batch | null): void {
  batch?.key.fill(0);
  batch?.derived.fill(0);
}

/**
 * The commitment of an envelope, which identifies one that was sealed alone: it commits to a key drawn for this envelope.
 * A caller that keeps it recognises exactly this envelope once that opens.
 */
export function commitmentOf(envelope: Uint8Array): Uint8Array {
  return envelope.slice(COMMITMENT_AT, HEADER_BYTES);
}

const LABEL = 'holdfast/record/1';
const DERIVATION_CONTEXT_AT = 4 + LABEL.length + 1 + 1;

/**
 * The input of SP 800-108 in counter mode: block counter 1, label, a zero byte, the context (suite,
 * key id, salt, which are filled in), the length of the output in bits.
 */
function derivationMessage(): Uint8Array {
  const contextBytes = COMMITMENT_AT - KEY_ID_AT;
  const message = new Uint8Array(DERIVATION_CONTEXT_AT + contextBytes + 4);
  message[3] = 1;
  message.set(new TextEncoder().encode(LABEL), 4);
  message[message.length - 2] = 2; // 0x0200 bits
  return message;
}

function checkHeader(envelope: Uint8Array): void {
  for (let at = 0; at < ENVELOPE_MAGIC.length; at++) {
    if (envelope[at] !== ENVELOPE_MAGIC[at]) throw malformed('it does not start as one');
  }
  const suite = envelope[SUITE_AT];
  const flags = envelope[FLAGS_AT];
  if (flags === undefined) throw malformed('it is cut short');
  if ((suite !== SUITE_ALONE && suite !== SUITE_BATCH) || flags !== FLAGS_PADDED) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `The record is sealed in a way this version does not know (suite ${suite}, flags ${flags}).`,
    );
  }
  if (envelope.length < ENVELOPE_BYTES_MIN) throw malformed('it is cut short');
}

function keyIdOf(envelope: Uint8Array): number {
  let id = 0;
  for (let at = KEY_ID_AT; at < SALT_AT; at++) id = id * 256 + (envelope[at] ?? 0);
  return id;
}

/** Compares without stopping at the first difference, so that its time reveals nothing. */
function commits(derived: Uint8Array, envelope: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < COMMITMENT_BYTES; at++) {
    difference |= (derived[AES_KEY_BYTES + at] ?? 0) ^ (envelope[COMMITMENT_AT + at] ?? 0);
  }
  return difference === 0;
}

/** True if two arrays of one length hold the same bytes; takes the same time wherever they differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

function badRandom(how: string): HoldfastError {
  return new HoldfastError(
    'HF_RANDOM_UNSOUND',
    `The platform's random generator ${how}; nothing is sealed with it.`,
  );
}

function malformed(why: string): HoldfastError {
  return new HoldfastError('HF_RECORD_MALFORMED', `This is not a sealed record: ${why}.`);
}
