/**
 * One attempt of a guarded call, as its function sees it and as its deadline finds it.
 *
 * @module
 */

import { guardSignal } from '../facts/factStream.ts';
import type { Permit } from '../operation/flowControl.ts';

/** What the function of `runtime.call` is given. */
export interface CallContext {
  /**
   * Aborted when the attempt's time is over, its caller gives up or the runtime closes. It is made when it
   * is read: a function that needs none costs none.
   */
  readonly signal: AbortSignal;
  /** The attempt, from 1. */
  readonly number: number;
}

/** What an attempt needs of its call, whatever that answers. */
export interface AnyCall {
  readonly onError: (error: unknown) => void;
  attemptDue(attempt: CallAttempt, nowMs: number): void;
  end(reason: unknown): void;
}

export class CallAttempt implements CallContext {
  readonly call: AnyCall;
  readonly number: number;
  /** `null` for a crisis, which needs none. */
  readonly permit: Permit | null;
  readonly timeoutMs: number;
  /** By the monotonic clock. */
  readonly beganAtMs: number;
  /** When its time is over, by the monotonic clock; the place of its entry is `previous` and `next`. */
  dueAtMs: number;
  previous: CallAttempt | null = null;
  next: CallAttempt | null = null;
  /** `abandoned`: its call goes on without it, and its function has not returned. */
  state: 'running' | 'abandoned' | 'over' = 'running';
  #controller: AbortController | null = null;
  #aborted: unknown;

  constructor(
    call: AnyCall,
    number: number,
    permit: Permit | null,
    timeoutMs: number,
    beganAtMs: number,
  ) {
    this.call = call;
    this.timeoutMs = timeoutMs;
    this.number = number;
    this.permit = permit;
    this.beganAtMs = beganAtMs;
    this.dueAtMs = beganAtMs + timeoutMs;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      guardSignal(this.#controller.signal, this.call.onError);
    }
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  /** Aborts its signal, also one that is read later. */
  abort(reason: unknown): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }
}
