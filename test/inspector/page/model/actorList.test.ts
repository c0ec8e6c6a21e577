import { describe, expect, test } from 'vitest';
import { filterOf, idEndOf, listActors } from '../../../../inspector/page/model/listWindow.ts';
import type { WatchedActor } from '../../../../inspector/protocol.ts';

const component = (actor: number, id: string, states: readonly string[]): WatchedActor => ({
  ...{ actor, id, machine: id.split(':')[0] ?? id, version: '1', states },
  ...{ sinceAtMs: null, about: null },
});
const operation = (
  actor: number,
  sinceAtMs: number,
  state: string,
  [upstream, tier, priority]: readonly [string, string, string],
): WatchedActor => ({
  ...{ actor, id: `id-${actor}`, machine: 'syncOperation', version: '1', states: [state] },
  ...{
    sinceAtMs,
    about: { type: `${upstream}.save`, upstream, tier, priority, acceptedAtMs: null },
  },
});

const ACTORS = [
  operation(1, 900, 'parked', ['payments', 'basic', 'normal']),
  component(2, 'scheduler:payments', ['intake.open', 'pace.steady']),
  operation(3, 100, 'parked', ['records', 'premium', 'high']),
  component(4, 'breaker:payments', ['open']),
  operation(5, 500, 'busy', ['payments', 'premium', 'normal']),
  component(6, 'degradation:global', ['normal']),
];
const numbers = (query: Readonly<Record<string, string>>): readonly number[] =>
  listActors(ACTORS, filterOf(query)).shown.map(({ actor }) => actor);

describe('OB-1 the list of actors', () => {
  test('OB-1 components come first, then who has stood longest', () => {
    expect(numbers({})).toEqual([4, 6, 2, 3, 5, 1]);
    expect(numbers({ order: 'newest' }).slice(0, 3)).toEqual([1, 5, 3]);
    expect(numbers({ order: 'id' })).toEqual([4, 6, 2, 1, 3, 5]);
  });

  test('OB-1 every word is looked for in all that an actor shows', () => {
    expect(numbers({ q: 'payments' })).toEqual([4, 2, 5, 1]);
    expect(numbers({ q: 'PREMIUM payments' })).toEqual([5]);
    expect(numbers({ q: 'pace.steady' })).toEqual([2]);
    expect(numbers({ q: 'id-3' })).toEqual([3]);
    expect(numbers({ q: 'nobody' })).toEqual([]);
  });

  test('OB-1 choices go together; those of an upstream have its components', () => {
    expect(numbers({ upstream: 'payments' })).toEqual([4, 2, 5, 1]);
    expect(numbers({ upstream: 'payments', state: 'parked' })).toEqual([1]);
    expect(numbers({ machine: 'syncOperation', tier: 'premium' })).toEqual([3, 5]);
    expect(numbers({ state: 'pace.steady' })).toEqual([2]);
    expect(numbers({ upstream: 'global' })).toEqual([]);
  });

  test('OB-1 counts say how many there would be of each, were that chosen', () => {
    const { counts, total } = listActors(ACTORS, filterOf({ upstream: 'payments' }));
    expect(total).toBe(6);
    expect(counts.upstream).toEqual([
      ['payments', 4],
      ['records', 1],
    ]);
    expect(counts.tier).toEqual([
      ['basic', 1],
      ['premium', 1],
    ]);
    expect(counts.state.find(([state]) => state === 'parked')).toEqual(['parked', 1]);
  });
});

test('OB-1 of what stood there before anybody looked, what was accepted first comes first', () => {
  const stood = (actor: number, acceptedAtMs: number): WatchedActor => {
    const { about, ...more } = operation(actor, 0, 'parked', ['payments', 'basic', 'normal']);
    return { ...more, sinceAtMs: null, about: about && { ...about, acceptedAtMs } };
  };
  const later = operation(9, 5, 'parked', ['payments', 'basic', 'normal']);
  const { shown } = listActors([later, stood(1, 30), stood(2, 20), stood(3, 40)], filterOf({}));
  expect(shown.map(({ actor }) => actor)).toEqual([2, 1, 3, 9]);
});

test('OB-1 what looks like an id, or like the end of one, is looked for in the store', () => {
  const of = (q: string) => idEndOf(filterOf({ q }));
  expect(of('01A22ad5-0c11-7abc-8def-0123456789ab')).toBe('01a22ad5-0c11-7abc-8def-0123456789ab');
  expect([of('dc4343'), of('01a22ad5…dc4343')]).toEqual(['dc4343', 'dc4343']);
  // Words, several words, and what many ids end with.
  expect([of('payments'), of('facade'), of('dc4343 basic'), of('4343'), of('')]).toEqual([
    ...[null, null, null, null, null],
  ]);
});
