/** `holdfast simulate` as people run it, in threads of the built package. */

import { describe, expect, test } from 'vitest';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

interface Printed {
  readonly verdict: string;
  readonly firstSeed: number;
  readonly runs: number;
  readonly runsTwice: number;
  readonly failures: readonly object[];
  readonly neverSeen: readonly string[];
}

describe('holdfast simulate', () => {
  test('SM-1 runs seeds, each twice, and prints what they came to', async () => {
    const { exitCode, stdout, stderr } = await runCli([
      ...['simulate', '--seed', '7', '--runs', '2', '--hours', '1', '--twice', '--json'],
      ...['--out', tempFolder()],
    ]);
    const printed = JSON.parse(stdout) as Printed;
    expect({ ...printed, exitCode }, stderr).toMatchObject({
      ...{ exitCode: 0, verdict: 'PASS', firstSeed: 7, runs: 2, runsTwice: 2, failures: [] },
      // Too few days to be called weak.
      isTooWeak: false,
    });
    expect(printed.neverSeen).toContain('a store is copied');
  });

  test('UX-1 a number that can not be is refused', async () => {
    const { exitCode, stderr } = await runCli(['simulate', '--hours', '0']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Give a whole number from 1 to 10000.');
  });
});
