/**
 * Management call: puts other policies in force, in a process that runs.
 *
 * @module
 */

import type { PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import { runtimeCall } from '../call/managementCall.ts';

export const setPolicies = runtimeCall<{ readonly layers: PolicyLayers }, void>({
  name: 'policies.set',
  summary: 'Puts these layers of policies in force in place of those before; no state is lost.',
  capability: 'operate',
  params: { layers: { required: 'object' } },
  // Layers may hold functions, and are an app's own words.
  audited: [],
  override: { what: 'policies.set', about: () => ({}) },
  run(runtime, { layers }) {
    runtime.setPolicies(layers);
  },
});
