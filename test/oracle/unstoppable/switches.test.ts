/**
 * Nothing done to a running runtime disables, delays or limits a crisis (CR-2): each act begins while the disk tells
 * nothing, so that it is under way when somebody asks for help.
 *
 * @module
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { HoldfastRuntime } from '../../../src/holdfastRuntime.ts';
import { openHouse } from './crisisHouse.ts';
import { everySwitch, SWITCHES, type Switch, unknownSwitches } from './switchesTried.ts';

const TRIED = Object.entries(SWITCHES).filter(
  (entry): entry is [string, Switch] => typeof entry[1] === 'object',
);

async function faultsWith({ begin, isEnd, ...rules }: Switch): Promise<readonly string[]> {
  const house = openHouse();
  await house.open();
  house.withholdDisk();
  void Promise.resolve(begin(house)).catch(() => undefined);
  await house.clock.advance(0);
  const faults = await house.faults(rules);
  return isEnd === true ? faults : [...faults, ...(await house.faultsInTrouble(rules))];
}

describe('CR-2 nothing that can be done stops a crisis', () => {
  test('CR-2 all that can be called is known to this test, and nothing that is gone', async () => {
    const house = openHouse();
    await house.open();
    const names = everySwitch(house);
    expect(unknownSwitches(names)).toEqual([]);
    expect(Object.keys(SWITCHES).filter((name) => !names.includes(name))).toEqual([]);
  });

  test.each(TRIED)('CR-2 CR-1 CR-4 %s', async (_, its) => {
    expect(await faultsWith(its)).toEqual([]);
  });
});

describe('CR-2 control:', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('CR-2 a call that is new is found', async () => {
    const house = openHouse();
    await house.open();
    Object.assign(house.runtime, { silence: () => null });
    expect(unknownSwitches(everySwitch(house))).toEqual([
      expect.stringMatching(/^runtime\.silence can be called.* Add it to SWITCHES/),
    ]);
  });

  test('CR-2 a switch that holds crises is found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { crisis } = HoldfastRuntime.prototype;
    vi.spyOn(HoldfastRuntime.prototype, 'crisis').mockImplementation(async function held(
      this: HoldfastRuntime,
      request,
    ) {
      if (this.upstream('default').breaker === 'forcedOpen') await this.operations.page();
      return await crisis.call(this, request);
    });
    const { 'upstream.forceOpen': forceOpen, 'upstream.disable': disable } = SWITCHES;
    expect(await faultsWith(disable as Switch)).toEqual([]);
    expect(await faultsWith(forceOpen as Switch)).toContain('it is not answered from memory');
  });
});
