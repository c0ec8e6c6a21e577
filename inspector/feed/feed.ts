/**
 * The feed of this process for inspectors: every actor and its state, the last steps and news,
 * then everything new, in batches. Nothing is collected while nobody watches, unless the feed is kept open.
 *
 * A tapped event costs one small object in a list; everything else is done by a timer. A
 * viewer that throws is dropped, and so is one that blocks the process with each batch.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type Minutes, withMinute } from '../minutes.ts';
import {
  actorNumber,
  type NewsWords,
  projectActor,
  projectFact,
  type TapObserver,
  type TappedActor,
  type TappedFact,
  type TellingRules,
} from '../projection/projection.ts';
import { type Rooms, type StepLog, StepRings } from '../projection/stepLog.ts';
import {
  type FeedMessage,
  type FeedSource,
  type Hello,
  INSPECTOR_PROTOCOL,
  type News,
  type Overview,
  RINGS,
  type RingName,
  ringOfNews,
  type Step,
  type WatchedActor,
} from '../protocol.ts';
import { inPieces } from '../squeeze.ts';
import { minutesTold } from './keptMinutes.ts';
import { Turns, Viewer } from './viewer.ts';

// What happened since the last batch, and how much of it is sent: at full throughput thousands of operations begin,
// step and end each second, more than anybody can read, and sending it all would be the largest cost of a viewer.
//
// Beyond the bound it is thinned as `squeeze.ts` does: the states of live actors are right after every batch,
// and gaps in the serials say how much was left out.

/** Up to this many new actors are sent even if they have ended already; beyond it, only live ones. */
const ACTORS_MAX = 50;
/** Steps that a batch has in full for each millisecond since the last one, within the bounds below. */
const STEPS_PER_MS = 5;
const STEPS_MIN = 250;
const STEPS_MAX = 1_000;
/** Steps of operations in a batch beyond that bound, enough to see what goes on. */
const STEPS_OF_MORE = 100;

export class Batch {
  readonly #steps: StepRings;
  /** When the last batch was sent, by the monotonic clock, and the last step of each ring in it. */
  readonly #sinceMs: number;
  readonly #after: Readonly<Record<RingName, number>>;
  readonly #began = new Map<number, WatchedActor>();
  readonly #ended = new Set<number>();
  /** Actors beyond the bound that began and ended since the last batch. */
  readonly #leftOut = new Set<number>();
  /** The last step of each actor whose steps fell out of the log before they were sent. */
  readonly #overtaken = new Map<number, Step>();
  readonly #news: News[] = [];

  constructor(steps: StepRings, sinceMs: number) {
    this.#steps = steps;
    this.#sinceMs = sinceMs;
    const { component, crisis, operation } = steps;
    this.#after = { component: component.last, crisis: crisis.last, operation: operation.last };
  }

  began(actor: WatchedActor): void {
    this.#began.set(actor.actor, actor);
  }

