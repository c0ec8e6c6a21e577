/** The people of the simulator: they know every management call, and each call that asks for an act tells it. */

import { describe, expect, test } from 'vitest';
import { MANAGEMENT_CALLS } from '../../../src/management/managementCalls.ts';
import { answered } from '../../../src/simulator/recordsApart.ts';
import type { Device } from '../../../src/simulator/scene/device.ts';
import { ORDERS } from '../../../src/simulator/steps/orders.ts';
import { PEOPLE } from '../../../src/simulator/steps/people.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const SETUP = { devices: [{ name: 'phone' }], upstreams: [{ name: 'payments' }] };

describe('SM-1 orders of people', () => {
  test('SM-1 every management call is made by somebody', () => {
    const calls = MANAGEMENT_CALLS.map(({ name }) => name);
    expect(Object.keys(ORDERS).toSorted()).toEqual(calls.toSorted());
  });

  test('SM-1 each call is drawn, those that only look as looks', () => {
    const random = seededRandom(1);
    const drawn = new Map<string, Set<string>>();
    for (const { kind, draw } of PEOPLE) {
      const calls = new Set<string>();
      for (let left = 2_000; left > 0; left -= 1) {
        calls.add((draw(random, SETUP) as { readonly call: string }).call);
      }
      drawn.set(kind, calls);
    }
    const looks = MANAGEMENT_CALLS.filter(({ override }) => override === null);
    const isLocal = (name: string): boolean => name === 'store.backup';
    expect(drawn.get('people.look')).toEqual(
      new Set(looks.map(({ name }) => name).filter((name) => !isLocal(name))),
    );
    expect((drawn.get('people.look')?.size ?? 0) + (drawn.get('people.order')?.size ?? 0)).toBe(
      MANAGEMENT_CALLS.length,
    );
  });

  test.each([
    { isDead: false, unheard: ['closing up'] },
    { isDead: true, unheard: [] },
  ])('SM-1 a call without an answer is told unless its process died: $isDead', async (given) => {
    const clock = new VirtualClock();
    const told: string[] = [];
    const device = {
      process: { isDead: () => given.isDead },
      tellUnheard: (_: string, what: string) => void told.push(what),
    } as unknown as Device;
    const never = new Promise<string>(() => undefined);
    expect(await answered({ clock }, device, 'closing up', never)).toBe(null);
    expect(told).toEqual(given.unheard);
  });
});
