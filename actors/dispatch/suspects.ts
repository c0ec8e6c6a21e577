/**
 * Operations that were in flight when the process died: one of them may be what killed it. They run
 * a few at a time, and what was in flight at several crashes in a row runs with nothing else in
 * flight, so that the culprit is told from the bystanders. Before it runs alone again the process
 * must live for a while without it, so that a process that somebody else keeps killing is told from
 * one that the work kills (RT-4, docs/decisions/0014, 0033).
 *
 * @module
 */

import { isSuspect } from '../../machines/operation/demand.ts';
import {
  CRASHES_IN_A_ROW_MAX,
  pauseOfSuspectMs,
  SUSPECTS_IN_FLIGHT_MAX,
} from '../../machines/policy/retry/crashPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { FlowControl, Permit } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../time/timerService.ts';
import { LateAnswers } from './lateAnswers.ts';
import { ReadyQueue } from './readyQueue.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';

export interface SuspectsParts {
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly queues: ReadonlyMap<string, UpstreamQueue>;
  readonly grant: (resident: Resident, permit: Permit) => void;
  /** The pause of one is over. */
  readonly onPauseOver: () => void;
  /** One that was to run alone will not run now. */
  readonly onOthersMayStart: () => void;
  readonly onError: (error: unknown) => void;
}

