/**
 * The work of one upstream that waits: a few operations in memory, the rest on disk, fetched when
 * slots are free. Memory follows work in flight, not the length of the queue (OP-6).
 *
 * @module
 */

import { faultPoint } from '../../persistence/port/faultPoints.ts';
import {
  NEVER_MS,
  type PassOver,
  type QueueStore,
  type StoredOperation,
} from '../../persistence/port/store.ts';
import { CrisisSlots } from '../flow/crisisSlots.ts';
import type { Asker, FlowControl, Permit } from '../flow/flowControl.ts';
import { Backoff } from '../journal/background.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import { giveBack, LateAnswers } from './lateAnswers.ts';
import { ReadyQueue } from './readyQueue.ts';

/** Rows fetched from disk at a time. */
export const PAGE_ROWS = 192;
/** Asks for a slot before it is known whose call it will be. */
const CLAIM: Asker = { id: null, urgency: 0 };
/** Pause after a claim that brought nothing to run, so that a defect can't spin. */
const BARREN_CLAIM_PAUSE_MS = 100;

export interface UpstreamQueueParts {
  readonly flow: FlowControl;
  /** What it claims at present. */
  readonly routes: () => readonly string[];
  readonly crisisSlotsMax: number;
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  /** Whether anything may start now. */
  readonly mayStart: () => boolean;
  /** Rows that can't be run here. */
  readonly passOver: () => PassOver;
  /** Brings a row to memory; `null` when it is there already or can't be read. */
  readonly revive: (row: StoredOperation) => Resident | null;
  /** Gives this permit to a suspect that is as urgent as the rank; `false` when there is none. */
  readonly takeSuspect: (urgency: number, permit: Permit) => boolean;
  /** Slots that were reserved for a claim are free again. */
  readonly onSlotsBack: () => void;
  /** Sends one to where it belongs, which was claimed here and goes to another upstream. */
  readonly reroute: (resident: Resident, dueAtMs: number) => void;
  /** Lets it begin with a permit that is now its own. */
  readonly grant: (resident: Resident, permit: Permit) => void;
  readonly onError: (error: unknown) => void;
}

