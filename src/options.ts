/**
 * What `createRuntime` takes, and the defaults it fills in. Every number has its default here.
 *
 * @module
 */

import type { Handler } from '../actors/attempt/handler.ts';
import type { CrisisResource } from '../actors/crisis/crisisResponder.ts';
import { systemClock } from '../actors/platform/systemClock.ts';
import { systemRandom } from '../actors/platform/systemRandom.ts';
import type { UpstreamPolicy } from '../actors/upstream/upstream.ts';
import type { InspectionObserver } from '../inspector/projection.ts';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../machines/policy/breaker/breakerPolicy.ts';
import { OPERATIONS_MAX } from '../machines/policy/flow/queueLimit.ts';
import { isTypeName } from '../machines/policy/request/request.ts';
import { PAYLOAD_BYTES_MAX } from '../machines/policy/request/requestBody.ts';
import {
  checkRetryPolicy,
  DEFAULT_RETRY,
  type RetryPolicy,
} from '../machines/policy/retry/retryPolicy.ts';
import {
  checkDegradationPolicy,
  type DegradationPolicy,
} from '../machines/policy/service/degradationPolicy.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import {
  checkFields,
  type OptionKinds,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
import type { Random } from '../machines/vocabulary/random.ts';
import {
  RETRY_CLASSES,
  type RetryClass,
  TIERS,
  type Tier,
} from '../machines/vocabulary/urgency.ts';
import type { KeySource } from '../persistence/sealing/keySource.ts';

/** What can be set for one upstream. All of it is optional. */
export interface UpstreamOptions {
  readonly breaker?: Partial<BreakerPolicy> | undefined;
  /** Attempts in flight at once. Default 128. */
  readonly concurrency?: number | undefined;
  /** Crisis deliveries in flight at once, beside the others. Default 16. */
  readonly crisisConcurrency?: number | undefined;
  /** How long one attempt may take. Default 10 s. */
  readonly attemptTimeoutMs?: number | undefined;
}

/** What can be set for crises. All of it is optional. */
export interface CrisisOptions {
  /** The type whose handler delivers a crisis that names none. Default `crisis.alert`. */
  readonly type?: string | undefined;
  /** Added to the built-in help lines, which can't be removed. */
  readonly resources?: readonly CrisisResource[] | undefined;
  /** How long the upstream may take to answer first. Default 0: the local answer comes at once. */
  readonly localAfterMs?: number | undefined;
}

