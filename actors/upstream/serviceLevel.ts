/**
 * The degradation level of one upstream or of the process: its chart, and the measuring of the
 * signals that it goes by (DG-1).
 *
 * @module
 */

import {
  causesOf,
  type DegradationSnapshot,
  degradationDue,
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
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

/** While a level is not normal its signals are read again this often, since some of them fade. */
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
  #level: Level;
  #cancelMeasure: (() => void) | null = null;

  constructor(parts: ServiceLevelParts) {
    this.#parts = parts;
    const { component, scope, policy, steady, timers, system, keep, onFailed } = parts;
    this.#chart = new ChartActor({
      system,
      machine: degradationMachine,
      id: component,
      input: { scope, policy },
      due: { of: degradationDue, steady, after: timers.after.bind(timers) },
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

  get level(): Level {
    return this.#level;
  }

  /** The signals that called for the present level; none where it is normal, or on its way there. */
  get causes(): WantedLevel['causes'] {
    return causesOf(this.#chart.snapshot);
  }

  /** Reads the signals and tells the chart if they call for another level than before, or are others. */
  measure(): void {
    if (this.#chart.isStopped) return;
    const { signals, policy, steady, timers } = this.#parts;
    const { wanted, causes } = wantedLevel(signals(), policy, this.#level);
    const { context } = this.#chart.snapshot;
    if (wanted !== context.wanted || !isSame(causes, context.causes ?? [])) {
      this.#chart.send({ type: 'signals.measured', wanted, causes, atMs: steady.now() });
    }
    this.#cancelMeasure?.();
    this.#cancelMeasure = null;
    if (wanted === 'normal' && this.#level === 'normal') return;
    this.#cancelMeasure = timers.after(REMEASURE_MS, () => {
      this.measure();
    });
  }

  /** Goes on from what was kept before the restart. */
  restore(state: string): void {
    const { steady, policy } = this.#parts;
    this.#chart.restore(state, { type: 'process.restarted', atMs: steady.now(), policy });
    this.measure();
  }

  /** Starts again after the actor failed; the next measurement finds its level again. */
  restart(): void {
    this.#chart.restart();
    this.measure();
  }

  stop(): void {
    this.#chart.stop();
    this.#cancelMeasure?.();
  }

  #changed(snapshot: DegradationSnapshot): void {
    const from = this.#level;
    if (snapshot.value === from) return;
    this.#level = snapshot.value;
    const { facts, scope, onChange } = this.#parts;
    facts.emit('level.changed', scope, from, snapshot.value, causesOf(snapshot));
    onChange();
  }
}

function isSame(some: WantedLevel['causes'], others: WantedLevel['causes']): boolean {
  return some.length === others.length && some.every((cause, index) => cause === others[index]);
}
