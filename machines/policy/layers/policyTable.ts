/**
 * Which policy is in force where: the layers resolved, each value with the place that it came from.
 *
 * @module
 */

import { requireOption } from '../../vocabulary/optionFields.ts';
import {
  type ByClass,
  type ByTier,
  NO_OWN_TIERS,
  type OwnTiers,
  type Priority,
  RETRY_CLASSES,
  type RetryClass,
  TIERS,
  type Tiered,
  type TierName,
} from '../../vocabulary/urgency.ts';
import { type BreakerPolicy, checkBreakerPolicy } from '../breaker/breakerPolicy.ts';
import { crisisRetry, crisisTimeoutMs } from '../crisis/crisisBounds.ts';
import { checkFlowTuning, type FlowPolicy, type FlowTuning } from '../flow/flowPolicy.ts';
import { checkRetryPolicy, type RetryPolicy } from '../retry/retryPolicy.ts';
import { checkDegradationPolicy } from '../service/degradationPolicy.ts';
import {
  BUILT_IN_POLICIES,
  CRISIS_POLICIES,
  type OperationPolicy,
  POLICY_LAYERS,
  POLICY_NAMES,
  POLICY_PARTS,
  type PolicyLayer,
  type PolicyName,
  type PolicySettings,
  type ProcessPolicy,
  type TierPolicy,
  type UpstreamPolicy,
} from './policyFields.ts';
import type { PolicyEntry } from './policyLayers.ts';

/** The upstream, tier and type that policies are read for; each may be left out. */
export interface PolicyScope {
  readonly upstream?: string | undefined;
  /** A tier, or `crisis`. */
  readonly tier?: RetryClass | TierName | undefined;
  readonly type?: string | undefined;
}

/** One value that is in force, and where it came from. */
export interface PolicyReading {
  /** `attemptTimeoutMs`, `retry.attemptsMax`. */
  readonly name: string;
  readonly value: unknown;
  readonly layer: PolicyLayer | 'builtIn';
  /** Where it was written: `upstreams.payments`; `built in` where nobody did. */
  readonly from: string;
}

/** What a handler says of its attempts. */
interface TimedHandler {
  readonly upstream: string;
  readonly attemptTimeoutMs?: number | undefined;
}

/** What holds for the operations of a type at an upstream, by class. */
interface OfType {
  readonly operations: ByClass<OperationPolicy>;
  readonly retries: ByClass<RetryPolicy>;
}

/** The class whose built-in values are read where no class is named. */
const ANY_CLASS: RetryClass = 'basic';
const BUILT_IN = 'built in';

type Parts = Readonly<Record<string, unknown>>;

/** Immutable: a change makes another table. */
export class PolicyTable {
  readonly #entries: readonly PolicyEntry[];
  readonly #byPlace = new Map<string, PolicyEntry[]>();
  /** Types that have policies of their own. */
  readonly #ownTypes = new Set<string>();
  /** Resolved once: by upstream, and by type where that has its own. */
  readonly #ofTypes = new Map<string, Map<string, OfType>>();
  readonly #tiers = new Map<string, ByTier<TierPolicy>>();
  readonly #own: OwnTiers;
  readonly #upstreams = new Map<string, UpstreamPolicy>();
  readonly process: ProcessPolicy;

