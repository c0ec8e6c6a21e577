/**
 * Options of a runtime as data: the drawn value of each field, laid over the options that a run gives.
 *
 * @module
 */

import type { Handler } from '../../../actors/port.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import {
  type PolicyLayer,
  type PolicySettings,
  rulesOf,
} from '../../../machines/policy/layers/policyFields.ts';
import type { PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import type { PayloadSchema } from '../../../machines/policy/request/payloadSchema.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { isObject } from '../../../machines/vocabulary/optionFields.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { checkOptions, type RuntimeOptions } from '../../options.ts';
import { YEAR_MS } from './everyField.ts';
import { HANDLERS, OPTIONS, POLICIES } from './fieldValues.ts';

/** Places where a field is set. */
export const PLACES = [
  'options',
  'handlers',
  'escalation',
  'entities',
  'policies.defaults',
  'policies.tiers',
  'policies.types',
  'upstreams',
  'tiers',
] as const;
export type Place = (typeof PLACES)[number];

/** A field off the usual. */
export interface Drawn {
  readonly place: Place;
  /** Name of the upstream, tier or type, or number of the step; `*` for all, or where there is only one. */
  readonly name: string;
  /**
   * Path of the field there. Beside the fields of the tables: `name` of an upstream, and `isMissing` of a handler,
   * which registers while the process runs, if ever.
   */
  readonly field: string;
  /** Value of the field; a name for a value that is no JSON. */
  readonly value: Json;
}

type Options = Partial<RuntimeOptions>;

/** Time-out of a call and first wait after a failure, in milliseconds, that go with other drawn fields. */
const CALL_MS = 3_000;
const FIRST_WAIT_MS = 500;

/** Settings that a policy needs beside its value to be allowed. */
export const BESIDE: Readonly<Record<string, (value: Json) => PolicySettings>> = {
  'flow.slotsMin': () => ({ concurrency: 100_000, flow: { slotsAtStart: 100_000 } }),
  'flow.slotsAtStart': () => ({ concurrency: 100_000, flow: { slotsMin: 1 } }),
  'flow.timeoutMsMin': () => ({ attemptTimeoutMs: YEAR_MS }),
  'flow.probeMsMin': () => ({ flow: { probeMsMax: YEAR_MS } }),
  'flow.probeMsMax': () => ({ flow: { probeMsMin: 1 } }),
  'breaker.windowCalls': () => ({ breaker: { windowCallsMin: 1 } }),
  'breaker.windowCallsMin': () => ({ breaker: { windowCalls: 100_000 } }),
  'breaker.probeLeaseMs': (value) => ({ attemptTimeoutMs: atMost(value, CALL_MS) }),
  'degradation.eventLoopDelayMsLimited': () => ({
    degradation: { eventLoopDelayMsCriticalOnly: YEAR_MS },
  }),
  'degradation.eventLoopDelayMsCriticalOnly': () => ({
    degradation: { eventLoopDelayMsLimited: 1 },
  }),
  'retry.initialDelayMs': () => ({ retry: { delayMsMax: YEAR_MS } }),
  'retry.delayMsMax': (value) => ({ retry: { initialDelayMs: atMost(value, FIRST_WAIT_MS) } }),
};

function atMost(value: Json, most: number): number {
  return typeof value === 'number' ? Math.min(value, most) : most;
}

const LAYERS: Readonly<Partial<Record<Place, PolicyLayer>>> = {
  'policies.defaults': 'defaults',
  'policies.tiers': 'tier',
  'policies.types': 'type',
  upstreams: 'upstream',
  tiers: 'tier',
};

/** Lists the policies that can be set in a place. */
export function policiesOf(place: Place, name: string): readonly string[] {
  const layer = LAYERS[place];
  if (layer === undefined) return [];
  const rules = rulesOf(layer, name);
  return [...POLICIES.keys()].filter((field) => Object.hasOwn(rules, field.split('.')[0] ?? ''));
}

/** Lays drawn fields over the options, in order, without those that contradict the options by then. */
export function withDrawn(options: Options, drawn: readonly Drawn[]): Options {
  let laid = options;
  for (const each of drawn) {
    const next = put(laid, each);
    if (isAllowed(next)) laid = next;
  }
  return laid;
}

function isAllowed(options: Options): boolean {
  try {
    checkOptions({ ...options, store: ':memory:' });
    return true;
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'HF_OPTION_INVALID') return false;
    throw error;
  }
}

