/**
 * The last steps of one ring, in columns of numbers and of words that charts hold once
 * already, so that keeping a step makes no garbage.
 *
 * @module
 */

import type { RingName, Step } from '../protocol.ts';
import { statePaths, transitionPlaces } from './chartNames.ts';
import { actorNumber, type TappedStep } from './projection.ts';

export class StepLog {
  readonly ring: RingName;
  /** How many steps are kept. */
  readonly room: number;
  #last = 0;
  #forgotten = 0;
  #columns: Columns;

  constructor(ring: RingName, room: number) {
    this.ring = ring;
    this.room = room;
    this.#columns = newColumns();
  }

  /** The place of the last step; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The place of the first step that is still kept. */
  get first(): number {
    return Math.max(this.#forgotten, this.#last - this.room) + 1;
  }

  note({ session, event, from, to, transitions }: TappedStep, serial: number, atMs: number): void {
    const columns = this.#columns;
    const index = this.#last % this.room;
    this.#last += 1;
    columns.serials[index] = serial;
    columns.actors[index] = actorNumber(session);
    columns.times[index] = atMs;
    columns.events[index] = event;
    columns.from[index] = statePaths(from);
    columns.to[index] = statePaths(to);
    columns.transitions[index] = transitionPlaces(transitions);
  }

  /** Drops all steps; the count goes on. */
  forget(): void {
    this.#forgotten = this.#last;
    this.#columns = newColumns();
  }

  /** Notes when each actor, by number, entered its current states, as far as the kept steps say. */
  changes(into: Map<number, number>): void {
    const { actors, times, from, to } = this.#columns;
    for (let nth = this.first; nth <= this.#last; nth += 1) {
      const index = (nth - 1) % this.room;
      const actor = actors[index];
      if (actor === undefined || from[index] === to[index]) continue;
      into.set(actor, times[index] ?? 0);
    }
  }

  /** The actor of a kept step. */
  actorOf(nth: number): number {
    return this.#columns.actors[(nth - 1) % this.room] ?? 0;
  }

  /** The serial of a kept step. */
  serialOf(nth: number): number {
    return this.#columns.serials[(nth - 1) % this.room] ?? 0;
  }

  /** A kept step. */
  step(nth: number): Step {
    const { serials, actors, times, events, from, to, transitions } = this.#columns;
    const index = (nth - 1) % this.room;
    return {
      serial: serials[index] ?? 0,
      ...{ ring: this.ring, nth },
      actor: actors[index] ?? 0,
      atMs: times[index] ?? 0,
      event: events[index] ?? '',
      from: from[index] ?? [],
      to: to[index] ?? [],
      transitions: transitions[index] ?? [],
    };
  }
}

interface Columns {
  readonly serials: number[];
  readonly actors: number[];
  readonly times: number[];
  readonly events: string[];
  readonly from: (readonly string[])[];
  readonly to: (readonly string[])[];
  readonly transitions: (readonly number[])[];
}

function newColumns(): Columns {
  return { serials: [], actors: [], times: [], events: [], from: [], to: [], transitions: [] };
}
