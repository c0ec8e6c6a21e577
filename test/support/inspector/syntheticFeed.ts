/**
 * A feed that is made up, for the authors of the inspector's page, its tests and its bench: any number of actors
 * and steps a second, the same for the same seed. States and transitions are those of the real charts, whose guards
 * are not asked.
 *
 * @module
 */

import { toldCharts } from '../../../inspector/projection/chartDefinition.ts';
import type { FeedMessage, FeedSource, News, Step } from '../../../inspector/protocol.ts';
import { INSPECTOR_PROTOCOL, ringOf } from '../../../inspector/protocol.ts';
import { machines } from '../../../machines/index.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { SyntheticActors } from './syntheticActors.ts';
import { syntheticCalls } from './syntheticCalls.ts';
import { BEATS, overviewAt, STORY_MS } from './syntheticStory.ts';

export interface SyntheticOptions {
  readonly seed?: number;
  /** Operations that live at once, beside some crises and the components; 200 by default. */
  readonly actors?: number;
  /** 40 by default. */
  readonly stepsPerSecond?: number;
  /** Where in the story it begins, in milliseconds. */
  readonly storyFromMs?: number;
}

/** It begins with the first watch and goes on in steps of 50 ms until it is closed. */
export interface SyntheticFeed extends FeedSource {
  /** Tells every viewer that nobody runs the store, and `forMs` later that another process does. */
  away: (forMs: number) => void;
  /** Nothing happens any more; viewers stay. */
  pause: () => void;
  close: () => void;
}

const BATCH_MS = 50;
const STEPS_KEPT = 10_000;
const NEWS_KEPT = 1_000;
const PIECE = 500;

type Listener = (messages: readonly FeedMessage[]) => void;

export function syntheticFeed({
  seed = 1,
  actors: actorCount = 200,
  stepsPerSecond = 40,
  storyFromMs = 0,
}: SyntheticOptions = {}): SyntheticFeed {
  const random = seededRandom(seed);
  const call = syntheticCalls(random, Date.now());
  const listeners = new Set<Listener>();
  let startedAtMs = Date.now();
  const begin = (): SyntheticActors => {
    const made = new SyntheticActors(random, actorCount, startedAtMs);
    // The components stand where the story has brought them by now.
    for (const { atMs, step } of BEATS) {
      if (atMs >= storyAtMs % STORY_MS) break;
      if (step !== undefined) made.tell(step.id, step.event, step.to, startedAtMs);
    }
    made.changes();
    return made;
  };
  let storyAtMs = storyFromMs;
  let actors = begin();
  let steps: Step[] = [];
  let news: News[] = [];
  let serials = { step: 0, news: 0 };
  let nths = { component: 0, crisis: 0, operation: 0 };
  let due = 0;
  let overviewDueAtMs = 0;
  let lastAtMs = Date.now();
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;

  const tell = (messages: readonly FeedMessage[]): void => {
    for (const listener of listeners) {
      try {
        listener(messages);
      } catch {
        listeners.delete(listener);
      }
    }
  };
  const overview = (atMs: number): FeedMessage => ({
    kind: 'overview',
    overview: overviewAt(atMs, storyAtMs % STORY_MS, actors.counted),
  });
  const greeting = (): readonly FeedMessage[] => [
    {
      ...{ kind: 'hello', protocol: INSPECTOR_PROTOCOL, holdfast: '0.0.0-synthetic' },
      ...{ name: 'made up', startedAtMs, nowMs: Date.now() },
      charts: toldCharts(machines),
    },
    ...piecesOf(actors.all).map(
      (piece, at): FeedMessage => ({ kind: 'actors', actors: piece, isAll: at === 0 }),
    ),
    ...piecesOf(steps).map((piece): FeedMessage => ({ kind: 'steps', steps: piece })),
    ...piecesOf(news).map((piece): FeedMessage => ({ kind: 'news', news: piece })),
    overview(Date.now()),
  ];

  const beat = (): void => {
    const atMs = Date.now();
    const passedMs = atMs - lastAtMs;
    lastAtMs = atMs;
    if (isAway) return;
    const newNews: News[] = [];
    for (const { step, news: told } of beatsBetween(storyAtMs, storyAtMs + passedMs)) {
      if (step !== undefined) actors.tell(step.id, step.event, step.to, atMs);
      if (told === undefined) continue;
      const id = told.id ?? actors.someId();
      const details = told.details ?? {};
      const words = { text: [told.kind, told.reason].join(' '), tone: 'quiet' } as const;
      newNews.push({ ...told, ...words, id, serial: ++serials.news, atMs, details });
    }
    storyAtMs += passedMs;
    due += (stepsPerSecond * passedMs) / 1_000;
    for (; due >= 1; due -= 1) actors.stepOne(atMs);
    const { taken, begun, ended } = actors.changes();
    const newSteps = taken.map(({ machine, ...step }): Step => {
      const ring = ringOf(machine);
      return { ...step, serial: ++serials.step, ring, nth: ++nths[ring] };
    });
    steps = [...steps, ...newSteps].slice(-STEPS_KEPT);
    news = [...news, ...newNews].slice(-NEWS_KEPT);
    const messages: FeedMessage[] = [];
    if (begun.length > 0) messages.push({ kind: 'actors', actors: begun, isAll: false });
    if (newSteps.length > 0) messages.push({ kind: 'steps', steps: newSteps });
    if (newNews.length > 0) messages.push({ kind: 'news', news: newNews });
    if (ended.length > 0) messages.push({ kind: 'ended', actors: ended, atMs });
    if (atMs >= overviewDueAtMs) {
      overviewDueAtMs = atMs + 1_000;
      messages.push(overview(atMs));
    }
    if (messages.length > 0) tell(messages);
  };

  return {
    watch(listener) {
      timer ??= setInterval(beat, BATCH_MS);
      const own: Listener = (messages) => listener(messages);
      listeners.add(own);
      own(
        isAway
          ? [{ kind: 'away', reason: 'no process runs on the store', atMs: Date.now() }]
          : greeting(),
      );
      return () => listeners.delete(own);
    },
    async call(name, params) {
      return await call(name, params);
    },
    away(forMs) {
      isAway = true;
      tell([{ kind: 'away', reason: 'no process runs on the store', atMs: Date.now() }]);
      setTimeout(() => {
        isAway = false;
        startedAtMs = Date.now();
        actors = begin();
        [steps, news, serials] = [[], [], { step: 0, news: 0 }];
        nths = { component: 0, crisis: 0, operation: 0 };
        tell(greeting());
      }, forMs).unref();
    },
    pause() {
      clearInterval(timer);
    },
    close() {
      clearInterval(timer);
      listeners.clear();
    },
  };
}

/** The beats from `fromMs` up to and without `toMs`, over the end of a round. */
function beatsBetween(fromMs: number, toMs: number) {
  const from = fromMs % STORY_MS;
  const to = from + (toMs - fromMs);
  return BEATS.filter(({ atMs }) =>
    [atMs, atMs + STORY_MS].some((moment) => moment >= from && moment < to),
  );
}

function piecesOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  const pieces = Math.max(1, Math.ceil(all.length / PIECE));
  return Array.from({ length: pieces }, (_, at) => all.slice(at * PIECE, (at + 1) * PIECE));
}
