/**
 * The work of one upstream that waits: a few operations in memory, the rest on disk, fetched when
 * slots are free. Memory follows work in flight, not the length of the queue (OP-6).
 *
 * @module
 */

import { TurnShare } from '../../machines/scheduler/mayRun.ts';
import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  URGENCY_MAX,
  upTo,
} from '../../machines/vocabulary/urgency.ts';
import { CrisisSlots } from '../flow/crisisSlots.ts';
import { type Asker, type FlowControl, giveBack, type Permit } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../time/timerService.ts';
import { Claims, type ClaimsParts, probeRank, type Wanted } from './claims.ts';
import { ParkedWork } from './parkedWork.ts';
import { ReadyQueue } from './readyQueue.ts';

/** So long after none of a quick type was found on disk it is looked for again. */
const ASK_BESIDE_MS = 1_000;

export interface UpstreamQueueParts extends Omit<ClaimsParts, 'onOver' | 'onTurn'> {
  readonly crisisSlotsMax: () => number;
  readonly timers: TimerService;
  /** The ranks of suspects and guarded calls that wait for a slot here. */
  readonly othersWaiting: () => RankSet;
  /** Slots that were reserved for a claim are free again. */
  readonly onSlotsBack: () => void;
  /** Takes an operation out of memory, whose type or subject is parked. */
  readonly passivate: (resident: Resident) => void;
  /** Something waits from now on, or will at this instant of the steady clock. */
  readonly onWaiting: (atMs: number) => void;
}

export class UpstreamQueue {
  readonly flow: FlowControl;
  readonly crisis: CrisisSlots;
  /** In memory; their rows are `due` on disk. */
  readonly #ready = new ReadyQueue<Resident>();
  readonly #claims: Claims;
  readonly #parked: ParkedWork;
  readonly #share: TurnShare;
  readonly #parts: UpstreamQueueParts;
  /** How often it was noted that rows are due. */
  #noted = 0;
  /** The turn of a probe at which nothing that is due was found on disk. */
  #emptyAt = '';
  /** How often that was when none of a quick type was found on disk, and when it is looked for again. */
  #noneBesideAt = -1;
  #askBesideAtMs = 0;
  #isGranting = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: UpstreamQueueParts) {
    this.#parts = parts;
    this.flow = parts.flow;
    this.crisis = new CrisisSlots(parts.crisisSlotsMax);
    this.#share = new TurnShare(Math.floor(parts.steady.now()));
    this.#parked = new ParkedWork({
      ...parts,
      onParked: () => {
        for (const resident of this.#ready.all) {
          if (this.isParked(resident) && this.forget(resident)) parts.passivate(resident);
        }
      },
      onFreed: () => {
        this.noteDue(0);
      },
    });
    this.#claims = new Claims({
      ...parts,
      routes: () => this.#routes,
      onTurn: (urgency, isShare) => {
        this.#tookTurn(urgency, isShare);
      },
      onOver: () => {
        // What became ready meanwhile may have missed the slots that were reserved, and an operation
        // that waits to run alone has waited for them.
        parts.onSlotsBack();
        this.pump();
      },
    });
  }

  /** Whether its type or its subject is parked by itself: its work rests on disk. */
  isParked({ route, subject }: Pick<Resident, 'route' | 'subject'>): boolean {
    return this.flow.types.isParked(route, subject);
  }

  /** The routes that are claimed, without those of parked types. */
  get #routes(): readonly string[] {
    return this.#parked.without(this.#parts.routes());
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
    const isHere = (this.#ready.ranks | this.#parts.othersWaiting()) !== NO_RANKS;
    return isHere || this.#claims.hasRows;
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  /** It is in memory, and waits for a slot. */
  add(resident: Resident): void {
    this.#ready.add(resident);
    this.#parts.onWaiting(this.#parts.steady.now());
    this.pump();
  }

  /** It no longer waits. False where it did not. */
  forget(resident: Resident): boolean {
    return this.#ready.delete(resident);
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart({ id, urgency, route, subject }: Asker): Permit | null {
    const isBehindOthers =
      this.isBehindRows(urgency) ||
      this.#ready.first(upTo(urgency)) !== undefined ||
      this.#shareDue !== null;
    const permit = isBehindOthers
      ? null
      : this.flow.tryEnter({ id, urgency, isNext: true, route, subject });
    if (permit !== null) this.#tookTurn(urgency, false);
    return permit;
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
    const { steady, onWaiting } = this.#parts;
    onWaiting(Math.max(dueAtMs, steady.now()));
    if (dueAtMs <= steady.now()) this.pump();
    else this.#arm();
  }

  /** Gives free slots to what waits, the most urgent first. */
  pump(): void {
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
    const routes = this.flow.beside(this.#routes);
    if (routes.length === 0) return;
    const resident = this.#ready.firstFit(0, ({ route }) => routes.includes(route));
    if (resident !== undefined) {
      const { id, urgency, route } = resident;
      const permit = this.flow.tryEnter({ id, urgency, route, isNext: true, isBeside: true });
      if (permit === null) return;
      this.#ready.delete(resident);
      this.#parts.grant(resident, permit);
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

  /** The ranks of all that wait here. */
  get #waiting(): RankSet {
    return this.#ready.ranks | this.#claims.dueRanks | this.#parts.othersWaiting();
  }

  /** The rank that is owed a turn before what is more urgent, and may have it; `null` for none. */
  get #shareDue(): number | null {
    if (this.#share.owed === 0 || this.flow.isDown || this.flow.trickle <= 0) return null;
    return this.#share.rankOwed(this.#waiting);
  }

  #tookTurn(urgency: number, isShare: boolean): void {
    if (isShare) this.#share.tookShare(urgency, 1);
    else this.#share.took(urgency, this.#waiting);
  }

  /** True where one that is in memory has had a permit. */
  #grantNext(): boolean {
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
    const groups = flow.types.order(this.#routes);
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
    const isGiven = this.#parts.giveToOther(only(rank), permit);
    if (isGiven) this.#tookTurn(rank, true);
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
    const { giveToOther, grant } = this.#parts;
    const { urgency } = resident;
    const isGiven = giveToOther(isShare ? only(urgency) : upTo(urgency), permit);
    if (!isGiven) this.#ready.delete(resident);
    this.#tookTurn(isShare || !isGiven ? urgency : 0, isShare);
    if (!isGiven) grant(resident, permit);
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
