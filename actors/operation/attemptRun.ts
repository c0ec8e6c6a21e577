/**
 * Performs one attempt: calls the handler behind a guard, holds it to its deadline, classifies what it
 * throws, and says what follows. It needs an operation's context and payload and no more, so it serves
 * an engine of any kind. Nothing a handler does gets past it (SV-2).
 *
 * @module
 */

import {
  type AttemptFailed,
  attemptFailed,
  type RetryPoliciesOf,
} from '../../machines/operation/attemptVerdict.ts';
import type {
  SyncOperationContext,
  SyncOperationEvent,
} from '../../machines/operation/syncOperationMachine.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { type CallReport, SILENT } from '../../machines/policy/flow/callReport.ts';
import {
  exemptionsOf,
  maskCardData,
  maskCardDataInPieces,
  maskText,
} from '../../machines/policy/request/cardData.ts';
import {
  AttemptFailure,
  callReportOf,
  type Failure,
  failureOf,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { atOnce, type Pieces } from '../../machines/vocabulary/pieces.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import {
  NOTHING_SAID,
  type Said,
  type UpstreamAnswer,
} from '../../machines/vocabulary/upstreamAnswer.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { Facts } from '../facts/factStream.ts';
import { inNoContext } from '../platform/inPieces.ts';
import { Slices } from '../platform/slices.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Exceptions } from './exceptions.ts';
import { GivenAttempt } from './givenAttempt.ts';
import type { Attempt, Handler, TakenRecord } from './handler.ts';

/** A longer response is not kept, in UTF-16 units of JSON: with what else is sealed it must fit a record. */
const RESPONSE_UNITS_MAX = 16 * 1_024 * 1_024;

/** So many units of a response are searched for card data at once; a longer one is in slices. */
const AT_ONCE_MAX = 16_384;

/** A response that is too long to be searched for card data in one piece. */
class LargeResponse {
  /** The pieces of work that make what is kept of the answer. They never throw. */
  readonly pieces: Pieces<Json | undefined>;

  constructor(pieces: Pieces<Json | undefined>) {
    this.pieces = pieces;
  }
}

/** The longest part of an answer that is kept: what a person may want to read. */
const ANSWER_UNITS_MAX = 64 * 1_024;

/**
 * A response that JSON can't carry, or no record, is dropped: the work is done, and only its echo is
 * lost. A copy is kept, because it is written later, and what the handler does to its own until then
 * could stop that; its card data is masked (CF-7).
 *
 * @param exempt where card data may stand, as the handler says
 * @param onError is told of a response that is too long
 */
function keptResponse(
  response: Json | undefined,
  id: string,
  exempt: readonly string[] | undefined,
  onError: (error: unknown) => void,
): Json | undefined | LargeResponse {
  const text = textOf(response);
  if (text === undefined) return undefined;
  if (text.length <= AT_ONCE_MAX) return masked(text, exempt);
  if (text.length <= RESPONSE_UNITS_MAX) return new LargeResponse(maskedInPieces(text, exempt));
  onError(tooLarge(`response to operation ${id}`, text.length, RESPONSE_UNITS_MAX));
  return undefined;
}

/** The same for the answer around it, which is much shorter; what is too long is left out with its body. */
function keptAnswer(
  answer: UpstreamAnswer,
  id: string,
  exempt: readonly string[] | undefined,
  onError: (error: unknown) => void,
): UpstreamAnswer | undefined {
  const { body: _, ...withoutBody } = answer;
  const whole = textOf(answer);
  const isShort = whole !== undefined && whole.length <= ANSWER_UNITS_MAX;
  if (whole !== undefined && !isShort) {
    onError(tooLarge(`answer kept of operation ${id}`, whole.length, ANSWER_UNITS_MAX));
  }
  const text = isShort ? whole : textOf(withoutBody);
  if (text === undefined || text.length > ANSWER_UNITS_MAX) return undefined;
  return masked(text, exempt) as UpstreamAnswer | undefined;
}

/** `undefined` for what JSON can't carry. */
function textOf(given: unknown): string | undefined {
  try {
    return JSON.stringify(given);
  } catch {
    return undefined;
  }
}

/** `undefined` for what is nested deeper than the stack is. */
function masked(text: string, exempt: readonly string[] | undefined): Json | undefined {
  try {
    return maskCardData(JSON.parse(text) as Json, exemptionsOf(exempt));
  } catch {
    return undefined;
  }
}

function* maskedInPieces(
  text: string,
  exempt: readonly string[] | undefined,
): Pieces<Json | undefined> {
  try {
    return yield* maskCardDataInPieces(JSON.parse(text) as Json, exemptionsOf(exempt));
  } catch {
    return undefined;
  }
}

