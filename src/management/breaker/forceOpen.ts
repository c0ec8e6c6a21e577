/**
 * Management call: keeps the breaker of an upstream open until it is released.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { BY, REASON, UPSTREAM } from '../call/params.ts';

export const forceBreakerOpen = runtimeCall<
  { readonly upstream: string; readonly reason: string; readonly by?: string | undefined },
  void
>({
  name: 'breaker.forceOpen',
  summary: 'Keeps the breaker of an upstream open until it is released.',
  capability: 'operate',
  params: { upstream: UPSTREAM, reason: { required: REASON }, by: BY },
  audited: ['upstream', 'reason', 'by'],
  override: ofUpstream('breaker.forceOpen'),
  run(runtime, { upstream, reason, by }) {
    runtime.upstreamOrders(upstream).forceOpen(reason, by);
  },
});
