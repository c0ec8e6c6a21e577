/**
 * All upstreams of a process, by name or by the route of a row, with the level of service that stands for the
 * process itself and the watch over its event loop, which is one of the signals of that level (DG-1).
 *
 * @module
 */

import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QueueStore } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { FactStream } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import type { StorageHealth } from '../journal/storageHealth.ts';
import { EventLoopWatch } from '../platform/eventLoopWatch.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import { notConnected } from '../platform/wires.ts';
import type { CallFunction, CallOptions } from './guardedCall.ts';
import { Routes } from './routes.ts';
import { ServiceLevel } from './serviceLevel.ts';
import { Upstream } from './upstream.ts';
import type { StuckWork } from './workWatch.ts';

/** The upstream of closures that name none: it is shown and counted only once it is used. */
export const BUILT_IN = 'default';

/** The component of the level of the process. */
export const GLOBAL_LEVEL = 'degradation:global' satisfies Component;

export interface UpstreamsParts {
  readonly store: QueueStore;
  readonly journal: Pick<Journal, 'sendAll'>;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: FactStream;
  readonly system: ActorSystem;
  readonly policies: PoliciesInForce;
  readonly names: Iterable<string>;
  /** Health of storage: a signal of the level of the process, and whether anything can be made durable. */
  readonly storage: Pick<StorageHealth, 'state' | 'isDown'>;
  /** Somebody has put everybody into crisis mode, another signal of that level. */
  readonly isCrisisMode: () => boolean;
  readonly keep: (component: Component, state: string) => void;
  readonly onFailed: (component: Component, error: unknown) => void;
  readonly onError: (error: unknown) => void;
}

export class Upstreams {
  /** Routes, with the upstream whose line claims each. */
  readonly routes = new Routes();
  /** All of them by name. */
  readonly byName: ReadonlyMap<string, Upstream>;
  readonly globalLevel: ServiceLevel;
  /** Whether attempts are under way: only then is the event loop measured. */
  isBusy: () => boolean = notConnected;
  readonly loop: EventLoopWatch;

  constructor(parts: UpstreamsParts) {
    const { clock, steady, random, timers, facts, system, policies, keep, onFailed } = parts;
    const { degradation } = policies.table.process;
    this.loop = new EventLoopWatch({
      clock,
      timers,
      blockedFromMs: degradation.eventLoopDelayMsLimited,
      isBusy: () => this.isBusy(),
      onBlocked: (delayMs) => {
        facts.emit('eventLoop.blocked', delayMs);
        this.globalLevel.measure();
      },
      onSlept: (forMs) => {
        facts.emit('machine.slept', forMs);
      },
    });
    facts.tap('operation.accepted', this.loop.wake);
    facts.tap('attempt.started', this.loop.wake);
    this.globalLevel = new ServiceLevel({
      steady,
      timers,
      facts,
      system,
      component: GLOBAL_LEVEL,
      scope: 'global',
      policy: degradation,
      signals: () => ({
        storage: parts.storage.state,
        eventLoopDelayMs: this.loop.delayMs,
        isCrisisMode: parts.isCrisisMode(),
      }),
      keep: (state) => {
        keep(GLOBAL_LEVEL, state);
      },
      onChange: () => {
        for (const upstream of this.all) upstream.refresh();
      },
      onFailed: (error) => {
        onFailed(GLOBAL_LEVEL, error);
      },
    });
    const byName = new Map<string, Upstream>();
    this.byName = byName;
    for (const name of parts.names) {
      const upstream = new Upstream({
        ...{ name, policies, clock, steady, random, timers, facts, system, keep, onFailed },
        store: parts.store,
        journal: parts.journal,
        globalLevel: () => this.globalLevel.level,
        storage: parts.storage,
        onError: parts.onError,
      });
      byName.set(name, upstream);
      this.routes.addLine(upstream.line);
    }
    policies.onChange((table) => {
      for (const upstream of this.all) upstream.changed();
      this.globalLevel.change(table.process.degradation);
    });
  }

  /** Upstreams that are shown and counted: the built-in one only once it is used. */
  get shown(): readonly Upstream[] {
    return this.all.filter(({ name, isUsed }) => name !== BUILT_IN || isUsed);
  }

  get all(): readonly Upstream[] {
    return [...this.byName.values()];
  }

  /** Where a row of this route goes to at present; `undefined` where no handler says. */
  ofRoute(route: string): Upstream | undefined {
    return this.byName.get(this.routes.upstreamOf(route) ?? '');
  }

  /** Work that is due and does not begin, where nothing explains that. */
  get stuck(): readonly StuckWork[] {
    return this.all.flatMap(({ watch }) => watch.stuck ?? []);
  }

  /** @throws HoldfastError (rejects) `HF_UPSTREAM_UNKNOWN` and what {@link UpstreamCalls.call} rejects with. */
  call<Value>(name: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    const known = this.byName.get(name);
    if (known !== undefined) return known.calls.call(run, options);
    return Promise.reject(this.#unknown());
  }

  /** Guarded calls begin no more. Resolves once those in flight have ended. */
  async drainCalls(): Promise<void> {
    for (const { calls } of this.all) calls.close(closing());
    await Promise.all(this.all.map(({ calls }) => calls.whenIdle()));
  }

  /** Rejects all guarded calls. */
  abortCalls(): void {
    for (const { calls } of this.all) calls.abort(closing());
  }

  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  get(name: string): Upstream {
    const upstream = this.byName.get(name);
    if (upstream === undefined) throw this.#unknown();
    return upstream;
  }

  #unknown(): HoldfastError {
    return new HoldfastError(
      'HF_UPSTREAM_UNKNOWN',
      `There is no upstream of that name. Known are ${[...this.byName.keys()].join(', ')}.`,
      { field: 'upstream' },
    );
  }

  stop(): void {
    for (const upstream of this.all) upstream.stop();
    this.globalLevel.stop();
  }
}

function closing(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The runtime is closing; the call was not finished.', {
    retry: 'later',
    withStack: false,
  });
}
