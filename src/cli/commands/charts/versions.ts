/**
 * How the commands name a version of a chart.
 *
 * @module
 */

import type { ChartModel } from '../../../../inspector/charts/chartData.ts';

export interface ChartVersion {
  readonly version: string | null;
  readonly hash: string;
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
