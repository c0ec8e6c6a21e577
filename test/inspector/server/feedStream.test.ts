import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage, Step } from '../../../inspector/protocol.ts';
import { FeedLines, FeedStream } from '../../../inspector/server/feedStream.ts';
import {
  away,
  feedRequest,
  hurriedClock,
  PlayedSource,
  ServedInspector,
} from '../../support/inspector/servedInspector.ts';

/** The messages of a feed, in order, of whole lines; the head and the chunks' lengths are left out. */
function messagesIn(text: string): readonly FeedMessage[] {
  return text
    .slice(text.indexOf('\r\n\r\n') + 4)
    .split(/\r\n(?:[0-9a-f]+\r\n)?|^[0-9a-f]+\r\n/)
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('[') && line.endsWith(']'))
    .flatMap((line) => JSON.parse(line) as FeedMessage[]);
}

/** Steps that make about `kilobytes` of JSON. */
function bulk(kilobytes: number, serial = 1): FeedMessage {
  const step: Step = {
    ...{
      serial,
      ring: 'operation',
      nth: serial,
      actor: 1,
      atMs: 1,
      event: 'x'.repeat(1_000),
      from: [],
      to: [],
      transitions: [],
    },
  };
  return { kind: 'steps', steps: Array.from({ length: kilobytes }, () => step) };
}

describe('OB-1 the feed of a page', () => {
  test('OB-1: begins with what is there, and goes on batch by batch, a line each', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    await expect.poll(() => messagesIn(feed.text())).toEqual([away('nobody yet')]);
    inspector.source.tell([away('one'), away('two')]);
    await expect
      .poll(() => messagesIn(feed.text()))
      .toEqual([away('nobody yet'), away('one'), away('two')]);
    expect(feed.text()).toMatch(/^HTTP\/1\.1 200/);
    expect(feed.text().toLowerCase()).toContain('content-type: application/x-ndjson');
  });

  test('OB-1: a heartbeat says that the server is there', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(200) });
    const { session } = await inspector.session().catch(() => ({ session: '' }));
    const feed = await inspector.follow(session);
    await expect.poll(() => feed.text().split('[]\n').length).toBeGreaterThan(3);
  });

  test('OB-1: a source that has dropped the page is watched anew; one that is away is waited for', async () => {
    const source = new PlayedSource();
    source.beginning = [bulk(1)];
    const inspector = await ServedInspector.start({ source, clock: hurriedClock(200) });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    await expect.poll(() => source.watches).toBe(1);
    source.listeners.clear();
    await expect.poll(() => source.watches).toBeGreaterThan(1);
    source.tell([away('for a while')]);
    await expect.poll(() => feed.text()).toContain('for a while');
    const { watches } = source;
    const beats = feed.text().split('[]\n').length;
    await expect.poll(() => feed.text().split('[]\n').length).toBeGreaterThan(beats + 4);
    expect(source.watches).toBe(watches);
  });

  test('OB-1: a large beginning is written in pieces, in several turns, whole and in order', async () => {
    const source = new PlayedSource();
    source.beginning = Array.from({ length: 100 }, (_, at) => bulk(30, at + 1));
    // Beyond what a page may be behind, were it no beginning.
    const inspector = await ServedInspector.start({ source, clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    await expect
      .poll(() => messagesIn(feed.text()).length, { timeout: 10_000 })
      .toBe(source.beginning.length);
    inspector.source.tell([away('after it')]);
    await expect.poll(() => messagesIn(feed.text()).at(-1)).toEqual(away('after it'));
    expect(messagesIn(feed.text()).slice(0, -1)).toEqual(source.beginning);
    expect(source.watches).toBe(1);
  });

  test('OB-1: of a large beginning a piece is written in a turn, whatever else is told meanwhile', () => {
    const written: string[] = [];
    const response = Object.assign(new EventEmitter(), {
      ...{ writableLength: 0, writeHead: () => undefined, flushHeaders: () => undefined },
      write: (text: string) => written.push(text),
      destroy: () => undefined,
    }) as unknown as ServerResponse;
    const deferred: (() => void)[] = [];
    const clock = {
      ...systemClock,
      schedule: () => () => undefined,
      defer: (go: () => void) => deferred.push(go),
    };
    const source = new PlayedSource();
    source.beginning = Array.from({ length: 50 }, () => bulk(30));
    const lines = new FeedLines();
    const stream = new FeedStream({
      ...{ response, source, lines, clock, onEnd: () => undefined, onError: () => undefined },
    });
    stream.open();
    expect(written).toHaveLength(1);
    source.tell([away('meanwhile')]);
    source.tell([away('and more')]);
    expect(written).toHaveLength(1);
    for (let turns = 0; deferred.length > 0; turns += 1) {
      expect(written).toHaveLength(turns + 1);
      deferred.shift()?.();
    }
    expect(Math.max(...written.map((text) => text.length))).toBeLessThan(150_000);
    const told = written.flatMap((line) => JSON.parse(line) as FeedMessage[]);
    expect(told).toEqual([...source.beginning, away('meanwhile'), away('and more')]);
    stream.end();
  });

  test('OB-1: each message is made JSON of once, for however many pages', () => {
    const lines = new FeedLines();
    let made = 0;
    const message = { ...away('once'), toJSON: () => ({ made: (made += 1) }) };
    expect(lines.lineOf([message], 100)).toEqual({ text: '[{"made":1}]\n', count: 1 });
    expect(lines.lineOf([message, message], 100)).toEqual({
      text: '[{"made":1},{"made":1}]\n',
      count: 2,
    });
    expect(lines.lineOf([message, message], 1).count).toBe(1);
  });

  test('OB-1: nothing is watched while no page is there', async () => {
    const inspector = await ServedInspector.start();
    await inspector.ask();
    const { session } = await inspector.session();
    expect(inspector.source.watches).toBe(0);
    const feed = await inspector.follow(session);
    await expect.poll(() => inspector.source.listeners.size).toBe(1);
    await inspector.ask({
      ...{ method: 'POST', path: '/logout' },
      headers: { authorization: `Bearer ${session}` },
    });
    await feed.ended;
    expect(inspector.source.listeners.size).toBe(0);
  });

  test('OB-1: a source that can not be watched ends the feed, is told, and harms nothing else', async () => {
    const source = new PlayedSource();
    const inspector = await ServedInspector.start({
      source: Object.assign(source, {
        watch: () => {
          throw new Error('no watch');
        },
      }),
    });
    const { session } = await inspector.session();
    const feed = await inspector.follow(session);
    await feed.ended;
    expect(inspector.errors).toMatchObject([{ message: 'no watch' }]);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
  });
});

