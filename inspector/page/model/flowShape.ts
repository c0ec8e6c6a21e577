/**
 * The lines of an upstream's flow, as points of a drawing.
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

/** A gap in the samples of this length breaks the line. */
const GAP_MS = 3_500;

export interface FlowShape {
  /** Path of the calls in flight, as areas. */
  readonly area: string;
  /** Path of the slots, as stepped lines. */
  readonly slots: string;
  /** The count at the top of the drawing. */
  readonly top: number;
  readonly least: number;
  readonly most: number;
}

/** Draws samples into a box of `width` by `height`: the newest at the right, two minutes ago at the left. */
export function flowShape(
  samples: readonly FlowSample[],
  width: number,
  height: number,
): FlowShape | null {
  const latest = samples.at(-1);
  if (latest === undefined) return null;
  const counts = samples.map(({ inFlight }) => inFlight);
  const top = Math.max(1, ...counts, ...samples.map(({ slots }) => slots));
  const x = ({ atMs }: FlowSample): number =>
    round(width * (1 - (latest.atMs - atMs) / FLOW_SPAN_MS));
  const y = (count: number): number => round(height - (count / top) * (height - 1));
  const runs = runsOf(samples);
  return {
    area: runs.map((run) => areaOf(run, height, x, y)).join(''),
    slots: runs.map((run) => stepsOf(run, x, y)).join(''),
    top,
    least: Math.min(...counts),
    most: Math.max(...counts),
  };
}

type Place<T> = (of: T) => number;

function areaOf(
  run: readonly FlowSample[],
  height: number,
  x: Place<FlowSample>,
  y: Place<number>,
): string {
  const points = run.map((sample) => `L${x(sample)} ${y(sample.inFlight)}`).join('');
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return '';
  return `M${x(first)} ${height}${points}L${x(last)} ${height}Z`;
}

function stepsOf(run: readonly FlowSample[], x: Place<FlowSample>, y: Place<number>): string {
  return run
    .map((sample, index) =>
      index === 0 ? `M${x(sample)} ${y(sample.slots)}` : `H${x(sample)}V${y(sample.slots)}`,
    )
    .join('');
}

/** The runs of samples between gaps. */
function runsOf(samples: readonly FlowSample[]): readonly (readonly FlowSample[])[] {
  const runs: FlowSample[][] = [];
  let last: FlowSample | undefined;
  for (const sample of samples) {
    if (last === undefined || sample.atMs - last.atMs > GAP_MS) runs.push([]);
    runs.at(-1)?.push(sample);
    last = sample;
  }
  return runs;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
