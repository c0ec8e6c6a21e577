/**
 * The feed that is made up keeps to the protocol, so that what is seen with it is what a real one would show.
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allTransitions } from '../../../inspector/charts/transitions.ts';
import type { FeedMessage, Step, WatchedActor } from '../../../inspector/protocol.ts';
import { machines } from '../../../machines/index.ts';
import { syntheticFeed } from './syntheticFeed.ts';
import { STORY_MS } from './syntheticStory.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function told(forMs: number, options = {}): readonly FeedMessage[] {
  vi.setSystemTime(1_800_000_000_000);
  const feed = syntheticFeed({ actors: 50, stepsPerSecond: 100, ...options });
  const messages: FeedMessage[] = [];
  feed.watch((batch) => messages.push(...batch));
  vi.advanceTimersByTime(forMs);
  feed.close();
  return messages;
}

const stepsOf = (messages: readonly FeedMessage[]): readonly Step[] =>
  messages.flatMap((message) => (message.kind === 'steps' ? message.steps : []));
const actorsOf = (messages: readonly FeedMessage[]): readonly WatchedActor[] =>
  messages.flatMap((message) => (message.kind === 'actors' ? message.actors : []));

test('OB-1 its steps are transitions of the charts, one after the other of each actor, without gaps', () => {
  const messages = told(STORY_MS);
  const steps = stepsOf(messages);
  expect(steps.length).toBeGreaterThan(8_000);
  expect(steps.map(({ serial }) => serial)).toEqual(steps.map((_, at) => at + 1));
  const charts = new Map(machines.map((machine) => [machine.id, allTransitions(machine)]));
  const actors = new Map(actorsOf(messages).map((actor) => [actor.actor, actor]));
  const states = new Map([...actors].map(([number, actor]) => [number, actor.states.join()]));
  for (const { actor, event, from, to, transitions } of steps) {
    const [place = -1] = transitions;
    const taken = charts.get(actors.get(actor)?.machine ?? '')?.[place];
    expect(taken?.eventType).toBe(event);
    expect(from.join()).toBe(states.get(actor));
    states.set(actor, to.join());
  }
});

test('OB-1 its story comes with the same seed to the same end: the breaker opens and closes, levels fall and rise', () => {
  const [first, second] = [told(STORY_MS), told(STORY_MS)];
  expect(stepsOf(first)).toEqual(stepsOf(second));
  const [breaker] = actorsOf(first).filter(({ id }) => id === 'breaker:payments');
  const passed = stepsOf(first).filter(({ actor }) => actor === breaker?.actor);
  expect(passed.map(({ to }) => to.join())).toEqual([
    'open',
    'halfOpen',
    'open',
    'halfOpen',
    'closed',
  ]);
  const levels = first.flatMap((message) =>
    message.kind === 'overview' ? [message.overview.level] : [],
  );
  expect([...new Set(levels)]).toEqual(['normal', 'limited']);
  expect(levels.at(-1)).toBe('normal');
});

test('OB-1 it begins with hello and all actors, and tells of another process after it was away', () => {
  const feed = syntheticFeed({ actors: 1_200, stepsPerSecond: 0 });
  const messages: FeedMessage[] = [];
  feed.watch((batch) => messages.push(...batch));
  const isAll = messages.flatMap((message) => (message.kind === 'actors' ? [message.isAll] : []));
  expect(messages[0]?.kind).toBe('hello');
  expect(isAll).toEqual([true, false, false]);
  feed.away(1_000);
  vi.advanceTimersByTime(1_000);
  const kinds = messages.map(({ kind }) => kind);
  expect(kinds.slice(kinds.indexOf('away'))).toContain('hello');
  feed.close();
});
