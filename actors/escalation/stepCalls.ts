/**
 * The calls by which steps of the chain are told (CR-5): each within its time limit, and no more at once for
 * one step than it can bear, so that thousands of crises can't end the process that answers them.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { TimerService } from '../time/timerService.ts';
import type { EscalationNotice, EscalationStep } from './escalationStep.ts';

/** Calls of one step at once. */
const CALLS_MAX = 32;

/** How a call has ended. */
export type CallEnd =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'failed' | 'timedOut'; readonly thrown: unknown };

export class StepCalls {
  readonly #timers: TimerService;
  /** Of each step the calls under way, and those that wait for one of these to end. */
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(timers: TimerService) {
    this.#timers = timers;
  }

  /**
   * Calls the step as soon as there is room for the call, and tells once how it ended; the returned function
   * aborts it, and nothing is told any more.
   */
  begin(step: EscalationStep, notice: EscalationNotice, ended: (end: CallEnd) => void): () => void {
    let abort: (() => void) | null = null;
    const begin = (): void => {
      abort = this.#call(step, notice, ended);
    };
    if ((this.#running.get(step.name) ?? 0) < CALLS_MAX) {
      begin();
    } else {
      this.#waitingFor(step.name).add(begin);
    }
    return () => {
      this.#waitingFor(step.name).delete(begin);
      abort?.();
    };
  }

  #call(step: EscalationStep, notice: EscalationNotice, ended: (end: CallEnd) => void): () => void {
    const { name, timeoutMs } = step;
    this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
    const controller = new AbortController();
    let isOver = false;
    // Its room is given to another at its time limit: one that hangs holds up nobody else's.
    const end = (how: CallEnd | null): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      if (how?.ok !== true) controller.abort(how === null ? stopped() : how.thrown);
      this.#leave(name);
      if (how !== null) ended(how);
    };
    const cancelTimer = this.#timers.after(timeoutMs, () => {
      end({ ok: false, why: 'timedOut', thrown: timedOut(name, timeoutMs) });
    });
    // Begun apart from the chart, which must not be entered in the midst of a step, and where it throws.
    Promise.resolve()
      .then(async () => {
        if (!isOver) await step.notify(notice, { signal: controller.signal });
      })
      .then(
        () => {
          end({ ok: true });
        },
        (thrown: unknown) => {
          end({ ok: false, why: 'failed', thrown });
        },
      );
    return () => {
      end(null);
    };
  }

  #leave(name: string): void {
    this.#running.set(name, (this.#running.get(name) ?? 1) - 1);
    const waiting = this.#waitingFor(name);
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  }

  #waitingFor(name: string): Set<() => void> {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    return waiting;
  }
}

function timedOut(name: string, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'HF_ATTEMPT_TIMED_OUT',
    `The step ${name} of crisis.escalation did not answer within ${timeoutMs} ms.`,
    { retry: 'later', withStack: false },
  );
}

function stopped(): HoldfastError {
  return new HoldfastError('HF_CANCELLED', 'Nobody has to be told of this crisis by this call.', {
    withStack: false,
  });
}
