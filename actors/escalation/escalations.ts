/**
 * Gives life to the escalation of crises (CR-5): wakes each when its next step is due, calls the steps,
 * writes how far it is beside that, and tells of it. It waits for no disk: while nothing can be written it
 * goes on from memory.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import { type CrisisEscalation, nextStep } from '../../machines/crisis/crisisEscalation.ts';
import type {
  CrisisEscalationState,
  CrisisEvent,
  CrisisStates,
} from '../../machines/crisis/crisisMachine.ts';
import { retryDelayMs } from '../../machines/policy/retry/retryPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { clampDueTime } from '../../machines/vocabulary/dueTime.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { crisisChart } from '../charts/chartOfWork.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../time/timerService.ts';
import { type EscalationStep, noticeOf } from './escalationStep.ts';
import { type CallEnd, StepCalls } from './stepCalls.ts';

export interface EscalationsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  /** What an orderly stop waits for. */
  readonly busy: { begin(): void; end(): void };
  readonly chain: readonly EscalationStep[];
  /** How long a crisis may be undelivered before people are told, whatever the reason. */
  readonly escalateAfterMs: number;
  readonly resident: (id: string) => Resident | undefined;
  /** Writes the row of a crisis as it is now. */
  readonly write: (resident: Resident) => void;
}

/** How many crises have escalated and are not over. */
export interface EscalationCounts {
  readonly escalated: number;
  /** Of these, those that nobody has taken on. */
  readonly unacknowledged: number;
  /** Of these, those of which nobody is left to be told. */
  readonly exhausted: number;
}

/** Calls of a step over what is set for it, where its process has ended in each of them. */
const CUT_OFF_MAX = 3;

interface Watched {
  state: CrisisEscalationState | null;
  escalation: CrisisEscalation | null;
  /** Its next step is waited for no longer. */
  cancel: () => void;
}

type Snapshot = { readonly value: unknown; readonly context: unknown };

export class Escalations {
  readonly #parts: EscalationsParts;
  readonly #calls: StepCalls;
  readonly #watched = new Map<Resident, Watched>();
  #isStopped = false;

  constructor(parts: EscalationsParts) {
    this.#parts = parts;
    this.#calls = new StepCalls(parts.timers);
  }

  get counts(): EscalationCounts {
    let escalated = 0;
    let unacknowledged = 0;
    let exhausted = 0;
    for (const { state, escalation } of this.#watched.values()) {
      if (escalation === null || escalation.sinceAtMs === null) continue;
      escalated += 1;
      if (state !== 'acknowledged') unacknowledged += 1;
      if (state === 'exhausted') exhausted += 1;
    }
    return { escalated, unacknowledged, exhausted };
  }

