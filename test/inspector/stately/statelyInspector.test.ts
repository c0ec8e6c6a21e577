import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createBrowserInspector,
  createBrowserReceiver,
  createInspector,
  createWebSocketInspector,
  createWebSocketReceiver,
  type StatelyInspectionEvent,
} from '@statelyai/inspect';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage, Step, WatchedActor } from '../../../inspector/protocol.ts';
import { showOnTarget, showOverSocket } from '../../../inspector/stately/statelyInspector.ts';
import { machines } from '../../../machines/index.ts';
import { hurriedClock, PlayedSource } from '../../support/inspector/servedInspector.ts';
import { StatelyServer } from '../../support/inspector/statelyServer.ts';

const HELLO: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '0.0.0', name: 'test', charts: [] },
  ...{ startedAtMs: 36, nowMs: 36 },
};

function actor(number: number, more: Partial<WatchedActor> = {}): WatchedActor {
  const breaker = machines.find(({ id }) => id === 'circuitBreaker');
  return {
    ...{ actor: number, id: `breaker:${number}`, machine: 'circuitBreaker' },
    ...{ version: breaker?.version ?? null, states: ['closed'], sinceAtMs: 7, about: null },
    ...more,
  };
}

function step(serial: number, number: number, to: string): Step {
  return {
    ...{
      serial,
      ring: 'component',
      nth: serial,
      actor: number,
      atMs: 1_000 + serial,
      event: 'call.failed',
      from: ['closed'],
    },
    ...{ to: [to], transitions: [0] },
  };
}

function all(...actors: readonly WatchedActor[]): FeedMessage {
  return { kind: 'actors', actors, isAll: true };
}

function playing(...actors: readonly WatchedActor[]): PlayedSource {
  const source = new PlayedSource();
  source.beginning = [HELLO, all(...actors)];
  return source;
}

const errors: unknown[] = [];
afterEach(() => {
  errors.length = 0;
  vi.doUnmock('@statelyai/inspect');
});

async function attached(
  source: PlayedSource,
  url: string,
  clock = systemClock,
): Promise<() => void> {
  const close = await showOverSocket(
    { source, machines, clock, onError: (error) => errors.push(error) },
    { url, leavesThisMachine: false },
  );
  onTestFinished(close);
  return close;
}

describe('OB-2 over a WebSocket', () => {
  test("OB-2: what the package's own receiver gets: an actor with its chart, events and states", async () => {
    const server = await StatelyServer.start();
    const told: StatelyInspectionEvent[] = [];
    const receiver = createWebSocketReceiver({ server: server.url });
    receiver.subscribe((event) => {
      told.push(event);
    });
    await expect.poll(() => server.sockets.length).toBe(1);
    const source = playing(actor(1));
    await attached(source, server.url);
    source.tell([{ kind: 'steps', steps: [step(1, 1, 'open')] }]);
    source.tell([{ kind: 'ended', actors: [1], atMs: 9 }]);
    await expect.poll(() => told.length).toBe(4);
    const common = {
      ...{ sessionId: '10:breaker:1', rootId: '10:supervisor', id: null, _version: '0.7.2' },
    };
    expect(told).toEqual([
      {
        ...{ ...common, type: '@xstate.actor', name: 'breaker:1', createdAt: '36' },
        parentId: '10:supervisor',
        definition: expect.stringContaining('"circuitBreaker"') as string,
        snapshot: { status: 'active', value: 'closed', context: {} },
      },
      { ...common, type: '@xstate.event', createdAt: '1001', event: { type: 'call.failed' } },
      {
        ...{ ...common, type: '@xstate.snapshot', createdAt: '1001' },
        ...{ event: { type: 'call.failed' } },
        snapshot: { status: 'active', value: 'open', context: {} },
      },
      {
        ...{ ...common, type: '@xstate.snapshot', createdAt: '9', event: { type: 'xstate.stop' } },
        snapshot: { status: 'stopped', value: 'open', context: {} },
      },
    ]);
    for (const socket of server.sockets) socket.terminate();
  });

  test("OB-2: a frame has the fields that the package's own frames have", async () => {
    const made: object[] = [];
    const inspector = createInspector({ send: (frame) => made.push(frame) });
    inspector.actor('one', { status: 'active', value: 'closed', context: {} });
    inspector.event('one', { type: 'go' });
    inspector.snapshot('one', { value: 'open' }, { event: { type: 'go' } });
    const sent: object[] = [];
    const source = playing(actor(1));
    await showOnTarget(
      { source, machines, clock: systemClock, onError: () => undefined },
      { adapter: { send: (frame) => sent.push(frame) } },
    );
    source.tell([{ kind: 'steps', steps: [step(1, 1, 'open')] }]);
    const fieldsOf = (frames: readonly object[]): readonly string[][] =>
      frames.map((frame) => Object.keys(frame).toSorted());
    expect(fieldsOf(sent)).toEqual(fieldsOf(made));
  });

  test('OB-2: an ending in a final state is told as done', async () => {
    const server = await StatelyServer.start();
    const operation = machines.find(({ id }) => id === 'syncOperation');
    const version = operation?.version ?? null;
    const of = { machine: 'syncOperation', version, states: ['completed'] };
    const source = playing(actor(1, of));
    await attached(source, server.url);
    source.tell([{ kind: 'ended', actors: [1, 99], atMs: 9 }]);
    await expect.poll(() => server.told.length).toBe(2);
    expect(server.told[1]).toMatchObject({ snapshot: { status: 'done', value: 'completed' } });
  });

  test('OB-2: an actor of a chart that is not known here has no chart, and its states', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1, { version: 'of another release' }));
    await attached(source, server.url);
    await expect.poll(() => server.told.length).toBe(1);
    expect(server.told[0]).toMatchObject({ definition: '{"id":"circuitBreaker"}' });
  });

  test('OB-2: the next process has other actors, of the same numbers', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    await attached(source, server.url);
    source.tell([{ ...HELLO, startedAtMs: 37 }, all(actor(1))]);
    await expect
      .poll(() => server.told.map(({ sessionId }) => sessionId))
      .toEqual(['10:breaker:1', '11:breaker:1']);
  });

  test('OB-2: close() ends it: the server sees a proper end, and nothing is watched', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    const close = await attached(source, server.url);
    await expect.poll(() => server.sockets.length).toBe(1);
    const code = new Promise<number>((resolve) => {
      server.sockets[0]?.on('close', resolve);
    });
    close();
    expect(source.listeners.size).toBe(0);
    expect(await code).toBe(1_000);
    close();
    source.tell([all(actor(2))]);
    await sleep(20);
    expect(server.told).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test('OB-2: it keeps no process alive', async () => {
    const server = await StatelyServer.start();
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((what) => what === 'TCPSocketWrap').length;
    const before = sockets();
    await attached(playing(), server.url);
    await expect.poll(() => server.sockets.length).toBe(1);
    // That of the server, and not the other end.
    expect(sockets() - before).toBe(1);
  });

  test('OB-2: pings are answered, and what others send is passed over', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    await attached(source, server.url);
    await expect.poll(() => server.sockets.length).toBe(1);
    const [socket] = server.sockets;
    const pong = new Promise<string>((resolve) => {
      socket?.on('pong', (data: Buffer) => {
        resolve(data.toString('utf8'));
      });
    });
    socket?.send('x'.repeat(200_000));
    socket?.ping('are you there');
    expect(await pong).toBe('are you there');
    source.tell([all(actor(2))]);
    await expect.poll(() => server.told.length).toBe(2);
  });
});

