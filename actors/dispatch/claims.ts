/**
 * The rows of one upstream that wait on disk, fetched when slots are free: slots first, rows second, so
 * that what is fetched can run at once and need not be put back (OP-6). Ranks that the level of service
 * parks are claimed apart: they get the slots that nobody more urgent wants, and the trickle (DG-2).
 *
 * @module
 */

import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import {
  NEVER_MS,
  type PassOver,
  type QueueStore,
  type StoredOperation,
} from '../../persistence/port/store.ts';
import type { Asker, FlowControl, Permit } from '../flow/flowControl.ts';
import { Backoff } from '../journal/background.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import { DueMark } from './dueMark.ts';
import { giveBack } from './lateAnswers.ts';

/** Rows fetched from disk at a time. */
export const PAGE_ROWS = 192;
/** Asks for a slot before it is known whose call it will be. */
export const CLAIM: Asker = { id: null, urgency: 0 };
/** What is parked has one turn beside so many of what is more urgent (DG-2). */
const TURNS_PER_TRICKLE = 15;
/** Pause after a claim that brought nothing to run, so that a defect can't spin. */
const BARREN_CLAIM_PAUSE_MS = 100;

export interface ClaimsParts {
  readonly flow: FlowControl;
  /** What is claimed at present. */
  readonly routes: () => readonly string[];
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Rows that can't be run here. */
  readonly passOver: () => PassOver;
  /** Brings a row to memory; `null` when it is there already or can't be read. */
  readonly revive: (row: StoredOperation) => Resident | null;
  /** Gives this permit to a suspect or a guarded call that goes before the rank; `false` for none. */
  readonly giveToOther: (urgency: number, permit: Permit) => boolean;
  /** Sends one to where it belongs, which was claimed here and goes to another upstream. */
  readonly reroute: (resident: Resident, dueAtMs: number) => void;
  /** Lets it begin with a permit that is now its own. */
  readonly grant: (resident: Resident, permit: Permit) => void;
  /** A claim is over, and the slots are back that nobody used. */
  readonly onOver: () => void;
  readonly onError: (error: unknown) => void;
}

/** Ranks that are claimed together. */
interface Band {
  readonly urgencyMin: number;
  readonly urgencyMax: number;
  readonly due: DueMark;
}