  ended(actor: number): void {
    this.#ended.add(actor);
    this.#overtaken.delete(actor);
    if (this.#began.size <= ACTORS_MAX || !this.#began.delete(actor)) return;
    this.#leftOut.add(actor);
  }

  happened(news: News): void {
    this.#news.push(news);
  }

  /** Call it before a step is added to the log, which may push out one that was not sent yet. */
  keepOldest(log: StepLog): void {
    const { ring, first, room, last } = log;
    if (last - this.#after[ring] < room) return;
    const step = log.step(first);
    // An actor may have steps in two rings, and the later one may have fallen out first.
    const known = this.#overtaken.get(step.actor);
    if (this.#ended.has(step.actor) || (known !== undefined && known.serial > step.serial)) return;
    this.#overtaken.set(step.actor, step);
  }

  /** Messages about the actors that began, their steps, and the actors that ended. */
  messages(now: { readonly atMs: number; readonly monotonicMs: number }): FeedMessage[] {
    const actors = [...this.#began.values()];
    const steps = this.#told(now.monotonicMs - this.#sinceMs);
    const messages: FeedMessage[] = [];
    if (actors.length > 0) messages.push({ kind: 'actors', actors, isAll: false });
    if (steps.length > 0) messages.push({ kind: 'steps', steps });
    if (this.#news.length > 0) messages.push({ kind: 'news', news: this.#news });
    const ended = [...this.#ended];
    // Those left out are named, too: a viewer that joined meanwhile may know of them.
    if (ended.length > 0) messages.push({ kind: 'ended', actors: ended, atMs: now.atMs });
    return messages;
  }

  /** All steps of components and crises; the first ones of operations, and the last one of each other live operation. */
  #told(forMs: number): readonly Step[] {
    const told = [...this.#overtaken.values()];
    for (const ring of RINGS) {
      const log = this.#steps[ring];
      const after = Math.max(this.#after[ring], log.first - 1);
      if (ring === 'operation') told.push(...this.#toldOfWork(log, after, forMs));
      else told.push(...this.#toldWhole(log, after));
    }
    return told.toSorted((one, other) => one.serial - other.serial);
  }

  #toldWhole(log: StepLog, after: number): readonly Step[] {
    const steps = Array.from({ length: log.last - after }, (_, at) => log.step(after + 1 + at));
    return steps.filter(({ actor }) => !this.#leftOut.has(actor));
  }

  #toldOfWork(log: StepLog, after: number, forMs: number): readonly Step[] {
    const { last } = log;
    const wholeMax = Math.min(STEPS_MAX, Math.max(STEPS_MIN, STEPS_PER_MS * forMs));
    const countMax = last - this.#after.operation > wholeMax ? STEPS_OF_MORE : wholeMax;
    const first: number[] = [];
    let nth = after + 1;
    for (; nth <= last && first.length < countMax; nth += 1) {
      if (!this.#leftOut.has(log.actorOf(nth))) first.push(nth);
    }
    const rest: number[] = [];
    const done = new Set<number>();
    for (let back = last; back >= nth; back -= 1) {
      const actor = log.actorOf(back);
      if (this.#ended.has(actor) || done.has(actor)) continue;
      done.add(actor);
      rest.push(back);
    }
    return [...first, ...rest].map((one) => log.step(one));
  }
}

class Ring<Item> {
  readonly #room: number;
  #items: Item[] = [];
  /** Index of the oldest item, once the ring is full. */
  #first = 0;

  constructor(room: number) {
    this.#room = room;
  }

  push(item: Item): void {
    if (this.#items.length < this.#room) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#first] = item;
    this.#first = (this.#first + 1) % this.#room;
  }

  /** The items, the oldest first. */
  get items(): readonly Item[] {
    return [...this.#items.slice(this.#first), ...this.#items.slice(0, this.#first)];
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }
}

export interface FeedParts {
  readonly clock: Clock;
  /** The charts that are watched. */
  readonly inspection: {
    watch(observer: TapObserver): () => void;
    /** The live actors, each read when the iterator reaches it. */
    actors(): Iterable<TappedActor>;
  };
  readonly subscribe: (listener: (fact: TappedFact) => void) => () => void;
  /** The fields of facts that may leave. */
  readonly rules: TellingRules;
  readonly words: NewsWords;
  readonly about: Pick<Hello, 'holdfast' | 'name' | 'startedAtMs' | 'charts'>;
  readonly overview: () => Overview;
  readonly call: FeedSource['call'];
  /** Receives the reason why a viewer was dropped. */
  readonly onError: (error: unknown) => void;
}

const STEPS_KEPT: Rooms = { component: 2_000, crisis: 2_000, operation: 10_000 };
/** News that are kept of each ring. */
const NEWS_KEPT = 1_000;
const BATCH_MS = 50;
const OVERVIEW_MS = 1_000;
/** Entries of one message at most. */
const PIECE = 500;
/** A batch with more messages than there are kinds has long ones, which go out in turns of their own. */
const MESSAGES_MAX = 5;

export class Feed implements FeedSource {
  readonly call: FeedSource['call'];
  readonly #parts: FeedParts;
  readonly #steps = new StepRings(STEPS_KEPT);
  readonly #news: Readonly<Record<RingName, Ring<News>>> = {
    component: new Ring(NEWS_KEPT),
    crisis: new Ring(NEWS_KEPT),
    operation: new Ring(NEWS_KEPT),
  };
  readonly #viewers = new Set<Viewer>();
  readonly #turns: Turns;
  /** Overviews of past minutes, collected without viewers, too, while the feed is kept open. */
  #minutes: Minutes = [];
  #newsTold = 0;
  /** What happened since the last batch; kept up to date while there are viewers. */
  #batch: Batch;
  #isCollecting = false;
  #isKeptOpen = false;
  #isOver = false;
  #detach: readonly (() => void)[] = [];
  #cancelBatch: (() => void) | null = null;
  #overviewAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#batch = this.#newBatch();
    this.#turns = new Turns(parts.clock);
    this.call = parts.call;
  }

  /** Collects from now on, without viewers, too, until {@link close}. */
  open(): void {
    this.#isKeptOpen = true;
    this.#collect();
    if (!this.#isOver) this.#overview();
    this.#arm();
  }

  close(): void {
    this.#isKeptOpen = false;
    this.#restIfAlone();
  }

  /** Whether anything is collected. */
  get isCollecting(): boolean {
    return this.#isCollecting;
  }

  /** The number of viewers. */
  get viewers(): number {
    return this.#viewers.size;
  }

  watch(listener: (messages: readonly FeedMessage[]) => void): () => void {
    const { clock, onError } = this.#parts;
    const viewer = new Viewer({
      ...{ clock, listener, turns: this.#turns },
      onDropped: (error) => {
        this.#leave(viewer);
        if (error !== null) onError(error);
      },
    });
    if (this.#isOver) {
      viewer.welcome([[this.#hello(), this.#away()]]);
      return () => {
        viewer.leave();
      };
    }
    this.#collect();
    // The new viewer gets the contents of the batch with the beginning, so the others get the batch first.
    this.#flush();
    this.#viewers.add(viewer);
    viewer.welcome(this.#beginning());
    this.#rearm();
    return () => {
      viewer.leave();
      this.#leave(viewer);
    };
  }

  /** Says that the process is about to end, and drops every viewer. */
  end(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#isOver = true;
    for (const viewer of this.#viewers) viewer.finish([this.#away()]);
    this.#viewers.clear();
    this.close();
  }

  #collect(): void {
    if (this.#isCollecting || this.#isOver) return;
    this.#isCollecting = true;
    const { inspection, subscribe } = this.#parts;
    this.#detach = [
      inspection.watch({ began: this.#began, stepped: this.#stepped, ended: this.#ended }),
      subscribe(this.#happened),
    ];
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.#restIfAlone();
  }

  #restIfAlone(): void {
    if (this.#viewers.size > 0) return;
    this.#cancelBatch?.();
    this.#cancelBatch = null;
    this.#batch = this.#newBatch();
    if (this.#isKeptOpen) this.#arm();
    if (this.#isKeptOpen || !this.#isCollecting) return;
    this.#isCollecting = false;
    for (const detach of this.#detach) detach();
    this.#detach = [];
    this.#steps.forget();
    for (const ring of RINGS) this.#news[ring].clear();
    this.#minutes = [];
  }

  readonly #began: TapObserver['began'] = (shown) => {
    if (this.#viewers.size === 0) return;
    this.#batch.began(projectActor(shown(), this.#parts.clock.now()));
  };

  readonly #stepped: TapObserver['stepped'] = (step) => {
    if (this.#viewers.size > 0) this.#batch.keepOldest(this.#steps.logOf(step));
    this.#steps.note(step, this.#parts.clock.now());
  };

  readonly #ended: TapObserver['ended'] = (session) => {
    if (this.#viewers.size > 0) this.#batch.ended(actorNumber(session));
  };

  readonly #happened = (fact: TappedFact): void => {
    const news = projectFact(fact, this.#newsTold + 1, this.#parts.rules, this.#parts.words);
    if (news === null) return;
    this.#newsTold += 1;
    this.#news[ringOfNews(news.kind)].push(news);
    if (this.#viewers.size > 0) this.#batch.happened(news);
  };

  /** Schedules the next batch while there are viewers; without them, the next overview of a feed that is kept open. */
  #arm(): void {
    const isWatched = this.#viewers.size > 0;
    if (this.#isOver || !(isWatched || this.#isKeptOpen)) return;
    this.#cancelBatch ??= this.#parts.clock.schedule(isWatched ? BATCH_MS : OVERVIEW_MS, () => {
      this.#cancelBatch = null;
      if (isWatched) this.#flush();
      else this.#overview();
      this.#arm();
    });
  }

  /** The first viewer does not wait for the overview of a feed that nobody watched. */
  #rearm(): void {
    if (this.#viewers.size === 1) {
      this.#cancelBatch?.();
      this.#cancelBatch = null;
    }
    this.#arm();
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = this.#newBatch();
    if (this.#viewers.size === 0) return;
    const { clock } = this.#parts;
    const nowMs = clock.monotonic();
    const messages = inPieces(batch.messages({ atMs: clock.now(), monotonicMs: nowMs }));
    if (nowMs - this.#overviewAtMs >= OVERVIEW_MS) {
      this.#overviewAtMs = nowMs;
      messages.push(...this.#overview());
    }
    if (messages.length === 0) return;
    const parts = inTurns(messages);
    for (const viewer of this.#viewers) viewer.tell(parts);
  }

  #newBatch(): Batch {
    return new Batch(this.#steps, this.#parts.clock.monotonic());
  }

  #overview(): readonly FeedMessage[] {
    try {
      const overview = this.#parts.overview();
      this.#minutes = withMinute(this.#minutes, overview);
      return [{ kind: 'overview', overview }];
    } catch (error) {
      this.#parts.onError(error);
      return [];
    }
  }

  #hello(): Hello {
    const { about, clock } = this.#parts;
    const { holdfast, name, startedAtMs, charts } = about;
    const nowMs = clock.now();
    return {
      ...{ kind: 'hello', protocol: INSPECTOR_PROTOCOL, holdfast, name, startedAtMs, nowMs },
      charts,
    };
  }

  #away(): FeedMessage {
    return {
      kind: 'away',
      reason: 'the process has closed its store',
      atMs: this.#parts.clock.now(),
    };
  }

  /**
   * The first messages for a viewer, in pieces that are made one by one. The state of an actor is that when its piece is
   * made; its steps since the beginning, and its end, come again after all pieces.
   */
  #beginning(): Iterable<readonly FeedMessage[]> {
    const changes = this.#steps.changes();
    const actors = this.#parts.inspection.actors()[Symbol.iterator]();
    const steps = this.#steps.upTo(this.#steps.last);
    const news = RINGS.flatMap((ring) => this.#news[ring].items);
    const inOrder = news.toSorted((one, other) => one.serial - other.serial);
    return this.#pieces({ changes, actors, steps, news: pieces(inOrder) });
  }

  *#pieces({ changes, actors, steps, news }: Beginning): Generator<readonly FeedMessage[]> {
    const toldNext = (): readonly WatchedActor[] =>
      taken(actors, PIECE).map((actor) =>
        projectActor(actor, changes.get(actorNumber(actor.session)) ?? null),
      );
    let told = toldNext();
    yield [this.#hello(), { kind: 'actors', actors: told, isAll: true }];
    while (told.length === PIECE) {
      told = toldNext();
      if (told.length > 0) yield [{ kind: 'actors', actors: told, isAll: false }];
    }
    for (;;) {
      const piece = taken(steps, PIECE);
      if (piece.length === 0) break;
      yield [{ kind: 'steps', steps: piece }];
    }
    for (const piece of news) yield [{ kind: 'news', news: piece }];
    for (const piece of minutesTold(this.#minutes)) yield [piece];
    yield this.#overview();
  }
}

/** The state of everything when a viewer joins. */
interface Beginning {
  readonly changes: ReadonlyMap<number, number>;
  readonly actors: Iterator<TappedActor>;
  /** The remembered steps, each read when the iterator reaches it. */
  readonly steps: Iterator<Step>;
  readonly news: readonly (readonly News[])[];
}

/** Groups messages by turns of the event loop: long ones have a turn each. */
function inTurns(messages: readonly FeedMessage[]): readonly (readonly FeedMessage[])[] {
  return messages.length <= MESSAGES_MAX ? [messages] : messages.map((message) => [message]);
}

function pieces<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / PIECE);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * PIECE, (index + 1) * PIECE),
  );
}

/** Up to `countMax` next items. */
function taken<Item>(items: Iterator<Item>, countMax: number): readonly Item[] {
  const next: Item[] = [];
  while (next.length < countMax) {
    const { done, value } = items.next();
    if (done === true) break;
    next.push(value);
  }
  return next;
}
