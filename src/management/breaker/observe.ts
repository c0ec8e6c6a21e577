/**
 * Management call: lets the breaker of an upstream only tell of what it would do, until it is released.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { BY, REASON, UPSTREAM } from '../call/params.ts';

export const observeBreaker = runtimeCall<
  {
    readonly upstream: string;
    readonly reason?: string | undefined;
    readonly by?: string | undefined;
  },
  void
>({
  name: 'breaker.observe',
  summary: 'Lets every call out to an upstream, and only tells of what would open its breaker.',
  capability: 'operate',
  params: { upstream: UPSTREAM, reason: REASON, by: BY },
  audited: ['upstream', 'reason', 'by'],
  override: ofUpstream('breaker.observe'),
  run(runtime, { upstream, reason, by }) {
    runtime.upstreamOrders(upstream).observe(reason, by);
  },
});
