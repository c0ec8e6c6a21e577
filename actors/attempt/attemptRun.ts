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
import { type CallReport, SILENT } from '../../machines/policy/flow/callReport.ts';
import { maskText } from '../../machines/policy/request/cardData.ts';
import { callReportOf } from '../../machines/policy/retry/callReportOf.ts';
import {
  AttemptFailure,
  type Failure,
  failureOf,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { AttemptAborted } from '../facts/fact.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import type { Exceptions } from './exceptions.ts';
import { GivenAttempt } from './givenAttempt.ts';
import type { Attempt, Handler } from './handler.ts';
import { keptResponse } from './keptResponse.ts';

/** The longest message of a failure that is kept. */
const MESSAGE_LENGTH_MAX = 300;
/** As much of it is searched for card data; masking can make it shorter. */
const SEARCHED_LENGTH_MAX = 10_000;

/** What attempts are performed with. */
export interface AttemptParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'latest'>;
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
}

/** What an attempt came to. */
export interface AttemptVerdict {
  /** For the operation. A failure lacks what only the flow control of the upstream knows. */
  readonly event:
    | Extract<SyncOperationEvent, { type: 'attempt.succeeded' | 'attempt.interrupted' }>
    | AttemptFailed;
  /** For the flow control. */
  readonly report: CallReport;
  /** What is kept of the upstream's answer. */
  readonly response: Json | undefined;
}

/** One attempt. Its verdict is reported once, and never before `begin` is called. */
export class AttemptRun {
  readonly #parts: AttemptParts;
  readonly #order: AttemptOrder;
  readonly #report: (verdict: AttemptVerdict) => void;
  readonly #startedAtMs: number;
  readonly #lastsMs: number;
  readonly #attempt: GivenAttempt;
  #cancelDeadline: (() => void) | null = null;
  #isOver = false;
  /** When the handler was called, by the monotonic clock. */
  #begunMs = 0;

  constructor(parts: AttemptParts, order: AttemptOrder, report: (verdict: AttemptVerdict) => void) {
    this.#parts = parts;
    this.#order = order;
    this.#report = report;
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

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls the handler; what it does before it first waits is done within. */
  begin(): void {
    const { clock, timers, facts } = this.#parts;
    const { context, handler } = this.#order;
    this.#begunMs = clock.monotonic();
    facts.emit('attempt.started', context, handler.upstream);
    this.#cancelDeadline = timers.after(this.#lastsMs, () => {
      const late = new AttemptFailure('unknownOutcome', 'The attempt reached its deadline.', {
        code: 'HF_ATTEMPT_TIMED_OUT',
      });
      this.#attempt.abort(late);
      this.#fail(late);
    });
    // A handler that blocks must not hold up the answer to the crisis that it delivers (CR-1).
    if (context.priority === 'crisis') clock.defer(this.#call);
    else this.#call();
  }

  /** Ends it without a say of its handler; what is aborted spends no attempt (SV-4). */
  abort(reason: HoldfastError): void {
    if (this.#isOver) return;
    this.#attempt.abort(reason);
    const event = { type: 'attempt.interrupted', atMs: this.#parts.clock.now() } as const;
    this.#end(
      { event, report: SILENT, response: undefined },
      reason.code === 'HF_CANCELLED' ? 'cancelled' : 'stopping',
    );
  }

  readonly #call = (): void => {
    if (this.#isOver) return;
    // The store sets such a row aside; nothing goes out under its key whatever becomes of that.
    if (this.#order.body === null) this.#fail(payloadGone());
    else void callGuarded(this.#order.handler, this.#attempt).then(this.#succeed, this.#fail);
  };

  readonly #succeed = (answer: Json | undefined): void => {
    faultPoint('engine.afterAttempt');
    if (this.#isOver) return;
    const { context, handler } = this.#order;
    const { clock, onError } = this.#parts;
    const response = keptResponse(answer, context.id, handler.cardDataExempt, onError);
    const event = { type: 'attempt.succeeded', atMs: clock.now() } as const;
    this.#end({ event, report: { sign: 'answered' }, response });
  };

  readonly #fail = (thrown: unknown): void => {
    faultPoint('engine.afterAttempt');
    if (this.#isOver) return;
    const { context, handler } = this.#order;
    const { clock, steady, random, retry, exceptions } = this.#parts;
    const described = describe(thrown, context, handler);
    const failure = exceptions.note(this.#order, described, thrown);
    const event = attemptFailed(context, handler, retry(handler.upstream, context.type), {
      failure,
      startedAtMs: this.#startedAtMs,
      atMs: clock.now(),
      latestMs: steady.latest(),
      draw: random.next(),
    });
    this.#end({ event, report: callReportOf(failure, false), response: undefined });
  };

  #end(verdict: AttemptVerdict, abortedFor: AttemptAborted['why'] = 'stopping'): void {
    // What is told of it may end it: the first to come is the one that counts.
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDeadline?.();
    this.#tell(verdict, abortedFor);
    this.#report(verdict);
  }

  #tell({ event }: AttemptVerdict, abortedFor: AttemptAborted['why']): void {
    const { clock, facts } = this.#parts;
    const { context, handler } = this.#order;
    const { upstream } = handler;
    const elapsedMs = clock.monotonic() - this.#begunMs;
    switch (event.type) {
      case 'attempt.succeeded':
        facts.emit('attempt.succeeded', context, upstream, elapsedMs);
        break;
      case 'attempt.failed':
        facts.emit('attempt.failed', context, upstream, elapsedMs, event.failure);
        break;
      case 'attempt.interrupted':
        facts.emit('attempt.aborted', context, upstream, elapsedMs, abortedFor);
        break;
      default:
        event satisfies never;
    }
  }
}

function describe(thrown: unknown, context: SyncOperationContext, handler: Handler): Failure {
  try {
    const failure = failureOf(thrown, {
      afterUnknownOutcome: context.isOutcomeUnknown,
      honoursIdempotencyKey: handler.honoursIdempotencyKey,
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
  return handler.run(attempt);
}
