/**
 * Viewers in other processes, at the owner: nothing that one of them does, or leaves undone, harms it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { FeedMessage } from '../../../inspector/protocol.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { asking, handLine, own, steps, stepsOfMany } from './inspectScene.ts';

const serve = () => own(tempFolder(), new VirtualClock());

const serialsOf = (messages: readonly FeedMessage[]): number[] =>
  messages.flatMap((message) =>
    message.kind === 'steps' ? message.steps.map(({ serial }) => serial) : [],
  );

describe('OB-1 the owner is watched while lines are there', () => {
  test('OB-1 each line has the beginning, then what comes, and the feed is left with the last one', async () => {
    const { path, feed } = await serve();
    expect(feed.listeners.size).toBe(0);
    const first = await handLine(path);
    await vi.waitFor(() => expect(first.messages()).toHaveLength(2), HANGS_AFTER_MS);
    feed.say(steps(1));
    const second = await handLine(path);
    feed.say(steps(2));
    await vi.waitFor(() => expect(serialsOf(first.messages())).toEqual([1, 2]), HANGS_AFTER_MS);
    await vi.waitFor(() => expect(serialsOf(second.messages())).toEqual([2]), HANGS_AFTER_MS);
    expect(second.messages()[0]?.kind).toBe('hello');
    expect(feed.listeners.size).toBe(2);
    first.socket.destroy();
    second.socket.destroy();
    await vi.waitFor(() => expect(feed.listeners.size).toBe(0), HANGS_AFTER_MS);
  });

  test('OB-1 it says so once it closes, and ends all lines', async () => {
    const { path, close } = await serve();
    const viewer = await handLine(path);
    await close();
    await viewer.closed;
    expect(viewer.messages().at(-1)).toMatchObject({
      kind: 'away',
      reason: expect.stringContaining('closed'),
    });
    expect(close).toBeDefined();
  });

  test('OB-1 it says that it is there while nothing happens', async () => {
    const clock = new VirtualClock();
    const { path } = await own(tempFolder(), clock);
    const viewer = await handLine(path);
    await clock.advance(1_000);
    await vi.waitFor(() => expect(viewer.said()).toContain('[]\n'), HANGS_AFTER_MS);
  });
});

describe('OB-1 PF-2 a viewer that reads nothing costs so much and no more', () => {
  test('OB-1 what waits for it is made small, and it sees the present when it reads on', async () => {
    const { path, feed } = await serve();
    const [reads, deaf] = [await handLine(path), await handLine(path)];
    await vi.waitFor(() => expect(deaf.messages()).toHaveLength(2), HANGS_AFTER_MS);
    deaf.socket.pause();
    for (let serial = 1; serial <= 20_000; serial += 10) {
      feed.say(steps(serial, 10));
      if (serial % 500 === 1) await sleep(0);
    }
    await vi.waitFor(() => expect(serialsOf(reads.messages()).at(-1)).toBe(20_000), HANGS_AFTER_MS);
    deaf.socket.resume();
    await vi.waitFor(() => expect(serialsOf(deaf.messages()).at(-1)).toBe(20_000), HANGS_AFTER_MS);
    // What the system holds for a connection, and the last step of the one actor.
    expect(serialsOf(deaf.messages()).length).toBeLessThan(15_000);
    expect(serialsOf(reads.messages()).length).toBeGreaterThan(serialsOf(deaf.messages()).length);
  });

  test('OB-1 it is let go after ten seconds, and others are told on', async () => {
    const clock = new VirtualClock();
    const { path, feed } = await own(tempFolder(), clock);
    const [reads, deaf] = [await handLine(path), await handLine(path)];
    await vi.waitFor(() => expect(deaf.messages()).toHaveLength(2), HANGS_AFTER_MS);
    deaf.socket.pause();
    feed.say(stepsOfMany(20_000));
    await sleep(50);
    await clock.advance(10_001);
    await vi.waitFor(() => expect(feed.listeners.size).toBe(1), HANGS_AFTER_MS);
    feed.say(steps(20_001));
    await vi.waitFor(() => expect(serialsOf(reads.messages()).at(-1)).toBe(20_001), HANGS_AFTER_MS);
    deaf.socket.resume();
    await deaf.closed;
  });

  test('OB-1 one that is behind when the owner closes keeps nothing open', async () => {
    const { path, feed, close } = await serve();
    const deaf = await handLine(path);
    deaf.socket.pause();
    feed.say(stepsOfMany(20_000));
    await close();
    expect(feed.listeners.size).toBe(0);
    deaf.socket.resume();
    await deaf.closed;
  });
});

describe('SE-5 who gets no line', () => {
  test.each([
    ['of another version', asking('holdfast-inspect/2'), 426, 'another version'],
    ['a browser', asking('holdfast-inspect/1', 'origin: https://evil.example\r\n'), 404, 'line'],
  ])('SE-5 %s', async (_, request, status, says) => {
    const { path, feed } = await serve();
    const viewer = await handLine(path, request);
    expect(viewer.said()).toContain(`HTTP/1.1 ${status}`);
    expect(viewer.said()).toContain(says);
    await viewer.closed;
    expect(feed.listeners.size).toBe(0);
  });

  test('OB-1 there are sixteen, and the next one has a place once one of them goes', async () => {
    const { path } = await serve();
    const all = [];
    for (let count = 0; count < 16; count += 1) all.push(await handLine(path));
    const more = await handLine(path);
    expect(more.said()).toContain('HTTP/1.1 503');
    all[0]?.socket.destroy();
    await vi.waitFor(async () => {
      const next = await handLine(path);
      expect(next.said()).toContain('HTTP/1.1 101');
    }, HANGS_AFTER_MS);
  });

  test('SE-5 one that talks is let go: a viewer has nothing to say', async () => {
    const { path, feed } = await serve();
    const viewer = await handLine(path);
    viewer.socket.write('{"n":1,"ask":"call"}\n');
    await viewer.closed;
    await vi.waitFor(() => expect(feed.listeners.size).toBe(0), HANGS_AFTER_MS);
  });
});
