/**
 * The layers of policies as an app writes them, and their check. Nothing of a set that can't be used is
 * taken: a slip while changing policies of a running process loses nothing.
 *
 * @module
 */

import {
  checkFields,
  isObject,
  type OptionRules,
  refuseRemoved,
  requireKnown,
  requireOption,
} from '../../vocabulary/optionFields.ts';
import {
  NO_OWN_TIERS,
  type OwnTiers,
  RETRY_CLASSES,
  type RetryClass,
  type TierName,
} from '../../vocabulary/urgency.ts';
import { RATE_LIMIT_RULES } from '../flow/tokenRate.ts';
import {
  type DefaultPolicies,
  POLICY_PARTS,
  POLICY_PARTS_REMOVED,
  type PolicyLayer,
  type PolicyName,
  type PolicySettings,
  RATES,
  rulesOf,
  type TierPolicies,
  type TypePolicies,
  type UpstreamPolicies,
} from './policyFields.ts';

/**
 * Policies in layers: `defaults` hold for everything; what an upstream says holds before them, what a
 * tier says before that, and what a type of operation says before all. Whatever no layer says is built in.
 *
 * The type of an operation is most specific because it is what is called: how long one call may take and
 * how often it is worth repeating lies in it. A tier says what was paid for wherever it goes, an upstream
 * what it bears whoever asks.
 *
 * @example
 * const layers: PolicyLayers = {
 *   defaults: { attemptTimeoutMs: 5_000 },
 *   upstreams: { payments: { rate: { perSecond: 50, burst: 10 } } },
 *   tiers: { trial: { subjectRate: { perSecond: 1, burst: 5 } } },
 *   types: { 'report.render': { attemptTimeoutMs: 60_000 } },
 * };
 */
export interface PolicyLayers {
  readonly defaults?: DefaultPolicies | undefined;
  readonly upstreams?: Readonly<Record<string, UpstreamPolicies>> | undefined;
  /** By tier; `crisis` means every crisis, whatever its tier. */
  readonly tiers?: Readonly<Partial<Record<RetryClass | TierName, TierPolicies>>> | undefined;
  readonly types?: Readonly<Record<string, TypePolicies>> | undefined;
}

/** One layer's word about everything, one upstream, one tier or one type. */
export interface PolicyEntry {
  readonly layer: PolicyLayer;
  /** Name of the upstream, tier or type; `null` for the defaults. */
  readonly name: string | null;
  readonly settings: PolicySettings;
  /** Where it was written, for people who read what is in force. */
  readonly path: string;
}

/** Where each layer is written. */
export type LayerPaths = Readonly<Record<PolicyLayer, string>>;

/** Where the layers stand in what is given to `setPolicies`. */
export const LAYER_PATHS: LayerPaths = {
  defaults: 'policies.defaults',
  upstream: 'policies.upstreams',
  tier: 'policies.tiers',
  type: 'policies.types',
};

const LAYER_RULES: OptionRules<PolicyLayers> = {
  defaults: 'object',
  upstreams: 'object',
  tiers: 'object',
  types: 'object',
};

/**
 * The entries of the layers, the widest first, each checked by itself. How entries fit together is
 * checked by the table that is made of them.
 *
 * @param upstreams the names that an upstream can have here
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function entriesOf(
  layers: PolicyLayers,
  upstreams: ReadonlySet<string>,
  isType: (name: string) => boolean,
  ownTiers: OwnTiers = NO_OWN_TIERS,
  paths: LayerPaths = LAYER_PATHS,
): readonly PolicyEntry[] {
  checkFields(layers, LAYER_RULES, 'policies');
  const entries: PolicyEntry[] = [];
  const add = (layer: PolicyLayer, name: string | null, settings: unknown): void => {
    const path = name === null ? paths[layer] : `${paths[layer]}.${name}`;
    checkSettings(settings, layer, name, path);
    entries.push({ layer, name, settings: settings as PolicySettings, path });
  };
  const { defaults, upstreams: ofUpstreams = {}, tiers = {}, types = {} } = layers;
  if (defaults !== undefined) add('defaults', null, defaults);
  for (const [name, settings] of Object.entries(ofUpstreams)) {
    requireKnown(upstreams.has(name), `${paths.upstream}.${name}`, name, () => [...upstreams]);
    add('upstream', name, settings);
  }
  for (const [name, settings] of Object.entries(tiers)) {
    const known = [...RETRY_CLASSES, ...ownTiers.keys()];
    requireKnown(known.includes(name), `${paths.tier}.${name}`, name, () => known);
    add('tier', name, settings);
  }
  for (const [name, settings] of Object.entries(types)) {
    requireOption(isType(name), `${paths.type}.${name}`, 'is no type that a request can name');
    add('type', name, settings);
  }
  return entries;
}

/** The layers that these entries were, whatever options they were written in. */
export function layersOf(entries: readonly PolicyEntry[]): PolicyLayers {
  const layers = {
    defaults: {} as DefaultPolicies,
    upstreams: {} as Record<string, UpstreamPolicies>,
    tiers: {} as Record<string, TierPolicies>,
    types: {} as Record<string, TypePolicies>,
  };
  const named = { upstream: layers.upstreams, tier: layers.tiers, type: layers.types };
  for (const { layer, name, settings } of entries) {
    if (layer === 'defaults') layers.defaults = { ...layers.defaults, ...settings };
    else if (name !== null) named[layer][name] = { ...named[layer][name], ...settings };
  }
  return layers;
}

/**
 * Checks what one layer says, by itself.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function checkParts(settings: PolicySettings, pathOf: (policy: string) => string): void {
  for (const [policy, rules] of Object.entries(POLICY_PARTS)) {
    const parts = settings[policy as PolicyName];
    if (parts === undefined) continue;
    refuseRemoved(parts, POLICY_PARTS_REMOVED[policy as PolicyName] ?? {}, pathOf(policy));
    checkFields(parts, rules, pathOf(policy));
  }
  for (const rate of RATES) {
    const limit = settings[rate];
    if (limit !== undefined && limit !== null) checkFields(limit, RATE_LIMIT_RULES, pathOf(rate));
  }
}

function checkSettings(
  settings: unknown,
  layer: PolicyLayer,
  name: string | null,
  path: string,
): void {
  requireOption(isObject(settings), path, 'must be an object');
  checkFields(settings, rulesOf(layer, name), path);
  checkParts(settings, (policy) => `${path}.${policy}`);
}
