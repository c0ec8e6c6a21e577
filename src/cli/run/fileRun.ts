/**
 * Runs the requests of one input through a runtime and counts how each ended.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Attempt, FactOf, OperationView, Outcome, Run } from '../../../actors/port.ts';
import { crisisEndedAs, isCrisisState } from '../../../machines/crisis/crisisDemand.ts';
import { hasEnded } from '../../../machines/operation/demand.ts';
import { waitsForDecision } from '../../../machines/operation/position.ts';
import { isTypeName, type SyncRequest } from '../../../machines/policy/request/request.ts';
import type { AttemptFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import {
  className,
  type ErrorCode,
  type HoldfastError,
  isHoldfastError,
} from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { BulkResult } from '../../bulk.ts';
import type { Operation } from '../../operation.ts';
import type { Runtime } from '../../runtime.ts';
import type { UpstreamControl } from '../../upstreamControl.ts';
import { type InputLine, lineError, type RequestLine, readRequestLine } from './inputFile.ts';

/** How long to wait before a request is offered again that the store could not take. */
const OFFER_AGAIN_MS = 500;

/**
 * Offers a request until the store takes it: a disk that stalls or is full is no fault of the
 * request. `null` when `isStopped` said so before.
 *
 * @param request - has an idempotency key, so that offering it again is harmless even if the first
 * offer did reach the disk
 * @throws HoldfastError where trying again can't help
 */
export async function syncPatiently(
  runtime: Runtime,
  request: SyncRequest & { readonly idempotencyKey: string },
  isStopped: () => boolean,
): Promise<Operation | null> {
  while (!isStopped()) {
    try {
      return await runtime.sync(request);
    } catch (error) {
      // Stopping the run closed the runtime; that is no failure.
      if (isStopped()) return null;
      if (!isHoldfastError(error) || error.retry === 'never') throw error;
      await new Promise<void>((resolve) => {
        systemClock.schedule(OFFER_AGAIN_MS, resolve);
      });
    }
  }
  return null;
}

/** Every operation of the file that has been read, whatever run accepted it. */
export interface RunTally {
  /** Accepted operations, on disk. */
  accepted: number;
  completed: number;
  deadLettered: number;
  cancelled: number;
  expired: number;
  /** Lines without a valid request. */
  bad: number;
  /** Operations that wait for a person: conflicts, and unknown outcomes. */
  inReview: number;
}

export function emptyTally(): RunTally {
  return {
    accepted: 0,
    completed: 0,
    deadLettered: 0,
    cancelled: 0,
    expired: 0,
    bad: 0,
    inReview: 0,
  };
}

/** Errors that concern one request alone. */
const REQUEST_CODES: ReadonlySet<ErrorCode> = new Set([
  'HF_REQUEST_INVALID',
  'HF_PAYLOAD_TOO_LARGE',
  'HF_CARD_NUMBER_REFUSED',
  'HF_IDEMPOTENCY_CONFLICT',
]);
/** The most operations whose end is watched at the same time; the rest are only ids. */
const WATCHED_MAX = 2_000;
/** How long to wait until it is looked again whether there is a place at the upstream, where no attempt has ended. */
const PLACE_AGAIN_MS = 10;
/** How long no end is told before somebody looks whether an end was missed: looking costs as much as an attempt. */
const QUIET_MS = 250;

export interface FileRunOptions {
  readonly runtime: Runtime;
  readonly upstream: string;
  /** The most attempts that may be in flight there. */
  readonly places: number;
  /** Performs every type that the input names. */
  readonly run: Run;
  readonly onBadLine: (error: unknown) => void;
  /** Called with the reason when the store can't take a line yet; the line is offered again. */
  readonly onWaiting: (reason: HoldfastError) => void;
}

/** The end of an operation, or that it needs a person. */
type Ending = Outcome['status'] | 'inReview';

export class FileRun {
  readonly tally: RunTally = emptyTally();
  /** Whether every line was read. */
  hasReadAll = false;
  /** The last line read. */
  lineNumber = 0;
  /** Lines read that are not blank. */
  linesRead = 0;
  readonly #options: FileRunOptions;
  readonly #upstream: Pick<UpstreamControl, 'waits'>;
  /** Attempts that failed in this run, by the status that the upstream answered or by code. */
  readonly failures = new Map<string, number>();
  readonly #types = new Set<string>();
  /** Operations that no handler was registered for when their turn came. */
  readonly #handlerMissing = new Set<string>();
  /** Accepted operations that are not counted as ended, and how many lines each stands for. */
  readonly #open = new Map<string, number>();
  /** Requests offered to the runtime and not certain yet, by their place in the bulk. */
  readonly #offered = new Map<number, RequestLine>();
  #offers = 0;
  /** What the store could not take is offered again one by one; `null` when nothing is. */
  #offeringAgain: Promise<void> | null = null;
  readonly #watched = new Set<string>();
  #isWakingSoon = false;
  /** Whether the end of an operation was told since the last look. */
  #isMoving = false;
  #isReading = true;
  #isStopped = false;
  #failure: unknown = null;
  /** The callers that wait for room or for the end. */
  #waiters: (() => void)[] = [];

