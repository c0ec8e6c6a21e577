/**
 * How the commands name a chart and a version of it.
 *
 * @module
 */

import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { nearestName } from '../../machines/vocabulary/optionFields.ts';

export interface ChartVersion {
  readonly version: string | null;
  readonly hash: string;
}

/** The chart of this id. @throws HoldfastError `HF_OPTION_INVALID`. */
export function chartOf<Chart>(charts: ReadonlyMap<string, Chart>, id: string): Chart {
  const found = charts.get(id);
  if (found !== undefined) return found;
  const near = nearestName(id, [...charts.keys()]);
  const hint =
    near === null ? `They are ${[...charts.keys()].join(', ')}.` : `Did you mean ${near}?`;
  throw new HoldfastError('HF_OPTION_INVALID', `There is no chart ${id}. ${hint}`, {
    field: '--machine',
  });
}

/** Long enough to tell versions apart, short enough for a line. */
const HASH_LENGTH = 12;

export function versionOf({ version, hash }: ChartModel): ChartVersion {
  return { version, hash };
}

/** `version 4, 2b08bec60015`. */
export function versionText(of: ChartVersion | null): string {
  if (of === null) return 'not there';
  return `${of.version === null ? 'no version' : `version ${of.version}`}, ${shortHash(of.hash)}`;
}

/** The beginning of a hash, without its kind. */
export function shortHash(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, HASH_LENGTH);
}
