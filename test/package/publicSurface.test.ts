/**
 * Control of `npm run api`: the report of the public surface tells when a type changes.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const EXTRACTOR = 'node_modules/@microsoft/api-extractor/bin/api-extractor';

/** Compares the types of the last build with the report in `folder`, or writes that: the exit status. */
function extract(folder: string, ...flags: readonly string[]): number {
  const config = join(folder, 'api-extractor.json');
  const changed = { reportFolder: resolve(folder), reportTempFolder: resolve(folder, 'now') };
  const own = { extends: resolve('api-extractor.json'), projectFolder: resolve('.') };
  writeFileSync(config, JSON.stringify({ ...own, apiReport: { enabled: true, ...changed } }));
  try {
    execFileSync(process.execPath, [EXTRACTOR, 'run', '-c', config, ...flags], { stdio: 'ignore' });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

test('UX-1 control: a field that changed its type is noticed (in the last build)', () => {
  mkdirSync('node_modules/.cache', { recursive: true });
  // Inside the project, whose package.json the program looks for from its configuration upwards.
  const folder = mkdtempSync('node_modules/.cache/holdfast-api-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(extract(folder, '--local')).toBe(0);

  const path = join(folder, 'holdfast.api.md');
  const report = readFileSync(path, 'utf8');
  const field = 'readonly idempotencyKey: string;';
  expect(report).toContain(field);
  writeFileSync(path, report.replace(field, 'readonly idempotencyKey: number;'));
  expect(extract(folder)).toBe(1);
});
