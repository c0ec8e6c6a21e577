/**
 * `executeResilientSync`: runs a function of the caller as a durable operation, and answers in time.
 *
 * @module
 */

import { inCallersContext, inTime } from '../actors/platform/inPieces.ts';
import type {
  Acceptance,
  Attempt,
  Engine,
  Handler,
  OperationView,
  OperationWait,
  Outcome,
  OwnHandler,
} from '../actors/port.ts';
import { isCrisisAttempted, isCrisisState } from '../machines/crisis/crisisDemand.ts';
import { isAttempted } from '../machines/operation/demand.ts';
import type { CheckedRequest } from '../machines/policy/request/request.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import { milliseconds, type OptionRules } from '../machines/vocabulary/optionFields.ts';
import type { Json } from '../machines/vocabulary/shape.ts';
import { type Operation, operationHandle } from './operation.ts';

/** Options of `executeResilientSync`. All are optional. */
export interface ResilientOptions {
  /** Signal that ends the wait: the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Effect of `signal` on the operation. `cancel` (default): the operation is cancelled unless it has ended; an
   * attempt under way has its own signal aborted, and may have been applied. `goOn`: only the wait ends. A crisis,
   * and an operation that an earlier call with this key began, always go on.
   */
  readonly whenAborted?: 'cancel' | 'goOn' | undefined;
  /** Deadline of the answer, in milliseconds. Default: the response deadline of its tier. */
  readonly deadlineMs?: number | undefined;
  /**
   * What happens if this process ends first and no handler of its type is registered at the next start. `wait`
   * (default): the operation waits for one, which `onError`, the log and health report. `giveUp`: it becomes a dead
   * letter (`HF_FUNCTION_GONE`), which a person can replay. A handler of its type takes it over in either case. A
   * crisis is never given up.
   */
  readonly afterRestart?: 'wait' | 'giveUp' | undefined;
}

/** Result of `executeResilientSync`. */
export interface ResilientResult<Response = Json | undefined> {
  /** True if the upstream has answered; false while it is being tried, or if it was given up. */
  readonly success: boolean;
  readonly response: Response | undefined;
  readonly resilience: {
    readonly operationId: string;
    /** True if an earlier operation with this idempotency key was found; the function is then not called. */
    readonly isDuplicate: boolean;
    /** `accepted`: the operation goes on after this answer; `operation.outcome` settles at its end. */
    readonly status: Outcome['status'] | 'accepted';
    /** Number of attempts, including one under way and those excused by an outage. */
    readonly attempts: number;
    /** Failure of the last attempt, or the way it ended; its `cause` is what the function threw. */
    readonly error: HoldfastError | undefined;
    /** Reason why an `accepted` operation waits, and until when, if known; else `null`. */
    readonly wait: OperationWait | null;
    /**
     * What happens if the process ends now. `handler`: the handler of its type performs it. `wait`: it waits until
     * one is registered. `giveUp`: it is given up. `null` if it has ended.
     */
    readonly afterRestart: 'handler' | 'wait' | 'giveUp' | null;
  };
  readonly metrics: { readonly elapsedMs: number };
  /** Handle to watch, await or cancel the operation after this answer. */
  readonly operation: Operation<Response>;
}

export const RESILIENT_RULES: OptionRules<ResilientOptions> = {
  signal: 'signal',
  whenAborted: { oneOf: ['cancel', 'goOn'] },
  deadlineMs: milliseconds(1),
  afterRestart: { oneOf: ['wait', 'giveUp'] },
};

/** Time for a disk to give the view of the operation at the deadline. */
const VIEW_WITHIN_MS = 50;
/** Kinds of history entries that mean an attempt has ended. */
const TRIED: readonly string[] = ['failed', 'crashed', 'interrupted'];

/** A call whose request has been checked. */
export interface ResilientCall {
  readonly request: CheckedRequest;
  readonly upstream: string;
  readonly run: Handler['run'];
  readonly options: ResilientOptions;
  /** Deadline of the answer, in milliseconds from the beginning of the call. */
  readonly deadlineMs: number;
}

export interface ResilientParts {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Type whose handler takes crises that have none. */
  readonly crisisType: string;
  readonly accept: (
    request: CheckedRequest,
    handler: OwnHandler,
    withinMs: number,
  ) => Promise<Acceptance>;
  /** Notified of failures that no caller sees. */
  readonly onError: (error: unknown) => void;
}

