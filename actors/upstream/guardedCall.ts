/**
 * One guarded call, from the question to its answer: waits for its permit, makes its attempts, and
 * answers its caller once, whatever its function does meanwhile.
 *
 * @module
 */

import { type CallReport, SILENT } from '../../machines/policy/flow/callReport.ts';
import type { RateReservation } from '../../machines/policy/flow/rateLimits.ts';
import type { OperationPolicy } from '../../machines/policy/layers/policyFields.ts';
import {
  type AttemptFailure,
  callReportOf,
  type Failure,
  failureOf,
  mayBeApplied,
} from '../../machines/policy/retry/classifyFailure.ts';
import { retryDelayMs } from '../../machines/policy/retry/retryPolicy.ts';
import { isThenable } from '../../machines/vocabulary/errors.ts';
import {
  builtInOf,
  DEFAULT_TIER,
  type Priority,
  type Tiered,
  type TierName,
  urgencyOf,
} from '../../machines/vocabulary/urgency.ts';
import type { Permit } from '../operation/flowControl.ts';
import { inNoContext } from '../platform/inPieces.ts';
import { CallAttempt, type CallContext } from './callAttempt.ts';
import type { CallDeadlines } from './callDeadlines.ts';
import { attemptTimedOut, callExpired } from './callErrors.ts';

/** How a call is made; all of it may be left out. */
export interface CallOptions {
  /** Default `basic`. */
  readonly tier?: TierName | undefined;
  /** Default `normal`. A `crisis` passes: no permit, no queue, no rate. */
  readonly priority?: Priority | undefined;
  /** The type of operation whose policies hold for it; left out, those of its tier and upstream. */
  readonly type?: string | undefined;
  /** Whom it is for, where the subjects of the upstream have a rate. Kept in memory only. */
  readonly subject?: string | undefined;
  /** Whether what may pass is tried again, by the retry policy of the tier. Default true. */
  readonly retry?: boolean | undefined;
  /**
   * Whether the function may run again although the upstream may have acted. Default true; false tries
   * again only what surely was not applied.
   */
  readonly isRepeatSafe?: boolean | undefined;
  /** The longest that one attempt may take, in milliseconds, where that is less than its policy says. */
  readonly timeoutMs?: number | undefined;
  /** The longest that the call may take in all, in milliseconds, its waits and attempts included. */
  readonly deadlineMs?: number | undefined;
  /** Ends the call: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Whether it waits while the upstream is down, until its deadline. Default false: it rejects at once. */
  readonly waitWhileDown?: boolean | undefined;
  /** Says what a thrown error means, where the error does not say it itself. */
  readonly classify?: ((thrown: unknown) => AttemptFailure | undefined) | undefined;
}

/** The function of a call. */
export type CallFunction<Value> = (context: CallContext) => Promise<Value> | Value;

/** What a call needs of the calls of its upstream. */
export interface CallHost {
  readonly deadlines: CallDeadlines;
  readonly onError: (error: unknown) => void;
  readonly isClosed: boolean;
  sleep(call: GuardedCall, ms: number): () => void;
  after(ms: number, wake: () => void): () => void;
  forget(call: GuardedCall): void;
  tell(attempt: CallAttempt, report: CallReport): void;
  leave(attempt: CallAttempt, report: CallReport): void;
  /** The tier of a call, as the policies in force know it. */
  tierOf(options: CallOptions): Tiered;
  policyOf(of: string, type: string | undefined): OperationPolicy;
  nowMs(): number;
  draw(): number;
}

export const NO_OPTIONS: CallOptions = Object.freeze({});
/** An overhanging function loses its slot after so many times its time-out. */
const OVERHANG = 3;

