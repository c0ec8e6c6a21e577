/**
 * Tried values of each field of options, policies, handlers, steps of the escalation, entities and requests: the
 * least, the usual and the greatest, and others that make a difference. The tables' types follow the fields, so that
 * a new field fails the build until a table has it (SM-1).
 *
 * @module
 */

import type { ConflictOptions, Handler } from '../../../actors/port.ts';
import type { EscalationPace } from '../../../machines/crisis/crisisEscalation.ts';
import type { OwnEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import type { BreakerPolicy } from '../../../machines/policy/breaker/breakerPolicy.ts';
import type { FlowTuning } from '../../../machines/policy/flow/flowPolicy.ts';
import { type PolicySettings, rulesOf } from '../../../machines/policy/layers/policyFields.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { RetryPolicy } from '../../../machines/policy/retry/retryPolicy.ts';
import type { DegradationPolicy } from '../../../machines/policy/service/degradationPolicy.ts';
import type { PlainRule } from '../../../machines/vocabulary/optionFields.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import {
  type EscalationRetry,
  type EscalationStepOptions,
  STEP_RULES,
} from '../../crisis/escalationOptions.ts';
import { CONFLICT_RULES } from '../../handlerOptions.ts';
import { type CrisisOptions, RUNTIME_RULES, type RuntimeOptions } from '../../options.ts';
import type { CrisisRequest } from '../../runtime.ts';
import { endsOf, everyOption, everyPolicy, HUGE, YEAR_MS } from './everyField.ts';

/** Values of a field: the least first, the usual second, the greatest third. */
type Values = readonly [least: Json, usual: Json, greatest: Json, ...others: Json[]];

/** Way to try a field. */
type FieldValues =
  /** Tries the ends of its rule, and this value. */
  | { readonly usual: Json }
  | { readonly values: Values }
  /** Tries values that are no JSON, by their names. */
  | { readonly made: readonly [string, ...string[]] }
  /** Tries nothing: the run sets the field itself, for this reason. */
  | { readonly fixed: string };

type Table = Readonly<Record<string, FieldValues>>;
type TableOf<Options> = { readonly [Name in keyof Options & string]-?: FieldValues };

const BY_RUN = 'the simulator is what it stands for';
const HOUR_MS = 3_600_000;

const RETRY: TableOf<RetryPolicy> = {
  attemptsMax: { usual: 4 },
  initialDelayMs: { usual: 500 },
  delayMsMax: { usual: 30_000 },
  multiplier: { usual: 2 },
  strategy: {
    made: ['constant', 'additiveJitter', 'throws', 'fullJitter', 'decorrelatedJitter', 'aYear'],
  },
  jitterMsMax: { usual: 1_000 },
  thenEveryMs: { usual: 30_000 },
  giveUpAfterMs: { usual: 12 * HOUR_MS },
};

const BREAKER: TableOf<BreakerPolicy> = {
  consecutiveFailuresToOpen: { usual: 5 },
  failureRateToOpen: { usual: 0.5 },
  slowCallRateToOpen: { usual: 0.8 },
  slowCallMs: { usual: 5_000 },
  windowCalls: { usual: 100 },
  windowMs: { usual: 60_000 },
  windowCallsMin: { usual: 20 },
  retryAfterMsMax: { usual: 60_000 },
  probeLeaseMs: { usual: 30_000 },
};

const FLOW: TableOf<FlowTuning> = {
  slotsMin: { usual: 2 },
  slotsAtStart: { usual: 8 },
  slotsShareAfterOutage: { usual: 0.3 },
  surprise: { usual: 1e-5 },
  failureShareMin: { usual: 0.1 },
  probeMsMin: { usual: 250 },
  probeShare: { usual: 0.075 },
  probeMsMax: { usual: 15_000 },
  probesMax: { usual: 3 },
  timeoutMsMin: { usual: 1_000 },
  latencyNoiseMs: { usual: 40 },
  ratePerSecondMin: { usual: 1 },
};

