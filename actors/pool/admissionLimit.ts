/**
 * The limit on accepted operations (OP-6): caches how many can still be accepted and asks the
 * store for more.
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
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { builtInOf } from '../../machines/vocabulary/urgency.ts';
import type { QueueStore } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';
import { toStoreError } from '../journal/storeErrors.ts';
import { notAccepted, type PendingAcceptance, storeNotAsked } from '../operation/acceptance.ts';

export interface AdmissionLimitParts {
  readonly store: QueueStore;
  readonly journal: Journal;
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
}

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
  /** How many more surely fit. */
  #left = 0;
  #leftWhenAsked = 0;
  #started = 0;
  /** Requests whose acceptance the disk has not confirmed yet, and what they carry. */
  #unanswered = 0;
  #unansweredBytes = 0;
  #isAsking = false;
  /** In the order of asking, which lanes keep. */
  #waiting: Entering[] = [];

  constructor(parts: AdmissionLimitParts) {
    this.#parts = parts;
  }

  /** How many more operations surely fit. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  /**
   * Calls `go` at once or, where the store has to be asked first, later; or rejects `pending` with
   * `HF_QUEUE_FULL`, or with `HF_STORE_HANGING` where the disk answers nothing. A crisis is never refused
   * and never waits.
   */
  enter(
    request: CheckedRequest,
    pending: PendingAcceptance,
    go: () => void,
    isPatient = false,
  ): void {
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
    if (this.#waiting.length > 0 || !this.#fits(request)) {
      const entering = { request, pending, go, isPatient };
      pending.takeBack = (error) => this.#takeBack(entering, error);
      this.#waiting.push(entering);
      void this.#ask();
      return;
    }
    this.note();
    go();
    if (this.#left < this.#leftWhenAsked / 2) void this.#ask();
  }

  /** A request has come that waits for the disk until it is {@link answered}. */
  asked({ body }: CheckedRequest): void {
    this.#unanswered += 1;
    this.#unansweredBytes += bytesInMemory(body);
  }

  answered({ body }: CheckedRequest): void {
    this.#unanswered -= 1;
    this.#unansweredBytes -= bytesInMemory(body);
  }

  /** The disk answers nothing: rejects all requests that wait for room and have a deadline. */
  refuseAll(error: HoldfastError): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ isPatient }) => isPatient);
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
    for (const { pending } of this.#waiting.splice(0)) pending.reject(closed);
  }

  #takeBack(entering: Entering, error: HoldfastError): boolean {
    const at = this.#waiting.indexOf(entering);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    entering.pending.reject(notAccepted(error));
    return true;
  }

  /** Why a request with a deadline is not even let wait for the disk. */
  #refusalOfDisk({ body }: CheckedRequest): HoldfastError | null {
    const { journal, unwritten } = this.#parts;
    if (journal.isHanging) return journal.failure;
    if (!journal.isLate) return null;
    const waiting = {
      count: this.#unanswered - 1,
      bytes: this.#unansweredBytes - bytesInMemory(body),
    };
    const reached = limitReached(waiting, unwritten);
    if (reached === null) return null;
    return storeNotAsked(
      `The disk is late, and ${waiting.count} requests wait for it with ${waiting.bytes} bytes, as much as may (${reached}).`,
    );
  }

  #fits(request: CheckedRequest): boolean {
    return this.#left > roomKeptFrom(builtInOf(request), this.#parts.operationsMax);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
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
    this.#isAsking = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const entering of waiting) this.#answer(entering, failure);
  }

  #answer({ request, go, pending }: Entering, failure: HoldfastError | null): void {
    if (failure !== null) {
      pending.reject(failure);
    } else if (this.#fits(request)) {
      this.note();
      go();
    } else {
      pending.reject(queueFull(request, this.#parts.operationsMax));
    }
  }
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
