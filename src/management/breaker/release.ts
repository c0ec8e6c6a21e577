/**
 * Management call: gives the breaker of an upstream back to its own rules.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { BY, UPSTREAM } from '../call/params.ts';

export const releaseBreaker = runtimeCall<
  { readonly upstream: string; readonly by?: string | undefined },
  void
>({
  name: 'breaker.release',
  summary:
    'Lets go of one order: the breaker of an upstream follows its own rules once none is left.',
  capability: 'operate',
  params: { upstream: UPSTREAM, by: BY },
  audited: ['upstream', 'by'],
  override: ofUpstream('breaker.release'),
  run(runtime, { upstream, by }) {
    runtime.upstreamOrders(upstream).release(by);
  },
});
