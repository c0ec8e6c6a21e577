/**
 * One upstream put together: its breaker, its level of service, its scheduler and what gives permits by
 * these.
 *
 * @module
 */

import { breakerPacing } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { UpstreamPolicy } from '../../machines/policy/layers/policyFields.ts';
import { urgencyBoundAt } from '../../machines/policy/service/admissionTable.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { DegradationPolicy } from '../../machines/policy/service/degradationPolicy.ts';
import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import { Breaker } from './breaker.ts';
import { SchedulerChart } from './schedulerChart.ts';
import { ServiceLevel } from './serviceLevel.ts';
import { UpstreamScheduler } from './upstreamScheduler.ts';

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
  /** Nothing can be made durable at present. */
  readonly isStorageDown: () => boolean;
  /** Keeps the state of a component under its name. */
  readonly keep: (component: Component, state: string) => void;
  readonly onFailed: (component: Component, error: unknown) => void;
  readonly onError: (error: unknown) => void;
}

export class Upstream {
  readonly name: string;
  readonly breaker: Breaker;
  readonly level: ServiceLevel;
  readonly chart: SchedulerChart;
  readonly flow: UpstreamScheduler;
  readonly #parts: UpstreamParts;
  #policy: UpstreamPolicy;

  constructor(parts: UpstreamParts) {
    const { name, policy, clock, steady, timers, facts, system, keep, onFailed, onError } = parts;
    this.#parts = parts;
    this.#policy = policy;
    this.name = name;
    const { flow } = policy;
    this.level = new ServiceLevel({
      ...{ steady, timers, facts, system },
      component: this.levelComponent,
      scope: name,
      policy: parts.degradation,
      signals: () => ({ breaker: this.breaker.snapshot.value, shortage: this.flow.shortage }),
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
      ...{ steady, timers, facts, system },
      random: parts.random,
      component: this.breakerComponent,
      upstream: name,
      policy: breakerPacing(policy.breaker, flow),
      rules: policy.breaker,
      keep: (state) => {
        keep(this.breakerComponent, state);
      },
      onChange: () => {
        this.flow.breakerChanged();
        this.level.measure();
        this.refresh();
      },
      onFailed: (error) => {
        onFailed(this.breakerComponent, error);
      },
    });
    this.chart = new SchedulerChart({
      ...{ steady, system },
      component: this.schedulerComponent,
      upstream: name,
      keep: (state) => {
        keep(this.schedulerComponent, state);
      },
      onFailed: (error) => {
        onFailed(this.schedulerComponent, error);
      },
    });
    this.flow = new UpstreamScheduler({
      ...{ clock, steady, random: parts.random, timers, facts, onError, flow },
      upstream: name,
      rate: policy.rate,
      breaker: this.breaker,
      chart: this.chart,
      isStorageDown: parts.isStorageDown,
      onShortage: () => {
        this.level.measure();
      },
    });
  }

  get policy(): UpstreamPolicy {
    return this.#policy;
  }

  get breakerComponent(): Component {
    return `breaker:${this.name}`;
  }

  get levelComponent(): Component {
    return `degradation:${this.name}`;
  }

  get schedulerComponent(): Component {
    return `scheduler:${this.name}`;
  }

  /** Whether it was ever called, or somebody holds its breaker. */
  get isUsed(): boolean {
    return this.flow.isUsed || this.breaker.snapshot.value !== 'closed';
  }

  /** Goes on from what an earlier process knew of its flow. */
  restoreFlow(state: string): void {
    this.flow.goOnFrom(this.chart.restore(state));
  }

  /** The scheduler's chart has failed: it begins again where things are. */
  restartFlow(): void {
    this.chart.restart(this.flow.kept);
  }

  /** Works out again what is parked, and tells of it after the event that caused it. */
  refresh(): void {
    const globalLevel = this.#parts.globalLevel();
    // A probe goes to the most urgent of those that wait, parked or not: perhaps none of them is urgent.
    const isProbing = this.breaker.decision.mode === 'probe';
    this.flow.urgencyBound = urgencyBoundAt(isProbing ? 'normal' : this.level.level, globalLevel);
    this.flow.changeSoon();
  }

  /** Another policy is in force: nothing that is known is lost. */
  change(policy: UpstreamPolicy, degradation: DegradationPolicy): void {
    this.#policy = policy;
    const { flow } = policy;
    this.breaker.change(breakerPacing(policy.breaker, flow), policy.breaker);
    this.flow.change(flow, policy.rate);
    this.level.change(degradation);
  }

  stop(): void {
    this.flow.stop();
    this.breaker.stop();
    this.level.stop();
    this.chart.stop();
  }
}