function put(options: Options, drawn: Drawn): Options {
  const { place, name, field, value } = drawn;
  switch (place) {
    case 'options':
      return at(field, (before) => madeOption(options, field, value, before), options) as Options;
    case 'handlers':
      return { ...options, handlers: handlersWith(options, drawn) };
    case 'escalation':
      return withStep(options, drawn);
    case 'entities':
      return {
        ...options,
        entities: options.entities?.map((rules): EntityRules => ({ ...rules, [field]: value })),
      };
    case 'upstreams':
      if (field === 'name') return renamed(options, name, nameIn(value));
      break;
    case 'tiers':
      if (field === 'like')
        return merged(options, { tiers: { [name]: { like: value } } }) as Options;
      break;
    default:
  }
  return merged(options, layered(drawn)) as Options;
}

/** Builds the layers that set a policy, with the settings that it needs. */
function layered({ place, name, field, value }: Drawn): object {
  const [policy = '', part] = field.split('.');
  const set = POLICIES.get(field)?.isMade === true ? madeStrategy(nameIn(value)) : value;
  const own = { [policy]: part === undefined ? set : { [part]: set } };
  const beside = Object.entries(BESIDE[field]?.(value) ?? {}).filter(([other]) =>
    policiesOf(place, name).some((each) => each.split('.')[0] === other),
  );
  const settings = merged(Object.fromEntries(beside), own);
  const path = [...place.split('.'), ...(place === 'policies.defaults' ? [] : [name])];
  return path.reduceRight<object>((inner, each) => ({ [each]: inner }), settings as object);
}

/** Lays drawn fields over policies, as `setPolicies` takes them. */
export function policiesWith(layers: PolicyLayers, drawn: readonly Drawn[]): PolicyLayers {
  const { policies, upstreams, tiers } = drawn
    .map(layered)
    .reduce<Options>((one, other) => merged(one, other) as Options, {});
  return merged(layers, {
    ...policies,
    upstreams,
    tiers: merged(policies?.tiers, tiers),
  }) as PolicyLayers;
}

/** Finds a named strategy, or the function that the name stands for. */
export function madeStrategy(name: string): unknown {
  if (name === 'throws') return throws;
  return name === 'aYear' ? () => YEAR_MS : name;
}

function madeOption(options: Options, field: string, value: Json, before: unknown): unknown {
  if (OPTIONS.get(field)?.isMade !== true) return value;
  switch (field) {
    case 'crisis.resources':
      return resources(nameIn(value));
    case 'crisis.words':
      return words(nameIn(value));
    case 'random': {
      const draw = value === 'always0' ? 0 : 1 - 2 ** -53;
      return { ...options.random, next: () => draw };
    }
    default:
      return listener(nameIn(value), before);
  }
}

/** Makes a listener of the app; calls the run's own listener first. */
function listener(name: string, before: unknown): unknown {
  return (...told: readonly unknown[]): unknown => {
    if (typeof before === 'function') before(...told);
    if (name === 'throws') throws();
    return name === 'neverAnswers' ? new Promise(() => undefined) : undefined;
  };
}

function resources(name: string): readonly unknown[] {
  if (name === 'thatHelpNobody') return [null, 5, { kind: 'nonsense', regions: [] }];
  const number = { none: 0, one: 1 }[name] ?? 500;
  return Array.from({ length: number }, (_, each) => {
    return { kind: 'contact', name: `Contact ${each}`, regions: ['*'], phone: '1' };
  });
}

