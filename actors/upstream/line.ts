/**
 * The line at one upstream: all that waits for a slot there, and the only place where permits are given. Who
 * waits are operations in memory, rows on disk, which are fetched when slots are free, and others that have
 * joined. Memory follows work in flight, not the length of the line (OP-6).
 *
 * @module
 */

import { TurnShare } from '../../machines/scheduler/mayRun.ts';
import type { MayRun } from '../../machines/vocabulary/standing.ts';
import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  URGENCY_MAX,
  upTo,
} from '../../machines/vocabulary/urgency.ts';
import { type Asker, giveBack, type Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import {
  CLAIM,
  type ClaimingLine,
  Claims,
  type LineParts,
  type LineWork,
  probeRank,
  type Wanted,
} from './claims.ts';
import type { CrisisDelivery, CrisisSlots, SlotHold } from './crisisSlots.ts';
import { ParkedWork, type ParkingLine } from './parkedWork.ts';
import { ReadyQueue } from './readyQueue.ts';
import type { UpstreamScheduler } from './upstreamScheduler.ts';
import type { WorkWatch } from './workWatch.ts';

/** So long after none of a quick type was found on disk it is looked for again. */
const ASK_BESIDE_MS = 1_000;

/** Work that waits in a line beside its operations, in an order of its own within a rank. */
export interface Waiters {
  readonly queue: Pick<ReadyQueue<never>, 'ranks'>;
  /** The ranks of those in the queue that might have a slot. */
  readonly ranks: RankSet;
  /** Gives this permit to the most urgent of these ranks, before an operation of them; `false` for none. */
  take(ranks: RankSet, permit: Permit): boolean;
  /** Lets the next have a slot that no operation in memory takes; `false` where it gets none. */
  startNext(): boolean;
}

/** Before the operations of this process can be reached nothing runs. */
const NO_WORK: LineWork = {
  passOver: [],
  page: () => ({ isStale: () => false, end: () => undefined }),
  revive: () => null,
  reroute: () => undefined,
  passivate: () => undefined,
  grant: (_, permit) => {
    giveBack(permit);
  },
};

export class Line implements ClaimingLine, ParkingLine {
  readonly flow: UpstreamScheduler;
  /** The routes whose rows it claims, those of parked types included; see {@link Routes}. */
  readonly routes: string[];
  readonly #parts: LineParts;
  readonly #watch: WorkWatch;
  /** Slots that are kept for crises. */
  readonly #reserve: CrisisSlots;
  /** In memory; their rows are `due` on disk. */
  readonly #ready = new ReadyQueue<Resident>();
  readonly #claims: Claims;
  readonly #parked: ParkedWork;
  readonly #others: Waiters[] = [];
  readonly #share: TurnShare;
  #work = NO_WORK;
  /** How often it was noted that rows are due. */
  #noted = 0;
  /** The turn of a probe at which nothing that is due was found on disk. */
  #emptyAt = '';
  /** How often that was when none of a quick type was found on disk, and when it is looked for again. */
  #noneBesideAt = -1;
  #askBesideAtMs = 0;
  #isGranting = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: LineParts, watch: WorkWatch, reserve: CrisisSlots) {
    this.#parts = parts;
    this.#watch = watch;
    this.#reserve = reserve;
    this.flow = parts.flow;
    this.routes = [parts.flow.upstream];
    this.#share = new TurnShare(Math.floor(parts.steady.now()));
    this.#parked = new ParkedWork(this, parts);
    this.#claims = new Claims(this, parts);
  }

  get work(): LineWork {
    return this.#work;
  }

  /** Serves these operations from now on. */
  serve(work: LineWork): void {
    this.#work = work;
  }

  /** They wait in it too, behind those that have joined before. */
  join(waiters: Waiters): void {
    this.#others.push(waiters);
  }

  /** More is parked: what waits of it leaves memory. */
  parkedChanged(isFreed: boolean): void {
    for (const resident of this.#ready.all) {
      if (this.isParked(resident) && this.forget(resident)) this.#work.passivate(resident);
    }
    if (isFreed) this.noteDue(0);
  }

  /** Whether its type or its subject is parked by itself: its work rests on disk. */
  isParked({ route, subject }: Pick<Resident, 'route' | 'subject'>): boolean {
    return this.flow.types.isParked(route, subject);
  }

  /** The routes that are claimed, without those of parked types. */
  get claimed(): readonly string[] {
    return this.#parked.without(this.routes);
  }

  /** True while rows on disk may be due that go before one of this rank. */
  isBehindRows(urgency: number): boolean {
    return mostUrgent(this.#claims.dueRanks) <= urgency;
  }

  /** The most urgent that is known to wait here, as one who asks; `null` where nothing does. */
  get next(): Asker | null {
    const ready = this.#ready.first();
    const onDisk = mostUrgent(this.#claims.dueRanks);
    if (ready !== undefined && ready.urgency <= onDisk) {
      return { id: ready.id, urgency: ready.urgency, isNext: true };
    }
    return Number.isFinite(onDisk) ? { id: null, urgency: onDisk, isNext: true } : null;
  }

  /** Whether anything waits here, for its turn or for the time of that. */
  get isAwaited(): boolean {
    const { firstAtMs } = this.#claims.marks;
    return (this.#ready.ranks | this.#ranksOfOthers) !== NO_RANKS || Number.isFinite(firstAtMs);
  }

  /** Whether anything is before a request that arrives now, whatever its rank. */
  get isCrowded(): boolean {
    return !this.#isEmpty && this.#waiting !== NO_RANKS;
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  /** Adds an operation that is in memory and waits for a slot. */
  add(resident: Resident): void {
    this.#ready.add(resident);
    this.#watch.waiting(this.#parts.steady.now());
    this.pump();
  }

  /** Removes an operation that no longer waits. False where it did not. */
  forget(resident: Resident): boolean {
    return this.#ready.delete(resident);
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart({ id, urgency, route, subject }: Asker): Permit | null {
    const isEmpty = this.#isEmpty;
    const isBehindOthers =
      !isEmpty &&
      (this.isBehindRows(urgency) ||
        this.#ready.first(upTo(urgency)) !== undefined ||
        this.#shareDue !== null);
    const permit = isBehindOthers
      ? null
      : this.flow.tryEnter({ id, urgency, isNext: true, route, subject });
    if (permit !== null) this.#share.took(urgency, isEmpty ? NO_RANKS : this.#waiting);
    return permit;
  }

  /**
   * Runs `begin` in this call where the reserve has a slot, else as soon as it has: whatever else waits here, and
   * whatever the table says (CB-3).
   */
  enterCrisis(delivery: CrisisDelivery, begin: () => void): SlotHold {
    return this.#reserve.enter(delivery, begin);
  }

  /** A permit for one that has its turn apart from the others, or has lost its own; `null` when it has to wait. */
  tryOne({ id, urgency }: Asker, isAlone = false): Permit | null {
    return this.flow.tryEnter({ id, urgency, isAlone });
  }

  /** A permit for a guarded call that arrives, or has waited; `null` when it has to wait. */
  tryCall(urgency: number): Permit | null {
    return this.flow.tryEnter(this.#callOf(urgency));
  }

  /** Whether a guarded call of this rank may begin. */
  mayCall(urgency: number): MayRun {
    return this.flow.mayRun(this.#callOf(urgency));
  }

  /** A parked rank asks as the next where no operation goes before it: then it takes nobody's slot. */
  #callOf(urgency: number): Asker {
    const isNext = urgency > this.flow.urgencyBound && urgency <= this.#firstOperation;
    return (isNext ? NEXT_CALLS : CALLS)[urgency] ?? ANY_CALL;
  }

  /** The rank of the most urgent operation; while nothing can be made durable none takes a slot, however urgent. */
  get #firstOperation(): number {
    if (this.flow.isStorageDown) return Number.POSITIVE_INFINITY;
    return this.next?.urgency ?? Number.POSITIVE_INFINITY;
  }

  /** A row of this upstream is due at `dueAtMs`; of this rank and route, where these are known. */
  noteDue(dueAtMs: number, urgency: number | null = null, route: string | null = null): void {
    if (route !== null && this.#parked.note(route, dueAtMs)) {
      this.pump();
      return;
    }
    if (route === null) this.#parked.noteAll();
    this.#noted += 1;
    if (!this.#claims.note(dueAtMs, urgency)) return;
    const { steady } = this.#parts;
    this.#watch.waiting(Math.max(dueAtMs, steady.now()));
    if (dueAtMs <= steady.now()) this.pump();
    else this.#arm();
  }

  /** Gives free slots to what waits, the most urgent first. */
  pump(): void {
    if (this.#isEmpty && this.#cancelTimer === null) return;
    this.#parked.review();
    if (this.#parked.goesFirst) this.#parked.pump(false);
    this.#grantAll();
    const wanted = this.#wantedOfDisk();
    if (wanted !== null) {
      void this.#claims.fetch(wanted);
      // What it has not reserved is for what is in memory.
      this.#grantAll();
    }
    this.#parked.pump(this.#waiting !== NO_RANKS);
    this.#pumpBeside();
    this.#arm();
  }

  /** While one type's slow calls hold the slots, the next of a quick one goes beside them. */
  #pumpBeside(): void {
    if (this.#waiting === NO_RANKS) return;
    const routes = this.flow.beside(this.claimed);
    if (routes.length === 0) return;
    const resident = this.#ready.firstFit(0, ({ route }) => routes.includes(route));
    if (resident !== undefined) {
      const { id, urgency, route } = resident;
      const permit = this.flow.tryEnter({ id, urgency, route, isNext: true, isBeside: true });
      if (permit === null) return;
      this.#ready.delete(resident);
      this.#work.grant(resident, permit);
      return;
    }
    const nowMs = this.#parts.steady.now();
    if (this.#noted === this.#noneBesideAt && nowMs < this.#askBesideAtMs) return;
    if (this.#claims.dueRanks === NO_RANKS) return;
    const onNone = (): void => {
      this.#noneBesideAt = this.#noted;
      this.#askBesideAtMs = nowMs + ASK_BESIDE_MS;
    };
    void this.#claims.fetch({
      ...{ first: URGENCY_MAX, share: null, isBeside: true },
      probes: { groups: [routes], onNone },
    });
  }

  #grantAll(): void {
    // What is given to one may have another come to rest, which is taken up here.
    if (this.#isGranting) return;
    this.#isGranting = true;
    try {
      while (this.#grantNext());
    } finally {
      this.#isGranting = false;
    }
  }

  /** Nothing waits here, now or for its time, and none of it is parked: what most calls find. */
  get #isEmpty(): boolean {
    const { firstAtMs } = this.#claims.marks;
    if (this.#ready.ranks !== NO_RANKS || Number.isFinite(firstAtMs) || !this.#parked.isIdle)
      return false;
    for (const { queue } of this.#others) if (queue.ranks !== NO_RANKS) return false;
    return true;
  }

  /** The ranks of all that wait here. */
  get #waiting(): RankSet {
    return this.#ready.ranks | this.#claims.dueRanks | this.#ranksOfOthers;
  }

  get #ranksOfOthers(): RankSet {
    let ranks = NO_RANKS;
    for (const others of this.#others) ranks |= others.ranks;
    return ranks;
  }

  /** The rank that is owed a turn before what is more urgent, and may have it; `null` for none. */
  get #shareDue(): number | null {
    if (this.#share.owed === 0 || this.flow.isDown || this.flow.trickle <= 0) return null;
    return this.#share.rankOwed(this.#waiting);
  }

  tookTurn(urgency: number, isShare: boolean): void {
    if (isShare) this.#share.tookShare(urgency, 1);
    else this.#share.took(urgency, this.#waiting);
  }

  /** True where one has had a permit. */
  #grantNext(): boolean {
    if (this.#grantOperation()) return true;
    for (const others of this.#others) {
      if (!this.#isFetchedBefore(others.ranks) && others.startNext()) return true;
    }
    return false;
  }

  /** Whether rows are about to be fetched that go before all of these, or are owed a turn: they reserve their slots first. */
  #isFetchedBefore(ranks: RankSet): boolean {
    if (ranks === NO_RANKS || this.#claims.dueRanks === NO_RANKS) return false;
    if (!this.#claims.mayGo || !this.flow.mayRun(CLAIM).may) return false;
    const wanted = this.#wantedOfDisk();
    if (wanted === null) return false;
    return wanted.share !== null || this.isBehindRows(mostUrgent(ranks));
  }

  /** To the next that is in memory, unless another goes before it. */
  #grantOperation(): boolean {
    if (this.flow.isDown) return this.#grantProbe();
    const rank = this.#shareDue;
    const owed = rank === null ? undefined : this.#ready.first(only(rank));
    if (rank !== null && owed === undefined) {
      const isOnDisk = (this.#claims.dueRanks & only(rank)) !== NO_RANKS;
      // It is fetched before another has the slot.
      if (isOnDisk && this.#claims.mayGo) return false;
      if (!isOnDisk && this.#giveShareToOther(rank)) return true;
    }
    const resident = owed ?? this.#nextReady();
    return resident !== undefined && this.#enter(resident, owed !== undefined);
  }

  /** This permit goes to one of these ranks that is no operation in line; `false` for none. */
  giveToOther(ranks: RankSet, permit: Permit): boolean {
    for (const others of this.#others) if (others.take(ranks, permit)) return true;
    return false;
  }

  /** False where it has to wait. */
  #enter(resident: Resident, isShare: boolean): boolean {
    const { id, urgency } = resident;
    const permit = this.flow.tryEnter({ id, urgency, isNext: !isShare, isShare });
    if (permit !== null) this.#give(resident, permit, isShare);
    return permit !== null;
  }

  /** The most urgent in memory; none where rows on disk may go before it. */
  #nextReady(): Resident | undefined {
    const first = this.#ready.first();
    if (first === undefined) return undefined;
    const isBehind = mostUrgent(this.#claims.dueRanks) < first.urgency && !this.#claims.isPaused;
    return isBehind ? undefined : first;
  }

  /** The next probe of an upstream that is down goes to one in memory; false where it does not. */
  #grantProbe(): boolean {
    if (this.#ready.ranks === NO_RANKS) return false;
    const answer = this.flow.mayRun({ id: null, urgency: 0, isNext: true });
    if (!answer.may) return false;
    const { ready, ahead } = this.#probes();
    if (ahead.length > 0 && this.#claims.mayGo) return false;
    return ready !== undefined && this.#enter(ready, false);
  }

  /**
   * Which is tried next: after a failed probe another type, another subject, another rank, for what fails always
   * must not be every probe (CB-2). Those on disk of the routes `ahead` go before it.
   */
  #probes(): {
    readonly ready: Resident | undefined;
    readonly ahead: readonly (readonly string[])[];
  } {
    const { flow } = this;
    const groups = flow.types.order(this.claimed);
    const inMemory = new Set(this.#ready.all.map(({ route }) => route));
    const at = groups.findIndex((routes) => routes.some((route) => inMemory.has(route)));
    const routes = groups[at];
    const isFit = ({ route }: Resident): boolean => routes?.includes(route) !== false;
    const rank = probeRank(flow);
    const ready =
      this.#ready.firstFit(rank, (each) => isFit(each) && !flow.types.hasFailed(each.subject)) ??
      this.#ready.firstFit(rank, isFit);
    const isAsked = this.#emptyAt === this.#probeTurn;
    if (isAsked || this.#claims.dueRanks === NO_RANKS) return { ready, ahead: [] };
    // Every other one goes to disk, so that one in memory is not every probe.
    const isDisksTurn = flow.probesFailed % 2 === 1;
    return { ready, ahead: at < 0 ? groups : groups.slice(0, isDisksTurn ? at + 1 : at) };
  }

  /** A name of this turn of probes: another after each that fails, and after news of what waits on disk. */
  get #probeTurn(): string {
    return `${this.flow.probesFailed} ${this.#noted}`;
  }

  /** What is owed to a rank of which only suspects or guarded calls wait. */
  #giveShareToOther(rank: number): boolean {
    const permit = this.flow.tryEnter({ id: null, urgency: rank, isShare: true });
    if (permit === null) return false;
    const isGiven = this.giveToOther(only(rank), permit);
    if (isGiven) this.tookTurn(rank, true);
    else giveBack(permit);
    return isGiven;
  }

  /** What is to be fetched from disk before anything else has its turn; `null` for nothing. */
  #wantedOfDisk(): Wanted | null {
    const due = this.#claims.dueRanks;
    if (due === NO_RANKS) return null;
    if (this.flow.isDown) return this.#wantedProbes();
    const ready = this.#ready.first()?.urgency ?? URGENCY_MAX + 1;
    const rank = this.#shareDue;
    const isOwed = rank !== null && (due & only(rank)) !== NO_RANKS;
    const turns = Math.min(this.#share.owed, this.flow.trickle);
    const share = isOwed ? { rank, turns } : null;
    const isNext = mostUrgent(due) < ready;
    return isNext || isOwed ? { first: isNext ? ready - 1 : null, share } : null;
  }

  #wantedProbes(): Wanted | null {
    const all = { first: URGENCY_MAX, share: null };
    if (!this.flow.mayRun({ id: null, urgency: 0, isNext: true }).may) return null;
    const { ready, ahead } = this.#probes();
    // None is due of any type: when the next one is the marks have to learn.
    if (ahead.length === 0) return ready === undefined ? all : null;
    const turn = this.#probeTurn;
    const onNone = (): void => {
      this.#emptyAt = turn;
    };
    return { ...all, probes: { groups: ahead, onNone } };
  }

  /** To this one, which is ready, unless a suspect is as urgent. */
  #give(resident: Resident, permit: Permit, isShare: boolean): void {
    const { urgency } = resident;
    const isGiven = this.giveToOther(isShare ? only(urgency) : upTo(urgency), permit);
    if (!isGiven) this.#ready.delete(resident);
    this.tookTurn(isShare || !isGiven ? urgency : 0, isShare);
    if (!isGiven) this.#work.grant(resident, permit);
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { steady, timers } = this.#parts;
    const claimAtMs = this.#claims.nextAtMs ?? Number.POSITIVE_INFINITY;
    const nextAtMs = Math.min(claimAtMs, this.#parked.nextAtMs ?? Number.POSITIVE_INFINITY);
    if (nextAtMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = timers.after(nextAtMs - steady.now(), () => {
      this.#cancelTimer = null;
      this.pump();
    });
  }
}

/** Askers are the same for every call of a rank. */
const CALLS = callsOf(false);
const NEXT_CALLS = callsOf(true);
const ANY_CALL: Asker = Object.freeze({ id: null, urgency: URGENCY_MAX, isCall: true });

function callsOf(isNext: boolean): readonly Asker[] {
  const ranks = Array.from({ length: URGENCY_MAX + 1 }, (_, urgency) => urgency);
  return ranks.map((urgency) => Object.freeze({ id: null, urgency, isNext, isCall: true }));
}
