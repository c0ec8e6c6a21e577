import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { textOf } from '../../../src/control/socketRequest.ts';

function answer(chunks: readonly string[]) {
  const read = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  return { read, response: read as unknown as IncomingMessage };
}

test('SC-4 OP-6 of an answer that is longer than any of ours no more is read, and its connection ends', async () => {
  const { read, response } = answer(['abc', 'def', 'g']);
  expect(await textOf(response, 5)).toBeNull();
  expect(read.destroyed).toBe(true);
  expect(read.readableEnded).toBe(false);
});

test('SC-4 an answer of as many bytes as it may have is read whole, whatever its characters', async () => {
  expect(await textOf(answer(['ab', 'ä', 'c']).response, 5)).toBe('abäc');
  expect(await textOf(answer(['ab', 'ä', 'c']).response, 4)).toBeNull();
});

test('SC-4 an answer that is cut off is none', async () => {
  const { read, response } = answer(['a', 'b']);
  const text = textOf(response, 5);
  read.destroy(new Error('cut off'));
  await expect(text).rejects.toThrow('cut off');
});
