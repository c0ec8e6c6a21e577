import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLANTS } from '../../../src/drill/plants/list.ts';
import type { DrillReport } from '../../../src/drill/report/drillReport.ts';
import { SCENARIOS } from '../../../src/drill/scenarios/list.ts';
import { runCli, startCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** Few enough for a machine that others use as well: about twenty for each scenario. */
const FEW = ['--short', '--crises', String(20 * SCENARIOS.length), '--json'];

async function drill(...args: string[]) {
  const { exitCode, stdout, stderr } = await runCli(['crisis-drill', ...FEW, ...args]);
  return { exitCode, stderr, report: JSON.parse(stdout) as DrillReport };
}

/** The processes that were started with this folder for temporary files. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}`);
    } catch {
      return false;
    }
  });
}

describe('holdfast crisis-drill', () => {
  test('CR-1 CR-4 drills a real runtime: every fault was there, every crisis was answered and arrived once', async () => {
    const out = tempFolder();
    const { exitCode, stderr, report } = await drill(
      '--judge',
      'deliveries',
      '--only',
      'stalled,store-corrupt,handler-late,loop-blocked',
      '--out',
      out,
    );
    expect(report.faults).toEqual([]);
    expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 0, verdict: 'PASS' });
    const [stalled, corrupt, late, blocked] = report.scenarios;
    const whole = { untaken: 0, missing: 0, doubled: 0 };
    expect(stalled).toMatchObject({ name: 'stalled', ...whole });
    for (const { taken } of report.scenarios) expect(taken).toBeGreaterThan(15);
    expect(corrupt?.evidence).toEqual([
      { isSeen: true, text: 'the start failed with HF_STORE_CORRUPT' },
    ]);
    expect(late).toMatchObject({ leftBehind: expect.any(Number), ...whole });
    expect(late?.leftBehind).toBeGreaterThan(0);
    expect(blocked).toMatchObject(whole);
    expect(stderr).toContain('PASS Upstream stalled');
    expect(readdirSync(out).toSorted()).toEqual([
      'crisis-drill.json',
      'crisis-drill.md',
      'crisis-drill.svg',
    ]);
    const written = JSON.parse(readFileSync(join(out, 'crisis-drill.json'), 'utf8')) as DrillReport;
    expect(written).toEqual(report);
  });

  test('CR-4 control: a delivery that ends as done and never goes out fails it', async () => {
    const { exitCode, report } = await drill('--only', 'store-corrupt', '--plant', 'lost');
    expect({ exitCode, missing: report.missing }).toEqual({ exitCode: 1, missing: 2 });
  });

  test('CR-4 control: a crisis that arrives twice fails it', async () => {
    const { exitCode, report } = await drill('--judge', 'deliveries', '--plant', 'doubled');
    expect({ exitCode, doubled: report.doubled, plant: report.plant }).toEqual({
      ...{ exitCode: 1, doubled: 2, plant: 'doubled' },
    });
  });

  test('CR-1 control: an answer that is held back fails it', async () => {
    const { exitCode, report } = await drill('--plant', 'late');
    expect(exitCode).toBe(1);
    expect(report.late).toBeGreaterThan(0);
    expect(report.faults.join()).toContain('answered after 200 ms or more');
  });

  test('UX-1 lists its scenarios, and refuses a name that it does not know', async () => {
    const { exitCode, stdout } = await runCli(['crisis-drill', '--list']);
    expect(exitCode).toBe(0);
    for (const { name } of SCENARIOS) expect(stdout).toContain(`${name} `);
    for (const { name } of PLANTS) expect(stdout).toContain(`${name} `);
    const unplanted = await runCli(['crisis-drill', '--plant', 'nonsense']);
    expect(unplanted.exitCode).toBe(2);
    expect(unplanted.stderr).toContain('There is no defect nonsense to plant; there are empty');
    const unknown = await runCli(['crisis-drill', '--only', 'idle,nonsense']);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('There is no scenario nonsense');
  });

  test.skipIf(process.platform !== 'linux')(
    'UX-1 Ctrl-C ends it, its processes and its folder',
    async () => {
      const folder = tempFolder();
      const args = ['crisis-drill', '--only', 'stalled', '--crises', '3600'];
      const run = startCli(args, { env: { TMPDIR: folder } });
      while (!run.said().includes('answered'))
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(processesOf(folder).length).toBeGreaterThan(2);
      run.kill('SIGINT');
      expect((await run.result).exitCode).toBe(130);
      while (processesOf(folder).length > 0) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(readdirSync(folder)).toEqual([]);
    },
    60_000,
  );
});
