/**
 * The suspects of one upstream that need not run alone: what was in flight when the process died runs a few at
 * a time, most urgent first, in the line of its upstream (RT-4, SV-3).
 *
 * @module
 */

import { SUSPECTS_IN_FLIGHT_MAX } from '../../machines/policy/retry/crashPolicy.ts';
import { NO_RANKS, type RankSet } from '../../machines/vocabulary/urgency.ts';
import type { Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { Line, Waiters } from './line.ts';
import { ReadyQueue } from './readyQueue.ts';

export class SuspectQueue implements Waiters {
  readonly #line: Line;
  readonly queue = new ReadyQueue<Resident>();
  readonly #inFlight = new Set<Resident>();

  constructor(line: Line) {
    this.#line = line;
  }

  /** The ranks of those that wait, whether or not any may run. */
  get waiting(): RankSet {
    return this.queue.ranks;
  }

  /** All that wait. */
  get all(): readonly Resident[] {
    return this.queue.all;
  }

  /** Whether no more may start: as many run beside each other as may, or one runs alone and holds all others back. */
  get #isShut(): boolean {
    return this.#inFlight.size >= SUSPECTS_IN_FLIGHT_MAX || this.#line.flow.intake === 'isolated';
  }

  get ranks(): RankSet {
    return this.#isShut ? NO_RANKS : this.queue.ranks;
  }

  /** The most urgent of these ranks that waits. */
  first(among: RankSet): Resident | undefined {
    return this.queue.first(among);
  }

  add(suspect: Resident): void {
    this.queue.add(suspect);
  }

  /** Takes a suspect out of the queue; false where it did not wait here. */
  withdraw(suspect: Resident): boolean {
    return this.queue.delete(suspect);
  }

  /** Lets the next go on: this one has ended its attempt, or overhangs. */
  ended(suspect: Resident): void {
    this.#inFlight.delete(suspect);
  }

  take(ranks: RankSet, permit: Permit): boolean {
    const suspect = this.#isShut ? undefined : this.queue.first(ranks);
    if (suspect !== undefined) this.#run(suspect, permit);
    return suspect !== undefined;
  }

  /** Where rows wait that go before it each claim looks here first. */
  startNext(): boolean {
    const suspect = this.queue.first();
    if (suspect === undefined || this.#isShut || this.#line.isBehindRows(suspect.urgency)) {
      return false;
    }
    const permit = this.#line.tryOne(suspect);
    if (permit !== null) this.#run(suspect, permit);
    return permit !== null;
  }

  #run(suspect: Resident, permit: Permit): void {
    this.queue.delete(suspect);
    this.#inFlight.add(suspect);
    this.#line.work.grant(suspect, permit);
  }
}
