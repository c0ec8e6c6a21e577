/**
 * What was done and what is in the audit are the same, both ways, over processes that are killed at random moments: real
 * SQLite, real HTTP, SIGKILL.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import type { AuditSabotage } from '../../support/process/childRuntimeMessages.ts';
import { AuditWork } from './auditWork.ts';
import { testSeed } from './restartPlan.ts';
import { RestartScene } from './restartScene.ts';

/** `HOLDFAST_KILLS=200` is the long run. */
const KILLS = Number(process.env['HOLDFAST_KILLS'] ?? 20);
const TEST_MS = 60_000 + KILLS * 10_000;

/** Kills so many processes at random moments, and judges the store after each, until something is wrong. */
async function killed(kills: number, seed: number, sabotage: AuditSabotage | null = null) {
  const random = seededRandom(seed);
  const work = await AuditWork.open(await RestartScene.open(), random, sabotage);
  let wrongs: readonly string[] = [];
  for (let kill = 1; kill <= kills && wrongs.length === 0; kill += 1) {
    const child = work.start();
    // Most kills fall among the work, some anywhere from the first instruction on.
    if (random.next() < 0.85) await work.answers(random.below(40));
    await sleep(random.next() * 100);
    await child.kill();
    wrongs = (await work.wrongs()).map((wrong) => `after kill ${kill}: ${wrong}`);
  }
  return { wrongs, acts: await work.acts() };
}

test(
  `AU-1 AU-2 PS-2 across ${KILLS} kills what was done and what is recorded are the same, both ways`,
  async () => {
    const seed = testSeed();
    const { wrongs, acts } = await killed(KILLS, seed);
    expect(wrongs, `HOLDFAST_SEED=${seed}`).toEqual([]);
    // It has come to each.
    expect([...acts.keys()]).toEqual(
      expect.arrayContaining([
        ...['call.made', 'override.made', 'breaker.changed', 'crisisMode.changed'],
        ...['operation.ended', 'operation.replayed', 'operation.purged'],
        ...['crisis.accepted', 'crisis.escalated', 'crisis.stepNotified', 'crisis.acknowledged'],
      ]),
    );
  },
  TEST_MS,
);

describe('controls', () => {
  test.each(['endingNotRecorded', 'endingRecordedLater', 'noteRecordedLater'] as const)(
    'AU-1 control: %s is found',
    async (sabotage) => {
      const { wrongs } = await killed(10, 7, sabotage);
      expect(wrongs).not.toEqual([]);
    },
    TEST_MS,
  );
});
