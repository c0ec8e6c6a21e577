/**
 * A plain second model of an operation, that the chart is compared with.
 *
 * @module
 */

import type { Turn } from '../../../machines/operation/syncOperationMachine.ts';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import { type Facts, type Failing, keyOf, roundOf } from './referenceFacts.ts';

interface Kept {
  readonly facts: Facts;
  readonly isInHand: boolean;
}

/** States in which it waits, for whatever. In all of them it can be cancelled and can expire. */
const WAITS: ReadonlySet<string> = new Set([
  'accepting',
  'comparing',
  'ordering',
  'inLane',
  'scheduled',
  'waiting',
  'handlerMissing',
  'suspect',
  'backingOff',
  'rateLimited',
  'conflicted',
  'inReview',
  'replayed',
]);
/** Where it waits as its row was accepted. */
const AS_ACCEPTED: Readonly<Record<Exclude<Turn, 'granted' | 'awaitsHandler'>, string>> = {
  awaitsUpstream: 'waiting',
  awaitsLane: 'inLane',
  awaitsStart: 'scheduled',
};
/** States in which its turn may come. */
const TURNS = ['waiting', 'suspect', 'backingOff', 'rateLimited', 'replayed'] as const;
/** Of time in which its upstream was up, it is given up after this. */
const GIVE_UP_AFTER_MS = 1_000_000;
/** And for as long its upstream may be at work on an attempt in doubt. */
const AT_WORK_MS = 600_000;

/**
 * What the requirements say about an operation, written without looking at the chart: a state, a
 * few counters, and a disk that takes one write at a time.
 */
export class ReferenceOperation {
  readonly begun: number[] = [];
  facts: Facts;
  disk: Kept | null = null;
  /** Writes under way, oldest first, each with the state that waits for it. */
  queue: (Kept & { readonly waits: string | null })[] = [];
  isOver = false;
  readonly #turn: Turn;
  readonly #attemptsMax: number;
  readonly #expiresAtMs: number | null;

  constructor(facts: {
    readonly turn: Turn;
    readonly attemptsMax: number;
    readonly expiresAtMs: number | null;
    readonly startAtMs?: number | undefined;
    readonly isEdit?: boolean | undefined;
    readonly nowMs: number;
  }) {
    this.#turn = facts.turn;
    this.#attemptsMax = facts.attemptsMax;
    this.#expiresAtMs = facts.expiresAtMs;
    this.facts = {
      state: 'accepting',
      attempt: 1,
      isSpent: false,
      unspentFailures: 0,
      isSingledOut: false,
      isToBeJudged: false,
      upMarkMs: null,
      workMarkMs: null,
      hasMetConflict: false,
      rateDueAtMs: null,
      sinceAtMs: null,
      startAtMs: facts.startAtMs ?? null,
      crashes: 0,
      key: 'key-1',
      isCompared: false,
      isEdit: facts.isEdit === true,
      isOrdered: false,
      isOutcomeUnknown: false,
      wakeAtMs: facts.nowMs,
      ending: null,
      history: [],
    };
    this.#accept();
  }

  /** The oldest write is durable; what waited for it goes on (PS-2), unless it has expired (OP-5). */
  commitNext(nowMs: number): void {
    const write = this.queue.shift();
    if (write === undefined) return;
    this.disk = write;
    if (write.waits === null || write.waits !== this.facts.state) return;
    if (write.waits === 'settling') {
      this.#enter(this.facts.ending ?? 'none');
      this.isOver = true;
    } else if (this.#hasExpired(nowMs)) {
      this.#end('expired');
    } else if (write.waits === 'ordering') {
      this.#begin();
    } else if (this.#turn === 'granted') {
      // What is in line with others of its record goes out only once it is compared (CF-6).
      if (this.facts.isEdit) this.#enter('comparing');
      else this.#begin();
    } else if (this.#turn === 'awaitsHandler') {
      this.#rest('handlerMissing');
    } else {
      // It lies on disk as accepted, so nothing is written.
      this.#enter(AS_ACCEPTED[this.#turn]);
    }
  }