  /**
   * @param entries as `entriesOf` gives them
   * @param own the app's own tiers
   * @throws HoldfastError `HF_OPTION_INVALID` naming the field that is at odds with another.
   */
  constructor(entries: readonly PolicyEntry[], own: OwnTiers = NO_OWN_TIERS) {
    this.#own = own;
    const rank = ({ layer }: PolicyEntry): number => POLICY_LAYERS.indexOf(layer);
    this.#entries = entries.toSorted((one, other) => rank(one) - rank(other));
    for (const entry of this.#entries) {
      if (entry.layer === 'type' && entry.name !== null) this.#ownTypes.add(entry.name);
      const place = placeOf(entry.layer, entry.name);
      const there = this.#byPlace.get(place);
      if (there === undefined) this.#byPlace.set(place, [entry]);
      else there.push(entry);
    }
    const degradation = this.#checked('degradation', {}, checkDegradationPolicy);
    this.process = { degradation, watchdogMs: this.#plain('watchdogMs', {}) };
    this.#checkRetries();
    for (const { layer, name } of this.#entries) {
      if (layer === 'upstream' && name !== null) this.upstream(name);
    }
    this.#checked('breaker', {}, checkBreakerPolicy);
    this.#flow({});
  }

  /** Every tier that has policies: the built-in ones, and the app's own. */
  get tierNames(): readonly TierName[] {
    return [...TIERS, ...this.#own.keys()];
  }

  /** Every class of operations: `crisis` and the tiers. */
  get classes(): readonly string[] {
    return ['crisis', ...this.tierNames];
  }

  /** A tier as it is known here: in place of one that is gone, the one that it is like. */
  tierOf({ tier, like = this.#own.get(tier) }: Tiered): Tiered {
    if (like === undefined) return { tier };
    return this.#own.has(tier) ? { tier, like } : { tier: like };
  }

  /** The class by whose policies this work runs. */
  classOf(work: Tiered & { readonly priority: Priority }): string {
    return work.priority === 'crisis' ? 'crisis' : this.tierOf(work).tier;
  }

  /** What was written, the widest layer first. */
  get entries(): readonly PolicyEntry[] {
    return this.#entries;
  }

  /** What holds for one upstream. */
  upstream(upstream: string): UpstreamPolicy {
    let policy = this.#upstreams.get(upstream);
    if (policy === undefined) {
      const scope = { upstream };
      const attemptTimeoutMs = this.#plain('attemptTimeoutMs', scope);
      policy = Object.freeze({
        breaker: this.#checked('breaker', scope, (parts: Partial<BreakerPolicy>, field) =>
          checkBreakerPolicy(parts, field, attemptTimeoutMs),
        ),
        flow: this.#flow(scope),
        concurrency: this.#plain('concurrency', scope),
        crisisConcurrency: this.#plain('crisisConcurrency', scope),
        rate: this.#plain('rate', scope),
        attemptTimeoutMs,
      });
      this.#upstreams.set(upstream, policy);
    }
    return policy;
  }

  /** What holds for the tiers at one upstream. */
  tiers(upstream: string): ByTier<TierPolicy> {
    let policies = this.#tiers.get(upstream);
    if (policies === undefined) {
      const of = (tier: TierName): TierPolicy => ({
        subjectRate: this.#plain('subjectRate', { upstream, tier }),
        tierRate: this.#plain('tierRate', { upstream, tier }),
      });
      const all = this.tierNames.map((tier): [string, TierPolicy] => [tier, of(tier)]);
      policies = Object.fromEntries(all) as unknown as ByTier<TierPolicy>;
      this.#tiers.set(upstream, policies);
    }
    return policies;
  }

  /** What holds for one operation. */
  operation(upstream: string, tier: RetryClass | TierName, type: string): OperationPolicy {
    const policies = this.#ofType(upstream, type).operations;
    return policies[tier] ?? policies[this.#builtIn(tier)];
  }

  /** How long an attempt at a handler may take, whose own word goes before all policies, in milliseconds. */
  attemptTimeoutMs(
    { upstream, attemptTimeoutMs: ownMs }: TimedHandler,
    tier: RetryClass | TierName,
    type: string,
  ): number {
    const ms = ownMs ?? this.operation(upstream, tier, type).attemptTimeoutMs;
    return tier === 'crisis' ? crisisTimeoutMs(ms) : ms;
  }

  /** The retry policy of each class, for operations of this type at this upstream. */
  retries(upstream: string, type: string): ByClass<RetryPolicy> {
    return this.#ofType(upstream, type).retries;
  }

  /**
   * Every value in force there, with where it came from; what can't be set there is as it is for all.
   *
   * @throws HoldfastError `HF_OPTION_INVALID` for a tier that there is not.
   */
  explain(scope: PolicyScope = {}): readonly PolicyReading[] {
    const { classes } = this;
    const isKnown = scope.tier === undefined || classes.includes(scope.tier);
    requireOption(isKnown, 'tier', `must be one of ${classes.join(', ')}`);
    return POLICY_NAMES.flatMap((name) =>
      name in POLICY_PARTS ? this.#explainParts(name, scope) : [this.#explain(name, scope)],
    );
  }

  #checkRetries(): void {
    const named = (layer: PolicyLayer): readonly (string | undefined)[] => [
      undefined,
      ...new Set(
        this.#entries
          .filter((entry) => entry.layer === layer && entry.settings.retry !== undefined)
          .map((entry) => entry.name ?? undefined),
      ),
    ];
    const types = named('type');
    for (const upstream of named('upstream')) {
      for (const type of types)
        for (const tier of this.classes) this.#retry({ upstream, type, tier });
    }
  }

  /** Asked for with each operation, so it makes nothing where the answer is known. */
  #ofType(upstream: string, type: string): OfType {
    let byType = this.#ofTypes.get(upstream);
    if (byType === undefined) {
      byType = new Map();
      this.#ofTypes.set(upstream, byType);
    }
    const ownType = this.#ownTypes.has(type) ? type : '';
    let policies = byType.get(ownType);
    if (policies === undefined) {
      policies = this.#resolve(upstream, type);
      byType.set(ownType, policies);
    }
    return policies;
  }

  #resolve(upstream: string, type: string): OfType {
    const policies = this.classes.map((tier): [string, OperationPolicy] => {
      const scope = { upstream, tier, type };
      return [
        tier,
        Object.freeze({
          attemptTimeoutMs: this.#plain('attemptTimeoutMs', scope),
          retry: this.#retry(scope),
          responseDeadlineMs: this.#plain('responseDeadlineMs', scope),
        }),
      ];
    });
    const retries = policies.map(([tier, { retry }]) => [tier, retry]);
    return {
      operations: Object.fromEntries(policies) as unknown as ByClass<OperationPolicy>,
      retries: Object.freeze(Object.fromEntries(retries)) as ByClass<RetryPolicy>,
    };
  }

