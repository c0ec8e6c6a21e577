/**
 * The circuit breaker of one upstream: its chart, and the opt-in trip rules that count for it.
 *
 * @module
 */

import {
  type BreakerDecision,
  breakerDecision,
  breakerDue,
  type CircuitBreakerEvent,
  type CircuitBreakerSnapshot,
  circuitBreakerMachine,
  hasPermit,
  type TripCause,
} from '../../machines/breaker/circuitBreakerMachine.ts';
import type { BreakerPacing, TripRules } from '../../machines/policy/breaker/breakerPolicy.ts';
import { downMsAt, wasDownAt } from '../../machines/policy/breaker/outages.ts';
import { TripCounter } from '../../machines/policy/breaker/tripRules.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';

export interface BreakerParts {
  /** The name of its component. */
  readonly component: string;
  readonly upstream: string;
  readonly policy: BreakerPacing;
  readonly rules: TripRules;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly system: ActorSystem;
  /** Keeps the state (CB-4). */
  readonly keep: (state: string) => void;
  /** The decision changed. */
  readonly onChange: () => void;
  /** The actor died of an error. */
  readonly onFailed: (error: unknown) => void;
}

/** What tells of an outage. */
export interface Detection {
  readonly generation: number;
  readonly cause: TripCause;
  /** By the steady clock. */
  readonly firstFailureAtMs: number;
  readonly probes: number;
  readonly retryAfterMs: number | undefined;
}

/** How a probe ended. */
export type ProbeEnd = 'succeeded' | 'failed' | 'ignored';

/** Admission reads {@link decision}, a plain object, and sends nothing per call (CB-5). */
export class Breaker {
  readonly #parts: BreakerParts;
  readonly #chart: ChartActor<typeof circuitBreakerMachine>;
  #policy: BreakerPacing;
  /** Counts calls by the trip rules that are set; `null` where none is, and no call has to be counted. */
  counter: TripCounter | null;
  /** Decision that the chart made last: a plain field, for it is read with each call. */
  decision: BreakerDecision;
  #state: CircuitBreakerSnapshot['value'];

  constructor(parts: BreakerParts) {
    this.#parts = parts;
    const { component, upstream, policy, rules, steady, timers, system, keep, onFailed } = parts;
    this.#policy = policy;
    this.counter = TripCounter.for(rules);
    this.#chart = new ChartActor({
      system,
      machine: circuitBreakerMachine,
      id: component,
      input: { upstream, policy },
      due: { of: breakerDue, steady, after: timers.after.bind(timers) },
      keep: { write: keep },
      onChange: (snapshot, event) => {
        this.#changed(snapshot, event);
      },
      onFailed,
    });
    this.#chart.start();
    this.decision = breakerDecision(this.snapshot);
    this.#state = this.snapshot.value;
  }

  get snapshot(): CircuitBreakerSnapshot {
    return this.#chart.snapshot;
  }

  /** Whether the upstream was down at this instant of the steady clock. */
  wasDownAt(atMs: number): boolean {
    return wasDownAt(this.snapshot.context, atMs);
  }

  /** How long it was down while a process ran, in all, in milliseconds. */
  get downMs(): number {
    return downMsAt(this.snapshot.context, this.#parts.steady.now());
  }

  /** Goes on from what was kept before the restart. */
  restore(state: string): void {
    const { steady } = this.#parts;
    this.#chart.restore(state, {
      type: 'process.restarted',
      atMs: steady.now(),
      policy: this.#policy,
      diedAtMs: steady.diedAtMs ?? undefined,
    });
  }

  /** Starts again after the actor failed; what it knew is lost, so it starts closed. */
  restart(): void {
    this.#chart.restart();
  }

  stop(): void {
    this.#chart.stop();
  }

  send(event: CircuitBreakerEvent): void {
    this.#chart.send(event);
  }

  /** Goes on by another policy. */
  change(policy: BreakerPacing, rules: TripRules): void {
    this.#policy = policy;
    this.counter = TripCounter.for(rules);
    this.send({ type: 'policy.changed', policy });
  }

  /** Asks for a probe while half open. */
  requestProbe(permitId: string): boolean {
    const { steady, random } = this.#parts;
    this.send({ type: 'permit.requested', permitId, atMs: steady.now(), draw: random.next() });
    return hasPermit(this.snapshot, permitId);
  }

  /** Tells how a probe ended. */
  tellProbe(
    permitId: string,
    generation: number,
    end: ProbeEnd,
    retryAfterMs: number | undefined,
    tookMs = 0,
  ): void {
    const { steady, random } = this.#parts;
    const facts = { permitId, generation, atMs: steady.now() };
    if (end !== 'failed') this.send({ type: `probe.${end}`, ...facts });
    else this.send({ type: 'probe.failed', ...facts, draw: random.next(), retryAfterMs, tookMs });
  }

  /** Failures that chance does not explain, or a rule that was set, say that the upstream is down. */
  detect(detection: Detection): void {
    const { steady, random } = this.#parts;
    this.send({
      type: 'outage.detected',
      ...detection,
      atMs: steady.now(),
      draw: random.next(),
    });
  }

  #changed(snapshot: CircuitBreakerSnapshot, event: CircuitBreakerEvent | undefined): void {
    const before = this.decision;
    this.decision = breakerDecision(snapshot);
    const { generation, retryAtMs, probesFree } = this.decision;
    if (generation !== before.generation) this.counter?.clear();
    const from = this.#state;
    this.#state = snapshot.value;
    const { facts, upstream } = this.#parts;
    if (from !== this.#state)
      facts.emit('breaker.changed', upstream, from, this.#state, event ?? null);
    // A refused permit changes nothing; telling of it would make its asker ask again.
    const isOther =
      generation !== before.generation ||
      retryAtMs !== before.retryAtMs ||
      probesFree > before.probesFree;
    if (isOther) this.#parts.onChange();
  }
}
