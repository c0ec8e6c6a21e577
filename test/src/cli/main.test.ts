import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROGRAM, runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

describe('holdfast', () => {
  test('UX-1 --help names the commands and exit codes, --version the version', async () => {
    const help = await runCli(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    for (const word of [
      'demo',
      'run',
      'keys',
      'status',
      'operations',
      'dead-letters',
      'quarantine',
      'policies',
      'doctor',
      '130 interrupted',
    ]) {
      expect(help.stdout).toContain(word);
    }
    const packageFile = new URL('../../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
    for (const flag of ['--version', '-v', '-V']) {
      expect(await runCli([flag])).toMatchObject({
        exitCode: 0,
        stdout: `${version}\n`,
        stderr: '',
      });
    }
  });

  test('UX-1 the version of what --json prints is told with that of the program', async () => {
    const { stdout } = await runCli(['--version', '--json']);
    expect(JSON.parse(stdout)).toEqual({ version: expect.any(String) as string, json: 1 });
    const page = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8');
    expect(page).toContain('\nFormat 1. ');
  });

  test('UX-1 help names a command as --help does, and a near miss', async () => {
    const asked = await runCli(['help', 'operations', 'show']);
    expect(asked).toMatchObject({ exitCode: 0, stderr: '' });
    expect(asked.stdout).toBe((await runCli(['operations', 'show', '--help'])).stdout);
    const group = await runCli(['operations', '--help']);
    expect(group.stdout).toMatch(
      /cancel .*[^]*it is list: [^]*Examples:\n {2}\$ holdfast operations/,
    );
    expect(await runCli(['help', 'fly'])).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await runCli(['statsu'])).stderr).toMatch(/Did you mean status\?/);
  });

  test.each([
    [[], /Usage/],
    [['fly'], /unknown command 'fly'/],
    [['keys'], /Usage/],
    [['keys', 'init'], /--key-file/],
    [['keys', 'init', '--key-file', 'k', '--nonsense'], /unknown option '--nonsense'/],
    [
      ['run', '--upstream', 'u', '--store', 's', '--key-file', 'k'],
      /missing required argument 'file'/,
    ],
    [['run', 'f', '--store', 's', '--key-file', 'k'], /--upstream/],
    [['run', 'f', '--upstream', 'u', '--store', 's', '--key-file', 'k', '--deadline', '5'], /unit/],
    [['demo', '--kills', 'many'], /whole number/],
    [['demo', '--plant', 'roses'], /Allowed choices/],
    [['operations', '--store', 's'], /--key-file/],
  ])('UX-2 wrong usage %j exits with 2 and says what is wrong', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test.each([
    ['run'],
    ['demo'],
    ['keys', 'init'],
    ['operations'],
    ['dead-letters', 'list'],
    ['quarantine', 'retry'],
    ['policies'],
    ['doctor'],
    ['backup'],
    ['restore'],
    ['release'],
    ['migrate'],
    ['compact'],
    ['crisis-drill'],
    ['charts', 'export'],
  ])('UX-1 help of %s gives an example', async (...args) => {
    const { exitCode, stdout } = await runCli([...args, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}\$ holdfast/);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});

describe('holdfast --json', () => {
  test.each([
    [['fly'], 2, 'HF_OPTION_INVALID', /unknown command 'fly'/],
    [['status'], 2, 'HF_OPTION_INVALID', /--store/],
    [['status', '--store', './no-store-here'], 5, 'HF_STORE_MISSING', /no-store-here/],
  ])('UX-2 an error of %j is one line of JSON on stderr', async (...row) => {
    const [args, exitCode, code, message] = row;
    const ended = await runCli([...args, '--json']);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(JSON.parse(ended.stderr)).toEqual({
      error: {
        code,
        message: expect.stringMatching(message) as string,
        retry: 'never',
        ...(exitCode === 5 ? { path: './no-store-here' } : {}),
      },
    });
    expect(ended.stderr.trimEnd()).not.toContain('\n');
    const asked = await runCli(args);
    expect(asked).toMatchObject({ exitCode, stdout: '' });
    expect(asked.stderr).toMatch(/^holdfast: /);
    expect(asked.stderr).toContain(code);
  });
});

test('UX-1 help is in groups, and shows no command that needs a clone of holdfast', async () => {
  const { stdout } = await runCli(['--help']);
  const groups = stdout.match(/^[A-Z]\w+:(?=\n {2}[a-z-]+ )/gm);
  expect(groups).toEqual(['Work:', 'Look:', 'Crises:', 'Store:', 'Other:']);
  expect(stdout).not.toMatch(/^ {2}(charts|evidence)\b/m);
  expect(await runCli(['charts', '--help'])).toMatchObject({ exitCode: 0, stderr: '' });
});

test('UX-1 a reader of both streams that went away (2>&1 | head) is no failure', async () => {
  const args = ['-c', '"$0" "$1" policies 2>&1 | :; exit "${PIPESTATUS[0]}"'];
  const { status, stderr } = spawnSync('bash', [...args, process.execPath, PROGRAM], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('holdfast keys init', () => {
  test('SE-2 makes a key that only its owner can read, and never replaces one', async () => {
    const path = join(tempFolder(), 'holdfast.key');
    expect(await runCli(['keys', 'init', '--key-file', path, '--json'])).toMatchObject({
      exitCode: 0,
      stdout: `${JSON.stringify({ keyFile: path })}\n`,
    });
    const key = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = await runCli(['keys', 'init', '--key-file', path]);
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    expect(second.stderr).toContain('HF_KEY_FILE_EXISTS');
    expect(readFileSync(path, 'utf8')).toBe(key);
  });

  test('UX-2 a folder that is not there is named, without a stack', async () => {
    const path = join(tempFolder(), 'missing', 'holdfast.key');
    const { exitCode, stderr } = await runCli(['keys', 'init', '--key-file', path]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
