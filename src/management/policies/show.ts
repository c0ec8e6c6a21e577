/**
 * Management call: tells which policies are in force, and where each value came from.
 *
 * @module
 */

import type { RetryClass, TierName } from '../../../machines/vocabulary/urgency.ts';
import type { PolicyView } from '../../views/policyView.ts';
import { runtimeCall } from '../call/managementCall.ts';

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
  audited: null,
  override: null,
  run: (runtime, scope) => runtime.policies(scope),
});
