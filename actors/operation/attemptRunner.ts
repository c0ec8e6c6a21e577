/**
 * The attempts of the operations in memory: begins them, knows what aborts each, and hands their
 * verdicts to the flow control of their upstream and to the operation.
 *
 * @module
 */

import type { AttemptFailed } from '../../machines/operation/attemptVerdict.ts';
import type { SyncOperationEvent } from '../../machines/operation/syncOperationMachine.ts';
import { type CallReport, resultOf, SILENT } from '../../machines/policy/flow/callReport.ts';
import { mayBeAtWork } from '../../machines/policy/retry/crashPolicy.ts';
import type { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import { type AttemptParts, AttemptRun, type AttemptVerdict } from './attemptRun.ts';
import { type CallVerdict, callMs, type FlowControl, NO_VERDICT } from './flowControl.ts';
import type { Handler } from './handler.ts';
import type { Resident } from './resident.ts';

// Which attempts overhang: their handlers are silent far beyond their time-outs (OP-3). Each gives its slot
// back, so that what doesn't return takes no room from what does; but no more of them at an upstream than
// it has slots, so that calls under way are bounded by twice that.

interface AtUpstream {
  /** How many may be without a slot. */
  readonly max: number;
  /** Without a slot. */
  readonly beyond: Set<object>;
  /** With their slots still, by what gives them back, oldest first. */
  readonly waiting: Map<object, () => void>;
}

class Overhangs {
  readonly #at = new Map<string, AtUpstream>();

  /** How many overhang at one upstream, or at all. */
  count(upstream?: string): number {
    if (upstream === undefined) {
      return [...this.#at.keys()].reduce((sum, each) => sum + this.count(each), 0);
    }
    const at = this.#at.get(upstream);
    return at === undefined ? 0 : at.beyond.size + at.waiting.size;
  }

  /**
   * This one overhangs from now on. Its slot is given back, at once or as soon as another has returned.
   *
   * @param max how many may overhang at this upstream without a slot
   */
  enter(upstream: string, max: number, attempt: object, giveSlotBack: () => void): void {
    const at = this.#at.get(upstream) ?? { max, beyond: new Set(), waiting: new Map() };
    this.#at.set(upstream, at);
    at.waiting.set(attempt, giveSlotBack);
    giveBack(at);
  }

  /** Forgets an attempt that has ended. True where its slot was given back before. */
  leave(upstream: string, attempt: object): boolean {
    const at = this.#at.get(upstream);
    if (at === undefined) return false;
    at.waiting.delete(attempt);
    const hadNoSlot = at.beyond.delete(attempt);
    if (hadNoSlot) giveBack(at);
    if (at.beyond.size + at.waiting.size === 0) this.#at.delete(upstream);
    return hadNoSlot;
  }
}

function giveBack({ max, beyond, waiting }: AtUpstream): void {
  for (const [attempt, giveSlotBack] of waiting) {
    if (beyond.size >= max) return;
    waiting.delete(attempt);
    beyond.add(attempt);
    giveSlotBack();
  }
}

export interface AttemptRunnerParts extends AttemptParts {
  readonly attemptTimeoutMs: (handler: Handler, context: WorkContext) => number;
  /** Runs of calls that failed together; told of each end. */
  readonly runs: FailureRuns;
  readonly slots: Slots;
}

/** Part that takes back the slots of attempts: the dispatcher (actors/work/dispatcher.ts). */
interface Slots {
  /**
   * An attempt has ended, for whatever reason, or overhangs. Called before the operation is told.
   *
   * @param hasReturned its handler has
   * @returns what is known of the upstream then: see `singlesOut`
   */
  attemptEnded(resident: Resident, report: CallReport, hasReturned: boolean): CallVerdict;
}

export class AttemptRunner {
  readonly overhangs = new Overhangs();
  /** Attempts whose handler has not returned. */
  running = 0;
  readonly #parts: AttemptRunnerParts;
  #isStopped = false;

  constructor(parts: AttemptRunnerParts) {
    this.#parts = parts;
  }

  /** Aborts what runs and lets nothing begin any more; what is aborted spends no attempt (SV-4). */
  stop(residents: readonly Resident[]): void {
    this.#isStopped = true;
    const reason = new HoldfastError('HF_CLOSED', 'The runtime is closing.', {
      retry: 'later',
      withStack: false,
    });
    for (const { interrupt } of residents) interrupt?.abort(reason);
  }

  /**
   * Begins the attempt that the operation has ordered, which is told how it ended, once; the returned function is
   * called when the operation leaves the attempt, most often because it has ended. Else it was
   * cancelled, and its handler is told to stop; or it overhangs, and its handler is waited for. How those
   * end, the operation is told itself.
   *
   * @param nowMs what the monotonic clock reads
   */
  begin(resident: Resident, nowMs: number): () => void {
    const { clock, slots } = this.#parts;
    const { handler } = resident;
    if (handler === null) throw new HoldfastError('HF_INTERNAL', 'An attempt has no handler.');
    if (this.#isStopped) {
      slots.attemptEnded(resident, SILENT, true);
      resident.actor.send({ type: 'attempt.interrupted', atMs: clock.now() });
      return () => undefined;
    }
    const attempt = new RunningAttempt(this, this.#parts, resident, handler);
    this.running += 1;
    attempt.begin(nowMs);
    return attempt.leave;
  }
}

/** An attempt that the operation waits for, or has left behind. */
class RunningAttempt {
  readonly #runner: AttemptRunner;
  readonly #parts: AttemptRunnerParts;
  readonly #resident: Resident;
  readonly #handler: Handler;
  readonly #run: AttemptRun;
  /** Where its slot is from; `null` for a crisis, which has none. */
  readonly #flow: FlowControl | null;
  /** What its upstream was told when it timed out. */
  #told: CallVerdict | null = null;
  #doesOverhang = false;
  /** The operation has left the state that began it, and is told by itself what becomes of it. */
  #isLeft = false;

  constructor(
    runner: AttemptRunner,
    parts: AttemptRunnerParts,
    resident: Resident,
    handler: Handler,
  ) {
    this.#runner = runner;
    this.#parts = parts;
    this.#resident = resident;
    this.#handler = handler;
    const { context } = resident.actor.getSnapshot();
    this.#flow = resident.permit?.flow ?? null;
    const own = parts.attemptTimeoutMs(handler, context);
    const timeoutMs = callMs(own, resident.permit);
    const order = { context, body: resident.body, handler, timeoutMs, ranked: resident };
    this.#run = new AttemptRun(parts, order, this);
  }

  begin(nowMs: number): void {
    this.#resident.interrupt = this.#run;
    this.#run.begin(nowMs);
  }

  readonly leave = (): void => {
    this.#isLeft = true;
    if (this.#run.isOver || this.#doesOverhang) return;
    this.#cancel();
  };

  timedOut(report: CallReport): void {
    const { permit, actor } = this.#resident;
    if (permit === null || resultOf(report) === 'ignored') return;
    this.#told = permit.flow.tell(permit, report);
    const { runs, steady } = this.#parts;
    runs.failed(this.#handler.upstream, actor.getSnapshot().context, steady.now());
  }

  overhangs(): void {
    this.#doesOverhang = true;
    // A crisis has no slot of its upstream to give back.
    const slotsMax = this.#flow?.slotsMax ?? Number.POSITIVE_INFINITY;
    this.#runner.overhangs.enter(this.#handler.upstream, slotsMax, this, () => {
      this.#parts.slots.attemptEnded(this.#resident, SILENT, false);
    });
    this.#tell({ type: 'attempt.overhangs', atMs: this.#parts.clock.now() });
  }

  ended(verdict: AttemptVerdict): void {
    const resident = this.#resident;
    const { slots } = this.#parts;
    this.#runner.running -= 1;
    resident.interrupt = null;
    const hasSlot = !this.#runner.overhangs.leave(this.#handler.upstream, this);
    const isTold = this.#told !== null;
    const report = isTold ? SILENT : verdict.report;
    const known = hasSlot ? slots.attemptEnded(resident, report, true) : NO_VERDICT;
    if (!isTold) this.#note(verdict);
    // An attempt that was cut off says nothing of those before it.
    if (verdict.event.type !== 'attempt.interrupted') resident.said = verdict.said;
    resident.taken = verdict.taken;
    const { event } = verdict;
    this.#tell(event.type === 'attempt.failed' ? this.#failed(event, this.#told ?? known) : event);
  }

  #note({ event, report }: Pick<AttemptVerdict, 'event' | 'report'>): void {
    const { runs, steady } = this.#parts;
    const { upstream } = this.#handler;
    const result = resultOf(report);
    if (result === 'ignored' || (result === 'success' && !runs.wantsSuccess(upstream))) return;
    const { context } = this.#resident.actor.getSnapshot();
    if (result === 'failure') runs.failed(upstream, context, steady.now());
    // An upstream that is at work still has done nothing yet: what fails meanwhile fails in a row.
    else if (event.type !== 'attempt.failed' || !mayBeAtWork(event.failure, context))
      runs.answered(upstream, context, steady.now());
  }

  /** With what is known of its upstream. */
  #failed(event: AttemptFailed, verdict: CallVerdict): SyncOperationEvent {
    const { runs } = this.#parts;
    const { isUpstreamWell } = verdict;
    const flow = this.#flow;
    const mayBeExcused = flow?.isSwitchedOff !== true;
    const isDoubted =
      verdict.isDoubted ||
      (mayBeExcused && runs.isDoubted(this.#handler.upstream, event.steadyAtMs));
    const up = flow === null ? undefined : { upstream: flow.upstream, upMs: flow.upMs };
    return { ...event, isUpstreamWell, isDoubted, up };
  }

  #tell(event: SyncOperationEvent): void {
    const { isInMemory, actor } = this.#resident;
    if (!this.#isLeft || isInMemory) actor.send(event);
  }

  #cancel(): void {
    this.#run.cancel(
      new HoldfastError('HF_CANCELLED', 'The operation was cancelled.', { withStack: false }),
    );
  }
}
