/**
 * The degradation level of one upstream or of the process: its chart, and the measuring of the
 * signals that it goes by (DG-1).
 *
 * @module
 */

import {
  causesOf,
  type DegradationSnapshot,
  degradationMachine,
} from '../../machines/degradation/degradationMachine.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import {
  type DegradationPolicy,
  type DegradationSignals,
  type WantedLevel,
  wantedLevel,
} from '../../machines/policy/service/degradationPolicy.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';

/** A signal that fades by itself is read again this often, until it is gone. */
const REMEASURE_MS = 1_000;

export interface ServiceLevelParts {
  /** The name of its component. */
  readonly component: string;
  /** `global`, or the name of an upstream. */
  readonly scope: string;
  readonly policy: DegradationPolicy;
  readonly signals: () => DegradationSignals;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly system: ActorSystem;
  readonly keep: (state: string) => void;
  readonly onChange: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class ServiceLevel {
  readonly #parts: ServiceLevelParts;
  readonly #chart: ChartActor<typeof degradationMachine>;
  #policy: DegradationPolicy;
  #level: Level;
  #cancelMeasure: (() => void) | null = null;

  constructor(parts: ServiceLevelParts) {
    this.#parts = parts;
    const { component, scope, policy, system, keep, onFailed } = parts;
    this.#policy = policy;
    this.#chart = new ChartActor({
      system,
      machine: degradationMachine,
      id: component,
      input: { scope, policy },
      // What is measured changes all the time, and the next process measures for itself.
      keep: { write: keep, changeOf: ({ value }) => value },
      onChange: (snapshot) => {
        this.#changed(snapshot);
      },
      onFailed,
    });
    this.#chart.start();
    this.#level = this.#chart.snapshot.value;
  }

  get policy(): DegradationPolicy {
    return this.#policy;
  }

  get level(): Level {
    return this.#level;
  }

  /** The signals that call for the present level; none where it is normal. */
  get causes(): WantedLevel['causes'] {
    return causesOf(this.#chart.snapshot);
  }

  /** Reads the signals and tells the chart if they call for another level than before, or are others. */
  measure(): void {
    if (this.#chart.isStopped) return;
    const { signals, steady, timers } = this.#parts;
    const measured = signals();
    const { wanted, causes } = wantedLevel(measured, this.#policy, this.#level);
    if (wanted !== this.#level || !isSame(causes, this.causes)) {
      this.#chart.send({ type: 'signals.measured', wanted, causes, atMs: steady.now() });
    }
    this.#cancelMeasure?.();
    this.#cancelMeasure = null;
    if (!fades(measured)) return;
    this.#cancelMeasure = timers.after(REMEASURE_MS, () => {
      this.measure();
    });
  }

  /** Goes on from what was kept before the restart. */
  restore(state: string): void {
    const { steady } = this.#parts;
    const policy = this.#policy;
    this.#chart.restore(state, { type: 'process.restarted', atMs: steady.now(), policy });
    this.measure();
  }

  /** Starts again after the actor failed; the next measurement finds its level again. */
  restart(): void {
    this.#chart.restart();
    this.measure();
  }

  /** Another policy is in force. */
  change(policy: DegradationPolicy): void {
    this.#policy = policy;
    this.#chart.send({ type: 'policy.changed', policy });
    this.measure();
  }

  stop(): void {
    this.#chart.stop();
    this.#cancelMeasure?.();
  }

  #changed(snapshot: DegradationSnapshot): void {
    const from = this.#level;
    const { facts, scope, onChange } = this.#parts;
    if (snapshot.value !== from) {
      this.#level = snapshot.value;
      facts.emit('level.changed', scope, from, snapshot.value, causesOf(snapshot));
    }
    onChange();
  }
}

/** The event loop alone is measured without an event that tells of its end. */
function fades({ eventLoopDelayMs = 0 }: DegradationSignals): boolean {
  return eventLoopDelayMs > 0;
}

function isSame(some: WantedLevel['causes'], others: WantedLevel['causes']): boolean {
  return some.length === others.length && some.every((cause, index) => cause === others[index]);
}
