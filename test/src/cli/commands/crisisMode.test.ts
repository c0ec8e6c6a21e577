/**
 * `holdfast crisis-mode`: over the control socket of a running process.
 *
 * @module
 */

import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

async function started() {
  const folder = join(tempFolder(), 'store');
  const keyPath = join(tempFolder(), 'holdfast.key');
  await createKeyFile(keyPath);
  const runtime = createRuntime({ store: folder, key: keyFile(keyPath) });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const cli = (verb: string, ...args: readonly string[]) =>
    runCli(['crisis-mode', verb, '--store', folder, ...args]);
  return { runtime, cli };
}

describe('holdfast crisis-mode', () => {
  test('CR-6 UX-1 switches it on, shows it, and needs a second person to end it', async () => {
    const { runtime, cli } = await started();
    expect(await cli('list')).toMatchObject({ exitCode: 0, stdout: 'Crisis mode is off.\n' });
    const its = ['--subject', 'user-42'] as const;
    const entered = await cli(
      'enter',
      ...its,
      '--by',
      'ann:clinician',
      '--reason',
      'called',
      '--for',
      '12h',
    );
    expect(entered.exitCode).toBe(0);
    expect(entered.stdout).toMatch(/^Crisis mode is on for user-42 until \d{4}-.*Z\.\n$/);
    const [mode] = runtime.crisisMode.list();
    expect(mode).toMatchObject({ by: { id: 'ann', role: 'clinician' }, reason: 'called' });
    expect((mode?.endsAtMs ?? 0) - (mode?.sinceAtMs ?? 0)).toBe(12 * 3_600_000);

    const listed = await cli('list', '--json');
    expect(JSON.parse(listed.stdout)).toEqual({ modes: [mode] });
    expect((await cli('list')).stdout).toMatch(/user-42 +ann +clinician .* yes +called/);

    const alone = await cli('leave', ...its, '--by', 'ann:clinician');
    expect([alone.exitCode, alone.stdout]).toEqual([1, '']);
    expect(alone.stderr).toContain('HF_SECOND_PERSON_NEEDED');
    const left = await cli('leave', ...its, '--by', 'ben:clinician', '--json');
    expect(JSON.parse(left.stdout)).toEqual({ wasOn: true, isDurable: true });
    const again = await cli('leave', ...its, '--by', 'ben:clinician');
    expect(again.stdout).toBe('Crisis mode was not on for user-42.\n');
  });

  test('CR-6 UX-2 says for whom, once, and who', async () => {
    const { runtime, cli } = await started();
    const wrong = [
      ['--by', 'ann'],
      ['--by', 'ann', '--subject', 'user-42', '--everybody'],
      ['--everybody', '--by', 'ann'],
      ['--subject', 'user-42'],
      ['--subject', 'user-42', '--by', 'ann', '--for', '25h'],
      ['--subject', 'user-42', '--by', 'ann', '--for', '30'],
      ['--subject', 'user-42', '--by', 'ann '],
    ];
    for (const args of wrong) {
      const { exitCode, stdout, stderr } = await cli('enter', ...args);
      expect([args, exitCode, stdout]).toEqual([args, 2, '']);
      expect(stderr).not.toBe('');
    }
    expect(runtime.crisisMode.list()).toEqual([]);
    const all = await cli('enter', '--everybody', '--by', 'ann:lead', '--json');
    expect(JSON.parse(all.stdout)).toMatchObject({ subject: null, isDurable: true });
    expect(runtime.getHealthStatus().level).toBe('criticalOnly');
  });

  test('CR-6 UX-2 where nobody runs on the store, or there is none, says so', async () => {
    const { runtime, cli } = await started();
    await runtime.close();
    const rest = await cli('list');
    expect([rest.exitCode, rest.stdout]).toEqual([5, '']);
    expect(rest.stderr).toContain('none runs on the store');
    const none = await runCli(['crisis-mode', 'list', '--store', join(tempFolder(), 'none')]);
    expect(none.exitCode).toBe(5);
    expect(none.stderr).toContain('HF_STORE_MISSING');
  });
});
