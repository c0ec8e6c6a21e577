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
  readonly #room: number;
  #last = 0;
  #forgotten = 0;
  #columns: Columns;

  /** @param room how many steps are kept */
  constructor(room: number) {
    this.#room = room;
    this.#columns = newColumns();
  }

  /** The serial of the last step; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The serial of the first step that is still kept. */
  get first(): number {
    return Math.max(this.#forgotten, this.#last - this.#room) + 1;
  }

  note({ session, event, from, to, transitions }: TappedStep, atMs: number): void {
    const columns = this.#columns;
    const place = this.#last % this.#room;
    this.#last += 1;
    columns.sessions[place] = session;
    columns.times[place] = atMs;
    columns.events[place] = event;
    columns.from[place] = statePaths(from);
    columns.to[place] = statePaths(to);
    columns.transitions[place] = transitionPlaces(transitions);
  }

  /** Those after `serial`, as far as they are kept, the oldest first. */
  after(serial: number): readonly Step[] {
    return this.between(serial + 1, this.#last);
  }

  /** Those from serial `from` to serial `to`, as far as they are kept, the oldest first. */
  between(from: number, to: number): readonly Step[] {
    const first = Math.max(from, this.first);
    const count = Math.max(0, to - first + 1);
    return Array.from({ length: count }, (_, index) => this.#step(first + index));
  }

  /** Keeps none of those before; they are counted on. */
  forget(): void {
    this.#forgotten = this.#last;
    this.#columns = newColumns();
  }

  /** Since when each actor stands where it stands, as far as the steps that are kept tell. */
  changes(): ReadonlyMap<string, number> {
    const { sessions, times, from, to } = this.#columns;
    const changes = new Map<string, number>();
    for (let serial = this.first; serial <= this.#last; serial += 1) {
      const place = (serial - 1) % this.#room;
      const session = sessions[place];
      if (session === undefined || from[place] === to[place]) continue;
      changes.set(session, times[place] ?? 0);
    }
    return changes;
  }

  #step(serial: number): Step {
    const { sessions, times, events, from, to, transitions } = this.#columns;
    const place = (serial - 1) % this.#room;
    return {
      serial,
      actor: actorNumber(sessions[place] ?? ''),
      atMs: times[place] ?? 0,
      event: events[place] ?? '',
      from: from[place] ?? [],
      to: to[place] ?? [],
      transitions: transitions[place] ?? [],
    };
  }
}

interface Columns {
  readonly sessions: string[];
  readonly times: number[];
  readonly events: string[];
  readonly from: (readonly string[])[];
  readonly to: (readonly string[])[];
  readonly transitions: (readonly number[])[];
}

function newColumns(): Columns {
  return { sessions: [], times: [], events: [], from: [], to: [], transitions: [] };
}
