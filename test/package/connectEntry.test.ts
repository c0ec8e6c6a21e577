/**
 * What a process loads that only connects to a store (of the last build).
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const IMPORT = /(?:^|\n)(?:import|export)\s*(?:[^;'"]*?from\s*)?["']([^"']+)["']/g;

/** The packages that a file of the package loads at once, and what of ours. */
function loadedBy(entry: string): {
  readonly packages: Set<string>;
  readonly size: number;
  readonly text: string;
} {
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
  const text = [...files.values()].join('');
  return { packages, size: text.length, text };
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

/** What only the rules of a crisis plan name. */
const OF_CRISIS_PLAN = 'safeSurroundings';

test('CF-2 UX-1 no rules of clinical entities are loaded by an import, but by that of holdfast/merge', () => {
  expect(loadedBy('index.js').text).not.toContain(OF_CRISIS_PLAN);
  expect(loadedBy('connect.js').text).not.toContain(OF_CRISIS_PLAN);
  expect(loadedBy('merge.js').text).toContain(OF_CRISIS_PLAN);
});

const BEFORE_START = `
  import { createRuntime } from './dist/index.js';
  const run = () => null;
  const plans = { upstream: 'default', run, conflicts: { fetchCurrent: run } };
  const runtime = createRuntime({ store: ':memory:', handlers: { 'plans.put': plans } });
  const request = { type: 'plans.put', subject: 'user-42', tier: 'basic', payload: 'text' };
  const put = (type) => runtime.sync({ ...request, entity: { type, id: 'p-1' } });
  const said = await Promise.allSettled([put('crisis_plan'), put('note')]);
  console.log(JSON.stringify(said.map(({ status, reason }) => reason?.code ?? status)));
  await runtime.close();
`;

test('CF-2 the rules of a crisis plan are in force without an import, before the start too', () => {
  const given = ['--input-type=module', '-e', BEFORE_START];
  const said = execFileSync(process.execPath, given, { encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual(['HF_REQUEST_INVALID', 'fulfilled']);
});
