import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { startInspectorServer } from '../../../inspector/server/inspectorServer.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import {
  bearer,
  feedRequest,
  hurriedClock,
  PlayedSource,
  ServedInspector,
} from '../../support/inspector/servedInspector.ts';

const PLAIN = {
  source: new PlayedSource(),
  canOperate: false,
  calls: [],
  clock: hurriedClock(),
  onError: () => undefined,
};

async function connects(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

describe('AC-2 on this machine alone', () => {
  test('AC-2: nothing listens on any other address of the machine', async () => {
    const inspector = await ServedInspector.start();
    expect(await connects('127.0.0.1', inspector.port)).toBe(true);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .map(({ address }) => address)
      .filter((address) => address !== '127.0.0.1' && !address.startsWith('fe80'));
    for (const host of [...others, '127.0.0.2', '::1']) {
      expect(await connects(host, inspector.port), host).toBe(false);
    }
  });

  test.each(['0.0.0.0', '::', 'localhost', '192.168.0.1', '127.0.0.2', 'example.com', ''])(
    'AC-2: the host %j is refused, and what to do instead is said',
    async (host) => {
      const { folder } = await ServedInspector.start();
      const starting = startInspectorServer({ ...PLAIN, assets: `${folder}/page`, port: 0, host });
      await expect(starting).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'host',
        message: expect.stringContaining('ssh -L') as string,
      });
    },
  );

  test('AC-2: ::1 where it is asked for', async () => {
    const { folder } = await ServedInspector.start();
    const options = { ...PLAIN, assets: `${folder}/page`, port: 0, host: '::1' };
    const server = await startInspectorServer(options).catch((error: unknown) => error);
    // A machine without IPv6 says so.
    if (server instanceof Error) {
      expect(server).toMatchObject({ code: 'HF_INSPECTOR_UNAVAILABLE', field: 'host' });
      return;
    }
    const started = server as Awaited<ReturnType<typeof startInspectorServer>>;
    onTestFinished(() => started.close());
    const { url } = started;
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('UX-2 what a person meets at a start', () => {
  test('UX-2: a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      taken.close();
    });
    const { port } = taken.address() as AddressInfo;
    const { folder } = await ServedInspector.start();
    const starting = startInspectorServer({ ...PLAIN, assets: `${folder}/page`, port });
    await expect(starting).rejects.toMatchObject({
      code: 'HF_INSPECTOR_UNAVAILABLE',
      field: 'port',
      message: `The inspector does not start: port ${port} of 127.0.0.1 is taken, perhaps by another inspector. Give another port, or none for one that is free.`,
    });
  });

  test.each([-1, 65_536, 1.5, Number.NaN])('UX-2: %d is no port', async (port) => {
    const { folder } = await ServedInspector.start();
    const starting = startInspectorServer({ ...PLAIN, assets: `${folder}/page`, port });
    await expect(starting).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field: 'port' });
  });
});

describe('AC-2 its end', () => {
  test('AC-2: close() ends feeds, requests and calls at once, and may be called again', async () => {
    const source = new PlayedSource();
    source.answer = () => new Promise(() => undefined);
    const calls = [{ name: 'x', kind: 'look', params: [], answer: 'plain' }] as const;
    const inspector = await ServedInspector.start({ source, calls, clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    const silent = await inspector.socket();
    const hanging = inspector.call('x', {}, session).catch((error: unknown) => error);
    const wrong = inspector
      .ask({ path: '/feed', headers: bearer('x') })
      .catch((error: unknown) => error);
    await expect.poll(() => source.asked.length + source.listeners.size).toBe(2);
    const ended = new Promise<void>((resolve) => {
      silent.on('close', () => {
        resolve();
      });
      silent.resume();
    });
    const before = performance.now();
    const closing = inspector.server.close();
    expect(inspector.server.close()).toBe(closing);
    await closing;
    await Promise.all([feed.ended, ended]);
    expect(await hanging).toBeInstanceOf(Error);
    expect(await wrong).toBeInstanceOf(Error);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(source.listeners.size).toBe(0);
    expect(await connects('127.0.0.1', inspector.port)).toBe(false);
    expect(inspector.errors).toEqual([]);
  });

  test('AC-2: none of its timers is left', async () => {
    let pending = 0;
    const clock: Clock = {
      ...systemClock,
      schedule(delayMs, wake) {
        pending += 1;
        let isOver = false;
        const over = (): void => {
          if (!isOver) pending -= 1;
          isOver = true;
        };
        const cancel = systemClock.schedule(delayMs, () => {
          over();
          wake();
        });
        return () => {
          over();
          cancel();
        };
      },
    };
    const source = new PlayedSource();
    source.answer = () => new Promise(() => undefined);
    const calls = [{ name: 'x', kind: 'look', params: [], answer: 'plain' }] as const;
    const inspector = await ServedInspector.start({ source, calls, clock });
    const { session } = await inspector.session();
    await inspector.follow(session);
    const asked = [
      inspector.call('x', {}, session),
      inspector.ask({ path: '/feed', headers: bearer('x') }),
    ].map((reply) => reply.catch(() => null));
    await expect.poll(() => source.asked.length + source.listeners.size).toBe(2);
    await expect.poll(() => pending).toBeGreaterThanOrEqual(3);
    await inspector.server.close();
    await Promise.all(asked);
    expect(pending).toBe(0);
  });

  test('AC-2: nothing of it keeps a process alive', async () => {
    const before = handles();
    const inspector = await ServedInspector.start({ clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    socket.write(feedRequest(inspector.host, session));
    socket.on('error', () => undefined);
    await expect.poll(() => inspector.source.listeners.size).toBe(1);
    void inspector.ask({ path: '/feed', headers: bearer('x') }).catch(() => undefined);
    await inspector.ask();
    await inspector.server.close();
    socket.destroy();
    await expect.poll(() => handles() - before).toBeLessThanOrEqual(0);
  });
});

/** Sockets, servers and timers of this process. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((what) => /^(?:TCP|HTTP|Timeout)/.test(what))
    .length;
}