describe('OB-2 UX-2 a server that is not there', () => {
  test('OB-2 UX-2: nobody listens: said at once, with what to do', async () => {
    const server = await StatelyServer.start();
    await server.close();
    await expect(attached(playing(), server.url)).rejects.toMatchObject({
      ...{ code: 'HF_INSPECTOR_UNAVAILABLE', field: 'url', retry: 'later' },
      message: expect.stringMatching(
        /^No Stately inspector answers at 127\.0\.0\.1:\d+ \(Error ECONNREFUSED: .*\)\. Start its server first, or give another url\.$/,
      ) as string,
    });
  });

  test.each([
    ['answers as a page does', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello')],
    [
      'takes the upgrade without the key',
      (socket: Socket) =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n',
        ),
    ],
    ['says nothing', () => undefined],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])('OB-2 UX-2: what listens there %s', async (_, answer) => {
    const other = createServer();
    const sockets = new Set<Socket>();
    other.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        answer(socket);
      });
    });
    other.removeAllListeners('request');
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      other.close();
    });
    const { port } = other.address() as AddressInfo;
    const source = playing();
    const attaching = attached(source, `ws://127.0.0.1:${port}`, hurriedClock(50));
    await expect(attaching).rejects.toMatchObject({ code: 'HF_INSPECTOR_UNAVAILABLE' });
    expect(source.watches).toBe(0);
    await expect.poll(() => [...sockets].filter(({ destroyed }) => !destroyed).length).toBe(0);
  });

  test('OB-2: one that goes and comes back is shown all anew', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    await attached(source, server.url, hurriedClock(50));
    await expect.poll(() => server.told.length).toBe(1);
    await server.close();
    await expect.poll(() => source.listeners.size).toBe(0);
    const next = await StatelyServer.start(server.port);
    await expect.poll(() => next.told.length).toBe(1);
    expect(source.listeners.size).toBe(1);
    expect(errors).toEqual([]);
  });

  test('OB-2: one that stays away is looked for five times, then told of, and no more', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    await attached(source, server.url, hurriedClock(200));
    await server.close();
    await expect.poll(() => errors.length).toBe(1);
    expect(errors[0]).toMatchObject({
      code: 'HF_INSPECTOR_UNAVAILABLE',
      message: expect.stringContaining('Call statelyInspector() again') as string,
    });
    const late = await StatelyServer.start(server.port);
    await sleep(300);
    expect(late.sockets).toHaveLength(0);
    expect(source.listeners.size).toBe(0);
    expect(errors).toHaveLength(1);
  });

  test('OB-2: closed while it is looked for, it is looked for no more', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1));
    const close = await attached(source, server.url, hurriedClock(20));
    await server.close();
    await expect.poll(() => source.listeners.size).toBe(0);
    close();
    const late = await StatelyServer.start(server.port);
    await sleep(300);
    expect(late.sockets).toHaveLength(0);
    expect(errors).toEqual([]);
  });

  test('OB-2 UX-2: the package is not installed: said so, with the command', async () => {
    vi.doMock('@statelyai/inspect', () => {
      throw new Error('Cannot find package');
    });
    const server = await StatelyServer.start();
    await expect(attached(playing(), server.url)).rejects.toMatchObject({
      code: 'HF_INSPECTOR_UNAVAILABLE',
      message: expect.stringContaining('npm install --save-dev @statelyai/inspect') as string,
    });
  });
});

