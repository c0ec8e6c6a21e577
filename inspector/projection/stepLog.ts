/**
 * The last steps of the process, in columns: what is kept of a step are numbers and words of charts, each of
 * which is there once, so that remembering one makes nothing that would have to be collected as garbage.
 *
 * @module
 */

import type { Step } from '../protocol.ts';
import { statePaths, transitionPlaces } from './chartNames.ts';
import { actorNumber, type TappedStep } from './projection.ts';

export class StepLog {
  /** How many steps are kept. */
  readonly room: number;
  #last = 0;
  #forgotten = 0;
  #columns: Columns;

  constructor(room: number) {
    this.room = room;
    this.#columns = newColumns();
  }

  /** The serial of the last step; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The serial of the first step that is still kept. */
  get first(): number {
    return Math.max(this.#forgotten, this.#last - this.room) + 1;
  }

  note({ session, event, from, to, transitions }: TappedStep, atMs: number): void {
    const columns = this.#columns;
    const place = this.#last % this.room;
    this.#last += 1;
    columns.actors[place] = actorNumber(session);
    columns.times[place] = atMs;
    columns.events[place] = event;
    columns.from[place] = statePaths(from);
    columns.to[place] = statePaths(to);
    columns.transitions[place] = transitionPlaces(transitions);
  }

  /** Those from serial `from` to serial `to`, as far as they are kept, the oldest first. */
  between(from: number, to: number): readonly Step[] {
    const first = Math.max(from, this.first);
    const count = Math.max(0, to - first + 1);
    return Array.from({ length: count }, (_, index) => this.step(first + index));
  }

  /** Keeps none of those before; they are counted on. */
  forget(): void {
    this.#forgotten = this.#last;
    this.#columns = newColumns();
  }

  /** Since when each actor, by its number, stands where it stands, as far as the steps that are kept tell. */
  changes(): ReadonlyMap<number, number> {
    const { actors, times, from, to } = this.#columns;
    const changes = new Map<number, number>();
    for (let serial = this.first; serial <= this.#last; serial += 1) {
      const place = (serial - 1) % this.room;
      const actor = actors[place];
      if (actor === undefined || from[place] === to[place]) continue;
      changes.set(actor, times[place] ?? 0);
    }
    return changes;
  }

  /** The actor of a step that is kept. */
  actorOf(serial: number): number {
    return this.#columns.actors[(serial - 1) % this.room] ?? 0;
  }

  /** One that is kept. */
  step(serial: number): Step {
    const { actors, times, events, from, to, transitions } = this.#columns;
    const place = (serial - 1) % this.room;
    return {
      serial,
      actor: actors[place] ?? 0,
      atMs: times[place] ?? 0,
      event: events[place] ?? '',
      from: from[place] ?? [],
      to: to[place] ?? [],
      transitions: transitions[place] ?? [],
    };
  }
}

interface Columns {
  readonly actors: number[];
  readonly times: number[];
  readonly events: string[];
  readonly from: (readonly string[])[];
  readonly to: (readonly string[])[];
  readonly transitions: (readonly number[])[];
}

function newColumns(): Columns {
  return { actors: [], times: [], events: [], from: [], to: [], transitions: [] };
}
