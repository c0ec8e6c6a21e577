/**
 * The feed of whatever process owns a store: over owners that come and go, and none of ours.
 *
 * @module
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import { LineServer } from '../../../src/connect/lineServer.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import { ownerFeed } from '../../../src/inspect/ownerFeed.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { own, steps, view } from './inspectScene.ts';

/** Only the superuser can take the place of another one. */
const isSuperuser = process.getuid?.() === 0;
const NOBODYS_ID = 65_534;

describe('OB-1 the feed of a store goes on over its owners', () => {
  test.runIf(isSuperuser)(
    'UX-2 OB-1 one of another user is said to be that, not that none runs',
    async () => {
      const folder = tempFolder();
      const { close } = await own(folder, systemClock, 1);
      onTestFinished(close);
      chmodSync(folder, 0o755);
      process.seteuid?.(NOBODYS_ID);
      try {
        const viewer = view(folder, systemClock);
        await viewer.until((told) => told.length > 0);
        expect(viewer.aways()).toEqual([expect.stringContaining('is of another user')]);
      } finally {
        process.seteuid?.(0);
      }
    },
  );

  test('OB-1 nobody is there, then one, then none, then the next', async () => {
    const folder = tempFolder();
    const viewer = view(folder, systemClock);
    await viewer.until((told) => told.length > 0);
    expect(viewer.aways()).toEqual(['no process runs on the store']);
    const first = await own(folder, systemClock, 1);
    await viewer.until((told) => told.some(({ kind }) => kind === 'hello'));
    first.feed.say(steps(1), steps(2));
    await viewer.until(() => viewer.serials().length === 2);
    await first.close();
    await viewer.until(() => viewer.aways().length >= 2);
    expect(viewer.aways()[1]).toContain('has closed it');
    const second = await own(folder, systemClock, 2);
    await viewer.until((told) => told.filter(({ kind }) => kind === 'hello').length === 2);
    second.feed.say(steps(1));
    await viewer.until(() => viewer.serials().length === 3);
    const hellos = viewer.messages.flatMap((one) =>
      one.kind === 'hello' ? [one.startedAtMs] : [],
    );
    expect(hellos).toEqual([1, 2]);
    // A reason is told once, however often it is found.
    expect(viewer.aways().length).toBeLessThanOrEqual(3);
  });

  test('OB-1 two viewers each have the beginning, and one that stops ends at once', async () => {
    const folder = tempFolder();
    const { feed } = await own(folder, systemClock);
    const [one, two] = [view(folder, systemClock), view(folder, systemClock)];
    await one.until((told) => told.length >= 2);
    await two.until((told) => told.length >= 2);
    one.stop();
    feed.say(steps(1));
    await two.until(() => two.serials().length === 1);
    expect(one.serials()).toEqual([]);
    await expect.poll(() => feed.listeners.size).toBe(1);
  });

  test('OB-1 what a viewer throws ends its watch, and no other', async () => {
    const folder = tempFolder();
    const { feed } = await own(folder, systemClock);
    const other = view(folder, systemClock);
    await other.until((told) => told.length >= 2);
    const source = ownerFeed({ storeFolder: folder, clock: systemClock, random: systemRandom });
    let times = 0;
    source.watch(() => {
      times += 1;
      throw new Error('broken viewer');
    });
    await expect.poll(() => times).toBe(1);
    await expect.poll(() => feed.listeners.size).toBe(1);
    feed.say(steps(1));
    await other.until(() => other.serials().length === 1);
    expect(times).toBe(1);
  });

  test('OB-1 one that stops while it looks for an owner leaves no timer', async () => {
    const clock = { ...systemClock, pending: 0 };
    const counted = {
      ...clock,
      schedule: (delayMs: number, wake: () => void) => {
        clock.pending += 1;
        let isOver = false;
        const over = (): void => {
          if (!isOver) clock.pending -= 1;
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
    const viewer = view(tempFolder(), counted);
    await viewer.until((told) => told.length > 0);
    viewer.stop();
    await sleep(20);
    expect(clock.pending).toBe(0);
  });

  test('OB-1 one that says nothing is told of, and another hello follows', async () => {
    const folder = tempFolder();
    // As one that is stopped: it has taken the request and says nothing more.
    const clock = { ...systemClock, schedule: () => () => undefined };
    const owner = await own(folder, clock);
    const viewer = view(folder, systemClock);
    await viewer.until(() => viewer.aways().length === 1);
    expect(viewer.aways()[0]).toContain(
      'does not answer: it is stopped, or its event loop is blocked',
    );
    await viewer.until((told) => told.filter(({ kind }) => kind === 'hello').length === 2);
    expect(owner.feed.listeners.size).toBeLessThanOrEqual(2);
  });
});

describe('UX-2 it is said in plain words why there is nothing to see', () => {
  const listening = async (folder: string, server: ReturnType<typeof createServer>) => {
    const path = join(folder, 'control.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => {
      server.close();
      rmSync(path, { force: true });
    });
  };

  test('UX-2 an owner from before there were inspectors', async () => {
    const folder = tempFolder();
    const lines = new LineServer({
      ...{ clock: systemClock, desk: { ask: () => ({}) as never }, payloadBytesMax: 1_000 },
      crisisSocket: null,
    });
    const control = new ControlServer({
      ...{ storeFolder: folder, clock: systemClock, onError: () => undefined },
      answer: () => Promise.resolve(null),
      onUpgrade: (request, socket, head) => {
        lines.take(request, socket, head);
      },
    });
    control.open();
    onTestFinished(() => control.close());
    const viewer = view(folder, systemClock);
    // Its socket may not be there yet.
    await viewer.until(() =>
      viewer.aways().some((reason) => reason !== 'no process runs on the store'),
    );
    expect(viewer.aways().at(-1)).toContain('can not watch');
  });

  test('UX-2 one that speaks another version', async () => {
    const folder = tempFolder();
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      const error = {
        code: 'HF_STORE_UNAVAILABLE',
        message: 'I speak holdfast-inspect/9.',
        retry: 'later',
      };
      const text = JSON.stringify({ error });
      socket.end(
        `HTTP/1.1 426 Upgrade Required\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
      );
    });
    await listening(folder, server);
    const viewer = view(folder, systemClock);
    await viewer.until(() => viewer.aways().length > 0);
    expect(viewer.aways()[0]).toBe('I speak holdfast-inspect/9.');
  });

  test.each([
    ['what speaks no HTTP', 'what?\n', 'can not watch'],
    ['what upgrades and sends no JSON', 'UPGRADE hello\n', 'none of this version'],
    ['what upgrades and sends no messages', 'UPGRADE {"kind":"hello"}\n', 'none of this version'],
    ['what hangs up', '', 'no process runs'],
  ])('UX-2 %s', async (_, says, reason) => {
    const folder = tempFolder();
    const server = createPlainServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const head =
          'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: Upgrade\r\n\r\n';
        socket.end(says.replace('UPGRADE ', head));
      });
    });
    await listening(folder, server as never);
    const viewer = view(folder, systemClock);
    await viewer.until(() => viewer.aways().length > 0);
    expect(viewer.aways().join('\n')).toContain(reason);
  });

  test('UX-2 a path that is too long for a socket', () => {
    const folder = `/${'long/'.repeat(40)}`;
    expect(() =>
      ownerFeed({ storeFolder: folder, clock: systemClock, random: systemRandom }),
    ).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'store' }));
  });
});

describe('OB-1 calls go to the owner there is', () => {
  test('OB-1 by name, with what it answers and throws', async () => {
    const folder = tempFolder();
    const source = ownerFeed({ storeFolder: folder, clock: systemClock, random: systemRandom });
    await expect(source.call('health', {})).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      message: expect.stringContaining('No process runs on the store'),
    });
    await own(folder, systemClock);
    expect(await source.call('operation.show', { id: 'x' })).toEqual({
      name: 'operation.show',
      params: { id: 'x' },
    });
    await expect(source.call('boom', {})).rejects.toMatchObject({ code: 'HF_INTERNAL' });
  });
});