export class UpstreamQueue {
  readonly flow: FlowControl;
  readonly crisis: CrisisSlots;
  /** In memory; their rows are `due` on disk. */
  readonly #ready = new ReadyQueue<Resident>();
  /** Of these, for whom the flow control was asked and has not answered. */
  readonly #asked: LateAnswers;
  readonly #parts: UpstreamQueueParts;
  /** When the next row on disk is due, as far as is known. */
  #nextDueAtMs = Number.POSITIVE_INFINITY;
  /** The earliest due time noted while a claim was out, which its answer may not know of. */
  #notedDueAtMs = Number.POSITIVE_INFINITY;
  /** The least urgent rank that the last claim asked for: of what is beyond it nothing is known. */
  #claimedUpTo = -1;
  #isClaiming = false;
  /** Of claims that failed. */
  readonly #backoff = new Backoff();
  /** No claim before this. */
  #claimNotBeforeMs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: UpstreamQueueParts) {
    this.#parts = parts;
    this.flow = parts.flow;
    this.crisis = new CrisisSlots(parts.crisisSlotsMax);
    this.#asked = new LateAnswers(parts.onError);
  }

  /** True while rows on disk wait for a slot. */
  get hasBacklog(): boolean {
    return this.#nextDueAtMs <= this.#parts.steady.now();
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  /** It is in memory, and waits for a slot. */
  add(resident: Resident): void {
    this.#ready.add(resident);
    this.pump();
  }

  /** It no longer waits. False where it did not. */
  forget(resident: Resident): boolean {
    const wasReady = this.#ready.delete(resident);
    return this.#asked.forget(resident) || wasReady;
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart(asker: Asker): Permit | null {
    const isBehindOthers =
      this.hasBacklog || this.#asked.size > 0 || this.#ready.first(asker.urgency) !== undefined;
    return isBehindOthers ? null : this.flow.tryEnter(asker);
  }

  /** A row of this upstream is due at `dueAtMs`. */
  noteDue(dueAtMs: number): void {
    this.#notedDueAtMs = Math.min(this.#notedDueAtMs, dueAtMs);
    if (dueAtMs >= this.#nextDueAtMs) return;
    this.#nextDueAtMs = dueAtMs;
    this.#arm();
  }

  /** The flow control may let more out: what the last claim did not ask for is looked at. */
  rescan(): void {
    if (this.flow.urgencyBound > this.#claimedUpTo) this.noteDue(0);
  }

  /** Gives free slots to what waits, what is in memory first. */
  pump(): void {
    this.#grantReady();
    const isReadyEmpty = this.#ready.first(this.flow.urgencyBound) === undefined;
    if (isReadyEmpty && this.hasBacklog) void this.#claim();
    // No timer is armed while nothing may start.
    else if (this.#cancelTimer === null && !this.hasBacklog) this.#arm();
  }

  #grantReady(): void {
    const { mayStart } = this.#parts;
    while (mayStart()) {
      const next = this.#ready.first(this.flow.urgencyBound);
      if (next === undefined) return;
      const answer = this.flow.enter(next);
      if (answer === null) return;
      if (answer instanceof Promise) this.#awaitAnswer(next, answer);
      else this.#give(next, answer);
    }
  }

  /** Those that wait for an answer are not asked for again; the next may be. */
  #awaitAnswer(resident: Resident, answer: Promise<Permit | null>): void {
    this.#ready.delete(resident);
    this.#asked.await(resident, answer, (permit) => {
      this.#ready.add(resident);
      if (permit === null) return;
      if (!this.#parts.mayStart()) {
        giveBack(permit);
        return;
      }
      this.#give(resident, permit);
      this.#grantReady();
    });
  }

  /** To this one, which is ready, unless a suspect is as urgent. */
  #give(resident: Resident, permit: Permit): void {
    const { takeSuspect, grant } = this.#parts;
    if (takeSuspect(resident.urgency, permit)) return;
    this.#ready.delete(resident);
    grant(resident, permit);
  }

  async #claim(): Promise<void> {
    const { steady, mayStart } = this.#parts;
    if (this.#isClaiming || !mayStart()) return;
    // Crises alone run at this level, and they don't wait on disk. A better level asks again.
    if (this.flow.urgencyBound === 0) return;
    if (steady.now() < this.#claimNotBeforeMs) {
      if (this.#cancelTimer === null) this.#arm();
      return;
    }
    // Slots first, rows second: what is fetched can run at once and need not be put back.
    const { permits, late } = this.#reserve();
    if (permits.length + late.length === 0) return;
    this.#isClaiming = true;
    if (late.length > 0) permits.push(...(await this.#comeTrue(late)));
    // Where all were refused they are asked for again, as what was told of meanwhile was not heard here.
    let pauseMs = permits.length === 0 ? BARREN_CLAIM_PAUSE_MS : 0;
    if (permits.length > 0 && mayStart()) pauseMs = await this.#fetch(permits);
    this.#isClaiming = false;
    // Whatever asks meanwhile: giving unused probes back is itself a reason to ask again.
    if (pauseMs > 0) this.#claimNotBeforeMs = steady.now() + pauseMs;
    for (const permit of permits) giveBack(permit);
    // What became ready meanwhile may have missed the slots that were reserved here, and an operation that
    // waits to run alone has waited for them.
    this.#parts.onSlotsBack();
    this.#grantReady();
    this.#arm();
  }

  /** As many slots as a page has rows: those there are at once, and those that are asked for. */
  #reserve(): { readonly permits: Permit[]; readonly late: Promise<Permit | null>[] } {
    const permits: Permit[] = [];
    const late: Promise<Permit | null>[] = [];
    for (let want = Math.min(PAGE_ROWS, this.flow.free); want > 0; want -= 1) {
      const answer = this.flow.enter(CLAIM);
      if (answer === null) break;
      if (answer instanceof Promise) late.push(answer);
      else permits.push(answer);
    }
    return { permits, late };
  }

  /** What has come of promises, once all are answered. */
  async #comeTrue(late: readonly Promise<Permit | null>[]): Promise<readonly Permit[]> {
    const failed = (error: unknown): null => {
      this.#parts.onError(error);
      return null;
    };
    const answers = await Promise.all(late.map((answer) => answer.catch(failed)));
    return answers.filter((permit) => permit !== null);
  }

  /**
   * Fetches rows and gives each one of `permits`; what is left of them is not used. Resolves to the
   * pause that the next claim has to keep.
   */
  async #fetch(permits: Permit[]): Promise<number> {
    const { store, journal, steady, routes, passOver, revive, reroute, grant, onError } =
      this.#parts;
    const nowMs = steady.now();
    const urgencyMax = this.flow.urgencyBound;
    this.#notedDueAtMs = Number.POSITIVE_INFINITY;
    const passedOver = passOver();
    let hasBrought = false;
    try {
      // Those fetched before are due on disk until what was ordered for them is written.
      journal.sendAll();
      const { rows, nextDueAtMs } = await store.claim({
        routes: routes(),
        urgencyMax,
        nowMs,
        limit: permits.length,
        passOver: passedOver,
      });
      this.#backoff.reset();
      this.#claimedUpTo = urgencyMax;
      if (rows.length > 0) faultPoint('queue.afterClaim');
      this.#nextDueAtMs = Math.min(nextDueAtMs ?? Number.POSITIVE_INFINITY, this.#notedDueAtMs);
      // The gate may have let out more while the claim was out.
      this.rescan();
      for (const row of rows) {
        hasBrought = this.#giveToSuspects(row.urgency, permits) || hasBrought;
        if (permits.length === 0) {
          // Nothing was changed by fetching it: it is still due.
          this.#nextDueAtMs = Math.min(this.#nextDueAtMs, row.dueAtMs ?? nowMs);
          break;
        }
        const resident = revive(row);
        if (resident === null) continue;
        hasBrought = true;
        if ((resident.handler?.upstream ?? this.flow.upstream) !== this.flow.upstream) {
          reroute(resident, row.dueAtMs ?? nowMs);
          continue;
        }
        const permit = permits.pop();
        if (permit === undefined) continue;
        grant(resident, permit);
      }
      hasBrought = this.#giveToSuspects(this.flow.urgencyBound, permits) || hasBrought;
    } catch (error) {
      onError(error);
      return this.#backoff.nextMs();
    }
    // Rows that are passed over from now on are not brought again: there may be many of them.
    const isBarren = !hasBrought && passOver().length === passedOver.length;
    return isBarren ? BARREN_CLAIM_PAUSE_MS : 0;
  }

  /** What was in flight at a crash goes before what is less urgent than it (SV-3). */
  #giveToSuspects(urgency: number, permits: Permit[]): boolean {
    let hasGiven = false;
    for (let permit = permits.at(-1); permit !== undefined; permit = permits.at(-1)) {
      if (!this.#parts.takeSuspect(urgency, permit)) break;
      permits.pop();
      hasGiven = true;
    }
    return hasGiven;
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#nextDueAtMs >= NEVER_MS || !this.#parts.mayStart()) return;
    const { steady, timers } = this.#parts;
    const waitMs = Math.max(this.#nextDueAtMs, this.#claimNotBeforeMs) - steady.now();
    if (waitMs <= 0) {
      this.pump();
      return;
    }
    this.#cancelTimer = timers.after(waitMs, () => {
      this.#cancelTimer = null;
      this.pump();
    });
  }
}
