import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  bashScript,
  fishScript,
  zshScript,
} from '../../../../src/cli/commands/completion/scripts.ts';
import { holdfastProgram } from '../../../../src/cli/holdfastProgram.ts';
import { commandLineOf } from '../../../../src/cli/kit/commandLine.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const COMMANDS = commandLineOf(holdfastProgram());
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** What the shell offers for the words so far, the last of which is being typed. */
function offered(...words: string[]): string[] {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'requests.ndjson'), '');
  const script = [
    bashScript(COMMANDS),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    '_holdfast',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  return execFileSync('bash', ['-c', script], { cwd, encoding: 'utf8' }).trim().split('\n');
}

describe.skipIf(!has('bash'))('in bash', () => {
  test('UX-1 offers commands, their options, choices of a value, and files', () => {
    expect(offered('holdfast', '')).toEqual(expect.arrayContaining(['run', 'status', 'help']));
    expect(offered('holdfast', 'op')).toEqual(['operations']);
    expect(offered('holdfast', 'operations', 'ca')).toEqual(['cancel']);
    // Where no command is named, the options are those of the one that is meant.
    expect(offered('holdfast', 'operations', '--sta')).toEqual(['--state']);
    expect(offered('holdfast', 'operations', 'list', '--state', 'dead')).toEqual(['deadLettered']);
    expect(offered('holdfast', 'run', 'req')).toEqual(['requests.ndjson']);
    expect(offered('holdfast', 'status', '--store', 'req')).toEqual(['requests.ndjson']);
    expect(offered('holdfast', 'status', '--watch', '')).toEqual(['']);
    expect(offered('holdfast', 'completion', 'z')).toEqual(['zsh']);
  });

  test('UX-1 the script is what the command prints', async () => {
    const { exitCode, stdout } = await runCli(['completion', 'bash']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: bashScript(COMMANDS) });
    expect(await runCli(['completion', 'tcsh'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

test.skipIf(!has('zsh'))('UX-1 zsh reads its script', () => {
  const { status, stderr } = spawnSync('zsh', ['-n'], {
    input: zshScript(COMMANDS),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test.skipIf(!has('fish'))('UX-1 fish offers commands, options and choices', () => {
  const ask = (line: string): string[] => {
    const script = `${fishScript(COMMANDS)}\ncomplete -C '${line}'`;
    const said = execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' });
    return said
      .trim()
      .split('\n')
      .map((one) => one.split('\t')[0] ?? '');
  };
  expect(ask('holdfast op')).toEqual(['operations']);
  expect(ask('holdfast operations ca')).toEqual(['cancel']);
  expect(ask('holdfast operations list --state dead')).toEqual(['deadLettered']);
});

test('UX-1 every command and every option is in each script', () => {
  for (const script of [bashScript, zshScript, fishScript].map((make) => make(COMMANDS))) {
    for (const { path, options } of COMMANDS) {
      for (const name of path) expect(script).toContain(name);
      for (const { names } of options) {
        for (const name of names) expect(script).toContain(name.replace(/^--?/, ''));
      }
    }
  }
});
