/** The control socket of a simulated device: a process that was killed while it started opens none. */

import { expect, it } from 'vitest';
import { newVessel } from '../../../src/simulator/clients/clientProcess.ts';
import { Door } from '../../../src/simulator/clients/door.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

it('SM-1 a process that died while it started does not stand in the way of the next', async () => {
  const door = new Door(newVessel({ seed: 1, clock: new VirtualClock(), delayMaxMs: () => 0 }));
  const control = door.control({} as never);
  door.die();
  control?.open();
  expect(door.isOpen).toBe(false);
});
