/**
 * Every policy that can be set, with the layers that may set it and the rule that its value keeps. What
 * each does, with formula, source and when to change it, is in docs/policies.md.
 *
 * @module
 */

import {
  milliseconds,
  type OptionRule,
  type OptionRules,
  spanMs,
} from '../../vocabulary/optionFields.ts';
import { RETRY_CLASSES, type RetryClass } from '../../vocabulary/urgency.ts';
import {
  REMOVED as BREAKER_REMOVED,
  RULES as BREAKER_RULES,
  type BreakerPolicy,
  DEFAULT_BREAKER_POLICY,
} from '../breaker/breakerPolicy.ts';
import {
  DEFAULT_FLOW_POLICY,
  FLOW_TUNING_RULES,
  type FlowPolicy,
  type FlowTuning,
} from '../flow/flowPolicy.ts';
import type { RateLimit } from '../flow/tokenRate.ts';
import { DEFAULT_RETRY, RULES as RETRY_RULES, type RetryPolicy } from '../retry/retryPolicy.ts';
import {
  DEFAULT_DEGRADATION_POLICY,
  REMOVED as DEGRADATION_REMOVED,
  RULES as DEGRADATION_RULES,
  type DegradationPolicy,
} from '../service/degradationPolicy.ts';

/** What holds for one operation: its upstream, its class and its type decide. */
export interface OperationPolicy {
  /** The longest that one attempt may take, in milliseconds; the upstream's latency may make it less. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetryPolicy;
  /** When its caller gets an answer at the latest, in milliseconds: fresh, or that it is accepted. */
  readonly responseDeadlineMs: number;
}

/** What holds for one tier at one upstream. */
export interface TierPolicy {
  /** Rate of each subject at the upstream; `null` for no limit. */
  readonly subjectRate: RateLimit | null;
  /** Rate of all subjects of the tier at the upstream together; `null` for no limit. */
  readonly tierRate: RateLimit | null;
}

/** What holds for one upstream. */
export interface UpstreamPolicy {
  readonly breaker: BreakerPolicy;
  /** How its calls are measured, its slots tuned and its probes paced. */
  readonly flow: FlowPolicy;
  /** Attempts in flight at once, at most. */
  readonly concurrency: number;
  /** Crisis deliveries in flight at once, beside the others. */
  readonly crisisConcurrency: number;
  /** Rate of the whole upstream; `null` for no limit but what it bears. */
  readonly rate: RateLimit | null;
  /** The longest that an attempt may take there, where nothing more specific is set. */
  readonly attemptTimeoutMs: number;
}

/** What holds for the whole process. */
export interface ProcessPolicy {
  readonly degradation: DegradationPolicy;
  /** Work is due, a slot is free, and nothing has begun for so long: an alert, in milliseconds. */
  readonly watchdogMs: number;
}

/** Every policy there is, as it may be written in a layer; what is left out is left to a wider layer. */
export interface PolicySettings {
  /** The longest that one attempt may take, in milliseconds; the upstream's latency may make it less. Default 10 s. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How failed attempts are repeated. Default by class: 10, 7, 5 or 3 attempts. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** When its caller gets an answer at the latest, in milliseconds. Default by tier: 1 s, 2 s, 5 s. */
  readonly responseDeadlineMs?: number | undefined;
  /** Rate of each subject at the upstream. Default `null`: no limit. */
  readonly subjectRate?: RateLimit | null | undefined;
  /** Rate of all subjects of the tier at the upstream together. Default `null`: no limit. */
  readonly tierRate?: RateLimit | null | undefined;
  /** Trip rules besides that of surprise. Default: none. */
  readonly breaker?: Partial<BreakerPolicy> | undefined;
  /** How calls are measured, slots tuned and probes paced. Its defaults are in docs/policies.md. */
  readonly flow?: Partial<FlowTuning> | undefined;
  /** Attempts in flight at once, at most. Default 128. */
  readonly concurrency?: number | undefined;
  /** Crisis deliveries in flight at once, beside the others. Default 16. */
  readonly crisisConcurrency?: number | undefined;
  /** Rate of the whole upstream. Default `null`: no limit but what it bears. */
  readonly rate?: RateLimit | null | undefined;
  /** At which signals the level of service changes. Its defaults are in docs/policies.md. */
  readonly degradation?: Partial<DegradationPolicy> | undefined;
  /** Work is due, a slot is free, and nothing has begun for so long: an alert, in milliseconds. Default 10 s. */
  readonly watchdogMs?: number | undefined;
}
export type PolicyName = keyof PolicySettings;

/** The layers that an app writes, the widest first: a later one wins. */
export const POLICY_LAYERS = ['defaults', 'upstream', 'tier', 'type'] as const;
export type PolicyLayer = (typeof POLICY_LAYERS)[number];

type OfOperation = Pick<PolicySettings, 'attemptTimeoutMs' | 'retry' | 'responseDeadlineMs'>;
type OfTier = Pick<PolicySettings, 'subjectRate' | 'tierRate'>;

