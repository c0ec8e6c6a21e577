/**
 * The bridge that docs/how-to/watch-in-the-stately-inspector.md has to copy: run, and attacked.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRuntime } from '../../src/index.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PAGE = 'docs/how-to/watch-in-the-stately-inspector.md';
const FILE = /^```js\n\/\/ (stately-bridge\.mjs)\n([^]*?)^```/m;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function bridge(): Promise<number> {
  const folder = tempFolder();
  const [, name = '', text = ''] = FILE.exec(readFileSync(PAGE, 'utf8')) ?? [];
  writeFileSync(join(folder, name), text);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const port = await freePort();
  const child = spawn(process.execPath, [name], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return port;
}

/** What becomes of a socket: `open`, or why not. */
async function opened(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url, { headers });
  onTestFinished(() => {
    socket.terminate();
  });
  return await new Promise((done) => {
    socket.on('open', () => {
      done('open');
    });
    socket.on('error', ({ message }) => {
      done(message);
    });
  });
}

test('OB-2 the bridge hands what a runtime shows to its own page, late ones too, and to no other', async () => {
  const port = await bridge();
  const own = `http://127.0.0.1:${port}`;
  const runtime = createRuntime({ store: ':memory:' });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const stately = await runtime.statelyInspector({ url: `ws://127.0.0.1:${port}` });
  const html = await (await fetch(own)).text();
  expect(html).toContain('<iframe src="https://stately.ai/inspect">');
  expect(html).toContain("'https://stately.ai'");
  expect(html).not.toContain("'*'");
  const page = new WebSocket(`ws://127.0.0.1:${port}/page`, { headers: { origin: own } });
  onTestFinished(() => {
    page.terminate();
  });
  const frames: string[] = [];
  page.on('message', (data: Buffer) => frames.push(data.toString('utf8')));
  await expect.poll(() => frames.join('\n')).toContain('"name":"supervisor"');
  const ws = `ws://127.0.0.1:${port}`;
  expect(await opened(`${ws}/page`)).toContain('401');
  expect(await opened(`${ws}/page`, { origin: 'http://evil.example' })).toContain('401');
  expect(await opened(`${ws}/page`, { origin: own, host: `evil.example:${port}` })).toContain(
    '401',
  );
  expect(await opened(ws, { origin: 'http://evil.example' })).toContain('401');
  expect(await opened(ws, { origin: own })).toContain('401');
  stately.close();
});

test('OB-2 AC-2 the bridge listens on this machine alone', async () => {
  const port = await bridge();
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => address !== '127.0.0.1' && !address.startsWith('fe80'));
  for (const host of [...others, '127.0.0.2', '::1']) {
    const socket = connect(port, host);
    const what = await new Promise((done) => {
      socket.on('connect', () => {
        done('connected');
      });
      socket.on('error', () => {
        done('refused');
      });
    });
    socket.destroy();
    expect(what, host).toBe('refused');
  }
});
