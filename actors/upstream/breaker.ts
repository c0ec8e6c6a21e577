/**
 * The circuit breaker of one upstream: its chart, and the window of results that counts for it.
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
} from '../../machines/breaker/circuitBreakerMachine.ts';
import type { BreakerPolicy } from '../../machines/policy/breaker/breakerPolicy.ts';
import { callMeaning, type EndedCall } from '../../machines/policy/breaker/callReport.ts';
import { CallWindow } from '../../machines/policy/breaker/callWindow.ts';
import type { CallResult } from '../../machines/vocabulary/callResult.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

export interface BreakerParts {
  /** The name of its component. */
  readonly component: string;
  readonly upstream: string;
  readonly policy: BreakerPolicy;
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

/** Admission reads {@link decision}, a plain object, and sends nothing per call (CB-5). */
export class Breaker {
  readonly #parts: BreakerParts;
  readonly window: CallWindow;
  readonly #chart: ChartActor<typeof circuitBreakerMachine>;
  #decision: BreakerDecision;
  #state: CircuitBreakerSnapshot['value'];

  constructor(parts: BreakerParts) {
    this.#parts = parts;
    const { component, upstream, policy, steady, timers, system, keep, onFailed } = parts;
    this.window = new CallWindow(policy);
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
    this.#decision = breakerDecision(this.snapshot);
    this.#state = this.snapshot.value;
  }

  get decision(): BreakerDecision {
    return this.#decision;
  }

  get snapshot(): CircuitBreakerSnapshot {
    return this.#chart.snapshot;
  }

  /** Goes on from what was kept before the restart. */
  restore(state: string): void {
    const { steady, policy } = this.#parts;
    this.#chart.restore(state, { type: 'process.restarted', atMs: steady.now(), policy });
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

  /** Asks for a probe while half open. */
  requestProbe(permitId: string): boolean {
    this.send({ type: 'permit.requested', permitId, atMs: this.#parts.steady.now() });
    return hasPermit(this.snapshot, permitId);
  }

  /** Records how a call went. */
  record(call: EndedCall, result: CallResult, retryAfterMs: number | undefined): void {
    const { steady, random } = this.#parts;
    const { generation, probeId } = call;
    const meaning = callMeaning(call, result, this.#decision);
    if (meaning === 'stale') return;
    if (meaning === 'counted') {
      const cause = this.window.record(result);
      if (cause === null) return;
      const facts = { generation, cause, atMs: steady.now(), draw: random.next(), retryAfterMs };
      this.send({ type: 'failures.exceeded', ...facts });
      return;
    }
    const facts = { permitId: probeId ?? '', generation, atMs: steady.now() };
    if (meaning !== 'probe.failed') this.send({ type: meaning, ...facts });
    else this.send({ type: meaning, ...facts, draw: random.next(), retryAfterMs });
  }

  #changed(snapshot: CircuitBreakerSnapshot, event: CircuitBreakerEvent | undefined): void {
    const before = this.#decision;
    this.#decision = breakerDecision(snapshot);
    const { generation, retryAtMs } = this.#decision;
    if (generation !== before.generation) this.window.clear();
    const from = this.#state;
    this.#state = snapshot.value;
    const { facts, upstream } = this.#parts;
    if (from !== this.#state)
      facts.emit('breaker.changed', upstream, from, this.#state, event ?? null);
    // A refused permit changes nothing; telling of it would make its asker ask again.
    if (generation !== before.generation || retryAtMs !== before.retryAtMs) this.#parts.onChange();
  }
}