/** What can be set for one type of operation. */
export type TypePolicies = OfOperation;
/** What can be set for one tier, or for crises. */
export type TierPolicies = OfOperation & OfTier;
/** What can be set for one upstream. */
export type UpstreamPolicies = OfOperation &
  OfTier &
  Pick<PolicySettings, 'breaker' | 'flow' | 'concurrency' | 'crisisConcurrency' | 'rate'>;
/** What can be set for everything. */
export type DefaultPolicies = PolicySettings;

/** One policy: how it is checked, and the narrowest layer that may set it. */
interface Field {
  readonly rule: OptionRule;
  readonly upTo: PolicyLayer;
}

/** The policies that are rate limits. */
export const RATES = ['subjectRate', 'tierRate', 'rate'] as const satisfies readonly PolicyName[];
const RATE: OptionRule = { orNull: 'object' };
const AT_LEAST_ONE: OptionRule = { min: 1, max: Number.POSITIVE_INFINITY, whole: true };

/** The policies that are set part by part, with the rules of their parts. */
export const POLICY_PARTS: Readonly<Partial<Record<PolicyName, OptionRules>>> = {
  retry: RETRY_RULES,
  breaker: BREAKER_RULES,
  flow: FLOW_TUNING_RULES,
  degradation: DEGRADATION_RULES,
};

/** Parts that there were, and what to set instead. */
export const POLICY_PARTS_REMOVED: Readonly<
  Partial<Record<PolicyName, Readonly<Record<string, string>>>>
> = {
  breaker: BREAKER_REMOVED,
  degradation: DEGRADATION_REMOVED,
};

export const POLICY_FIELDS: Readonly<Record<PolicyName, Field>> = {
  attemptTimeoutMs: { rule: milliseconds(1), upTo: 'type' },
  retry: { rule: 'object', upTo: 'type' },
  responseDeadlineMs: { rule: milliseconds(1), upTo: 'type' },
  subjectRate: { rule: RATE, upTo: 'tier' },
  tierRate: { rule: RATE, upTo: 'tier' },
  breaker: { rule: 'object', upTo: 'upstream' },
  flow: { rule: 'object', upTo: 'upstream' },
  concurrency: { rule: AT_LEAST_ONE, upTo: 'upstream' },
  crisisConcurrency: { rule: AT_LEAST_ONE, upTo: 'upstream' },
  rate: { rule: RATE, upTo: 'upstream' },
  degradation: { rule: 'object', upTo: 'defaults' },
  watchdogMs: { rule: spanMs(), upTo: 'defaults' },
};

export const POLICY_NAMES: readonly PolicyName[] = Object.keys(POLICY_FIELDS) as PolicyName[];

/** What of a crisis follows its layers; the rest is promised (CR-1, CR-4), and nothing changes it. */
export const CRISIS_POLICIES: readonly PolicyName[] = ['attemptTimeoutMs', 'retry'];

/** The rules of a layer: those of the policies that it may set. */
export function rulesOf(layer: PolicyLayer, name: string | null): OptionRules {
  const rank = POLICY_LAYERS.indexOf(layer);
  const isOfCrises = layer === 'tier' && name === 'crisis';
  return Object.fromEntries(
    POLICY_NAMES.filter(
      (policy) =>
        POLICY_LAYERS.indexOf(POLICY_FIELDS[policy].upTo) >= rank &&
        (!isOfCrises || CRISIS_POLICIES.includes(policy)),
    ).map((policy) => [policy, POLICY_FIELDS[policy].rule]),
  );
}

const { slotsMax: _slots, timeoutMsMax: _timeout, ...DEFAULT_FLOW_TUNING } = DEFAULT_FLOW_POLICY;

const RESPONSE_DEADLINE_MS: Readonly<Record<RetryClass, number>> = {
  crisis: 200,
  premium: 1_000,
  basic: 2_000,
  trial: 5_000,
};

/** What is in force where no layer says anything, for each class of operations. */
export const BUILT_IN_POLICIES: Readonly<Record<RetryClass, Required<PolicySettings>>> =
  Object.fromEntries(RETRY_CLASSES.map((name) => [name, builtIn(name)])) as Record<
    RetryClass,
    Required<PolicySettings>
  >;

function builtIn(of: RetryClass): Required<PolicySettings> {
  return {
    attemptTimeoutMs: 10_000,
    retry: DEFAULT_RETRY[of],
    responseDeadlineMs: RESPONSE_DEADLINE_MS[of],
    subjectRate: null,
    tierRate: null,
    breaker: DEFAULT_BREAKER_POLICY,
    flow: DEFAULT_FLOW_TUNING,
    concurrency: 128,
    crisisConcurrency: 16,
    rate: null,
    degradation: DEFAULT_DEGRADATION_POLICY,
    watchdogMs: 10_000,
  };
}
