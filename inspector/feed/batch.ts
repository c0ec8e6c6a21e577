/**
 * What happened since the last batch, and how much of it is told: at full throughput thousands of operations begin,
 * step and end each second, which nobody can read and which would cost more than all else of being watched.
 *
 * Over the bound it is thinned by the rule of `squeeze.ts`: where each live actor stands is right after every batch,
 * and serials that are missing say how much was left out.
 *
 * @module
 */

import type { StepLog } from '../projection/stepLog.ts';
import type { FeedMessage, News, Step, WatchedActor } from '../protocol.ts';

/** So many that began are told though they have ended already; of more, those that are still there. */
const ACTORS_MAX = 50;
/** So many steps for each millisecond since the last batch are told whole, at least and at most so many in one. */
const STEPS_PER_MS = 5;
const STEPS_MIN = 250;
const STEPS_MAX = 1_000;
/** Of more steps so many are, enough to see what goes on. */
const STEPS_OF_MORE = 100;

export class Batch {
  readonly #steps: StepLog;
  /** When the last one went out, by the monotonic clock, and the last step that was before it. */
  readonly #sinceMs: number;
  readonly #after: number;
  readonly #began = new Map<number, WatchedActor>();
  readonly #ended = new Set<number>();
  /** They have come and gone beyond the bound. */
  readonly #leftOut = new Set<number>();
  /** Of actors with steps that the log has let go of before they were told, the last of these. */
  readonly #overtaken = new Map<number, Step>();
  readonly #news: News[] = [];

  constructor(steps: StepLog, sinceMs: number) {
    this.#steps = steps;
    this.#sinceMs = sinceMs;
    this.#after = steps.last;
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

  /** Called before a step is noted, which may take the place of one that is not told yet. */
  keepOldest(): void {
    const { first, room, last } = this.#steps;
    if (last - this.#after < room) return;
    const step = this.#steps.step(first);
    this.#overtaken.delete(step.actor);
    if (!this.#ended.has(step.actor)) this.#overtaken.set(step.actor, step);
  }

  /** Who has come, what they did, who has gone. */
  messages(now: { readonly atMs: number; readonly monotonicMs: number }): FeedMessage[] {
    const actors = [...this.#began.values()];
    const steps = this.#told(now.monotonicMs - this.#sinceMs);
    const messages: FeedMessage[] = [];
    if (actors.length > 0) messages.push({ kind: 'actors', actors, isAll: false });
    if (steps.length > 0) messages.push({ kind: 'steps', steps });
    if (this.#news.length > 0) messages.push({ kind: 'news', news: this.#news });
    const ended = [...this.#ended];
    // Also of those that were left out: one who came meanwhile may have been told of them.
    if (ended.length > 0) messages.push({ kind: 'ended', actors: ended, atMs: now.atMs });
    return messages;
  }

  /** The first ones, and of the rest the last one of each actor that is still there. */
  #told(forMs: number): readonly Step[] {
    const steps = this.#steps;
    const { last } = steps;
    const wholeMax = Math.min(STEPS_MAX, Math.max(STEPS_MIN, STEPS_PER_MS * forMs));
    const countMax = last - this.#after > wholeMax ? STEPS_OF_MORE : wholeMax;
    const first: number[] = [];
    let serial = Math.max(this.#after + 1, steps.first);
    for (; serial <= last && first.length < countMax; serial += 1) {
      if (!this.#leftOut.has(steps.actorOf(serial))) first.push(serial);
    }
    const rest: number[] = [];
    const done = new Set<number>();
    for (let back = last; back >= serial; back -= 1) {
      const actor = steps.actorOf(back);
      if (this.#ended.has(actor) || done.has(actor)) continue;
      done.add(actor);
      rest.push(back);
    }
    const kept = [...first, ...rest.toReversed()].map((one) => steps.step(one));
    return [...this.#overtaken.values(), ...kept];
  }
}
