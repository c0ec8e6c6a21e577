/**
 * When what calls have answered is asked for again: when something has happened to it, when the page has a process
 * again, and when somebody wants it.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { usePage } from '../kit/page.tsx';

/**
 * @param changedBy when this is another one, so may be the answers
 * @returns what is another one each time that they are asked for again; and what asks for them now
 */
export function useRound(changedBy: unknown): {
  readonly round: number;
  readonly reload: () => void;
} {
  const hello = usePage((page) => page.hello);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  const seen = useRef({ changedBy, hello });
  useEffect(() => {
    if (seen.current.changedBy === changedBy && seen.current.hello === hello) return;
    seen.current = { changedBy, hello };
    reload();
  }, [changedBy, hello, reload]);
  return { round, reload };
}

/** The serial of the last news of kinds that begin so: another one once something of them has happened. */
export function useLastNews(prefix: string): number | null {
  return usePage(
    ({ news }) => news.findLast(({ kind }) => kind.startsWith(prefix))?.serial ?? null,
  );
}
