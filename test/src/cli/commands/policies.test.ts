/**
 * `holdfast policies`: of a running process over its socket, and at rest.
 *
 * @module
 */

import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

interface Printed {
  readonly isRunning: boolean;
  readonly policies: readonly {
    readonly name: string;
    readonly value: unknown;
    readonly from: string;
  }[];
}

function read(stdout: string, name: string) {
  const { isRunning, policies } = JSON.parse(stdout) as Printed;
  const found = policies.find((each) => each.name === name);
  return { isRunning, value: found?.value, from: found?.from };
}

describe('holdfast policies', () => {
  test('UX-1 without a process prints what is built in, and says so', async () => {
    const { exitCode, stdout, stderr } = await runCli(['policies', '--tier', 'trial', '--json']);
    expect(exitCode).toBe(0);
    expect(read(stdout, 'retry.attemptsMax')).toEqual({
      isRunning: false,
      value: 3,
      from: 'built in',
    });
    expect(stderr).toMatch(/no running process was asked/);
    const text = await runCli(['policies']);
    expect(text.stdout).toMatch(/attemptTimeoutMs +10000 +built in/);
  });

  test('UX-2 a folder that is misspelt is told, and nothing is printed for it', async () => {
    const folder = join(tempFolder(), 'mispelt');
    const { exitCode, stdout, stderr } = await runCli(['policies', '--store', folder]);
    expect([exitCode, stdout]).toEqual([5, '']);
    expect(stderr).toContain('HF_STORE_MISSING');
  });

  test('UX-1 asks the process that runs on a store, also after a change', async () => {
    const folder = join(tempFolder(), 'store');
    const keyPath = join(tempFolder(), 'holdfast.key');
    await createKeyFile(keyPath);
    const runtime = createRuntime({
      store: folder,
      key: keyFile(keyPath),
      upstreams: { payments: { concurrency: 7 } },
    });
    onTestFinished(() => runtime.close());
    await runtime.ready;
    const args = ['policies', '--store', folder, '--upstream', 'payments', '--json'];
    const before = await runCli(args);
    expect(read(before.stdout, 'concurrency')).toEqual({
      isRunning: true,
      value: 7,
      from: 'upstreams.payments',
    });
    runtime.setPolicies({ defaults: { concurrency: 9 } });
    const after = await runCli(args);
    expect(read(after.stdout, 'concurrency')).toMatchObject({
      value: 9,
      from: 'policies.defaults',
    });
    const unknown = await runCli([...args.slice(0, -2), 'mail', '--json']);
    expect(unknown.exitCode).not.toBe(0);
    expect(unknown.stderr).toMatch(/HF_UPSTREAM_UNKNOWN|no upstream of that name/);
  });

  test('UX-2 a tier that is none is wrong usage', async () => {
    expect(await runCli(['policies', '--tier', 'gold'])).toMatchObject({ exitCode: 2 });
  });
});
