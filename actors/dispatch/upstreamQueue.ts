/**
 * The work of one upstream that waits: a few operations in memory, the rest on disk, fetched when
 * slots are free. Memory follows work in flight, not the length of the queue (OP-6).
 *
 * @module
 */

import { TurnShare } from '../../machines/scheduler/turnShare.ts';
import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  upTo,
} from '../../machines/vocabulary/rankSet.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import { CrisisSlots } from '../flow/crisisSlots.ts';
import type { Asker, FlowControl, Permit } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../time/timerService.ts';
import { Claims, type ClaimsParts, mayStart, probeRank, type Wanted } from './claims.ts';
import { giveBack, LateAnswers } from './lateAnswers.ts';
import { ReadyQueue } from './readyQueue.ts';

export interface UpstreamQueueParts extends Omit<ClaimsParts, 'onOver' | 'onTurn'> {
  readonly crisisSlotsMax: () => number;
  readonly timers: TimerService;
  /** The ranks of suspects and guarded calls that wait for a slot here. */
  readonly othersWaiting: () => RankSet;
  /** Slots that were reserved for a claim are free again. */
  readonly onSlotsBack: () => void;
  /** Something waits from now on, or will at this instant of the steady clock. */
  readonly onWaiting: (atMs: number) => void;
}

/** What waits of one rank. */
interface WaitingRank {
  readonly rank: number;
  readonly inMemory: number;
  /** The first of these. */
  readonly first: Resident | null;
  /** Others may be due on disk. */
  readonly isMore: boolean;
}

const RANKS = Array.from({ length: URGENCY_MAX + 1 }, (_, rank) => rank);

