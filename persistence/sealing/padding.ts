/**
 * Padding before encryption, so that the size of a record reveals little of its content: ciphertext is as long as
 * plaintext, and an attacker with the file sees lengths.
 *
 * A padded text is its length (u32 big endian), its bytes, and zeros up to 256, 512, 1024, 2048 or 4096 bytes; beyond
 * that up to the next Padmé size (PURBs, Nikitin et al. 2019: at most 12 % more, and only O(log log n) bits of the
 * length known).
 *
 * @module
 */

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
