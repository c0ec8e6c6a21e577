/**
 * The rows of one upstream that wait on disk, fetched when slots are free: slots first, rows second, so
 * that what is fetched can run at once and need not be put back (OP-6). It is known for each rank when its
 * next row may be due, so that nobody in memory goes before what is more urgent on disk, and the disk is
 * asked only where that may be (DG-2, DG-3).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  lessUrgent,
  NO_RANKS,
  only,
  type RankSet,
  URGENCY_MAX,
  upTo,
} from '../../machines/vocabulary/urgency.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type {
  ClaimQuery,
  PassOver,
  QueueStore,
  StoredOperation,
  SubjectChoice,
} from '../../persistence/port/store.ts';
import { Backoff } from '../journal/background.ts';
import type { Journal } from '../journal/journal.ts';
import { type Asker, giveBack, type Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import { Slices } from '../platform/slices.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { UpstreamScheduler } from './upstreamScheduler.ts';

const RANKS = URGENCY_MAX + 1;
const never = (): number[] => Array.from({ length: RANKS }, () => Number.POSITIVE_INFINITY);

export class DueMarks {
  readonly #nextAtMs = never();
  /** The earliest of each that was noted while a claim was out, of which its answer may not know. */
  readonly #notedAtMs = never();
  /** The earliest of all; where it is `Infinity` nothing is known to be on disk. */
  firstAtMs = Number.POSITIVE_INFINITY;

  /** The ranks in which rows may be due. */
  dueBy(nowMs: number): RankSet {
    let ranks = NO_RANKS;
    if (this.firstAtMs > nowMs) return ranks;
    for (let rank = 1; rank < RANKS; rank += 1) {
      if ((this.#nextAtMs[rank] ?? nowMs) <= nowMs) ranks |= only(rank);
    }
    return ranks;
  }

  /** The earliest mark after this; `Infinity` for none. */
  nextAfter(nowMs: number): number {
    return this.#nextAtMs.reduce(
      (first, atMs) => (atMs > nowMs && atMs < first ? atMs : first),
      Number.POSITIVE_INFINITY,
    );
  }

  /** A row of this rank, or of any where it is `null`, is due then. False where that is nothing new. */
  note(dueAtMs: number, rank: number | null): boolean {
    if (rank !== null) return this.#note(dueAtMs, Math.max(1, rank));
    let isNew = false;
    for (let each = 1; each < RANKS; each += 1) isNew = this.#note(dueAtMs, each) || isNew;
    return isNew;
  }

  /** A claim of these ranks goes out: what is noted from now on its answer may not know of. */
  asked(from: number, to: number): void {
    this.#notedAtMs.fill(Number.POSITIVE_INFINITY, from, to + 1);
  }

  /**
   * A claim of these ranks has brought all that is due in them, and none of the others is due before this;
   * `null` for none.
   */
  answered(from: number, to: number, nextDueAtMs: number | null): void {
    for (let rank = from; rank <= to; rank += 1) {
      const notedAtMs = this.#notedAtMs[rank] ?? Number.POSITIVE_INFINITY;
      this.#nextAtMs[rank] = Math.min(nextDueAtMs ?? Number.POSITIVE_INFINITY, notedAtMs);
    }
    this.firstAtMs = Math.min(...this.#nextAtMs);
  }

  #note(dueAtMs: number, rank: number): boolean {
    this.#notedAtMs[rank] = Math.min(this.#notedAtMs[rank] ?? dueAtMs, dueAtMs);
    if (dueAtMs >= (this.#nextAtMs[rank] ?? dueAtMs)) return false;
    this.#nextAtMs[rank] = dueAtMs;
    this.firstAtMs = Math.min(this.firstAtMs, dueAtMs);
    return true;
  }
}

/** Rows fetched from disk at a time. */
export const PAGE_ROWS = 192;
/** Asks for a slot before it is known whose call it will be. */
export const CLAIM: Asker = { id: null, urgency: 0 };
/** The same beside the type whose slow calls hold the slots. */
const CLAIM_BESIDE: Asker = { id: null, urgency: 0, isNext: true, isBeside: true };
/** Pause after a claim that brought nothing to run, so that a defect can't spin. */
export const BARREN_CLAIM_PAUSE_MS = 100;

/** What a line stands on. */
export interface LineParts {
  readonly flow: UpstreamScheduler;
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly onError: (error: unknown) => void;
}

/** A read of many rows, from before it is asked for until the last row is used. */
export interface PageRead {
  /** True for a row that was read too early: its operation has written another since, and left memory. */
  isStale(row: Pick<StoredOperation, 'id' | 'revision'>): boolean;
  end(): void;
}

/** Operations of a line: how they come to memory, have their turn, and leave. `Dispatcher` (actors/work/dispatcher.ts) is one. */
export interface LineWork {
  /** Rows that can't be run here. */
  readonly passOver: PassOver;
  /** Begins a read of rows, which are brought to memory later. */
  page(): PageRead;
  /** Brings a row to memory; `null` when it is there already or can't be read. */
  revive(row: StoredOperation): Resident | null;
  /** Sends one to where it belongs, which was claimed here and goes to another upstream. */
  reroute(resident: Resident, dueAtMs: number): void;
  /** Takes one out of memory that rests on disk. */
  passivate(resident: Resident): void;
  /** Lets it begin with a permit that is now its own. */
  grant(resident: Resident, permit: Permit): void;
}

/** The line that rows are claimed for. */
export interface ClaimingLine {
  readonly work: LineWork;
  /** What is claimed at present. */
  readonly claimed: readonly string[];
  /** Gives this permit to a suspect or a guarded call of one of these ranks; `false` for none. */
  giveToOther(ranks: RankSet, permit: Permit): boolean;
  /** One of this rank has its turn: as the next, or one that was owed to it. */
  tookTurn(urgency: number, isShare: boolean): void;
  /** A claim is over, and the slots are back that nobody used. */
  pump(): void;
}

/** Ranks that are claimed together. */
interface Band {
  readonly from: number;
  readonly to: number;
  /** They have a turn that is owed to them, before what is more urgent. */
  readonly isShare: boolean;
}

/** What is to be fetched: one or both. */
export interface Wanted {
  /** Ranks up to this: what else waits is less urgent. `null` for none. */
  readonly first: number | null;
  /** A rank that has as many turns owed to it. */
  readonly share: { readonly rank: number; readonly turns: number } | null;
  /** While the upstream is down: whose turn it is, one of each of these groups of routes, in their order. */
  readonly probes?: ProbeGroups | undefined;
  /** The probes are none: one of the group goes beside the type whose slow calls hold the slots. */
  readonly isBeside?: boolean;
}

/** In which order the next probes are looked for. */
export interface ProbeGroups {
  readonly groups: readonly (readonly string[])[];
  /** None of them has any that is due. */
  readonly onNone: () => void;
}

export class Claims {
  readonly #line: ClaimingLine;
  readonly #parts: LineParts;
  /** When rows of each rank may be due. */
  readonly marks = new DueMarks();
  #isUnderWay = false;
  /** The read that is under way. */
  #page: PageRead | null = null;
  /** Pauses after claims that failed. */
  readonly #backoff = new Backoff();
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(line: ClaimingLine, parts: LineParts) {
    this.#line = line;
    this.#parts = parts;
  }

  /** Whether one may go out now. */
  get mayGo(): boolean {
    return !this.#isUnderWay && !this.isPaused;
  }

  /** Whether the last one has failed, or brought nothing, and it is not asked again yet. */
  get isPaused(): boolean {
    return this.#parts.steady.now() < this.#notBeforeMs;
  }

  /** The ranks in which rows may be due. */
  get dueRanks(): RankSet {
    // Most often nothing is on disk, and then no clock is read.
    if (this.marks.firstAtMs === Number.POSITIVE_INFINITY) return NO_RANKS;
    return this.marks.dueBy(this.#parts.steady.now());
  }

  /** When something becomes due, or may be claimed again; `null` where nothing is known to. */
  get nextAtMs(): number | null {
    if (this.marks.firstAtMs === Number.POSITIVE_INFINITY) return null;
    const nowMs = this.#parts.steady.now();
    const isHeldUp = this.#notBeforeMs > nowMs;
    const next = Math.max(this.marks.nextAfter(nowMs), this.#notBeforeMs);
    const first = isHeldUp && this.marks.firstAtMs <= nowMs ? this.#notBeforeMs : next;
    return Number.isFinite(first) ? first : null;
  }

  /** A row of this rank, or of any, is due at `dueAtMs`. False where that is nothing new. */
  note(dueAtMs: number, rank: number | null): boolean {
    return this.marks.note(dueAtMs, rank);
  }

  /** Fetches what is due of the wanted ranks, as far as there are slots for it. */
  async fetch({ first, share, probes, isBeside = false }: Wanted): Promise<void> {
    if (!this.mayGo) return;
    const { flow, steady, onError } = this.#parts;
    const permits = { first: new Reserved(), share: new Reserved() };
    if (share !== null) {
      const asker = { id: null, urgency: share.rank, isShare: true };
      permits.share.ask(flow, asker, share.turns);
    }
    // Once even where nothing is free: who has asked is told when there is.
    const want = isBeside ? 1 : Math.min(PAGE_ROWS, Math.max(1, flow.free));
    if (first !== null) permits.first.ask(flow, isBeside ? CLAIM_BESIDE : CLAIM, want);
    if (permits.first.size + permits.share.size === 0) return;
    this.#isUnderWay = true;
    const page = this.#line.work.page();
    this.#page = page;
    let pauseMs = 0;
    try {
      // What this turn still writes goes to the disk first, and what is in memory is looked at by the old marks.
      await Promise.resolve();
      pauseMs =
        probes === undefined
          ? await this.#fetchBands({ first, share }, permits)
          : await this.#fetchProbes(probes, permits.first, !isBeside);
    } catch (error) {
      onError(error);
      pauseMs = this.#backoff.nextMs();
    } finally {
      this.#isUnderWay = false;
      page.end();
      // Before they are given back, which is itself a reason to ask again.
      if (pauseMs > 0) this.#notBeforeMs = steady.now() + pauseMs;
      permits.first.giveBack();
      permits.share.giveBack();
    }
    // What became ready meanwhile may have missed the slots that were reserved.
    this.#line.pump();
  }

  /** One of each group, as far as there are permits. */
  async #fetchProbes(
    { groups, onNone }: ProbeGroups,
    permits: Reserved,
    isForOthers: boolean,
  ): Promise<number> {
    const { flow, journal, steady } = this.#parts;
    const band = { from: 0, to: URGENCY_MAX, isShare: false };
    const nowMs = steady.now();
    const from = Math.min(URGENCY_MAX, probeRank(flow));
    const { passOver } = this.#line.work;
    journal.sendAll();
    let hasBrought = isForOthers && mayStart(flow) && this.#giveToOthers(band, from, permits);
    for (const routes of groups) {
      if (permits.size === 0 || !mayStart(flow)) break;
      const ask = { routes, urgencyMax: URGENCY_MAX, nowMs, limit: 1, passOver };
      const row = await this.#probeOf(ask, from);
      if (row !== undefined && permits.size > 0 && mayStart(flow)) {
        faultPoint('queue.afterClaim');
        hasBrought = this.#bring(row, band, permits, nowMs) || hasBrought;
      }
    }
    if (isForOthers && mayStart(flow))
      hasBrought = this.#giveToOthers(band, URGENCY_MAX, permits) || hasBrought;
    if (!hasBrought) onNone();
    this.#backoff.reset();
    return 0;
  }

  /** The next to be tried: of a subject that has not failed, where there is one; from this rank on, where there is one. */
  async #probeOf(
    ask: Omit<ClaimQuery, 'urgencyMin' | 'subjects'>,
    from: number,
  ): Promise<StoredOperation | undefined> {
    const { store, flow } = this.#parts;
    const failed = flow.types.failedSubjects;
    const choices = failed.length === 0 ? [] : [{ names: failed, isOnly: false }];
    for (const subjects of [...choices, notParked(flow)]) {
      for (const urgencyMin of new Set([from, 0])) {
        const { rows } = await store.claim({ ...ask, urgencyMin, subjects });
        if (rows.length > 0) return rows[0];
      }
    }
    return undefined;
  }

  /** Resolves to the pause that the next claim has to keep. */
  async #fetchBands(
    { first, share }: Wanted,
    permits: { readonly first: Reserved; readonly share: Reserved },
  ): Promise<number> {
    const { work } = this.#line;
    const passedOver = work.passOver;
    let isBarren = true;
    let isMoreDue = true;
    if (first !== null && permits.first.size > 0) {
      const band = { from: 0, to: first, isShare: false };
      const brought = await this.#fetchBand(band, permits.first, passedOver);
      ({ isBarren, isMoreDue } = brought);
    }
    // Where there was room for all of them nobody is owed a turn before them.
    const isOwed = share !== null && (isMoreDue || share.rank > (first ?? 0));
    if (isOwed && permits.share.size > 0) {
      const band = { from: share.rank, to: share.rank, isShare: true };
      const brought = await this.#fetchBand(band, permits.share, passedOver);
      isBarren = brought.isBarren && isBarren;
    }
    this.#backoff.reset();
    // Rows that are passed over from now on are not brought again: there may be many of them.
    return isBarren && work.passOver.length === passedOver.length ? BARREN_CLAIM_PAUSE_MS : 0;
  }

  /** Gives each row that is due one of these permits. */
  async #fetchBand(
    band: Band,
    permits: Reserved,
    passOver: PassOver,
  ): Promise<{
    /** Rows came and none of them could run; asked again at once they might come again. */
    readonly isBarren: boolean;
    /** More is due than there were permits for. */
    readonly isMoreDue: boolean;
  }> {
    const { clock, flow, store, journal, steady } = this.#parts;
    const { to } = band;
    const nowMs = steady.now();
    const from = Math.max(band.from, Math.min(to, probeRank(flow)));
    // Those fetched before are due on disk until what was ordered for them is written.
    journal.sendAll();
    const subjects = notParked(flow);
    const ask = {
      routes: this.#line.claimed,
      urgencyMax: to,
      nowMs,
      limit: permits.size,
      passOver,
      subjects,
    };
    let asked = from;
    this.marks.asked(from, to);
    let answer = await store.claim({ ...ask, urgencyMin: from });
    if (from > band.from && answer.rows.length === 0) {
      asked = band.from;
      this.marks.asked(asked, to);
      answer = await store.claim({ ...ask, urgencyMin: asked });
    }
    const { rows, nextDueAtMs } = answer;
    if (rows.length > 0) faultPoint('queue.afterClaim');
    const isMoreDue = nextDueAtMs !== null && nextDueAtMs <= nowMs;
    // Where it was full it says nothing of those that it left out, and nothing that is new of the others.
    if (!isMoreDue) this.marks.answered(asked, to, nextDueAtMs);
    let hasBrought = false;
    let isOver = false;
    await Slices.of(clock).each(rows, (row) => {
      if (isOver) return;
      if (mayStart(flow)) hasBrought = this.#giveToOthers(band, row.urgency, permits) || hasBrought;
      isOver = permits.size === 0 || !mayStart(flow);
      // Nothing was changed by fetching it: it is still due.
      if (isOver) this.marks.note(row.dueAtMs ?? nowMs, null);
      else hasBrought = this.#bring(row, band, permits, nowMs) || hasBrought;
    });
    if (mayStart(flow)) hasBrought = this.#giveToOthers(band, to, permits) || hasBrought;
    return { isBarren: !hasBrought && (rows.length > 0 || isMoreDue), isMoreDue };
  }

  #bring(row: StoredOperation, { isShare }: Band, permits: Reserved, nowMs: number): boolean {
    const { flow } = this.#parts;
    const { work } = this.#line;
    if (this.#page?.isStale(row) === true) {
      // It is asked for again, as it is now.
      this.marks.note(nowMs, null);
      return true;
    }
    const resident = work.revive(row);
    if (resident === null) return false;
    if ((resident.handler?.upstream ?? flow.upstream) !== flow.upstream) {
      work.reroute(resident, row.dueAtMs ?? nowMs);
      return true;
    }
    permits.use((permit) => {
      work.grant(resident, permit);
    });
    this.#line.tookTurn(row.urgency, isShare);
    return true;
  }

  /** What was in flight at a crash, and calls that wait, go before what is less urgent (SV-3). */
  #giveToOthers({ from, isShare }: Band, rank: number, permits: Reserved): boolean {
    const ranks = lessUrgent(upTo(rank), from - 1);
    let hasGiven = false;
    while (permits.size > 0 && permits.use((permit) => this.#line.giveToOther(ranks, permit))) {
      hasGiven = true;
      this.#line.tookTurn(isShare ? rank : 0, isShare);
    }
    return hasGiven;
  }
}

