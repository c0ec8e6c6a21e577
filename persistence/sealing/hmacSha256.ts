/**
 * HMAC-SHA-256 from midstates, for the many short messages of blind indexes: the two blocks of the key are compressed
 * once, and a message of up to 55 bytes costs two blocks more. In JavaScript that takes half as long as two calls of
 * OpenSSL, whose making and collecting of results is most of what they cost (docs/decisions/0277). It looks nothing up
 * by a secret and branches on none, so its time tells the length of the message alone. Held to the vectors of RFC 4231
 * and to the portable engine.
 *
 * @module
 */

import type { Mac } from './cryptoEngine.ts';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const LENGTH_AT = BLOCK_BYTES - 8;
const PAD = 0x80;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** FIPS 180-4: fractions of square roots, and of cube roots, of the first primes. */
const START = Int32Array.of(
  0x6a09_e667,
  0xbb67_ae85,
  0x3c6e_f372,
  0xa54f_f53a,
  0x510e_527f,
  0x9b05_688c,
  0x1f83_d9ab,
  0x5be0_cd19,
);
const ROUNDS = Int32Array.of(
  0x428a_2f98,
  0x7137_4491,
  0xb5c0_fbcf,
  0xe9b5_dba5,
  0x3956_c25b,
  0x59f1_11f1,
  0x923f_82a4,
  0xab1c_5ed5,
  0xd807_aa98,
  0x1283_5b01,
  0x2431_85be,
  0x550c_7dc3,
  0x72be_5d74,
  0x80de_b1fe,
  0x9bdc_06a7,
  0xc19b_f174,
  0xe49b_69c1,
  0xefbe_4786,
  0x0fc1_9dc6,
  0x240c_a1cc,
  0x2de9_2c6f,
  0x4a74_84aa,
  0x5cb0_a9dc,
  0x76f9_88da,
  0x983e_5152,
  0xa831_c66d,
  0xb003_27c8,
  0xbf59_7fc7,
  0xc6e0_0bf3,
  0xd5a7_9147,
  0x06ca_6351,
  0x1429_2967,
  0x27b7_0a85,
  0x2e1b_2138,
  0x4d2c_6dfc,
  0x5338_0d13,
  0x650a_7354,
  0x766a_0abb,
  0x81c2_c92e,
  0x9272_2c85,
  0xa2bf_e8a1,
  0xa81a_664b,
  0xc24b_8b70,
  0xc76c_51a3,
  0xd192_e819,
  0xd699_0624,
  0xf40e_3585,
  0x106a_a070,
  0x19a4_c116,
  0x1e37_6c08,
  0x2748_774c,
  0x34b0_bcb5,
  0x391c_0cb3,
  0x4ed8_aa4a,
  0x5b9c_ca4f,
  0x682e_6ff3,
  0x748f_82ee,
  0x78a5_636f,
  0x84c8_7814,
  0x8cc7_0208,
  0x90be_fffa,
  0xa450_6ceb,
  0xbef9_a3f7,
  0xc671_78f2,
);

// Zero between uses, so that no message stays behind.
const words = new Int32Array(64);
const block = new Uint8Array(BLOCK_BYTES);
const state = new Int32Array(8);

/** Adds the block of 64 bytes at `at` to the state. */
function compress(into: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++) {
    const from = at + 4 * t;
    words[t] =
      ((bytes[from] as number) << 24) |
      ((bytes[from + 1] as number) << 16) |
      ((bytes[from + 2] as number) << 8) |
      (bytes[from + 3] as number);
  }
  for (let t = 16; t < 64; t++) {
    const w2 = words[t - 2] as number;
    const w15 = words[t - 15] as number;
    const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10);
    const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
    words[t] = (s1 + (words[t - 7] as number) + s0 + (words[t - 16] as number)) | 0;
  }
  let a = into[0] as number;
  let b = into[1] as number;
  let c = into[2] as number;
  let d = into[3] as number;
  let e = into[4] as number;
  let f = into[5] as number;
  let g = into[6] as number;
  let h = into[7] as number;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (ROUNDS[t] as number) + (words[t] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  into[0] = ((into[0] as number) + a) | 0;
  into[1] = ((into[1] as number) + b) | 0;
  into[2] = ((into[2] as number) + c) | 0;
  into[3] = ((into[3] as number) + d) | 0;
  into[4] = ((into[4] as number) + e) | 0;
  into[5] = ((into[5] as number) + f) | 0;
  into[6] = ((into[6] as number) + g) | 0;
  into[7] = ((into[7] as number) + h) | 0;
}

/** Adds the rest of a message, whose blocks before are in the state already, and its end. */
function finish(message: Uint8Array, bytesBefore: number): void {
  let at = 0;
  for (; at + BLOCK_BYTES <= message.length; at += BLOCK_BYTES) compress(state, message, at);
  block.set(message.subarray(at));
  block[message.length - at] = PAD;
  if (message.length - at >= LENGTH_AT) {
    compress(state, block, 0);
    block.fill(0);
  }
  const bits = (bytesBefore + message.length) * 8;
  const high = Math.floor(bits / 0x1_0000_0000);
  for (let byte = 0; byte < 4; byte++) {
    block[LENGTH_AT + byte] = high >>> (24 - 8 * byte);
    block[LENGTH_AT + 4 + byte] = bits >>> (24 - 8 * byte);
  }
  compress(state, block, 0);
  block.fill(0);
  words.fill(0);
}

function write(out: Uint8Array): void {
  for (let word = 0; word < 8; word++) {
    const value = state[word] as number;
    out[4 * word] = value >>> 24;
    out[4 * word + 1] = value >>> 16;
    out[4 * word + 2] = value >>> 8;
    out[4 * word + 3] = value;
  }
}

function midstate(key: Uint8Array, pad: number): Int32Array {
  const padded = new Uint8Array(BLOCK_BYTES).fill(pad);
  for (const [at, byte] of key.entries()) padded[at] = byte ^ pad;
  const made = START.slice();
  compress(made, padded, 0);
  padded.fill(0);
  words.fill(0);
  return made;
}

/** See {@link CryptoEngine.hmacSha256}. */
export function hmacSha256(key: Uint8Array): Mac {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key.slice();
  const inner = midstate(short, INNER_PAD);
  const outer = midstate(short, OUTER_PAD);
  short.fill(0);
  const middle = new Uint8Array(DIGEST_BYTES);
  const mac = (message: Uint8Array): Uint8Array => {
    state.set(inner);
    finish(message, BLOCK_BYTES);
    write(middle);
    state.set(outer);
    finish(middle, BLOCK_BYTES);
    const out = new Uint8Array(DIGEST_BYTES);
    write(out);
    middle.fill(0);
    state.fill(0);
    return out;
  };
  const wipe = (): void => {
    inner.fill(0);
    outer.fill(0);
  };
  return Object.assign(mac, { wipe });
}

function sha256(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(DIGEST_BYTES);
  state.set(START);
  finish(message, 0);
  write(out);
  state.fill(0);
  return out;
}
