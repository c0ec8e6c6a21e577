/**
 * The attempts of the operations in memory: begins them, knows what aborts each, and hands their
 * verdicts to the flow control of their upstream and to the operation.
 *
 * @module
 */

import type {
  SyncOperationContext,
  SyncOperationEvent,
} from '../../machines/operation/syncOperationMachine.ts';
import { type CallReport, SILENT } from '../../machines/policy/flow/callReport.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { type AttemptParts, AttemptRun, type AttemptVerdict } from '../attempt/attemptRun.ts';
import type { Handler } from '../attempt/handler.ts';
import type { CallVerdict } from '../flow/flowControl.ts';
import type { Resident } from './resident.ts';

export interface AttemptRunnerParts extends AttemptParts {
  readonly attemptTimeoutMs: (handler: Handler, context: SyncOperationContext) => number;
  /**
   * An attempt has ended, for whatever reason: its permit is due back. Called before `report`. Answers
   * what is known of the upstream then: see `singlesOut`.
   */
  readonly onEnded: (resident: Resident, report: CallReport) => CallVerdict;
}

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
    const { clock, attemptTimeoutMs, onEnded } = this.#parts;
    const { context } = resident.actor.getSnapshot();
    const { handler, body } = resident;
    if (handler === null) throw new HoldfastError('HF_INTERNAL', 'An attempt has no handler.');
    if (this.#isStopped) {
      onEnded(resident, SILENT);
      report({ type: 'attempt.interrupted', atMs: clock.now() });
      return () => undefined;
    }
    let isCancelled = false;
    const order = { context, body, handler, timeoutMs: attemptTimeoutMs(handler, context) };
    const run = new AttemptRun(this.#parts, order, (verdict) => {
      this.#running -= 1;
      resident.interrupt = null;
      const { isUpstreamWell } = onEnded(resident, verdict.report);
      if (isCancelled) return;
      resident.response = verdict.response;
      report(eventOf(verdict, isUpstreamWell));
    });
    this.#running += 1;
    resident.interrupt = (reason) => {
      run.abort(reason);
    };
    run.begin();
    return () => {
      // It is called whenever the operation leaves the attempt, and so mostly when that has ended.
      if (run.isOver) return;
      isCancelled = true;
      run.abort(
        new HoldfastError('HF_CANCELLED', 'The operation was cancelled.', { withStack: false }),
      );
    };
  }
}

function eventOf({ event }: AttemptVerdict, isUpstreamWell: boolean): SyncOperationEvent {
  return event.type === 'attempt.failed' ? { ...event, isUpstreamWell } : event;
}
