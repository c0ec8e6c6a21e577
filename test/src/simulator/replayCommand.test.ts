/** `holdfast simulate --replay` runs the file of a failure again, and says what comes of it now. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureText } from '../../../src/simulator/report/failureFile.ts';
import type { Step } from '../../../src/simulator/scene/plan.ts';
import { runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

function fileOf(steps: readonly Step[]): string {
  const path = join(tempFolder(), 'failure.json');
  const setup = { devices: [{ name: 'phone' }], upstreams: [{ name: 'payments' }] };
  const plan = { version: '0.0.1', seed: 5, hours: 1, setup, steps };
  const breaches = ['fallen: Error: The plan has a step of no known kind: no.such'];
  writeFileSync(path, failureText({ plan, breaches, history: [] }));
  return path;
}

test('SM-2 a file that still fails is told as before, with the version that drew it', async () => {
  const path = fileOf([{ atMs: 5, kind: 'no.such', data: {} }]);
  const { exitCode, stdout, stderr } = await runCli(['simulate', '--replay', path]);
  expect(stdout).toContain('FAIL as before');
  expect(stderr).toContain('It was drawn by holdfast 0.0.1');
  expect(exitCode).toBe(1);
});

test('SM-2 a file whose cause is repaired passes', async () => {
  const { exitCode, stdout } = await runCli(['simulate', '--replay', fileOf([])]);
  expect(stdout).toContain('PASS every promise is kept now');
  expect(exitCode).toBe(0);
});

test.each([
  [['--replay', 'no-such.json'], 'there is no file no-such.json'],
  [['--keep'], '--keep goes with --replay <file>'],
])('SM-2 UX-2 simulate %j says what is wrong with that', async (args, said) => {
  const { exitCode, stderr } = await runCli(['simulate', ...args]);
  expect(stderr).toContain(said);
  expect(exitCode).toBe(2);
});
