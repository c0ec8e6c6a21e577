/** `holdfast audit` as it is used: on a store in use and at rest, and on an export without either. */

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { permanentFailure } from '../../../../machines/policy/retry/classifyFailure.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

/** A store with a dead letter that somebody replayed, in use or at rest. */
async function createScene(how: 'in use' | 'at rest') {
  const elsewhere = tempFolder();
  const folder = join(tempFolder(), 'store');
  const keyPath = join(elsewhere, 'holdfast.key');
  await createKeyFile(keyPath);
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    upstreams: { billing: {} },
    handlers: {
      'payments.push': {
        upstream: 'billing',
        run: () => {
          throw permanentFailure('Refused.');
        },
      },
    },
  });
  await runtime.ready;
  const request = { type: 'payments.push', subject: 'user-42', payload: 1 } as const;
  const { id, outcome } = await runtime.sync(request);
  await outcome;
  await runtime.deadLetters.replay(id);
  await runtime.operations.get(id).outcome;
  if (how === 'at rest') await runtime.close();
  const where = ['--store', folder, '--key-file', keyPath];
  const cli = (...args: readonly string[]) => runCli(['audit', ...args, ...where]);
  return { folder, elsewhere, runtime, id, cli };
}

describe.each(['in use', 'at rest'] as const)('holdfast audit on a store %s', (how) => {
  test('AU-1 AU-2 list, checkpoint, export and verify', async () => {
    const { elsewhere, runtime, id, cli } = await createScene(how);
    const lines = async (...args: readonly string[]) => {
      const { stdout } = await cli('list', '--json', ...args);
      const texts = stdout.split('\n').filter((line) => line !== '');
      return texts.map(
        (line) => JSON.parse(line) as { readonly act: string; readonly seq: number },
      );
    };
    const acts = [
      'operation.ended',
      'call.made',
      'operation.replayed',
      'override.made',
      'operation.ended',
    ];
    const own = await lines('--oldest', '--operation', id);
    expect(own.map(({ act }) => act)).toEqual(acts);
    // On a busy machine a level may change in between, which is recorded, too.
    const [first, , replayed, told, last] = own.map(({ seq }) => seq);
    const found = async (...args: readonly string[]) =>
      (await lines(...args)).map(({ seq }) => seq);
    expect(await found('--operation', id, '--limit', '2')).toEqual([last, told]);
    expect(await found('--act', 'operation.replayed')).toEqual([replayed]);
    expect(await found('--upstream', 'billing', '--act', 'operation.ended')).toEqual([last, first]);
    expect((await lines('--until', '1h')).length).toBe(0);
    // By the name that the app gives: the log has a handle in its place.
    const ofPerson = await found('--person', 'user-42', '--oldest');
    expect(ofPerson.slice(0, 3)).toEqual([first, replayed, last]);
    expect((await cli('list', '--person', 'nobody')).stdout).toBe('No entries match.\n');
    const shown = await cli('list', '--limit', '1', '--oldest', '--operation', id);
    expect(shown.stdout).toContain('an operation ended, HF_UPSTREAM_REFUSED, billing');
    expect(shown.stderr).toContain('only the oldest 1');

    const checkpoint = join(elsewhere, 'a.checkpoint');
    const made = await cli('checkpoint', '--to', checkpoint, '--json');
    const { publicKey } = JSON.parse(made.stdout) as { readonly publicKey: string };
    const whole = await cli('verify', '--checkpoint', checkpoint, '--public-key', publicKey);
    expect(whole).toMatchObject({ exitCode: 0 });
    expect(whole.stdout).toContain('all is as it was written. It agrees with 1 checkpoint.');

    const to = join(elsewhere, 'audit.ndjson');
    expect((await cli('export', '--to', to)).exitCode).toBe(0);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readFileSync(to, 'utf8')).not.toMatch(/user-42|Refused/);
    const again = await cli('export', '--to', to);
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.stderr).toContain('it is there already');

    // An export needs neither store nor key.
    const alone = await runCli(['audit', 'verify', to, '--checkpoint', checkpoint]);
    expect(alone.exitCode).toBe(0);
    const kept = readFileSync(to, 'utf8').split('\n');
    // Only a line feed ends a line, and none is needed at the end.
    for (const end of ['\r\n', '\r', '\u2028', '\n\n']) {
      writeFileSync(to, kept.join('\n').replace('\n', end));
      const changed = await runCli(['audit', 'verify', to, '--json']);
      expect(changed.exitCode, JSON.stringify(end)).toBe(1);
      expect(JSON.parse(changed.stdout)).toMatchObject({
        faults: expect.arrayContaining([expect.objectContaining({ kind: 'notCanonical' })]),
      });
    }
    writeFileSync(to, kept.join('\n').trimEnd());
    expect((await runCli(['audit', 'verify', to])).exitCode).toBe(0);
    writeFileSync(to, kept.toSpliced(2, 1).join('\n'));
    const broken = await runCli(['audit', 'verify', to, '--json']);
    expect(broken.exitCode).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ faults: [{ kind: 'removed', seq: 2 }] });
    writeFileSync(to, kept.slice(0, 2).join('\n'));
    const cut = await runCli(['audit', 'verify', to, '--checkpoint', checkpoint]);
    expect(cut.exitCode).toBe(1);
    await runtime.close();
  });
});

test('UX-2 what can not be meant is refused, and nothing is written', async () => {
  const { folder, elsewhere, cli } = await createScene('at rest');
  const inside = await cli('export', '--to', join(folder, 'audit.ndjson'));
  expect(inside).toMatchObject({ exitCode: 2 });
  expect(inside.stderr).toContain('in the folder of the store');
  const beside = await cli(
    'export',
    '--to',
    join(elsewhere, 'x'),
    '--checkpoint',
    join(folder, 'x'),
  );
  expect(beside.exitCode).toBe(2);
  expect(statSync(join(elsewhere, 'x'), { throwIfNoEntry: false })).toBeUndefined();
  const there = join(elsewhere, 'there');
  writeFileSync(there, 'of before');
  const again = await cli('export', '--to', join(elsewhere, 'x'), '--checkpoint', there);
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is there already') });
  expect(statSync(join(elsewhere, 'x'), { throwIfNoEntry: false })).toBeUndefined();
  expect(readFileSync(there, 'utf8')).toBe('of before');
  expect((await cli('list', '--act', 'nothing')).stderr).toContain('call.made');
  const nothing = await runCli(['audit', 'verify']);
  expect(nothing).toMatchObject({ exitCode: 2 });
  expect(nothing.stderr).toContain('the file of an export, or --store');
  const gone = await runCli(['audit', 'verify', join(elsewhere, 'gone')]);
  expect(gone.stderr).toContain('ENOENT');
  const wrong = join(elsewhere, 'wrong.checkpoint');
  writeFileSync(wrong, 'no checkpoint\n');
  expect((await cli('verify', '--checkpoint', wrong)).stderr).toContain('Not a checkpoint');
});
