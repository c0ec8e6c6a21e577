/**
 * A real process is killed at each named fault point.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { type FaultPoint, OPERATION_FAULT_POINTS } from '../../../persistence/port/faultPoints.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { planned, testSeed } from './restartPlan.ts';
import { type Child, RestartScene } from './restartScene.ts';
import { RestartWork } from './restartWork.ts';

const OPERATIONS = 40;
/** Passages that even the writer reaches, which takes many operations at once. */
const PASSAGES = 4;

/** Points that only a process passes that finds work left in hand by another. */
const NEEDS_A_CRASH: ReadonlySet<FaultPoint> = new Set([
  'recovery.beforeRevive',
  'recovery.afterRevive',
]);
/** Points that a process passes once, or a few times. */
const SELDOM_PASSED: ReadonlySet<FaultPoint> = new Set([
  'store.beforeRaise',
  'open.beforeClaim',
  'open.afterClaim',
  'recovery.afterRevive',
]);

test.each(OPERATION_FAULT_POINTS)(
  'OP-2 OP-3 OP-4 RT-4 SV-3 PS-2 a crash at %s breaks no promise',
  async (point) => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const scene = await RestartScene.open();
    const work = new RestartWork(scene, planned(OPERATIONS, random));
    const passage = SELDOM_PASSED.has(point) ? 1 : 1 + Math.floor(random.next() * PASSAGES);
    const context = `HOLDFAST_SEED=${seed}: ${point} at passage ${passage}`;
    const crash = async (child: Child): Promise<void> => {
      work.begin(child, OPERATIONS, 2);
      expect(await child.ended, context).toBe('SIGKILL');
      expect(await work.atRest(), context).toEqual([]);
    };

    if (NEEDS_A_CRASH.has(point)) await crash(scene.start({}, 'engine.afterAttempt:8:kill'));
    await crash(scene.start({}, `${point}:${passage}:kill`));

    const last = scene.start();
    await work.finish(last);
    await last.kill();
    expect(await work.settled(), context).toEqual([]);
  },
);
