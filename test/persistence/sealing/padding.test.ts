import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  PLAINTEXT_BYTES_MAX,
  paddedLength,
  padInto,
  unpad,
} from '../../../persistence/sealing/envelope.ts';

test('SE-5 texts of one size class are padded to one length', () => {
  const lengths = [0, 1, 252, 253, 508, 509, 1020, 2044, 4092].map(paddedLength);
  expect(lengths).toEqual([256, 256, 256, 512, 512, 1024, 1024, 2048, 4096]);
});

test('SE-5 longer texts are padded to the Padmé sizes', () => {
  // Worked from the paper: exponent 12, 4 bits of it, so 8 low bits are rounded up.
  expect([4093, 4096, 4348, 4349, 9_000, 100_000, 1_048_576].map(paddedLength)).toEqual([
    4352, 4352, 4352, 4608, 9_216, 100_352, 1_081_344,
  ]);
});

test('SE-5 padding never shrinks as texts grow, and costs at most 12 % of a long one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4093, max: 64 * 1024 * 1024 }), (length) => {
      const padded = paddedLength(length);
      expect(padded).toBeGreaterThanOrEqual(length + 4);
      expect(padded).toBeLessThanOrEqual((length + 4) * 1.12);
      expect(paddedLength(length + 1)).toBeGreaterThanOrEqual(padded);
    }),
  );
});

test('SE-5 what was padded comes back, and nothing but what padding makes is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (text) => {
      const padded = new Uint8Array(paddedLength(text.length));
      padInto(padded, text);
      expect(unpad(padded)).toEqual(text);
      expect(unpad(padded.subarray(1))).toBeNull();
      expect(unpad(Uint8Array.of(...padded, 0))).toBeNull();
    }),
  );
  const padded = new Uint8Array(256);
  expect(unpad(padded)).toEqual(new Uint8Array(0));
  expect(unpad(padded.with(255, 1))).toBeNull();
  expect(unpad(padded.with(3, 253))).toBeNull();
  expect(unpad(padded.with(0, 255))).toBeNull();
  expect(unpad(new Uint8Array(0))).toBeNull();
});

test('SE-5 a text of more than 16 MiB comes back, and one over the limit is not taken', () => {
  const long = new Uint8Array(16 * 1024 * 1024 + 1);
  long[long.length - 1] = 7;
  const padded = new Uint8Array(paddedLength(long.length));
  padInto(padded, long);
  expect(unpad(padded)?.length).toBe(long.length);
  expect(unpad(padded)?.at(-1)).toBe(7);

  const sized = (length: number) => {
    const out = new Uint8Array(paddedLength(length));
    new DataView(out.buffer).setUint32(0, length);
    return unpad(out)?.length;
  };
  expect(sized(PLAINTEXT_BYTES_MAX)).toBe(PLAINTEXT_BYTES_MAX);
  expect(sized(PLAINTEXT_BYTES_MAX + 1)).toBeUndefined();
});
