import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRuntime, keyFile, passphrase } from '../../../../src/index.ts';
import { PROGRAM, runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const PASSPHRASE = 'correct horse battery staple';
const SCRIPT = '/usr/bin/script';

/** A folder with a store that one operation rests in. */
async function stage(key: 'file' | 'passphrase') {
  const folder = tempFolder();
  const store = join(folder, 'store');
  const secret = join(folder, 'secret');
  const content = key === 'file' ? '5a'.repeat(32) : PASSPHRASE;
  writeFileSync(secret, `${content}\n`, { mode: 0o600 });
  const runtime = createRuntime({
    store,
    key: key === 'file' ? keyFile(secret) : passphrase(PASSPHRASE),
    handlers: { 'mail.send': { upstream: 'default', run: () => null } },
  });
  await runtime.ready;
  const { outcome } = await runtime.sync({ type: 'mail.send', subject: 'u', tier: 'basic' });
  await outcome;
  await runtime.close();
  return { folder, store, secret };
}

const HAS_ONE = { exitCode: 0, stdout: expect.stringContaining('mail.send') as string };

describe('which store', () => {
  test('UX-1 SE-2 comes from the environment where the arguments do not say it', async () => {
    const { folder, store, secret } = await stage('file');
    const env = { HOLDFAST_STORE: store, HOLDFAST_KEY_FILE: secret };
    expect(await runCli(['operations'], { env })).toMatchObject(HAS_ONE);
    const other = await runCli(['operations', '--store', join(folder, 'other')], { env });
    expect(other.stderr).toMatch(/HF_STORE_MISSING/);
    // Of two that say the same the one in the arguments counts.
    writeFileSync(join(folder, 'words'), PASSPHRASE, { mode: 0o600 });
    const byWords = await runCli(['operations', '--passphrase-file', join(folder, 'words')], {
      env,
    });
    expect(byWords.stderr).toMatch(/made with a key of kind "file"[^]*HF_KEY_WRONG/);
  });

  test.each([
    [['operations'], /--store <dir>, or set HOLDFAST_STORE/],
    [
      ['operations', '--store', 's'],
      /--key-file or --passphrase-file, or set HOLDFAST_KEY_FILE or/,
    ],
    [
      ['operations', '--store', 's', '--key-file', 'k', '--passphrase-file', 'p'],
      /--key-file <file> or --passphrase-file <file>, not both/,
    ],
  ])(
    'UX-2 what is missing or said twice in %j is named with both of its names',
    async (args, said) => {
      const { exitCode, stderr } = await runCli(args, { env: { HOLDFAST_STORE: '' } });
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(said);
    },
  );
});

describe('a store with a passphrase', () => {
  test('UX-1 SE-2 is opened by a file of it, and by what stdin says', async () => {
    const { store, secret, folder } = await stage('passphrase');
    const by = (...more: string[]) => [
      'operations',
      '--store',
      store,
      '--passphrase-file',
      ...more,
    ];
    expect(await runCli(by(secret))).toMatchObject(HAS_ONE);
    expect(await runCli(by('-'), { input: PASSPHRASE })).toMatchObject(HAS_ONE);
    const wrong = await runCli(by('-'), { input: `${PASSPHRASE}s` });
    expect(wrong).toMatchObject({ exitCode: 5 });
    expect(wrong.stderr).not.toContain(PASSPHRASE);
    const doctor = await runCli(['doctor', '--store', store, '--passphrase-file', secret]);
    expect(doctor).toMatchObject({ exitCode: 0 });
    const to = join(folder, 'backup');
    await runCli(['backup', '--store', store, '--to', to]);
    const restored = join(folder, 'restored');
    const args = ['restore', '--from', to, '--store', restored, '--passphrase-file', secret];
    expect(await runCli(args)).toMatchObject({ exitCode: 0 });
  });

  test.skipIf(!existsSync(SCRIPT))(
    'UX-1 SE-2 is opened by who types it at a terminal, which shows nothing of it; Ctrl-C ends with 130',
    async () => {
      const { store } = await stage('passphrase');
      const typed = await atTerminal(`operations --store ${store}`, `${PASSPHRASE}\r`);
      expect(typed).toMatchObject(HAS_ONE);
      expect(typed.stdout).not.toContain(PASSPHRASE);
      expect(await atTerminal(`operations --store ${store}`, '\u0003')).toMatchObject({
        exitCode: 130,
      });
    },
  );
});

/** Runs the command at a terminal and types once it is asked something. */
async function atTerminal(args: string, keys: string) {
  const command = `${process.execPath} ${PROGRAM} ${args}`;
  const child = spawn(SCRIPT, ['-qfec', command, '/dev/null'], { env: process.env });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let isTyped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (isTyped || !stdout.includes('Passphrase of')) return;
    isTyped = true;
    child.stdin.write(keys);
  });
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { exitCode, stdout };
}
