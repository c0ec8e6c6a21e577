/**
 * The types and subjects of one upstream that are parked by themselves: their work leaves memory and is claimed
 * by nothing but their own probes, one at a time of each, so that it holds up no other (CB-2).
 *
 * @module
 */

import { TypeTrials } from '../../machines/policy/flow/typeTrials.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { Backoff } from '../journal/background.ts';
import { giveBack, type Permit } from '../operation/flowControl.ts';
import {
  BARREN_CLAIM_PAUSE_MS,
  type LineParts,
  type LineWork,
  mayStart,
  probeRank,
} from './claims.ts';

/** So many subjects of a type are known that its probes were for. */
const TRIED_MAX = 64;
/** One of so many probes of an upstream that is down is for what is parked, although other work waits. */
const PROBES_A_TURN = 4;

/** The line that the rest of the work of the upstream waits in. */
export interface ParkingLine {
  readonly work: LineWork;
  /** The routes whose rows are claimed, those of parked types included. */
  readonly routes: readonly string[];
  /** More is parked: what waits of it leaves memory. Where some of it `isFreed` its rows may be due. */
  parkedChanged(isFreed: boolean): void;
}

export class ParkedWork {
  readonly #line: ParkingLine;
  readonly #parts: Omit<LineParts, 'timers'>;
  /** When the next of its rows may be due, by its key and the steady clock. */
  readonly #dueAtMs = new Map<string, number>();
  /** The subjects of the last probes, by type. */
  readonly #tried = new Map<string, Set<string>>();
  /** Pauses after claims that failed. */
  readonly #backoff = new Backoff();
  #changes = 0;
  #probes = 0;

  constructor(line: ParkingLine, parts: Omit<LineParts, 'timers'>) {
    this.#line = line;
    this.#parts = parts;
  }

  /** The routes among these whose types are not parked. */
  without(routes: readonly string[]): readonly string[] {
    const { types } = this.#parts.flow;
    return types.parked.size === 0 ? routes : routes.filter((route) => !types.isParked(route));
  }

  /** A row of this route is due then, of whichever subject. False where its type is not parked. */
  note(route: string, dueAtMs: number): boolean {
    for (const key of this.#parts.flow.types.parkedSubjects) {
      this.#noteOf(TypeTrials.keyOf(key), dueAtMs);
    }
    return this.#noteOf(route, dueAtMs);
  }

