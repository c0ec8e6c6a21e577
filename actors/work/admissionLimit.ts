/**
 * Where requests enter: the limit on accepted operations (OP-6), which caches how many can still be accepted and asks
 * the store for more, and the line of those that came in one turn of the event loop, which enter in slices (CR-1).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import {
  bytesInMemory,
  limitReached,
  roomKeptFrom,
  type UnwrittenLimits,
} from '../../machines/policy/flow/flowPolicy.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, unforeseen } from '../../machines/vocabulary/errors.ts';
import { builtInOf } from '../../machines/vocabulary/urgency.ts';
import type { QueueStore } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';
import type { StorageHealth } from '../journal/storageHealth.ts';
import { toStoreError } from '../journal/storeErrors.ts';
import {
  type Acceptance,
  notAccepted,
  type PendingAcceptance,
  storeNotAsked,
  storeStalled,
} from '../operation/acceptance.ts';
import { Slices } from '../platform/slices.ts';

export interface AdmissionLimitParts {
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'written'>;
  readonly storage: Pick<StorageHealth, 'state' | 'failure'>;
  readonly clock: Pick<Clock, 'monotonic' | 'defer'>;
  /** What an orderly stop waits for. */
  readonly busy: { readonly begin: () => void; readonly end: () => void };
  /** Operations accepted and not yet ended, at most; crises come on top. */
  readonly operationsMax: number;
  /** On what waits for a late disk; crises and what has no deadline come on top. */
  readonly unwritten: UnwrittenLimits;
}

interface Entering {
  readonly request: CheckedRequest;
  readonly pending: PendingAcceptance;
  readonly go: () => void;
  readonly isPatient: boolean;
  /** Whether the request was taken back, and is passed over. */
  isOver: boolean;
}

/** So many enter in one piece of a slice. */
const ENTER_AT_ONCE = 4;
/** So many that are through are let go of together, while the line goes on. */
const LET_GO = 1_024;

/**
 * The bound on what waits (OP-6). It keeps a number of acceptances that surely fit and takes one off
 * with each; when that runs low it asks the store, whose file keeps the count. So nothing has to tell
 * it what ended, and the bound holds whatever was repeated, withdrawn, quarantined or cut off by a crash.
 *
 * What is under way while the store is asked counts twice for a moment: it may refuse a little early,
 * and never too late.
 */
export class AdmissionLimit {
  readonly #parts: AdmissionLimitParts;
  readonly #slices: Slices;
  /** How many more surely fit. */
  #left = 0;
  #leftWhenAsked = 0;
  #started = 0;
  /** Requests whose acceptance the disk has not confirmed yet, and what they carry. */
  #unanswered = 0;
  #unansweredCharacters = 0;
  #isAsking = false;
  /** The line has come to wait for an answer that was asked for before. */
  #isAnswerOld = false;
  /** In the order of asking, which lanes keep. */
  #line: Entering[] = [];
  /** Requests of the line that are through. */
  #through = 0;
  /** Requests of the line that the store has answered for: who does not fit now is refused. */
  #judged = 0;
  /** True while the line moves; false while it is empty or waits for the store. */
  #isMoving = false;

  constructor(parts: AdmissionLimitParts) {
    this.#parts = parts;
    this.#slices = Slices.of(parts.clock);
  }

