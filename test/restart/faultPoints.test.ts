import { expect, test } from 'vitest';
import { FAULT_POINTS } from '../../persistence/faultPoints.ts';
import { planned, seededRandom, testSeed } from '../support/restartPlan.ts';
import { RestartScene } from '../support/restartScene.ts';
import { RestartWork } from '../support/restartWork.ts';

const OPERATIONS = 60;
/** Even the writer, which takes many operations at once, passes its points so often. */
const PASSAGES = 6;

test.each(FAULT_POINTS)(
  'OP-2 OP-3 OP-4 RT-4 SV-3 PS-2 a crash at %s breaks no promise',
  async (point) => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const scene = await RestartScene.open();
    const work = new RestartWork(scene, planned(OPERATIONS, random));
    const passage = 1 + Math.floor(random() * PASSAGES);
    const context = `seed ${seed}, ${point} at passage ${passage}`;

    const first = scene.start({}, `${point}:${passage}:kill`);
    work.begin(first, OPERATIONS, 2);
    expect(await first.ended, context).toBe('SIGKILL');
    expect(await work.atRest(), context).toEqual([]);

    const second = scene.start();
    await work.finish(second);
    await second.kill();
    expect(await work.settled(), context).toEqual([]);
  },
);