export class Claims {
  readonly #parts: ClaimsParts;
  /** Of what the level of service lets out. */
  readonly #wanted = new DueMark();
  /** Of what it parks. */
  readonly #parked = new DueMark();
  /** The bound between the two when they were last looked at. */
  #bound: number;
  #isUnderWay = false;
  /** Of claims that failed. */
  readonly #backoff = new Backoff();
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** Turns of what the level lets out, less those for which what it parks had its own. */
  #turnsSinceTrickle = 0;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
    this.#bound = parts.flow.urgencyBound;
  }

  /**
   * How many of what is parked may go before what is more urgent: one for so many turns of that. Else,
   * where slots are few, the trickle would take each one that comes free.
   */
  get trickleDue(): number {
    return Math.floor(this.#turnsSinceTrickle / TURNS_PER_TRICKLE);
  }

  tookTrickle(times: number): void {
    this.#turnsSinceTrickle -= times * TURNS_PER_TRICKLE;
  }

  /** One of what the level lets out had its turn. */
  tookTurn(): void {
    this.#turnsSinceTrickle = Math.min(this.#turnsSinceTrickle + 1, PAGE_ROWS);
  }

  /** Whether a claim is out. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Whether rows that are due may be before one of this rank. */
  isBehindRows(urgency: number): boolean {
    const wantedAtMs = this.#wanted.nextAtMs;
    const nextAtMs =
      urgency > this.#bound ? Math.min(wantedAtMs, this.#parked.nextAtMs) : wantedAtMs;
    // Most often nothing is on disk, and then no clock is read.
    return nextAtMs < Number.POSITIVE_INFINITY && nextAtMs <= this.#parts.steady.now();
  }

  /** Whether any row is due. */
  get areDue(): boolean {
    return this.isBehindRows(URGENCY_MAX);
  }

  /**
   * Whether the next probe goes to a row on disk: every other one does after a probe has failed, so that
   * what fails always, and is in memory, is not every probe.
   */
  get isProbesTurn(): boolean {
    const { flow, steady } = this.#parts;
    const isPaused = this.#isUnderWay || steady.now() < this.#notBeforeMs;
    return flow.probesFailed % 2 === 1 && !isPaused && this.areDue;
  }

  /** When something becomes due, or may be claimed again; `null` where nothing is known to. */
  get nextAtMs(): number | null {
    const wantedAtMs = this.#wanted.nextAtMs;
    // Where nothing is parked its mark is not kept up to date.
    const isAnyParked = this.#bound < URGENCY_MAX;
    const parkedAtMs = isAnyParked ? this.#parked.nextAtMs : Number.POSITIVE_INFINITY;
    if (Math.min(wantedAtMs, parkedAtMs) === Number.POSITIVE_INFINITY) return null;
    const nowMs = this.#parts.steady.now();
    const times = [wantedAtMs, parkedAtMs].map((atMs) => Math.max(atMs, this.#notBeforeMs));
    const next = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(next) ? next : null;
  }

  /** A row is due at `dueAtMs`, of whatever rank. False where that is nothing new. */
  note(dueAtMs: number): boolean {
    const isNewHere = this.#wanted.note(dueAtMs);
    return this.#parked.note(dueAtMs) || isNewHere;
  }

  /** The flow control may let out other ranks than before. True where rows are to be looked at again. */
  rescan(): boolean {
    const bound = this.#parts.flow.urgencyBound;
    if (bound === this.#bound) return false;
    this.#bound = bound;
    // Where nothing of any rank is on disk, ten thousand idle upstreams ask for nothing.
    const isAnyKnown = Math.min(this.#wanted.nextAtMs, this.#parked.nextAtMs) < NEVER_MS;
    return isAnyKnown && this.note(0);
  }

  /** Fetches what is due as far as there are slots for it. */
  async fetch(): Promise<void> {
    const { flow, steady, onOver, onError } = this.#parts;
    if (this.#isUnderWay || steady.now() < this.#notBeforeMs) return;
    this.rescan();
    const { wanted, parked } = this.#bands(steady.now());
    const bound = this.#bound;
    if (wanted === null && parked === null) return;
    const permits = { wanted: new Reserved(onError), parked: new Reserved(onError) };
    if (parked !== null) {
      const isNext = wanted === null;
      const asker = { id: null, urgency: parked.urgencyMin, isNext };
      permits.parked.ask(flow, asker, isNext ? PAGE_ROWS : Math.min(flow.trickle, this.trickleDue));
      if (!isNext) this.tookTrickle(permits.parked.size);
    }
    // Once even where nothing is free: who has asked is told when there is.
    const want = Math.min(PAGE_ROWS, Math.max(1, flow.free));
    if (wanted !== null) permits.wanted.ask(flow, CLAIM, want);
    if (permits.wanted.size + permits.parked.size === 0) return;
    this.#isUnderWay = true;
    // Where all were refused they are asked for again, as what was told of meanwhile was not heard here.
    let pauseMs = BARREN_CLAIM_PAUSE_MS;
    try {
      await permits.wanted.settled();
      await permits.parked.settled();
      if (permits.wanted.size + permits.parked.size > 0 && mayStart(flow)) {
        pauseMs = await this.#fetchBands(wanted, parked, permits);
      }
    } catch (error) {
      onError(error);
      pauseMs = this.#backoff.nextMs();
    } finally {
      this.#isUnderWay = false;
      // What it has answered is of the ranks of before: of those of now nothing is known.
      if (this.#bound !== bound) this.note(0);
      // Before they are given back, which is itself a reason to ask again.
      if (pauseMs > 0) this.#notBeforeMs = steady.now() + pauseMs;
      permits.wanted.giveBack();
      permits.parked.giveBack();
    }
    onOver();
  }

  #bands(nowMs: number): { readonly wanted: Band | null; readonly parked: Band | null } {
    const bound = Math.min(this.#bound, URGENCY_MAX);
    const wanted = { urgencyMin: 0, urgencyMax: bound, due: this.#wanted };
    const parked = { urgencyMin: bound + 1, urgencyMax: URGENCY_MAX, due: this.#parked };
    // Crises do not wait on disk.
    return {
      wanted: bound > 0 && this.#wanted.isDue(nowMs) ? wanted : null,
      parked: bound < URGENCY_MAX && this.#parked.isDue(nowMs) ? parked : null,
    };
  }

  /** Resolves to the pause that the next claim has to keep. */
  async #fetchBands(
    wanted: Band | null,
    parked: Band | null,
    permits: { readonly wanted: Reserved; readonly parked: Reserved },
  ): Promise<number> {
    const { passOver, steady } = this.#parts;
    const passedOver = passOver();
    let hasBrought = false;
    if (wanted !== null && permits.wanted.size > 0) {
      hasBrought = await this.#fetchBand(wanted, permits.wanted, passedOver);
      // Nobody more urgent wants what is left of them.
      if (!wanted.due.isDue(steady.now())) permits.parked.takeOver(permits.wanted);
    }
    if (parked !== null && permits.parked.size > 0) {
      hasBrought = (await this.#fetchBand(parked, permits.parked, passedOver)) || hasBrought;
    }
    this.#backoff.reset();
    // Rows that are passed over from now on are not brought again: there may be many of them.
    const isBarren = !hasBrought && passOver().length === passedOver.length;
    return isBarren ? BARREN_CLAIM_PAUSE_MS : 0;
  }

  /** Gives each row that is due one of these permits. True where that brought anything to run. */
  async #fetchBand(
    { urgencyMin, urgencyMax, due }: Band,
    permits: Reserved,
    passOver: PassOver,
  ): Promise<boolean> {
    const { flow, store, journal, steady, routes } = this.#parts;
    const nowMs = steady.now();
    due.asked();
    // Those fetched before are due on disk until what was ordered for them is written.
    journal.sendAll();
    const ask = { routes: routes(), urgencyMin, urgencyMax, nowMs, limit: permits.size, passOver };
    const from = Math.min(urgencyMax, probeRank(flow));
    let answer = await store.claim({ ...ask, urgencyMin: Math.max(urgencyMin, from) });
    const isInPart = from > urgencyMin;
    if (isInPart && answer.rows.length === 0) answer = await store.claim(ask);
    const { rows, nextDueAtMs } = answer;
    if (rows.length > 0) faultPoint('queue.afterClaim');
    due.answered(nextDueAtMs);
    // Of the ranks above it nothing is known yet.
    if (isInPart && rows.length > 0) due.note(nowMs);
    let hasBrought = false;
    for (const row of rows) {
      if (mayStart(flow)) hasBrought = this.#giveToOthers(row.urgency, permits) || hasBrought;
      if (permits.size === 0 || !mayStart(flow)) {
        // Nothing was changed by fetching it: it is still due.
        due.note(row.dueAtMs ?? nowMs);
        break;
      }
      hasBrought = this.#bring(row, permits, nowMs) || hasBrought;
    }
    if (!mayStart(flow)) return hasBrought;
    return this.#giveToOthers(urgencyMax, permits) || hasBrought;
  }

  #bring(row: StoredOperation, permits: Reserved, nowMs: number): boolean {
    const { flow, revive, reroute, grant } = this.#parts;
    const resident = revive(row);
    if (resident === null) return false;
    if ((resident.handler?.upstream ?? flow.upstream) !== flow.upstream) {
      reroute(resident, row.dueAtMs ?? nowMs);
      return true;
    }
    permits.use((permit) => {
      grant(resident, permit);
    });
    if (row.urgency <= this.#bound) this.tookTurn();
    return true;
  }

  /** What was in flight at a crash, and calls that wait, go before what is less urgent (SV-3). */
  #giveToOthers(urgency: number, permits: Reserved): boolean {
    let hasGiven = false;
    while (permits.size > 0 && permits.use((permit) => this.#parts.giveToOther(urgency, permit))) {
      hasGiven = true;
    }
    return hasGiven;
  }
}

/**
 * The rank from which on the next probe is looked for. After each probe that failed it is another, and
 * within a rank what was tried waits behind the others: so one request that fails always does not keep an
 * upstream down that is well for all others (CB-2).
 */
export function probeRank({ probesFailed }: FlowControl): number {
  return probesFailed === 0 ? 0 : 1 + ((probesFailed >> 1) % URGENCY_MAX);
}

/** Whether work is taken up at this upstream: it has started, has not stopped, and no suspect runs alone. */
export function mayStart(flow: FlowControl): boolean {
  const answer = flow.mayRun(CLAIM);
  if (answer.may) return true;
  const { because } = answer;
  return because !== 'start' && because !== 'stopping' && because !== 'suspect';
}

/** Permits reserved for rows that are not fetched yet. What is not used of them is given back. */
class Reserved {
  readonly #permits: Permit[] = [];
  #late: Promise<Permit | null>[] = [];
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Those that are there, and those that are asked for. */
  get size(): number {
    return this.#permits.length + this.#late.length;
  }

  ask(flow: FlowControl, asker: Asker, want: number): void {
    for (let left = want; left > 0; left -= 1) {
      const answer = flow.enter(asker);
      if (answer === null) return;
      if (answer instanceof Promise) this.#late.push(answer);
      else this.#permits.push(answer);
    }
  }

  /** Waits for the answers to those that were asked for. */
  async settled(): Promise<void> {
    if (this.#late.length === 0) return;
    const failed = (error: unknown): null => {
      this.#onError(error);
      return null;
    };
    const answers = await Promise.all(this.#late.map((answer) => answer.catch(failed)));
    this.#late = [];
    this.#permits.push(...answers.filter((permit) => permit !== null));
  }

  takeOver(others: Reserved): void {
    this.#permits.push(...others.#permits.splice(0));
  }

  /** Hands one on, unless `hand` answers `false`. */
  use(hand: (permit: Permit) => boolean | void): boolean {
    const permit = this.#permits.pop();
    if (permit === undefined) return false;
    if (hand(permit) !== false) return true;
    this.#permits.push(permit);
    return false;
  }

  giveBack(): void {
    for (const permit of this.#permits.splice(0)) giveBack(permit);
  }
}
