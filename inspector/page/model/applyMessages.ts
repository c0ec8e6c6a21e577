/**
 * Applies messages of the feed to the state of the page. All messages of one frame are applied together;
 * what did not change stays the same object, so that it is not rendered again.
 *
 * @module
 */

import { joinedMinutes, withMinute } from '../../minutes.ts';
import {
  type FeedMessage,
  type Hello,
  INSPECTOR_PROTOCOL,
  type News,
  type RingName,
  ringOfNews,
  type Step,
  type WatchedActor,
} from '../../protocol.ts';
import { NO_FLOW, withSamples } from './flowShape.ts';
import {
  type Connection,
  ENDED_MAX,
  type EndedActor,
  NEWS_MAX,
  type PageState,
  STEPS_MAX,
} from './pageState.ts';

const OTHER_PROTOCOL = 'the process has a version that this page can’t read';
/** Notes that are kept: a story is short, and its beginning belongs to it. */
const NOTES_MAX = 100;

/** The changes while messages are applied; a collection is copied at its first change. */
interface Draft {
  readonly page: PageState;
  actors: Map<number, WatchedActor> | null;
  ended: Map<number, EndedActor> | null;
  readonly steps: Step[];
  readonly news: News[];
}

/**
 * @param pageNowMs now, by the clock of the page
 */
export function applyMessages(
  page: PageState,
  messages: readonly FeedMessage[],
  pageNowMs: number,
): PageState {
  let draft = draftOf(page);
  for (const message of messages) {
    if (message.kind === 'hello') draft = draftOf(begunAnew(finished(draft), message, pageNowMs));
    else if (message.kind === 'away')
      draft = draftOf(goneAway(finished(draft), message, pageNowMs));
    else if (message.kind === 'overview') {
      draft = draftOf({
        ...finished(draft),
        overview: message.overview,
        minutes: withMinute(draft.page.minutes, message.overview),
        flow: withSamples(draft.page.flow, message.overview.atMs, message.overview.upstreams),
      });
    } else if (message.kind === 'minutes') {
      const now = finished(draft);
      draft = draftOf({ ...now, minutes: joinedMinutes(now.minutes, message.minutes) });
    } else if (message.kind === 'news') draft.news.push(...message.news);
    else if (message.kind === 'steps') for (const step of message.steps) takeStep(draft, step);
    else if (message.kind === 'ended') takeEnds(draft, message.actors, message.atMs);
    else if (message.kind === 'notes') {
      const now = finished(draft);
      draft = draftOf({ ...now, notes: joined(now.notes, message.notes, NOTES_MAX) });
    } else takeActors(draft, message.actors, message.isAll);
  }
  return finished(draft);
}

function draftOf(page: PageState): Draft {
  return { page, actors: null, ended: null, steps: [], news: [] };
}

/** The state when a process begins to be watched: what was known belongs to another one, or comes again. */
function begunAnew(page: PageState, hello: Hello, pageNowMs: number): PageState {
  return {
    ...page,
    connection:
      hello.protocol === INSPECTOR_PROTOCOL
        ? { state: 'live', sinceAtMs: pageNowMs, reason: null, nextTryAtMs: null }
        : { state: 'away', sinceAtMs: pageNowMs, reason: OTHER_PROTOCOL, nextTryAtMs: null },
    hello,
    skewMs: hello.nowMs - pageNowMs,
    nowMs: hello.nowMs,
    actors: new Map(),
    ended: new Map(),
    steps: [],
    news: [],
    overview: null,
    // The flow of the same runtime goes on, with a gap where no process ran it.
    flow: page.hello?.name === hello.name ? page.flow : NO_FLOW,
    minutes: page.hello?.name === hello.name ? page.minutes : [],
  };
}

function goneAway(page: PageState, { reason }: { readonly reason: string }, pageNowMs: number) {
  return withConnection(page, {
    ...{ state: 'away', sinceAtMs: pageNowMs, reason, nextTryAtMs: null },
  });
}

/** Sets the connection. The time stays that of the last message, however many attempts follow. */
export function withConnection(page: PageState, connection: Connection): PageState {
  const { state, sinceAtMs } = page.connection;
  const wasHeard = state === 'live' || state === 'connecting' || connection.state === 'live';
  return { ...page, connection: wasHeard ? connection : { ...connection, sinceAtMs } };
}

function takeActors(draft: Draft, actors: readonly WatchedActor[], isAll: boolean): void {
  if (isAll) draft.actors = new Map();
  draft.actors ??= new Map(draft.page.actors);
  for (const actor of actors) draft.actors.set(actor.actor, actor);
}

/** Applies a step; one that comes again, from before the actor's current state, moves nothing. */
function takeStep(draft: Draft, step: Step): void {
  draft.steps.push(step);
  const actor = (draft.actors ?? draft.page.actors).get(step.actor);
  if (actor === undefined || step.atMs < (actor.sinceAtMs ?? 0)) return;
  if (isSame(actor.states, step.to)) return;
  draft.actors ??= new Map(draft.page.actors);
  draft.actors.set(step.actor, { ...actor, states: step.to, sinceAtMs: step.atMs });
}

function takeEnds(draft: Draft, numbers: readonly number[], endedAtMs: number): void {
  draft.actors ??= new Map(draft.page.actors);
  draft.ended ??= new Map(draft.page.ended);
  for (const number of numbers) {
    const actor = draft.actors.get(number);
    if (actor === undefined) continue;
    draft.actors.delete(number);
    draft.ended.set(number, { ...actor, endedAtMs });
  }
  for (const number of draft.ended.keys()) {
    if (draft.ended.size <= ENDED_MAX) break;
    draft.ended.delete(number);
  }
}

function finished({ page, actors, ended, steps, news }: Draft): PageState {
  const isUnchanged = actors === null && ended === null && steps.length + news.length === 0;
  if (isUnchanged) return page;
  return {
    ...page,
    actors: actors ?? page.actors,
    ended: ended ?? page.ended,
    steps: joinedByRing(page.steps, steps, STEPS_MAX, ({ ring }) => ring),
    news: joinedByRing(page.news, news, NEWS_MAX, ({ kind }) => ringOfNews(kind)),
  };
}

/** The newest `max` items of both lists, without duplicates. */
function joined<T extends { readonly serial: number }>(
  before: readonly T[],
  added: readonly T[],
  max: number,
): readonly T[] {
  const last = before.at(-1)?.serial ?? 0;
  const fresh = added.filter(({ serial }) => serial > last);
  return fresh.length === 0 ? before : before.concat(fresh).slice(-max);
}

/** The newest items of both lists, as many of each ring as it has room for. */
function joinedByRing<T extends { readonly serial: number }>(
  before: readonly T[],
  added: readonly T[],
  max: Readonly<Record<RingName, number>>,
  ringOf: (one: T) => RingName,
): readonly T[] {
  const all = joined(before, added, Number.MAX_SAFE_INTEGER);
  if (all === before) return before;
  const left = { ...max };
  let isOver = false;
  for (const one of all) {
    left[ringOf(one)] -= 1;
    isOver ||= left[ringOf(one)] < 0;
  }
  if (!isOver) return all;
  return all.filter((one) => {
    const ring = ringOf(one);
    const isDropped = left[ring] < 0;
    if (isDropped) left[ring] += 1;
    return !isDropped;
  });
}

/** Whether two lists of paths are the same. */
export function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((path, index) => path === other[index]);
}
