/**
 * Which news a person reads: without what happens to each operation when all is well.
 *
 * @module
 */

import type { News } from '../../protocol.ts';

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

/** The newest ones first; with those of each operation only where `isAll`. */
export function latestNews(news: readonly News[], isAll: boolean, count: number): readonly News[] {
  const found: News[] = [];
  for (let index = news.length - 1; index >= 0 && found.length < count; index -= 1) {
    const told = news[index];
    if (told !== undefined && (isAll || !isOfEach(told))) found.push(told);
  }
  return found;
}

function isOfEach({ kind, details }: News): boolean {
  return OF_EACH.has(kind) || (kind === 'operation.ended' && details['ending'] === 'completed');
}
