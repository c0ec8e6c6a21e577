/**
 * Management call: gives the breaker of an upstream back to its own rules.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { BY, UPSTREAM } from '../call/params.ts';

export const releaseBreaker = runtimeCall<
  {
    readonly upstream: string;
    readonly by?: string | undefined;
    /** Whose order it is, where that is somebody else's. */
    readonly of?: string | undefined;
  },
  void
>({
  name: 'breaker.release',
  summary:
    'Lets go of one order, of `by` or of whom `of` names: the breaker of an upstream follows its own rules once none is left.',
  capability: 'operate',
  params: { upstream: UPSTREAM, by: BY, of: BY },
  audited: ['upstream', 'by', 'of'],
  override: ofUpstream('breaker.release'),
  run(runtime, { upstream, by, of }) {
    runtime.upstreamOrders(upstream).release(by, of);
  },
});