export async function resilientSync(
  parts: ResilientParts,
  call: ResilientCall,
): Promise<ResilientResult> {
  const { signal } = call.options;
  if (signal === undefined) return await new ResilientSync(parts, call).answer();
  signal.throwIfAborted();
  const sync = new ResilientSync(parts, call);
  return await new Promise((resolve, reject) => {
    const abort = (): void => {
      sync.abandon();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    sync
      .answer()
      .finally(() => {
        signal.removeEventListener('abort', abort);
      })
      .then(resolve, reject);
  });
}

class ResilientSync {
  readonly #parts: ResilientParts;
  readonly #call: ResilientCall;
  readonly #startedAtMs: number;
  #acceptance: Acceptance | null = null;
  #isCancelled = false;
  #calls = 0;
  #thrown: { readonly error: unknown } | null = null;

  constructor(parts: ResilientParts, call: ResilientCall) {
    this.#parts = parts;
    this.#call = { ...call, run: inCallersContext(call.run) };
    this.#startedAtMs = parts.clock.monotonic();
  }

  /**
   * Ends the wait of the caller, and cancels the operation if that is what its options say, at once or when it is
   * accepted.
   */
  abandon(): void {
    const { request, options } = this.#call;
    if (options.whenAborted === 'goOn' || request.priority === 'crisis') return;
    this.#isCancelled = true;
    this.#cancel();
  }

  async answer(): Promise<ResilientResult> {
    const { engine, clock, accept } = this.#parts;
    const { request, upstream, options, deadlineMs } = this.#call;
    const isBoundToProcess = options.afterRestart === 'giveUp';
    const handler = { upstream, run: this.#run, isBoundToProcess };
    const acceptance = await accept(request, handler, deadlineMs);
    this.#acceptance = acceptance;
    if (this.#isCancelled) this.#cancel();
    const { id } = acceptance;
    const ended = engine.outcome(id).catch((error: unknown) => {
      // The operation is accepted and continues at the next start.
      if (isHoldfastError(error) && error.code === 'HF_CLOSED') return null;
      throw error;
    });
    const outcome = (await inTime(clock, ended, deadlineMs - this.#elapsedMs()))?.value ?? null;
    return outcome === null ? await this.#goingOn(acceptance) : this.#ended(acceptance, outcome);
  }

  /** Counts the attempts, and keeps what the last of them threw. */
  readonly #run = async (attempt: Attempt): Promise<Json | undefined> => {
    if (this.#isCancelled) {
      // Accepted after its caller gave up: nobody has cancelled it yet.
      if (this.#acceptance === null) this.#tellCancelled(attempt.operationId);
      return await untilAborted(attempt.signal);
    }
    this.#calls += 1;
    try {
      return await this.#call.run(attempt);
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
  };

  #cancel(): void {
    // An operation that others began is theirs.
    if (this.#acceptance === null || this.#acceptance.isDuplicate) return;
    this.#tellCancelled(this.#acceptance.id);
  }

  #tellCancelled(id: string): void {
    const { engine, onError } = this.#parts;
    engine.tell(id, 'cancel.requested').catch(onError);
  }

  #ended({ id, isDuplicate }: Acceptance, outcome: Outcome): ResilientResult {
    const isDone = outcome.status === 'completed';
    return {
      success: isDone,
      response: isDone ? outcome.response : undefined,
      resilience: {
        operationId: id,
        isDuplicate,
        status: outcome.status,
        attempts: isDuplicate ? outcome.attempts : this.#calls,
        error: isDone ? undefined : outcome.error,
        wait: null,
        afterRestart: null,
      },
      metrics: { elapsedMs: this.#elapsedMs() },
      operation: operationHandle(this.#parts, id, isDuplicate),
    };
  }

  async #goingOn({ id, isDuplicate }: Acceptance): Promise<ResilientResult> {
    const { engine, clock } = this.#parts;
    const { request, options } = this.#call;
    // It is accepted: the answer has its state if that is known in time.
    const asked = engine.view(id).catch(() => null);
    const view = (await inTime(clock, asked, VIEW_WITHIN_MS))?.value ?? null;
    const isGivenUp = options.afterRestart === 'giveUp' && request.priority !== 'crisis';
    return {
      success: false,
      response: undefined,
      resilience: {
        operationId: id,
        isDuplicate,
        status: 'accepted',
        attempts: isDuplicate ? attemptsIn(view) : this.#calls,
        error: this.#lastError(view),
        wait: view?.wait ?? null,
        afterRestart: this.#hasHandler() ? 'handler' : isGivenUp ? 'giveUp' : 'wait',
      },
      metrics: { elapsedMs: this.#elapsedMs() },
      operation: operationHandle(this.#parts, id, isDuplicate),
    };
  }

  /** Whether a handler performs it without the function. */
  #hasHandler(): boolean {
    const { engine, crisisType } = this.#parts;
    const { type, priority } = this.#call.request;
    return engine.handlers.has(type) || (priority === 'crisis' && engine.handlers.has(crisisType));
  }

  #lastError(view: OperationView | null): HoldfastError | undefined {
    const failure = view?.failure ?? null;
    if (failure === null && this.#thrown === null) return undefined;
    const { code, message } = failure ?? {
      code: 'HF_ATTEMPT_FAILED',
      message: 'The last attempt failed; cause is what it threw.',
    };
    // A time-out throws nothing: what is kept is of an earlier attempt.
    const cause = code === 'HF_ATTEMPT_TIMED_OUT' ? undefined : this.#thrown?.error;
    return new HoldfastError(code, message, { retry: 'later', cause, withStack: false });
  }

  #elapsedMs(): number {
    return this.#parts.clock.monotonic() - this.#startedAtMs;
  }
}

/** Never resolves; rejects with the reason of `signal`. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason);
    });
  });
}

function isTried({ state }: OperationView): boolean {
  return isCrisisState(state) ? isCrisisAttempted(state) : isAttempted(state);
}

/** Number of attempts of an operation that another call began, as far as its history goes back. */
function attemptsIn(view: OperationView | null): number {
  if (view === null) return 0;
  const ended = view.history.filter(({ what }) => TRIED.includes(what)).length;
  return ended + (isTried(view) ? 1 : 0);
}
