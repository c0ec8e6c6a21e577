import { existsSync, rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../support/process/runCli.ts';

/** The last line on stdout, and the exit code. */
async function demo(...args: string[]) {
  const { exitCode, stdout } = await runCli(['demo', '--operations', '60', '--json', ...args]);
  return { exitCode, ...(JSON.parse(stdout) as { faults: string[]; duplicated: number }) };
}

describe('holdfast demo', () => {
  test('SV-3 OP-2 CR-1 passes: killed twice, nothing lost, nothing twice, every crisis answered', async () => {
    expect(await demo('--kills', '2')).toMatchObject({
      exitCode: 0,
      verdict: 'PASS',
      faults: [],
      accepted: 60,
      kills: 2,
      lost: 0,
      duplicated: 0,
    });
  });

  test('OP-3 control: fails when the upstream applies twice', async () => {
    const result = await demo('--kills', '0', '--plant', 'double-apply');
    expect(result).toMatchObject({ exitCode: 1, verdict: 'FAIL', lost: 0 });
    expect(result.duplicated).toBeGreaterThan(0);
  });

  test('OP-2 control: fails when an operation is reported done and was not run', async () => {
    const result = await demo('--kills', '0', '--plant', 'false-success');
    expect(result).toMatchObject({ exitCode: 1, verdict: 'FAIL', lost: 1 });
  });

  test('UX-1 leaves nothing behind, and with --keep says where it lies', async () => {
    const args = ['demo', '--operations', '20', '--kills', '0'];
    const { exitCode, stdout, stderr } = await runCli([...args, '--keep']);
    expect({ exitCode, verdict: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      exitCode: 0,
      verdict: expect.stringMatching(/^PASS {2}20 operations/),
    });
    const [, folder = ''] = /Kept (\S+)/.exec(stderr) ?? [];
    expect(existsSync(`${folder}/store`)).toBe(true);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const listed = await runCli([
      'operations',
      '--store',
      `${folder}/store`,
      '--key-file',
      `${folder}/holdfast.key`,
      '--state',
      'deadLettered',
    ]);
    expect(listed.exitCode).toBe(0);
  });
});