  grant(wasOutage: boolean, isEditNow?: boolean): void {
    if (!this.#is(...TURNS)) return;
    // What never ended keeps its number (RT-4), and so does what failed for an outage (RT-1).
    const { attempt, isSpent, unspentFailures: unspent } = this.facts;
    const isExcused = isSpent && wasOutage;
    this.#note({ attempt: isSpent && !isExcused ? attempt + 1 : attempt, isSpent: false });
    this.#note({ unspentFailures: unspent + (isExcused ? 1 : 0) });
    this.#note({ isToBeJudged: false, rateDueAtMs: null });
    const { isEdit, isCompared, isOrdered: hasOrder, history, key, isOutcomeUnknown } = this.facts;
    const isNew = history.length === 0 || history.at(-1)?.startsWith('edited') === true;
    const isToBeCompared = (isEditNow ?? isEdit) && !isCompared;
    // What was sent as it was and surely not applied goes out merged, and so under another key (OP-3).
    if (isToBeCompared && !isEdit && (hasOrder || !isNew) && !isOutcomeUnknown) {
      this.#note({ key: keyOf(key, roundOf(key) + 1), isOrdered: false });
    }
    // Uncompared it goes out as it is, and so under its key from here on.
    if (isEdit || isToBeCompared) this.#note({ isEdit: true, isCompared: !isToBeCompared });
    if (isToBeCompared) this.#enter('comparing');
    else this.#order();
  }

  /** It is compared: from here on its body is decided (OP-3). */
  compare(): void {
    if (!this.#is('comparing')) return;
    this.#note({ isCompared: true });
    this.#order();
  }

  findConflict(nowMs: number): void {
    if (!this.#is('comparing')) return;
    this.#note({ sinceAtMs: nowMs });
    this.#rest('conflicted');
  }

  /** Another body may go out only where the one before surely was not applied, and never under a key that was used. */
  merge(round: number, isOutcomeKnown: boolean, nowMs: number): void {
    const { key, isCompared, isOutcomeUnknown } = this.facts;
    const isOfNow = round === roundOf(key);
    // What was never sent keeps its key.
    const isSent = isCompared || isOutcomeUnknown;
    if (!this.#isMerged || round < roundOf(key) || (isOfNow && isSent)) return;
    if (this.facts.isOutcomeUnknown && !isOutcomeKnown) return;
    this.#note({
      key: isOfNow ? key : keyOf(key, round),
      isCompared: true,
      isOutcomeUnknown: false,
    });
    this.#note({ isOrdered: false, isSpent: false });
    this.#note({ wakeAtMs: nowMs, sinceAtMs: nowMs, crashes: 0, upMarkMs: null, startAtMs: null });
    this.#note({ workMarkMs: null, hasMetConflict: false });
    this.#remember('merged');
    this.#rest('waiting');
  }

  /** The upstream has it already. */
  findApplied(): void {
    if (!this.#isMerged) return;
    this.#note({ isSpent: true, crashes: 0 });
    this.#end('completed');
  }

  /** The upstream is at work on it still: it comes again, and nothing is spent (RT-1). */
  pend(retryAtMs: number, nowMs: number): void {
    if (!this.#isMerged) return;
    const unspentFailures = this.facts.unspentFailures + 1;
    this.#note({ isSpent: false, unspentFailures, wakeAtMs: retryAtMs, sinceAtMs: nowMs });
    this.#rest('backingOff');
  }

  refuseConflict(): void {
    if (!this.#isMerged) return;
    this.#remember('failed');
    this.#end('deadLettered');
  }

  /** At its turn: its time is over. */
  endAtTurn(): void {
    const isItsTurn = this.#is('waiting', 'suspect', 'backingOff', 'rateLimited');
    if (isItsTurn) this.#end('deadLettered');
  }

  /** At its turn: its last attempt was spent. A 409 then is the conflict that it says it is. */
  exhaust(nowMs: number): void {
    if (
      !this.facts.hasMetConflict ||
      !this.#is('waiting', 'suspect', 'backingOff', 'rateLimited')
    ) {
      this.endAtTurn();
      return;
    }
    this.#note({ sinceAtMs: nowMs, isToBeJudged: false });
    this.#rest('conflicted');
  }

  limitRate(nowMs: number, waitMs: number): void {
    if (!this.#is(...TURNS)) return;
    const dueAtMs = nowMs + waitMs;
    this.#note({ rateDueAtMs: dueAtMs, wakeAtMs: dueAtMs, sinceAtMs: nowMs });
    this.#rest('rateLimited');
  }

  /** Its type goes elsewhere now, and its handler was not called yet. */
  revoke(nowMs: number): void {
    if (!this.#is('attempting', 'comparing')) return;
    this.#note({ sinceAtMs: nowMs });
    this.#rest('waiting');
  }

  overhang(nowMs: number): void {
    if (!this.#is('attempting')) return;
    this.#note({ sinceAtMs: nowMs });
    this.#enter('overhanging');
  }

  laneFreed(nowMs: number): void {
    if (this.#is('cancelling')) this.#end('cancelled');
    if (this.#is('inLane')) this.#startOrWait(nowMs);
    if (this.#is('replayed')) this.#becomeReady(nowMs);
  }

  handlerRegistered(nowMs: number): void {
    if (this.#is('handlerMissing')) this.#startOrWait(nowMs);
    if (this.#is('replayed')) this.#becomeReady(nowMs);
  }

  /** The instant has come that it was to begin at. */
  startDue(nowMs: number): void {
    if (this.#is('scheduled')) this.#becomeReady(nowMs);
  }

  handlerMissing(nowMs: number): void {
    if (!this.#is('attempting', 'comparing', 'inLane', ...TURNS)) return;
    this.#note({ sinceAtMs: nowMs });
    this.#rest('handlerMissing');
  }

  refuseRepeat(nowMs: number): void {
    if (!this.#is(...TURNS)) return;
    this.#note({ sinceAtMs: nowMs });
    this.#rest('inReview');
  }

  /** Late or not, cancelled or not: what is done is done. */
  succeed(): void {
    if (!this.#is('attempting', 'overhanging', 'cancelling')) return;
    this.#note({ isSpent: true, crashes: 0 });
    this.#end('completed');
  }

  fail(failing: Failing, retryAtMs: number, nowMs: number): void {
    if (this.#is('cancelling')) this.#end('cancelled');
    if (!this.#is('attempting', 'overhanging')) return;
    const { failureClass, isRepeatSafe, status, notApplied, isUpstreamWell } = failing;
    const isTrouble = failureClass === 'transient' && status === 500 && !notApplied;
    const isUnknown = failureClass === 'unknownOutcome' || isTrouble;
    const isCutOff = failureClass === 'unknownOutcome' && status === undefined;
    // Too many came, or nobody was served: that is not about this request. Once among those that were
    // served is chance, or the first failure of an outage (RT-1).
    const isSingledOut = notApplied && status !== 429 && isUpstreamWell;
    // The conflict of an edit is bounded by its rounds, and is no reason to wait longer.
    const isMerged = failureClass === 'conflict' && this.facts.isEdit;
    const isUnspent = notApplied && !(isSingledOut && this.facts.isSingledOut);
    const isAtWork = failing.conflictIs === 'unlikely';
    const isFree = isUnspent || isMerged || isAtWork;
    const isPassing = failureClass === 'transient' || failureClass === 'unknownOutcome';
    const { upMarkMs } = this.facts;
    const { workMarkMs: markMs } = this.facts;
    const isConflict = isAtWork && markMs !== null && failing.upMs - markMs >= AT_WORK_MS;
    const isMarked = isUnknown || failing.conflictIs !== undefined;
    const isTooLong = upMarkMs !== null && failing.upMs - upMarkMs >= GIVE_UP_AFTER_MS;
    this.#note({
      isSpent: !isFree,
      unspentFailures: this.facts.unspentFailures + (isFree && !isMerged ? 1 : 0),
      isSingledOut,
      crashes: status === 409 && this.facts.isOutcomeUnknown ? this.facts.crashes : 0,
      isOutcomeUnknown: this.facts.isOutcomeUnknown || isUnknown,
      wakeAtMs: retryAtMs,
      isToBeJudged: !isFree && isPassing,
      upMarkMs: upMarkMs ?? failing.upMs,
      workMarkMs: isUnknown ? failing.upMs : (markMs ?? (isMarked ? failing.upMs : null)),
      hasMetConflict: failing.conflictIs !== undefined,
      sinceAtMs: nowMs,
    });
    this.#remember('failed');
    if (failureClass === 'conflict') this.#rest('conflicted');
    else if (failureClass === 'permanent') this.#end('deadLettered');
    else if (isUnknown && !isRepeatSafe) this.#rest('inReview');
    else if (this.#hasExpired(nowMs)) this.#end('expired');
    else if (isTooLong) this.#end('deadLettered');
    else if (isConflict) this.#meetConflict();
    // While the upstream fails in a row, or may have begun to, it has one more turn to be judged at.
    else if (
      this.facts.attempt >= this.#attemptsMax &&
      !isFree &&
      !failing.isDoubted &&
      !isCutOff
    ) {
      if (failing.conflictIs === 'possible') this.#meetConflict();
      else this.#end('deadLettered');
    } else this.#rest('backingOff');
  }

  interrupt(nowMs: number): void {
    if (this.#is('cancelling')) this.#end('cancelled');
    // Nothing of it has gone out yet.
    if (this.#is('comparing')) {
      this.revoke(nowMs);
      return;
    }
    if (!this.#is('attempting')) return;
    this.#cutOff(nowMs);
    this.#rest('waiting');
  }

  stop(): void {
    if (this.#is('suspect')) this.#rest('waiting');
  }

  retryNow(nowMs: number): void {
    if (!this.#is('backingOff', 'conflicted', 'inReview', 'scheduled')) return;
    // A person has looked at it.
    if (this.#is('inReview')) this.#note({ isOutcomeUnknown: false });
    this.#note({ wakeAtMs: nowMs, sinceAtMs: nowMs, isToBeJudged: false, upMarkMs: null });
    this.#note({ startAtMs: null, workMarkMs: null });
    this.#remember('retryRequested');
    this.#rest('waiting');
  }

  cancel(nowMs: number): void {
    if (this.#is('attempting', 'overhanging')) {
      // Its handler is told to stop, and waited for (OP-4).
      this.#cutOff(nowMs);
      this.#keep('cancelling', { isInHand: true, waits: null });
      return;
    }
    if (WAITS.has(this.facts.state)) this.#end('cancelled');
  }

  expire(): void {
    if (WAITS.has(this.facts.state)) this.#end('expired');
  }

  /**
   * A person brings it back from the dead letters; what may have been applied stays so (RT-2). Edited, it is
   * another request, under another key, and is compared anew.
   */
  replay(newKey: string | null, nowMs: number): void {
    if (!this.isOver || this.disk?.facts.ending !== 'deadLettered') return;
    if (this.#hasExpired(nowMs)) return;
    if (newKey !== null && this.disk.facts.isOutcomeUnknown) return;
    this.isOver = false;
    this.facts = this.disk.facts;
    this.#remember(newKey === null ? 'replayRequested' : 'editedReplayRequested');
    if (newKey !== null && this.facts.isEdit) this.#note({ isCompared: false });
    if (newKey !== null) this.#note({ key: newKey });
    this.#note({ isOrdered: this.facts.isOrdered && this.facts.isOutcomeUnknown });
    this.#note({ attempt: 1, isSpent: false, unspentFailures: 0, isSingledOut: false });
    this.#note({ isToBeJudged: false, upMarkMs: null, rateDueAtMs: null, sinceAtMs: nowMs });
    this.#note({ workMarkMs: null, hasMetConflict: false });
    this.#note({ crashes: 0, wakeAtMs: nowMs, ending: null, startAtMs: null });
    this.#enter('replayed');
    this.disk = { facts: this.facts, isInHand: false };
  }

  /** What was durable goes on; what was in hand is suspect (RT-4). */
  restart(nowMs: number, wasAlone: boolean): void {
    this.queue = [];
    if (this.disk === null || this.disk.facts.ending !== null) {
      this.isOver = true;
      return;
    }
    this.facts = this.disk.facts;
    if (!this.disk.isInHand) return;
    // Its handler is gone with its process.
    if (this.#is('cancelling')) this.#end('cancelled');
    if (!this.#is('ordering')) return;
    const counts = wasAlone || this.facts.crashes < CRASHES_IN_A_ROW_MAX;
    const crashes = this.facts.crashes + (counts ? 1 : 0);
    if (crashes === CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX) {
      this.#end('deadLettered');
      return;
    }
    this.#remember('crashed');
    this.#note({ crashes, isOutcomeUnknown: true, wakeAtMs: nowMs, sinceAtMs: nowMs });
    this.#enter('suspect');
  }

  /** What was taken for an upstream at work is a conflict: a person decides. */
  #meetConflict(): void {
    this.#note({ isToBeJudged: false });
    this.#rest('conflicted');
  }

  /** Whether it is in conflict, and merged with what the upstream holds. */
  get #isMerged(): boolean {
    return this.#is('conflicted') && this.facts.isEdit;
  }

  #is(...states: readonly string[]): boolean {
    return states.includes(this.facts.state);
  }

  #note(change: Partial<Facts>): void {
    this.facts = { ...this.facts, ...change };
  }

  #remember(what: string): void {
    // What happened to an attempt shows that there was one.
    const isOrdered = this.facts.isOrdered || /^(failed|crashed|interrupted)/.test(what);
    this.#note({
      isOrdered,
      history: [...this.facts.history, `${what} ${this.facts.attempt}`].slice(-32),
    });
  }

  #enter(state: string): void {
    this.#note({ state });
  }

  #hasExpired(nowMs: number): boolean {
    return this.#expiresAtMs !== null && this.#expiresAtMs <= nowMs;
  }

  #order(): void {
    this.#note({ isOrdered: true });
    this.#keep('ordering', { isInHand: true, waits: 'ordering' });
  }

  #begin(): void {
    this.#enter('attempting');
    this.begun.push(this.facts.attempt);
  }

  #cutOff(nowMs: number): void {
    this.#note({ isOutcomeUnknown: true, wakeAtMs: nowMs, sinceAtMs: nowMs });
    this.#remember('interrupted');
  }

  #startOrWait(nowMs: number): void {
    const { startAtMs } = this.facts;
    if (startAtMs === null || startAtMs <= nowMs) {
      this.#becomeReady(nowMs);
      return;
    }
    this.#note({ sinceAtMs: nowMs });
    this.#rest('scheduled');
  }

  #becomeReady(nowMs: number): void {
    this.#note({ wakeAtMs: nowMs, sinceAtMs: nowMs, startAtMs: null, upMarkMs: null });
    this.#note({ workMarkMs: null });
    this.#rest('waiting');
  }

  /** It is kept as what it will be once that is durable: ordered, or waiting for its turn or its lane. */
  #accept(): void {
    const turn = this.#turn === 'awaitsHandler' ? 'awaitsUpstream' : this.#turn;
    const isGranted = turn === 'granted';
    const facts = { ...this.facts, state: isGranted ? 'ordering' : AS_ACCEPTED[turn] };
    this.queue.push({ facts, isInHand: isGranted, waits: 'accepting' });
  }

  #rest(state: string): void {
    this.#keep(state, { isInHand: false, waits: null });
  }

  #end(ending: string): void {
    this.#note({ ending, hasMetConflict: false });
    this.#keep('settling', { isInHand: false, waits: 'settling' });
  }

  #keep(state: string, how: { readonly isInHand: boolean; readonly waits: string | null }): void {
    this.#enter(state);
    this.queue.push({ facts: this.facts, ...how });
  }
}
