import { createActor, type InspectionEvent } from 'xstate';
import {
  causesOf,
  type DegradationRef,
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
import { decodeSnapshot, encodeSnapshot } from '../charts/snapshots.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

/** While a level is not normal its signals are read again this often, since some of them fade. */
const REMEASURE_MS = 1_000;

export interface ServiceLevelParts {
  /** `global`, or the name of an upstream. */
  readonly scope: string;
  readonly policy: DegradationPolicy;
  readonly signals: () => DegradationSignals;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  readonly keep: (state: string) => void;
  readonly onChange: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** The degradation level of one upstream or of the process, given life (DG-1). */
export class ServiceLevel {
  readonly #parts: ServiceLevelParts;
  #actor: DegradationRef;
  #level: Level;
  #cancelStep: (() => void) | null = null;
  #cancelMeasure: (() => void) | null = null;
  #isStopped = false;

  constructor(parts: ServiceLevelParts) {
    this.#parts = parts;
    this.#actor = this.#start(null);
    this.#level = this.#actor.getSnapshot().value;
  }

  get level(): Level {
    return this.#level;
  }

  /** The signals that called for the present level; none where it is normal, or on its way there. */
  get causes(): WantedLevel['causes'] {
    return causesOf(this.#actor.getSnapshot());
  }

  /** Reads the signals and tells the chart if they call for another level than before, or are others. */
  measure(): void {
    if (this.#isStopped) return;
    const { signals, policy, steady, timers } = this.#parts;
    const { wanted, causes } = wantedLevel(signals(), policy, this.#level);
    const { context } = this.#actor.getSnapshot();
    if (wanted !== context.wanted || !isSame(causes, context.causes ?? [])) {
      this.#actor.send({ type: 'signals.measured', wanted, causes, atMs: steady.now() });
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
    this.#replace(decodeSnapshot(degradationMachine, state).snapshot);
    const { steady, policy } = this.#parts;
    this.#actor.send({ type: 'process.restarted', atMs: steady.now(), policy });
    this.measure();
  }

  /** Starts anew after the actor failed; the next measurement finds its level again. */
  restart(): void {
    this.#replace(null);
    this.measure();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelStep?.();
    this.#cancelMeasure?.();
    this.#actor.stop();
  }

  #replace(snapshot: DegradationSnapshot | null): void {
    this.#actor.stop();
    this.#actor = this.#start(snapshot);
    this.#changed(this.#actor.getSnapshot());
  }

  #start(snapshot: DegradationSnapshot | null): DegradationRef {
    const { scope, policy, inspect, onFailed } = this.#parts;
    const actor = createActor(degradationMachine, {
      id: `degradation:${scope}`,
      input: { scope, policy },
      ...(snapshot === null ? {} : { snapshot }),
      ...(inspect === undefined ? {} : { inspect }),
    });
    actor.start();
    actor.subscribe({
      next: (next) => {
        this.#changed(next);
      },
      error: onFailed,
    });
    return actor;
  }

  #changed(snapshot: DegradationSnapshot): void {
    this.#cancelStep?.();
    this.#cancelStep = null;
    const { scope, steady, timers, keep, onChange } = this.#parts;
    const { dueAtMs } = snapshot.context;
    if (dueAtMs !== null) {
      this.#cancelStep = timers.after(dueAtMs - steady.now(), () => {
        // Never before what was waited for, whatever is rounded: it would not be sent again.
        this.#actor.send({ type: 'recovery.due', atMs: Math.max(dueAtMs, steady.now()) });
      });
    }
    const from = this.#level;
    if (snapshot.value === from) return;
    this.#level = snapshot.value;
    this.#parts.facts.emit('level.changed', scope, from, snapshot.value, causesOf(snapshot));
    keep(encodeSnapshot(degradationMachine, snapshot));
    onChange();
  }
}

function isSame(some: WantedLevel['causes'], others: WantedLevel['causes']): boolean {
  return some.length === others.length && some.every((cause, index) => cause === others[index]);
}
