import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  away,
  bearer,
  feedRequest,
  hurriedClock,
  ServedInspector,
} from '../../support/inspector/servedInspector.ts';

async function isEnded(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    socket.on('error', () => undefined);
    if (socket.destroyed) resolve(true);
    socket.on('close', () => {
      resolve(true);
    });
    socket.resume();
    setTimeout(() => {
      resolve(socket.destroyed);
    }, 3_000);
  });
}

describe('AC-2 what one caller can hold up is bounded', () => {
  test('AC-2: a body of more than 16 KiB is not kept, with or without its length', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const body = JSON.stringify({ name: 'x', params: { a: 'x'.repeat(17_000) } });
    const post = { method: 'POST', path: '/call' };
    const sized = await inspector.ask({ ...post, headers: bearer(session), body });
    expect(sized).toMatchObject({ status: 413 });
    expect(JSON.parse(sized.text)).toMatchObject({
      ok: false,
      error: { code: 'HF_PAYLOAD_TOO_LARGE' },
    });
    const chunked = { ...bearer(session), 'transfer-encoding': 'chunked' };
    expect(await inspector.ask({ ...post, headers: chunked, body })).toMatchObject({ status: 413 });
    expect(inspector.source.asked).toEqual([]);
  });

  test('AC-2: a body without end is cut when its time is over', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    socket.write(
      `POST /call HTTP/1.1\r\nhost: ${inspector.host}\r\nauthorization: Bearer ${session}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const chunk = `4000\r\n${'x'.repeat(16_384)}\r\n`;
    const flood = setInterval(() => socket.write(chunk), 5);
    expect(await isEnded(socket)).toBe(true);
    clearInterval(flood);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
  });

  test.each([
    ['a stranger', 'transfer-encoding: chunked'],
    ['a page of somebody else', 'origin: http://example.org\r\ntransfer-encoding: chunked'],
    ['one that says how much comes', 'content-length: 100000000000'],
    ['one that asks for a file', 'x-method: GET\r\ncontent-length: 100000000000'],
  ])('CR-1 AC-2: %s that sends as fast as it can keeps nobody busy with it', async (_, headers) => {
    // Its time is not over before the test is.
    const inspector = await ServedInspector.start({ clock: hurriedClock(1) });
    const socket = await inspector.socket();
    const ended = isEnded(socket);
    const method = headers.startsWith('x-method: GET') ? 'GET /' : 'POST /call';
    socket.write(`${method} HTTP/1.1\r\nhost: ${inspector.host}\r\n${headers}\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const flood = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', flood);
    flood();
    expect(await ended).toBe(true);
    // What the system holds between the two is of its choice.
    expect(socket.bytesWritten).toBeLessThan(16 * 1_048_576);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
  });

  test('AC-2: one that sends a byte now and then is cut, within head and body', async () => {
    const inspector = await ServedInspector.start();
    const head = `POST /session HTTP/1.1\r\nhost: ${inspector.host}\r\ncontent-length: 1000\r\n`;
    for (const begun of [head, `${head}\r\n`, '']) {
      const socket = await inspector.socket();
      socket.write(begun);
      const trickle = setInterval(() => socket.write('x'), 20);
      expect(await isEnded(socket)).toBe(true);
      clearInterval(trickle);
    }
  });

  test('AC-2: a head of more than 8 KiB is refused', async () => {
    const inspector = await ServedInspector.start();
    const reply = await inspector.ask({ headers: { 'x-long': 'x'.repeat(9_000) } });
    expect(reply).toMatchObject({ status: 431 });
  });

  test('AC-2: two requests on one connection: the second is not answered', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const call = `POST /call HTTP/1.1\r\nhost: ${inspector.host}\r\nauthorization: Bearer ${session}\r\ncontent-length: 2\r\n\r\n{}`;
    const said = await inspector.raw(`GET / HTTP/1.1\r\nhost: ${inspector.host}\r\n\r\n${call}`);
    expect(said.match(/HTTP\/1\.1 [24]\d\d/g)).toEqual(['HTTP/1.1 200']);
    expect(inspector.source.asked).toEqual([]);
  });

  test('AC-2: a request hidden in the body of another one is none', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const hidden = `POST /logout HTTP/1.1\r\nhost: ${inspector.host}\r\nauthorization: Bearer ${session}\r\ncontent-length: 0\r\n\r\n`;
    for (const framing of [
      `content-length: ${hidden.length}`,
      'transfer-encoding: chunked\r\ncontent-length: 4',
      'transfer-encoding: identity',
    ]) {
      const said = await inspector.raw(
        `GET / HTTP/1.1\r\nhost: ${inspector.host}\r\n${framing}\r\n\r\n${hidden}`,
      );
      expect(said, framing).not.toMatch(/^HTTP\/1\.1 2/);
    }
    expect(await inspector.call('x', {}, session)).toMatchObject({ status: 403 });
  });

  test('AC-2: many that say nothing lock nobody out, and their number is bounded', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    const sockets = await Promise.all(Array.from({ length: 200 }, () => inspector.socket()));
    for (const socket of sockets) socket.on('error', () => undefined).resume();
    await expect
      .poll(() => sockets.filter(({ destroyed, closed }) => !destroyed && !closed).length)
      .toBeLessThanOrEqual(33);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
    inspector.source.tell([away('still there')]);
    await expect.poll(() => feed.text()).toContain('still there');
    for (const socket of sockets) socket.destroy();
  });

  test('AC-2: many that do not read their answers lock nobody out either', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    const wrong = `GET /feed HTTP/1.1\r\nhost: ${inspector.host}\r\nauthorization: Bearer x\r\n\r\n`;
    const sockets = await Promise.all(Array.from({ length: 300 }, () => inspector.socket()));
    for (const socket of sockets) socket.on('error', () => undefined).write(wrong);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
    inspector.source.tell([away('still there')]);
    await expect.poll(() => feed.text()).toContain('still there');
    for (const socket of sockets) socket.destroy();
  });

  test('AC-2: eight pages follow at most, and each place is free again', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const sockets: Socket[] = [];
    for (let at = 0; at < 8; at += 1) {
      const socket = await inspector.socket();
      socket.write(feedRequest(inspector.host, session));
      sockets.push(socket);
    }
    await expect.poll(() => inspector.source.listeners.size).toBe(8);
    const full = await inspector.ask({ path: '/feed', headers: bearer(session) });
    expect(full).toMatchObject({ status: 503 });
    sockets[0]?.destroy();
    await expect.poll(() => inspector.source.listeners.size).toBe(7);
    const feed = await inspector.follow(session);
    await expect.poll(() => feed.text()).toContain('nobody yet');
    await sleep(1);
  });
});
