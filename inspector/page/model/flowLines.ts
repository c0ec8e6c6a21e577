/**
 * The flow of each upstream as it breathes: what was in flight, and how many might have been, about once a
 * second for two minutes, over processes that come and go.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';

/** So far back it is remembered. */
export const FLOW_SPAN_MS = 120_000;
/** As many at most, however often somebody tells. */
const SAMPLES_MAX = 240;

export interface FlowSample {
  readonly atMs: number;
  readonly inFlight: number;
  readonly slots: number;
}

/** By the name of the upstream, oldest first. */
export type FlowLines = Readonly<Record<string, readonly FlowSample[]>>;

export const NO_FLOW: FlowLines = {};

/** With what an overview says added; an upstream that is gone is forgotten. */
export function withSamples(
  lines: FlowLines,
  atMs: number,
  upstreams: readonly UpstreamOverview[],
): FlowLines {
  return Object.fromEntries(
    upstreams.map(({ name, inFlight, slots }) => {
      const before = (lines[name] ?? []).filter(
        (sample) => sample.atMs < atMs && sample.atMs >= atMs - FLOW_SPAN_MS,
      );
      return [name, [...before.slice(1 - SAMPLES_MAX), { atMs, inFlight, slots }]];
    }),
  );
}