  #noteOf(key: string, dueAtMs: number): boolean {
    const known = this.#dueAtMs.get(key);
    if (known === undefined) return false;
    this.#dueAtMs.set(key, Math.min(known, dueAtMs));
    return true;
  }

  /** Rows may be due of any type and subject. */
  noteAll(): void {
    for (const route of this.#dueAtMs.keys()) this.#dueAtMs.set(route, 0);
  }

  /** Looks whether another type or subject is parked now, and acts on that. */
  review(): void {
    const { flow } = this.#parts;
    if (flow.types.changes === this.#changes) return;
    this.#changes = flow.types.changes;
    const { parked } = flow.types;
    let isFreed = false;
    for (const key of [...this.#dueAtMs.keys()]) {
      if (parked.has(key)) continue;
      isFreed = this.#dueAtMs.delete(key);
      this.#tried.delete(key);
    }
    for (const key of parked.keys()) {
      if (!this.#dueAtMs.has(key)) this.#dueAtMs.set(key, 0);
    }
    this.#line.parkedChanged(isFreed);
  }

  /** Nothing is parked, and nothing was since it looked last. */
  get isIdle(): boolean {
    return this.#dueAtMs.size === 0 && this.#parts.flow.types.changes === this.#changes;
  }

  /** Whether the next probe goes to what is parked first: what keeps the upstream down may be other work alone. */
  get goesFirst(): boolean {
    const { isDown, probesFailed } = this.#parts.flow;
    return isDown && probesFailed % PROBES_A_TURN === PROBES_A_TURN - 1;
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
    for (const [key, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs || !this.#isTurnOf(key)) continue;
      const asker = { id: null, urgency: 1, isNext: true, probeOf: key };
      const permit = flow.tryEnter(asker);
      if (permit === null) return;
      void this.#probe(key, permit);
    }
  }

  /** When the next probe is due, by the steady clock; `null` where that waits for something else. */
  get nextAtMs(): number | null {
    if (this.#dueAtMs.size === 0) return null;
    const { flow, steady, clock } = this.#parts;
    const [nowMs, nowMono] = [steady.now(), clock.monotonic()];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, dueAtMs] of this.#dueAtMs) {
      const tryMs = flow.types.nextTryMs(key);
      if (tryMs === null) continue;
      // What is due, and was refused, is told of when that changes.
      const atMs = Math.max(dueAtMs, nowMs + (tryMs - nowMono));
      if (atMs > nowMs) next = Math.min(next, atMs);
    }
    return Number.isFinite(next) ? next : null;
  }

  #isTurnOf(key: string): boolean {
    const { flow, clock } = this.#parts;
    const tryMs = flow.types.nextTryMs(key);
    // While the upstream is down its probes are paced by the breaker.
    return tryMs !== null && (flow.isDown || tryMs <= clock.monotonic());
  }

  async #probe(key: string, permit: Permit): Promise<void> {
    const { flow, steady, onError } = this.#parts;
    const { work } = this.#line;
    let isGranted = false;
    const page = work.page();
    try {
      // Behind the others that are parked, so that each has its turn.
      this.#dueAtMs.delete(key);
      this.#dueAtMs.set(key, Number.POSITIVE_INFINITY);
      const { row, nextDueAtMs } = await this.#claim(key, steady.now());
      this.#backoff.reset();
      const mayBegin = row !== undefined && mayStart(flow) && !page.isStale(row);
      const resident = mayBegin ? work.revive(row) : null;
      // The permit that goes back is itself a reason to ask again: what can't be tried now may come again at once.
      const pausedUntilMs = resident === null ? steady.now() + BARREN_CLAIM_PAUSE_MS : 0;
      // Others of it may be due as well.
      const dueAtMs = row === undefined ? (nextDueAtMs ?? Number.POSITIVE_INFINITY) : 0;
      this.#noteOf(key, Math.max(dueAtMs, pausedUntilMs));
      if (resident !== null && (resident.handler?.upstream ?? flow.upstream) !== flow.upstream) {
        work.reroute(resident, row?.dueAtMs ?? 0);
      } else if (resident !== null) {
        isGranted = true;
        this.#tries(key, resident.subject);
        work.grant(resident, permit);
      }
    } catch (error) {
      this.#noteOf(key, steady.now() + this.#backoff.nextMs());
      onError(error);
    } finally {
      page.end();
    }
    if (!isGranted) giveBack(permit);
  }

  /** The next of it to be tried: after each probe one of another rank; of a type, every other time for another subject. */
  async #claim(
    key: string,
    nowMs: number,
  ): Promise<{ readonly row: StoredOperation | undefined; readonly nextDueAtMs: number | null }> {
    const { store, journal, flow } = this.#parts;
    const { work, routes } = this.#line;
    this.#probes += 1;
    const rank = Math.max(probeRank(flow), 1 + ((this.#probes >> 1) % URGENCY_MAX));
    journal.sendAll();
    const subject = TypeTrials.subjectOf(key);
    const base = { urgencyMax: URGENCY_MAX, nowMs, limit: 1, passOver: work.passOver };
    const ask =
      subject === null
        ? { ...base, routes: [key] }
        : { ...base, routes: this.without(routes), subjects: { names: [subject], isOnly: true } };
    const tried = [...(this.#tried.get(key) ?? [])];
    if (tried.length > 0 && this.#probes % 2 === 0) {
      const others = { names: tried, isOnly: false };
      const other = await store.claim({ ...ask, urgencyMin: 0, subjects: others });
      if (other.rows.length > 0) return { row: other.rows[0], nextDueAtMs: other.nextDueAtMs };
    }
    const first = await store.claim({ ...ask, urgencyMin: rank });
    const answer = first.rows.length > 0 ? first : await store.claim({ ...ask, urgencyMin: 0 });
    return { row: answer.rows[0], nextDueAtMs: answer.nextDueAtMs };
  }

  /** A probe of this type is for this subject. */
  #tries(key: string, subject: string): void {
    if (TypeTrials.subjectOf(key) !== null) return;
    const tried = this.#tried.get(key) ?? new Set();
    this.#tried.set(key, tried);
    if (tried.size >= TRIED_MAX) tried.clear();
    tried.add(subject);
  }
}
