/**
 * What `createRuntime` takes, and the defaults it fills in. Every number has its default here.
 *
 * @module
 */

import { systemClock } from '../actors/platform/systemClock.ts';
import { systemRandom } from '../actors/platform/systemRandom.ts';
import type { CrisisResource, EscalationStep, Handler } from '../actors/port.ts';
import type { InspectionObserver } from '../inspector/projection/frames.ts';
import { ESCALATION_PACE, type EscalationPace } from '../machines/crisis/crisisEscalation.ts';
import { areEntityRules, type EntityRules } from '../machines/merge/declaration/entityRules.ts';
import { soundResources, soundWords } from '../machines/policy/crisis/appResources.ts';
import type { CrisisWords } from '../machines/policy/crisis/crisisWords.ts';
import { OPERATIONS_MAX } from '../machines/policy/flow/queueLimit.ts';
import { UNWRITTEN_BYTES_MAX } from '../machines/policy/flow/unwrittenLimit.ts';
import type { TierPolicies, UpstreamPolicies } from '../machines/policy/layers/policyFields.ts';
import {
  entriesOf,
  LAYER_PATHS,
  type LayerPaths,
  type PolicyEntry,
  type PolicyLayers,
} from '../machines/policy/layers/policyLayers.ts';
import { PolicyTable } from '../machines/policy/layers/policyTable.ts';
import { isTypeName } from '../machines/policy/request/request.ts';
import { PAYLOAD_BYTES_MAX } from '../machines/policy/request/requestBody.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../machines/vocabulary/errors.ts';
import { checkFields, checkOption, requireOption } from '../machines/vocabulary/optionFields.ts';
import {
  milliseconds,
  type NumberRule,
  type OptionRules,
} from '../machines/vocabulary/optionRules.ts';
import type { Random } from '../machines/vocabulary/random.ts';
import {
  DEFAULT_TIER,
  isTierName,
  NO_OWN_TIERS,
  OWN_TIERS_MAX,
  type OwnTiers,
  TIER_NAME_RULE,
  TIERS,
  type Tier,
  type TierName,
  tierNamed,
} from '../machines/vocabulary/urgency.ts';
import type { KeySource } from '../persistence/sealing/keySource.ts';
import { type EscalationStepOptions, escalationChain } from './crisis/escalationOptions.ts';
import { checkPartsOf, HANDLERS_RULE, TYPE_RULE } from './handlerOptions.ts';
import {
  type CheckedOutside,
  checkOutside,
  OUTSIDE_RULES,
  type OutsideOptions,
} from './outside/outsideOptions.ts';
import { isLogger, type LogFunction, type Logger, logFunction } from './telemetry/logger.ts';
import type { KnownUpstream } from './typed/operationTypes.ts';

/** What can be set for one upstream: its layer of the policies. All of it is optional. */
export type UpstreamOptions = UpstreamPolicies;

/** Policies for everything, by tier and by type; those of an upstream stand with it in `upstreams`. */
export type PolicyOptions = Omit<PolicyLayers, 'upstreams'>;

/** A tier of the app's own: the built-in one that it is like, and its layer of the policies. */
export interface TierOptions extends TierPolicies {
  readonly like: Tier;
}

/** What can be set for crises. All of it is optional. */
export interface CrisisOptions {
  /** The type whose handler delivers a crisis that names none. Default `crisis.alert`. */
  readonly type?: string | undefined;
  /**
   * In every answer before the built-in help lines, which can't be removed. One that helps nobody (no phone, text, url
   * or note, an empty name, a region that is no ISO 3166 code) is left out; `onError` and health tell of it.
   */
  readonly resources?: readonly CrisisResource[] | undefined;
  /**
   * What people are told of their message so far (`answer.message`), in each language that you have words for. Default:
   * built-in words in English and German, which no clinician has reviewed.
   */
  readonly words?: readonly CrisisWords[] | undefined;
  /** How long the upstream may take to answer first. Default 0: the local answer comes at once. */
  readonly localAfterMs?: number | undefined;
  /**
   * How long an answer may wait for the plan of a subject that is not pinned, 0 to 100 ms. Default 20;
   * what is not read by then is left out, and the answer says so.
   */
  readonly planWithinMs?: number | undefined;
  /**
   * Serves crises to other processes of the machine, over a Unix socket or HTTP on loopback, from a thread
   * of its own: an event loop that the app blocks delays none of them. Default: nobody is served.
   * docs/crisis.md has requests and answers.
   */
  readonly outside?: OutsideOptions | undefined;
  /**
   * Who is told of a crisis that is not delivered, in order, until somebody takes it on. What a step was not
   * told is owed to it, without end. Default none: then only facts, health and `onError` tell. docs/crisis.md has more.
   */
  readonly escalation?: readonly EscalationStepOptions[] | undefined;
  /**
   * How long a crisis may be undelivered before people are told, whatever the reason; earlier where its fast
   * attempts are used up. 1 s to an hour, default 60 s.
   */
  readonly escalateAfterMs?: number | undefined;
  /** How long it takes until a step is told again, and the chain begins again. Defaults: at most 40 s, 2 min, 5 min, 30 min and 30 min. */
  readonly pace?: EscalationPaceOptions | undefined;
}

