/**
 * The findings of health as the page lists them: worst first, each with where more of it is seen. And how crises and
 * answers do, in a few words.
 *
 * @module
 */

import type { AnswerTimes, FindingShown, Overview, WatchedActor } from '../../protocol.ts';
import { asSentence, type Said } from '../words/health.ts';
import { countText } from '../words/news.ts';
import { toneRank } from '../words/tone.ts';
import { waitingFor } from './pageState.ts';
import type { Route } from './route.ts';

export interface Trouble extends FindingShown {
  /** Where more of it is seen; `null` for nowhere else. */
  readonly to: Partial<Route> | null;
}

/** Where findings that name no upstream are seen. */
const PLACES: Readonly<Record<string, Partial<Route>>> = {
  start: { view: 'actors', of: 'supervisor' },
  phase: { view: 'actors', of: 'supervisor' },
  hold: { view: 'actors', of: 'supervisor' },
  anchor: { view: 'actors', of: 'supervisor' },
  storage: { view: 'actors', of: 'storageHealth' },
  deadLettered: { view: 'dead-letters' },
  conflicts: { view: 'conflicts' },
  conflicted: waitingFor('conflict'),
  inReview: waitingFor('review'),
  handlerMissing: waitingFor('handler'),
  quarantined: { view: 'quarantine' },
  recordsMissing: { view: 'quarantine' },
};

/** @param actors the components among them say since when a level holds */
export function troublesOf(
  { findings }: Overview,
  actors: ReadonlyMap<number, WatchedActor>,
): readonly Trouble[] {
  return findings
    .map((finding) => ({
      ...finding,
      text: sentenceOf(finding),
      sinceAtMs: finding.sinceAtMs ?? levelSince(finding, actors),
      to: placeOf(finding),
    }))
    .toSorted((one, other) => toneRank(one.tone) - toneRank(other.tone));
}

/** With a capital, unless it begins with the name of an upstream. */
function sentenceOf({ text, upstream }: FindingShown): string {
  return upstream !== null && text.startsWith(upstream) ? text : asSentence(text);
}

function placeOf({ id, upstream }: FindingShown): Partial<Route> | null {
  if (id.startsWith('cris')) return { view: 'crises' };
  if (upstream !== null) return { view: 'actors', query: { upstream } };
  return PLACES[id] ?? null;
}

function levelSince(
  { id, upstream }: FindingShown,
  actors: ReadonlyMap<number, WatchedActor>,
): number | null {
  if (id !== 'upstreamLevel') return null;
  const ofLevel = `degradation:${upstream}`;
  for (const actor of actors.values()) if (actor.id === ofLevel) return actor.sinceAtMs;
  return null;
}

/** How many crises could not be delivered at the first attempts, and have not escalated. */
export function notDeliveredYet(undelivered: Overview['undelivered']): number {
  const tried = undelivered.filter(({ isLong, failed }) => !isLong && failed > 0);
  return tried.reduce((sum, { count }) => sum + count, 0);
}

/** Whether crises can be delivered, and whether they are. */
export function crisesSaid({ crises, undelivered, crisisCapability }: Overview): Said {
  const long = undelivered.filter(({ isLong }) => isLong);
  const left = Math.max(
    crises['unacknowledged'] ?? 0,
    long.reduce((sum, { count }) => sum + count, 0),
  );
  if (left > 0) return ['bad', `${countText(left)} not delivered`];
  const unread = crises['unreadable'] ?? 0;
  if (unread > 0) return ['bad', `${countText(unread)} can’t be read`];
  const late = notDeliveredYet(undelivered);
  if (late > 0) return ['warn', `Answered; ${countText(late)} not delivered yet`];
  return crisisCapability === 'operational'
    ? ['good', 'Answered and delivered']
    : ['warn', 'Answered, and wait'];
}

/** How answers compare with their deadline, in words. */
export function lateText({ count, p50Ms, p99Ms, maxMs, deadlineMs }: AnswerTimes): string {
  if (count === 0) return 'none yet';
  if (p50Ms > deadlineMs) return 'half of them or more are beyond';
  if (p99Ms > deadlineMs) return '1 in 100 or more are beyond';
  return maxMs > deadlineMs ? 'within, but the slowest' : 'all within';
}
