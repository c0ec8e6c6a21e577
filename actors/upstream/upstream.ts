/**
 * One upstream put together: its breaker, its level of service, its scheduler, the line of all that waits for
 * it, its guarded calls, and the watch over its work.
 *
 * @module
 */

import { breakerPacing } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { UpstreamPolicy } from '../../machines/policy/layers/policyFields.ts';
import { urgencyBoundAt } from '../../machines/policy/service/admissionTable.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { mostUrgent } from '../../machines/vocabulary/urgency.ts';
import type { QueueStore } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import type { StorageHealth } from '../journal/storageHealth.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import { Breaker } from './breaker.ts';
import { CrisisSlots } from './crisisSlots.ts';
import { LeaseCheck } from './leaseCheck.ts';
import { Line } from './line.ts';
import { SchedulerChart } from './schedulerChart.ts';
import { ServiceLevel } from './serviceLevel.ts';
import { SuspectQueue } from './suspectQueue.ts';
import { UpstreamCalls } from './upstreamCalls.ts';
import { UpstreamRates } from './upstreamRates.ts';
import { UpstreamScheduler } from './upstreamScheduler.ts';
import { type Waiting, WorkWatch } from './workWatch.ts';

export interface UpstreamParts {
  readonly name: string;
  readonly policies: PoliciesInForce;
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly system: ActorSystem;
  readonly globalLevel: () => Level;
  readonly storage: Pick<StorageHealth, 'isDown'>;
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
  readonly line: Line;
  /** Suspects that run beside others, of what was in flight when the process died. */
  readonly suspects: SuspectQueue;
  /** Calls that are guarded and not durable. */
  readonly calls: UpstreamCalls;
  readonly leases: LeaseCheck;
  readonly watch: WorkWatch;
  /** Deliveries of crises that are in flight. */
  crisesInFlight = 0;
  readonly #rates: UpstreamRates;
  readonly #parts: UpstreamParts;

  constructor(parts: UpstreamParts) {
    const { name, policies, clock, steady, timers, facts, system, keep } = parts;
    const { onFailed, onError, random, store, journal } = parts;
    this.#parts = parts;
    this.name = name;
    const policy = policies.table.upstream(name);
    const { flow } = policy;
    this.level = new ServiceLevel({
      ...{ steady, timers, facts, system },
      component: this.levelComponent,
      scope: name,
      policy: policies.table.process.degradation,
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
      ...{ steady, timers, facts, system, random },
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
    this.#rates = new UpstreamRates(policies, name);
    this.flow = new UpstreamScheduler({
      ...{ clock, steady, random, timers, facts, onError, flow },
      upstream: name,
      rate: policy.rate,
      rates: this.#rates,
      breaker: this.breaker,
      chart: this.chart,
      storage: parts.storage,
      onShortage: () => {
        this.level.measure();
      },
    });
    this.watch = new WorkWatch({
      ...{ upstream: name, steady, timers, facts },
      policies,
      look: () => this.#waiting,
    });
    const stand = { flow: this.flow, clock, steady, timers, onError };
    const reserve = new CrisisSlots(() => this.policy.crisisConcurrency);
    this.line = new Line({ ...stand, store, journal }, this.watch, reserve);
    this.suspects = new SuspectQueue(this.line);
    this.calls = new UpstreamCalls(this.line, { ...stand, policies, random });
    this.line.join(this.suspects);
    this.line.join(this.calls);
    this.leases = new LeaseCheck(this.line, { timers, onError });
  }

  get policy(): UpstreamPolicy {
    return this.#parts.policies.table.upstream(this.name);
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

  /** Other policies are in force: nothing that is known is lost. */
  changed(): void {
    const { policy } = this;
    const { flow } = policy;
    this.#rates.changed();
    this.calls.changed();
    this.breaker.change(breakerPacing(policy.breaker, flow), policy.breaker);
    this.flow.change(flow, policy.rate);
    this.level.change(this.#parts.policies.table.process.degradation);
  }

  /** Nothing has its turn any more; what runs, runs on. */
  stopWork(): void {
    this.leases.stop();
    this.watch.stop();
    this.flow.setIntake('stopped');
    this.line.stop();
  }

  stop(): void {
    this.flow.stop();
    this.breaker.stop();
    this.level.stop();
    this.chart.stop();
  }

  /** The work that waits and is due, and what keeps it from starting; `null` where none does. */
  get #waiting(): Waiting | null {
    const { line, flow, leases, calls } = this;
    const urgency = mostUrgent(this.suspects.waiting);
    const asker =
      line.next ?? (Number.isFinite(urgency) ? { id: null, urgency, isNext: true } : null);
    if (asker === null) return null;
    const answer = flow.mayRun(asker);
    const running = leases.held + calls.inFlight;
    // The one that runs alone explains it, wherever it runs.
    const isForOther = !answer.may && answer.because === 'suspect';
    return { answer, running: isForOther ? running + 1 : running };
  }
}
