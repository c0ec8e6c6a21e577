/**
 * The guarded calls of one upstream: who gets the next permit, who waits, and whose time is over.
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CallReport } from '../../machines/policy/flow/callReport.ts';
import type { RateAsker } from '../../machines/policy/flow/rateLimits.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { OperationPolicy } from '../../machines/policy/layers/policyFields.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { MayRun, WaitCause } from '../../machines/vocabulary/standing.ts';
import {
  DEFAULT_TIER,
  leastUrgent,
  mostUrgent,
  type RankSet,
  type Tiered,
} from '../../machines/vocabulary/urgency.ts';
import { callMs, type Permit } from '../operation/flowControl.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { CallAttempt } from './callAttempt.ts';
import { CallDeadlines } from './callDeadlines.ts';
import { callsFull, upstreamDown } from './callErrors.ts';
import {
  type CallFunction,
  type CallHost,
  type CallOptions,
  GuardedCall,
  NO_OPTIONS,
} from './guardedCall.ts';
import type { Waiters } from './line.ts';
import { ReadyQueue } from './readyQueue.ts';
import type { UpstreamScheduler } from './upstreamScheduler.ts';

/** Calls that may wait for one upstream at once. */
export const CALLS_WAITING_MAX = 1_000;
/** While calls wait, a slot that nobody told of is found within this. */
const LOOK_AGAIN_MS = 100;

/** The line that calls wait in. */
export interface CallLine {
  /** A permit for a call of this rank; `null` when it has to wait. */
  tryCall(urgency: number): Permit | null;
  /** Whether one may begin. */
  mayCall(urgency: number): MayRun;
}

export interface UpstreamCallsParts {
  readonly flow: UpstreamScheduler;
  readonly policies: PoliciesInForce;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly random: Random;
  readonly timers: TimerService;
  readonly onError: (error: unknown) => void;
}

export class UpstreamCalls implements CallHost, Waiters {
  readonly deadlines: CallDeadlines;
  /** Calls that wait for their turn; none once it is closed. */
  readonly queue = new ReadyQueue<GuardedCall>();
  readonly onError: (error: unknown) => void;
  readonly #parts: UpstreamCallsParts;
  readonly #line: CallLine;
  readonly #flow: UpstreamScheduler;
  readonly #clock: Clock;
  /** Calls that wait for a time: their next attempt, or a token of their rate. */
  readonly #sleeping = new Set<GuardedCall>();
  #cancelLook: (() => void) | null = null;
  #inFlight = 0;
  /** Whether a call had the last turn: a call and an operation of one rank go in turn. */
  #wasCallsTurn = false;
  #closed: HoldfastError | null = null;
  #whenIdle: (() => void)[] = [];
  /** Read again after each change of the policies. */
  #usualTimeoutMs = Number.POSITIVE_INFINITY;

  constructor(line: CallLine, parts: UpstreamCallsParts) {
    this.#line = line;
    this.#parts = parts;
    this.#flow = parts.flow;
    this.#clock = parts.clock;
    this.onError = parts.onError;
    this.deadlines = new CallDeadlines({
      clock: parts.clock,
      timers: parts.timers,
      onDue: (attempt) => {
        attempt.call.attemptDue(attempt, this.nowMs());
      },
    });
    this.changed();
  }

  get ranks(): RankSet {
    return this.queue.ranks;
  }

  /** Attempts whose function has not returned, those of crises too. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Nothing begins any more, and nothing is tried again. */
  get isClosed(): boolean {
    return this.#closed !== null;
  }

  call<Value>(run: CallFunction<Value>, options: CallOptions = NO_OPTIONS): Promise<Value> {
    const call = new GuardedCall(this, run, options);
    if (options !== NO_OPTIONS) call.watch();
    if (!call.isOver) this.turn(call);
    return call.promise as Promise<Value>;
  }

