import { createActor, type InspectionEvent } from 'xstate';
import {
  type BreakerDecision,
  breakerDecision,
  breakerDue,
  type CircuitBreakerEvent,
  type CircuitBreakerRef,
  type CircuitBreakerSnapshot,
  circuitBreakerMachine,
  hasPermit,
} from '../../machines/breaker/circuitBreakerMachine.ts';
import type { BreakerPolicy } from '../../machines/policy/breaker/breakerPolicy.ts';
import { callMeaning, type EndedCall } from '../../machines/policy/breaker/callReport.ts';
import { type CallOutcome, CallWindow } from '../../machines/policy/breaker/callWindow.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { decodeSnapshot, encodeSnapshot } from '../charts/snapshots.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

export interface BreakerParts {
  readonly upstream: string;
  readonly policy: BreakerPolicy;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  /** Keeps the state (CB-4). */
  readonly keep: (state: string) => void;
  /** The decision changed. */
  readonly onChange: () => void;
  /** The actor died of an error. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The circuit breaker of one upstream, given life: its chart, the window that counts for it, its
 * timers and its record on disk. Admission reads {@link decision}, a plain object (CB-5).
 */
export class Breaker {
  readonly #parts: BreakerParts;
  readonly window: CallWindow;
  #actor: CircuitBreakerRef;
  #decision: BreakerDecision;
  #cancelTimer: (() => void) | null = null;
  #kept = '';
  #state: CircuitBreakerSnapshot['value'];
  /** What the chart is being told; `null` while it begins anew. */
  #event: CircuitBreakerEvent | null = null;
  #isStopped = false;

  constructor(parts: BreakerParts) {
    this.#parts = parts;
    this.window = new CallWindow(parts.policy);
    this.#actor = this.#start(null);
    const snapshot = this.#actor.getSnapshot();
    this.#decision = breakerDecision(snapshot);
    this.#state = snapshot.value;
  }

  get decision(): BreakerDecision {
    return this.#decision;
  }

  get snapshot(): CircuitBreakerSnapshot {
    return this.#actor.getSnapshot();
  }

  /** Goes on from what was kept before the restart. */
  restore(state: string): void {
    const { snapshot } = decodeSnapshot(circuitBreakerMachine, state);
    this.#replace(snapshot);
    this.send({
      type: 'process.restarted',
      atMs: this.#parts.steady.now(),
      policy: this.#parts.policy,
    });
  }

  /** Starts anew after the actor failed; what it knew is lost, so it starts closed. */
  restart(): void {
    this.#replace(null);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#actor.stop();
  }

  /** What is told after the stop, by calls that were still out, changes nothing any more. */
  send(event: CircuitBreakerEvent): void {
    if (this.#isStopped) return;
    this.#event = event;
    this.#actor.send(event);
  }

  /** Asks for a probe while half open. */
  requestProbe(permitId: string): boolean {
    this.send({ type: 'permit.requested', permitId, atMs: this.#parts.steady.now() });
    return hasPermit(this.snapshot, permitId);
  }

  /** Records how a call went. */
  record(call: EndedCall, outcome: CallOutcome, retryAfterMs: number | undefined): void {
    const { steady, random } = this.#parts;
    const { generation, probeId } = call;
    const meaning = callMeaning(call, outcome, this.#decision);
    if (meaning === 'stale') return;
    if (meaning === 'counted') {
      const cause = this.window.record(outcome);
      if (cause === null) return;
      const facts = { generation, cause, atMs: steady.now(), draw: random.next(), retryAfterMs };
      this.send({ type: 'failures.exceeded', ...facts });
      return;
    }
    const facts = { permitId: probeId ?? '', generation, atMs: steady.now() };
    if (meaning !== 'probe.failed') this.send({ type: meaning, ...facts });
    else this.send({ type: meaning, ...facts, draw: random.next(), retryAfterMs });
  }

  #replace(snapshot: CircuitBreakerSnapshot | null): void {
    this.#actor.stop();
    this.#event = null;
    this.#actor = this.#start(snapshot);
    this.#changed(this.#actor.getSnapshot());
  }

  #start(snapshot: CircuitBreakerSnapshot | null): CircuitBreakerRef {
    const { upstream, policy, inspect, onFailed } = this.#parts;
    const actor = createActor(circuitBreakerMachine, {
      id: `breaker:${upstream}`,
      input: { upstream, policy },
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

  #changed(snapshot: CircuitBreakerSnapshot): void {
    const before = this.#decision;
    this.#decision = breakerDecision(snapshot);
    if (this.#decision.generation !== before.generation) this.window.clear();
    const from = this.#state;
    this.#state = snapshot.value;
    const { facts, upstream } = this.#parts;
    if (from !== this.#state)
      facts.emit('breaker.changed', upstream, from, this.#state, this.#event);
    this.#arm(snapshot);
    const state = encodeSnapshot(circuitBreakerMachine, snapshot);
    if (state !== this.#kept) {
      this.#kept = state;
      this.#parts.keep(state);
    }
    const { generation, retryAtMs } = this.#decision;
    // A refused permit changes nothing; telling of it would make its asker ask again.
    if (generation !== before.generation || retryAtMs !== before.retryAtMs) this.#parts.onChange();
  }

  #arm(snapshot: CircuitBreakerSnapshot): void {
    this.#cancelTimer?.();
    const { steady, timers } = this.#parts;
    const due = breakerDue(snapshot);
    this.#cancelTimer =
      due === null
        ? null
        : timers.after(due.atMs - steady.now(), () => {
            // Never before what was waited for, whatever is rounded: it would not be sent again.
            this.send({ type: due.type, atMs: Math.max(due.atMs, steady.now()) });
          });
  }
}
