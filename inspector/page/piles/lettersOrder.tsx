/**
 * The dialog of an order about all dead letters that match: it counts them, asks, and goes on in pieces.
 *
 * @module
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { ORDER } from '../calls/calls.ts';
import { errorInWords } from '../calls/errorInWords.ts';
import { Dialog } from '../kit/dialog.tsx';
import { usePage, useParts } from '../kit/page.tsx';
import { OrderDialog } from '../orders/orderDialog.tsx';
import { orderOfLetters } from '../orders/ordersOfWork.ts';
import { countsInWords, inPieces } from '../orders/pieces.ts';
import { countOf, countText } from '../words/time.ts';

/** The dead letters that an order is about. */
export interface LettersChosen {
  readonly filter: Readonly<Record<string, unknown>>;
  /** The dead letters, in words. */
  readonly says: string;
}

export function LettersOrder(props: {
  readonly what: 'replay' | 'purge';
  readonly which: LettersChosen;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { what, onDone, onClose } = props;
  const { filter, says: which } = props.which;
  const { call } = useParts();
  // Without what is given up again while this runs, or it would never end.
  const untilMs = usePage(
    (page) => page.nowMs,
    () => true,
  );
  const [count, setCount] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [done, setDone] = useState(0);
  const isWanted = useRef(true);
  const name = what === 'replay' ? ORDER.replayLetters : ORDER.purgeLetters;
  const all = { ...filter, untilMs };

  useEffect(() => {
    const dryRun = { filter: all, dryRun: true };
    void inPieces(
      (params) => call(name, params),
      dryRun,
      () => isWanted.current,
    ).then(({ answer, counts }) => {
      if (answer.ok) setCount(counts.matched);
      else setError(errorInWords(answer.error));
    });
    return () => {
      isWanted.current = false;
    };
  }, []);

  if (count === null || count === 0) {
    return (
      <Dialog title={what === 'replay' ? 'Replay all' : 'Purge all'} onClose={onClose}>
        <p role="status">{error ?? (count === 0 ? 'None of them matches.' : 'Counting them …')}</p>
        <p class="buttons">
          <button type="button" autofocus onClick={onClose}>
            Close
          </button>
        </p>
      </Dialog>
    );
  }
  const order = orderOfLetters(what, { filter: all, which, count });
  return (
    <OrderDialog
      order={order}
      onClose={onClose}
      onDone={onDone}
      progress={
        <p>
          <progress max={count} value={done} aria-label="Progress" /> {countText(done)} of{' '}
          {countOf(count, 'dead letter')}.{' '}
          <button
            type="button"
            onClick={() => {
              isWanted.current = false;
            }}
          >
            Stop
          </button>
        </p>
      }
      carryOut={async (_, params) => {
        isWanted.current = true;
        const { answer, counts, isStopped } = await inPieces(
          (piece) => call(name, piece),
          params,
          ({ matched }) => {
            setDone(matched);
            return isWanted.current;
          },
        );
        const said = countsInWords(what === 'replay' ? 'replayed' : 'purged', counts, isStopped);
        if (answer.ok) return { ok: true, result: said };
        const { code, message } = answer.error;
        if (counts.done > 0) onDone();
        return { ok: false, error: { code, message: `${said} Then it failed: ${message}` } };
      }}
    />
  );
}
