/**
 * A list that a management call gives page by page: what is there, what comes next, and what went wrong.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../protocol.ts';
import { useParts } from '../kit/page.tsx';
import { errorInWords } from './errorInWords.ts';

export interface PagesQuery<T> {
  readonly call: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The parameter that says where a page begins; `null` where there is one page only. */
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
  /** From the beginning; what is shown stays until that has come. */
  readonly reload: () => void;
}

/** So many are asked for before a person is asked whether to look further. */
const ROWS_WANTED = 50;
/** A page may be empty and not the last: so many are looked through in one go. */
const PAGES_AT_ONCE = 8;

interface Held<T> {
  readonly rows: readonly T[];
  readonly next: number | null;
  readonly error: string | null;
}

export function usePages<T>(query: PagesQuery<T>): Pages<T> {
  const { call } = useParts();
  const [held, setHeld] = useState<Held<T>>({ rows: [], next: null, error: null });
  const [isLoading, setLoading] = useState(true);
  const run = useRef(0);
  const key = `${query.call} ${JSON.stringify(query.params)}`;
  const asked = useRef(query);
  asked.current = query;

  const load = useCallback(
    async (from: number | null, before: readonly T[]): Promise<void> => {
      const mine = (run.current += 1);
      setLoading(true);
      const found = await lookThrough(asked.current, from, call);
      // Somebody has asked for something else meanwhile.
      if (run.current !== mine) return;
      setHeld({
        rows: found.error === null || before.length > 0 ? [...before, ...found.rows] : [],
        next: found.next,
        error: found.error,
      });
      setLoading(false);
    },
    [call],
  );
  useEffect(() => {
    void load(null, []);
  }, [key, load]);

  return {
    rows: held.rows,
    hasMore: held.next !== null,
    isLoading,
    error: held.error,
    more: () => {
      if (!isLoading) void load(held.next, held.rows);
    },
    reload: () => {
      void load(null, []);
    },
  };
}

async function lookThrough<T>(
  { call: name, params, from: begin, read }: PagesQuery<T>,
  from: number | null,
  call: (name: string, params: Readonly<Record<string, unknown>>) => Promise<CallAnswer>,
): Promise<Held<T>> {
  const rows: T[] = [];
  let next = from;
  for (let pages = 0; pages < PAGES_AT_ONCE; pages += 1) {
    const at = next ?? begin?.first;
    const answer = await call(name, {
      ...params,
      ...(begin === null || at === undefined ? {} : { [begin.name]: at }),
    });
    if (!answer.ok) return { rows, next, error: errorInWords(answer.error) };
    const page = read(answer.result);
    rows.push(...page.rows);
    next = page.next;
    if (next === null || rows.length >= ROWS_WANTED) break;
  }
  return { rows, next, error: null };
}

/** One answer of a call, asked for again with `reload`; `null` until it has come. */
export function useAnswer<T>(
  name: string,
  params: Readonly<Record<string, unknown>>,
  read: (result: unknown) => T,
): { readonly value: T | null; readonly error: string | null; readonly reload: () => void } {
  const { call } = useParts();
  const key = `${name} ${JSON.stringify(params)}`;
  const [held, setHeld] = useState<{ key: string; value: T | null; error: string | null }>({
    ...{ key, value: null, error: null },
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isWanted = true;
    void call(name, params).then((answer) => {
      if (!isWanted) return;
      setHeld(
        answer.ok
          ? { key, value: read(answer.result), error: null }
          : { key, value: null, error: errorInWords(answer.error) },
      );
    });
    return () => {
      isWanted = false;
    };
  }, [call, key, round]);
  const isOfThis = held.key === key;
  return {
    value: isOfThis ? held.value : null,
    error: isOfThis ? held.error : null,
    reload: () => {
      setRound((before) => before + 1);
    },
  };
}
