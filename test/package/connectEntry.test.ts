/**
 * What a process loads that only connects to a store (of the last build).
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const IMPORT = /(?:^|\n)(?:import|export)\s*(?:[^;'"]*?from\s*)?["']([^"']+)["']/g;

/** The packages that a file of the package loads at once, and how many characters of ours. */
function loadedBy(entry: string): { readonly packages: Set<string>; readonly size: number } {
  const packages = new Set<string>();
  const files = new Map<string, string>();
  const load = (file: string): void => {
    if (files.has(file)) return;
    const text = readFileSync(join('dist', file), 'utf8');
    files.set(file, text);
    for (const [, from = ''] of text.matchAll(IMPORT)) {
      if (from.startsWith('./')) load(from);
      else if (!from.startsWith('node:')) packages.add(from);
    }
  };
  load(entry);
  return { packages, size: [...files.values()].join('').length };
}

test('SC-4 who only connects loads neither the engine nor the database', () => {
  const { packages, size } = loadedBy('connect.js');
  expect([...packages]).toEqual([]);
  expect(size).toBeLessThan(loadedBy('index.js').size / 4);
});

test('SC-4 control: the whole library loads XState', () => {
  expect([...loadedBy('index.js').packages]).toContain('xstate');
});

test('SC-4 UX-1 the types of the entry are those of the whole, by the names that it exports', async () => {
  const types = readFileSync('dist/connect.d.ts', 'utf8');
  expect(types).toContain("export { connect } from './holdfast.js'");
  const entry = (await import('../../src/connectEntry.ts')) as object;
  const whole = (await import('../../src/index.ts')) as object;
  for (const name of Object.keys(entry)) {
    expect(types).toContain(name);
    expect(whole).toHaveProperty(name);
  }
});
