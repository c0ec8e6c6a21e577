/**
 * The last steps of the process. Components, crises and operations each have a ring of their own, so that the story of
 * an outage survives thousands of operations (OB-1).
 *
 * @module
 */

import { RINGS, type RingName, ringOf, type Step } from '../protocol.ts';
import { statePaths } from './chartNames.ts';
import type { TappedStep } from './projection.ts';
import { StepLog } from './stepLog.ts';

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