const DEGRADATION: TableOf<DegradationPolicy> = {
  leaveShare: { usual: 0.7 },
  eventLoopDelayMsLimited: { usual: 250 },
  eventLoopDelayMsCriticalOnly: { usual: 1_000 },
};

const POLICY: TableOf<Omit<PolicySettings, 'retry' | 'breaker' | 'flow' | 'degradation'>> = {
  // A time-out that follows the length of calls goes no lower.
  attemptTimeoutMs: { values: [1_500, 3_000, YEAR_MS] },
  responseDeadlineMs: { usual: 2_000 },
  subjectRate: { usual: { perSecond: 5, burst: 10 } },
  tierRate: { usual: { perSecond: 10, burst: 20 } },
  concurrency: { values: [1, 4, 100_000] },
  crisisConcurrency: { usual: 2 },
  rate: { usual: { perSecond: 20, burst: 10 } },
  watchdogMs: { usual: 10_000 },
};

const PACE: TableOf<EscalationPace> = {
  notHeardMs: { usual: 20_000 },
  maybeHeardMs: { usual: 60_000 },
  refusedMs: { usual: 120_000 },
  anewMs: { usual: 900_000 },
  acknowledgedMs: { usual: 900_000 },
};

const CRISIS: TableOf<Omit<CrisisOptions, 'outside' | 'pace'>> = {
  type: { fixed: BY_RUN },
  resources: { made: ['none', 'one', 'many', 'thatHelpNobody'] },
  words: { made: ['none', 'one', 'many', 'thatNobodyCanRead'] },
  localAfterMs: { usual: 50 },
  planWithinMs: { usual: 20 },
  // STEP has its steps.
  escalation: { fixed: BY_RUN },
  escalateAfterMs: { usual: 60_000 },
};

const NO_SOCKETS: FieldValues = { fixed: 'a simulated device has no sockets' };

const STEP_RETRY: TableOf<EscalationRetry> = {
  attemptsMax: { usual: 3 },
  initialDelayMs: { usual: 1_000 },
  delayMsMax: { usual: 10_000 },
  multiplier: { usual: 2 },
};

const STEP: TableOf<Omit<EscalationStepOptions, 'retry'>> = {
  name: { fixed: BY_RUN },
  notify: { fixed: BY_RUN },
  webhook: { fixed: BY_RUN },
  timeoutMs: { usual: 10_000 },
  acknowledgeWithinMs: { usual: 300_000 },
};

const CONFLICTS: TableOf<ConflictOptions> = {
  fetchCurrent: { fixed: BY_RUN },
  roundsMax: { usual: 16 },
  isAuthority: { values: [false, false, true] },
  silentMaxMs: { usual: YEAR_MS },
  metaBytesMax: { usual: 65_536 },
  asCrisisPlan: { made: ['none', 'throws'] },
};

const HANDLER: TableOf<Omit<Handler, 'conflicts'>> = {
  upstream: { values: [0, 1, 2] },
  run: { fixed: BY_RUN },
  schema: { made: ['accepts', 'refuses', 'throws', 'promises'] },
  key: { values: ['derived', 'derived', 'asGiven'] },
  honoursIdempotencyKey: { values: [false, true, true] },
  keyLifetimeMs: { usual: 24 * HOUR_MS },
  strictOrder: { values: [false, false, true] },
  attemptTimeoutMs: { usual: 5_000 },
  cardDataExempt: { values: [[], ['payload.orderId'], ['payload', 'base', 'response', 'subject']] },
};

