/**
 * Management calls about policies: which are in force, and others in their place.
 *
 * @module
 */

import type { PolicyLayers } from '../../machines/policy/layers/policyLayers.ts';
import type { RetryClass, TierName } from '../../machines/vocabulary/urgency.ts';
import type { PolicyView } from '../views/policyView.ts';
import { runtimeCall } from './managementCall.ts';

export const showPolicies = runtimeCall<
  {
    readonly upstream?: string | undefined;
    readonly tier?: RetryClass | TierName | undefined;
    readonly type?: string | undefined;
  },
  readonly PolicyView[]
>({
  name: 'policies.show',
  summary: 'The policies in force for an upstream, tier and type, each with where it came from.',
  capability: 'view',
  params: { upstream: 'text', tier: 'text', type: 'text' },
  override: null,
  run: (runtime, scope) => runtime.policies(scope),
});

export const setPolicies = runtimeCall<{ readonly layers: PolicyLayers }, void>({
  name: 'policies.set',
  summary: 'Puts these layers of policies in force in place of those before; no state is lost.',
  capability: 'operate',
  params: { layers: { required: 'object' } },
  // Layers may hold functions, and are an app's own words.
  override: { what: 'policies.set', about: () => ({}) },
  run(runtime, { layers }) {
    runtime.setPolicies(layers);
  },
});