let resolveNext: (value: unknown) => void;
let rejectNext: (error: unknown) => void;
/** One executor for all promises, so that a call makes no closure for it. */
const takeResolvers = (
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): void => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** What a call that is done at its first attempt never needs: it is made with the first wait. */
class CallWaits {
  /** When it ends at the latest, by the monotonic clock. */
  endsAtMs = Number.POSITIVE_INFINITY;
  delayMs: number | null = null;
  lastThrown: unknown;
  /** Cancels the timer that it waits for: of its backoff or its rate. */
  cancelWait: (() => void) | null = null;
  cancelDeadline: (() => void) | null = null;
  onAbort: (() => void) | null = null;
}

export class GuardedCall {
  readonly promise: Promise<unknown>;
  readonly urgency: number;
  readonly tier: Tiered;
  readonly options: CallOptions;
  /** What its rate limits have told it. */
  reservation: RateReservation | null = null;
  readonly #calls: CallHost;
  readonly #run: CallFunction<unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #attempt: CallAttempt | null = null;
  #attempts = 0;
  #isOver = false;
  #made: CallWaits | null = null;

  constructor(calls: CallHost, run: CallFunction<unknown>, options: CallOptions) {
    this.#calls = calls;
    this.#run = run;
    this.options = options;
    this.tier = options === NO_OPTIONS ? DEFAULT_TIERED : calls.tierOf(options);
    this.urgency = urgencyOf(options.priority ?? 'normal', builtInOf(this.tier));
    this.promise = new Promise<unknown>(takeResolvers);
    this.#resolve = resolveNext;
    this.#reject = rejectNext;
  }

  get retryClass(): string {
    return this.options.priority === 'crisis' ? 'crisis' : this.tier.tier;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get onError(): (error: unknown) => void {
    return this.#calls.onError;
  }

  /** What was thrown last; `undefined` before the first failure. */
  get lastThrown(): unknown {
    return this.#made?.lastThrown;
  }

  get #waits(): CallWaits {
    this.#made ??= new CallWaits();
    return this.#made;
  }

