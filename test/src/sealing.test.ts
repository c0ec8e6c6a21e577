/** One store, encrypted by Node's engine and by the portable one in turn. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { sealedBy } from '../../persistence/sealing/keySource.ts';
import { nobleEngine } from '../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../persistence/sealing/nodeEngine.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { inThreadStore, TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { accept, idOf } from '../persistence/contract/writes.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

let parent: string;
const at = (name: string): string => join(parent, name);

beforeEach(() => {
  parent = tempFolder();
});

const INDEX = pathToFileURL(resolve('dist/index.js')).href;
/** An app that keeps one operation, and says its id with those that wait. */
const APP = `
  async function main([store, keyPath, sealing]) {
    const { createRuntime, keyFile } = await import('${INDEX}');
    const runtime = createRuntime({
      store,
      key: keyFile(keyPath),
      sealing: sealing || undefined,
      handlers: { 'mood.push': { upstream: 'default', run: () => null } },
    });
    await runtime.start();
    runtime.upstream('default').forceOpen('so that it waits');
    const payload = { note: 'x'.repeat(3000) };
    const { id } = await runtime.sync({ type: 'mood.push', subject: 'user-1', tier: 'basic', payload });
    console.log(JSON.stringify({ id }));
    await runtime.close();
  }
  main(process.argv.slice(1)).catch((error) => {
    console.log(JSON.stringify({ error: error.code ?? String(error) }));
    process.exit();
  });
`;
/** Takes Node's AES away from a process and its threads. */
const WITHOUT_AES = `
  const crypto = require('node:crypto');
  crypto.createCipheriv = crypto.createDecipheriv = () => { throw new Error('no AES here'); };
  require('node:module').syncBuiltinESMExports();
`;

async function run(args: readonly string[], hasAes: boolean): Promise<string> {
  writeFileSync(at('withoutAes.cjs'), WITHOUT_AES);
  const env = { ...process.env };
  if (!hasAes) env['NODE_OPTIONS'] = `--require ${JSON.stringify(at('withoutAes.cjs'))}`;
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  return stdout;
}

const keep = async (sealing: string, hasAes: boolean): Promise<{ id?: string; error?: string }> =>
  JSON.parse(await run(['-e', APP, at('store'), at('key'), sealing], hasAes)) as object;

test('SE-1 a store is written by either engine, and each reads what the other wrote', async () => {
  await createKeyFile(at('key'));
  const kept = [
    await keep('', true),
    await keep('portable', true),
    await keep('portable', false),
    await keep('native', true),
  ];
  const ids = kept.map(({ id }) => id);
  expect(ids).not.toContain(undefined);
  const list = ['dist/cli.js', 'operations', '--store', at('store'), '--key-file', at('key')];
  for (const [sealing, hasAes] of [
    ['native', true],
    ['portable', false],
  ] as const) {
    const listed = await run([...list, '--sealing', sealing, '--json'], hasAes);
    const rows = listed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(ids));
  }
});

test('SE-1 control: where Node has no AES, only the portable engine opens the store', async () => {
  await createKeyFile(at('key'));
  await keep('portable', true);
  expect(await keep('native', false)).toEqual({ error: expect.any(String) as string });
});

test('SE-1 a store that is opened with the portable engine is sealed by it alone', async () => {
  const native = vi.spyOn(nodeEngine, 'aes256GcmSeal');
  const portable = vi.spyOn(nobleEngine, 'aes256GcmSeal');
  const store = inThreadStore(at('store'), sealedBy(TEST_KEY, 'portable'));
  await store.open();
  await store.commit([accept(1)]);
  await store.close();
  expect([native.mock.calls.length, portable.mock.calls.length > 2]).toEqual([0, true]);
  const again = inThreadStore(at('store'));
  await again.open();
  expect(await again.find(idOf(1))).toMatchObject({ payload: 'payload 1' });
  await again.close();
});

test('UX-2 SE-1 another engine than these two is refused', () => {
  const options = { store: ':memory:', sealing: 'rot13' as never };
  expect(() => createRuntime(options)).toThrow(
    expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'sealing' }),
  );
});
