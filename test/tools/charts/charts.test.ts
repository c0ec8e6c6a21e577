/**
 * `holdfast charts` in a git clone made for it.
 *
 * @module
 */

import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { actionName } from '../../../inspector/charts/chartData.ts';
import { allStates, allTransitions } from '../../../inspector/charts/transitions.ts';
import { machines } from '../../../machines/index.ts';
import { chartClone } from '../../support/charts/chartClone.ts';
import { PROGRAM, runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const WHO = ['--name', 'A. Moreau', '--role', 'clinical lead', '--date', '2026-11-27'] as const;

describe('holdfast charts', () => {
  test('OB-4 UX-1 diff says what changed since a commit, or that nothing did', async () => {
    const { cli, change, commit, first, folder } = chartClone();
    const same = await cli('charts', 'diff', '--exit-code');
    expect(same.exitCode).toBe(0);
    expect(same.stdout).toMatch(
      /^Nothing changed of any chart between HEAD \(\w{10}\) and the files as they are\.\n$/,
    );

    change('crisis', '() => false');
    rmSync(join(folder, 'scheduler.json'));
    const changed = await cli('charts', 'diff');
    expect(changed.exitCode).toBe(0);
    expect(changed.stdout).toMatch(/\n\ncrisis: version 1, \w{12} -> version 1, \w{12}\n/);
    expect(changed.stdout).toContain(
      '~ The rule of guard isAnything changed. It is any. Its sentence did not change: is it still true?\n      was: () => true\n      is : () => false',
    );
    expect(changed.stdout).toMatch(/scheduler: .* -> not there\n {2}- The chart is gone: /);
    expect((await cli('charts', 'diff', '--exit-code')).exitCode).toBe(3);

    const alone = await cli('charts', 'diff', '--machine', 'crisis');
    expect(alone.stdout).toContain('The rule of guard isAnything');
    expect(alone.stdout).not.toContain('scheduler');
    const other = await cli('charts', 'diff', '--exit-code', '--machine', 'conflict');
    expect(other.exitCode).toBe(0);
    expect(other.stdout).toMatch(/^Nothing changed of conflict between /);
    expect((await cli('charts', 'diff', '--machine', 'crisi')).stderr).toContain('mean crisis?');

    commit('another rule');
    expect(JSON.parse((await cli('charts', 'diff', first, 'HEAD', '--json')).stdout)).toMatchObject(
      {
        charts: [
          {
            machine: 'crisis',
            changes: [
              { about: 'rule', what: 'changed', before: '() => true', after: '() => false' },
            ],
          },
          { machine: 'scheduler', after: null, changes: [{ what: 'removed' }] },
        ],
      },
    );
  });

  test('OB-4 UX-1 diff refuses what is no commit, and one from before charts were data', async () => {
    const { cli } = chartClone();
    for (const [rev, says] of [
      ['nope', 'git knows no commit nope here.'],
      ['HEAD~1', 'HEAD~1 has no docs/machines/*.json: it is from before charts were kept as data'],
      ['--upload-pack=x', "unknown option '--upload-pack=x'"],
    ] as const) {
      const refused = await cli('charts', 'diff', rev);
      expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toContain(says);
    }
  });

  test('OB-4 an approval holds until the chart or a rule of it changes', async () => {
    const { cli, change, commit, first, folder } = chartClone();
    expect((await cli('charts', 'status')).stdout).toMatch(/^never {5}circuitBreaker /m);
    const approved = await cli('charts', 'approve', '--all', ...WHO, '--note', 'release 0.2');
    expect(approved.exitCode).toBe(0);
    expect(approved.stdout).toContain('A. Moreau (clinical lead) approves, as of 2026-11-27:');
    expect(await cli('charts', 'status', '--exit-code')).toMatchObject({ exitCode: 0 });
    const kept = readFileSync(join(folder, 'approvals.json'), 'utf8');
    expect(JSON.parse(kept)).toMatchObject({ format: 1, approvals: { length: machines.length } });
    // The same again is the same file.
    await cli('charts', 'approve', '--machine', 'crisis', ...WHO, '--note', 'release 0.2');
    expect(readFileSync(join(folder, 'approvals.json'), 'utf8')).toBe(kept);

    change('crisis', '() => false');
    commit('another rule');
    const { stdout, exitCode } = await cli('charts', 'status', '--exit-code');
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /^void {6}crisis \(version 1, \w{12}\)\n +by A\. Moreau, clinical lead, 2026-11-27: release 0\.2\n/m,
    );
    expect(stdout).toContain(`what changed: holdfast charts diff ${first} --machine crisis`);
    expect(stdout.match(/^approved/gm)).toHaveLength(machines.length - 1);
    // The control: with the rule as it was, the approval holds again.
    change('crisis', '() => true');
    expect(await cli('charts', 'status', '--exit-code')).toMatchObject({ exitCode: 0 });
  });

  test('OB-4 UX-1 approve refuses what it can not stand for', async () => {
    const { cli, folder } = chartClone();
    const path = join(folder, 'crisis.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('() => true', '() => false'));
    for (const [args, says] of [
      [['--machine', 'crisis'], 'docs/machines/crisis.json is not what its hash says'],
      [['--machine', 'crisi'], 'There is no chart crisi. Did you mean crisis?'],
      [[], 'Give --machine ID, or --all for every chart.'],
      [['--machine', 'scheduler', '--date', '2026-02-30'], 'Give a day such as 2026-11-27.'],
      [['--machine', 'scheduler', '--name', ' '], 'Give some words, on one line'],
      [['--machine', 'scheduler', '--name', 'A\u202eB'], 'without characters that are not seen'],
      [['--machine', 'scheduler', '--role', 'lead\u200b'], 'without characters that are not seen'],
      [['--machine', 'scheduler', '--date', '2999-01-01'], 'That day is still to come.'],
    ] as const) {
      const refused = await cli('charts', 'approve', ...WHO, ...args);
      expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toContain(says);
    }
  });

  test('OB-4 of people who approve at once, none is lost and each is told', async () => {
    const { cli, folder } = chartClone();
    const names = ['A. Moreau', 'B. Kim', 'C. Rossi'];
    const approve = (name: string) =>
      cli('charts', 'approve', '--all', ...WHO.slice(2), '--name', name);
    const told = await Promise.all(names.map(approve));
    const kept = new Set(told.flatMap(({ exitCode }, at) => (exitCode === 0 ? [names[at]] : [])));
    const { approvals } = JSON.parse(readFileSync(join(folder, 'approvals.json'), 'utf8')) as {
      approvals: readonly { name: string }[];
    };
    expect(new Set(approvals.map(({ name }) => name))).toEqual(kept);
    for (const { exitCode, stderr } of told) {
      if (exitCode !== 0) expect(stderr).toContain('somebody else approves at this moment');
    }

    writeFileSync(join(folder, 'approvals.json.lock'), '');
    expect((await approve('D. Diaz')).stderr).toContain('HF_TARGET_EXISTS');
    rmSync(join(folder, 'approvals.json.lock'));
    writeFileSync(join(folder, 'approvals.json'), '<<<<<<< HEAD');
    const damaged = await approve('D. Diaz');
    expect(damaged.exitCode).not.toBe(0);
    expect(damaged.stderr).toContain('keep the entries of both sides');
    // Nothing was written over it, and nothing is left behind.
    expect(readFileSync(join(folder, 'approvals.json'), 'utf8')).toBe('<<<<<<< HEAD');
    expect(existsSync(join(folder, 'approvals.json.lock'))).toBe(false);
  });

  test('OB-4 UX-1 who approves what is not committed is told so', async () => {
    const { cli, change } = chartClone();
    const approve = () => cli('charts', 'approve', '--machine', 'crisis', ...WHO);
    expect((await approve()).stderr).toBe('');
    expect((await approve()).stderr).toBe('');
    change('crisis', '() => false');
    expect((await approve()).stderr).toContain('are not committed here');
  });

  test('OB-4 UX-1 a clone whose history is cut off says how to get the rest', async () => {
    const { root, git } = chartClone();
    const shallow = join(tempFolder(), 'shallow');
    git('clone', '-q', '--depth', '1', `file://${root}`, shallow);
    const refused = await runCli(['charts', 'diff', 'HEAD~1', '--clone', shallow]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('git fetch --unshallow');
  });

  test('OB-4 UX-1 away from a clone each says that it needs one', async () => {
    for (const args of [['diff'], ['status'], ['approve', '--all', ...WHO]]) {
      const refused = await runCli(['charts', ...args, '--clone', tempFolder()]);
      expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toContain('This needs a git clone of holdfast');
    }
  });
});

test('OB-4 UX-1 an installed package says that charts and evidence need a clone', async () => {
  const installed = tempFolder();
  cpSync(join(dirname(PROGRAM), '..', 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(dirname(PROGRAM), '..', 'node_modules'), join(installed, 'node_modules'));
  cpSync(dirname(PROGRAM), join(installed, 'dist'), {
    recursive: true,
    // What `files` of package.json leaves out.
    filter: (file) => !/\/dist\/(tools|tree)$/.test(file),
  });
  for (const command of ['charts', 'evidence']) {
    const refused = await runCli([command, '--help'], {
      program: join(installed, 'dist/cli.js'),
    });
    expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('This command needs a clone of holdfast');
  }
  expect((await runCli(['--help'])).stdout).not.toMatch(/^ +(charts|evidence) /m);
});

describe('holdfast charts export', () => {
  test('OB-2 UX-1 prints what XState makes a machine of with the same states and transitions', async () => {
    const { stdout, exitCode } = await runCli(['charts', 'export']);
    expect(exitCode).toBe(0);
    const all = JSON.parse(stdout) as readonly object[];
    for (const [at, machine] of machines.entries()) {
      const other = createMachine(all[at] as object);
      const shapeOf = (one: AnyStateMachine) => ({
        version: one.version,
        states: allStates(one).map(({ id, description, tags, entry, exit }) => ({
          ...{ id, description, tags },
          ...{ entry: entry.map(actionName), exit: exit.map(actionName) },
        })),
        transitions: allTransitions(one).map(({ label }) => label),
      });
      expect(shapeOf(other)).toEqual(shapeOf(machine));
    }
    const one = await runCli(['charts', 'export', 'crisis']);
    expect(JSON.parse(one.stdout)).toEqual(all[machines.findIndex(({ id }) => id === 'crisis')]);
    const refused = await runCli(['charts', 'export', 'crisi']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining('mean crisis?'),
    ]);
  });
});
