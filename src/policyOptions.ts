/**
 * The policies among the options of `createRuntime`: the layers, and the options that are short ways to
 * one of them.
 *
 * @module
 */

import type { PolicySettings } from '../machines/policy/layers/policyFields.ts';
import {
  checkParts,
  entriesOf,
  type LayerPaths,
  type PolicyEntry,
  type PolicyLayers,
} from '../machines/policy/layers/policyLayers.ts';
import { isTypeName } from '../machines/policy/request/request.ts';
import type { RetryPolicy } from '../machines/policy/retry/retryPolicy.ts';
import type { DegradationPolicy } from '../machines/policy/service/degradationPolicy.ts';
import { checkOption, requireOption } from '../machines/vocabulary/optionFields.ts';
import { milliseconds } from '../machines/vocabulary/optionRules.ts';
import type { RetryClass, Tier } from '../machines/vocabulary/urgency.ts';

/** The options of `createRuntime` that are about policies. */
export interface PolicyLayersGiven {
  readonly policies?: Omit<PolicyLayers, 'upstreams'> | undefined;
  readonly upstreams?: PolicyLayers['upstreams'];
  readonly retry?: Readonly<Partial<Record<RetryClass, Partial<RetryPolicy>>>> | undefined;
  readonly degradation?: Partial<DegradationPolicy> | undefined;
  readonly responseDeadlineMs?: Readonly<Partial<Record<Tier, number>>> | undefined;
}

/** Where the layers stand in the options. */
const OPTION_PATHS: LayerPaths = {
  defaults: 'policies.defaults',
  upstream: 'upstreams',
  tier: 'policies.tiers',
  type: 'policies.types',
};

/**
 * What the options say of policies, as entries of a policy table.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field, also where one policy is set in both ways.
 */
export function policyEntries(
  options: PolicyLayersGiven,
  upstreams: ReadonlySet<string>,
): readonly PolicyEntry[] {
  const layers: PolicyLayers = { ...options.policies, upstreams: options.upstreams };
  const entries = [...entriesOf(layers, upstreams, isTypeName, OPTION_PATHS)];
  const add = (entry: Omit<PolicyEntry, 'path'> & { readonly ownPath: string }): void => {
    const [policy] = Object.keys(entry.settings) as (keyof PolicySettings)[];
    const twin = entries.find(
      ({ layer, name, settings }) =>
        layer === entry.layer && name === entry.name && policy && settings[policy] !== undefined,
    );
    const rule = `is set as ${twin?.path ?? ''}.${policy ?? ''} too; set it in one place`;
    requireOption(twin === undefined, entry.ownPath, rule);
    checkParts(entry.settings, () => entry.ownPath);
    entries.push({ ...entry, path: entry.ownPath });
  };
  for (const [name, retry] of Object.entries(options.retry ?? {})) {
    if (retry !== undefined) {
      add({ layer: 'tier', name, settings: { retry }, ownPath: `retry.${name}` });
    }
  }
  for (const [name, responseDeadlineMs] of Object.entries(options.responseDeadlineMs ?? {})) {
    const ownPath = `responseDeadlineMs.${name}`;
    checkOption(responseDeadlineMs, milliseconds(1), ownPath);
    if (responseDeadlineMs !== undefined) {
      add({ layer: 'tier', name, settings: { responseDeadlineMs }, ownPath });
    }
  }
  const { degradation } = options;
  if (degradation !== undefined) {
    add({ layer: 'defaults', name: null, settings: { degradation }, ownPath: 'degradation' });
  }
  return entries;
}
