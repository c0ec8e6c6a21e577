/**
 * One kind of request fails each time and nothing else is sent: to its upstream that is an outage, in which
 * they wait.
 *
 * @module
 */

import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createRuntime, httpHandler, rawKey } from '../../src/index.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { rawServer } from '../support/process/rawServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const WORDS =
  /^payments is (down|being tried again) since \d{4}\S+Z, next try (now|at \d{4}\S+Z): 3 operations wait for it, the oldest since \d{4}\S+Z; see holdfast operations$/;
const TYPE = 'payments.push';
const SUBJECTS = ['a', 'b', 'c'];
const requestOf = (subject: string) => ({ type: TYPE, subject, tier: 'trial' }) as const;
const PATIENCE = { timeout: HANGS_AFTER_MS };

/** Three operations to a server that answers 500, once health says so. */
async function failing() {
  const server = { status: 500 };
  const { url } = await rawServer((response) => {
    response.writeHead(server.status).end('{}');
  });
  const runtime = createRuntime({
    store: join(tempFolder(), 'store'),
    key: rawKey(Buffer.alloc(32, 7)),
    upstreams: { payments: {} },
    handlers: {
      [TYPE]: {
        upstream: 'payments',
        honoursIdempotencyKey: true,
        run: httpHandler({ baseUrl: url }),
      },
    },
  });
  onTestFinished(() => runtime.close());
  const operations = await Promise.all(SUBJECTS.map((subject) => runtime.sync(requestOf(subject))));
  const said = () => runtime.getHealthStatus();
  await vi.waitUntil(() => said().reasons.some((reason) => WORDS.test(reason)), PATIENCE);
  expect(said().waiting.deadLettered).toBe(0);
  return { server, operations, said };
}

test('HM-1 CB-1 OP-5 what gets a 500 each time waits, and health says since when, until when and how many', async () => {
  const { server, operations, said } = await failing();
  const [first, ...others] = operations;
  await first?.cancel();
  server.status = 200;
  for (const { outcome } of others) expect((await outcome).status).toBe('completed');
  await vi.waitUntil(() => said().reasons.length === 0, PATIENCE);
});
