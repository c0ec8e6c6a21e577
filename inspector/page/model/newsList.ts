/**
 * The news that a person reads: without the routine of each operation, and with fluttering changes
 * and whole outages as one line.
 *
 * @module
 */

import type { News } from '../../protocol.ts';
import type { Outage } from '../words/news.ts';

/** One line of news, which may stand for several. */
export interface ListedNews {
  /** The latest of the news in this line. */
  readonly told: News;
  readonly times: number;
  /** The remembered outage, where the line is about the breaker of an upstream that is down. */
  readonly outage: Outage | null;
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

/** Kinds that follow each other quickly while something settles, and whose last one says it all. */
const FLUTTERING: ReadonlySet<string> = new Set(['level.changed', 'flow.changed']);
const FLUTTER_MS = 10_000;

type Listed = { -readonly [Name in keyof ListedNews]: ListedNews[Name] };

/** The latest lines, the newest first; with the routine of each operation only if `isAll`. */
export function latestNews(
  news: readonly News[],
  isAll: boolean,
  count: number,
): readonly ListedNews[] {
  const found: Listed[] = [];
  const last = new Map<string, Listed>();
  const outages = new Map<string | null, Listed>();
  // Outages in a full list are still followed back to their beginning.
  for (let index = news.length - 1; index >= 0; index -= 1) {
    if (found.length >= count && outages.size === 0) break;
    const told = news[index];
    if (told === undefined || (!isAll && (isOfEach(told) || followsBreaker(told)))) continue;
    if (!isAll && told.kind === 'breaker.changed') {
      const known = outages.get(told.id);
      if (known !== undefined && isDown(told)) {
        known.times += 1;
        known.outage = longer(known.outage, told);
      }
      if (!isDown(told) || isTrip(told)) outages.delete(told.id);
      if (known !== undefined && isDown(told)) continue;
    }
    if (found.length >= count) continue;
    const key = `${told.kind} ${told.id}`;
    const later = FLUTTERING.has(told.kind) && !isAll ? last.get(key) : undefined;
    if (later !== undefined && later.told.atMs - told.atMs < FLUTTER_MS) {
      later.times += 1;
      continue;
    }
    const isOutage = !isAll && told.kind === 'breaker.changed' && isDown(told);
    const listed: Listed = { told, times: 1, outage: isOutage ? longer(null, told) : null };
    last.set(key, listed);
    found.push(listed);
    if (isOutage && !isTrip(told)) outages.set(told.id, listed);
  }
  return found;
}

const DOWN: ReadonlySet<unknown> = new Set(['open', 'halfOpen']);

/** Whether the breaker is open or tries again, by its own rules. */
function isDown({ details }: News): boolean {
  return DOWN.has(details['to']);
}

/** Whether this news begins an outage. */
function isTrip({ details }: News): boolean {
  return !DOWN.has(details['from']);
}

/** The outage with one more, earlier change. */
function longer(outage: Outage | null, told: News): Outage {
  const { probesFailed = 0, lastFailedAtMs = null } = outage ?? {};
  const hasFailed = told.reason === 'probeFailed';
  return {
    sinceAtMs: isTrip(told) ? told.atMs : null,
    probesFailed: probesFailed + Number(hasFailed),
    lastFailedAtMs: lastFailedAtMs ?? (hasFailed ? told.atMs : null),
  };
}

/** Whether a change of level only follows a breaker: each probe changes it, and the line of the outage says so. */
function followsBreaker({ kind, reason, details }: News): boolean {
  return kind === 'level.changed' && reason === 'breaker' && details['to'] !== 'normal';
}

function isOfEach({ kind, details }: News): boolean {
  return OF_EACH.has(kind) || (kind === 'operation.ended' && details['ending'] === 'completed');
}
