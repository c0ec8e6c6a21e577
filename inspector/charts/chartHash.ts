/**
 * The hash of a chart: what an approval is of.
 *
 * @module
 */

import { createHash } from 'node:crypto';

/** `sha256:…` of a chart without its hash, whatever the order of its fields. */
export function chartHash(model: object): string {
  const text = JSON.stringify(model, (_, value: unknown) => inOrder(value));
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** An object with its fields in the order of their code units; anything else as it is. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
