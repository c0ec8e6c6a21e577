import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { madeAtMs } from '../../../actors/platform/operationId.ts';
import { type MisbehavingUpstream, startMisbehavingUpstream } from '../../../src/testing/index.ts';
import { call, OutsideProcess, until } from '../../support/process/outsideProcess.ts';

const SECRET = 'nobody may read this 7f3a';
/** Each starts several processes. */
const TIMEOUT_MS = 180_000;

let folder: string;
let store: string;
let upstream: MisbehavingUpstream;
const started: OutsideProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-out-'));
  store = join(folder, 'store');
  upstream = await startMisbehavingUpstream({});
});

afterEach(async () => {
  for (const process of started.splice(0)) await process.kill();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

function start(at: string = store): OutsideProcess {
  const socketPath = at === ':memory:' ? join(folder, 'sockets', 'crisis.sock') : true;
  const process = new OutsideProcess({ store: at, outside: { socketPath }, url: upstream.url });
  started.push(process);
  return process;
}

/** A process whose event loop is blocked until {@link goOn}, and its socket. */
async function blocked(at?: string): Promise<readonly [OutsideProcess, string]> {
  const process = start(at);
  const { socketPath } = await process.listening();
  const socket = socketPath ?? '';
  if (at !== ':memory:') {
    await until(async () => {
      const { body } = await call(socket, '/health');
      return body.canKeep === true ? true : undefined;
    }, 'a line to the store');
  }
  process.order({ order: 'block', until: join(folder, 'go on') });
  await process.next('blocking');
  return [process, socket];
}

async function goOn(): Promise<void> {
  await writeFile(join(folder, 'go on'), '');
}

async function sent(socket: string, key: string, withinMs = 10_000) {
  const body = JSON.stringify({
    subject: 'user-42',
    payload: { said: SECRET, card: '4111 1111 1111 1111' },
    idempotencyKey: key,
  });
  return (await call(socket, `/crisis?recordedWithinMs=${withinMs}`, { body })).body;
}

/** All that lies in the folder, as text. */
function onDisk(): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

async function delivered(keys: number): Promise<void> {
  await until(
    () => (upstream.ledger.summary().keys >= keys ? true : undefined),
    `${keys} deliveries; the upstream has ${JSON.stringify(upstream.ledger.summary())}`,
  );
}

describe('CR-4 a process that is killed while its event loop is blocked', {
  timeout: TIMEOUT_MS,
}, () => {
  test('CR-4 SE-5 what was answered is spilled, sealed, and delivered once by the next one', async () => {
    const [app, socket] = await blocked();
    const answers = await Promise.all(['k1', 'k2', 'k3'].map((key) => sent(socket, key)));
    for (const { recorded } of answers) expect(recorded).toBe('spilled');
    await app.kill();
    expect(upstream.ledger.summary().keys).toBe(0);
    expect(onDisk()).not.toContain(SECRET);
    expect(onDisk()).not.toContain('user-42');
    const next = start();
    await next.listening();
    await delivered(3);
    await until(
      () => (next.output.includes('3 crises of outside callers') ? true : undefined),
      'news',
    );
    // What it has accepted is in the database: the file is wiped, and a third process finds nothing.
    await until(async () => {
      const { operations } = await next.health();
      return operations.completed >= 3 ? true : undefined;
    }, 'their endings');
    await next.kill();
    const third = start();
    await third.listening();
    await third.health();
    expect(third.output).not.toContain('of outside callers were answered by the last process');
    expect(upstream.ledger.summary()).toMatchObject({ keys: 3, requested: 3, applied: 3 });
    for (const process of started) expect(process.output).not.toContain(SECRET);
  });

  test('CR-2 OP-8 the same words under the same key are one effect, by whichever way and process', async () => {
    const first = start();
    const live = await sent((await first.listening()).socketPath ?? '', 'k1');
    await delivered(1);
    // One whose ending is not on disk would be delivered once more.
    await until(async () => {
      const { operations } = await first.health();
      return operations.completed >= 1 ? true : undefined;
    }, 'the ending on disk');
    await first.kill();
    const [app, socket] = await blocked();
    const spilled = await sent(socket, 'k1');
    expect(spilled.recorded).toBe('spilled');
    await app.kill();
    await start().listening();
    await until(
      () => (upstream.ledger.summary().requested >= 2 ? true : undefined),
      'two deliveries',
    );
    const ids = [live.operationId, spilled.operationId];
    const windows = new Set(ids.map((id: string) => Math.floor(madeAtMs(id) / 600_000)));
    expect(upstream.ledger.summary()).toMatchObject({ keys: windows.size, applied: windows.size });
  });

  test('CR-4 what is spilled and then taken by the main thread is not doubled', async () => {
    const [app, socket] = await blocked();
    const { recorded, operationId } = await sent(socket, 'k1');
    expect(recorded).toBe('spilled');
    await goOn();
    await app.next('unblocked');
    await until(async () => {
      const { body } = await call(socket, `/crisis/${operationId}`);
      return body.recorded === 'delivered' ? true : undefined;
    }, 'the delivery');
    // An ending that is not on disk when the process is killed is delivered once more, under the same key.
    await until(async () => {
      const { operations } = await app.health();
      return operations.completed >= 1 ? true : undefined;
    }, 'the ending on disk');
    await app.kill();
    const next = start();
    await next.listening();
    await next.health();
    expect(next.output).not.toContain('of outside callers were answered by the last process');
    expect(upstream.ledger.summary()).toMatchObject({ keys: 1, requested: 1, applied: 1 });
  });

  test('CR-4 control: without the file of the thread they are lost', async () => {
    const [app, socket] = await blocked();
    expect((await sent(socket, 'k1')).recorded).toBe('spilled');
    await app.kill();
    await rm(join(store, 'crises.outside.spill'));
    const next = start();
    await next.listening();
    await next.health();
    expect(upstream.ledger.summary().keys).toBe(0);
  });

  test('CR-4 without a store on disk the answer says that it is in memory alone', async () => {
    const [, socket] = await blocked(':memory:');
    expect((await sent(socket, 'k1', 600)).recorded).toBe('memoryOnly');
  });
});