describe('OB-2 a server that does not read', () => {
  test('OB-2: what waits for it is bounded, and it comes to the right state in the end', async () => {
    const server = await StatelyServer.start();
    const source = playing(actor(1), actor(2));
    await attached(source, server.url);
    await expect.poll(() => server.told.length).toBe(2);
    const [socket] = server.sockets;
    socket?.pause();
    for (let serial = 1; serial <= 60_000; serial += 100) {
      const steps = Array.from({ length: 100 }, (_, at) =>
        step(serial + at, 1 + (at % 2), serial + at > 59_900 ? 'open' : 'closed'),
      );
      source.tell([{ kind: 'steps', steps }]);
      await sleep(0);
    }
    socket?.resume();
    const lastOf = (session: string): unknown =>
      server.told.findLast(({ sessionId }) => sessionId === session)?.['snapshot'];
    for (const session of ['10:breaker:1', '10:breaker:2']) {
      await expect.poll(() => lastOf(session)).toMatchObject({ value: 'open' });
    }
    // Were all of it sent, there would be two frames for each step.
    expect(server.told.length).toBeLessThan(60_000);
  });
});

describe('OB-2 by an inspector that the app has made', () => {
  const parts = { machines, clock: systemClock, onError: (error: unknown) => errors.push(error) };

  test('OB-2: createWebSocketInspector', async () => {
    const server = await StatelyServer.start();
    const inspector = createWebSocketInspector({ url: server.url });
    onTestFinished(() => {
      inspector.stop();
    });
    const source = playing(actor(1));
    const end = await showOnTarget({ ...parts, source }, inspector);
    await expect.poll(() => server.told.length).toBe(1);
    expect(server.told[0]).toMatchObject({ type: '@xstate.actor', name: 'breaker:1' });
    end();
    expect(source.listeners.size).toBe(0);
  });

  test('OB-2: createBrowserInspector and its receiver, in a browser', async () => {
    const page = new EventTarget();
    const app = new EventTarget();
    const post = (to: EventTarget) => (data: unknown) => {
      // As a browser does: later.
      setImmediate(() => to.dispatchEvent(Object.assign(new Event('message'), { data })));
    };
    const appWindow = Object.assign(app, {
      open: () => ({ postMessage: post(page) }),
    }) as never;
    const pageWindow = Object.assign(page, {
      opener: { postMessage: post(app) },
    });
    const inspector = createBrowserInspector({ window: appWindow });
    const told: StatelyInspectionEvent[] = [];
    const source = playing(actor(1));
    const end = await showOnTarget({ ...parts, source }, inspector);
    createBrowserReceiver({
      window: Object.assign(pageWindow, { self: 1, top: 1 }) as never,
    }).subscribe((event) => {
      told.push(event);
    });
    source.tell([{ kind: 'steps', steps: [step(1, 1, 'open')] }]);
    await expect
      .poll(() => told.map(({ type }) => type))
      .toEqual(['@xstate.actor', '@xstate.event', '@xstate.snapshot']);
    end();
  });

  test('OB-2: one that throws is told of, and shown nothing more', async () => {
    const source = playing(actor(1));
    const target = {
      adapter: {
        send: () => {
          throw new Error('no window');
        },
      },
    };
    await showOnTarget({ ...parts, source }, target);
    expect(errors).toMatchObject([{ code: 'HF_INSPECTOR_UNAVAILABLE' }]);
    expect(source.listeners.size).toBe(0);
    source.tell([all(actor(2))]);
    expect(errors).toHaveLength(1);
  });

  test.each([undefined, null, 1, {}, { adapter: {} }, { adapter: { send: 1 } }])(
    'OB-2 UX-2: %j is none',
    async (target) => {
      const showing = showOnTarget({ ...parts, source: playing() }, target as never);
      await expect(showing).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'inspector',
      });
    },
  );
});
