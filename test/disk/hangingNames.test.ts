/**
 * Names whose look-up hangs for real, in the system's own function. It stands with failing disks since it needs a C compiler,
 * too; the same without one: test/src/crisisThreads.test.ts.
 *
 * @module
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { builtProgram } from '../support/process/builtProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';
import { whyNoFaults } from './diskFaults.ts';

const missing = whyNoFaults();
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function whatBecameOfIt(...lookUpsOfNode: readonly string[]): string {
  const library = join(tempFolder(), 'names.so');
  execFileSync('cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-Wall',
    '-o',
    library,
    fileOf('names.c'),
    '-ldl',
  ]);
  const parameters = [fileOf('hangingNamesProgram.mjs'), builtProgram(), ...lookUpsOfNode];
  const { stdout, stderr } = spawnSync(process.execPath, parameters, {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: library },
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  expect(stderr).toBe('');
  return stdout;
}

describe.skipIf(missing !== null)(
  `CR-2 200 operations to names whose look-up hangs${missing === null ? '' : ` (${missing})`}`,
  () => {
    test('leave one of the two threads of look-ups to a crisis whose name was never looked up', () => {
      expect(whatBecameOfIt()).toBe('completed');
    });

    test('control: with the look-ups of Node they leave none', () => {
      expect(whatBecameOfIt('look-ups of Node')).toBe('not delivered');
    });
  },
);
