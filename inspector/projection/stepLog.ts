/**
 * The last steps of one ring, in columns of numbers and of words that charts hold once
 * already, so that keeping a step makes no garbage.
 *
 * @module
 */

import { RINGS, type RingName, ringOf, type Step } from '../protocol.ts';
import { statePaths, transitionPlaces } from './chartDefinition.ts';
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

/** How many steps of each ring are kept. */
export type Rooms = Readonly<Record<RingName, number>>;

export class StepRings {
  readonly component: StepLog;
  readonly crisis: StepLog;
  readonly operation: StepLog;
  #last = 0;

  constructor(rooms: Rooms) {
    this.component = new StepLog('component', rooms.component);
    this.crisis = new StepLog('crisis', rooms.crisis);
    this.operation = new StepLog('operation', rooms.operation);
  }

  /** The serial of the last step of all; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The log of a step. An event that changes no state of a component goes with operations: a measurement each second would drive out an outage. */
  logOf({ machine, from, to }: Pick<TappedStep, 'machine' | 'from' | 'to'>): StepLog {
    const log = this[ringOf(machine.id)];
    return log === this.component && statePaths(from) === statePaths(to) ? this.operation : log;
  }

  note(step: TappedStep, atMs: number): void {
    this.#last += 1;
    this.logOf(step).note(step, this.#last, atMs);
  }

  /** Steps up to this serial that are still kept when the iterator reaches them, the oldest first. */
  *upTo(serial: number): Generator<Step> {
    const next: Record<RingName, number> = { component: 0, crisis: 0, operation: 0 };
    for (;;) {
      let oldest: StepLog | null = null;
      for (const ring of RINGS) {
        const log = this[ring];
        next[ring] = Math.max(next[ring], log.first);
        if (next[ring] > log.last) continue;
        const isOlder =
          oldest === null || log.serialOf(next[ring]) < oldest.serialOf(next[oldest.ring]);
        if (isOlder) oldest = log;
      }
      if (oldest === null || oldest.serialOf(next[oldest.ring]) > serial) return;
      const nth = next[oldest.ring];
      next[oldest.ring] = nth + 1;
      yield oldest.step(nth);
    }
  }

  /** Drops all steps; the count goes on. */
  forget(): void {
    for (const ring of RINGS) this[ring].forget();
  }

  /** When each actor, by number, entered its current states, as far as the kept steps say. */
  changes(): ReadonlyMap<number, number> {
    const changes = new Map<number, number>();
    for (const ring of RINGS) this[ring].changes(changes);
    return changes;
  }
}
