import { describe, expect, test } from 'vitest';
import { Crowding } from '../../../actors/upstream/crowding.ts';

const ROUTES = ['type:report', 'type:payment', 'type:mail'];

/** So many calls of one type, begun at 0. */
function crowdOf(calls: number, route = 'type:report') {
  const crowding = new Crowding<{ readonly beganAtMs: number }>();
  const begun = Array.from({ length: calls }, () => ({ beganAtMs: 0 }));
  for (const call of begun) crowding.began(route, call);
  return { crowding, begun };
}

describe('which types go beside', () => {
  test('DG-2 the others, once three quarters of the slots are held for a second', () => {
    const { crowding } = crowdOf(6);
    expect(crowding.beside(ROUTES, 8, 999)).toEqual([]);
    expect(crowding.beside(ROUTES, 8, 1_000)).toEqual(['type:payment', 'type:mail']);
    expect(crowding.beside(ROUTES, 9, 1_000)).toEqual([]);
    expect(crowding.beside(['type:report'], 8, 1_000)).toEqual([]);
  });

  test('DG-2 at once where its last call was slow', () => {
    const { crowding, begun } = crowdOf(8);
    for (const call of begun) crowding.ended('type:report', call, 20_000);
    expect(crowding.beside(ROUTES, 8, 20_000)).toEqual([]);
    for (let each = 0; each < 8; each += 1) crowding.began('type:report', { beganAtMs: 20_000 });
    expect(crowding.beside(ROUTES, 8, 20_000)).toEqual(['type:payment', 'type:mail']);
  });

  test('PF-6 none that takes more than a quarter as long', () => {
    const { crowding } = crowdOf(8);
    const call = { beganAtMs: 0 };
    crowding.began('type:mail', call);
    crowding.ended('type:mail', call, 501);
    expect(crowding.beside(ROUTES, 8, 2_000)).toEqual(['type:payment']);
    expect(crowding.beside(ROUTES, 8, 2_004)).toEqual(['type:payment', 'type:mail']);
    crowding.began('type:payment', { beganAtMs: 2_004 });
    expect(crowding.beside(ROUTES, 8, 2_700)).toEqual(['type:mail']);
  });

  test('PF-6 none where several types share the slots', () => {
    const { crowding } = crowdOf(4);
    for (let each = 0; each < 4; each += 1) crowding.began('type:mail', { beganAtMs: 0 });
    expect(crowding.beside(ROUTES, 8, 60_000)).toEqual([]);
  });
});

describe('how many', () => {
  test('PF-6 a quarter of the slots, less those of other types in flight', () => {
    const { crowding } = crowdOf(8);
    expect(crowding.room(8, 8, 999)).toBe(0);
    expect(crowding.room(8, 8, 1_000)).toBe(2);
    expect(crowding.room(8, 9, 1_000)).toBe(1);
    expect(crowding.room(8, 10, 1_000)).toBe(0);
    expect(crowdOf(2).crowding.room(2, 2, 1_000)).toBe(1);
  });

  test('PF-6 a call that ended twice counts once', () => {
    const { crowding, begun } = crowdOf(8);
    const [first] = begun;
    if (first === undefined) throw new Error('None began.');
    crowding.ended('type:report', first, 900);
    crowding.ended('type:report', first, 5_000);
    crowding.ended('type:other', first, 5_000);
    expect(crowding.room(9, 7, 950)).toBe(0);
    expect(crowding.room(9, 7, 1_000)).toBe(2);
  });
});
