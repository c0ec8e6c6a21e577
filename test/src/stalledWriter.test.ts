/**
 * A real process whose writer thread stands still, and a heap that the flood would fill.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { builtProgram } from '../support/process/builtProgram.ts';
import { faultEnvironment } from '../support/store/plantedFaults.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PROGRAM = fileURLToPath(new URL('stalledWriterProgram.mjs', import.meta.url));
const MIB = 1_048_576;

/** Some 100 MB of requests and 160 MB of crises against a heap of 112 MiB. */
function flood(unwrittenBytesMax: number) {
  const dist = builtProgram();
  const fault = faultEnvironment('store.beforeCommit:8:stall:3600000', dist);
  const store = join(tempFolder(), 'store');
  return spawnSync(
    process.execPath,
    ['--max-old-space-size=112', PROGRAM, dist, store, String(unwrittenBytesMax)],
    { encoding: 'utf8', env: { ...process.env, ...fault } },
  );
}

test('OP-6 PS-6 CR-4 a flood does not fill the memory while the writer stands still; crises are delivered', () => {
  const { status, stdout, stderr } = flood(16 * MIB);
  expect([status, stderr]).toEqual([0, '']);
  const { told, delivered, unkept } = JSON.parse(stdout) as {
    readonly told: Readonly<Record<string, number>>;
    readonly delivered: number;
    readonly unkept: number;
  };
  expect(told['HF_STORE_HANGING']).toBeGreaterThan(300);
  expect(new Set(Object.keys(told))).toEqual(new Set(['HF_STORE_HANGING', 'HF_STORE_STALLED']));
  expect(delivered).toBe(800);
  expect(unkept).toBeGreaterThan(600);
});

test('OP-6 control: without the bound the same flood ends the process', () => {
  const { status, signal, stdout } = flood(1_024 * 1_024 * MIB);
  expect(stdout).toBe('');
  expect(status === 0 && signal === null).toBe(false);
});
