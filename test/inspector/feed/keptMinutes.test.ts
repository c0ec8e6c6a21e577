import { expect, test } from 'vitest';
import { KeptMinutes, minutesTold } from '../../../inspector/feed/keptMinutes.ts';
import { joinedMinutes, ROWS_MAX, withMinute } from '../../../inspector/minutes.ts';
import type { FeedMessage, Overview } from '../../../inspector/protocol.ts';
import { squeezed } from '../../../inspector/squeeze.ts';
import { HandFeed, hello } from '../../src/inspect/inspectScene.ts';

function at(atMs: number, overall = 'healthy', upstreams = 0): Overview {
  return {
    ...{ atMs, overall, phase: 'running', level: 'normal', queue: [], findings: [] },
    storage: { state: 'well', sinceAtMs: null },
    upstreams: Array.from({ length: upstreams }, (_, one) => ({
      name: `u${one}`,
      breaker: 'closed',
    })),
  } as unknown as Overview;
}

const minutesIn = (messages: readonly FeedMessage[]): readonly Overview[] =>
  messages.flatMap((message) => (message.kind === 'minutes' ? message.minutes : []));

function watched(feed: KeptMinutes): FeedMessage[] {
  const told: FeedMessage[] = [];
  feed.watch((messages) => told.push(...messages));
  return told;
}

test('OB-1 what happened while no page was open, and before the owner died, is told to the next page', () => {
  const owner = new HandFeed();
  const kept = new KeptMinutes(owner);
  owner.say({ kind: 'overview', overview: at(0) });
  owner.say({ kind: 'overview', overview: at(10_000, 'critical') });
  owner.say({ kind: 'away', reason: 'it was killed', atMs: 20_000 });
  owner.say(hello(2));
  owner.say({ kind: 'overview', overview: at(60_000) });
  const told = watched(kept);
  expect(told.map(({ kind }) => kind)).toEqual(['hello', 'minutes', 'actors']);
  expect(minutesIn(told).map(({ overall }) => overall)).toEqual(['healthy', 'critical', 'healthy']);
  kept.close();
  expect(owner.listeners.size).toBe(1);
});

test('OB-1 what the owner itself has kept is told once, to pages that are open already too', () => {
  const owner = new HandFeed();
  const kept = new KeptMinutes(owner);
  const early = watched(kept);
  owner.say({ kind: 'minutes', minutes: [at(0), at(60_000)] });
  expect(minutesIn(early)).toHaveLength(2);
  expect(minutesIn(watched(kept))).toHaveLength(2);
});

test('OB-1 minutes of another runtime are not those of this one', () => {
  const owner = new HandFeed();
  const kept = new KeptMinutes(owner);
  owner.say({ kind: 'overview', overview: at(0) });
  owner.beginning = [{ ...(hello(9) as object), name: 'another' } as FeedMessage];
  owner.say(...owner.beginning);
  expect(minutesIn(watched(kept))).toEqual([]);
});

test('OB-1 what two have kept is one line of minutes, in the bounds of one', () => {
  const own = [at(1_000), at(61_000), at(90_000, 'critical')];
  const told = [at(500), at(60_500), at(121_000)];
  expect(joinedMinutes(own, told).map(({ atMs }) => atMs)).toEqual([500, 60_500, 90_000, 121_000]);
  expect(joinedMinutes([], told)).toBe(told);
  expect(joinedMinutes(own, [])).toBe(own);
  const many = Array.from({ length: 50 }, (_, minute) => at(minute * 60_000, 'healthy', 495));
  expect(joinedMinutes(many, [at(50 * 60_000, 'healthy', 495)])).toHaveLength(ROWS_MAX / 500);
});

test('OB-1 minutes go out in pieces that are short by their rows, and stay whole for one who is behind', () => {
  const day = Array.from({ length: 30 }, (_, minute) => at(minute * 60_000, 'healthy', 95));
  const pieces = minutesTold(day.reduce<readonly Overview[]>(withMinute, []));
  expect(pieces.map((piece) => minutesIn([piece]).length)).toEqual([5, 5, 5, 5, 5, 5]);
  expect(minutesIn(squeezed(pieces))).toEqual(day);
  expect(minutesTold([])).toEqual([]);
});