  /** It has come to memory, and its actor is about to start. */
  enter(resident: Resident): void {
    if (resident.chart !== crisisChart) return;
    const watched: Watched = { state: null, escalation: null, cancel: () => undefined };
    this.#watched.set(resident, watched);
    resident.actor.subscribe({
      next: (snapshot) => {
        if (this.#watched.get(resident) === watched) this.#changed(resident, watched, snapshot);
      },
      error: () => undefined,
    });
  }

  /** It has left memory. */
  leave(resident: Resident): void {
    this.#watched.get(resident)?.cancel();
    this.#watched.delete(resident);
  }

  /** No further step is begun: what is due is told by the next process. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Calls the step that the crisis has come to; the returned function ends the call. */
  call(context: CrisisContext, report: (event: CrisisEvent) => void): () => void {
    const { chain, busy } = this.#parts;
    const { step: name, calls } = context.escalation;
    const step = chain.find((one) => one.name === name);
    if (step === undefined) return () => undefined;
    let isUnderWay = true;
    busy.begin();
    const over = (): void => {
      if (isUnderWay) busy.end();
      isUnderWay = false;
    };
    const abort = this.#calls.begin(step, noticeOf(context), (end) => {
      this.#ended(context, step, calls, end, report);
      // After what it has led to is ordered, so that a stop writes it.
      over();
    });
    return () => {
      abort();
      over();
    };
  }

  #ended(
    context: CrisisContext,
    step: EscalationStep,
    calls: number,
    end: CallEnd,
    report: (event: CrisisEvent) => void,
  ): void {
    const { clock, random, facts } = this.#parts;
    const atMs = clock.now();
    if (end.ok) {
      report({ type: 'step.notified', atMs, acknowledgeWithinMs: step.acknowledgeWithinMs });
      return;
    }
    const { name, retry } = step;
    const willRepeat = calls < retry.attemptsMax;
    const wait = { attempt: calls, previousDelayMs: null, retryAfterMs: null };
    const retryAtMs = willRepeat
      ? atMs + retryDelayMs(retry, { ...wait, draw: random.next() })
      : null;
    const { why, thrown } = end;
    const failed = { name, calls, why, willRepeat };
    facts.emit('crisis.stepFailed', context, this.#upstreamOf(context.id), failed, thrown);
    report({ type: 'step.failed', atMs, why, retryAtMs });
  }

  #changed(resident: Resident, watched: Watched, snapshot: Snapshot): void {
    const { escalation: state } = snapshot.value as CrisisStates;
    const context = snapshot.context as CrisisContext;
    const { escalation } = context;
    const { state: from, escalation: before } = watched;
    if (state === from && escalation === before) return;
    watched.state = state;
    watched.escalation = escalation;
    watched.cancel();
    if (from !== null && before !== null)
      this.#tell(resident, context, { from, to: state, before });
    if (state === 'ended') {
      this.#watched.delete(resident);
      return;
    }
    this.#await(resident, watched, state, context);
    if (from !== null) this.#parts.write(resident);
  }

  /** Wakes it when its next step is due. */
  #await(
    resident: Resident,
    watched: Watched,
    state: CrisisEscalationState,
    { acceptedAtMs, escalation }: CrisisContext,
  ): void {
    const { clock, timers, chain, escalateAfterMs } = this.#parts;
    const nowMs = clock.now();
    const wait = ((): { readonly dueAtMs: number; readonly lengthMs: number } | null => {
      switch (state) {
        case 'quiet':
          return { dueAtMs: acceptedAtMs + escalateAfterMs, lengthMs: escalateAfterMs };
        case 'notifyDue':
        case 'awaitingAcknowledgement':
          return { dueAtMs: escalation.dueAtMs, lengthMs: escalation.waitMs };
        case 'exhausted':
          // The chain of this process may be longer than that of the last.
          return nextStep(chain, escalation) === null ? null : { dueAtMs: nowMs, lengthMs: 0 };
        default:
          return null;
      }
    })();
    if (wait === null) return;
    // Where it began before a restart, it is no longer than it was, however the clock was set since.
    const waitMs = Math.max(0, clampDueTime(wait.dueAtMs, nowMs, wait.lengthMs) - nowMs);
    watched.cancel = timers.after(waitMs, () => {
      this.#due(resident);
    });
  }

  #due({ actor }: Resident): void {
    if (this.#isStopped) return;
    const { clock, chain } = this.#parts;
    const atMs = clock.now();
    const { value, context } = actor.getSnapshot() as Snapshot;
    const { escalation } = context as CrisisContext;
    const step = nextStep(chain, escalation);
    const isCutOff =
      (value as CrisisStates).escalation === 'notifyDue' &&
      step?.name === escalation.step &&
      escalation.calls >= step.retry.attemptsMax + CUT_OFF_MAX;
    // A call that ends the process is not made without end: the next step has to be told, too.
    if (isCutOff) actor.send({ type: 'step.failed', atMs, why: 'failed', retryAtMs: null });
    else actor.send({ type: 'step.due', atMs, step: step?.name ?? null });
  }

  #tell(
    resident: Resident,
    context: CrisisContext,
    move: {
      readonly from: CrisisEscalationState;
      readonly to: CrisisEscalationState;
      readonly before: CrisisEscalation;
    },
  ): void {
    const { facts } = this.#parts;
    const { from, to, before } = move;
    const { escalation, ending } = context;
    const upstream = resident.handler?.upstream ?? null;
    if (before.sinceAtMs === null && escalation.sinceAtMs !== null) {
      facts.emit('crisis.escalated', context, upstream, escalation.cause ?? 'notInTime');
    }
    const told = escalation.told.at(-1);
    if (to === 'awaitingAcknowledgement' && told !== undefined) {
      facts.emit('crisis.stepNotified', context, upstream, told);
    }
    if (to === 'acknowledged') {
      const by = escalation.decisions.at(-1)?.by;
      if (by !== undefined) facts.emit('crisis.acknowledged', context, upstream, by);
    }
    if (to === 'exhausted' && from !== 'exhausted' && escalation.told.length > 0) {
      facts.emit('crisis.exhausted', context, upstream, escalation.told);
    }
    if (to !== 'ended') return;
    if (ending !== 'completed') {
      const decision = escalation === before ? undefined : escalation.decisions.at(-1);
      facts.emit('crisis.calledOff', context, upstream, decision?.by ?? null);
    }
    if (escalation.sinceAtMs === null) return;
    facts.emit('crisis.escalationEnded', context, upstream, ending ?? 'cancelled');
  }

  #upstreamOf(id: string): string | null {
    return this.#parts.resident(id)?.handler?.upstream ?? null;
  }
}