function tooLarge(what: string, units: number, unitsMax: number): HoldfastError {
  return new HoldfastError(
    'HF_RESPONSE_TOO_LARGE',
    `The ${what} has ${units} characters of JSON, and at most ${unitsMax} are kept. The operation goes on without what is too much.`,
    { withStack: false },
  );
}

/** The longest message of a failure that is kept. */
const MESSAGE_LENGTH_MAX = 300;
/** Longest part of a message that is searched for card data; masking can make it shorter. */
const SEARCHED_LENGTH_MAX = 10_000;

/** What attempts are performed with. */
export interface AttemptParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now' | 'latest'>;
  readonly random: Random;
  readonly timers: TimerService;
  readonly exceptions: Exceptions;
  readonly retry: RetryPoliciesOf;
  readonly facts: Facts;
  /** Told of what has failed beside an attempt: a listener of its signal, too. */
  readonly onError: (error: unknown) => void;
}

/** An attempt to be performed. Its number is durable, and leave was given for it. */
export interface AttemptOrder {
  readonly context: SyncOperationContext;
  /** The request's payload as kept; `null` where it is gone. */
  readonly body: string | null;
  readonly handler: Handler;
  /** How long it may take. */
  readonly timeoutMs: number;
  /** Holder of the rank that the attempt runs at: that may rise while it runs (OP-4). */
  readonly ranked: { readonly urgency: number };
}

const ANSWERED: CallReport = Object.freeze({ sign: 'answered' });

/** What an attempt came to. */
export interface AttemptVerdict {
  /** For the operation. A failure lacks what only the flow control of the upstream knows. */
  readonly event:
    | Extract<SyncOperationEvent, { type: 'attempt.succeeded' | 'attempt.interrupted' }>
    | AttemptFailed;
  /** For the flow control. */
  readonly report: CallReport;
  /** What is kept of what the upstream said. */
  readonly said: Said;
  /** Record that the upstream holds now, as the handler of an edit says; `null` where it says nothing. */
  readonly taken: TakenRecord | null;
}

/** Listener that is told of an attempt: `RunningAttempt` (attemptRunner.ts), one for each. */
export interface AttemptListener {
  /** Hears that the attempt has ended: its handler has returned, or is not waited for. Told once, and never before `begin`. */
  ended(verdict: AttemptVerdict): void;
  /** Hears that the attempt has timed out and its handler has not returned; `ended` follows. */
  timedOut(report: CallReport): void;
  /** Hears that the handler is silent for {@link OVERHANG_FACTOR} times its time-out; `ended` follows, if ever. */
  overhangs(): void;
}

/** A handler that is silent for so many times its time-out overhangs (OP-3). */
export const OVERHANG_FACTOR = 3;

/**
 * One attempt. It ends when its handler has returned: what is told to stop goes on until then. Only a
 * crisis, which is repeated whatever its handler does (CR-4), and a stop don't wait for that.
 */
export class AttemptRun {
  readonly #parts: AttemptParts;
  readonly #order: AttemptOrder;
  readonly #listener: AttemptListener;
  readonly #startedAtMs: number;
  readonly #lastsMs: number;
  readonly #attempt: GivenAttempt;
  #cancelTimer: (() => void) | null = null;
  isOver = false;
  #isCancelled = false;
  /** Once its handler has returned: what ends it, and how long it took. */
  #returned: { readonly end: () => void; readonly tookMs: number } | null = null;
  /** Once it has timed out: what its handler was told, and when that was by the steady clock. */
  #late: { readonly failure: AttemptFailure; readonly steadyAtMs: number } | null = null;
  /** When the handler was called, by the monotonic clock. */
  #begunMs = 0;

