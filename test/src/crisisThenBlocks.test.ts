import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createRuntime, rawKey } from '../../src/index.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const KEY = new Uint8Array(32).fill(7);

/** Asks for help, and never lets its event loop run again, from the first statement behind the answer on. */
const PROGRAM = (store: string): string => `
  import { createRuntime, rawKey } from '${new URL('../../dist/index.js', import.meta.url).href}';
  const runtime = createRuntime({
    store: ${JSON.stringify(store)},
    key: rawKey(new Uint8Array(32).fill(7)),
    handlers: { 'crisis.alert': { upstream: 'default', run: () => new Promise(() => undefined) } },
  });
  await runtime.ready;
  await runtime.crisis({ subject: 'user-42', payload: { note: 'help' } });
  for (;;);
`;

test('CR-1 CR-4 an app that blocks for ever right behind the answer, until it is killed, loses no crisis', async () => {
  const store = join(tempFolder(), 'store');
  const args = ['--input-type=module', '-e', PROGRAM(store)];
  const killed = promisify(execFile)(process.execPath, args, {
    timeout: 6_000,
    killSignal: 'SIGKILL',
  });
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });
  const delivered: unknown[] = [];
  const runtime = createRuntime({
    ...{ store, key: rawKey(KEY) },
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: ({ subject, payload }) => {
          delivered.push([subject, payload]);
          return null;
        },
      },
    },
  });
  await expect.poll(() => delivered).toEqual([['user-42', { note: 'help' }]]);
  await runtime.close();
});
