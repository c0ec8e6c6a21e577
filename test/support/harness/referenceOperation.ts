/**
 * A plain second model of an operation, that the chart is compared with.
 *
 * @module
 */

import type { Turn } from '../../../machines/operation/syncOperationMachine.ts';
import type { FailureClass } from '../../../machines/policy/retry/classifyFailure.ts';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';

/** What is known of an operation at one instant. */
export interface Facts {
  readonly state: string;
  readonly attempt: number;
  readonly isSpent: boolean;
  /** Failures that spent no attempt. */
  readonly unspentFailures: number;
  /** The last failure may lie in the request: others were served. */
  readonly isSingledOut: boolean;
  /** Its last failure is judged at its next turn. */
  readonly isToBeJudged: boolean;
  /** How long its upstream was up when its time began; `null` where it has not begun. */
  readonly upMarkMs: number | null;
  /** When its rate lets it go on; `null` where that is not what it waited for. */
  readonly rateDueAtMs: number | null;
  /** Since when it waits as it does; `null`: since its acceptance. */
  readonly sinceAtMs: number | null;
  /** Before which it does not begin; `null` once that is no matter. */
  readonly startAtMs: number | null;
  readonly crashes: number;
  /** What the upstream sees of its next attempt, and whether the body that goes out under that is decided. */
  readonly key: string;
  readonly isCompared: boolean;
  readonly isOutcomeUnknown: boolean;
  readonly wakeAtMs: number;
  readonly ending: string | null;
  readonly history: readonly string[];
}