  constructor(parts: AttemptParts, order: AttemptOrder, listener: AttemptListener) {
    this.#parts = parts;
    this.#order = order;
    this.#listener = listener;
    const { context, body, timeoutMs } = order;
    this.#startedAtMs = parts.clock.now();
    // A span from here on, its end at the expiry too: a clock that is set meanwhile ends no attempt.
    this.#lastsMs = Math.min(
      timeoutMs,
      (context.expiresAtMs ?? Number.POSITIVE_INFINITY) - this.#startedAtMs,
    );
    const deadlineAtMs = this.#startedAtMs + this.#lastsMs;
    this.#attempt = new GivenAttempt(context, body ?? '', deadlineAtMs, parts.onError);
  }

  /**
   * Calls the handler; what it does before it first waits is done within.
   *
   * @param nowMs what the monotonic clock reads
   */
  begin(nowMs: number): void {
    const { clock, timers, facts } = this.#parts;
    const { context, handler } = this.#order;
    this.#begunMs = nowMs;
    facts.emit('attempt.started', context, handler.upstream);
    const timeOut = (): void => {
      this.#timeOut();
    };
    this.#cancelTimer = timers.after(this.#lastsMs, timeOut, nowMs);
    if (!passesBy('handler', context)) {
      this.#call();
      return;
    }
    // A handler that blocks must not hold up the answer to the crisis that it delivers (CR-1).
    const { calls, repeats } = Slices.of(clock);
    (context.attempt === 1 ? calls : repeats).later(() => {
      this.#call();
    });
  }

  /** Ends it without waiting for its handler; what is aborted spends no attempt (SV-4). */
  abort(reason: HoldfastError): void {
    if (this.isOver) return;
    if (this.#returned !== null) {
      this.#returned.end();
      return;
    }
    this.#attempt.abort(reason);
    // What has timed out has failed, though it is stopped now.
    if (this.#late !== null && !this.#isCancelled) this.#fail(this.#late.failure);
    else this.#interrupted();
  }

  /** Tells its handler to stop. It ends once that has returned: as done, or as interrupted. */
  cancel(reason: HoldfastError): void {
    if (this.isOver || this.#isCancelled) return;
    this.#isCancelled = true;
    if (this.#late === null) this.#watchOverhang();
    this.#attempt.abort(reason);
  }

  #call(): void {
    if (this.isOver) return;
    // The store sets such a row aside; nothing goes out under its key whatever becomes of that.
    if (this.#order.body === null) this.#fail(payloadGone());
    // One that was cancelled before it was called is not called.
    else if (this.#isCancelled) this.#interrupted();
    else {
      callGuarded(this.#order.handler, this.#attempt).then(
        (answer) => {
          this.#endSoon(() => {
            this.#succeed(answer);
          });
        },
        (thrown: unknown) => {
          this.#endSoon(() => {
            this.#fail(thrown);
          });
        },
      );
    }
  }

  /** Ends the attempt in a slice: thousands of handlers may return at once, as where an upstream that hung goes on. */
  #endSoon(end: () => void): void {
    if (this.isOver) return;
    const { clock } = this.#parts;
    // What it waits for now is not its upstream.
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const nowMs = clock.monotonic();
    this.#returned = { end, tookMs: nowMs - this.#begunMs };
    Slices.of(clock).ends.do(end, nowMs);
  }

  #timeOut(): void {
    if (this.isOver) return;
    const failure = new AttemptFailure('unknownOutcome', 'The attempt reached its deadline.', {
      code: 'HF_ATTEMPT_TIMED_OUT',
    });
    this.#late = { failure, steadyAtMs: this.#parts.steady.now() };
    this.#attempt.abort(failure);
    // A listener of the signal may have ended it.
    if (this.isOver) return;
    if (passesBy('handler', this.#order.context)) {
      this.#fail(failure);
      return;
    }
    this.#watchOverhang();
    this.#listener.timedOut(callReportOf(failureOf(failure), this.#isOwnExpiry));
  }

  /** Whether it was the operation's own time that was over. */
  get #isOwnExpiry(): boolean {
    return this.#late !== null && this.#lastsMs < this.#order.timeoutMs;
  }

  #watchOverhang(): void {
    this.#cancelTimer?.();
    const { clock, timers, facts } = this.#parts;
    const { context, handler, timeoutMs } = this.#order;
    const elapsedMs = (): number => clock.monotonic() - this.#begunMs;
    this.#cancelTimer = timers.after(timeoutMs * OVERHANG_FACTOR - elapsedMs(), () => {
      if (this.isOver) return;
      facts.emit('handler.overhangs', context, handler.upstream, elapsedMs());
      this.#listener.overhangs();
    });
  }

  #succeed(answer: Json | undefined): void {
    faultPoint('engine.afterAttempt');
    if (this.isOver) return;
    const { context, handler } = this.#order;
    const { onError } = this.#parts;
    const response = keptResponse(answer, context.id, handler.cardDataExempt, onError);
    if (response instanceof LargeResponse) this.#search(response.pieces);
    else this.#succeeded(response);
  }

  /** In slices, between which people are answered; what aborts it meanwhile has the rest done at once. */
  #search(pieces: LargeResponse['pieces']): void {
    const tookMs = this.#returned?.tookMs ?? 0;
    const end = (): void => {
      this.#succeeded(atOnce(pieces));
    };
    this.#returned = { end, tookMs };
    Slices.of(this.#parts.clock)
      .pieces(pieces)
      .then((response) => {
        this.#succeeded(response);
      }, end);
  }

  #succeeded(response: Json | undefined): void {
    if (this.isOver) return;
    const { clock } = this.#parts;
    const event = { type: 'attempt.succeeded', atMs: clock.now() } as const;
    const answer = this.#attempt.answer === undefined ? undefined : this.#keptAnswer();
    const said = { response, answer };
    const taken = this.#attempt.current ?? null;
    this.#end({ event, report: ANSWERED, said, taken });
  }

  #fail(thrown: unknown): void {
    faultPoint('engine.afterAttempt');
    if (this.isOver) return;
    if (this.#isCancelled) {
      this.#interrupted();
      return;
    }
    const { context, handler, ranked } = this.#order;
    const { clock, steady, random, retry, exceptions } = this.#parts;
    // Once it has timed out, what its handler throws is most often that; an answer of the upstream counts.
    let failure = describe(thrown, this.#order, this.#attempt);
    const isLate = this.#late !== null && failure.status === undefined;
    if (isLate) failure = describe(this.#late?.failure, this.#order, this.#attempt);
    failure = exceptions.note(this.#order, failure, isLate ? this.#late?.failure : thrown);
    const event = attemptFailed(context, handler, retry(handler.upstream, context.type), {
      failure,
      startedAtMs: this.#startedAtMs,
      atMs: clock.now(),
      steadyAtMs: this.#late?.steadyAtMs ?? steady.now(),
      latestMs: steady.latest(),
      draw: random.next(),
      urgency: ranked.urgency,
    });
    const report = callReportOf(failure, isLate && this.#isOwnExpiry);
    this.#end({ event, report, said: { answer: this.#keptAnswer() }, taken: null });
  }

  #interrupted(): void {
    const event = { type: 'attempt.interrupted', atMs: this.#parts.clock.now() } as const;
    this.#end({ event, report: SILENT, said: NOTHING_SAID, taken: null });
  }

  #keptAnswer(): UpstreamAnswer | undefined {
    const { context, handler } = this.#order;
    const { answer } = this.#attempt;
    if (answer === undefined) return undefined;
    return keptAnswer(answer, context.id, handler.cardDataExempt, this.#parts.onError);
  }

  #end(verdict: AttemptVerdict): void {
    // What is told of it may end it: the first to come is the one that counts.
    if (this.isOver) return;
    this.isOver = true;
    this.#cancelTimer?.();
    this.#tell(verdict);
    this.#listener.ended(verdict);
  }

  #tell({ event }: AttemptVerdict): void {
    const { clock, facts } = this.#parts;
    const { context, handler } = this.#order;
    const { upstream } = handler;
    const elapsedMs = this.#returned?.tookMs ?? clock.monotonic() - this.#begunMs;
    switch (event.type) {
      case 'attempt.succeeded':
        facts.emit('attempt.succeeded', context, upstream, elapsedMs);
        break;
      case 'attempt.failed':
        facts.emit('attempt.failed', context, upstream, elapsedMs, event.failure);
        break;
      case 'attempt.interrupted': {
        const why = this.#isCancelled ? 'cancelled' : 'stopping';
        facts.emit('attempt.aborted', context, upstream, elapsedMs, why);
        break;
      }
      default:
        event satisfies never;
    }
  }
}

