/**
 * What happened since the last batch, and how much of it is sent: at full throughput thousands of operations begin,
 * step and end each second, more than anybody can read, and sending it all would be the largest cost of a viewer.
 *
 * Beyond the bound it is thinned as `squeeze.ts` does: the states of live actors are right after every batch,
 * and gaps in the serials say how much was left out.
 *
 * @module
 */

import type { StepLog } from '../projection/stepLog.ts';
import type { StepRings } from '../projection/stepRings.ts';
import {
  type FeedMessage,
  type News,
  RINGS,
  type RingName,
  type Step,
  type WatchedActor,
} from '../protocol.ts';

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