  /** Ends it when its caller's signal is aborted or its own time is over. */
  watch(): void {
    const { signal, deadlineMs } = this.options;
    if (deadlineMs !== undefined) {
      const waits = this.#waits;
      waits.endsAtMs = this.#calls.nowMs() + deadlineMs;
      waits.cancelDeadline = this.#calls.after(deadlineMs, () => {
        this.end(callExpired(waits.lastThrown));
      });
    }
    if (signal === undefined) return;
    const onAbort = (): void => {
      inNoContext(() => {
        this.end(signal.reason);
      });
    };
    if (signal.aborted) onAbort();
    else {
      this.#waits.onAbort = onAbort;
      signal.addEventListener('abort', onAbort, { once: true });
    }
  }

  /** Makes an attempt, now. */
  begin(permit: Permit | null, timeoutMs: number): void {
    this.#attempts += 1;
    const beganAtMs = permit === null ? this.#calls.nowMs() : permit.beganAtMs;
    const attempt = new CallAttempt(this, this.#attempts, permit, timeoutMs, beganAtMs);
    this.#attempt = attempt;
    this.#calls.deadlines.add(attempt);
    let answer: unknown;
    try {
      answer = this.#run(attempt);
      if (isThenable(answer)) {
        this.#follow(attempt, answer instanceof Promise ? answer : Promise.resolve(answer));
        return;
      }
    } catch (thrown) {
      this.#failed(attempt, thrown);
      return;
    }
    this.#succeeded(attempt, answer);
  }

  /** Ends an attempt whose time is over, or that of its overhanging function. */
  attemptDue(attempt: CallAttempt, nowMs: number): void {
    if (attempt.state === 'abandoned') {
      attempt.state = 'over';
      this.#calls.leave(attempt, SILENT);
      return;
    }
    const late = attemptTimedOut();
    attempt.abort(late);
    const failure = failureOf(late);
    this.#calls.tell(attempt, callReportOf(failure, false));
    this.#overhang(attempt, nowMs);
    this.#afterFailure(failure, late);
  }

  /** Ends it without an answer. What its function does from now on is waited for by its slot only. */
  end(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    const attempt = this.#attempt;
    if (attempt !== null) {
      attempt.abort(reason);
      this.#overhang(attempt, this.#calls.nowMs());
    } else this.#calls.forget(this);
    this.#reject(reason);
  }

  /** Waits for so long, then asks for its turn again. */
  sleep(ms: number): void {
    this.#waits.cancelWait = this.#calls.sleep(this, ms);
  }

  /** By `then`: an async function would keep twice as much for each call. */
  #follow(attempt: CallAttempt, answer: Promise<unknown>): void {
    void answer.then(
      (value) => {
        this.#succeeded(attempt, value);
      },
      (thrown: unknown) => {
        this.#failed(attempt, thrown);
      },
    );
  }

  #succeeded(attempt: CallAttempt, value: unknown): void {
    if (attempt.state !== 'running') {
      this.#returned(attempt);
      return;
    }
    attempt.state = 'over';
    this.#attempt = null;
    this.#finish();
    this.#calls.leave(attempt, ANSWERED);
    this.#resolve(value);
  }

  #failed(attempt: CallAttempt, thrown: unknown): void {
    if (attempt.state !== 'running') {
      this.#returned(attempt);
      return;
    }
    attempt.state = 'over';
    this.#attempt = null;
    const failure = this.#classify(thrown);
    this.#calls.leave(attempt, callReportOf(failure, false));
    this.#afterFailure(failure, thrown);
  }

  /** Tries again, or rejects with what was thrown. */
  #afterFailure(failure: Failure, thrown: unknown): void {
    if (this.#isOver) return;
    const waits = this.#waits;
    waits.lastThrown = thrown;
    const { retry = true, isRepeatSafe = true, type } = this.options;
    const policy = this.#calls.policyOf(this.retryClass, type).retry;
    const isWorthIt =
      failure.failureClass === 'transient' || failure.failureClass === 'unknownOutcome';
    const isSafe = isRepeatSafe || !mayBeApplied(failure);
    const hasAttempts = retry && this.#attempts < policy.attemptsMax && !this.#calls.isClosed;
    if (!hasAttempts || !isWorthIt || !isSafe) {
      this.#finish();
      this.#reject(thrown);
      return;
    }
    waits.delayMs = retryDelayMs(policy, {
      attempt: this.#attempts,
      draw: this.#calls.draw(),
      previousDelayMs: waits.delayMs,
      retryAfterMs: failure.retryAfterMs ?? null,
    });
    if (this.#calls.nowMs() + waits.delayMs >= waits.endsAtMs) {
      this.#finish();
      this.#reject(thrown);
    } else this.sleep(waits.delayMs);
  }

  #classify(thrown: unknown): Failure {
    const { classify } = this.options;
    try {
      return failureOf(classify?.(thrown) ?? thrown);
    } catch {
      return failureOf(undefined);
    }
  }

  /** Goes on without its function, whose slot stays taken until it returns. */
  #overhang(attempt: CallAttempt, nowMs: number): void {
    attempt.state = 'abandoned';
    this.#attempt = null;
    this.#calls.deadlines.move(attempt, nowMs + (OVERHANG - 1) * attempt.timeoutMs);
  }

  #returned(attempt: CallAttempt): void {
    if (attempt.state === 'over') return;
    attempt.state = 'over';
    this.#calls.leave(attempt, SILENT);
  }

  #finish(): void {
    this.#isOver = true;
    if (this.#made === null) return;
    const { cancelWait, cancelDeadline, onAbort } = this.#made;
    cancelWait?.();
    cancelDeadline?.();
    if (onAbort !== null) this.options.signal?.removeEventListener('abort', onAbort);
  }
}

const ANSWERED: CallReport = Object.freeze({ sign: 'answered' });
const DEFAULT_TIERED: Tiered = Object.freeze({ tier: DEFAULT_TIER });