/** Waits of the chain, in milliseconds: each can be shortened, to a second at least, and none be longer. */
export type EscalationPaceOptions = {
  readonly [Name in keyof EscalationPace]?: number | undefined;
};

/** What `createRuntime` takes. Times are in milliseconds; only `store` and its `key` are needed. */
export interface RuntimeOptions {
  /** The folder of the store, made if it is not there; `:memory:` keeps nothing, for tests. */
  readonly store: string;
  /** `keyFile(path)`, `passphrase(text)` or `rawKey(bytes)`; needed unless the store is `:memory:`. */
  readonly key?: KeySource | undefined;
  /** How long the key may take to come; then the start fails, and is tried again. Default 30 s. */
  readonly keyTimeoutMs?: number | undefined;
  /** The upstreams that there are, by name, each with its layer of the policies. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>> | undefined;
  /** Policies in layers: for everything, by built-in tier, by type. docs/policies.md has each. */
  readonly policies?: PolicyOptions | undefined;
  /** By request type. */
  readonly handlers?: Readonly<Record<string, Handler>> | undefined;
  /**
   * The name of this store among those that change the same records: who made what, in version vectors and in
   * reviews. A point and eight digits of the store's own id follow it, so that two with one name are two; `srv` is
   * the server's. 1 to 64 letters, digits and `.` `_` `:` `-`, and nothing that tells who somebody is. Default: the
   * store's id, which is random.
   */
  readonly device?: string | undefined;
  /**
   * The app's own entities, made by `defineEntity` of `holdfast/merge`: by these rules their records are merged,
   * before those that holdfast has. An entity that nobody declared is merged by rules that lose nothing. Default: none of its own.
   *
   * @example
   * createRuntime({ store, key, entities: [defineEntity<Recipe>()({ type: 'recipe', fields: { title: latest() } })] });
   */
  readonly entities?: readonly EntityRules[] | undefined;
  /**
   * The app's own tiers, 8 at most, beside `premium`, `basic` and `trial`. Each is like one of these: in rank, in what
   * runs at which level, in room in the queue, and in every policy that it does not set itself. Its name stands in
   * facts, health and metrics. Work kept under a tier that is no longer here runs as the one that it was like, and
   * `onError` is notified.
   *
   * @example
   * createRuntime({ store, key, tiers: { gold: { like: 'premium', responseDeadlineMs: 500 } } });
   */
  readonly tiers?: Readonly<Record<string, TierOptions>> | undefined;
  /** The tier of requests that name none. Default `basic`. */
  readonly defaultTier?: TierName | undefined;
  readonly crisis?: CrisisOptions | undefined;
  /** How long settled operations are kept, for their outcome and their key; dead letters stay. Default 30 days. */
  readonly retentionMs?: number | undefined;
  /** The largest payload, in bytes of JSON. Default 1 MiB. */
  readonly payloadBytesMax?: number | undefined;
  /** Operations in memory that wait for a slot at their upstream. Default 1000; the others wait on disk. */
  readonly residentsMax?: number | undefined;
  /**
   * Operations accepted and not yet ended, at most; beyond it `sync()` rejects with `HF_QUEUE_FULL`.
   * Trials may fill 90 % of it and basics 95 %; crises come on top. Default 1,000,000.
   */
  readonly operationsMax?: number | undefined;
  /**
   * Bytes of payload in memory, at most, that wait for a disk that is late, at two a character; beyond it
   * `sync()` rejects with `HF_STORE_HANGING`. Crises have as much again, and beyond it are delivered and
   * not kept. Default 64 MiB.
   */
  readonly unwrittenBytesMax?: number | undefined;
  /**
   * Where what a person should see is written, at most a few lines of a kind a minute: attempts that fail, dead
   * letters, what waits for a person, breakers, levels, crises, storage, starts and stops. pino, `console` or any
   * logger that takes the message first, or a function of your own. Nothing of a request is in a line. Default: none.
   *
   * @example
   * createRuntime({ store, key, logger: console });
   * createRuntime({ store, key, logger: pino().child({ part: 'sync' }) });
   * createRuntime({ store, key, logger: (level, message, fields) => bunyan[level](fields, message) });
   */
  readonly logger?: Logger | undefined;
  /** Tells the runtimes of one process apart on `node:diagnostics_channel`. Default: `store`, as it was given. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Sees every step of every chart, as XState's `inspect` does, without context or payload. */
  readonly inspect?: InspectionObserver | undefined;
  /**
   * Told of failures that no caller hears of, among them exceptions of handlers, each kind at most once a
   * minute. They never hold a payload or a key; `cause` may, where it is what a handler threw. Where neither it nor
   * `logger` is given, a start that fails is told once as a warning of the process.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The options of a runtime, where each handler names an upstream that there is. */
export type TypedOptions<Handlers, Upstreams> = Omit<RuntimeOptions, 'handlers' | 'upstreams'> &
  TypedParts<Handlers, Upstreams>;

/** What the types of a runtime are inferred from. */
export interface TypedParts<Handlers, Upstreams> {
  readonly upstreams?: Upstreams | undefined;
  readonly handlers?:
    | (Handlers & {
        readonly [Type in keyof Handlers]: KnownUpstream<Handlers[Type], Upstreams>;
      })
    | undefined;
}

/** The upstreams of options that name none. */
export type NoUpstreams = Readonly<Record<typeof DEFAULT_UPSTREAM, UpstreamOptions>>;

/** The options with every default filled in. */
export interface CheckedOptions {
  readonly store: string;
  readonly key: KeySource | null;
  readonly keyTimeoutMs: number;
  /** Their names. */
  readonly upstreams: ReadonlySet<string>;
  readonly policies: PolicyTable;
  readonly handlers: Readonly<Record<string, Handler>>;
  /** `null` for the store's own. */
  readonly device: string | null;
  readonly entities: readonly EntityRules[];
  /** The app's own. */
  readonly tiers: OwnTiers;
  readonly defaultTier: TierName;
  readonly crisis: Required<{
    [Name in Exclude<keyof CrisisOptions, 'outside' | 'escalation' | 'pace'>]: NonNullable<
      CrisisOptions[Name]
    >;
  }> & {
    readonly outside: CheckedOutside | null;
    readonly escalation: readonly EscalationStep[];
    /** Resources and words that are in no answer, and why. */
    readonly leftOut: readonly HoldfastError[];
    readonly pace: EscalationPace;
  };
  readonly retentionMs: number;
  readonly payloadBytesMax: number;
  readonly residentsMax: number;
  readonly operationsMax: number;
  readonly unwrittenBytesMax: number;
  readonly logger: LogFunction | null;
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly inspect: InspectionObserver | undefined;
  readonly onError: (error: unknown) => void;
  /** Whether anybody is told of trouble: `onError` or `logger` was given. */
  readonly isHeard: boolean;
}

/** What a runtime is made with once its store is there: the key has gone to the store, and nowhere else. */
export type KeylessOptions = Omit<CheckedOptions, 'key' | 'keyTimeoutMs'>;

/** The upstream of closures that name none. */
export const DEFAULT_UPSTREAM = 'default';

/** Where each layer of the policies is written. */
const OPTION_PATHS: LayerPaths = { ...LAYER_PATHS, upstream: 'upstreams' };

const DAY_MS = 86_400_000;
/** A whole number of things, without a bound. */
const AT_LEAST_ONE: NumberRule = { min: 1, max: Number.POSITIVE_INFINITY, whole: true };
/** An answer to a crisis is due within 200 ms (CR-1), and making it takes a little. */
const LOCAL_AFTER_MS: NumberRule = { min: 0, max: 150, whole: false };
/** Beside the upstream's time, not after it. */
const PLAN_WITHIN_MS: NumberRule = { min: 0, max: 100, whole: false };
/** No setting keeps people from being told. */
const ESCALATE_AFTER_MS: NumberRule = { min: 1_000, max: 3_600_000, whole: true };
const DEVICE_NAME = /^[A-Za-z0-9][\w.:-]{0,63}$/;
const UPSTREAM_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const CRISIS_RULES: OptionRules<CrisisOptions> = {
  type: { matches: isTypeName, rule: `is no type that a handler can have: ${TYPE_RULE}` },
  // What of them helps nobody is left out and told of: no start is refused for it.
  resources: 'array',
  words: 'array',
  localAfterMs: LOCAL_AFTER_MS,
  planWithinMs: PLAN_WITHIN_MS,
  outside: { fields: OUTSIDE_RULES },
  // What is in it is checked as it is completed: src/crisis/escalationOptions.ts.
  escalation: 'array',
  escalateAfterMs: ESCALATE_AFTER_MS,
  pace: {
    fields: {
      notHeardMs: shorter(ESCALATION_PACE.notHeardMs),
      maybeHeardMs: shorter(ESCALATION_PACE.maybeHeardMs),
      refusedMs: shorter(ESCALATION_PACE.refusedMs),
      anewMs: shorter(ESCALATION_PACE.anewMs),
      acknowledgedMs: shorter(ESCALATION_PACE.acknowledgedMs),
    },
  },
};

/** A wait that is this long at most. */
function shorter(max: number): NumberRule {
  return { min: 1_000, max, whole: true };
}

const KEY_SOURCES = 'give keyFile(path), passphrase(text) or rawKey(bytes)';

/** The rule of every option. */
export const RUNTIME_RULES: OptionRules<RuntimeOptions> = {
  store: {
    required: {
      matches: (store) => typeof store === 'string' && store !== '',
      rule: 'must be the path of a folder, or :memory:',
    },
  },
  // A path or bytes in place of a source would only be noticed when the store is opened.
  key: {
    matches: (key) => typeof Object(key).load === 'function',
    rule: `must be a source of a key: ${KEY_SOURCES}`,
  },
  keyTimeoutMs: milliseconds(1),
  upstreams: {
    // Its fields are checked with the other layers of the policies.
    entries: 'object',
    named: {
      matches: (name) => UPSTREAM_NAME.test(String(name)) && name !== 'global',
      rule: 'must have names of 1 to 64 letters, digits, - and _ that begin with a letter, and none is global',
    },
  },
  handlers: HANDLERS_RULE,
  device: {
    matches: (name) => typeof name === 'string' && DEVICE_NAME.test(name) && name !== 'srv',
    rule: 'must be 1 to 64 letters, digits and . _ : -, beginning with a letter or a digit, and not srv, which is the server',
  },
  entities: {
    each: {
      matches: areEntityRules,
      rule: 'must be the rules of an entity, as defineEntity of holdfast/merge makes them',
    },
  },
  tiers: {
    // What else is in it is checked with the layers of the policies.
    entries: 'object',
    named: { matches: isTierName, rule: TIER_NAME_RULE },
  },
  defaultTier: 'text',
  crisis: { fields: CRISIS_RULES },
  // What is in them is checked with the layers that they belong to.
  policies: { fields: { defaults: 'object', tiers: 'object', types: 'object' } },
  retentionMs: 'span',
  payloadBytesMax: AT_LEAST_ONE,
  residentsMax: AT_LEAST_ONE,
  operationsMax: AT_LEAST_ONE,
  unwrittenBytesMax: AT_LEAST_ONE,
  logger: {
    matches: isLogger,
    rule: 'must be pino, console, another object with info, warn and error, or a function (level, message, fields)',
  },
  name: 'text',
  clock: 'object',
  random: 'object',
  inspect: {
    matches: (observer) =>
      typeof observer === 'function' ||
      typeof (Object(observer) as { readonly next?: unknown }).next === 'function',
    rule: 'must be a function, or an observer with next(), such as createBrowserInspector().inspect',
  },
  onError: 'function',
};

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function checkOptions(options: RuntimeOptions): CheckedOptions {
  checkFields(options, RUNTIME_RULES, '');
  const { store, key, handlers = {}, crisis = {}, defaultTier = DEFAULT_TIER } = options;
  const isInMemory = store === ':memory:';
  requireOption(isInMemory || key !== undefined, 'key', `is missing: ${KEY_SOURCES}`);
  const upstreams = new Set([DEFAULT_UPSTREAM, ...Object.keys(options.upstreams ?? {})]);
  for (const [type, handler] of Object.entries(handlers)) checkPartsOf(type, handler, upstreams);
  checkEntities(options.entities ?? []);
  const tiers = ownTiers(options.tiers ?? {});
  checkTierName(defaultTier, tiers, 'defaultTier');
  const resources = soundResources(crisis.resources ?? [], 'crisis.resources');
  const words = soundWords(crisis.words ?? [], 'crisis.words');
  return {
    store,
    key: isInMemory ? null : (key ?? null),
    keyTimeoutMs: options.keyTimeoutMs ?? 30_000,
    upstreams,
    policies: new PolicyTable(policyEntries(options, upstreams, tiers), tiers),
    handlers,
    device: options.device ?? null,
    entities: options.entities ?? [],
    tiers,
    defaultTier,
    crisis: {
      type: crisis.type ?? 'crisis.alert',
      resources: resources.sound,
      words: words.sound,
      leftOut: [...resources.leftOut, ...words.leftOut],
      localAfterMs: crisis.localAfterMs ?? 0,
      planWithinMs: crisis.planWithinMs ?? 20,
      outside: checkOutside(crisis.outside, store),
      escalation: escalationChain(crisis.escalation ?? []),
      escalateAfterMs: crisis.escalateAfterMs ?? 60_000,
      pace: paceOf(crisis.pace),
    },
    retentionMs: options.retentionMs ?? 30 * DAY_MS,
    payloadBytesMax: options.payloadBytesMax ?? PAYLOAD_BYTES_MAX,
    residentsMax: options.residentsMax ?? 1_000,
    operationsMax: options.operationsMax ?? OPERATIONS_MAX,
    unwrittenBytesMax: options.unwrittenBytesMax ?? UNWRITTEN_BYTES_MAX,
    logger: options.logger === undefined ? null : logFunction(options.logger),
    name: options.name ?? store,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    inspect: options.inspect,
    onError: guarded(options.onError),
    isHeard: options.onError !== undefined || options.logger !== undefined,
  };
}

/** @throws HoldfastError `HF_OPTION_INVALID` where it is named and there is none of that name. */
export function checkTierName(name: TierName | undefined, own: OwnTiers, field: string): void {
  const isKnown = name === undefined || tierNamed(name, own) !== undefined;
  requireOption(isKnown, field, `must be one of ${[...TIERS, ...own.keys()].join(', ')}`);
}

/** The app's own tiers, each with the built-in one that it is like. */
function ownTiers(given: Readonly<Record<string, TierOptions>>): OwnTiers {
  const names = Object.keys(given);
  requireOption(names.length <= OWN_TIERS_MAX, 'tiers', `must be ${OWN_TIERS_MAX} at most`);
  for (const name of names) {
    const isBuiltIn = TIERS.some((tier) => tier === name);
    const rule = `is built in; what holds for it is set in policies.tiers.${name}`;
    requireOption(!isBuiltIn, `tiers.${name}`, rule);
    checkOption(given[name]?.like, { required: { oneOf: TIERS } }, `tiers.${name}.like`);
  }
  return new Map(Object.entries(given).map(([name, { like }]) => [name, like]));
}

/** What the options say of policies: an upstream's and an own tier's stand with it, the others in `policies`. */
function policyEntries(
  { policies, upstreams, tiers = {} }: RuntimeOptions,
  names: ReadonlySet<string>,
  own: OwnTiers,
): readonly PolicyEntry[] {
  for (const name of Object.keys(policies?.tiers ?? {})) {
    const rule = `is set where the tier is: in tiers.${name}`;
    requireOption(!own.has(name), `policies.tiers.${name}`, rule);
  }
  const settings = Object.entries(tiers).map(([name, { like: _like, ...set }]) => [name, set]);
  const layersOfOwn = { tiers: Object.fromEntries(settings) as PolicyLayers['tiers'] };
  return [
    ...entriesOf({ ...policies, upstreams }, names, isTypeName, NO_OWN_TIERS, OPTION_PATHS),
    ...entriesOf(layersOfOwn, names, isTypeName, own, { ...OPTION_PATHS, tier: 'tiers' }),
  ];
}

/** By which of two rules a record is merged must not be chance. */
function checkEntities(entities: readonly EntityRules[]): void {
  for (const [index, { type, version }] of entities.entries()) {
    requireOption(
      Number.isSafeInteger(version) && version >= 1,
      `entities[${index}].version`,
      'must be a whole number from 1',
    );
    const isFirst = entities.findIndex((other) => other.type === type) === index;
    requireOption(
      isFirst,
      `entities[${index}]`,
      'has the type of one before it; declare each entity once',
    );
  }
}

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

/** What is set, and what is where nothing is set. */
function paceOf(given: EscalationPaceOptions = {}): EscalationPace {
  const { notHeardMs, maybeHeardMs, refusedMs, anewMs, acknowledgedMs } = ESCALATION_PACE;
  return {
    notHeardMs: given.notHeardMs ?? notHeardMs,
    maybeHeardMs: given.maybeHeardMs ?? maybeHeardMs,
    refusedMs: given.refusedMs ?? refusedMs,
    anewMs: given.anewMs ?? anewMs,
    acknowledgedMs: given.acknowledgedMs ?? acknowledgedMs,
  };
}
