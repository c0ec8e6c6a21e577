import { describe, expect, test, vi } from 'vitest';
import { HANGS_AFTER_MS } from '../../../support/hangs.ts';
import { runCli, startCli } from '../../../support/process/runCli.ts';

async function demo(...args: string[]) {
  const { exitCode, stdout } = await runCli(['demo', '--conflicts', '--json', ...args]);
  return {
    exitCode,
    ...(JSON.parse(stdout) as { faults: string[]; doubled: string[]; lost: string[] }),
  };
}

describe('holdfast demo --conflicts', () => {
  test('CF-6 CF-7 CF-8 CR-1 passes: one killed, one with an older app, nothing lost or doubled, both equal to the upstream', async () => {
    const { faults, ...result } = await demo();
    // How long an answer takes on a machine that is busy with other tests is for bench/crisisLatency.ts and the drill.
    expect(faults.filter((fault) => !fault.includes('waited'))).toEqual([]);
    expect(result).toMatchObject({
      changes: 9,
      kills: 1,
      lost: [],
      doubled: [],
      risen: [],
      unequal: [],
      questions: { asked: 1, decided: 1 },
    });
  });

  test('CF-6 control: fails where the upstream takes whatever comes', async () => {
    const result = await demo('--plant', 'ignore-versions');
    expect(result).toMatchObject({ exitCode: 1, verdict: 'FAIL' });
    expect(result.lost.length).toBeGreaterThan(0);
  });

  test('OP-2 control: fails where the device that was killed has forgotten its store', async () => {
    const result = await demo('--plant', 'forget-store');
    expect(result).toMatchObject({ exitCode: 1, verdict: 'FAIL' });
    expect(result.lost.length).toBeGreaterThan(0);
  });

  test('CF-6 control: fails where a change is made twice', async () => {
    const result = await demo('--plant', 'edit-twice');
    expect(result).toMatchObject({ exitCode: 1, verdict: 'FAIL' });
    expect(result.doubled.length).toBeGreaterThan(0);
  });

  test('UX-1 Ctrl-C ends it, with its processes', async () => {
    const { said, kill, result } = startCli(['demo', '--conflicts']);
    await vi.waitFor(() => {
      expect(said()).toContain('are offline now');
    }, HANGS_AFTER_MS);
    kill('SIGINT');
    const { exitCode, stderr } = await result;
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 130,
      stderr: expect.stringContaining('stopping'),
    });
  });

  test.each([
    [['--operations', '5'], "option '--conflicts' cannot be used with option '--operations <n>'"],
    [['--plant', 'double-apply'], 'double-apply is a defect for the demo without --conflicts'],
  ])('UX-1 %j is refused', async (args, message) => {
    const { exitCode, stderr } = await runCli(['demo', '--conflicts', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
