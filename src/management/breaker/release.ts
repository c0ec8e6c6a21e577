/**
 * Management call: gives the breaker of an upstream back to its own rules.
 *
 * @module
 */

import { runtimeCall } from '../call/managementCall.ts';
import { ofUpstream } from '../call/overrides.ts';
import { UPSTREAM } from '../call/params.ts';

export const releaseBreaker = runtimeCall<{ readonly upstream: string }, void>({
  name: 'breaker.release',
  summary: 'Gives the breaker of an upstream back to its own rules.',
  capability: 'operate',
  params: { upstream: UPSTREAM },
  audited: ['upstream'],
  override: ofUpstream('breaker.release'),
  run(runtime, { upstream }) {
    runtime.upstreamOrders(upstream).release();
  },
});
