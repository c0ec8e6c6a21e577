/**
 * Which news a person reads: without what happens to each operation when all is well, and with what flutters
 * told once.
 *
 * @module
 */

import type { News } from '../../protocol.ts';

/** Something that happened, and how often in the last moments before. */
export interface ListedNews {
  readonly told: News;
  readonly times: number;
}

const OF_EACH: ReadonlySet<string> = new Set([
  'operation.accepted',
  'operation.duplicated',
  'operation.parked',
  'operation.resumed',
  'attempt.started',
  'attempt.succeeded',
  'attempt.aborted',
  'attempt.failed',
]);

/** Kinds that follow each other quickly while something settles, of which the last one says it all. */
const FLUTTERING: ReadonlySet<string> = new Set(['level.changed', 'flow.changed']);
const FLUTTER_MS = 10_000;

/** The newest ones first; with those of each operation only where `isAll`. */
export function latestNews(
  news: readonly News[],
  isAll: boolean,
  count: number,
): readonly ListedNews[] {
  const found: { readonly told: News; times: number }[] = [];
  const last = new Map<string, { readonly told: News; times: number }>();
  for (let index = news.length - 1; index >= 0 && found.length < count; index -= 1) {
    const told = news[index];
    if (told === undefined || (!isAll && isOfEach(told))) continue;
    const key = `${told.kind} ${told.id}`;
    const later = FLUTTERING.has(told.kind) && !isAll ? last.get(key) : undefined;
    if (later !== undefined && later.told.atMs - told.atMs < FLUTTER_MS) later.times += 1;
    else {
      const listed = { told, times: 1 };
      last.set(key, listed);
      found.push(listed);
    }
  }
  return found;
}

function isOfEach({ kind, details }: News): boolean {
  return OF_EACH.has(kind) || (kind === 'operation.ended' && details['ending'] === 'completed');
}
