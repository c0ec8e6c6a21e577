import {
  type AttemptFailed,
  attemptFailed,
  type RetryPolicies,
} from '../../machines/operation/attemptVerdict.ts';
import type {
  SyncOperationContext,
  SyncOperationEvent,
} from '../../machines/operation/syncOperationMachine.ts';
import { exemptionsOf, maskCardData, maskText } from '../../machines/policy/request/cardData.ts';
import { parseBody } from '../../machines/policy/request/requestBody.ts';
import {
  AttemptFailure,
  type Failure,
  failureOf,
  type UpstreamOutcome,
  upstreamOutcomeOf,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { NetworkGrade } from '../../machines/vocabulary/networkGrade.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { Exceptions } from '../attempt/exceptions.ts';
import type { Attempt, Handler } from '../attempt/handler.ts';
import { guardSignal } from '../facts/listeners.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import { NO_BODY, type Resident } from './resident.ts';

/** The longest message of a failure that is kept. */
const MESSAGE_LENGTH_MAX = 300;
/** As much of it is searched for card data; masking can make it shorter. */
const SEARCHED_LENGTH_MAX = 10_000;

/** A longer response is not kept, in UTF-16 units of JSON: with what else is sealed it must fit a record. */
const RESPONSE_UNITS_MAX = 16 * 1_024 * 1_024;

export interface AttemptRunnerParts {
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly exceptions: Exceptions;
  readonly retry: RetryPolicies;
  readonly attemptTimeoutMs: (handler: Handler) => number;
  /** Told of what has failed beside an attempt: a listener of its signal, too. */
  readonly onError: (error: unknown) => void;
  /**
   * An attempt has ended, for whatever reason: its permit is due back. Called before `report`. True
   * where the upstream serves others: see `singlesOut`.
   */
  readonly onEnded: (
    resident: Resident,
    outcome: UpstreamOutcome,
    retryAfterMs: number | undefined,
  ) => boolean;
}

/**
 * Performs attempts: calls the handler behind a guard, holds it to its deadline, classifies what it
 * throws, and says when the next attempt is due. Nothing a handler does gets past it.
 */
export class AttemptRunner {
  readonly #parts: AttemptRunnerParts;
  #running = 0;
  #isStopped = false;

  constructor(parts: AttemptRunnerParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running;
  }

  /** Aborts what runs and lets nothing begin any more; what is aborted spends no attempt (SV-4). */
  stop(residents: readonly Resident[]): void {
    this.#isStopped = true;
    const reason = new HoldfastError('HF_CLOSED', 'The runtime is closing.', {
      retry: 'later',
      withStack: false,
    });
    for (const { interrupt } of residents) interrupt?.(reason);
  }

  /**
   * Begins the attempt that the operation has ordered. `report` is called once, unless the returned
   * function, which aborts it, is called first.
   */
  begin(resident: Resident, report: (event: SyncOperationEvent) => void): () => void {
    const { clock, timers, attemptTimeoutMs, exceptions } = this.#parts;
    const { context } = resident.actor.getSnapshot();
    const { handler } = resident;
    if (handler === null) throw new HoldfastError('HF_INTERNAL', 'An attempt has no handler.');
    const startedAtMs = clock.now();
    if (this.#isStopped) {
      this.#parts.onEnded(resident, 'ignored', undefined);
      report({ type: 'attempt.interrupted', atMs: startedAtMs });
      return () => undefined;
    }
    // A span from here on, its end at the expiry too: a clock that is set meanwhile ends no attempt.
    const lastsMs = Math.min(
      attemptTimeoutMs(handler),
      (context.expiresAtMs ?? Number.POSITIVE_INFINITY) - startedAtMs,
    );
    const deadlineAtMs = startedAtMs + lastsMs;
    const attempt = new RunningAttempt(
      context,
      resident.body ?? NO_BODY,
      deadlineAtMs,
      this.#parts.onError,
    );
    let isOver = false;
    let isUpstreamWell = false;

    const end = (outcome: UpstreamOutcome, retryAfterMs?: number): boolean => {
      if (isOver) return false;
      isOver = true;
      cancelDeadline();
      this.#running -= 1;
      resident.interrupt = null;
      isUpstreamWell = this.#parts.onEnded(resident, outcome, retryAfterMs);
      return true;
    };
    const fail = (thrown: unknown): void => {
      faultPoint('engine.afterAttempt');
      const failure = this.#describe(thrown, context, handler);
      if (!end(upstreamOutcomeOf(failure), failure.retryAfterMs)) return;
      const noted = exceptions.note(context, failure, thrown);
      report({ ...this.#failed(startedAtMs, context, handler, noted), isUpstreamWell });
    };
    const succeed = (response: Json | undefined): void => {
      faultPoint('engine.afterAttempt');
      if (!end('success')) return;
      resident.response = this.#keepable(response, handler, context.id);
      report({ type: 'attempt.succeeded', atMs: clock.now() });
    };

    const cancelDeadline = timers.after(lastsMs, () => {
      const late = new AttemptFailure('unknownOutcome', 'The attempt reached its deadline.', {
        code: 'HF_ATTEMPT_TIMED_OUT',
      });
      attempt.abort(late);
      fail(late);
    });
    this.#running += 1;
    resident.interrupt = (reason) => {
      attempt.abort(reason);
      if (end('ignored')) report({ type: 'attempt.interrupted', atMs: clock.now() });
    };
    const call = (): void => {
      if (isOver) return;
      // The store sets such a row aside; nothing goes out under its key whatever becomes of that.
      if (resident.body === null) fail(payloadGone());
      else void callGuarded(handler, attempt).then(succeed, fail);
    };
    // A handler that blocks must not hold up the answer to the crisis that it delivers (CR-1).
    if (context.priority === 'crisis') clock.defer(call);
    else call();
    return () => {
      if (isOver) return;
      attempt.abort(
        new HoldfastError('HF_CANCELLED', 'The operation was cancelled.', { withStack: false }),
      );
      end('ignored');
    };
  }

  #describe(thrown: unknown, context: SyncOperationContext, handler: Handler): Failure {
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

  /**
   * A response that JSON can't carry, or no record, is dropped: the work is done, and only its echo is
   * lost. A copy is kept, because it is written later, and what the handler does to its own until then
   * could stop that; its card data is masked (CF-7).
   */
  #keepable(response: Json | undefined, handler: Handler, id: string): Json | undefined {
    try {
      const text: string | undefined = JSON.stringify(response);
      if (text === undefined) return undefined;
      if (text.length <= RESPONSE_UNITS_MAX) {
        return maskCardData(JSON.parse(text) as Json, exemptionsOf(handler.cardDataExempt));
      }
      this.#parts.onError(
        new HoldfastError(
          'HF_RESPONSE_TOO_LARGE',
          `The response to operation ${id} has ${text.length} characters of JSON, and at most ${RESPONSE_UNITS_MAX} are kept. The operation completes without it.`,
          { withStack: false },
        ),
      );
      return undefined;
    } catch {
      return undefined;
    }
  }

  #failed(
    startedAtMs: number,
    context: SyncOperationContext,
    handler: Handler,
    failure: Failure,
  ): AttemptFailed {
    const { clock, steady, random, retry } = this.#parts;
    return attemptFailed(context, handler, retry, {
      failure,
      startedAtMs,
      atMs: clock.now(),
      latestMs: steady.latest(),
      draw: random.next(),
    });
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

/** A listener of its signal that throws would end the process (SV-2). */
function guardedController(onError: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  guardSignal(controller.signal, onError);
  return controller;
}

/** Payload and signal are made only if the handler asks for them: each costs microseconds. */
class RunningAttempt implements Attempt {
  readonly #context: SyncOperationContext;
  readonly #body: string;
  readonly deadlineAtMs: number;
  readonly networkGrade: NetworkGrade = 'good';
  #parsed: { readonly payload: Json; readonly base?: Json } | null = null;
  #controller: AbortController | null = null;
  #aborted: unknown;
  readonly #onError: (error: unknown) => void;

  constructor(
    context: SyncOperationContext,
    body: string,
    deadlineAtMs: number,
    onError: (error: unknown) => void,
  ) {
    this.#context = context;
    this.#body = body;
    this.deadlineAtMs = deadlineAtMs;
    this.#onError = onError;
  }

  get operationId() {
    return this.#context.id;
  }
  get type() {
    return this.#context.type;
  }
  get subject() {
    return this.#context.subject;
  }
  get entity() {
    return this.#context.entity;
  }
  get tier() {
    return this.#context.tier;
  }
  get priority() {
    return this.#context.priority;
  }
  get idempotencyKey() {
    return this.#context.idempotencyKey;
  }
  get number() {
    return this.#context.attempt;
  }
  get method() {
    return this.#context.method;
  }
  get path() {
    return this.#context.path;
  }
  get payload(): Json {
    this.#parsed ??= parseBody(this.#body);
    return this.#parsed.payload;
  }
  get base(): Json | undefined {
    this.#parsed ??= parseBody(this.#body);
    return this.#parsed.base;
  }
  get signal(): AbortSignal {
    this.#controller ??= guardedController(this.#onError);
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }
  /** Trace id from the operation's id, span id from the attempt's number: nothing to keep (W3C Trace Context). */
  get traceparent(): string {
    const traceId = this.#context.id.replaceAll('-', '');
    return `00-${traceId}-${this.#context.attempt.toString(16).padStart(16, '0')}-01`;
  }

  abort(reason: HoldfastError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }
}
