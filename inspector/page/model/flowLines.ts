/**
 * The flow of each upstream over time: calls in flight and slots, sampled about once a
 * second for two minutes, across restarts of the process.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';

/** How far back samples are kept. */
export const FLOW_SPAN_MS = 120_000;
/** Samples of one upstream at most, whatever the rate. */
const SAMPLES_MAX = 240;

export interface FlowSample {
  readonly atMs: number;
  readonly inFlight: number;
  readonly slots: number;
}

/** Samples by the name of the upstream, the oldest first. */
export type FlowLines = Readonly<Record<string, readonly FlowSample[]>>;

export const NO_FLOW: FlowLines = {};

/** The lines with the samples of an overview; upstreams that are gone are forgotten. */
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
