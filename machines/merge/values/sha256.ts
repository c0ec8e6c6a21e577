/**
 * SHA-256 of a text (FIPS 180-4), for names that every device must compute alike. It guards no secret;
 * persistence/sealing does that.
 *
 * @module
 */

import type { Pieces, Work } from '../../vocabulary/pieces.ts';

const BLOCK = 64;

/**
 * Constants: the first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2 and
 * 5.3.3).
 */
const { rounds: ROUNDS, start: START } = constants();

const utf8 = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Most bytes of a UTF-16 code unit. */
const BYTES_MAX = 3;
/** Characters hashed at a time. */
const PART = 4_096;
/** Bytes that take as long to hash as one step of walking a value. */
const BYTES_OF_A_STEP = 64;
/** Memory reused for each text and block. A longer text gets its own. */
const room = roomFor(16_384);
const words = new Int32Array(BLOCK);
const state = new Int32Array(8);

/**
 * Returns the hash of the text's UTF-8 as 64 hexadecimal digits. A lone surrogate counts as U+FFFD, as everywhere.
 */
export function sha256(text: string): string {
  const needed = text.length * BYTES_MAX + 2 * BLOCK;
  const { bytes, view } = needed <= room.bytes.length ? room : roomFor(needed);
  const { written: length } = utf8.encodeInto(text, bytes);
  state.set(START);
  return hashed({ bytes, view }, length, length);
}

/** Hashes texts one after the other, in pieces. */
export function* sha256InPieces(texts: readonly string[], work: Work): Pieces<string> {
  let length = 0;
  for (const text of texts) length += text.length;
  if (length <= PART) {
    if (work.isDue((length * BYTES_MAX) / BYTES_OF_A_STEP)) yield;
    return sha256(texts.join(''));
  }
  // Other work may hash in between.
  const own = Int32Array.from(START);
  const { bytes, view } = roomFor(PART * BYTES_MAX + 3 * BLOCK);
  let held = 0;
  let total = 0;
  for (const text of texts) {
    for (let from = 0; from < text.length; ) {
      let to = Math.min(from + PART, text.length);
      // Split between the halves of a pair, neither would be a character.
      if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to -= 1;
      const { written } = utf8.encodeInto(text.slice(from, to), bytes.subarray(held));
      from = to;
      total += written;
      const end = held + written;
      state.set(own);
      let offset = 0;
      for (; offset + BLOCK <= end; offset += BLOCK) takeBlock(view, offset);
      own.set(state);
      bytes.copyWithin(0, offset, end);
      held = end - offset;
      if (work.isDue(written / BYTES_OF_A_STEP)) yield;
    }
  }
  state.set(own);
  return hashed({ bytes, view }, held, total);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd8_00 && code <= 0xdb_ff;
}

/** Returns the digits once the last bytes and the padding are hashed. */
function hashed({ bytes, view }: Room, to: number, total: number): string {
  const end = Math.ceil((to + 9) / BLOCK) * BLOCK;
  bytes.fill(0, to, end);
  bytes[to] = 0x80;
  view.setUint32(end - 8, Math.floor(total / 0x20_00_00_00));
  view.setUint32(end - 4, (total << 3) >>> 0);
  for (let offset = 0; offset < end; offset += BLOCK) takeBlock(view, offset);
  let digits = '';
  for (let at = 0; at < 8; at++) {
    const word = state[at] as number;
    for (let shift = 24; shift >= 0; shift -= 8) digits += HEX[(word >>> shift) & 0xff] as string;
  }
  return digits;
}

interface Room {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function roomFor(length: number): Room {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

function takeBlock(view: DataView, offset: number): void {
  const w = words;
  for (let at = 0; at < 16; at++) w[at] = view.getInt32(offset + at * 4);
  for (let at = 16; at < BLOCK; at++) {
    const x = w[at - 15] as number;
    const y = w[at - 2] as number;
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[at] = ((w[at - 16] as number) + small0 + (w[at - 7] as number) + small1) | 0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let at = 0; at < BLOCK; at++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + big1 + (g ^ (e & (f ^ g))) + (ROUNDS[at] as number) + (w[at] as number)) | 0;
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (big0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}

function constants(): { readonly rounds: Int32Array; readonly start: readonly number[] } {
  const fraction = (root: number): number => ((root - Math.floor(root)) * 0x1_00_00_00_00) | 0;
  const primes: number[] = [];
  for (let one = 2; primes.length < BLOCK; one++) {
    if (primes.every((prime) => one % prime !== 0)) primes.push(one);
  }
  return {
    rounds: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    start: primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
  };
}
