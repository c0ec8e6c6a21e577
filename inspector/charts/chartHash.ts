/**
 * The hashes of a chart: one that approvals hold for, and one that test results hold for.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { ChartModel } from './chartData.ts';

/** Fields for readers, which no test depends on; and the hash itself. */
const WORDS = new Set([
  'hash',
  'purpose',
  'description',
  'lasts',
  'means',
  'requirements',
  'usualPath',
]);

/** `sha256:…` of a chart without its hash, whatever the order of its fields. */
export function chartHash(model: object): string {
  const text = JSON.stringify(model, (_, value: unknown) => inOrder(value));
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** `sha256:…` of what a chart does, without its words: mending a sentence makes no test run stale. */
export function testedHash(chart: ChartModel): string {
  const text = JSON.stringify(chart, (key, value: unknown) => (WORDS.has(key) ? undefined : value));
  return chartHash(JSON.parse(text) as object);
}

/** An object with its fields in the order of their code units; anything else as it is. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
