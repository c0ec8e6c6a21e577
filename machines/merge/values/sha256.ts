/**
 * SHA-256 of a text (FIPS 180-4), for names that every device must come to by itself. It guards no secret:
 * what does is in persistence/sealing.
 *
 * @module
 */

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
const { rounds: ROUNDS, start: START } = constants();

const words = new Int32Array(BLOCK);

/** The hash of the text's UTF-8, as 64 hexadecimal digits. */
export function sha256(text: string): string {
  const bytes = padded(text);
  const view = new DataView(bytes.buffer);
  const state = Int32Array.from(START);
  for (let offset = 0; offset < bytes.length; offset += BLOCK) takeBlock(state, view, offset);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function takeBlock(state: Int32Array, view: DataView, offset: number): void {
  const w = words;
  for (let at = 0; at < 16; at++) w[at] = view.getInt32(offset + at * 4);
  for (let at = 16; at < BLOCK; at++) {
    const x = w[at - 15] ?? 0;
    const y = w[at - 2] ?? 0;
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[at] = ((w[at - 16] ?? 0) + small0 + (w[at - 7] ?? 0) + small1) | 0;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < BLOCK; at++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + big1 + ((e & f) ^ (~e & g)) + (ROUNDS[at] ?? 0) + (w[at] ?? 0)) | 0;
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  const added = [a, b, c, d, e, f, g, h];
  for (let at = 0; at < 8; at++) state[at] = ((state[at] ?? 0) + (added[at] ?? 0)) | 0;
}

/** UTF-8, a bit that is set, zeros, and the length in bits. A lone surrogate is U+FFFD, as everywhere. */
function padded(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil((text.length * 3 + 9) / BLOCK) * BLOCK);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at);
    if (code >= 0xd8_00 && code < 0xe0_00) {
      const low = code < 0xdc_00 ? text.charCodeAt(at + 1) : 0;
      if (low >= 0xdc_00 && low < 0xe0_00) {
        code = 0x1_00_00 + ((code - 0xd8_00) << 10) + (low - 0xdc_00);
        at += 1;
      } else {
        code = 0xff_fd;
      }
    }
    if (code < 0x80) {
      bytes[length++] = code;
    } else if (code < 0x8_00) {
      bytes[length++] = 0xc0 | (code >> 6);
      bytes[length++] = 0x80 | (code & 0x3f);
    } else {
      if (code < 0x1_00_00) {
        bytes[length++] = 0xe0 | (code >> 12);
      } else {
        bytes[length++] = 0xf0 | (code >> 18);
        bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[length++] = 0x80 | (code & 0x3f);
    }
  }
  bytes[length] = 0x80;
  const whole = bytes.subarray(0, Math.ceil((length + 9) / BLOCK) * BLOCK).slice();
  const view = new DataView(whole.buffer);
  view.setUint32(whole.length - 8, Math.floor(length / 0x20_00_00_00));
  view.setUint32(whole.length - 4, (length << 3) >>> 0);
  return whole;
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
