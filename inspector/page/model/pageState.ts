/**
 * What the page knows: one value, changed only by the events of `pageStore.ts`, so that every view shows the
 * same moment.
 *
 * @module
 */

import type { Minutes } from '../../minutes.ts';
import type { Hello, News, Note, Overview, RingName, Step, WatchedActor } from '../../protocol.ts';
import type { Moment } from '../past/moment.ts';
import { type FlowLines, NO_FLOW } from './flowLines.ts';
import { OVERVIEW_ROUTE, type Route } from './route.ts';

/** As many of each ring as a process remembers. */
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
/** Actors that have ended, kept so that their steps still have a name. */
export const ENDED_MAX = 3_000;

/**
 * - `connecting`: the feed is asked for, for the first time.
 * - `live`: messages come.
 * - `silent`: the line stands, and the process that is watched has said nothing for four seconds.
 * - `away`: the page has its server, and nobody runs what it watches.
 * - `lost`: the server does not answer; it is asked again.
 * - `refused`: there is no session, or it has ended: only a new link helps.
 */
export type ConnectionState = 'connecting' | 'live' | 'silent' | 'away' | 'lost' | 'refused';

export interface Connection {
  readonly state: ConnectionState;
  /** By the clock of the page. */
  readonly sinceAtMs: number;
  /** Why, in words; `null` where the state says it all. */
  readonly reason: string | null;
  /** When it is asked again, by the clock of the page. */
  readonly nextTryAtMs: number | null;
}

/** An actor that has ended; where it stood is its last step. */
export interface EndedActor extends WatchedActor {
  readonly endedAtMs: number;
}

export type Theme = 'auto' | 'light' | 'dark';

/**
 * A moment that is looked at, with what was remembered when one began to look: the page goes on remembering the
 * present meanwhile, and forgets what is old.
 */
export interface Past extends Pick<PageState, 'actors' | 'ended' | 'steps' | 'news'> {
  readonly moment: Moment;
}

export interface PageState {
  readonly connection: Connection;
  /** Whether orders are taken; `null` before there is a session. */
  readonly canOperate: boolean | null;
  readonly hello: Hello | null;
  /** How far the clock of the watched process is ahead of the page's. */
  readonly skewMs: number;
  /** The time of the watched process, moved on once a second while it is heard. */
  readonly nowMs: number;
  /** Live actors by number. A new map for each change; an actor that did not change is the same object. */
  readonly actors: ReadonlyMap<number, WatchedActor>;
  /** The last actors that ended, by number. */
  readonly ended: ReadonlyMap<number, EndedActor>;
  /** By serial, newest last. */
  readonly steps: readonly Step[];
  /** By serial, newest last. */
  readonly news: readonly News[];
  /** By serial, newest last: what whoever shows the page says. */
  readonly notes: readonly Note[];
  readonly overview: Overview | null;
  /** The overview as it was, so that a journey in time has the verdict. */
  readonly minutes: Minutes;
  /** The flow of each upstream in the last two minutes. */
  readonly flow: FlowLines;
  readonly route: Route;
  /** The moment that is looked at; `null` for the present. */
  readonly past: Past | null;
  readonly theme: Theme;
  readonly isHelpOpen: boolean;
}

/** The page before it has heard of anything. */
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
