// @vitest-environment jsdom
/**
 * As in the test of a page: the globals are those of a browser, the network and the disk are Node's. And what
 * other realms throw and return.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { createRuntime, httpHandler, rawKey } from '../../src/index.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'mia', tier: 'trial' } as const;
const OTHER_REALMS_KEY = runInNewContext('new Uint8Array(32).fill(7)') as Uint8Array;

/** The address of a server that answers; `null` of one where nobody listens. */
async function upstream(answer: string | null): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  if (answer === null) await stop();
  else onTestFinished(stop);
  return `http://127.0.0.1:${port}`;
}

test.each([
  ['in memory', () => ({ store: ':memory:' as const })],
  ['on disk', () => ({ store: join(tempFolder(), 'store'), key: rawKey(OTHER_REALMS_KEY) })],
])('SV-2 UX-1 in jsdom an HTTP operation completes, %s', async (_, where) => {
  const runtime = createRuntime({
    ...where(),
    upstreams: { api: {} },
    handlers: {
      'payments.push': {
        upstream: 'api',
        run: httpHandler({ baseUrl: await upstream('{"id":"p-1"}') }),
      },
    },
  });
  onTestFinished(() => runtime.close());
  const operation = await runtime.sync(REQUEST);
  expect(await operation.outcome).toMatchObject({ status: 'completed', response: { id: 'p-1' } });
});

test('UX-2 in jsdom a failed attempt says what it failed by', async () => {
  const baseUrl = await upstream(null);
  const failed: unknown[] = [];
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { api: {} },
    handlers: { 'payments.push': { upstream: 'api', run: httpHandler({ baseUrl }) } },
  });
  onTestFinished(() => runtime.close());
  runtime.subscribe('attempt.failed', ({ code }) => failed.push(code));
  const operation = await runtime.sync(REQUEST);
  await expect.poll(() => failed.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(failed[0]).toBe('HF_UPSTREAM_UNREACHABLE');
  await operation.cancel();
});

test('UX-2 what a handler throws of another realm is named by its class', async () => {
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { api: {} },
    handlers: {
      'payments.push': {
        upstream: 'api',
        run: () => runInNewContext('Promise.reject(new RangeError("canary"))') as Promise<null>,
      },
    },
    policies: { tiers: { trial: { retry: { attemptsMax: 1 } } } },
  });
  onTestFinished(() => runtime.close());
  const { error } = await (await runtime.sync(REQUEST)).outcome;
  expect(error?.message).toContain('The handler failed with RangeError');
});

test('SV-2 a listener whose promise of another realm rejects ends no process', async () => {
  const heard: unknown[] = [];
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { api: {} },
    handlers: { 'payments.push': { upstream: 'api', run: () => Promise.resolve(null) } },
    onError: (error) => heard.push(error),
  });
  onTestFinished(() => runtime.close());
  runtime.subscribe('operation.accepted', () =>
    runInNewContext('Promise.reject(new Error("its own"))'),
  );
  await (await runtime.sync(REQUEST)).outcome;
  await expect.poll(() => heard.length).toBeGreaterThan(0);
});