export class UpstreamQueue {
  readonly flow: FlowControl;
  readonly crisis: CrisisSlots;
  /** In memory; their rows are `due` on disk. */
  readonly #ready = new ReadyQueue<Resident>();
  /** Of these, for whom the flow control was asked and has not answered. */
  readonly #asked: LateAnswers;
  readonly #claims: Claims;
  readonly #share: TurnShare;
  readonly #parts: UpstreamQueueParts;
  #isGranting = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: UpstreamQueueParts) {
    this.#parts = parts;
    this.flow = parts.flow;
    this.crisis = new CrisisSlots(parts.crisisSlotsMax);
    this.#share = new TurnShare(Math.floor(parts.steady.now()));
    this.#asked = new LateAnswers(parts.onError);
    this.#claims = new Claims({
      ...parts,
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
    return isHere || this.#asked.size > 0 || this.#claims.hasRows;
  }

  /** What waits here, by rank, the most urgent first; none of a rank of which nothing does. */
  get waitingRanks(): readonly WaitingRank[] {
    const due = this.#claims.dueRanks;
    return RANKS.filter((rank) => ((this.#ready.ranks | due) & only(rank)) !== NO_RANKS).map(
      (rank) => ({
        rank,
        inMemory: this.#ready.count(rank),
        first: this.#ready.first(only(rank)) ?? null,
        isMore: (due & only(rank)) !== NO_RANKS,
      }),
    );
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
    const wasReady = this.#ready.delete(resident);
    return this.#asked.forget(resident) || wasReady;
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart({ id, urgency }: Asker): Permit | null {
    const isBehindOthers =
      this.isBehindRows(urgency) ||
      this.#asked.size > 0 ||
      this.#ready.first(upTo(urgency)) !== undefined ||
      this.#shareDue !== null;
    const permit = isBehindOthers ? null : this.flow.tryEnter({ id, urgency, isNext: true });
    if (permit !== null) this.#tookTurn(urgency, false);
    return permit;
  }

  /** A row of this upstream is due at `dueAtMs`; of this rank, where it is known. */
  noteDue(dueAtMs: number, urgency: number | null = null): void {
    if (!this.#claims.note(dueAtMs, urgency)) return;
    const { steady, onWaiting } = this.#parts;
    onWaiting(Math.max(dueAtMs, steady.now()));
    if (dueAtMs <= steady.now()) this.pump();
    else this.#arm();
  }

  /** Gives free slots to what waits, the most urgent first. */
  pump(): void {
    this.#grantAll();
    const wanted = this.#wantedOfDisk();
    if (wanted !== null) {
      void this.#claims.fetch(wanted);
      // What it has not reserved is for what is in memory.
      this.#grantAll();
    }
    this.#arm();
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
    if (this.#share.owed === 0 || this.flow.probesFailed > 0 || this.flow.trickle <= 0) return null;
    return this.#share.rankOwed(this.#waiting);
  }

  #tookTurn(urgency: number, isShare: boolean): void {
    if (isShare) this.#share.tookShare(urgency, 1);
    else this.#share.took(urgency, this.#waiting);
  }

  /** True where one that is in memory has had a permit, or is waiting for the answer. */
  #grantNext(): boolean {
    if (this.#isProbesTurnOfDisk) return false;
    const rank = this.#shareDue;
    const owed = rank === null ? undefined : this.#ready.first(only(rank));
    if (rank !== null && owed === undefined) {
      const isOnDisk = (this.#claims.dueRanks & only(rank)) !== NO_RANKS;
      // It is fetched before another has the slot.
      if (isOnDisk && this.#claims.mayGo) return false;
      if (!isOnDisk && this.#giveShareToOther(rank)) return true;
    }
    const resident = owed ?? this.#nextReady();
    if (resident === undefined) return false;
    const { id, urgency } = resident;
    const isShare = owed !== undefined;
    const answer = this.flow.enter({ id, urgency, isNext: !isShare, isShare });
    if (answer === null) return false;
    if (answer instanceof Promise) this.#awaitAnswer(resident, answer, isShare);
    else this.#give(resident, answer, isShare);
    return true;
  }

  /** The most urgent in memory; none where rows on disk may go before it. */
  #nextReady(): Resident | undefined {
    const { probesFailed } = this.flow;
    if (probesFailed > 0) return this.#ready.firstFrom(probeRank(this.flow));
    const first = this.#ready.first();
    if (first === undefined) return undefined;
    const isBehind = mostUrgent(this.#claims.dueRanks) < first.urgency && !this.#claims.isPaused;
    return isBehind ? undefined : first;
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

  /**
   * Whether the next probe goes to a row on disk: every other one does after a probe has failed, so that
   * what fails always, and is in memory, is not every probe.
   */
  get #isProbesTurnOfDisk(): boolean {
    const { mayGo, dueRanks } = this.#claims;
    return this.flow.probesFailed % 2 === 1 && mayGo && dueRanks !== NO_RANKS;
  }

  /** What is to be fetched from disk before anything else has its turn; `null` for nothing. */
  #wantedOfDisk(): Wanted | null {
    const due = this.#claims.dueRanks;
    if (due === NO_RANKS) return null;
    const isAnyone = this.flow.probesFailed > 0;
    const ready = this.#ready.first()?.urgency ?? URGENCY_MAX + 1;
    if (isAnyone) {
      const isDisksTurn = this.#isProbesTurnOfDisk || ready > URGENCY_MAX;
      return isDisksTurn ? { first: URGENCY_MAX, share: null } : null;
    }
    const rank = this.#shareDue;
    const isOwed = rank !== null && (due & only(rank)) !== NO_RANKS;
    const turns = Math.min(this.#share.owed, this.flow.trickle);
    const share = isOwed ? { rank, turns } : null;
    const isNext = mostUrgent(due) < ready;
    return isNext || isOwed ? { first: isNext ? ready - 1 : null, share } : null;
  }

  /** Those that wait for an answer are not asked for again; the next may be. */
  #awaitAnswer(resident: Resident, answer: Promise<Permit | null>, isShare: boolean): void {
    this.#ready.delete(resident);
    this.#asked.await(resident, answer, (permit) => {
      this.#ready.add(resident);
      if (permit === null) return;
      if (!mayStart(this.flow)) {
        giveBack(permit);
        return;
      }
      this.#give(resident, permit, isShare);
      this.pump();
    });
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
    const { nextAtMs } = this.#claims;
    if (nextAtMs === null) return;
    this.#cancelTimer = timers.after(nextAtMs - steady.now(), () => {
      this.#cancelTimer = null;
      this.pump();
    });
  }
}