const RUNTIME: TableOf<Omit<RuntimeOptions, 'crisis' | 'handlers' | 'policies' | 'upstreams'>> = {
  store: { fixed: BY_RUN },
  key: { fixed: BY_RUN },
  keyTimeoutMs: { usual: 30_000 },
  sealing: { values: ['native', 'native', 'portable'] },
  device: { values: ['d', 'device-1', 'd'.repeat(64)] },
  anchor: { fixed: 'the folder of a simulated device is never put back' },
  entities: { fixed: BY_RUN },
  // POLICIES has its policies.
  tiers: { fixed: BY_RUN },
  defaultTier: { values: ['trial', 'basic', 'premium'] },
  retentionMs: { usual: 30 * 24 * HOUR_MS },
  payloadBytesMax: { usual: 4_096 },
  residentsMax: { usual: 100 },
  operationsMax: { usual: 10_000 },
  unwrittenBytesMax: { usual: 65_536 },
  logger: { made: ['silent', 'throws', 'neverAnswers'] },
  name: { values: ['n', 'name', 'n'.repeat(1_000)] },
  clock: { fixed: BY_RUN },
  random: { made: ['always0', 'almost1'] },
  inspect: { made: ['observes', 'throws'] },
  onError: { made: ['listens', 'throws'] },
};

const ENTITY: TableOf<OwnEntity<object>> = {
  type: { fixed: BY_RUN },
  version: { values: [1, 1, HUGE, 2] },
  title: { values: ['t', 'title', 't'.repeat(1_000)] },
  authority: { values: ['a', 'the user', 'a'.repeat(1_000)] },
  whileInReview: { values: ['waits', 'waits', 'goesOut'] },
  fields: { fixed: BY_RUN },
  groups: { fixed: BY_RUN },
  other: { fixed: BY_RUN },
  checks: { fixed: BY_RUN },
};

/** Values of a request's fields; instants are spans from now on. */
const REQUEST: TableOf<SyncRequest> = {
  type: { fixed: BY_RUN },
  subject: { values: ['u', 'user-1', 'u'.repeat(256)] },
  entity: {
    values: [
      { type: 'a', id: 'a' },
      { type: 'account', id: 'a1' },
      { type: 'a'.repeat(256), id: 'i'.repeat(256) },
    ],
  },
  tier: { values: ['trial', 'basic', 'premium'] },
  priority: { values: ['low', 'normal', 'high'] },
  payload: { values: [null, { said: 'well' }, { said: 'w'.repeat(100_000) }, [], 0, ''] },
  idempotencyKey: { fixed: 'each request has one of its own, of different lengths' },
  expiresAtMs: { values: [0, 6 * HOUR_MS, YEAR_MS, 1, 60_000] },
  startAtMs: { values: [-YEAR_MS, 60_000, 12 * HOUR_MS] },
  tags: { values: [[], ['tag'], Array.from({ length: 8 }, (_, at) => `${at}`.repeat(64))] },
  base: { values: [null, 'v1', 'v'.repeat(1_024)] },
  removals: { fixed: 'edits of entities draw it' },
  changes: { fixed: 'edits of entities draw it' },
  confirm: { fixed: 'edits of entities draw it' },
  method: { values: ['GET', 'POST', 'DELETE'] },
  path: { values: ['p', 'payments/push', 'p/'.repeat(1_023)] },
};

/** Fields that only a crisis has. */
const CRISIS_REQUEST: TableOf<Omit<CrisisRequest, keyof SyncRequest>> = {
  region: { values: ['de', 'DE', 'US-CA'] },
  test: { values: [false, false, true] },
  locale: { values: ['de', 'de-AT', 'de-Latn-AT'] },
};

/** A field to try. */
export interface TriedField {
  /**
   * Values: the least, the usual, the greatest and others; names for values that are no JSON; none for a fixed field.
   */
  readonly values: readonly Json[];
  readonly isMade: boolean;
  /** Reason to try no value. */
  readonly fixed: string | null;
}

type Tried = ReadonlyMap<string, TriedField>;

const OPTION_RULES = everyOption(RUNTIME_RULES);
/** Path of a list's entries: the option as a whole decides what a list holds. */
const OF_EACH = /\[\]$/;

