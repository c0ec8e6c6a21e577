/**
 * Management call: switches the breaker of an upstream off until it is released.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { BY, REASON, UPSTREAM } from '../call/params.ts';

export const disableBreaker = runtimeCall<
  {
    readonly upstream: string;
    readonly reason?: string | undefined;
    readonly by?: string | undefined;
  },
  void
>({
  name: 'breaker.disable',
  summary: 'Switches the breaker of an upstream off until it is released.',
  capability: 'operate',
  params: { upstream: UPSTREAM, reason: REASON, by: BY },
  audited: ['upstream', 'reason', 'by'],
  override: ofUpstream('breaker.disable'),
  run(runtime, { upstream, reason, by }) {
    runtime.upstreamOrders(upstream).disable(reason, by);
  },
});
