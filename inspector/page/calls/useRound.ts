/**
 * Says when to repeat calls: when something has happened to their subject, when the page has a process
 * again, and when somebody asks for it.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { usePage } from '../kit/page.tsx';

/**
 * @param changedBy when this changes, the answers may have changed
 * @returns a value that changes whenever calls should be repeated, and a function that repeats them now
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

/** The serial of the last news whose kind has this prefix. */
export function useLastNews(prefix: string): number | null {
  return usePage(
    ({ news }) => news.findLast(({ kind }) => kind.startsWith(prefix))?.serial ?? null,
  );
}
