import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { wholeId } from '../../../../src/cli/kit/idEnd.ts';
import { createRuntime, permanentFailure } from '../../../../src/index.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

test('UX-1 one is shown, replayed or purged by the end of its id, at rest and in use', async () => {
  const { keyPath, store, id, runtime } = await deadLetter();
  const of = ['--store', store, '--key-file', keyPath];
  const end = id.slice(-6).toUpperCase();
  expect((await runCli(['dead-letters', 'show', end, ...of])).stdout).toContain(id);
  await runtime.close();
  for (const command of ['operations', 'dead-letters']) {
    const shown = await runCli([command, 'show', end, ...of, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id });
  }
  const short = await runCli(['operations', 'show', id.slice(-5), ...of, '--json']);
  expect(short).toMatchObject({ exitCode: 1, stdout: '' });
  expect(short.stderr).toContain('HF_OPERATION_UNKNOWN');
  const purged = await runCli(['dead-letters', 'purge', end, '--yes', ...of, '--json']);
  expect(JSON.parse(purged.stdout)).toEqual({ id, purged: true });
});

test('UX-1 UX-2 the end of several ids names them and is refused; that of none is unknown', async () => {
  const { keyPath, store, runtime } = await deadLetter();
  await runtime.close();
  const options = { store, keyFile: keyPath };
  const ids = ['one-00abcdef', 'two-00abcdef', 'three-123456-c1'];
  const find = wholeId(async function* () {
    yield* ids;
  });
  await expect(find(options, '00abcdef')).rejects.toMatchObject({
    code: 'HF_OPTION_INVALID',
    message: 'Several ids end with 00abcdef: one-00abcdef, two-00abcdef. Give more of it.',
  });
  expect(await find(options, '123456')).toBe('three-123456-c1');
  expect(await find(options, '123456-c1')).toBe('three-123456-c1');
  expect(await find(options, 'ffffff')).toBe('ffffff');
});

async function deadLetter() {
  const [store, keyPath] = [join(tempFolder(), 'store'), join(tempFolder(), 'test.key')];
  await createKeyFile(keyPath);
  const runtime = createRuntime({
    store,
    key: keyFile(keyPath),
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          throw permanentFailure('Refused.');
        },
      },
    },
  });
  const { id, outcome } = await runtime.sync({
    type: 'payments.push',
    subject: 'user-42',
    tier: 'basic',
  });
  await outcome;
  return { keyPath, store, id, runtime };
}
