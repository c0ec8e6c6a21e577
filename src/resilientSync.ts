/**
 * `executeResilientSync`: a function of the caller's own, run as a durable operation, and answered in time.
 *
 * @module
 */

import { inCallersContext } from '../actors/platform/callerContext.ts';
import { inTime } from '../actors/platform/inTime.ts';
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
import type { Json } from '../machines/vocabulary/json.ts';
import { milliseconds, type OptionRules } from '../machines/vocabulary/optionRules.ts';
import { type Operation, operationHandle } from './operation.ts';

/** How `executeResilientSync` waits, and what becomes of the operation. All of it is optional. */
export interface ResilientOptions {
  /** Aborted, it ends the wait: the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What `signal` means for the operation. `cancel` (default): it is cancelled, unless it had ended, and what was not
   * begun is not begun; an attempt under way has its own signal aborted, and may have been applied. `goOn`: only the
   * wait ends. A crisis, and an operation that an earlier call with this key began, always goes on.
   */
  readonly whenAborted?: 'cancel' | 'goOn' | undefined;
  /** When the call is answered at the latest, in milliseconds. Default: the response deadline of its tier. */
  readonly deadlineMs?: number | undefined;
  /**
   * What becomes of it where this process ends first, and no handler of its type is registered at the next start.
   * `wait` (default): it waits for one, which `onError`, the log and health tell. `giveUp`: it is a dead letter
   * (`HF_FUNCTION_GONE`), which a person can replay. With a handler of its type it goes on by that, either way. A crisis
   * is never given up.
   */
  readonly afterRestart?: 'wait' | 'giveUp' | undefined;
}

/** What `executeResilientSync` answers. */
export interface ResilientResult<Response = Json | undefined> {
  /** True once the upstream has answered; false while it is still being tried, or when it was given up. */
  readonly success: boolean;
  readonly response: Response | undefined;
  readonly resilience: {
    readonly operationId: string;
    /** True where an earlier operation with this idempotency key was found: this function is not called then. */
    readonly isDuplicate: boolean;
    /** `accepted`: it goes on after this answer; `operation.outcome` tells how it ends. */
    readonly status: Outcome['status'] | 'accepted';
    /** How often it was tried, an attempt under way and those that an outage excused included. */
    readonly attempts: number;
    /** Why the last attempt failed, or how it ended; its `cause` is what the function threw. */
    readonly error: HoldfastError | undefined;
    /** Why an `accepted` one waits, and until when its next attempt does, where that is known; else `null`. */
    readonly wait: OperationWait | null;
    /**
     * What becomes of it should the process end now: `handler`: that of its type performs it. `wait`: it waits until one is
     * registered. `giveUp`: it is given up. `null` where it has ended.
     */
    readonly afterRestart: 'handler' | 'wait' | 'giveUp' | null;
  };
  readonly metrics: { readonly elapsedMs: number };
  /** The operation, to follow, await or cancel it after this answer. */
  readonly operation: Operation<Response>;
}

export const RESILIENT_RULES: OptionRules<ResilientOptions> = {
  signal: 'signal',
  whenAborted: { oneOf: ['cancel', 'goOn'] },
  deadlineMs: milliseconds(1),
  afterRestart: { oneOf: ['wait', 'giveUp'] },
};

/** What is known of it is asked at the deadline; it comes from memory, or from a disk that is given so long. */
const VIEW_WITHIN_MS = 50;
/** Entries of a history that stand for an attempt that has ended. */
const TRIED: readonly string[] = ['failed', 'crashed', 'interrupted'];

/** A call, once its request has been checked. */
export interface ResilientCall {
  readonly request: CheckedRequest;
  readonly upstream: string;
  readonly run: Handler['run'];
  readonly options: ResilientOptions;
  /** When the call is answered at the latest, in milliseconds from its beginning. */
  readonly deadlineMs: number;
}

export interface ResilientParts {
  readonly engine: Engine;
  readonly clock: Clock;
  /** The type whose handler takes crises that have none. */
  readonly crisisType: string;
  readonly accept: (
    request: CheckedRequest,
    handler: OwnHandler,
    withinMs: number,
  ) => Promise<Acceptance>;
  /** Told of what no caller hears of. */
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

  /** Its caller waits no longer: what it means for the operation is done, or is once that is accepted. */
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
      // It was accepted, and goes on at the next start.
      if (isHoldfastError(error) && error.code === 'HF_CLOSED') return null;
      throw error;
    });
    const outcome = (await inTime(clock, ended, deadlineMs - this.#elapsedMs()))?.value ?? null;
    return outcome === null ? await this.#goingOn(acceptance) : this.#ended(acceptance, outcome);
  }

  /** Counts the attempts, and keeps what the last of them threw. */
  readonly #run = async (attempt: Attempt): Promise<Json | undefined> => {
    if (this.#isCancelled) {
      // It was accepted after its caller gave up. Where that was late, nobody has been told, and no cancel is under way.
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
    // One that others began is theirs.
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
    // It was accepted: where it stands is told if that is known in time.
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

  /** Whether it goes on without its function. */
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
    // At a time-out nothing was thrown: what is kept is of an attempt before.
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

/** Attempts of an operation that another call began, as far as its history goes back. */
function attemptsIn(view: OperationView | null): number {
  if (view === null) return 0;
  const ended = view.history.filter(({ what }) => TRIED.includes(what)).length;
  return ended + (isTried(view) ? 1 : 0);
}
