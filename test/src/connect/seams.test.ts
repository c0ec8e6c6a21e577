/**
 * A client at its seams: listeners that throw, a close in the midst of something, and crises that an owner does
 * not take as they come.
 *
 * @module
 */

import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { AskName, OwnerPort } from '../../../src/connect/lineProtocol.ts';
import { LineServer } from '../../../src/connect/lineServer.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import {
  type Attempt,
  type ConnectOptions,
  connect,
  createRuntime,
  HoldfastError,
  rawKey,
} from '../../../src/index.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const key = () => rawKey(new Uint8Array(32).fill(7));
const REQUEST = { type: 'notes.push', subject: 'user-1', tier: 'basic', payload: 1 } as const;
const HANDLERS = {
  'notes.push': { upstream: 'default', run: () => 'pushed' },
  'crisis.alert': { upstream: 'default', run: () => 'heard' },
  /** Goes on until it is told to stop. */
  'notes.hold': {
    upstream: 'default',
    run: async ({ signal }: Attempt) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 'stopped';
    },
  },
} as const;

async function client(store: string, options: Partial<ConnectOptions> = {}) {
  const connected = await connect({ store, ...options });
  onTestFinished(async () => {
    await connected.close();
  });
  return connected;
}

function owner(store: string, payloadBytesMax?: number) {
  const runtime = createRuntime({ store, key: key(), payloadBytesMax, handlers: HANDLERS });
  onTestFinished(async () => {
    await runtime.close();
  });
  return runtime;
}

/** An owner that has asks done by `ask`, and whose lines can be cut. */
function ownerThat(
  ask: (name: AskName, params: object) => Promise<unknown>,
  storeFolder = tempFolder(),
) {
  const clock = new VirtualClock();
  const desk = {
    ask: (name: AskName, params: object) => ({ answer: ask(name, params), stop: () => undefined }),
  } as unknown as OwnerPort;
  const parts = { clock, desk, payloadBytesMax: 10_000, crisisSocket: null };
  let lines = new LineServer(parts);
  const control = new ControlServer({
    ...{ storeFolder, clock, onError: () => undefined },
    answer: () => Promise.resolve(null),
    onUpgrade: (request, socket, head) => {
      lines.take(request, socket, head);
    },
  });
  control.open();
  onTestFinished(async () => {
    lines.close();
    await control.close();
  });
  const cut = (): void => {
    lines.close();
    lines = new LineServer(parts);
  };
  return { store: storeFolder, cut };
}

async function refusalOf(promise: Promise<unknown>): Promise<HoldfastError> {
  return await promise.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as HoldfastError,
  );
}

const never = new Promise<never>(() => undefined);

test('SC-4 a listener that throws is told to onError, and what comes beside it is heard', async () => {
  const store = `${tempFolder()}/store`;
  const told: unknown[] = [];
  owner(store);
  const at = await client(store, { onError: (error) => told.push(error) });
  const thrown = new Error('listener');
  const operation = await at.sync({ ...REQUEST, type: 'notes.hold' });
  operation.subscribe(() => {
    throw thrown;
  });
  await operation.cancel();
  await operation.outcome;
  await vi.waitFor(() => expect(told).toContain(thrown), { timeout: HANGS_AFTER_MS });
});

test('SC-4 an onError that throws stops nothing', async () => {
  const store = tempFolder();
  const foreign = createServer((_, response) => response.end('<html>'));
  await new Promise<void>((done) => foreign.listen(join(store, 'control.sock'), done));
  let told = 0;
  const onError = (): void => {
    told += 1;
    throw new Error('onError');
  };
  const at = await client(store, { ownerWithinMs: 10_000, onError });
  await vi.waitFor(() => expect(told).toBe(1), HANGS_AFTER_MS);
  foreign.closeAllConnections();
  foreign.close();
  ownerThat(() => Promise.resolve('well'), store);
  expect(await at.health()).toBe('well');
});

test('SC-4 OP-2 a close while a request is under way says that it may be stored', async () => {
  const asked: AskName[] = [];
  const { store } = ownerThat((name) => {
    asked.push(name);
    return never;
  });
  const at = await client(store);
  const accepting = refusalOf(at.sync(REQUEST));
  await vi.waitFor(() => expect(asked).toContain('sync'), HANGS_AFTER_MS);
  await at.close();
  expect(await accepting).toMatchObject({ code: 'HF_CLOSED', mayBeStored: true });
  expect(await refusalOf(at.sync(REQUEST))).toMatchObject({ mayBeStored: false });
});

test('SC-4 UX-2 a change whose owner ends is refused with what has happened', async () => {
  const asked: AskName[] = [];
  const { store, cut } = ownerThat((name) => {
    asked.push(name);
    return never;
  });
  const at = await client(store);
  const by = { id: 'staff-7', role: 'clinician' };
  const entering = refusalOf(at.crisisMode.enter({ subject: 'user-1', by }));
  await vi.waitFor(() => expect(asked).toContain('call'), HANGS_AFTER_MS);
  cut();
  const refused = await entering;
  expect(refused).toMatchObject({ code: 'HF_OWNER_GONE', mayBeStored: true });
  expect(refused.message).toContain('ended before it had answered');
});

test('SC-4 CR-2 CR-4 a crisis larger than the payloads of its owner is taken by it', async () => {
  const store = `${tempFolder()}/store`;
  owner(store, 2_000);
  const at = await client(store);
  await at.ready;
  const { delivery } = await at.crisis({ subject: 'user-1', payload: 'x'.repeat(300_000) });
  expect((await delivery).status).toBe('completed');
});

test('SC-4 CR-4 a crisis that waits to be asked again is told of a close at once', async () => {
  const asked: AskName[] = [];
  const { store } = ownerThat((name) => {
    asked.push(name);
    return Promise.reject(new Error('refused'));
  });
  const at = await client(store);
  await at.ready;
  const { durable } = await at.crisis({ subject: 'user-1' });
  // The fourth wait is two seconds.
  await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(4), {
    timeout: HANGS_AFTER_MS,
  });
  await at.close();
  const told = await Promise.race([refusalOf(durable), sleep(500, 'late')]);
  expect(told).toMatchObject({ code: 'HF_CLOSED' });
});

test('SC-4 a close while it comes to own the store leaves the store to others', async () => {
  const store = `${tempFolder()}/store`;
  let load = (): void => undefined;
  const loading = new Promise<void>((resolve) => {
    load = resolve;
  });
  const bytes = key();
  const at = await connect({
    ...{ store, handlers: HANDLERS },
    key: {
      load: async () => {
        load();
        return await (bytes as never as { load: () => Promise<never> }).load();
      },
    } as never,
  });
  await loading;
  await Promise.all([at.close(), at.close()]);
  expect(await owner(store).ready).toBeUndefined();
});

test('SC-4 OP-2 a request that waited for its owner is not told that the disk is slow', async () => {
  const store = tempFolder();
  const at = await client(store, { ownerWithinMs: 10_000 });
  const [waits, other] = [refusalOf(at.sync(REQUEST)), refusalOf(at.sync(REQUEST))];
  const stalled = (): Promise<never> =>
    Promise.reject(new HoldfastError('HF_STORE_STALLED', 'So it ends.', { mayBeStored: true }));
  ownerThat(stalled, store);
  const told = { code: 'HF_OWNER_GONE', retry: 'later', mayBeStored: true };
  expect([await waits, await other]).toMatchObject([told, told]);
  // Of an owner that was there it is the disk.
  expect(await refusalOf(at.sync(REQUEST))).toMatchObject({ code: 'HF_STORE_STALLED' });
});
