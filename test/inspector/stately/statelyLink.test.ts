/**
 * What the link to a Stately inspector costs the process that is shown: each actor's frame holds its whole chart, and
 * the receiver may read slowly, or nothing at all.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { FeedMessage, WatchedActor } from '../../../inspector/protocol.ts';
import { StatelyFrames, StatelyLink } from '../../../inspector/stately/statelyInspector.ts';
import type { TextSocket } from '../../../inspector/stately/webSocketClient.ts';
import { machines } from '../../../machines/index.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { PlayedSource } from '../../support/inspector/servedInspector.ts';

const HELLO: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '0.0.0', name: 'test', charts: [] },
  ...{ startedAtMs: 36, nowMs: 36 },
};

function operations(first: number, count: number): readonly WatchedActor[] {
  const chart = machines.find(({ id }) => id === 'syncOperation');
  return Array.from({ length: count }, (_, index) => ({
    ...{ actor: first + index, id: `operation-${first + index}`, machine: 'syncOperation' },
    ...{ version: chart?.version ?? null, states: ['parked'], sinceAtMs: 7, about: null },
  }));
}

/** A socket that notes what it is sent in each turn. */
function createStage(behindBytes: number) {
  const clock = new VirtualClock();
  const turns: number[] = [0];
  const socket: TextSocket = {
    ...{ behindBytes, onDrain: () => undefined, onEnd: () => undefined, close: () => undefined },
    send(text) {
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + text.length;
    },
  };
  const source = new PlayedSource();
  const link = new StatelyLink({
    source,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (delayMs, wake) => clock.schedule(delayMs, wake),
      defer: (go) => {
        clock.defer(() => {
          turns.push(0);
          go();
          turns.push(0);
        });
      },
    },
    newFrames: () => new StatelyFrames('0.7.2', machines),
    open: async () => await Promise.resolve(socket),
    onGone: () => undefined,
  });
  return { clock, source, socket, link, turns };
}

test('CR-1 OB-2: of thousands of actors with their charts little is sent in one turn', async () => {
  const { clock, source, socket, link, turns } = createStage(0);
  source.beginning = [HELLO, { kind: 'actors', actors: operations(1, 500), isAll: true }];
  link.follow(socket);
  for (let first = 501; first < 2_500; first += 500) {
    source.tell([{ kind: 'actors', actors: operations(first, 500), isAll: false }]);
    turns.push(0);
  }
  await clock.advance(1_000);
  // Each has a chart of some 8 kB: 21 MB in all.
  expect(turns.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(20_000_000);
  expect(Math.max(...turns)).toBeLessThan(1_000_000);
});

test('CR-1 OB-2: with thousands of actors waiting, a batch is no work', () => {
  const { source, socket, link } = createStage(Number.POSITIVE_INFINITY);
  source.beginning = [HELLO, { kind: 'actors', actors: operations(1, 60_000), isAll: true }];
  link.follow(socket);
  const since = performance.now();
  for (let batch = 0; batch < 500; batch += 1) {
    const number = 1 + batch;
    source.tell([
      { kind: 'actors', actors: operations(100_000 + batch, 1), isAll: false },
      { kind: 'ended', actors: [number], atMs: batch },
    ]);
  }
  // To go through all of them takes tens of milliseconds each time.
  expect(performance.now() - since).toBeLessThan(4_000);
});
