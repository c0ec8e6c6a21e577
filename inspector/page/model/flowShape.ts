/**
 * The lines of an upstream's flow, as points of a drawing.
 *
 * @module
 */

import { type FlowSample, SAMPLES_MAX } from './flowLines.ts';

export interface FlowShape {
  /** What was in flight: an area from the ground up. */
  readonly area: string;
  /** The slots: a line of steps. */
  readonly slots: string;
  readonly least: number;
  readonly most: number;
}

/** The newest sample stands at the right, in a box of `width` by `height`; none of two minutes ago at the left. */
export function flowShape(
  samples: readonly FlowSample[],
  width: number,
  height: number,
): FlowShape | null {
  const first = samples[0];
  if (first === undefined) return null;
  const top = Math.max(1, ...samples.map(({ inFlight, slots }) => Math.max(inFlight, slots)));
  const xOf = (index: number): number =>
    round(width - ((samples.length - 1 - index) * width) / (SAMPLES_MAX - 1));
  const yOf = (count: number): number => round(height - (count / top) * (height - 1));
  const inFlight = samples.map((sample) => sample.inFlight);
  const line = inFlight.map((count, index) => `${xOf(index)} ${yOf(count)}`).join('L');
  const slots = samples
    .map(
      (sample, index) =>
        `${index === 0 ? 'M' : `H${xOf(index)}V`}${index === 0 ? `${xOf(0)} ${yOf(sample.slots)}` : yOf(sample.slots)}`,
    )
    .join('');
  return {
    area: `M${xOf(0)} ${height}L${line}V${height}Z`,
    slots,
    least: Math.min(...inFlight),
    most: Math.max(...inFlight),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
