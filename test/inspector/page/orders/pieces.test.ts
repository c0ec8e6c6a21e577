import { describe, expect, test } from 'vitest';
import { countsInWords, inPieces } from '../../../../inspector/page/orders/pieces.ts';
import type { CallAnswer } from '../../../../inspector/protocol.ts';

/** Three pieces of two; the one at `failsAt` fails. */
function pieces(failsAt: number | null = null) {
  const asked: unknown[] = [];
  const call = (params: Readonly<Record<string, unknown>>): Promise<CallAnswer> => {
    asked.push(params);
    const from = Number(params['fromSeq']);
    if (from === failsAt) {
      return Promise.resolve({ ok: false, error: { code: 'HF_STORE_IO', message: 'No.' } });
    }
    const nextSeq = from < 4 ? from + 2 : null;
    const counts = { matched: 2, done: 1, expired: 1, changed: 0 };
    return Promise.resolve({ ok: true, result: { ...counts, nextSeq } });
  };
  return { call, asked };
}

describe('OP-5 an order about many goes on in pieces', () => {
  test('OP-5 until none is left, counting what became of each', async () => {
    const { call, asked } = pieces();
    const seen: number[] = [];
    const { answer, counts, isStopped } = await inPieces(call, { filter: {} }, ({ matched }) => {
      seen.push(matched);
      return true;
    });
    expect([answer.ok, isStopped]).toEqual([true, false]);
    expect(counts).toEqual({ matched: 6, done: 3, expired: 3, changed: 0 });
    expect(seen).toEqual([2, 4, 6]);
    expect(asked).toEqual([0, 2, 4].map((fromSeq) => ({ filter: {}, fromSeq })));
  });

  test('OP-5 somebody stops it between two pieces: what is done stays done, and is told', async () => {
    const { call, asked } = pieces();
    const { counts, isStopped } = await inPieces(call, {}, () => false);
    expect([counts.done, isStopped, asked.length]).toEqual([1, true, 1]);
    expect(countsInWords('purged', counts, isStopped)).toBe(
      '1 is purged. 1 is kept, because their time is over. It was stopped there.',
    );
  });

  test('OP-5 a piece that fails ends it, with what was done before', async () => {
    const { call } = pieces(2);
    const { answer, counts } = await inPieces(call, {}, () => true);
    expect(answer).toMatchObject({ ok: false, error: { code: 'HF_STORE_IO' } });
    expect(counts.done).toBe(1);
    expect(countsInWords('replayed', { ...counts, done: 12, expired: 0 }, false)).toBe(
      '12 are replayed.',
    );
  });
});
