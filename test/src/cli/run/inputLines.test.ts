import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type InputLine, inputLines } from '../../../../src/cli/run/inputFile.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function linesOf(
  input: string | Uint8Array,
  sizes: readonly number[] = [],
  bytesMax?: number,
) {
  const lines: InputLine[] = [];
  for await (const line of inputLines(chunksOf(Buffer.from(input), sizes), bytesMax)) {
    lines.push(line);
  }
  return lines.map(({ number, text, problem }) =>
    problem === null ? [number, text] : [number, problem],
  );
}

describe('inputLines', () => {
  test('UX-1 line ends of both kinds, blank lines, a last line without end, a byte order mark', async () => {
    expect(await linesOf('\ufeffa\r\n\n  \nb\n\nc')).toEqual([
      [1, 'a'],
      [4, 'b'],
      [6, 'c'],
    ]);
    expect(await linesOf('')).toEqual([]);
    expect(await linesOf('\n')).toEqual([]);
  });

  test('UX-1 however the bytes are cut, the lines are the same', async () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .map((text) => text.replaceAll(/[\r\n\ufeff]/g, '').trim());
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(7)), async (texts, sizes) => {
        const expected = texts.map((text, i) => [i + 1, text]).filter(([, text]) => text !== '');
        expect(await linesOf(texts.join('\n'), sizes)).toEqual(expected);
      }),
    );
  });

  test('UX-2 a line too long or not UTF-8 is named, and the next are read', async () => {
    const invalid = Buffer.concat([
      Buffer.from('ok\n'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\nnext'),
    ]);
    expect(await linesOf(invalid)).toEqual([
      [1, 'ok'],
      [2, expect.objectContaining({ code: 'HF_LINE_INVALID', line: 2 })],
      [3, 'next'],
    ]);
    expect(await linesOf(`${'x'.repeat(11)}\n${'y'.repeat(10)}`, [3, 3, 3], 10)).toEqual([
      [1, expect.objectContaining({ code: 'HF_LINE_INVALID', line: 1 })],
      [2, 'y'.repeat(10)],
    ]);
  });

  test('UX-1 a line without end costs no more memory than the limit', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      const chunk = Buffer.alloc(1_048_576, 'x');
      for (let sent = 0; sent < 256; sent += 1) yield chunk;
    }
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    async function* watched(): AsyncGenerator<Uint8Array> {
      for await (const chunk of endless()) {
        yield chunk;
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      }
    }
    const lines: InputLine[] = [];
    for await (const line of inputLines(watched())) lines.push(line);
    expect(lines).toMatchObject([{ number: 1, problem: { code: 'HF_LINE_INVALID' } }]);
    expect(peak).toBeLessThan(64 * 1_048_576);
  });
});