/** What `createRuntime` takes. Times are in milliseconds; only `store` and its `key` are needed. */
export interface RuntimeOptions {
  /** The folder of the store, made if it is not there; `:memory:` keeps nothing, for tests. */
  readonly store: string;
  /** `keyFile(path)`, `passphrase(text)` or `rawKey(bytes)`; needed unless the store is `:memory:`. */
  readonly key?: KeySource | undefined;
  /** How long the key may take to come; then the start fails, and is tried again. Default 30 s. */
  readonly keyTimeoutMs?: number | undefined;
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>> | undefined;
  /** By request type. */
  readonly handlers?: Readonly<Record<string, Handler>> | undefined;
  readonly crisis?: CrisisOptions | undefined;
  /** By class: `crisis`, `premium`, `basic`, `trial`. */
  readonly retry?: Readonly<Partial<Record<RetryClass, Partial<RetryPolicy>>>> | undefined;
  readonly degradation?: Partial<DegradationPolicy> | undefined;
  /** When a caller gets an answer at the latest, by tier (PF-1). Defaults 1 s, 2 s, 5 s. */
  readonly responseDeadlineMs?: Readonly<Partial<Record<Tier, number>>> | undefined;
  /** How long settled operations are kept, for their outcome and their key; dead letters stay. Default 30 days. */
  readonly retentionMs?: number | undefined;
  /** The largest payload, in bytes of JSON. Default 1 MiB. */
  readonly payloadBytesMax?: number | undefined;
  /** Operations in memory that wait for a place. Default 1000; the others wait on disk. */
  readonly residentsMax?: number | undefined;
  /**
   * Operations accepted and not yet ended, at most; beyond it `sync()` rejects with `HF_QUEUE_FULL`.
   * Trials may fill 90 % of it and basics 95 %; crises come on top. Default 1,000,000.
   */
  readonly operationsMax?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Sees every transition of every chart, without context or payload. */
  readonly inspect?: InspectionObserver | undefined;
  /**
   * Told of failures that no caller hears of, among them exceptions of handlers, each kind at most once a
   * minute. They never hold a payload or a key; `cause` may, where it is what a handler threw.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The options with every default filled in. */
export interface CheckedOptions {
  readonly store: string;
  readonly key: KeySource | null;
  readonly keyTimeoutMs: number;
  readonly upstreams: Readonly<Record<string, UpstreamPolicy>>;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly crisis: Required<{ [Name in keyof CrisisOptions]: NonNullable<CrisisOptions[Name]> }>;
  readonly retry: Readonly<Record<RetryClass, RetryPolicy>>;
  readonly degradation: DegradationPolicy;
  readonly responseDeadlineMs: Readonly<Record<Tier, number>>;
  readonly retentionMs: number;
  readonly payloadBytesMax: number;
  readonly residentsMax: number;
  readonly operationsMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly inspect: InspectionObserver | undefined;
  readonly onError: (error: unknown) => void;
}

/** The upstream of closures that name none. */
export const DEFAULT_UPSTREAM = 'default';

const DAY_MS = 86_400_000;
const RESPONSE_DEADLINE_MS: Readonly<Record<Tier, number>> = {
  premium: 1_000,
  basic: 2_000,
  trial: 5_000,
};

const KINDS = {
  store: 'anything',
  key: 'anything',
  keyTimeoutMs: 'span',
  upstreams: 'object',
  handlers: 'object',
  crisis: 'object',
  retry: 'object',
  degradation: 'object',
  responseDeadlineMs: 'object',
  retentionMs: 'span',
  payloadBytesMax: 'anything',
  residentsMax: 'anything',
  operationsMax: 'anything',
  clock: 'object',
  random: 'object',
  inspect: 'function',
  onError: 'function',
} as const satisfies OptionKinds<RuntimeOptions>;

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function checkOptions(options: RuntimeOptions): CheckedOptions {
  checkFields(options, KINDS, '');
  const { store, key, handlers = {} } = options;
  requireOption(
    typeof store === 'string' && store !== '',
    'store',
    'must be the path of a folder, or :memory:',
  );
  checkKeySource(key, store);
  const upstreams = checkUpstreams(options.upstreams);
  for (const [type, handler] of Object.entries(handlers)) checkHandler(type, handler, upstreams);
  return {
    store,
    key: store === ':memory:' ? null : (key ?? null),
    keyTimeoutMs: checkSpan(options.keyTimeoutMs ?? 30_000, 'keyTimeoutMs', 1),
    upstreams,
    handlers,
    crisis: checkCrisis(options.crisis ?? {}),
    retry: checkRetry(options.retry ?? {}),
    degradation: checkDegradationPolicy(options.degradation, 'degradation'),
    responseDeadlineMs: checkDeadlines(options.responseDeadlineMs ?? {}),
    retentionMs: checkSpan(options.retentionMs ?? 30 * DAY_MS, 'retentionMs', 0),
    payloadBytesMax: checkCount(options.payloadBytesMax ?? PAYLOAD_BYTES_MAX, 'payloadBytesMax'),
    residentsMax: checkCount(options.residentsMax ?? 1_000, 'residentsMax'),
    operationsMax: checkCount(options.operationsMax ?? OPERATIONS_MAX, 'operationsMax'),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    inspect: options.inspect,
    onError: guarded(options.onError),
  };
}

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function checkHandler(
  type: string,
  handler: Handler,
  upstreams: Readonly<Record<string, unknown>>,
): void {
  const field = `handlers.${type}`;
  requireOption(isTypeName(type), field, `is no type that a request can name: ${TYPE_RULE}`);
  checkFields(handler, HANDLER_KINDS, field);
  requireOption(typeof handler.run === 'function', `${field}.run`, 'must be a function');
  requireOption(
    Object.hasOwn(upstreams, handler.upstream),
    `${field}.upstream`,
    `must be one of the upstreams: ${Object.keys(upstreams).join(', ')}`,
  );
  if (handler.keyLifetimeMs !== undefined)
    checkSpan(handler.keyLifetimeMs, `${field}.keyLifetimeMs`, 0);
  if (handler.attemptTimeoutMs !== undefined)
    checkSpan(handler.attemptTimeoutMs, `${field}.attemptTimeoutMs`, 1);
  checkExempt(handler.cardDataExempt, `${field}.cardDataExempt`);
}

const EXEMPT_PATH =
  /^(?:(?:payload|base|response)(?:\.[^.]+)*|entity(?:\.(?:type|id))?|subject|idempotencyKey|path)$/;

function checkExempt(paths: readonly unknown[] = [], field: string): void {
  for (const [index, path] of paths.entries()) {
    requireOption(
      typeof path === 'string' && EXEMPT_PATH.test(path),
      `${field}[${index}]`,
      'must be a path such as payload.orderId, base.orderId, response.orderId, entity.id, subject, idempotencyKey or path',
    );
  }
}

/** A path or bytes in place of a source would only be noticed when the store is opened. */
function checkKeySource(key: unknown, store: string): void {
  if (key === undefined && store === ':memory:') return;
  const sources = 'give keyFile(path), passphrase(text) or rawKey(bytes)';
  requireOption(key !== undefined, 'key', `is missing: ${sources}`);
  const { load } = (key ?? {}) as { readonly load?: unknown };
  requireOption(typeof load === 'function', 'key', `must be a source of a key: ${sources}`);
}

const TYPE_RULE = 'it must be words of letters and digits joined by dots, such as payments.push';

function checkCrisis(given: CrisisOptions): CheckedOptions['crisis'] {
  checkFields(given, CRISIS_KINDS, 'crisis');
  const { type = 'crisis.alert', resources = [], localAfterMs = 0 } = given;
  requireOption(
    isTypeName(type),
    'crisis.type',
    `is no type that a handler can have: ${TYPE_RULE}`,
  );
  for (const [index, resource] of resources.entries()) {
    const { name, regions } = (resource ?? {}) as Partial<Record<keyof CrisisResource, unknown>>;
    requireOption(
      typeof name === 'string' && Array.isArray(regions),
      `crisis.resources[${index}]`,
      "must be { kind, name, regions, … }, with regions such as ['DE'] or ['*']",
    );
  }
  return { type, resources, localAfterMs: checkLocalAfter(localAfterMs) };
}

const CRISIS_KINDS = {
  type: 'text',
  resources: 'array',
  localAfterMs: 'span',
} as const satisfies OptionKinds<CrisisOptions>;

/** A listener that throws has nobody left to be told, and must break nothing (SV-2). */
function guarded(onError: RuntimeOptions['onError']): CheckedOptions['onError'] {
  return (error) => {
    try {
      onError?.(error);
    } catch {
      // As above.
    }
  };
}

/** An answer is due within 200 ms (CR-1), and making it takes a little. */
const LOCAL_AFTER_MS_MAX = 150;

function checkLocalAfter(value: number): number {
  checkSpan(value, 'crisis.localAfterMs', 0);
  requireOption(
    value <= LOCAL_AFTER_MS_MAX,
    'crisis.localAfterMs',
    `must be at most ${LOCAL_AFTER_MS_MAX} milliseconds`,
  );
  return value;
}

const UPSTREAM_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const HANDLER_KINDS = {
  upstream: 'text',
  run: 'function',
  honoursIdempotencyKey: 'boolean',
  keyLifetimeMs: 'span',
  strictOrder: 'boolean',
  attemptTimeoutMs: 'span',
  cardDataExempt: 'array',
} as const satisfies OptionKinds<Handler>;

const UPSTREAM_KINDS = {
  breaker: 'object',
  concurrency: 'anything',
  crisisConcurrency: 'anything',
  attemptTimeoutMs: 'span',
} as const satisfies OptionKinds<UpstreamOptions>;

function checkUpstreams(
  given: RuntimeOptions['upstreams'] = {},
): Readonly<Record<string, UpstreamPolicy>> {
  const upstreams: Record<string, UpstreamPolicy> = {};
  for (const [name, options] of Object.entries({ [DEFAULT_UPSTREAM]: {}, ...given })) {
    requireOption(
      UPSTREAM_NAME.test(name) && name !== 'global',
      `upstreams.${name}`,
      'must be named by letters, digits, - and _, and not global',
    );
    upstreams[name] = checkUpstream(options, `upstreams.${name}`);
  }
  return upstreams;
}

function checkUpstream(options: UpstreamOptions, field: string): UpstreamPolicy {
  checkFields(options, UPSTREAM_KINDS, field);
  return {
    breaker: checkBreakerPolicy(options.breaker, `${field}.breaker`),
    concurrency: checkCount(options.concurrency ?? 128, `${field}.concurrency`),
    crisisConcurrency: checkCount(options.crisisConcurrency ?? 16, `${field}.crisisConcurrency`),
    attemptTimeoutMs: checkSpan(options.attemptTimeoutMs ?? 10_000, `${field}.attemptTimeoutMs`, 1),
  };
}

function checkRetry(given: NonNullable<RuntimeOptions['retry']>): CheckedOptions['retry'] {
  const policyOf = (name: RetryClass): RetryPolicy =>
    checkRetryPolicy(given[name] ?? {}, DEFAULT_RETRY[name], `retry.${name}`);
  for (const name of Object.keys(given)) {
    requireOption(
      (RETRY_CLASSES as readonly string[]).includes(name),
      `retry.${name}`,
      `is not a class; known are ${RETRY_CLASSES.join(', ')}`,
    );
  }
  return {
    // A crisis goes on until it is through, whatever is set (CR-4).
    crisis: { ...policyOf('crisis'), thenEveryMs: policyOf('crisis').thenEveryMs ?? 30_000 },
    premium: policyOf('premium'),
    basic: policyOf('basic'),
    trial: policyOf('trial'),
  };
}

const DEADLINE_KINDS = {
  premium: 'span',
  basic: 'span',
  trial: 'span',
} as const satisfies OptionKinds<Record<Tier, number>>;

function checkDeadlines(
  given: NonNullable<RuntimeOptions['responseDeadlineMs']>,
): Readonly<Record<Tier, number>> {
  checkFields(given, DEADLINE_KINDS, 'responseDeadlineMs');
  const deadlines = { ...RESPONSE_DEADLINE_MS, ...given };
  for (const tier of TIERS) checkSpan(deadlines[tier], `responseDeadlineMs.${tier}`, 1);
  return deadlines;
}

function checkSpan(value: number, field: string, min: number): number {
  requireOption(
    Number.isFinite(value) && value >= min,
    field,
    `must be ${min} or more milliseconds`,
  );
  return value;
}

function checkCount(value: number, field: string): number {
  requireOption(Number.isSafeInteger(value) && value >= 1, field, 'must be a whole number from 1');
  return value;
}