  /** How many more operations surely fit. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  /**
   * Calls `go` at once or, where many come in one turn or the store has to be asked first, later; or rejects `pending`
   * with `HF_QUEUE_FULL`, or with `HF_STORE_HANGING` where the disk answers nothing. A crisis is never refused and
   * never waits.
   *
   * @param isPatient it has no deadline, and comes in slices already; any other is told of when it is {@link answered}
   */
  enter(
    request: CheckedRequest,
    pending: PendingAcceptance,
    go: () => void,
    isPatient = false,
  ): void {
    if (!isPatient) {
      this.#unanswered += 1;
      this.#unansweredCharacters += request.body.length;
    }
    if (passesBy('room', request)) {
      this.note();
      go();
      return;
    }
    if (!isPatient) {
      const refusal = this.#refusalOfDisk(request);
      if (refusal !== null) {
        pending.reject(notAccepted(refusal));
        return;
      }
    }
    const isFirst = this.#line.length === 0;
    const fits = isFirst && this.#fits(request);
    if (fits && (isPatient || this.#slices.isOneOfFew())) {
      this.note();
      go();
      this.#askIfLow();
      return;
    }
    const entering: Entering = { request, pending, go, isPatient, isOver: false };
    pending.takeBack = (error) => takeBack(entering, error);
    this.#line.push(entering);
    if (!isFirst) return;
    if (fits) this.#move(true);
    else void this.#ask();
  }

  /** A request that waited for the disk has its answer. */
  answered({ body }: CheckedRequest): void {
    this.#unanswered -= 1;
    this.#unansweredCharacters -= body.length;
  }

  /** The disk answers nothing: rejects all requests that wait for room and have a deadline. */
  refuseAll(error: HoldfastError): void {
    const waiting = this.#takeLine();
    this.#line = waiting.filter(({ isPatient }) => isPatient);
    for (const { pending, isPatient } of waiting) if (!isPatient) pending.reject(error);
  }

  /** An operation is accepted whether there is room or not. */
  note(): void {
    this.#left -= 1;
    this.#started += 1;
  }

  /** Rejects all requests that wait for room with HF_CLOSED: the runtime has stopped. */
  abandon(): void {
    const closed = notEntered();
    for (const { pending } of this.#takeLine()) pending.reject(closed);
  }

  /** Empties the line; gives who still waits in it. */
  #takeLine(): readonly Entering[] {
    const waiting = this.#line.slice(this.#through).filter(({ isOver }) => !isOver);
    this.#line = [];
    this.#through = 0;
    this.#judged = 0;
    return waiting;
  }

  /** The line moves: from now on while this turn has time, or from the next turn on. */
  #move(isLater: boolean): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    this.#parts.busy.begin();
    if (isLater) this.#slices.workLater(this.#enterNext);
    else this.#slices.work(this.#enterNext);
  }

  readonly #enterNext = (): boolean => {
    // The timer of a deadline may have to wait for its turn behind this line.
    const nowMs = this.#parts.clock.monotonic();
    for (let count = 0; count < ENTER_AT_ONCE; count += 1) {
      const next = this.#line[this.#through];
      if (next === undefined) break;
      const isJudged = this.#through < this.#judged;
      const fits = next.isOver || this.#fits(next.request);
      if (!fits && !isJudged) {
        this.#halt();
        void this.#ask();
        return false;
      }
      this.#through += 1;
      if (!next.isOver && next.pending.endIfLate?.(nowMs) !== true) this.#enterOne(next, fits);
    }
    if (this.#through >= LET_GO) {
      this.#line.splice(0, this.#through);
      this.#judged = Math.max(0, this.#judged - this.#through);
      this.#through = 0;
    }
    if (this.#through < this.#line.length) return true;
    this.#takeLine();
    this.#halt();
    return false;
  };

