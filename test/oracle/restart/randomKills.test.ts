/**
 * Real processes killed at random moments.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { planned, testSeed } from './restartPlan.ts';
import { RestartScene } from './restartScene.ts';
import { RestartWork, untilTrue } from './restartWork.ts';

const OPERATIONS = 1_000;
const KILLS = 12;
const CRISES_A_RUN = 4;

test(`OP-2 OP-3 OP-4 RT-4 SV-3 PS-2 ${OPERATIONS} operations keep every promise across ${KILLS} kills at random moments`, async () => {
  const seed = testSeed();
  const random = seededRandom(seed);
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, planned(OPERATIONS, random));
  const share = Math.ceil(OPERATIONS / KILLS);

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const child = scene.start();
    work.begin(child, share, CRISES_A_RUN);
    // Most kills fall among the work, some anywhere from the first instruction on.
    if (random.next() < 0.7) {
      const events = Math.floor(share * (0.5 + 1.5 * random.next()));
      await untilTrue(child, () => child.events.length >= events, 2_000);
    } else {
      await sleep(random.next() * 500);
    }
    await child.kill();
    expect(await work.atRest(), `seed ${seed}, kill ${kill}`).toEqual([]);
  }
  const last = scene.start();
  await work.finish(last);
  await last.kill();

  expect(await work.settled(), `seed ${seed}`).toEqual([]);
});
