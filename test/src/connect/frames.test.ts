/**
 * What comes over a line is cut into frames wherever its chunks end, and no frame takes more memory than it may.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameFault, FrameReader, frameOf } from '../../../src/connect/lineProtocol.ts';

test('SC-4 frames are the same wherever they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue().map((value) => ({ value }))),
      fc.integer({ min: 1, max: 9 }),
      (values, size) => {
        const sent = Buffer.from(values.map(frameOf).join(''));
        const reader = new FrameReader(100_000);
        const read: unknown[] = [];
        for (let at = 0; at < sent.length; at += size) {
          read.push(...reader.read(sent.subarray(at, at + size)));
        }
        expect(JSON.stringify(read)).toBe(JSON.stringify(values));
        expect(reader.isWithin).toBe(false);
      },
    ),
  );
});

test('OP-6 SC-4 a frame of as many bytes as it may have is read, and one of more is refused before it has ended', () => {
  const [exact, longer] = ['"12345678"', '"123456789'].map((text) => Buffer.from(text));
  const reader = new FrameReader(10);
  expect(reader.read(Buffer.concat([exact as Buffer, Buffer.from('\n')]))).toEqual(['12345678']);
  expect(reader.read(longer as Buffer)).toEqual([]);
  expect(() => reader.read(Buffer.from('0'))).toThrow(FrameFault);
  // Frame by frame: what was read before counts for none.
  const next = new FrameReader(10);
  for (let times = 0; times < 3; times += 1) {
    expect(next.read(Buffer.from('"1234567"\n'))).toEqual(['1234567']);
  }
});
