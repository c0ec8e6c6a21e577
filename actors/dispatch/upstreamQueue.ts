/**
 * The work of one upstream that waits: a few operations in memory, the rest on disk, fetched when
 * slots are free. Memory follows work in flight, not the length of the queue (OP-6).
 *
 * @module
 */

import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import { CrisisSlots } from '../flow/crisisSlots.ts';
import type { Asker, FlowControl, Permit } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../time/timerService.ts';
import { CLAIM, Claims, type ClaimsParts, mayStart, probeRank } from './claims.ts';
import { giveBack, LateAnswers } from './lateAnswers.ts';
import { ReadyQueue } from './readyQueue.ts';

export interface UpstreamQueueParts extends Omit<ClaimsParts, 'onOver'> {
  readonly crisisSlotsMax: () => number;
  readonly timers: TimerService;
  /** Slots that were reserved for a claim are free again. */
  readonly onSlotsBack: () => void;
  /** Something waits from now on, or will at this instant of the steady clock. */
  readonly onWaiting: (atMs: number) => void;
}

export class UpstreamQueue {
  readonly flow: FlowControl;
  readonly crisis: CrisisSlots;
  /** In memory; their rows are `due` on disk. */
  readonly #ready = new ReadyQueue<Resident>();
  /** Of these, for whom the flow control was asked and has not answered. */
  readonly #asked: LateAnswers;
  readonly #claims: Claims;
  readonly #parts: UpstreamQueueParts;
  #isGranting = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: UpstreamQueueParts) {
    this.#parts = parts;
    this.flow = parts.flow;
    this.crisis = new CrisisSlots(parts.crisisSlotsMax);
    this.#asked = new LateAnswers(parts.onError);
    this.#claims = new Claims({
      ...parts,
      onOver: () => {
        // What became ready meanwhile may have missed the slots that were reserved, and an operation
        // that waits to run alone has waited for them.
        parts.onSlotsBack();
        this.pump();
      },
    });
  }

  /** True while rows on disk wait for a slot that may go before one of this rank. */
  isBehindRows(urgency: number): boolean {
    return this.#claims.isBehindRows(urgency);
  }

  /** The most urgent that is known to wait here, as one who asks; `null` where nothing does. */
  get next(): Asker | null {
    const ready = this.#ready.first(URGENCY_MAX);
    const bound = this.flow.urgencyBound;
    if (bound > 0 && this.#claims.isBehindRows(bound)) return CLAIM;
    if (ready !== undefined) return { id: ready.id, urgency: ready.urgency, isNext: true };
    if (!this.#claims.areDue) return null;
    return { id: null, urgency: Math.min(bound + 1, URGENCY_MAX), isNext: true };
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
      this.#ready.first(urgency) !== undefined;
    return isBehindOthers ? null : this.flow.tryEnter({ id, urgency, isNext: true });
  }

  /** A row of this upstream is due at `dueAtMs`. */
  noteDue(dueAtMs: number): void {
    if (!this.#claims.note(dueAtMs)) return;
    this.#look(dueAtMs);
  }

  /** The flow control may let more out, or other ranks: what the last claim did not ask for is looked at. */
  rescan(): void {
    if (this.#claims.rescan()) this.#look(0);
  }

  /** Gives free slots to what waits, what is in memory first. */
  pump(): void {
    const isDisksTurn = this.#claims.isProbesTurn;
    if (!isDisksTurn) this.#grantReady();
    const isClaimed =
      isDisksTurn ||
      (this.#claims.areDue && this.#ready.first(this.flow.urgencyBound) === undefined);
    if (isClaimed) void this.#claims.fetch();
    this.#arm();
  }

  #look(dueAtMs: number): void {
    const { steady, onWaiting } = this.#parts;
    onWaiting(Math.max(dueAtMs, steady.now()));
    if (dueAtMs <= steady.now()) this.pump();
    else this.#arm();
  }

  #grantReady(): void {
    // What is given to one may have another come to rest, which is taken up here.
    if (this.#isGranting) return;
    this.#isGranting = true;
    try {
      for (let next = this.#nextReady(); next !== null; next = this.#nextReady()) {
        const answer = this.flow.enter(next.asker);
        if (answer === null) break;
        if (answer instanceof Promise) this.#awaitAnswer(next.resident, answer);
        else this.#give(next.resident, answer);
      }
    } finally {
      this.#isGranting = false;
    }
  }

  /** Most urgent first; one of a rank that is parked asks as such. */
  #nextReady(): { readonly resident: Resident; readonly asker: Asker } | null {
    const bound = this.flow.urgencyBound;
    const wanted = this.#ready.first(bound, probeRank(this.flow));
    const resident = wanted ?? this.#ready.first(URGENCY_MAX);
    if (resident === undefined) return null;
    const { id, urgency } = resident;
    // What a claim has asked for, and not had yet, is more urgent too.
    const isNext = wanted !== undefined || !(this.isBehindRows(bound) || this.#claims.isUnderWay);
    if (!isNext && this.#claims.trickleDue === 0) return null;
    return { resident, asker: { id, urgency, isNext } };
  }

  /** Those that wait for an answer are not asked for again; the next may be. */
  #awaitAnswer(resident: Resident, answer: Promise<Permit | null>): void {
    this.#ready.delete(resident);
    this.#asked.await(resident, answer, (permit) => {
      this.#ready.add(resident);
      if (permit === null) return;
      if (!mayStart(this.flow)) {
        giveBack(permit);
        return;
      }
      this.#give(resident, permit);
      this.#grantReady();
    });
  }

  /** To this one, which is ready, unless a suspect is as urgent. */
  #give(resident: Resident, permit: Permit): void {
    const { giveToOther, grant } = this.#parts;
    if (giveToOther(resident.urgency, permit)) return;
    const { urgency } = resident;
    if (urgency <= this.flow.urgencyBound) this.#claims.tookTurn();
    else if (this.isBehindRows(this.flow.urgencyBound)) this.#claims.tookTrickle(1);
    this.#ready.delete(resident);
    grant(resident, permit);
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
