import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createRuntime, rawKey } from '../../src/index.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const KEY = new Uint8Array(32).fill(7);

/** Asks for help, and never lets its event loop run again, from the first statement behind the answer on. */
const PROGRAM = (store: string, before: string): string => `
  import { createRuntime, rawKey } from '${new URL('../../dist/index.js', import.meta.url).href}';
  const runtime = createRuntime({
    store: ${JSON.stringify(store)},
    key: rawKey(new Uint8Array(32).fill(7)),
    handlers: {
      'crisis.alert': { upstream: 'default', run: () => new Promise(() => undefined) },
      'record.put': { upstream: 'default', run: () => new Promise(() => undefined) },
    },
  });
  await runtime.ready;
  ${before}
  await runtime.crisis({ subject: 'user-42', payload: { note: 'help' } });
  for (;;);
`;

/** More messages than the writer is sent at once, of writes and of questions. */
const BUSY = `
  for (let number = 0; number < 40; number += 1) {
    void runtime.sync({ type: 'record.put', subject: 'user-' + number, tier: 'premium', payload: {} });
    void runtime.operations.get('01890a5d-ac96-774b-bcce-b302099a8057').view().catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
`;

/** So many writes wait besides that what comes next would send them, had the writer room. */
const BACKLOG = `${BUSY}
  for (let number = 0; number < 200; number += 1) {
    void runtime.sync({ type: 'record.put', subject: 'user-' + number, tier: 'premium', payload: {} });
  }
`;

test.each([
  ['while nothing else is on its way to the disk', ''],
  ['while more is on its way to the disk than is sent at once', BUSY],
  ['while a batch of writes waits behind that', BACKLOG],
])(
  'CR-1 CR-4 an app that blocks for ever right behind the answer, until it is killed, loses no crisis, %s',
  async (_, before) => {
    const store = join(tempFolder(), 'store');
    const args = ['--input-type=module', '-e', PROGRAM(store, before)];
    const killed = promisify(execFile)(process.execPath, args, {
      timeout: 5_000,
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
        'record.put': { upstream: 'default', run: () => null },
      },
    });
    await expect.poll(() => delivered, { timeout: 3_000 }).toEqual([['user-42', { note: 'help' }]]);
    await runtime.close();
  },
);
