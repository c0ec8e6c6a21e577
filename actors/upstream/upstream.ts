/**
 * One upstream put together: its breaker, its level of service and its gate.
 *
 * @module
 */

import { RecentCalls } from '../../machines/policy/flow/recentCalls.ts';
import type { UpstreamPolicy } from '../../machines/policy/layers/policyFields.ts';
import { claimBound } from '../../machines/policy/service/admissionTable.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { DegradationPolicy } from '../../machines/policy/service/degradationPolicy.ts';
import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import { Breaker } from './breaker.ts';
import { ServiceLevel } from './serviceLevel.ts';
import { UpstreamGate } from './upstreamGate.ts';

export interface UpstreamParts {
  readonly name: string;
  readonly policy: UpstreamPolicy;
  readonly degradation: DegradationPolicy;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly system: ActorSystem;
  readonly globalLevel: () => Level;
  /** Keeps the state of a component under its name. */
  readonly keep: (component: Component, state: string) => void;
  /** More or less work may go out than before. */
  readonly onChange: () => void;
  readonly onFailed: (component: Component, error: unknown) => void;
  readonly onError: (error: unknown) => void;
}

export class Upstream {
  readonly name: string;
  readonly policy: UpstreamPolicy;
  readonly breaker: Breaker;
  readonly level: ServiceLevel;
  readonly gate: UpstreamGate;
  readonly #parts: UpstreamParts;
  readonly #recent = new RecentCalls();
  #isChangeDue = false;

  constructor(parts: UpstreamParts) {
    const { name, policy, steady, timers, facts, system, keep, onFailed } = parts;
    this.#parts = parts;
    this.name = name;
    this.policy = policy;
    this.level = new ServiceLevel({
      steady,
      timers,
      facts,
      system,
      component: this.levelComponent,
      scope: name,
      policy: parts.degradation,
      signals: () => ({
        breaker: this.breaker.snapshot.value,
        recentCalls: this.#recent.read(parts.clock.monotonic()),
      }),
      keep: (state) => {
        keep(this.levelComponent, state);
      },
      onChange: () => {
        this.refresh();
      },
      onFailed: (error) => {
        onFailed(this.levelComponent, error);
      },
    });
    this.breaker = new Breaker({
      steady,
      random: parts.random,
      timers,
      facts,
      system,
      component: this.breakerComponent,
      upstream: name,
      policy: policy.breaker,
      keep: (state) => {
        keep(this.breakerComponent, state);
      },
      onChange: () => {
        this.level.measure();
        this.refresh();
      },
      onFailed: (error) => {
        onFailed(this.breakerComponent, error);
      },
    });
    this.gate = new UpstreamGate({
      upstream: name,
      breaker: this.breaker,
      slotsMax: policy.concurrency,
      timeoutMs: policy.attemptTimeoutMs,
      monotonic: () => parts.clock.monotonic(),
      onError: parts.onError,
      onResult: (result) => {
        this.#recent.record(result, parts.clock.monotonic());
        if (result === 'failure') this.level.measure();
      },
    });
  }

  get breakerComponent(): Component {
    return `breaker:${this.name}`;
  }

  get levelComponent(): Component {
    return `degradation:${this.name}`;
  }

  /** Works out again what may go out, and notifies the dispatcher after the event that caused it. */
  refresh(): void {
    const { globalLevel, onChange } = this.#parts;
    this.gate.urgencyBound = claimBound(
      this.level.level,
      globalLevel(),
      this.breaker.decision.mode,
    );
    if (this.#isChangeDue) return;
    this.#isChangeDue = true;
    // Later, because asking for a permit is itself such an event: its asker must not be re-entered.
    queueMicrotask(() => {
      this.#isChangeDue = false;
      this.gate.changed();
      onChange();
    });
  }

  stop(): void {
    this.breaker.stop();
    this.level.stop();
  }
}

/** Which share of the upstreams has an open breaker, from 0 to 1. */
export function openBreakersShare(upstreams: readonly Upstream[]): number {
  const open = upstreams.filter(({ breaker }) => breaker.snapshot.value === 'open');
  return upstreams.length === 0 ? 0 : open.length / upstreams.length;
}
