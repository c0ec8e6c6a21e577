/**
 * Orders about many items, carried out piece by piece: what is done before somebody stops it, or it fails,
 * stays done, and is reported.
 *
 * @module
 */

import type { CallAnswer } from '../../protocol.ts';
import type { PieceDone } from '../calls/calls.ts';

/** The counts so far. */
export type Counts = Omit<PieceDone, 'nextSeq'>;

const NONE: Counts = { matched: 0, done: 0, expired: 0, changed: 0 };

/**
 * Makes the call for one piece after the other.
 *
 * @param onCounts called after each piece; returning `false` stops there
 * @returns the answer of the piece that failed, or the counts of all that were done
 */
export async function inPieces(
  call: (params: Readonly<Record<string, unknown>>) => Promise<CallAnswer>,
  params: Readonly<Record<string, unknown>>,
  onCounts: (counts: Counts) => boolean,
): Promise<{ readonly answer: CallAnswer; readonly counts: Counts; readonly isStopped: boolean }> {
  let counts = NONE;
  let fromSeq: number | null = 0;
  while (fromSeq !== null) {
    const answer: CallAnswer = await call({ ...params, fromSeq });
    if (!answer.ok) return { answer, counts, isStopped: false };
    const piece = answer.result as PieceDone;
    counts = {
      matched: counts.matched + piece.matched,
      done: counts.done + piece.done,
      expired: counts.expired + piece.expired,
      changed: counts.changed + piece.changed,
    };
    fromSeq = piece.nextSeq;
    if (!onCounts(counts) && fromSeq !== null) {
      return { answer: { ok: true, result: counts }, counts, isStopped: true };
    }
  }
  return { answer: { ok: true, result: counts }, counts, isStopped: false };
}

/** `12 are replayed. 2 are kept, because their time is over.` */
export function countsInWords(
  what: 'replayed' | 'purged',
  counts: Counts,
  isStopped: boolean,
): string {
  const { done, expired, changed } = counts;
  const are = (count: number): string => (count === 1 ? '1 is' : `${count} are`);
  const sentences = [
    `${are(done)} ${what}.`,
    expired === 0 ? '' : `${are(expired)} kept, because their time is over.`,
    changed === 0
      ? ''
      : `${are(changed)} kept, because another person was faster, or their payload is gone.`,
    isStopped ? 'It was stopped there.' : '',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
