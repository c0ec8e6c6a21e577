/**
 * Every option of the runtime and the ways to try it: the simulator's values for it, or ways of its own, in each
 * place where it may be set. A test finds an option with neither, so that nobody can add one without showing that it
 * stops no crisis (CR-2).
 *
 * @module
 */

import { join } from 'node:path';
import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import { type PolicySettings, rulesOf } from '../../../machines/policy/layers/policyFields.ts';
import type { PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import type { PayloadSchema } from '../../../machines/policy/request/payloadSchema.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionFields.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { TIERS } from '../../../machines/vocabulary/urgency.ts';
import { type AnchorSource, keyFile, passphrase, rawKey } from '../../../src/index.ts';
import { RUNTIME_RULES, type RuntimeOptions } from '../../../src/options.ts';
import { BESIDE, madeStrategy, merged } from '../../../src/simulator/setup/drawnOptions.ts';
import { everyOption, everyPolicy, YEAR_MS } from '../../../src/simulator/setup/everyField.ts';
import {
  HANDLERS,
  OPTIONS,
  POLICIES,
  unknownFields,
} from '../../../src/simulator/setup/fieldValues.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import type { HouseRules } from './crisisHouse.ts';

/** A way to set something. */
export interface Try extends HouseRules {
  /** Name of the field, with its value. */
  readonly name: string;
  /** Builds the options to lay over those of a plain house; called in the test that tries it. */
  readonly options: () => Partial<RuntimeOptions>;
}

/** A way to set a policy. */
export interface PolicyTry {
  readonly policy: string;
  readonly name: string;
  readonly settings: PolicySettings;
}

const CRISIS = 'crisis.alert';
const RECIPE = defineEntity<{ title: string }>()({ type: 'recipe', fields: {} });
/** Conflict rules whose record nobody can read, and rules whose record nobody ever answers for. */
const UNREADABLE = { fetchCurrent: fails, asCrisisPlan: fails, roundsMax: 1, silentMaxMs: 1 };
const SILENT = { fetchCurrent: () => new Promise<never>(() => undefined), isAuthority: true };

/** Options with ways of their own. */
/** A place of the anchor that answers so. */
const placeThat = (answer: () => Promise<never> | Promise<string>): AnchorSource => ({
  read: answer,
  write: async () => {
    await answer();
  },
});

const OWN: Readonly<Record<string, () => readonly Try[]>> = {
  store: () => [
    tried('store', ':memory:', { store: ':memory:', key: undefined }),
    { ...tried('store', 'a folder in none', {}), isKept: false, options: noFolder },
  ],
  key: () => [
    tried('key', 'a passphrase', { key: passphrase('correct horse battery staple') }),
    ...[
      tried('key', 'a file that is missing', { key: keyFile('/nowhere/at/all.key') }),
      tried('key', 'a service that never answers', {
        key: { kind: 'slow', load: () => new Promise<never>(() => undefined) },
      }),
      tried('key', 'of bytes that are no key', {
        key: { kind: 'bad', load: () => Promise.reject(new Error('No key.')) },
      }),
    ].map((each) => ({ ...each, isKept: false })),
  ],
  anchor: () => [
    tried('anchor', 'that never answers', {
      anchor: placeThat(() => new Promise(() => undefined)),
    }),
    tried('anchor', 'that fails', { anchor: placeThat(() => Promise.reject(new Error('No.'))) }),
    tried('anchor', 'that throws', { anchor: placeThat(fails) }),
    tried('anchor', 'of another store', {
      anchor: placeThat(() => Promise.resolve(`holdfast anchor 1 ${'f'.repeat(32)} 1 tag sign`)),
    }),
  ],
  sealing: () => [tried('sealing', 'portable', { sealing: 'portable' })],
  'handlers.*.upstream': () => [
    tried('handlers.*.upstream', 'other', ofHandlers({ upstream: 'other' })),
  ],
  'handlers.*.key': () => [tried('handlers.*.key', 'as given', ofHandlers({ key: 'asGiven' }))],
  // The upstream decides what a handler does: see the troubles of the house.
  'handlers.*.run': () => [],
  'handlers.*.schema': () => [
    tried('schema', 'that nothing fits', ofHandlers({ schema: schemaOf(() => ({ issues: [] })) })),
    tried('schema', 'that throws', ofHandlers({ schema: schemaOf(fails) })),
    tried(
      'schema',
      'that never answers',
      ofHandlers({ schema: schemaOf(() => new Promise<never>(() => undefined)) }),
    ),
  ],
  // A crisis is no edit, whatever else operations of its type are.
  'handlers.*.conflicts': () => [
    tried('conflicts', 'whose record nobody can read', ofHandlers({ conflicts: UNREADABLE })),
    tried('conflicts', 'that never answer', ofHandlers({ conflicts: SILENT })),
  ],
  device: () => [tried('device', 'phone-1', { device: 'phone-1' })],
  'entities[]': () => [tried('entities', 'of the app', { entities: [RECIPE] })],
  'handlers.*.cardDataExempt[]': () => [
    tried('cardDataExempt', 'everything', ofHandlers({ cardDataExempt: ['payload', 'subject'] })),
  ],
  defaultTier: () => TIERS.map((tier) => tried('defaultTier', tier, { defaultTier: tier })),
  'crisis.type': () => [tried('crisis.type', 'of other work', { crisis: { type: 'work.push' } })],
  'crisis.resources': () => [
    tried('crisis.resources', 'none', { crisis: { resources: [] } }),
    tried('crisis.resources', 'that help nobody', {
      crisis: { resources: [null, 5, { kind: 'nonsense', regions: [] }] as never },
    }),
    tried('crisis.resources', 'many', {
      crisis: {
        resources: Array.from({ length: 5_000 }, (_, at) => {
          return { kind: 'contact', name: `Contact ${at}`, regions: ['*'], phone: '1' } as const;
        }),
      },
    }),
  ],
  'crisis.words': () => [
    tried('crisis.words', 'that nobody can read', { crisis: { words: [null, {}] as never } }),
    tried('crisis.words', 'of the app', {
      crisis: { words: [{ language: 'en', notReached: 'Nobody has it yet.' }] },
    }),
  ],
  // An answer may wait for the upstream, within the time promised for answers.
  'crisis.localAfterMs': () =>
    [0, 150].map((ms) => ({
      ...tried('crisis.localAfterMs', ms, { crisis: { localAfterMs: ms } }),
      answerWithinMs: ms,
    })),
  'crisis.planWithinMs': () =>
    [0, 100].map((ms) => ({
      ...tried('crisis.planWithinMs', ms, { crisis: { planWithinMs: ms } }),
      answerWithinMs: ms,
    })),
  'crisis.escalation': () =>
    (
      [
        ['throws', fails],
        ['never answers', () => new Promise<never>(() => undefined)],
      ] as const
    ).map(([what, notify]) => {
      const step = { name: 'on-call', notify, timeoutMs: 3_600_000, acknowledgeWithinMs: YEAR_MS };
      return tried('crisis.escalation', `a step that ${what}`, { crisis: { escalation: [step] } });
    }),
  // Each option is as narrow as it may be; test/src/outside has the callers from outside.
  'crisis.outside.socketPath': () => [
    tried('crisis.outside', 'a socket', { crisis: { outside: { socketPath: true } } }),
  ],
  ...Object.fromEntries(
    ['token', 'pagesToken', 'port', 'host', 'hosts[]', 'origins[]', 'manySubjects'].map((part) => [
      `crisis.outside.http.${part}`,
      () => (part === 'token' ? [overLoopback()] : []),
    ]),
  ),
  logger: () => [
    tried('logger', 'one that throws', { logger: fails }),
    tried('logger', 'one that never answers', {
      logger: () => new Promise<never>(() => undefined),
    }),
  ],
  'tiers.*': () => [
    tried('tiers', 'one of its own', {
      tiers: { own: { like: 'trial', tierRate: { perSecond: 0.001, burst: 1 } } },
      defaultTier: 'own',
    }),
  ],
  name: () => [tried('name', 'any', { name: 'x'.repeat(1_000) })],
  // The house has a clock of its own; src/testing shows what a given clock does.
  clock: () => [],
  random: () =>
    [0, 1 - 2 ** -53].map((draw) => {
      const random = { ...seededRandom(3), next: () => draw };
      return tried('random', `always ${draw}`, { random });
    }),
  inspect: () => [
    tried('inspect', 'an observer', { inspect: () => undefined }),
    tried('inspect', 'an observer that throws', { inspect: fails }),
  ],
  onError: () => [tried('onError', 'a listener that throws', { onError: fails })],
};

/** Places of policies, with the rules of each and a way to set them. */
const PLACES: Readonly<Record<string, readonly Place[]>> = {
  'policies.defaults': [[rulesOf('defaults', null), (defaults) => ({ policies: { defaults } })]],
  'upstreams.*': [
    [rulesOf('upstream', 'default'), (settings) => ({ upstreams: { default: settings } })],
  ],
  'policies.tiers': [
    [rulesOf('tier', 'crisis'), (crisis) => ({ policies: { tiers: { crisis } } })],
    // Premium is the tier of a crisis that names none.
    [rulesOf('tier', 'premium'), (premium) => ({ policies: { tiers: { premium } } })],
  ],
  'policies.types': [
    [rulesOf('type', CRISIS), (settings) => ({ policies: { types: { [CRISIS]: settings } } })],
  ],
};
type Place = readonly [
  rules: OptionRules,
  options: (settings: PolicySettings) => Partial<RuntimeOptions>,
];

const OPTION_RULES = everyOption(RUNTIME_RULES);
/** Rules of the policies of all places. */
const PLACE_RULES = Object.values(PLACES).flatMap((of) => of.map(([rules]) => rules));

/** Lists options of the runtime without a proof that they stop no crisis, each with what to do. */
export function unknownOptions(
  options = OPTION_RULES,
  policies = everyPolicy(PLACE_RULES),
): readonly string[] {
  const isTried = (name: string): boolean =>
    Object.hasOwn(OWN, name) || Object.hasOwn(PLACES, name) || plainValues(name).length > 0;
  return [
    ...unknownFields(options, policies),
    ...[...OPTION_RULES.keys()]
      .filter((name) => !isTried(name))
      .map((name) => `${name} could hold up a crisis: add a way to try it to OWN or PLACES.`),
  ];
}

/** Lists names above that are no options any more. */
export function goneOptions(): readonly string[] {
  return [
    ...[...Object.keys(OWN), ...Object.keys(PLACES)].filter((name) => !OPTION_RULES.has(name)),
    ...Object.keys(BESIDE).filter((name) => !POLICIES.has(name)),
  ];
}

/** Lists every way to set every option that is no layer of policies. */
export function everyTry(): readonly Try[] {
  const plain = [...OPTION_RULES.keys()]
    .filter((name) => !Object.hasOwn(OWN, name))
    .flatMap((name) => plainValues(name).map((value) => tried(name, value, setAt(name, value))));
  return [...plain, ...Object.values(OWN).flatMap((of) => of())];
}

/** Lists the JSON values of an option; the usual value certainly stops no crisis. */
function plainValues(name: string): readonly unknown[] {
  const field = OPTIONS.get(name) ?? HANDLERS.get(name.replace('handlers.*.', ''));
  return field === undefined || field.isMade ? [] : unusual(field.values);
}

function unusual([least, , ...others]: readonly unknown[]): readonly unknown[] {
  return [least, ...others].filter((value) => value !== undefined);
}

/** Lists every way to set every policy, wherever it may be set. */
export function everyPolicyTry(): readonly PolicyTry[] {
  return [...POLICIES].flatMap(([name, { values, isMade }]) => {
    const [policy = '', part] = name.split('.');
    return unusual(values).map((given): PolicyTry => {
      const value = isMade ? madeStrategy(String(given)) : given;
      const own = { [policy]: part === undefined ? value : { [part]: value } };
      const settings = merged(BESIDE[name]?.(value as Json) ?? {}, own) as PolicySettings;
      return { policy: name, name: `${name}: ${said(value)}`, settings };
    });
  });
}

/** Sets a policy in every layer that may have it, as `setPolicies` takes them. */
export function inAllLayers({ settings }: PolicyTry): PolicyLayers {
  return {
    defaults: settings,
    upstreams: { default: allowed(settings, rulesOf('upstream', 'default')) },
    tiers: {
      crisis: allowed(settings, rulesOf('tier', 'crisis')),
      premium: allowed(settings, rulesOf('tier', 'premium')),
    },
    types: { [CRISIS]: allowed(settings, rulesOf('type', CRISIS)) },
  };
}

/** Sets a policy among the options of a runtime, in each place in turn. */
export function inEachPlace({ name, settings }: PolicyTry): readonly Try[] {
  return Object.entries(PLACES).flatMap(([place, of]) =>
    of.flatMap(([rules, put]): readonly Try[] => {
      const own = allowed(settings, rules);
      if (Object.keys(own).length < Object.keys(settings).length) return [];
      return [{ name: `${place} ${name}`, options: () => put(own) }];
    }),
  );
}

function allowed(settings: PolicySettings, rules: OptionRules): PolicySettings {
  return Object.fromEntries(
    Object.entries(settings).filter(([policy]) => Object.hasOwn(rules, policy)),
  );
}

function tried(name: string, value: unknown, options: Partial<RuntimeOptions>): Try {
  return { name: `${name}: ${said(value)}`, options: () => options };
}

/** Sets one option: `handlers.*` stands for every handler of the house. */
function setAt(name: string, value: unknown): Partial<RuntimeOptions> {
  const [first = '', second, third] = name.split('.');
  if (first === 'handlers' && third !== undefined) return ofHandlers({ [third]: value });
  const inner = third === undefined ? value : { [third]: value };
  return { [first]: second === undefined ? inner : { [second]: inner } };
}

function ofHandlers(fields: object): Partial<RuntimeOptions> {
  return { handlers: { [CRISIS]: fields, 'work.push': fields } } as Partial<RuntimeOptions>;
}

function overLoopback(): Try {
  const tokens = { token: 't'.repeat(32), pagesToken: 'p'.repeat(32) };
  const http = { ...tokens, port: 0, host: '127.0.0.1', hosts: [], origins: [], manySubjects: 1 };
  return tried('crisis.outside', 'HTTP', { crisis: { outside: { http } } });
}

function noFolder(): Partial<RuntimeOptions> {
  return { store: join(tempFolder(), 'there', 'is', 'none'), key: rawKey(Buffer.alloc(32, 7)) };
}

function schemaOf(validate: PayloadSchema['~standard']['validate']): PayloadSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

function fails(): never {
  throw new Error('A defect of the app.');
}

function said(value: unknown): string {
  return typeof value === 'function'
    ? `a function ${value.name}`
    : (JSON.stringify(value) ?? 'left out');
}