function describe(
  thrown: unknown,
  { context, handler }: AttemptOrder,
  attempt: Pick<GivenAttempt, 'base'>,
): Failure {
  try {
    const failure = failureOf(thrown, {
      afterUnknownOutcome: context.isOutcomeUnknown,
      isEdit: context.isEdit,
      honoursIdempotencyKey: handler.honoursIdempotencyKey,
      // Asked only where it matters: a payload that is gone has none.
      get namesVersion() {
        return attempt.base !== undefined;
      },
    });
    // Masked before it is cut, or half a number might stay.
    const message = maskText(failure.message.slice(0, SEARCHED_LENGTH_MAX));
    return { ...failure, message: message.slice(0, MESSAGE_LENGTH_MAX) };
  } catch {
    // Even looking at what was thrown may throw, and nobody above would catch it (SV-2).
    return failureOf(undefined);
  }
}

function payloadGone(): AttemptFailure {
  return new AttemptFailure('permanent', 'The payload of the operation is gone.', {
    code: 'HF_RECORD_TAMPERED',
  });
}

/** A handler that throws at once looks like one that rejects. */
async function callGuarded(handler: Handler, attempt: Attempt): Promise<Json | undefined> {
  faultPoint('engine.beforeAttempt');
  return inNoContext(() => handler.run(attempt));
}
