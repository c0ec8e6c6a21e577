/**
 * A list that a management call returns page by page: the rows so far, whether more follow, and what went wrong.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../protocol.ts';
import { usePage, useParts } from '../kit/page.tsx';
import { errorInWords } from './historyWords.ts';

export interface PagesQuery<T> {
  readonly call: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The parameter that says where a page begins; `null` for a call with one page only. */
  readonly from: { readonly name: string; readonly first: number | undefined } | null;
  readonly read: (result: unknown) => { readonly rows: readonly T[]; readonly next: number | null };
}

export interface Pages<T> {
  readonly rows: readonly T[];
  /** Whether more may follow. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Why the last page did not come; `null` where it did. */
  readonly error: string | null;
  readonly more: () => void;
}

/** Rows that are fetched before a person is asked whether to go on. */
const ROWS_WANTED = 50;
/** Pages that are fetched in one go, since a page may be empty and not the last. */
const PAGES_AT_ONCE = 8;

interface Held<T> {
  readonly rows: readonly T[];
  readonly next: number | null;
  readonly error: string | null;
}

/**
 * @param round when this changes, all rows are read again; until they are there, or where they can't be
 * read, the old rows stay
 */
export function usePages<T>(query: PagesQuery<T>, round: unknown): Pages<T> {
  const { call } = useParts();
  const key = `${query.call} ${JSON.stringify(query.params)}`;
  const [held, setHeld] = useState<Held<T> & { readonly key: string }>({
    ...{ key, rows: [], next: null, error: null },
  });
  const [isLoading, setLoading] = useState(true);
  const run = useRef(0);
  const asked = useRef({ query, held });
  asked.current = { query, held };

  const load = useCallback(
    async (begin: Held<T>, wanted: number): Promise<Held<T> | null> => {
      const mine = (run.current += 1);
      setLoading(true);
      const found = await lookThrough(asked.current.query, begin, wanted, call);
      // Another query has begun meanwhile.
      if (run.current !== mine) return null;
      setLoading(false);
      return found;
    },
    [call],
  );
  useEffect(() => {
    const { held: before } = asked.current;
    const shown = before.key === key ? before.rows.length : 0;
    const begin = { rows: [], next: null, error: null };
    void load(begin, Math.max(ROWS_WANTED, shown)).then((found) => {
      if (found === null) return;
      const stays = found.error !== null && shown > 0;
      setHeld({ ...(stays ? { ...before, error: found.error } : found), key });
    });
  }, [key, round, load]);

  return {
    rows: held.rows,
    hasMore: held.next !== null,
    isLoading,
    error: held.error,
    more: () => {
      if (isLoading) return;
      void load(held, held.rows.length + ROWS_WANTED).then((found) => {
        if (found !== null) setHeld({ ...found, key });
      });
    },
  };
}

/** The rows so far and those that follow, until there are enough. */
async function lookThrough<T>(
  { call: name, params, from: begin, read }: PagesQuery<T>,
  before: Held<T>,
  wanted: number,
  call: (name: string, params: Readonly<Record<string, unknown>>) => Promise<CallAnswer>,
): Promise<Held<T>> {
  const rows = [...before.rows];
  let { next } = before;
  for (let pages = wanted / ROWS_WANTED; pages > -PAGES_AT_ONCE; pages -= 1) {
    const at = next ?? begin?.first;
    const answer = await call(name, {
      ...params,
      ...(begin === null || at === undefined ? {} : { [begin.name]: at }),
    });
    if (!answer.ok) return { rows, next, error: errorInWords(answer.error) };
    const page = read(answer.result);
    rows.push(...page.rows);
    next = page.next;
    if (next === null || rows.length >= wanted) break;
  }
  return { rows, next, error: null };
}

/** An answer, or why there is none, or why it is out of date. */
export interface Answer<T> {
  readonly value: T | null;
  readonly error: string | null;
}

/**
 * The answer of a call; nothing until it is there.
 *
 * @param round when this changes the call is made again; until its answer is there, or where it fails, the last one stays
 */
export function useAnswer<T>(
  name: string,
  params: Readonly<Record<string, unknown>>,
  read: (result: unknown) => T,
  round: unknown,
): Answer<T> {
  const { call } = useParts();
  const key = `${name} ${JSON.stringify(params)}`;
  const [held, setHeld] = useState<Answer<T> & { readonly key: string }>({
    ...{ key, value: null, error: null },
  });
  useEffect(() => {
    let isWanted = true;
    void call(name, params).then((answer) => {
      if (!isWanted) return;
      setHeld((before) =>
        answer.ok
          ? { key, value: read(answer.result), error: null }
          : {
              key,
              value: before.key === key ? before.value : null,
              error: errorInWords(answer.error),
            },
      );
    });
    return () => {
      isWanted = false;
    };
  }, [call, key, round]);
  return held.key === key ? held : { value: null, error: null };
}

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