  /**
   * Gives a permit to the most urgent call of these ranks that waits. With an operation of the least urgent
   * of them they go in turn.
   */
  take(ranks: RankSet, permit: Permit): boolean {
    if (this.#closed !== null) return false;
    if (this.queue.first(ranks)?.urgency === leastUrgent(ranks)) {
      this.#wasCallsTurn = !this.#wasCallsTurn;
      if (!this.#wasCallsTurn) return false;
    }
    for (;;) {
      const call = this.queue.first(ranks);
      if (call === undefined) return false;
      this.queue.delete(call);
      if (this.#waitsForRate(call)) continue;
      this.#begin(call, permit);
      return true;
    }
  }

  /** Has a call make its next attempt: now, or when it is its turn. */
  turn(call: GuardedCall): void {
    const { urgency } = call;
    if (this.#closed !== null) call.end(this.#closed);
    else if (passesBy('flow', { urgency })) this.#beginCrisis(call);
    else if (mostUrgent(this.queue.ranks) <= urgency) this.#wait(call);
    else this.#enter(call);
  }

  /** Has a call ask for its turn again in so many milliseconds. Returns what cancels that. */
  sleep(call: GuardedCall, ms: number): () => void {
    this.#sleeping.add(call);
    const cancel = this.#parts.timers.after(ms, () => {
      this.#sleeping.delete(call);
      this.turn(call);
    });
    return () => {
      this.#sleeping.delete(call);
      cancel();
    };
  }

  /** Calls `wake` in so many milliseconds. Returns what cancels that. */
  after(ms: number, wake: () => void): () => void {
    return this.#parts.timers.after(ms, wake);
  }

  /** Forgets a call that was ended while it waited. */
  forget(call: GuardedCall): void {
    this.queue.delete(call);
    if (call.reservation !== null) this.#flow.rates?.withdraw(rateAskerOf(call), call.reservation);
  }

  /** How an attempt went whose function has not returned. */
  tell(attempt: CallAttempt, report: CallReport): void {
    if (attempt.permit !== null) this.#flow.tell(attempt.permit, report);
    else this.#recordCrisis(attempt, report);
  }

  /** Frees the slot of an attempt whose function has returned, or is no longer waited for. */
  leave(attempt: CallAttempt, report: CallReport): void {
    this.deadlines.remove(attempt);
    this.#inFlight -= 1;
    if (attempt.permit !== null) this.#flow.leave(attempt.permit, report);
    else this.#recordCrisis(attempt, report);
    // Those that wait are told of the slot after this: with the operations, by one order of urgency.
    if (this.#inFlight === 0 && this.#whenIdle.length > 0) {
      for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  tierOf({ tier = DEFAULT_TIER, like }: CallOptions & Pick<Tiered, 'like'>): Tiered {
    return this.#parts.policies.table.tierOf({ tier, like });
  }

  policyOf(of: string, type: string | undefined): OperationPolicy {
    return this.#parts.policies.table.operation(this.#flow.upstream, of, type ?? '');
  }

  nowMs(): number {
    return this.#clock.monotonic();
  }

  draw(): number {
    return this.#parts.random.next();
  }

  /** Rejects what waits, and begins nothing any more; what is in flight may end. */
  close(reason: HoldfastError): void {
    this.#closed = reason;
    this.#cancelLook?.();
    for (const call of [...this.queue.all, ...this.#sleeping]) call.end(reason);
  }

  /** Rejects what is in flight, too. */
  abort(reason: HoldfastError): void {
    this.close(reason);
    for (const { call } of this.deadlines) call.end(reason);
  }

  /** Resolves once no function is under way. */
  async whenIdle(): Promise<void> {
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  #recordCrisis({ beganAtMs }: CallAttempt, report: CallReport): void {
    if (report.sign !== 'silent') this.#flow.recordCrisis(report, this.nowMs() - beganAtMs);
  }

  /** Other policies are in force. */
  changed(): void {
    const { table } = this.#parts.policies;
    this.#usualTimeoutMs = table.operation(this.#flow.upstream, 'basic', '').attemptTimeoutMs;
  }

  /** Takes a permit, or waits for one, or is refused because the upstream is down. */
  #enter(call: GuardedCall): void {
    if (this.#waitsForRate(call)) return;
    const permit = this.#line.tryCall(call.urgency);
    if (permit !== null) {
      this.#begin(call, permit);
      return;
    }
    this.#flow.rates?.giveBack(rateAskerOf(call), 0);
    const answer = this.#line.mayCall(call.urgency);
    const because = answer.may ? 'slot' : answer.because;
    if (DOWN.includes(because) && call.options.waitWhileDown !== true) {
      call.end(upstreamDown(this.#flow.upstream, because, call.lastThrown));
    } else this.#wait(call);
  }

  /** Whether its subject or its tier has to wait; asked last, so that no token is taken for nothing. */
  #waitsForRate(call: GuardedCall): boolean {
    const { rates } = this.#flow;
    if (rates === null) return false;
    const nowMs = this.#parts.steady.now();
    call.reservation = rates.ask(rateAskerOf(call), call.reservation, nowMs);
    if (call.reservation === null) return false;
    call.sleep(call.reservation.dueAtMs - nowMs);
    return true;
  }

  #beginCrisis(call: GuardedCall): void {
    this.#flow.rates?.count(rateAskerOf(call), this.#parts.steady.now());
    this.#begin(call, null);
  }

  #begin(call: GuardedCall, permit: Permit | null): void {
    this.#inFlight += 1;
    call.begin(permit, this.#timeoutMs(call, permit));
  }

  #timeoutMs(call: GuardedCall, permit: Permit | null): number {
    const { options } = call;
    const isUsual = options === NO_OPTIONS;
    const ownMs = isUsual
      ? this.#usualTimeoutMs
      : this.policyOf(call.retryClass, options.type).attemptTimeoutMs;
    const measuredMs = callMs(ownMs, permit);
    return options.timeoutMs === undefined ? measuredMs : Math.min(measuredMs, options.timeoutMs);
  }

  #wait(call: GuardedCall): void {
    if (this.queue.size >= CALLS_WAITING_MAX) {
      call.end(callsFull(this.#flow.upstream, this.queue.size));
      return;
    }
    this.queue.add(call);
    this.#cancelLook ??= this.after(LOOK_AGAIN_MS, this.#look);
  }

  /** Some slots open with time, which nobody tells of: they are looked for. */
  readonly #look = (): void => {
    this.#cancelLook = null;
    while (this.startNext());
    if (this.queue.size > 0) this.#cancelLook ??= this.after(LOOK_AGAIN_MS, this.#look);
  };

  /** The most urgent takes what is free now, or is refused because the upstream is down. */
  startNext(): boolean {
    const call = this.#closed === null ? this.queue.first() : undefined;
    if (call === undefined) return false;
    const answer = this.#line.mayCall(call.urgency);
    const isDown = !answer.may && DOWN.includes(answer.because);
    if (!answer.may && !isDown) return false;
    if (isDown && call.options.waitWhileDown === true) return false;
    this.queue.delete(call);
    this.#enter(call);
    return call.isOver || this.queue.first() !== call;
  }
}

/** Reasons for which nothing goes to the upstream until it is back. */
const DOWN: readonly WaitCause[] = ['operator', 'breaker', 'probe'];

function rateAskerOf({ options, urgency, tier }: GuardedCall): RateAsker {
  return { subject: options.subject ?? null, ...tier, urgency };
}