describe('OB-1 AC-2 a page that does not keep up', () => {
  test('OB-1 AC-2: costs a bounded number of bytes, holds up nothing, and is cut', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(20) });
    const { session } = await inspector.session();
    const slow = await inspector.socket();
    slow.pause();
    slow.write(feedRequest(inspector.host, session));
    const quick = await inspector.follow(session);
    await expect.poll(() => inspector.source.listeners.size).toBe(2);
    const batch = [bulk(256)];
    let longestMs = 0;
    let told = 0;
    globalThis.gc?.();
    const before = process.memoryUsage();
    // 256 MB in all, were it kept.
    for (; told < 1_000; told += 1) {
      const since = performance.now();
      inspector.source.tell([...batch.map((message) => ({ ...message }))]);
      longestMs = Math.max(longestMs, performance.now() - since);
      if (told % 4 === 0) await sleep(0);
      if (inspector.source.listeners.size === 0) break;
    }
    const after = process.memoryUsage();
    expect(
      after.external + after.arrayBuffers - before.external - before.arrayBuffers,
    ).toBeLessThan(32 * 1_048_576);
    expect(longestMs).toBeLessThan(500);
    const closed = new Promise<void>((resolve) => {
      slow.on('close', () => {
        resolve();
      });
      slow.on('error', () => undefined);
    });
    await sleep(800);
    slow.resume();
    await closed;
    expect(quick.text().length).toBeGreaterThan(0);
    expect(await inspector.ask()).toMatchObject({ status: 200 });
  });

  test('OB-1: is not collected for while it is behind, and begins anew once it has read', async () => {
    const source = new PlayedSource();
    const inspector = await ServedInspector.start({ source, clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    socket.pause();
    socket.write(feedRequest(inspector.host, session));
    await expect.poll(() => source.listeners.size).toBe(1);
    for (let at = 0; at < 200 && source.listeners.size > 0; at += 1) {
      source.tell([bulk(256)]);
      await sleep(1);
    }
    expect(source.listeners.size).toBe(0);
    expect(source.watches).toBe(1);
    source.beginning = [away('anew')];
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.resume();
    await expect.poll(() => text.slice(-200)).toContain(JSON.stringify(away('anew')));
    expect(source.watches).toBe(2);
    source.tell([away('and on')]);
    await expect.poll(() => text.slice(-200)).toContain(JSON.stringify(away('and on')));
    socket.destroy();
  });

  test('OB-1: a beginning that comes in batches is none that a page is behind with', async () => {
    const source = new PlayedSource();
    source.beginning = [bulk(1)];
    const inspector = await ServedInspector.start({ source, clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    socket.pause();
    socket.write(feedRequest(inspector.host, session));
    await expect.poll(() => source.listeners.size).toBe(1);
    // More than kernel and bound take, in pieces, in turns of their own.
    for (let at = 0; at < 40; at += 1) {
      source.tell([bulk(256)]);
      await sleep(1);
    }
    await sleep(50);
    expect(source.listeners.size).toBe(1);
    source.tell([away('begun')]);
    for (let at = 0; at < 200 && source.listeners.size > 0; at += 1) {
      source.tell([bulk(256)]);
      await sleep(1);
    }
    expect(source.listeners.size).toBe(0);
    socket.destroy();
  });

  test('OB-1: a beginning without end is bounded, too', async () => {
    const source = new PlayedSource();
    source.beginning = [bulk(1)];
    const inspector = await ServedInspector.start({ source, clock: hurriedClock(1) });
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    socket.pause();
    socket.write(feedRequest(inspector.host, session));
    await expect.poll(() => source.listeners.size).toBe(1);
    let told = 0;
    for (; told < 200 && source.listeners.size > 0; told += 1) {
      source.tell([bulk(1_024)]);
      await sleep(1);
    }
    expect(told).toBeLessThan(40);
    socket.destroy();
  });

  test('OB-1: a page that leaves is watched for no more', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    for (let at = 0; at < 20; at += 1) {
      const socket = await inspector.socket();
      socket.on('error', () => undefined);
      socket.write(feedRequest(inspector.host, session));
      await expect.poll(() => inspector.source.listeners.size).toBe(1);
      socket.resetAndDestroy();
      await expect.poll(() => inspector.source.listeners.size).toBe(0);
    }
    expect(inspector.errors).toEqual([]);
  });
});
