/**
 * Bulks that a kill cuts off.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { planned, testSeed } from './restartPlan.ts';
import { RestartScene } from './restartScene.ts';
import { RestartWork, untilTrue } from './restartWork.ts';

const OPERATIONS = 120;
/**
 * Points at which a kill cuts off a bulk: before, between and after its commits, and while its caller hears of it.
 */
const CRASHES = [
  'engine.beforeAccept:60',
  'store.beforeCommit:2',
  'store.afterCommit:1',
  'store.afterCommit:2',
  'store.beforeAck:2',
  'engine.afterAccept:1',
  'engine.afterAccept:40',
  'engine.beforeAttempt:5',
] as const;

test.each(CRASHES)(
  'OP-2 OP-3 OP-4 OP-8 SV-3 a bulk cut off at %s has lost nothing it told of, and is taken up again',
  async (crash) => {
    const seed = testSeed();
    const scene = await RestartScene.open();
    const work = new RestartWork(scene, planned(OPERATIONS, seededRandom(seed)), 'bulk');
    const context = `seed ${seed}, ${crash}`;

    const first = scene.start({}, `${crash}:kill`);
    work.begin(first);
    expect(await first.ended, context).toBe('SIGKILL');
    expect(await work.atRest(), context).toEqual([]);

    const second = scene.start();
    await work.finish(second);
    await second.kill();
    expect(await work.settled(), context).toEqual([]);
  },
);

test('control: a bulk that tells before its commit is found to have lost what it told of', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, planned(OPERATIONS, seededRandom(1)), 'bulk');
  const first = scene.start({ sabotage: 'acknowledgeBeforeCommit' });
  work.begin(first);
  await untilTrue(first, () => work.known.accepted.size > 0, 10_000);
  await first.kill();
  expect(await work.atRest()).toContainEqual(expect.stringMatching(/^lost: /));
});
