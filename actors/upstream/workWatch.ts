/**
 * Watches that work which is due at an upstream begins. Where nothing has begun for a while, and nothing
 * explains that, a person has to hear of it: a defect holds work up that no part notices for itself. It
 * wakes up only while something waits.
 *
 * @module
 */

import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import { type StuckReason, stuckReason } from '../../machines/policy/service/restartPolicy.ts';
import type { MayRun } from '../../machines/vocabulary/standing.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';

/** What is found at an upstream where something waits. */
export interface Waiting {
  /** What it says to the most urgent that waits. */
  readonly answer: MayRun;
  /** Calls that are under way there; for `suspect`, those of the one that runs alone. */
  readonly running: number;
}

export interface WorkWatchParts {
  readonly upstream: string;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly policies: Pick<PoliciesInForce, 'table'>;
  /** `null` where nothing waits that is due. */
  readonly look: () => Waiting | null;
}

/** Work that does not go on. */
export interface StuckWork {
  readonly upstream: string;
  readonly because: StuckReason;
  /** Since when nothing has begun, by the steady clock. */
  readonly sinceMs: number;
}

/** While work is stuck that is told again this often, in milliseconds. */
const TOLD_EVERY_MS = 60_000;

/** Shortest time between two looks, in milliseconds: a process that only waits rests meanwhile. */
const LOOKS_EVERY_MS_MIN = 500;

export class WorkWatch {
  readonly #parts: WorkWatchParts;
  #stuck: StuckWork | null = null;
  #toldAtMs = 0;
  /**
   * For how long work was found waiting since a call began last; `null` where none was. Between two looks no more is
   * counted than was to pass: a machine that slept, or a loop that was blocked, explains the rest.
   */
  #waitedMs: number | null = null;
  #lookedAtMs = 0;
  #looksAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;

  constructor(parts: WorkWatchParts) {
    this.#parts = parts;
  }

  /** What is stuck; `null` where nothing is. */
  get stuck(): StuckWork | null {
    return this.#stuck;
  }

  /** Something waits from `atMs` of the steady clock on. */
  waiting(atMs: number): void {
    this.#lookAt(atMs + this.#intervalMs);
  }

  /** A call has begun. */
  begun(): void {
    this.#waitedMs = null;
    if (this.#stuck !== null) this.#isMoving();
  }

  stop(): void {
    this.#cancelTimer();
    this.#stuck = null;
  }

  /** How long nothing may begin while work is due, in milliseconds. */
  get #watchdogMs(): number {
    return this.#parts.policies.table.process.watchdogMs;
  }

  /** Time between two looks. The watch looks twice while it waits, so that what waits only since a moment ago is not taken for stuck. */
  get #intervalMs(): number {
    return Math.max(LOOKS_EVERY_MS_MIN, this.#watchdogMs / 2);
  }

  #lookAt(atMs: number): void {
    if (atMs >= this.#looksAtMs) return;
    const { steady, timers } = this.#parts;
    this.#cancelTimer();
    this.#looksAtMs = atMs;
    this.#cancelTimer = timers.after(Math.max(0, atMs - steady.now()), () => {
      this.#looksAtMs = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }

  #look(): void {
    const { steady, look } = this.#parts;
    const nowMs = steady.now();
    const found = look();
    if (found === null) {
      this.begun();
      return;
    }
    const sinceMs = Math.min(nowMs - this.#lookedAtMs, this.#intervalMs);
    this.#waitedMs = this.#waitedMs === null ? 0 : this.#waitedMs + sinceMs;
    this.#lookedAtMs = nowMs;
    if (this.#waitedMs >= this.#watchdogMs) this.#judge(found, nowMs - this.#waitedMs, nowMs);
    this.#lookAt(nowMs + this.#intervalMs);
  }

  #judge({ answer, running }: Waiting, sinceMs: number, nowMs: number): void {
    const { upstream, facts } = this.#parts;
    const because = stuckReason(answer, running, nowMs);
    if (because === null) {
      if (this.#stuck !== null) this.#isMoving();
      // What explains it may pass at any time: it is counted from here.
      this.#waitedMs = 0;
      return;
    }
    const isNews = this.#stuck?.because !== because || nowMs - this.#toldAtMs >= TOLD_EVERY_MS;
    this.#stuck = { upstream, because, sinceMs };
    if (!isNews) return;
    this.#toldAtMs = nowMs;
    facts.emit('work.stuck', upstream, because, nowMs - sinceMs);
  }

  #isMoving(): void {
    this.#stuck = null;
    this.#parts.facts.emit('work.moving', this.#parts.upstream);
  }
}