  constructor(options: FileRunOptions) {
    this.#options = options;
    this.#upstream = options.runtime.upstream(options.upstream);
    this.#hear(options);
  }

  /** How many accepted operations have not ended. */
  get unfinished(): number {
    const { accepted, completed, deadLettered, cancelled, expired } = this.tally;
    return accepted - completed - deadLettered - cancelled - expired;
  }

  /** Operations of an earlier run that wait, because no line read so far names their type. */
  get strangers(): number {
    return this.#handlerMissing.size;
  }

  /** Whether anything is left that goes on without a person. */
  get #isDone(): boolean {
    return !this.#isReading && this.#open.size === 0;
  }

  /**
   * Hears from the runtime how operations end and what they wait for. What is not told is found out by watching, in
   * the order of the lines, once nothing is told for a while.
   */
  #hear({ runtime }: FileRunOptions): void {
    runtime.subscribe('operation.ended', ({ operationId, ending }) => {
      this.#handlerMissing.delete(operationId);
      this.#told(operationId, ending);
    });
    runtime.subscribe('operation.parked', (fact) => {
      this.#parked(fact);
    });
    runtime.subscribe('operation.resumed', ({ operationId }) => {
      this.#handlerMissing.delete(operationId);
    });
  }

  #parked({ operationId, reason }: FactOf<'operation.parked'>): void {
    if (reason === 'handler') this.#handlerMissing.add(operationId);
    if (reason === 'conflict' || reason === 'review') this.#told(operationId, 'inReview');
  }

  #told(id: string, ending: Ending): void {
    this.#isMoving = true;
    this.#ended(id, ending);
  }

  /** Stops reading and waiting; what was accepted is kept. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /**
   * Resolves when everything has ended or waits for a person, or after {@link stop}.
   *
   * @throws what makes the runtime or the input useless; a bad line does not
   */
  async run(lines: AsyncIterable<InputLine>): Promise<void> {
    // Not waited for when the run is stopped: nobody knows when stdin will give its next line.
    void this.#readAll(lines);
    const stopLooking = this.#lookWhenQuiet();
    await this.#until(() => this.#isDone).finally(stopLooking);
    if (this.#failure !== null) throw this.#failure;
  }

  #lookWhenQuiet(): () => void {
    let cancel = (): void => {};
    const look = (): void => {
      if (!this.#isMoving) this.#watchMore();
      this.#isMoving = false;
      cancel = systemClock.schedule(QUIET_MS, look);
    };
    look();
    return () => {
      cancel();
    };
  }

  async #readAll(lines: AsyncIterable<InputLine>): Promise<void> {
    try {
      await this.#options.runtime.syncAll(this.#requests(lines), {
        onResult: (result) => this.#offerEnded(result),
      });
    } catch (error) {
      // Stopping the run closed the runtime and the input; that is no failure.
      if (!this.#isStopped) this.#fail(error);
    } finally {
      this.#isReading = false;
      this.#wake();
    }
  }

  /** The good requests, in the order of the lines, so that the operations of an entity are in that order. */
  async *#requests(lines: AsyncIterable<InputLine>): AsyncGenerator<SyncRequest> {
    for await (const line of lines) {
      while (!this.#isStopped && !this.#hasPlace) await this.#changed(PLACE_AGAIN_MS);
      if (this.#isStopped) return;
      this.lineNumber = line.number;
      this.linesRead += 1;
      let offer: RequestLine;
      try {
        offer = readRequestLine(line);
      } catch (error) {
        this.#bad(error);
        continue;
      }
      const { type } = offer.request;
      if (!this.#types.has(type)) await this.#register(type);
      // A later line must not get before an earlier one of its entity that was refused.
      while (this.#offeringAgain !== null) await this.#offeringAgain;
      this.#offered.set(this.#offers, offer);
      this.#offers += 1;
      yield offer.request;
    }
    this.hasReadAll = !this.#isStopped;
  }

  /**
   * Whether the next line is to be read now: what finds a place at the upstream begins as it is accepted, and what
   * finds none is written, fetched and revived again. What waits for anything else is kept all the same.
   */
  get #hasPlace(): boolean {
    if (this.#offered.size >= this.#options.places) return false;
    const reason = this.#upstream.waits?.reason;
    return reason !== 'slot' && reason !== 'ramp';
  }

  #wakeSoon(): void {
    if (this.#isWakingSoon || this.#waiters.length === 0) return;
    this.#isWakingSoon = true;
    // By then the place of an attempt that has ended is free.
    systemClock.defer(() => {
      this.#isWakingSoon = false;
      this.#wake();
    });
  }

  async #register(type: string): Promise<void> {
    // The runtime says what is wrong with it.
    if (!isTypeName(type)) return;
    this.#types.add(type);
    const { runtime, upstream } = this.#options;
    await runtime.handle(type, { upstream, run: (attempt) => this.#attempt(attempt) });
  }

  async #attempt(attempt: Attempt): Promise<Json | undefined> {
    try {
      return await this.#options.run(attempt);
    } catch (error) {
      const { status, code } = Object(error) as Partial<AttemptFailure>;
      // The end of the run cuts off the rest, which is no failure.
      if (code === 'HF_CLOSED') throw error;
      const name = String(status ?? code ?? className(error));
      this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      throw error;
    } finally {
      this.#wakeSoon();
    }
  }

  #offerEnded(result: BulkResult): Promise<void> | void {
    const offer = this.#offered.get(result.index);
    this.#offered.delete(result.index);
    this.#wakeSoon();
    if (result.status === 'refused') {
      if (offer !== undefined) return this.#refused(offer, result.error);
    } else if (result.status === 'duplicate') return this.#found(result.id);
    else this.#opened(result.id);
  }

  /** Accepted by an earlier run, or for an earlier line: most have ended long ago. */
  async #found(id: string): Promise<void> {
    this.#opened(id);
    try {
      const { state } = await this.#options.runtime.operations.get(id).view();
      const ending = endingIn(state);
      if (ending !== null) this.#told(id, ending);
    } catch (error) {
      if (!this.#isStopped) this.#fail(error);
    }
  }

  #opened(id: string): void {
    this.tally.accepted += 1;
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
  }

  #ended(id: string, ending: Ending): void {
    this.tally[ending] += this.#open.get(id) ?? 0;
    this.#open.delete(id);
    if (this.#open.size === 0) this.#wake();
  }

  #refused(offer: RequestLine, refusal: HoldfastError): Promise<void> | void {
    if (refusal.retry === 'never') {
      this.#notTaken(offer, refusal);
      return;
    }
    if (!this.#isStopped) this.#options.onWaiting(refusal);
    // Meanwhile it keeps its place in the bulk, so that no more is read than the store can take.
    const before = this.#offeringAgain ?? Promise.resolve();
    const again = before
      .then(() => this.#offerAgain(offer))
      .finally(() => {
        if (this.#offeringAgain === again) this.#offeringAgain = null;
      });
    this.#offeringAgain = again;
    return again;
  }

  async #offerAgain(offer: RequestLine): Promise<void> {
    const { runtime } = this.#options;
    try {
      const operation = await syncPatiently(runtime, offer.request, () => this.#isStopped);
      if (operation === null) this.hasReadAll = false;
      else if (operation.isDuplicate) await this.#found(operation.id);
      else this.#opened(operation.id);
    } catch (error) {
      this.#notTaken(offer, error);
    }
  }

  #notTaken(offer: RequestLine, error: unknown): void {
    if (isHoldfastError(error) && REQUEST_CODES.has(error.code)) {
      this.#bad(lineError(offer.number, error));
    } else {
      // Not an error of the line: every other line would fail with it.
      this.#fail(error);
    }
  }

  #watchMore(): void {
    const room = this.#isStopped ? 0 : WATCHED_MAX - this.#watched.size;
    // A share at a time, because finding them goes through all that are watched.
    if (room < WATCHED_MAX / 10) return;
    for (const id of this.#open.keys()) {
      if (this.#watched.size === WATCHED_MAX) return;
      if (this.#watched.has(id)) continue;
      this.#watched.add(id);
      void this.#watch(id).finally(() => {
        this.#watched.delete(id);
        if (!this.#isMoving) this.#watchMore();
      });
    }
  }

  async #watch(id: string): Promise<void> {
    try {
      this.#ended(id, await endingOf(this.#options.runtime.operations.get(id)));
    } catch (error) {
      if (!this.#isStopped) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.stop();
  }

  #bad(error: unknown): void {
    this.tally.bad += 1;
    this.#options.onBadLine(error);
  }

  /** Waits until `isTrue`, or until the run is stopped. */
  async #until(isTrue: () => boolean): Promise<void> {
    while (!this.#isStopped && !isTrue()) await this.#changed();
  }

  /** Resolves once something has changed, or after `withinMs`. */
  async #changed(withinMs?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = withinMs === undefined ? null : systemClock.schedule(withinMs, resolve);
      this.#waiters.push(() => {
        cancel?.();
        resolve();
      });
    });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

async function endingOf(operation: Operation): Promise<Ending> {
  let stopListening = (): void => {};
  const reviewed = new Promise<'inReview'>((resolve, reject) => {
    const look = (view: OperationView): void => {
      if (endingIn(view.state) === 'inReview') resolve('inReview');
    };
    // Subscribed first and read second, since it may change in between.
    stopListening = operation.subscribe(look);
    operation.view().then(look, reject);
  });
  try {
    return await Promise.race([reviewed, operation.outcome.then(({ status }) => status)]);
  } finally {
    stopListening();
  }
}

/** The ending that an operation in this state is counted as; `null` for one that goes on. */
function endingIn(state: OperationView['state']): Ending | null {
  if (isCrisisState(state)) return crisisEndedAs(state);
  if (waitsForDecision(state)) return 'inReview';
  return hasEnded(state) ? state : null;
}