export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #waiting = new Set<Resident>();
  /** Of those waiting, the crises. */
  readonly #crises = new Set<Resident>();
  /** Of those waiting, who has to run alone. */
  readonly #isolated = new Set<Resident>();
  /** Of those waiting, the others: by upstream, so that a crowd of them is not looked through. */
  readonly #others = new Map<string, ReadyQueue<Resident>>();
  /** Of those waiting, whose turn to run alone has not come yet. */
  readonly #pausing = new Set<Resident>();
  /** Of those waiting, for whom a flow control was asked and has not answered. */
  readonly #asked: LateAnswers;
  readonly #inFlight = new Set<Resident>();
  /** The one that runs alone, or is about to. */
  #alone: Resident | null = null;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
    this.#asked = new LateAnswers(parts.onError);
  }

  /** True while one runs alone or waits for the others to end: nothing else may start. */
  get isolates(): boolean {
    return this.#alone !== null;
  }

  get waiting(): readonly Resident[] {
    return [...this.#waiting];
  }

  has(resident: Resident): boolean {
    return this.#waiting.has(resident) || this.#inFlight.has(resident);
  }

  add(suspect: Resident): void {
    const { crashes } = suspect.actor.getSnapshot().context;
    this.#waiting.add(suspect);
    if (suspect.urgency === 0) this.#crises.add(suspect);
    else if (crashes >= CRASHES_IN_A_ROW_MAX) this.#isolated.add(suspect);
    else this.#othersOf(suspect).add(suspect);
    if (suspect.urgency === 0) return;
    const pauseMs = pauseOfSuspectMs(crashes, false);
    if (pauseMs === 0) return;
    const { timers, onPauseOver } = this.#parts;
    this.#pausing.add(suspect);
    timers.after(pauseMs, () => {
      if (this.#pausing.delete(suspect)) onPauseOver();
    });
  }

  /** It has ended its attempt, or will not run. True when others may start again because of it. */
  delete(suspect: Resident): boolean {
    this.#leaveWaiting(suspect);
    this.#inFlight.delete(suspect);
    const wasAlone = this.#alone === suspect;
    if (wasAlone) this.#alone = null;
    return wasAlone;
  }

  /** Its type goes to another upstream. */
  moved(suspect: Resident): void {
    if (!this.#waiting.has(suspect) || suspect.urgency === 0) return;
    const isIsolated = this.#isolated.has(suspect);
    if (isIsolated && this.#alone === suspect) this.#alone = null;
    for (const others of this.#others.values()) others.delete(suspect);
    this.#asked.forget(suspect);
    if (!isIsolated) this.#othersOf(suspect).add(suspect);
  }

  /** Starts those whose turn it is. True when one no longer isolates, so that others may start. */
  pump(): boolean {
    const isolated = this.isolates;
    this.startCrises();
    for (const upstream of [...this.#others.keys()]) this.#startOthers(upstream);
    for (const suspect of [...this.#isolated]) {
      const mustWait = this.#pausing.has(suspect) || this.#isBehindOthers(suspect.urgency);
      if (!mustWait) this.#startAlone(suspect);
    }
    return isolated && !this.isolates;
  }

  /** Starts the crises among those waiting. */
  startCrises(): void {
    for (const suspect of [...this.#crises]) this.#startCrisis(suspect);
  }

  /**
   * Gives a slot of this upstream, that something of this urgency is about to take, to a suspect that
   * is as urgent. False when there is none, or when as many run as may run beside each other.
   */
  take(upstream: string, urgency: number, permit: Permit): boolean {
    if (this.isolates || this.#areFull) return false;
    const suspect = this.#others.get(upstream)?.first(urgency);
    if (suspect === undefined) return false;
    this.#run(suspect, permit);
    return true;
  }

  /** Whether one that is as urgent, and need not run alone, can run soon; or somebody has asked to. */
  #isBehindOthers(urgency: number): boolean {
    if (this.#asked.size > 0) return true;
    return [...this.#others].some(([upstream, others]) => {
      const first = others.first(urgency);
      return first !== undefined && canTake(this.#parts.queues.get(upstream)?.flow, first);
    });
  }

  /** Where work waits on disk as well, each claim of it looks at the suspects first. */
  #startOthers(upstream: string): void {
    const queue = this.#parts.queues.get(upstream);
    const others = this.#others.get(upstream);
    for (
      let next = others?.first(URGENCY_MAX);
      next !== undefined;
      next = others?.first(URGENCY_MAX)
    ) {
      if (queue === undefined) {
        this.#leaveWaiting(next);
        next.actor.send({ type: 'handler.missing', atMs: this.#parts.clock.now() });
        continue;
      }
      if (this.isolates || this.#areFull || queue.hasBacklog) return;
      const answer = queue.flow.enter(next);
      if (answer === null) return;
      if (answer instanceof Promise) this.#awaitAnswer(next, answer);
      else this.#run(next, answer);
    }
  }

  /** As many run beside each other as may, those that have asked to included. */
  get #areFull(): boolean {
    return this.#inFlight.size + this.#asked.size >= SUSPECTS_IN_FLIGHT_MAX;
  }

  #awaitAnswer(suspect: Resident, answer: Promise<Permit | null>): void {
    const others = this.#othersOf(suspect);
    others.delete(suspect);
    this.#asked.await(suspect, answer, (permit) => {
      if (permit === null) others.add(suspect);
      else this.#run(suspect, permit);
    });
  }

  #run(suspect: Resident, permit: Permit): void {
    this.#leaveWaiting(suspect);
    this.#inFlight.add(suspect);
    this.#parts.grant(suspect, permit);
  }

  #othersOf(suspect: Resident): ReadyQueue<Resident> {
    const upstream = suspect.handler?.upstream ?? '';
    const others = this.#others.get(upstream) ?? new ReadyQueue<Resident>();
    this.#others.set(upstream, others);
    return others;
  }

  #leaveWaiting(suspect: Resident): void {
    if (!this.#waiting.delete(suspect)) return;
    this.#pausing.delete(suspect);
    this.#crises.delete(suspect);
    this.#isolated.delete(suspect);
    this.#asked.forget(suspect);
    // Its handler may have been registered since it came.
    for (const others of this.#others.values()) others.delete(suspect);
  }

  /** Once this one waits to run alone nothing new starts, until it is through or can't run now. */
  #startAlone(suspect: Resident): void {
    if (this.#alone !== null && this.#alone !== suspect) return;
    const queues = [...this.#parts.queues.values()];
    const flow = this.#parts.queues.get(suspect.handler?.upstream ?? '')?.flow;
    if (flow === undefined) {
      this.#leaveWaiting(suspect);
      suspect.actor.send({ type: 'handler.missing', atMs: this.#parts.clock.now() });
      return;
    }
    // While its upstream can't take it nobody waits for it.
    this.#alone = canTake(flow, suspect) ? suspect : null;
    if (this.#alone === null || queues.some((queue) => queue.flow.inFlight > 0)) return;
    const answer = flow.enter(suspect);
    if (answer === null) this.#alone = null;
    else if (answer instanceof Promise) this.#awaitAloneAnswer(suspect, answer);
    else this.#run(suspect, answer);
  }

  /** Meanwhile nothing else starts. */
  #awaitAloneAnswer(suspect: Resident, answer: Promise<Permit | null>): void {
    this.#asked.await(suspect, answer, (permit) => {
      if (permit !== null) {
        this.#run(suspect, permit);
        return;
      }
      this.#alone = null;
      this.#parts.onOthersMayStart();
    });
  }

  /** A crisis waits for nobody; only one that may be killing the process is spaced out. */
  #startCrisis(suspect: Resident): void {
    const { clock, timers } = this.#parts;
    const { crashes } = suspect.actor.getSnapshot().context;
    this.#leaveWaiting(suspect);
    const start = (): void => {
      if (suspect.state === null || !isSuspect(suspect.state)) return;
      const type = suspect.handler === null ? 'handler.missing' : 'turn.granted';
      suspect.actor.send({ type, atMs: clock.now() });
    };
    const pauseMs = pauseOfSuspectMs(crashes, true);
    if (pauseMs === 0) start();
    else timers.after(pauseMs, start);
  }
}

/** Whether nothing stands against it but that the slots are taken. */
function canTake(flow: FlowControl | undefined, { id, urgency }: Resident): boolean {
  const answer = flow?.mayRun({ id, urgency, isAlone: true });
  if (answer === undefined) return false;
  return answer.may || answer.because === 'slot' || answer.because === 'ramp';
}
