/**
 * Options of `createRuntime`, with the default of every number.
 *
 * @module
 */

import { systemClock, systemRandom } from '../actors/platform/systemClock.ts';
import type { AnchorSource, CrisisResource, EscalationStep, Handler } from '../actors/port.ts';
import type { InspectionObserver } from '../inspector/projection/frames.ts';
import { ESCALATION_PACE, type EscalationPace } from '../machines/crisis/crisisEscalation.ts';
import { areEntityRules, type EntityRules } from '../machines/merge/declaration/entityRules.ts';
import { soundResources, soundWords } from '../machines/policy/crisis/appResources.ts';
import type { CrisisWords } from '../machines/policy/crisis/crisisWords.ts';
import { OPERATIONS_MAX, UNWRITTEN_BYTES_MAX } from '../machines/policy/flow/flowPolicy.ts';
import {
  POLICY_FIELDS,
  type TierPolicies,
  type UpstreamPolicies,
} from '../machines/policy/layers/policyFields.ts';
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
import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../machines/vocabulary/errors.ts';
import {
  checkFields,
  checkOption,
  milliseconds,
  type NumberRule,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
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
import { SEALINGS } from '../persistence/sealing/engines.ts';
import { type KeySource, sealedBy } from '../persistence/sealing/keySource.ts';
import { checkAnchorPlace } from './anchorSources.ts';
import { type EscalationStepOptions, escalationChain } from './crisis/escalationOptions.ts';
import { checkPartsOf, HANDLERS_RULE, TYPE_RULE } from './handlerOptions.ts';
import {
  type CheckedOutside,
  checkOutside,
  OUTSIDE_RULES,
  type OutsideOptions,
} from './outside/outsideOptions.ts';
import { isLogger, type LogFunction, type Logger, logFunction } from './telemetry/log.ts';
import type { KnownUpstream } from './typed/operationTypes.ts';

/** Policies of one upstream. All are optional. */
export type UpstreamOptions = UpstreamPolicies;

/** Policies for everything, by tier and by type; those of an upstream are set with it in `upstreams`. */
export type PolicyOptions = Omit<PolicyLayers, 'upstreams'>;

/** Tier of the app: the built-in one that it is like, and its own policies. */
export interface TierOptions extends TierPolicies {
  readonly like: Tier;
}

/** Options for crises. All are optional. */
export interface CrisisOptions {
  /** Type whose handler delivers crises that name none. Default `crisis.alert`. */
  readonly type?: string | undefined;
  /**
   * Resources in every answer, before the built-in help lines, which can't be removed. One that helps nobody (no
   * phone, text, url or note, an empty name, a region that is no ISO 3166 code) is left out; `onError` and health
   * report it.
   */
  readonly resources?: readonly CrisisResource[] | undefined;
  /**
   * Words about the state of a person's message (`answer.message`), one entry a language. Default: built-in words in
   * English and German, which no clinician has reviewed.
   */
  readonly words?: readonly CrisisWords[] | undefined;
  /** Time for the upstream to answer before the local answer. Default 0: the local answer comes at once. */
  readonly localAfterMs?: number | undefined;
  /**
   * Time that an answer may wait for a crisis plan that is not pinned, 0 to 100 ms. Default 20. A plan that is not
   * read by then is left out, and the answer says so.
   */
  readonly planWithinMs?: number | undefined;
  /**
   * Serves crises to other processes of the machine, over a Unix socket or HTTP on loopback, from a thread of its
   * own, which a blocked event loop of the app does not delay. Default: off. docs/crisis.md has requests and answers.
   */
  readonly outside?: OutsideOptions | undefined;
  /**
   * Steps that notify people of an undelivered crisis, in order, until somebody takes it on. A step that was not
   * reached is tried without end. Default none: then only facts, health and `onError` report it. See docs/crisis.md.
   */
  readonly escalation?: readonly EscalationStepOptions[] | undefined;
  /**
   * Time until people are notified of an undelivered crisis, whatever the reason; sooner if its fast attempts are
   * used up. 1 s to an hour, default 60 s.
   */
  readonly escalateAfterMs?: number | undefined;
  /**
   * Waits before a step is repeated and before the chain begins again. Defaults: at most 40 s, 2 min, 5 min, 30 min
   * and 30 min.
   */
  readonly pace?: EscalationPaceOptions | undefined;
}

/** Waits of the chain, in milliseconds. Each can be shortened, to a second at least, and none lengthened. */
export type EscalationPaceOptions = {
  readonly [Name in keyof EscalationPace]?: number | undefined;
};

/** Options of `createRuntime`. Times are in milliseconds; only `store` and its `key` are required. */
export interface RuntimeOptions {
  /** Folder of the store, made if it is not there. `:memory:` keeps nothing, for tests. */
  readonly store: string;
  /**
   * Source of the key: `keyFile(path)`, `passphrase(text)` or `rawKey(bytes)`. Required unless the store is
   * `:memory:`.
   */
  readonly key?: KeySource | undefined;
  /** Time for the key to load; then the start fails, and is tried again. Default 30 s. */
  readonly keyTimeoutMs?: number | undefined;
  /**
   * The engine that encrypts the store: Node's (`native`, the default), or `portable`, which is JavaScript
   * (`@noble/ciphers`). Both give the same bytes, so it may change with each start. SECURITY.md says when to choose it.
   */
  readonly sealing?: 'native' | 'portable' | undefined;
  /**
   * Where the anchor of the store is kept, by which a start notices that the whole folder was put back from an earlier copy:
   * `anchorFile(path)`, `anchorUrl(url, { token })`, or two functions of your own. It must be a place where nobody who can
   * write the folder can write. Default: none. See docs/how-to/keep-an-anchor.md.
   */
  readonly anchor?: AnchorSource | undefined;
  /** Upstreams by name, each with its policies. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>> | undefined;
  /** Policies in layers: for everything, by built-in tier, by type. See docs/policies.md. */
  readonly policies?: PolicyOptions | undefined;
  /** Handlers by request type. */
  readonly handlers?: Readonly<Record<string, Handler>> | undefined;
  /**
   * Name of this store among those that change the same records, in version vectors and reviews. A point and eight
   * digits of the store's id are appended, so that two of one name differ; `srv` is the server's. 1 to 64 letters,
   * digits and `.` `_` `:` `-`, and nothing that identifies a person. Default: the store's id, which is random.
   */
  readonly device?: string | undefined;
  /**
   * Entities of the app, made by `defineEntity` of `holdfast/merge`: rules by which their records are merged, ahead
   * of the built-in ones. A record of an undeclared entity is merged by rules that lose nothing. Default: none.
   *
   * @example
   * createRuntime({ store, key, entities: [defineEntity<Recipe>()({ type: 'recipe', fields: { title: latest() } })] });
   */
  readonly entities?: readonly EntityRules[] | undefined;
  /**
   * Tiers of the app, at most 8, beside `premium`, `basic` and `trial`. Each is like one of these in rank, in the
   * levels at which it runs, in room in the queue, and in every policy that it does not set. Facts, health and
   * metrics carry its name. Work kept under a tier that is gone runs as the one that it was like, and `onError` is
   * notified. Default: none.
   *
   * @example
   * createRuntime({ store, key, tiers: { gold: { like: 'premium', responseDeadlineMs: 500 } } });
   */
  readonly tiers?: Readonly<Record<string, TierOptions>> | undefined;
  /** Tier of requests that name none. Default `basic`. */
  readonly defaultTier?: TierName | undefined;
  readonly crisis?: CrisisOptions | undefined;
  /** Time for which settled operations are kept, for their outcome and key; dead letters stay. Default 30 days. */
  readonly retentionMs?: number | undefined;
  /** Largest payload, in bytes of JSON. Default 1 MiB. */
  readonly payloadBytesMax?: number | undefined;
  /** Limit on operations that wait in memory for a slot at their upstream; others wait on disk. Default 1000. */
  readonly residentsMax?: number | undefined;
  /**
   * Limit on operations that have not ended; beyond it `sync()` rejects with `HF_QUEUE_FULL`. Trials may fill 90 % of
   * it and basics 95 %; crises come on top. Default 1,000,000.
   */
  readonly operationsMax?: number | undefined;
  /**
   * Limit on payload bytes in memory that wait for a slow disk, at two a character; beyond it `sync()` rejects with
   * `HF_STORE_HANGING`. Crises have as much again, and beyond that are delivered but not stored. Default 64 MiB.
   */
  readonly unwrittenBytesMax?: number | undefined;
  /**
   * Logger for what a person should see, a few lines of a kind a minute: failed attempts, dead letters, work that
   * waits for a person, breakers, levels, crises, storage, starts and stops. pino, `console`, another logger that
   * takes the message first, or a function. No line holds anything of a request. Default: none.
   *
   * @example
   * createRuntime({ store, key, logger: console });
   * createRuntime({ store, key, logger: pino().child({ part: 'sync' }) });
   * createRuntime({ store, key, logger: (level, message, fields) => bunyan[level](fields, message) });
   */
  readonly logger?: Logger | undefined;
  /** Name of this runtime on `node:diagnostics_channel`, where a process has several. Default: `store` as given. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Observer of every step of every chart, as XState's `inspect`, without context or payload. */
  readonly inspect?: InspectionObserver | undefined;
  /**
   * Called with failures that no caller sees, such as exceptions of handlers, each kind at most once a minute. No
   * error holds a payload or key; `cause` may, if a handler threw it. Without it and without `logger`, a failed start
   * is reported once as a warning of the process.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of a runtime whose handlers name existing upstreams. */
export type TypedOptions<Handlers, Upstreams> = Omit<RuntimeOptions, 'handlers' | 'upstreams'> &
  TypedParts<Handlers, Upstreams>;

/** Options from which the types of a runtime are inferred. */
export interface TypedParts<Handlers, Upstreams> {
  readonly upstreams?: Upstreams | undefined;
  readonly handlers?:
    | (Handlers & {
        readonly [Type in keyof Handlers]: KnownUpstream<Handlers[Type], Upstreams>;
      })
    | undefined;
}

/** Upstreams of a runtime whose options name none. */
export type NoUpstreams = Readonly<Record<typeof DEFAULT_UPSTREAM, UpstreamOptions>>;

/** Options with every default filled in. */
export interface CheckedOptions {
  readonly store: string;
  readonly key: KeySource | null;
  readonly keyTimeoutMs: number;
  readonly anchor: AnchorSource | null;
  /** Names of the upstreams. */
  readonly upstreams: ReadonlySet<string>;
  readonly policies: PolicyTable;
  readonly handlers: Readonly<Record<string, Handler>>;
  /** Name of the device; `null` for the store's id. */
  readonly device: string | null;
  readonly entities: readonly EntityRules[];
  /** Tiers of the app. */
  readonly tiers: OwnTiers;
  readonly defaultTier: TierName;
  readonly crisis: Required<{
    [Name in Exclude<keyof CrisisOptions, 'outside' | 'escalation' | 'pace'>]: NonNullable<
      CrisisOptions[Name]
    >;
  }> & {
    readonly outside: CheckedOutside | null;
    readonly escalation: readonly EscalationStep[];
    /** Reasons why resources and words were left out. */
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
  /** Whether anybody is notified of failures: `onError` or `logger` was given. */
  readonly isHeard: boolean;
}

/** Options without the key, which goes to the store and nowhere else. */
export type KeylessOptions = Omit<CheckedOptions, 'key' | 'keyTimeoutMs'>;

/** Upstream of functions that name none. */
export const DEFAULT_UPSTREAM = 'default';

/** Paths of the policies' layers in the options. */
const OPTION_PATHS: LayerPaths = { ...LAYER_PATHS, upstream: 'upstreams' };

const DAY_MS = 86_400_000;
/** Longest retention; longer is for good. An instant so far off is still a whole number of milliseconds. */
const RETENTION_MS_MAX = 2 ** 52;
/** Rule of a count without an upper bound. */
const AT_LEAST_ONE: NumberRule = { min: 1, max: Number.POSITIVE_INFINITY, whole: true };
/** Bound below the 200 ms within which a crisis is answered (CR-1); making the answer takes a little. */
const LOCAL_AFTER_MS: NumberRule = { min: 0, max: 150, whole: false };
/** Bound of a wait that runs beside that for the upstream. */
const PLAN_WITHIN_MS: NumberRule = { min: 0, max: 100, whole: false };
/** Bound that no setting exceeds: people are notified. */
const ESCALATE_AFTER_MS: NumberRule = { min: 1_000, max: 3_600_000, whole: true };
const DEVICE_NAME = /^[A-Za-z0-9][\w.:-]{0,63}$/;
const UPSTREAM_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const CRISIS_RULES: OptionRules<CrisisOptions> = {
  type: { matches: isTypeName, rule: `is no type that a handler can have: ${TYPE_RULE}` },
  // Entries that help nobody are left out and reported; no start is refused for them.
  resources: 'array',
  words: 'array',
  localAfterMs: LOCAL_AFTER_MS,
  planWithinMs: PLAN_WITHIN_MS,
  outside: { fields: OUTSIDE_RULES },
  // Its entries are checked when it is completed: src/crisis/escalationOptions.ts.
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

/** Rule of a wait of at most `max`. */
function shorter(max: number): NumberRule {
  return { min: 1_000, max, whole: true };
}

const KEY_SOURCES = 'give keyFile(path), passphrase(text) or rawKey(bytes)';

/** Rules of all options. */
export const RUNTIME_RULES: OptionRules<RuntimeOptions> = {
  store: {
    required: {
      matches: (store) => typeof store === 'string' && store !== '',
      rule: 'must be the path of a folder, or :memory:',
    },
  },
  // A path or bytes in place of a source would otherwise fail only when the store is opened.
  key: {
    matches: (key) => typeof Object(key).load === 'function',
    rule: `must be a source of a key: ${KEY_SOURCES}`,
  },
  keyTimeoutMs: milliseconds(1),
  sealing: { oneOf: SEALINGS },
  anchor: {
    matches: (anchor) => {
      const { read, write } = Object(anchor) as Partial<AnchorSource>;
      return typeof read === 'function' && typeof write === 'function';
    },
    rule: 'must be a place of the anchor: give anchorFile(path), anchorUrl(url), or an object with read and write',
  },
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
    // Its other fields are checked with the layers of the policies.
    entries: 'object',
    named: { matches: isTierName, rule: TIER_NAME_RULE },
  },
  defaultTier: 'text',
  crisis: { fields: CRISIS_RULES },
  // Their fields are checked with the layers of the policies.
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
  for (const name of Object.keys(Object(options))) {
    const isPolicy = Object.hasOwn(POLICY_FIELDS, name);
    requireOption(!isPolicy, name, `is a policy, set in policies.defaults.${name}`);
  }
  checkFields(options, RUNTIME_RULES, '');
  const { store, key, handlers = {}, crisis = {}, defaultTier = DEFAULT_TIER } = options;
  const isInMemory = store === ':memory:';
  requireOption(isInMemory || key !== undefined, 'key', `is missing: ${KEY_SOURCES}`);
  if (options.anchor !== undefined) checkAnchorPlace(options.anchor, store);
  const upstreams = new Set([DEFAULT_UPSTREAM, ...Object.keys(options.upstreams ?? {})]);
  for (const [type, handler] of Object.entries(handlers)) checkPartsOf(type, handler, upstreams);
  checkEntities(options.entities ?? []);
  const tiers = ownTiers(options.tiers ?? {});
  checkTierName(defaultTier, tiers, 'defaultTier');
  const resources = soundResources(crisis.resources ?? [], 'crisis.resources');
  const words = soundWords(crisis.words ?? [], 'crisis.words');
  return {
    store,
    key: isInMemory || key === undefined ? null : sealedBy(key, options.sealing),
    keyTimeoutMs: options.keyTimeoutMs ?? 30_000,
    anchor: options.anchor ?? null,
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
    retentionMs: Math.ceil(Math.min(options.retentionMs ?? 30 * DAY_MS, RETENTION_MS_MAX)),
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

/** Tiers of the app, each with the built-in one that it is like. */
function ownTiers(given: Readonly<Record<string, TierOptions>>): OwnTiers {
  const names = Object.keys(given);
  requireOption(names.length <= OWN_TIERS_MAX, 'tiers', `must have at most ${OWN_TIERS_MAX} names`);
  for (const name of names) {
    const isBuiltIn = TIERS.some((tier) => tier === name);
    const rule = `is built in; what holds for it is set in policies.tiers.${name}`;
    requireOption(!isBuiltIn, `tiers.${name}`, rule);
    checkOption(given[name]?.like, { required: { oneOf: TIERS } }, `tiers.${name}.like`);
  }
  return new Map(Object.entries(given).map(([name, { like }]) => [name, like]));
}

/**
 * Layers of the policies in the options: those of an upstream or own tier come from there, the others from
 * `policies`.
 */
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

/** Checks that each entity is declared once: which rules merge a record must not be chance. */
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

/** Wraps `onError`: nobody is left to notify if it throws, and nothing may break (SV-2). */
function guarded(onError: RuntimeOptions['onError']): CheckedOptions['onError'] {
  return (error) => {
    try {
      onError?.(error);
    } catch {
      // As above.
    }
  };
}

/** Completes the waits of the chain with their defaults. */
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
