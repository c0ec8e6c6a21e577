/**
 * What many measured times come to.
 *
 * @module
 */

/** Bins of the chart: so many for each power of ten, from {@link BINS_FROM_MS} on. */
export const BINS_PER_DECADE = 10;
/** The lower end of the first bin; what is less is in it. */
export const BINS_FROM_MS = 0.01;
const DECADES = 8;

/** Times in milliseconds, summed up. */
export interface Figures {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p9999Ms: number;
  readonly maxMs: number;
  /** How many lie in each bin of a logarithmic scale; those behind the last are left out. */
  readonly bins: readonly number[];
}

/** The least value that at least `share` of the sorted values do not exceed; 0 where there is none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.ceil(sorted.length * share) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, at))] ?? 0;
}

export function figuresOf(times: Iterable<number>): Figures {
  const sorted = Float64Array.from(times).toSorted();
  const bins = new Array<number>(DECADES * BINS_PER_DECADE).fill(0);
  for (const ms of sorted) {
    const bin = binOf(ms);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  while (bins.length > 0 && bins.at(-1) === 0) bins.pop();
  return {
    count: sorted.length,
    p50Ms: round(quantile(sorted, 0.5)),
    p99Ms: round(quantile(sorted, 0.99)),
    p9999Ms: round(quantile(sorted, 0.9999)),
    maxMs: round(sorted.at(-1) ?? 0),
    bins,
  };
}

function binOf(ms: number): number {
  const bin = Math.floor(Math.log10(Math.max(ms, BINS_FROM_MS) / BINS_FROM_MS) * BINS_PER_DECADE);
  return Math.min(DECADES * BINS_PER_DECADE - 1, bin);
}

/** To a hundredth of a millisecond, which is less than what a clock and a schedule are good for. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
