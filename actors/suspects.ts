/**
 * Operations that were in flight when the process died: one of them may be what killed it. They run
 * a few at a time, and what was in flight at several crashes in a row runs with nothing else in
 * flight, so that the culprit is told from the bystanders. Before it runs alone again the process
 * must live for a while without it, so that a process that somebody else keeps killing is told from
 * one that the work kills (RT-4, docs/decisions/0014, 0033).
 *
 * @module
 */

import {
  CRASHES_IN_A_ROW_MAX,
  pauseBeforeAloneMs,
  SUSPECTS_IN_FLIGHT_MAX,
} from '../machines/policy/crashPolicy.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import type { Resident } from './resident.ts';
import type { TimerService } from './timerService.ts';
import type { Permit } from './upstreamGate.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';

/** A crisis in flight at many crashes in a row is spaced out like its late retries (CR-4). */
const CRISIS_PAUSE_MS = 30_000;

export interface SuspectsParts {
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly queues: ReadonlyMap<string, UpstreamQueue>;
  readonly grant: (resident: Resident, permit: Permit) => void;
  /** The pause of one is over. */
  readonly onPauseOver: () => void;
}

export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #waiting = new Set<Resident>();
  /** Of those waiting, whose turn to run alone has not come yet. */
  readonly #pausing = new Set<Resident>();
  readonly #inFlight = new Set<Resident>();
  /** The one that runs alone, or is about to. */
  #alone: Resident | null = null;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
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
    this.#waiting.add(suspect);
    const pauseMs = pauseBeforeAloneMs(suspect.actor.getSnapshot().context.crashes);
    if (pauseMs === 0 || suspect.urgency === 0) return;
    const { clock, timers, onPauseOver } = this.#parts;
    this.#pausing.add(suspect);
    timers.at(clock.now() + pauseMs, () => {
      if (this.#pausing.delete(suspect)) onPauseOver();
    });
  }

  /** It has ended its attempt, or will not run. True when others may start again because of it. */
  delete(suspect: Resident): boolean {
    this.#waiting.delete(suspect);
    this.#pausing.delete(suspect);
    this.#inFlight.delete(suspect);
    const wasAlone = this.#alone === suspect;
    if (wasAlone) this.#alone = null;
    return wasAlone;
  }

  /** Starts those whose turn it is. True when one no longer isolates, so that others may start. */
  pump(): boolean {
    const isolated = this.isolates;
    for (const suspect of this.waiting) {
      if (this.#pausing.has(suspect)) continue;
      const { crashes } = suspect.actor.getSnapshot().context;
      if (suspect.urgency === 0) this.#startCrisis(suspect, crashes);
      else if (crashes >= CRASHES_IN_A_ROW_MAX) this.#startAlone(suspect);
      else if (!this.isolates && this.#inFlight.size < SUSPECTS_IN_FLIGHT_MAX) this.#start(suspect);
    }
    return isolated && !this.isolates;
  }

  #start(suspect: Resident): boolean {
    const { queues, clock, grant } = this.#parts;
    const queue = queues.get(suspect.handler?.upstream ?? '');
    if (queue === undefined) {
      this.#waiting.delete(suspect);
      suspect.actor.send({ type: 'handler.missing', atMs: clock.now() });
      return false;
    }
    const permit = queue.gate.tryEnter(suspect.urgency);
    if (permit === null) return false;
    this.#waiting.delete(suspect);
    this.#inFlight.add(suspect);
    grant(suspect, permit);
    return true;
  }

  /** Once this one waits to run alone nothing new starts, until it is through or can't run now. */
  #startAlone(suspect: Resident): void {
    if (this.#alone !== null && this.#alone !== suspect) return;
    const queues = [...this.#parts.queues.values()];
    const gate = this.#parts.queues.get(suspect.handler?.upstream ?? '')?.gate;
    // While its upstream can't take it nobody waits for it.
    this.#alone = gate?.admits(suspect.urgency) === false ? null : suspect;
    if (this.#alone === null || queues.some((queue) => queue.gate.inFlight > 0)) return;
    if (!this.#start(suspect)) this.#alone = null;
  }

  /** A crisis waits for nobody; only one that may be killing the process is spaced out. */
  #startCrisis(suspect: Resident, crashes: number): void {
    const { clock, timers } = this.#parts;
    this.#waiting.delete(suspect);
    const start = (): void => {
      if (suspect.state !== 'suspect') return;
      const type = suspect.handler === null ? 'handler.missing' : 'turn.granted';
      suspect.actor.send({ type, atMs: clock.now() });
    };
    if (crashes < CRASHES_IN_A_ROW_MAX) start();
    else timers.at(clock.now() + CRISIS_PAUSE_MS, start);
  }
}