  #halt(): void {
    this.#isMoving = false;
    this.#parts.busy.end();
  }

  #enterOne({ request, pending, go }: Entering, fits: boolean): void {
    pending.takeBack = undefined;
    if (!fits) {
      pending.reject(queueFull(request, this.#parts.operationsMax));
      return;
    }
    this.note();
    try {
      go();
    } catch (error) {
      // Those behind it enter all the same.
      pending.reject(unforeseen('its acceptance', error));
    }
    this.#askIfLow();
  }

  /** Why a request with a deadline is not even let wait for the disk. */
  #refusalOfDisk({ body }: CheckedRequest): HoldfastError | null {
    const { storage, unwritten } = this.#parts;
    if (storage.state === 'hanging') return storage.failure;
    if (storage.state !== 'slow') return null;
    const waiting = {
      count: this.#unanswered - 1,
      bytes: bytesInMemory(this.#unansweredCharacters - body.length),
    };
    const reached = limitReached(waiting, unwritten);
    if (reached === null) return null;
    return storeNotAsked(
      `The disk is late, and ${waiting.count} requests wait for it with ${waiting.bytes} bytes, as much as may (${reached}).`,
    );
  }

  #askIfLow(): void {
    // Those that the store has answered for have their room: its next answer counts some of them twice.
    const isJudging = this.#through < this.#judged;
    const isLow = this.#left < this.#leftWhenAsked / 2;
    if (isLow && !isJudging && !this.#isAsking) void this.#ask();
  }

  #fits(request: CheckedRequest): boolean {
    return this.#left > roomKeptFrom(builtInOf(request), this.#parts.operationsMax);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) {
      this.#isAnswerOld = true;
      return;
    }
    this.#isAsking = true;
    const { store, journal, operationsMax } = this.#parts;
    const startedBefore = this.#started;
    let failure: HoldfastError | null = null;
    try {
      // What began before is on disk by then, or was refused; what begins from now on is taken off below.
      await journal.written();
      const { inHand, due, held } = await store.counts();
      this.#left = operationsMax - inHand - due - held - (this.#started - startedBefore);
      this.#leftWhenAsked = this.#left;
    } catch (error) {
      failure = notAccepted(toStoreError(error));
    }
    const isOld = this.#isAnswerOld;
    this.#isAsking = false;
    this.#isAnswerOld = false;
    if (this.#isMoving) return;
    if (failure !== null) for (const { pending } of this.#takeLine()) pending.reject(failure);
    else if (this.#line.length > 0) {
      // It counts those twice that began since: nobody is refused for that, who does not fit has it asked once more.
      if (!isOld) this.#judged = this.#line.length;
      this.#move(false);
    }
  }
}

/** A caller that waits for its acceptance up to its deadline. */
export class AwaitedAcceptance implements PendingAcceptance {
  takeBack: PendingAcceptance['takeBack'] = undefined;
  /** Ends its deadline, once it has one. */
  cancel: () => void = untimed;
  /** When that is, by the monotonic clock. */
  readonly #endsAtMs: number;
  readonly #withinMs: number;
  readonly #room: AdmissionLimit;
  readonly #request: CheckedRequest;
  readonly #resolve: PendingAcceptance['resolve'];
  readonly #reject: PendingAcceptance['reject'];

  constructor(
    room: AdmissionLimit,
    request: CheckedRequest,
    withinMs: number,
    endsAtMs: number,
    resolve: PendingAcceptance['resolve'],
    reject: PendingAcceptance['reject'],
  ) {
    this.#endsAtMs = endsAtMs;
    this.#withinMs = withinMs;
    this.#room = room;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(acceptance: Acceptance): void {
    this.#room.answered(this.#request);
    this.cancel();
    this.#resolve(acceptance);
  }

  reject(error: HoldfastError): void {
    this.#room.answered(this.#request);
    this.cancel();
    this.#reject(error);
  }

  /** Takes the request back whose deadline is over, or tells its caller that it may be stored all the same. */
  end(): void {
    const withinMs = this.#withinMs;
    const notTaken = storeNotAsked(`The disk did not take the request within ${withinMs} ms.`);
    if (this.takeBack?.(notTaken) !== true) this.#reject(storeStalled(withinMs));
  }

  endIfLate(nowMs: number): boolean {
    const isLate = nowMs >= this.#endsAtMs;
    if (isLate) this.end();
    return isLate;
  }
}

function untimed(): void {
  // It has no deadline yet.
}

/** Rejects one that waits in the line. */
function takeBack(entering: Entering, error: HoldfastError): boolean {
  entering.isOver = true;
  entering.pending.reject(notAccepted(error));
  return true;
}

function notEntered(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before there was room for the request. Nothing was stored; send it again to the next one.',
    { retry: 'later', withStack: false },
  );
}

function queueFull(request: CheckedRequest, operationsMax: number): HoldfastError {
  const max = operationsMax - roomKeptFrom(builtInOf(request), operationsMax);
  return new HoldfastError(
    'HF_QUEUE_FULL',
    `${max} operations wait, as many as may before one of tier ${request.tier} is refused. Nothing was stored; send it again later, or raise operationsMax.`,
    { retry: 'later', withStack: false },
  );
}
