/**
 * The types of one upstream that are parked by themselves: their work leaves memory and is claimed by
 * nothing but their own probes, one at a time, so that it holds up no other (CB-2).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { PassOver, QueueStore, StoredOperation } from '../../persistence/port/store.ts';
import type { FlowControl, Permit } from '../flow/flowControl.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import { mayStart, probeRank } from './claims.ts';
import { giveBack } from './lateAnswers.ts';

export interface ParkedTypesParts {
  readonly flow: FlowControl;
  readonly store: Pick<QueueStore, 'claim'>;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly passOver: () => PassOver;
  readonly revive: (row: StoredOperation) => Resident | null;
  readonly reroute: (resident: Resident, dueAtMs: number) => void;
  readonly grant: (resident: Resident, permit: Permit) => void;
  /** Types have been parked: what waits of them leaves memory. */
  readonly onParked: () => void;
  /** Types are parked no more: their rows may be due. */
  readonly onFreed: () => void;
  readonly onError: (error: unknown) => void;
}

export class ParkedTypes {
  readonly #parts: ParkedTypesParts;
  /** When the next of its rows may be due, by route and the steady clock. */
  readonly #dueAtMs = new Map<string, number>();
  #changes = 0;
  #probes = 0;

  constructor(parts: ParkedTypesParts) {
    this.#parts = parts;
  }

  /** The routes among these whose types are not parked. */
  without(routes: readonly string[]): readonly string[] {
    const { types } = this.#parts.flow;
    return types.parked.size === 0 ? routes : routes.filter((route) => !types.isParked(route));
  }

  /** A row of this route is due then. False where its type is not parked. */
  note(route: string, dueAtMs: number): boolean {
    const known = this.#dueAtMs.get(route);
    if (known === undefined) return false;
    this.#dueAtMs.set(route, Math.min(known, dueAtMs));
    return true;
  }

  /** Rows may be due of any type. */
  noteAll(): void {
    for (const route of this.#dueAtMs.keys()) this.#dueAtMs.set(route, 0);
  }

  /** Which types are parked may have changed. */
  review(): void {
    const { flow, onParked, onFreed } = this.#parts;
    if (flow.types.changes === this.#changes) return;
    this.#changes = flow.types.changes;
    const { parked } = flow.types;
    let isFreed = false;
    for (const route of [...this.#dueAtMs.keys()]) {
      if (!parked.has(route)) isFreed = this.#dueAtMs.delete(route);
    }
    for (const route of parked.keys()) {
      if (!this.#dueAtMs.has(route)) this.#dueAtMs.set(route, 0);
    }
    onParked();
    if (isFreed) onFreed();
  }

  /**
   * Sends out the probes that are due.
   *
   * @param isAnyElse other work waits here: while the upstream is down that is tried instead
   */
  pump(isAnyElse: boolean): void {
    if (this.#dueAtMs.size === 0) return;
    const { flow, steady } = this.#parts;
    if (flow.isDown && isAnyElse) return;
    const nowMs = steady.now();
    for (const [route, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs || !this.#isTurnOf(route)) continue;
      const asker = { id: null, urgency: 1, isNext: true, probeOf: route };
      const permit = flow.tryEnter(asker);
      if (permit === null) return;
      void this.#probe(route, permit);
    }
  }

  /** When the next probe is due, by the steady clock; `null` where that waits for something else. */
  get nextAtMs(): number | null {
    if (this.#dueAtMs.size === 0) return null;
    const { flow, steady, clock } = this.#parts;
    const [nowMs, nowMono] = [steady.now(), clock.monotonic()];
    let next = Number.POSITIVE_INFINITY;
    for (const [route, dueAtMs] of this.#dueAtMs) {
      const tryMs = flow.types.nextTryMs(route);
      if (tryMs === null) continue;
      // What is due, and was refused, is told of when that changes.
      const atMs = Math.max(dueAtMs, nowMs + (tryMs - nowMono));
      if (atMs > nowMs) next = Math.min(next, atMs);
    }
    return Number.isFinite(next) ? next : null;
  }

  #isTurnOf(route: string): boolean {
    const { flow, clock } = this.#parts;
    const tryMs = flow.types.nextTryMs(route);
    // While the upstream is down its probes are paced by the breaker.
    return tryMs !== null && (flow.isDown || tryMs <= clock.monotonic());
  }

  async #probe(route: string, permit: Permit): Promise<void> {
    const { flow, steady, revive, reroute, grant, onError } = this.#parts;
    let isGranted = false;
    try {
      this.#dueAtMs.set(route, Number.POSITIVE_INFINITY);
      const { row, nextDueAtMs } = await this.#claim(route, steady.now());
      const resident = row === undefined || !mayStart(flow) ? null : revive(row);
      // Others of it may be due as well.
      this.note(route, row === undefined ? (nextDueAtMs ?? Number.POSITIVE_INFINITY) : 0);
      if (resident !== null && (resident.handler?.upstream ?? flow.upstream) !== flow.upstream) {
        reroute(resident, row?.dueAtMs ?? 0);
      } else if (resident !== null) {
        isGranted = true;
        grant(resident, permit);
      }
    } catch (error) {
      this.note(route, 0);
      onError(error);
    }
    if (!isGranted) giveBack(permit);
  }

  /** The next of it to be tried: after each probe one of another rank. */
  async #claim(
    route: string,
    nowMs: number,
  ): Promise<{ readonly row: StoredOperation | undefined; readonly nextDueAtMs: number | null }> {
    const { store, journal, passOver, flow } = this.#parts;
    this.#probes += 1;
    const rank = Math.max(probeRank(flow), 1 + ((this.#probes >> 1) % URGENCY_MAX));
    journal.sendAll();
    const ask = { routes: [route], urgencyMax: URGENCY_MAX, nowMs, limit: 1, passOver: passOver() };
    const first = await store.claim({ ...ask, urgencyMin: rank });
    const answer = first.rows.length > 0 ? first : await store.claim({ ...ask, urgencyMin: 0 });
    return { row: answer.rows[0], nextDueAtMs: answer.nextDueAtMs };
  }
}
