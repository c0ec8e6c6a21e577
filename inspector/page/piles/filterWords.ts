/**
 * The filters of lists: from the address to the parameters of a call, and in words.
 *
 * @module
 */

import { sinceText } from '../words/news.ts';

const HOUR_MS = 3_600_000;
const SPANS: Readonly<Record<string, readonly [ms: number, words: string]>> = {
  hour: [HOUR_MS, 'in the last hour'],
  day: [24 * HOUR_MS, 'in the last 24 hours'],
  week: [7 * 24 * HOUR_MS, 'in the last 7 days'],
};

/** The options of a choice: the value in the address, and its text. */
export const SINCE: readonly (readonly [string, string])[] = [
  ['', 'At any time'],
  ...Object.entries(SPANS).map(([name, [, words]]) => [name, capital(words)] as const),
];

type Query = Readonly<Record<string, string>>;

/** The filter of the calls about dead letters; empty fields are left out. */
export function letterFilter(query: Query, nowMs: number): Readonly<Record<string, unknown>> {
  const span = SPANS[query['since'] ?? ''];
  return {
    ...named(query, ['upstream', 'code']),
    ...(query['type'] === undefined || query['type'] === '' ? {} : { typePart: query['type'] }),
    ...(span === undefined ? {} : { sinceMs: nowMs - span[0] }),
  };
}

/**
 * `all dead letters with “payments” in their type, for payments, given up in the last hour (since 27 Nov 02:12)`: the hour
 * is that before the list was opened, which may be long ago.
 */
export function whichLetters(query: Query, { sinceMs }: { readonly sinceMs?: unknown }): string {
  const { type, upstream, code, since } = query;
  const from = typeof sinceMs === 'number' ? ` (since ${sinceText(sinceMs, 0)})` : '';
  const parts = [
    type === undefined ? '' : ` with “${type}” in their type`,
    upstream === undefined ? '' : `, for ${upstream}`,
    code === undefined ? '' : `, with ${code}`,
    SPANS[since ?? ''] === undefined ? '' : `, given up ${SPANS[since ?? '']?.[1]}${from}`,
  ];
  return `all dead letters${parts.join('')}`;
}

/** The fields of the query with these names that are set. */
export function named(query: Query, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = query[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
