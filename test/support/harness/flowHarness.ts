/**
 * One upstream by itself: its flow control with breaker, level and scheduler, on a virtual clock.
 *
 * @module
 */

import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import type { Asker, Permit } from '../../../actors/operation/flowControl.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { Upstream } from '../../../actors/upstream/upstream.ts';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../../../machines/policy/breaker/breakerPolicy.ts';
import type { CallReport, CallSign } from '../../../machines/policy/flow/callReport.ts';
import { checkFlowTuning, type FlowTuning } from '../../../machines/policy/flow/flowPolicy.ts';
import type { RateLimit } from '../../../machines/policy/flow/tokenRate.ts';
import { PoliciesInForce } from '../../../machines/policy/layers/policiesInForce.ts';
import type { UpstreamPolicy } from '../../../machines/policy/layers/policyFields.ts';
import type { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import type { Level } from '../../../machines/policy/service/degradationLevel.ts';
import { DEFAULT_DEGRADATION_POLICY } from '../../../machines/policy/service/degradationPolicy.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { QueueStore } from '../../../persistence/port/store.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

export interface FlowOptions {
  readonly clock?: VirtualClock;
  readonly concurrency?: number;
  readonly attemptTimeoutMs?: number;
  readonly breaker?: Partial<BreakerPolicy>;
  readonly tuning?: Partial<FlowTuning>;
  readonly rate?: RateLimit | null;
  /** Of its chance. */
  readonly seed?: number;
  readonly onError?: (error: unknown) => void;
  /** What rows are claimed from. */
  readonly store?: QueueStore;
  /** What an earlier process kept, by component. */
  readonly kept?: ReadonlyMap<string, string>;
}

/** A flow control whose work is open, with verbs for calls. */
export function createFlow(options: FlowOptions = {}) {
  const { clock = new VirtualClock(), concurrency = 32, attemptTimeoutMs = 10_000 } = options;
  const errors: unknown[] = [];
  const onError = options.onError ?? ((error: unknown) => errors.push(error));
  const state: { level: Level; isDown: boolean } = { level: 'normal', isDown: false };
  const steady = new SteadyClock(clock);
  const facts = new FactStream(clock);
  const told: Fact[] = [];
  facts.subscribe((fact) => told.push(fact));
  const kept = new Map<string, string>(options.kept);
  let policy: UpstreamPolicy = {
    breaker: checkBreakerPolicy(options.breaker, 'breaker', attemptTimeoutMs),
    flow: checkFlowTuning(options.tuning ?? {}, { concurrency, attemptTimeoutMs }, 'flow'),
    concurrency,
    crisisConcurrency: 16,
    rate: options.rate ?? null,
    attemptTimeoutMs,
  };
  let degradation = DEFAULT_DEGRADATION_POLICY;
  const table = {
    upstream: () => policy,
    tiers: () => ({}),
    operation: () => ({ attemptTimeoutMs }),
    get process() {
      return { degradation, watchdogMs: 10_000 };
    },
  };
  const upstream = new Upstream({
    name: 'payments',
    policies: new PoliciesInForce(table as unknown as PolicyTable),
    store: options.store ?? createMemoryStore(),
    journal: { sendAll: () => undefined },
    clock,
    steady,
    random: seededRandom(options.seed ?? 1),
    timers: new TimerService(clock, onError),
    facts,
    system: new ActorSystem(onError),
    globalLevel: () => state.level,
    storage: state,
    keep: (component, text) => kept.set(component, text),
    onFailed: (_, error) => onError(error),
    onError,
  });
  if (options.kept !== undefined) {
    for (const [component, text] of options.kept) {
      if (component.startsWith('breaker:')) upstream.breaker.restore(text);
      else if (component.startsWith('scheduler:')) upstream.restoreFlow(text);
      else upstream.level.restore(text);
    }
  }
  const { flow } = upstream;
  flow.setIntake('open');
  const enter = (asker: Partial<Asker> = {}): Permit => {
    const permit = flow.tryEnter({ id: null, urgency: 1, ...asker });
    if (permit === null) throw new Error('No permit was given.');
    return permit;
  };
  const end = (permit: Permit, sign: CallSign, more: Omit<CallReport, 'sign'> = {}) =>
    flow.leave(permit, { sign, ...more });
  return {
    clock,
    steady,
    upstream,
    flow,
    state,
    errors,
    told,
    kept,
    enter,
    end,
    /** Other policies are in force. */
    change: (itsPolicy: UpstreamPolicy, itsDegradation = degradation): void => {
      policy = itsPolicy;
      degradation = itsDegradation;
      upstream.changed();
    },
    /** A call that ends at once. */
    call: (sign: CallSign, more: Omit<CallReport, 'sign'> = {}) => end(enter(), sign, more),
    /** Permits until there are no more. */
    enterAll: (asker: Partial<Asker> = {}): Permit[] => {
      const permits: Permit[] = [];
      const next = () => flow.tryEnter({ id: null, urgency: 1, ...asker });
      for (let permit = next(); permit !== null; permit = next()) permits.push(permit);
      return permits;
    },
    /** Calls that fail until the breaker opens. */
    goDown: (sign: CallSign = 'failed'): void => {
      for (let calls = 0; upstream.breaker.snapshot.value === 'closed'; calls += 1) {
        if (calls > 200) throw new Error('The breaker does not open.');
        end(enter(), sign);
      }
    },
    /** Lets the time to the next probe pass. */
    toProbe: async (): Promise<void> => {
      const untilAtMs = upstream.breaker.decision.retryAtMs ?? 0;
      await clock.advance(Math.max(0, untilAtMs - steady.now()));
    },
  };
}
