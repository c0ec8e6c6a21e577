/**
 * What all of a process shares below holdfast: the four threads of libuv's pool, on which names are looked up,
 * files are read and answers are unpacked. Real threads that hang, in a process of their own.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { builtProgram } from '../support/process/builtProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PROGRAM = fileURLToPath(new URL('crisisThreadsProgram.mjs', import.meta.url));
const WITHIN_MS = HANGS_AFTER_MS;

function arrivedWhere(occupiedBy: string, ...planted: readonly string[]): object {
  const args = [PROGRAM, builtProgram(), tempFolder(), occupiedBy, ...planted];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as object;
}

const ALL_IN_TIME = { areDurable: true, isCompleted: true, arrived: ['/crisis/alert', '/pager'] };

describe.skipIf(process.platform === 'win32')(
  'CR-2 CR-5 a crisis and the notice of another',
  () => {
    test('pass by 200 operations to names whose look-up hangs', { timeout: WITHIN_MS }, () => {
      expect(arrivedWhere('ordinary work')).toEqual({ ...ALL_IN_TIME, isFull: false });
    });

    test('pass by a pool that the app occupies as a whole', { timeout: WITHIN_MS }, () => {
      expect(arrivedWhere('the app')).toEqual({ ...ALL_IN_TIME, isFull: true });
    });

    test('control: with the look-ups of Node they reach nobody', { timeout: WITHIN_MS }, () => {
      const stuck = { isFull: true, isCompleted: false, arrived: [] };
      expect(arrivedWhere('ordinary work', 'without own look-ups')).toMatchObject(stuck);
    });
  },
);