  /** The class whose built-in values hold for this one. */
  #builtIn(tier: RetryClass | TierName = ANY_CLASS): RetryClass {
    return this.#own.get(tier) ?? RETRY_CLASSES.find((known) => known === tier) ?? ANY_CLASS;
  }

  #retry(scope: PolicyScope): RetryPolicy {
    const policy = this.#checked('retry', scope, (parts: Partial<RetryPolicy>, field) =>
      checkRetryPolicy(
        parts,
        BUILT_IN_POLICIES[this.#builtIn(scope.tier)].retry as RetryPolicy,
        field,
      ),
    );
    return scope.tier === 'crisis' ? crisisRetry(policy) : policy;
  }

  #flow(scope: PolicyScope): FlowPolicy {
    const bounds = {
      concurrency: this.#plain('concurrency', scope),
      attemptTimeoutMs: this.#plain('attemptTimeoutMs', scope),
    };
    return this.#checked(
      'flow',
      scope,
      (parts: Partial<FlowTuning>, field): FlowPolicy => checkFlowTuning(parts, bounds, field),
    );
  }

  /** The entries that speak about it there, the widest first. */
  #about(name: PolicyName, { upstream, tier, type }: PolicyScope): readonly PolicyEntry[] {
    if (tier === 'crisis' && !CRISIS_POLICIES.includes(name)) return [];
    const places = [
      placeOf('defaults'),
      placeOf('upstream', upstream),
      // What an own tier does not say is as it is for the one that it is like.
      placeOf('tier', this.#own.get(tier ?? '')),
      placeOf('tier', tier),
      placeOf('type', type),
    ];
    return places
      .flatMap((place) => this.#byPlace.get(place) ?? [])
      .filter(({ settings }) => settings[name] !== undefined);
  }

  #plain<Name extends PolicyName>(
    name: Name,
    scope: PolicyScope,
  ): Exclude<PolicySettings[Name], undefined> {
    const settings =
      this.#about(name, scope).at(-1)?.settings ?? BUILT_IN_POLICIES[this.#builtIn(scope.tier)];
    // What is null is set to that: it has no limit.
    return settings[name] as Exclude<PolicySettings[Name], undefined>;
  }

  /** Completes the parts that the layers name; the last of them is blamed for what does not fit. */
  #checked<Policy, Given = Policy>(
    name: PolicyName,
    scope: PolicyScope,
    check: (parts: Partial<Given>, field: string) => Policy,
  ): Policy {
    let parts: Parts = {};
    let field: string = name;
    for (const { settings, path } of this.#about(name, scope)) {
      parts = { ...parts, ...given(settings[name]) };
      field = `${path}.${name}`;
    }
    return check(parts as Partial<Given>, field);
  }

  #explain(name: PolicyName, scope: PolicyScope): PolicyReading {
    const entry = this.#about(name, scope).at(-1);
    const set = this.#plain(name, scope);
    const isOfCrisis = name === 'attemptTimeoutMs' && scope.tier === 'crisis';
    const value = isOfCrisis ? crisisTimeoutMs(Number(set)) : set;
    return { name, value, layer: entry?.layer ?? 'builtIn', from: entry?.path ?? BUILT_IN };
  }

  #explainParts(name: PolicyName, scope: PolicyScope): readonly PolicyReading[] {
    const about = this.#about(name, scope);
    return Object.entries(this.#partsOf(name, scope)).map(([part, value]) => {
      const entry = about.findLast(({ settings }) => given(settings[name])[part] !== undefined);
      return {
        name: `${name}.${part}`,
        value,
        layer: entry?.layer ?? 'builtIn',
        from: entry?.path ?? BUILT_IN,
      };
    });
  }

  #partsOf(name: PolicyName, scope: PolicyScope): object {
    if (name === 'retry') return this.#retry(scope);
    if (name === 'degradation') return this.process.degradation;
    if (name === 'flow') {
      const { slotsMax: _slots, timeoutMsMax: _timeout, ...tuning } = this.#flow(scope);
      return tuning;
    }
    return this.#checked('breaker', scope, checkBreakerPolicy);
  }
}

/** The place of a layer and name; of a name that is left out, one where nothing is ever written. */
function placeOf(layer: PolicyLayer, name?: string | null): string {
  return `${layer}:${name ?? ''}`;
}

/** The parts that are given a value. */
function given(parts: unknown): Parts {
  return Object.fromEntries(
    Object.entries(Object(parts) as Parts).filter(([, value]) => value !== undefined),
  );
}