/** Options of a runtime that are neither handlers nor layers of policies, by path. */
export const OPTIONS: Tried = tried(
  {
    ...RUNTIME,
    ...below('crisis', CRISIS),
    ...below('crisis.pace', PACE),
    ...below('crisis.outside', { socketPath: NO_SOCKETS, http: NO_SOCKETS }),
  },
  OPTION_RULES,
);

/** Traits of a handler. */
export const HANDLERS: Tried = tried(
  { ...HANDLER, ...below('conflicts', CONFLICTS) },
  new Map([
    ...[...OPTION_RULES].map(([path, rule]) => [path.replace('handlers.*.', ''), rule] as const),
    ...[...everyOption(CONFLICT_RULES)].map(([path, rule]) => [`conflicts.${path}`, rule] as const),
  ]),
);

/** Fields of a step of the escalation. */
export const STEPS: Tried = tried(
  { ...STEP, ...below('retry', STEP_RETRY) },
  everyOption(STEP_RULES),
);

/** Policies, in any layer. */
export const POLICIES: Tried = tried(
  {
    ...POLICY,
    ...below('retry', RETRY),
    ...below('breaker', BREAKER),
    ...below('flow', FLOW),
    ...below('degradation', DEGRADATION),
  },
  everyPolicy([rulesOf('defaults', null)]),
);

/** Traits of the declaration of an entity. */
export const ENTITIES: Tried = tried(ENTITY, new Map());

/** Fields of a request. */
export const REQUESTS: Tried = tried(REQUEST, new Map());

/** Fields that a crisis has beyond those of a request. */
export const CRISIS_REQUESTS: Tried = tried(CRISIS_REQUEST, new Map());

/** Lists options and policies of these rules that no table has, each with what to do. */
export function unknownFields(
  options: ReadonlyMap<string, PlainRule> = OPTION_RULES,
  policies: ReadonlyMap<string, PlainRule> = everyPolicy([rulesOf('defaults', null)]),
): readonly string[] {
  const isKnown = (path: string): boolean => {
    const name = path.replace(OF_EACH, '');
    if (name.startsWith('handlers.*.')) {
      const trait = name.replace('handlers.*.', '');
      return HANDLERS.has(trait) || trait === 'conflicts';
    }
    if (name.startsWith('crisis.outside.http.')) return true;
    return OPTIONS.has(name) || LAYERS.has(name);
  };
  return [
    ...[...options.keys()].filter((path) => !isKnown(path)),
    ...[...policies.keys()].filter((path) => !POLICIES.has(path)),
  ].map(
    (path) =>
      `${path} is never drawn: add its least, usual and greatest to src/simulator/setup/fieldValues.ts.`,
  );
}

/** Places where layers of policies are set. */
const LAYERS: ReadonlySet<string> = new Set([
  ...['upstreams.*', 'tiers.*'],
  ...['policies.defaults', 'policies.tiers', 'policies.types'],
]);

function below(path: string, table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, of]) => [`${path}.${name}`, of]));
}

function tried(table: Table, rules: ReadonlyMap<string, PlainRule>): Tried {
  return new Map(
    Object.entries(table).map(([name, of]): [string, TriedField] => {
      if ('fixed' in of) return [name, { values: [], isMade: false, fixed: of.fixed }];
      if ('made' in of) return [name, { values: of.made, isMade: true, fixed: null }];
      const values = 'values' in of ? of.values : around(of.usual, name, rules.get(name));
      return [name, { values, isMade: false, fixed: null }];
    }),
  );
}

/** Lists the ends of a rule, with the usual value between them. */
function around(usual: Json, name: string, rule: PlainRule | undefined): readonly Json[] {
  const [least, greatest, ...others] = rule === undefined ? [] : endsOf(name, rule);
  if (least === undefined || greatest === undefined) {
    throw new Error(`The rule of ${name} has no ends: name its values in fieldValues.ts.`);
  }
  return [least, usual, greatest, ...others];
}
