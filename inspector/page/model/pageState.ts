/**
 * The state of the page: one value, changed only by the events of `pageStore.ts`, so that every view shows the
 * same moment.
 *
 * @module
 */

import type { Minutes } from '../../minutes.ts';
import type { Hello, News, Note, Overview, RingName, Step, WatchedActor } from '../../protocol.ts';
import type { Moment } from '../past/moment.ts';
import { countOf } from '../words/news.ts';
import { type FlowLines, NO_FLOW } from './flowShape.ts';
import { OVERVIEW_ROUTE, type Route } from './route.ts';

/** Steps that are kept of each ring, as many as a process remembers. */
export const STEPS_MAX: Readonly<Record<RingName, number>> = {
  component: 2_000,
  crisis: 2_000,
  operation: 10_000,
};
export const NEWS_MAX: Readonly<Record<RingName, number>> = {
  component: 1_000,
  crisis: 1_000,
  operation: 1_000,
};
/** Ended actors that are kept, so that their steps still have a name. */
export const ENDED_MAX = 3_000;

/**
 * - `connecting`: the feed is opened for the first time.
 * - `live`: messages come.
 * - `silent`: the line is open, and the watched process has sent nothing for four seconds.
 * - `away`: the page has its server, and no process runs.
 * - `lost`: the server does not answer; the page tries again.
 * - `refused`: there is no session, or it has ended: only a new link helps.
 */
export type ConnectionState = 'connecting' | 'live' | 'silent' | 'away' | 'lost' | 'refused';

export interface Connection {
  readonly state: ConnectionState;
  /** When the state began, by the clock of the page. */
  readonly sinceAtMs: number;
  /** Why, in words; `null` where the state says it all. */
  readonly reason: string | null;
  /** When the page tries again, by its clock. */
  readonly nextTryAtMs: number | null;
}

/** An actor that has ended; its states are those of its last step. */
export interface EndedActor extends WatchedActor {
  readonly endedAtMs: number;
}

export type Theme = 'auto' | 'light' | 'dark';

/**
 * The chosen moment, with what was remembered when looking back began: the page goes on collecting the
 * present meanwhile, and forgets what is old.
 */
export interface Past extends Pick<PageState, 'actors' | 'ended' | 'steps' | 'news'> {
  readonly moment: Moment;
}

export interface PageState {
  readonly connection: Connection;
  /** Whether orders are accepted; `null` before there is a session. */
  readonly canOperate: boolean | null;
  readonly hello: Hello | null;
  /** How far the clock of the watched process is ahead of the page's. */
  readonly skewMs: number;
  /** The time of the watched process, updated each second while it is heard. */
  readonly nowMs: number;
  /** Live actors by number. A new map for each change; an actor that did not change is the same object. */
  readonly actors: ReadonlyMap<number, WatchedActor>;
  /** The last actors that ended, by number. */
  readonly ended: ReadonlyMap<number, EndedActor>;
  /** By serial, newest last. */
  readonly steps: readonly Step[];
  /** By serial, newest last. */
  readonly news: readonly News[];
  /** Notes of the command that shows the page, by serial, newest last. */
  readonly notes: readonly Note[];
  readonly overview: Overview | null;
  /** Past overviews, for the verdict of a moment of the past. */
  readonly minutes: Minutes;
  /** The flow of each upstream in the last two minutes. */
  readonly flow: FlowLines;
  readonly route: Route;
  /** The chosen moment; `null` for the present. */
  readonly past: Past | null;
  readonly theme: Theme;
  readonly isHelpOpen: boolean;
}

/** The page before the first message. */
export function firstState(pageNowMs: number): PageState {
  return {
    connection: { state: 'connecting', sinceAtMs: pageNowMs, reason: null, nextTryAtMs: null },
    canOperate: null,
    hello: null,
    skewMs: 0,
    nowMs: pageNowMs,
    actors: new Map(),
    ended: new Map(),
    steps: [],
    news: [],
    notes: [],
    overview: null,
    minutes: [],
    flow: NO_FLOW,
    route: OVERVIEW_ROUTE,
    past: null,
    theme: 'auto',
    isHelpOpen: false,
  };
}

interface Pile {
  readonly name: string;
  readonly count: number;
  /** The name with its count. */
  readonly text: string;
  readonly to: Partial<Route>;
}

/** The piles that are not empty. */
export function pilesOf({ waiting, conflicts, crises }: Overview): readonly Pile[] {
  const count = (name: string): number => waiting[name] ?? 0;
  // Without edits whose conflicts are being merged, or are in the list of conflicts.
  const conflicted = Math.max(0, count('conflicted') - conflicts.held - conflicts.atWork);
  const all: readonly (readonly [string, number, string, string, Partial<Route>])[] = [
    ['crises', crisesUntaken({ crises }), 'crisis', 'crises', { view: 'crises' }],
    ['deadLetters', count('deadLettered'), 'dead letter', 'dead letters', { view: 'dead-letters' }],
    ['conflicts', conflicts.count, 'conflict', 'conflicts', { view: 'conflicts' }],
    ['reviews', count('inReview'), 'review', 'reviews', waitingFor('review')],
    ['versions', conflicted, 'other version', 'other versions', waitingFor('conflict')],
    [
      'handlers',
      count('handlerMissing'),
      'without a handler',
      'without a handler',
      waitingFor('handler'),
    ],
    [
      'quarantine',
      count('quarantined'),
      'record quarantined',
      'records quarantined',
      { view: 'quarantine' },
    ],
    ['newer', count('newerVersion'), 'of a later version', 'of a later version', { view: '' }],
  ];
  return all
    .filter(([, many]) => many > 0)
    .map(([name, many, one, several, to]) => ({
      name,
      count: many,
      text: countOf(many, one, several),
      to,
    }));
}

/** Crises that nobody has taken on, including those that can't be read. */
export function crisesUntaken({ crises }: Pick<Overview, 'crises'>): number {
  return (crises['unacknowledged'] ?? 0) + (crises['unreadableUntaken'] ?? 0);
}

/** The reason that the view of waiting work opens with: the first one for which any operation waits. */
export function firstWaitedFor(overview: Overview | null): string {
  const piles = overview === null ? [] : pilesOf(overview);
  return piles.find(({ to }) => to.view === 'waiting')?.to.query?.['for'] ?? 'review';
}

/** The view of waiting work, for one reason. */
export function waitingFor(reason: string): Partial<Route> {
  return { view: 'waiting', query: { for: reason } };
}