/**
 * The rank from which on the next probe is looked for. After each probe that failed it is another, and
 * within a rank what was tried waits behind the others: so one request that fails always does not keep an
 * upstream down that is well for all others (CB-2).
 */
export function probeRank({ probesFailed }: UpstreamScheduler): number {
  return probesFailed === 0 ? 0 : 1 + ((probesFailed >> 1) % URGENCY_MAX);
}

/** All but the subjects that are parked by themselves; `undefined` for all. */
function notParked({ types }: UpstreamScheduler): SubjectChoice | undefined {
  const { parkedSubjects } = types;
  return parkedSubjects.size === 0 ? undefined : { names: [...parkedSubjects], isOnly: false };
}

/** Whether work is taken up at this upstream: it has started, has not stopped, and no suspect runs alone. */
export function mayStart(flow: UpstreamScheduler): boolean {
  const answer = flow.mayRun(CLAIM);
  if (answer.may) return true;
  const { because } = answer;
  return because !== 'start' && because !== 'stopping' && because !== 'suspect';
}

/** Permits reserved for rows that are not fetched yet. Those that are not used are given back. */
class Reserved {
  readonly #permits: Permit[] = [];

  get size(): number {
    return this.#permits.length;
  }

  ask(flow: UpstreamScheduler, asker: Asker, want: number): void {
    for (let left = want; left > 0; left -= 1) {
      const permit = flow.tryEnter(asker);
      if (permit === null) return;
      this.#permits.push(permit);
    }
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