function words(name: string): readonly unknown[] {
  if (name === 'thatNobodyCanRead') return [null, {}];
  const languages = { none: [], one: ['en'] }[name] ?? ['en', 'de', 'fr', 'ar', 'tr'];
  return languages.map((language) => ({ language, notReached: 'Nobody has it yet.' }));
}

function handlersWith(
  options: Options,
  { name, field, value }: Drawn,
): Readonly<Record<string, Handler>> {
  const upstreams = Object.keys(options.upstreams ?? {});
  const changed = Object.entries(options.handlers ?? {}).map(
    ([type, handler]): readonly [string, Handler | null] => {
      if (name !== '*' && name !== type) return [type, handler];
      if (field === 'isMissing') return [type, null];
      if (field === 'upstream') {
        const upstream = upstreams[Number(value) % upstreams.length] ?? handler.upstream;
        return [type, { ...handler, upstream }];
      }
      const [trait = '', part] = field.split('.');
      const set = HANDLERS.get(field)?.isMade === true ? madeTrait(field, nameIn(value)) : value;
      if (part === undefined) return [type, { ...handler, [trait]: set }];
      // Only handlers of edits have it.
      const { conflicts } = handler;
      if (conflicts === undefined) return [type, handler];
      return [
        type,
        { ...handler, conflicts: { ...(conflicts === true ? {} : conflicts), [part]: set } },
      ];
    },
  );
  return Object.fromEntries(
    changed.filter((entry): entry is readonly [string, Handler] => entry[1] !== null),
  );
}

function madeTrait(field: string, name: string): unknown {
  if (field === 'conflicts.asCrisisPlan') return name === 'throws' ? throws : () => null;
  const answers: Readonly<Record<string, PayloadSchema['~standard']['validate']>> = {
    accepts: (value) => ({ value }),
    refuses: () => ({ issues: [{ message: 'Not this.' }] }),
    throws,
    promises: (value) => Promise.resolve({ value }),
  };
  return { '~standard': { version: 1, vendor: 'simulator', validate: answers[name] ?? throws } };
}

function withStep(options: Options, { name, field, value }: Drawn): Options {
  const steps = options.crisis?.escalation ?? [];
  // The first wait must not exceed the longest.
  const beside = field === 'retry.delayMsMax' ? { retry: { initialDelayMs: 0 } } : {};
  const escalation = steps.map((step, index) =>
    name === '*' || Number(name) === index ? at(field, () => value, merged(step, beside)) : step,
  );
  return { ...options, crisis: { ...options.crisis, escalation: escalation as typeof steps } };
}

function renamed(options: Options, from: string, to: string): Options {
  const name = (upstream: string): string => (upstream === from ? to : upstream);
  const upstreams = Object.entries(options.upstreams ?? {});
  const handlers = Object.entries(options.handlers ?? {});
  return {
    ...options,
    upstreams: Object.fromEntries(upstreams.map(([upstream, set]) => [name(upstream), set])),
    handlers: Object.fromEntries(
      handlers.map(([type, handler]) => [type, { ...handler, upstream: name(handler.upstream) }]),
    ),
  };
}

/** Copies an object with another value at a path. */
function at(path: string, change: (before: unknown) => unknown, whole: unknown): unknown {
  const [first = '', ...rest] = path.split('.');
  const object = isObject(whole) ? (whole as Readonly<Record<string, unknown>>) : {};
  const before = object[first];
  const after = rest.length === 0 ? change(before) : at(rest.join('.'), change, before);
  return { ...object, [first]: after };
}

/** Merges plain objects; any other value replaces the earlier one. */
export function merged(one: unknown, other: unknown): unknown {
  if (!isPlain(one) || !isPlain(other)) return other === undefined ? one : other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, merged(one[name], other[name])]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/** Reads the name that stands for a value that is no JSON. */
function nameIn(value: Json): string {
  return typeof value === 'string' ? value : '';
}

function throws(): never {
  throw new Error('A defect of the app.');
}