/** How an attempt failed. */
export interface Failing {
  readonly failureClass: FailureClass;
  readonly isRepeatSafe: boolean;
  readonly status: number | undefined;
  readonly notApplied: boolean;
  readonly isUpstreamWell: boolean;
  readonly isDoubted: boolean;
  readonly upMs: number;
}

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
  readonly #isEdit: boolean;
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
    this.#isEdit = facts.isEdit === true;
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
      rateDueAtMs: null,
      sinceAtMs: null,
      startAtMs: facts.startAtMs ?? null,
      crashes: 0,
      key: 'key-1',
      isCompared: false,
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
      if (this.#isEdit) this.#enter('comparing');
      else this.#begin();
    } else if (this.#turn === 'awaitsHandler') {
      this.#rest('handlerMissing');
    } else {
      // It lies on disk as accepted, so nothing is written.
      this.#enter(AS_ACCEPTED[this.#turn]);
    }
  }

  grant(wasOutage: boolean): void {
    if (!this.#is(...TURNS)) return;
    // An attempt that was ordered and never ended keeps its number (RT-4), and so does one that failed for
    // an outage (RT-1).
    const { attempt, isSpent, unspentFailures } = this.facts;
    const isExcused = isSpent && wasOutage;
    this.#note({
      attempt: isSpent && !isExcused ? attempt + 1 : attempt,
      isSpent: false,
      unspentFailures: unspentFailures + (isExcused ? 1 : 0),
      isToBeJudged: false,
      rateDueAtMs: null,
    });
    if (this.#isEdit && !this.facts.isCompared) this.#enter('comparing');
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
    if (!this.#is('conflicted') || !this.#isEdit || round <= roundOf(this.facts.key)) return;
    if (this.facts.isOutcomeUnknown && !isOutcomeKnown) return;
    this.#note({ key: keyOf(this.facts.key, round), isCompared: true, isOutcomeUnknown: false });
    this.#note({ wakeAtMs: nowMs, sinceAtMs: nowMs, crashes: 0, upMarkMs: null, startAtMs: null });
    this.#remember('merged');
    this.#rest('waiting');
  }

  /** The upstream has it already. */
  findApplied(): void {
    if (!this.#is('conflicted')) return;
    this.#note({ isSpent: true, crashes: 0 });
    this.#end('completed');
  }

  /** The upstream is at work on it still: it comes again, and nothing is spent (RT-1). */
  pend(retryAtMs: number, nowMs: number): void {
    if (!this.#is('conflicted')) return;
    const unspentFailures = this.facts.unspentFailures + 1;
    this.#note({ unspentFailures, wakeAtMs: retryAtMs, sinceAtMs: nowMs });
    this.#rest('backingOff');
  }

  refuseConflict(): void {
    if (!this.#is('conflicted')) return;
    this.#remember('failed');
    this.#end('deadLettered');
  }

  /** At its turn: nothing is left, or its time is over. */
  endAtTurn(): void {
    const isItsTurn = this.#is('waiting', 'suspect', 'backingOff', 'rateLimited');
    if (isItsTurn) this.#end('deadLettered');
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
    const isMerged = failureClass === 'conflict' && this.#isEdit;
    const isUnspent = notApplied && !(isSingledOut && this.facts.isSingledOut);
    const isFree = isUnspent || isMerged;
    const isPassing = failureClass === 'transient' || failureClass === 'unknownOutcome';
    const { upMarkMs } = this.facts;
    const isTooLong = upMarkMs !== null && failing.upMs - upMarkMs >= GIVE_UP_AFTER_MS;
    this.#note({
      isSpent: !isFree,
      unspentFailures: this.facts.unspentFailures + (isFree && !isMerged ? 1 : 0),
      isSingledOut,
      crashes: 0,
      isOutcomeUnknown: this.facts.isOutcomeUnknown || isUnknown,
      wakeAtMs: retryAtMs,
      isToBeJudged: !isFree && isPassing,
      upMarkMs: upMarkMs ?? failing.upMs,
      sinceAtMs: nowMs,
    });
    this.#remember('failed');
    if (failureClass === 'conflict') this.#rest('conflicted');
    else if (failureClass === 'permanent') this.#end('deadLettered');
    else if (isUnknown && !isRepeatSafe) this.#rest('inReview');
    else if (this.#hasExpired(nowMs)) this.#end('expired');
    else if (isTooLong) this.#end('deadLettered');
    // While the upstream fails in a row, or may have begun to, it has one more turn to be judged at.
    else if (
      this.facts.attempt >= this.#attemptsMax &&
      !isFree &&
      !failing.isDoubted &&
      !isCutOff
    ) {
      this.#end('deadLettered');
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
    this.#note({ startAtMs: null });
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
    if (newKey !== null) this.#note({ key: newKey, isCompared: false });
    this.#note({ attempt: 1, isSpent: false, unspentFailures: 0, isSingledOut: false });
    this.#note({ isToBeJudged: false, upMarkMs: null, rateDueAtMs: null, sinceAtMs: nowMs });
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

  #is(...states: readonly string[]): boolean {
    return states.includes(this.facts.state);
  }

  #note(change: Partial<Facts>): void {
    this.facts = { ...this.facts, ...change };
  }

  #remember(what: string): void {
    this.#note({ history: [...this.facts.history, `${what} ${this.facts.attempt}`].slice(-32) });
  }

  #enter(state: string): void {
    this.#note({ state });
  }

  #hasExpired(nowMs: number): boolean {
    return this.#expiresAtMs !== null && this.#expiresAtMs <= nowMs;
  }

  #order(): void {
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
    this.#note({ ending });
    this.#keep('settling', { isInHand: false, waits: 'settling' });
  }

  #keep(state: string, how: { readonly isInHand: boolean; readonly waits: string | null }): void {
    this.#enter(state);
    this.queue.push({ facts: this.facts, ...how });
  }
}

/** Which round a key is of. */
function roundOf(key: string): number {
  return Number(/-r(\d+)$/.exec(key)?.[1] ?? 0);
}

/** The key of a round: of the operation, or of the edited replay that it follows. */
function keyOf(key: string, round: number): string {
  const base = key === 'key-1' ? 'operation-1' : key.replace(/-r\d+$/, '');
  return `${base}-r${round}`;
}
