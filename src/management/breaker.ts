/**
 * Management calls about the breaker of an upstream: kept open, switched off, observed, released.
 *
 * @module
 */

import { BY, ofUpstream, REASON, runtimeCall, UPSTREAM } from './managementCall.ts';

export const forceBreakerOpen = runtimeCall<
  { readonly upstream: string; readonly reason: string; readonly by?: string | undefined },
  void
>({
  name: 'breaker.forceOpen',
  summary: 'Keeps the breaker of an upstream open until it is released.',
  capability: 'operate',
  params: { upstream: UPSTREAM, reason: { required: REASON }, by: BY },
  override: ofUpstream('breaker.forceOpen'),
  shown: { params: ['upstream', 'reason', 'by'], answer: 'nothing' },
  run(runtime, { upstream, reason, by }) {
    runtime.upstreamOrders(upstream).forceOpen(reason, by);
  },
});

export const disableBreaker = holdCall(
  'disable',
  'Switches the breaker of an upstream off until it is released.',
);

export const observeBreaker = holdCall(
  'observe',
  'Lets every call out to an upstream, and only reports what would open its breaker.',
);

/** An order for the breaker that needs no reason. */
function holdCall(order: 'disable' | 'observe', summary: string) {
  return runtimeCall<
    {
      readonly upstream: string;
      readonly reason?: string | undefined;
      readonly by?: string | undefined;
    },
    void
  >({
    name: `breaker.${order}`,
    summary,
    capability: 'operate',
    params: { upstream: UPSTREAM, reason: REASON, by: BY },
    override: ofUpstream(`breaker.${order}`),
    shown: { params: ['upstream', 'reason', 'by'], answer: 'nothing' },
    run(runtime, { upstream, reason, by }) {
      runtime.upstreamOrders(upstream)[order](reason, by);
    },
  });
}

export const releaseBreaker = runtimeCall<
  {
    readonly upstream: string;
    readonly by?: string | undefined;
    /** The id under which the order was given, if not `by`. */
    readonly of?: string | undefined;
  },
  void
>({
  name: 'breaker.release',
  summary:
    'Releases one order, of `by` or of the person that `of` names: the breaker of an upstream follows its own rules once none is left.',
  capability: 'operate',
  params: { upstream: UPSTREAM, by: BY, of: BY },
  override: ofUpstream('breaker.release'),
  shown: { params: ['upstream', 'by', 'of'], answer: 'nothing' },
  run(runtime, { upstream, by, of }) {
    runtime.upstreamOrders(upstream).release(by, of);
  },
});
