/**
 * docs/policies.md names every policy, with the default that is in force.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PolicyTable } from '../../machines/policy/layers/policyTable.ts';
import { RETRY_CLASSES } from '../../machines/vocabulary/urgency.ts';

const PAGE = readFileSync('docs/policies.md', 'utf8');
/** `| `name` | default | …`. */
const ROW = /^\| `([\w.]+)` \| ([^|]+) \|/gm;

function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  // Thirds are cut as people write them.
  return value < 0.001 ? value.toFixed(5) : String(Math.round(value * 1_000) / 1_000);
}

test('UX-2 policies.md names each policy with its default, and no other', () => {
  const table = new PolicyTable([]);
  const byClass = RETRY_CLASSES.map((tier) => table.explain({ tier }));
  const expected = Object.fromEntries(
    table.explain().map(({ name }): [string, string] => {
      const values = byClass.map((all) => textOf(all.find((each) => each.name === name)?.value));
      return [name, new Set(values).size === 1 ? (values[0] ?? '') : values.join(' / ')];
    }),
  );
  const written = Object.fromEntries(
    [...PAGE.matchAll(ROW)].map(([, name = '', value = '']) => [name, value.trim()]),
  );
  expect(written).toEqual(expected);
});
