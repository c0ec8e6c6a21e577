/**
 * What waits for a viewer that is behind: it ends up seeing the same, and what waits does not grow with time.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FeedMessage, Step, WatchedActor } from '../../inspector/protocol.ts';
import { inPieces, squeezed } from '../../inspector/squeeze.ts';

const ABOUT = {
  type: 'note.put',
  upstream: 'notes',
  tier: 'basic',
  priority: 'normal',
  acceptedAtMs: 1,
};
const at = (actor: number, state: string): WatchedActor => ({
  ...{ actor, id: `op-${actor}`, machine: 'syncOperation', version: '1', states: [state] },
  ...{ sinceAtMs: 1, about: ABOUT },
});

/** What a viewer holds after these messages. */
function seen(messages: readonly FeedMessage[]) {
  let actors = new Map<number, readonly string[]>();
  let hello = 0;
  let overview = 0;
  let lastNews = 0;
  let isAway = false;
  for (const message of messages) {
    switch (message.kind) {
      case 'hello':
        actors = new Map();
        hello = message.startedAtMs;
        [overview, lastNews] = [0, 0];
        isAway = false;
        break;
      case 'actors':
        if (message.isAll) actors = new Map();
        for (const { actor, states } of message.actors) actors.set(actor, states);
        break;
      case 'steps':
        for (const { actor, to } of message.steps) if (actors.has(actor)) actors.set(actor, to);
        break;
      case 'ended':
        for (const actor of message.actors) actors.delete(actor);
        break;
      case 'news':
        lastNews = message.news.at(-1)?.serial ?? lastNews;
        break;
      case 'overview':
        overview = message.overview.atMs;
        break;
      case 'away':
        isAway = true;
        break;
      case 'minutes':
        // Held by keptMinutes.test.ts.
        break;
      case 'notes':
        // Whoever serves a page says them; no process does.
        break;
    }
  }
  const sorted = [...actors].toSorted(([a], [b]) => a - b);
  return { actors: sorted, hello, overview, lastNews, isAway };
}

type Happening = readonly [what: string, actor: number, state: string];

/** Messages as a feed sends them: whoever takes a step is there, and nobody is there twice. */
function messagesOf(happenings: readonly Happening[]): FeedMessage[] {
  let serial = 0;
  let number = 0;
  let live: number[] = [];
  return happenings.flatMap(([what, pick, state]): FeedMessage[] => {
    serial += 1;
    const actor = live[pick % Math.max(1, live.length)];
    switch (what) {
      case 'hello': {
        const actors = live.map((one) => at(one, state));
        return [
          {
            ...{ kind: 'hello', protocol: 1, holdfast: '0', name: 'test', charts: [] },
            ...{ startedAtMs: serial, nowMs: serial },
          },
          { kind: 'actors', actors, isAll: true },
        ];
      }
      case 'begins':
        number += 1;
        live.push(number);
        return [{ kind: 'actors', actors: [at(number, state)], isAll: false }];
      case 'news': {
        const words = { text: '', tone: 'quiet' } as const;
        const one = { serial, atMs: serial, kind: 'made.up', id: null, reason: null };
        return [{ kind: 'news', news: [{ ...one, ...words, details: {} }] }];
      }
      case 'overview':
        return [{ kind: 'overview', overview: { atMs: serial } as never }];
      case 'away':
        return [{ kind: 'away', reason: 'gone', atMs: serial }];
      default: {
        if (actor === undefined) return [];
        if (what === 'ends') {
          live = live.filter((one) => one !== actor);
          return [{ kind: 'ended', actors: [actor], atMs: serial }];
        }
        const step: Step = {
          ...{
            serial,
            ring: 'operation',
            nth: serial,
            actor,
            atMs: serial,
            event: 'went',
            from: [],
            to: [state],
          },
          transitions: [0],
        };
        return [{ kind: 'steps', steps: [step] }];
      }
    }
  });
}

const happening = fc.tuple(
  fc.constantFrom(
    ...['hello', 'begins', 'begins', 'begins', 'steps', 'steps', 'steps', 'steps'],
    ...['ends', 'news', 'overview', 'away'],
  ),
  fc.nat(20),
  fc.constantFrom('one', 'two', 'three'),
);

test('OB-1 one that was behind sees in the end what all others see', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 200 }), fc.nat(200), (happenings, cutAt) => {
      const messages = messagesOf(happenings);
      const before = messages.slice(0, cutAt);
      const after = messages.slice(cutAt);
      expect(seen([...before, ...inPieces(squeezed(after))])).toEqual(seen(messages));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('OB-1 what waits has the size of what lives, however much happened', () => {
  const happenings: Happening[] = [['hello', 0, 'one']];
  for (let index = 0; index < 50; index += 1) happenings.push(['begins', 0, 'one']);
  for (let index = 0; index < 10_000; index += 1) {
    happenings.push(['steps', index % 50, 'two'], ['news', 0, ''], ['overview', 0, '']);
    happenings.push(['begins', 0, 'one'], ['steps', 50, 'two'], ['ends', 50, '']);
  }
  const left = squeezed(messagesOf(happenings));
  const count = (kind: string): number =>
    left.flatMap((message): readonly unknown[] => {
      if (message.kind === 'steps') return message.kind === kind ? message.steps : [];
      if (message.kind === 'news') return message.kind === kind ? message.news : [];
      if (message.kind === 'actors') return message.kind === kind ? message.actors : [];
      return message.kind === kind ? [message] : [];
    }).length;
  expect(count('actors')).toBe(50);
  expect(count('steps')).toBe(50);
  expect(count('news')).toBe(200);
  expect(count('overview')).toBe(1);
  // hello, actors, steps, news and overview: of those that have ended the new table says nothing.
  expect(left).toHaveLength(5);
});

test('OB-1 those that come and go while a viewer is behind leave nothing behind', () => {
  const happenings: Happening[] = [];
  for (let index = 0; index < 10; index += 1) happenings.push(['begins', 0, 'one']);
  const before = messagesOf(happenings).length;
  // The first ten are known to the viewer, and one of these ends.
  happenings.push(['ends', 0, '']);
  for (let index = 0; index < 10_000; index += 1) {
    happenings.push(['begins', 0, 'one'], ['steps', 9, 'two'], ['ends', 9, '']);
  }
  const known = messagesOf(happenings);
  const later = squeezed(known.slice(before));
  expect(later).toEqual([{ kind: 'ended', actors: [1], atMs: expect.any(Number) }]);
  // Whose table is told anew knows of none that has ended.
  const anew = squeezed([...messagesOf([['hello', 0, 'one']]), ...known]);
  expect(anew.map(({ kind }) => kind)).toEqual(['hello', 'actors']);
});

test('OB-1 no piece is large, the first of a beginning takes the place of what was, and a small one is itself', () => {
  const actors = Array.from({ length: 1_201 }, (_, index) => at(index, 'one'));
  const whole: FeedMessage = { kind: 'actors', actors, isAll: true };
  const pieces = inPieces([whole]);
  expect(
    pieces.map((piece) => piece.kind === 'actors' && [piece.actors.length, piece.isAll]),
  ).toEqual([
    [500, true],
    [500, false],
    [201, false],
  ]);
  const small: FeedMessage = { kind: 'steps', steps: [] };
  expect(inPieces([small])[0]).toBe(small);
});
