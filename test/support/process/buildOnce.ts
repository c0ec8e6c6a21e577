/**
 * Vitest's global set-up of what tests start as processes: once a run, and again before each rerun of a watch,
 * translates the sources that changed ({@link builtProgram}), and bundles the package where a source is newer
 * than `dist/cli.js`. Test files then find both made.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { BUILT_MARK, changedSince, translateAll } from './builtProgram.ts';

export function setup(project: TestProject): void {
  makeAll();
  project.onTestsRerun(makeAll);
  process.env[BUILT_MARK] = '1';
}

function makeAll(): void {
  translateAll();
  if (changedSince('dist/cli.js')) {
    execFileSync(process.execPath, ['bundle.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
