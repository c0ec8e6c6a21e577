/**
 * `npm run test:laws -- --runs 1000000 --seed 7`: the laws of merges, run for long. Bundles lawRuns.ts and runs it.
 */

import { spawnSync } from 'node:child_process';
import { build } from 'rolldown';

const file = 'node_modules/.cache/holdfast-laws/lawRuns.js';
await build({ input: 'test/laws/lawRuns.ts', platform: 'node', output: { file, format: 'esm' } });
const { status } = spawnSync(process.execPath, [file, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
