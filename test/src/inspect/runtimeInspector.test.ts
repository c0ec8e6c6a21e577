/**
 * The inspector of a runtime: what an app gets, and when it ends. What its server refuses is tested beside it.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import type { FeedMessage } from '../../../inspector/protocol.ts';
import type { HoldfastRuntime } from '../../../src/holdfastRuntime.ts';
import {
  type Client,
  createRuntime,
  type Inspector,
  type InspectorOptions,
  type Runtime,
  rawKey,
} from '../../../src/index.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

async function started() {
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { payments: {} },
    handlers: { 'payments.push': { upstream: 'payments', run: () => 'done' } },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const { feed } = runtime as unknown as HoldfastRuntime;
  return { runtime, feed };
}

async function enter({ url, link }: Inspector) {
  const token = new URL(link).hash.replace('#token=', '');
  const response = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return (await response.json()) as { readonly session: string; readonly canOperate: boolean };
}

/** All that a page is told, until the server ends it. */
async function told(url: string, session: string) {
  const response = await fetch(`${url}/feed`, { headers: { authorization: `Bearer ${session}` } });
  const messages: FeedMessage[] = [];
  const ended = (async () => {
    let rest = '';
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        rest += Buffer.from(chunk).toString('utf8');
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) messages.push(...(JSON.parse(line) as FeedMessage[]));
      }
    } catch {
      // The server ends its connections with itself.
    }
  })();
  return { messages, ended };
}

describe('OB-1 runtime.inspector()', () => {
  test('OB-1 serves a page that is told of what happens', async () => {
    const { runtime } = await started();
    const inspector = await runtime.inspector();
    expect(inspector.link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
    expect(inspector.link.startsWith(`${inspector.url}/#`)).toBe(true);
    expect(await (await fetch(`${inspector.url}/`)).text()).toContain('<html');
    const { session, canOperate } = await enter(inspector);
    expect(canOperate).toBe(false);
    const page = await told(inspector.url, session);
    const operation = await runtime.sync({
      ...{ type: 'payments.push', subject: 'user-1', tier: 'basic', payload: { amount: 1 } },
    });
    await operation.outcome;
    await expect
      .poll(() => page.messages.some((one) => one.kind === 'ended' && one.actors.length > 0))
      .toBe(true);
    const steps = page.messages.flatMap((one) => (one.kind === 'steps' ? one.steps : []));
    expect(steps.map(({ to }) => to.at(-1))).toContain('completed');
    // Orders are for those who asked for that.
    const order = await fetch(`${inspector.url}/call`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'breaker.forceOpen', params: { upstream: 'payments' } }),
    });
    expect(order.status).toBe(403);
    expect(runtime.upstream('payments').breaker).toBe('closed');
  });

  test('OB-1 remembers what happened before a page was there, and nothing once it is closed', async () => {
    const { runtime, feed } = await started();
    expect(feed.isCollecting).toBe(false);
    const [one, two] = [await runtime.inspector(), await runtime.inspector({ operate: true })];
    expect(feed.isCollecting).toBe(true);
    expect((await enter(two)).canOperate).toBe(true);
    const request = {
      type: 'payments.push',
      subject: 'user-1',
      tier: 'basic',
      payload: {},
    } as const;
    const { outcome } = await runtime.sync(request);
    await outcome;
    const page = await told(one.url, (await enter(one)).session);
    await expect
      .poll(() => page.messages.flatMap((said) => (said.kind === 'steps' ? said.steps : [])).length)
      .toBeGreaterThan(3);
    // A link lets one page in, and there is another one for the next.
    expect(await enter(one)).not.toHaveProperty('session');
    expect(await enter({ ...one, link: one.newLink() })).toHaveProperty('session');
    await one.close();
    await page.ended;
    expect(feed.isCollecting).toBe(true);
    await two.close();
    await two.close();
    expect(feed.isCollecting).toBe(false);
    await expect(fetch(one.url)).rejects.toThrow('fetch failed');
  });

  test('OB-1 SV-4 is closed with the runtime, which says so to its pages', async () => {
    const { runtime } = await started();
    const inspector = await runtime.inspector();
    const page = await told(inspector.url, (await enter(inspector)).session);
    await expect.poll(() => page.messages.length).toBeGreaterThan(1);
    await runtime.close();
    await page.ended;
    expect(page.messages.at(-1)).toMatchObject({ kind: 'away' });
    await expect(fetch(inspector.url)).rejects.toThrow('fetch failed');
    await expect(runtime.inspector()).rejects.toMatchObject({ code: 'HF_CLOSED' });
  });

  test('UX-2 a port that is taken, and options that are none', async () => {
    const { runtime, feed } = await started();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      taken.close();
    });
    const { port } = taken.address() as AddressInfo;
    await expect(runtime.inspector({ port })).rejects.toMatchObject({
      code: 'HF_INSPECTOR_UNAVAILABLE',
      field: 'port',
      message: expect.stringContaining('taken'),
    });
    expect(feed.isCollecting).toBe(false);
    for (const options of [{ port: -1 }, { port: 1.5 }, { operate: 'yes' }, { host: '0.0.0.0' }]) {
      await expect(runtime.inspector(options as InspectorOptions)).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
      });
    }
  });

  test('UX-1 its types are those of what it takes and gives', () => {
    expectTypeOf<Runtime['inspector']>().toEqualTypeOf<
      (options?: InspectorOptions) => Promise<Inspector>
    >();
    expectTypeOf<InspectorOptions>().toEqualTypeOf<{
      readonly port?: number | undefined;
      readonly operate?: boolean | undefined;
    }>();
    // A client asks its owner; what it watches is where the store is.
    expectTypeOf<Client>().not.toHaveProperty('inspector');
  });
});

test('SE-5 OB-1: no path of this machine leaves: not where the store is, nor where outside callers could not be served', async () => {
  const folder = join(tempFolder(), 'canary-home');
  mkdirSync(folder);
  // What stands there is no socket, so nobody can listen on it.
  writeFileSync(join(folder, 'taken.sock'), '');
  const runtime = createRuntime({
    store: join(folder, 'sync-store'),
    key: rawKey(new Uint8Array(32).fill(7)),
    crisis: { outside: { socketPath: join(folder, 'taken.sock') } },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  await expect
    .poll(() => runtime.getHealthStatus().outside?.trouble, { timeout: 10_000 })
    .toContain('canary-home');
  const { feed } = runtime as unknown as HoldfastRuntime;
  const messages: FeedMessage[] = [];
  const stop = feed.watch((some) => messages.push(...some));
  await expect.poll(() => messages.some(({ kind }) => kind === 'overview')).toBe(true);
  stop();
  expect(messages[0]).toMatchObject({ kind: 'hello', name: 'sync-store' });
  const text = JSON.stringify(messages);
  expect(text).toContain('outside callers are not all answered');
  expect(text).not.toContain('canary');
});
