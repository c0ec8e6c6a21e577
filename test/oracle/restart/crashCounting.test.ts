/**
 * The runtime tells work that kills its process from bystanders, with real processes.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import type { ToldOutcome } from '../../../src/simulator/oracle/trace.ts';
import { type Child, RestartScene } from './restartScene.ts';
import { RestartWork, untilTrue } from './restartWork.ts';

const KILLER_TYPE = 'poison.pill';
const POISON: SyncRequest = {
  type: KILLER_TYPE,
  subject: 'subject-1',
  tier: 'premium',
  idempotencyKey: 'poison',
};
const BYSTANDERS = 24;
const CRASHES = CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX;
/** More runs than the rule needs, to show one that never ends. */
const RUNS_MAX = CRASHES + 3;

const bystanders: readonly SyncRequest[] = Array.from({ length: BYSTANDERS }, (_, number) => ({
  type: 'ledger.put',
  subject: 'subject-1',
  tier: 'basic',
  idempotencyKey: `key-${number}`,
  payload: { number, latencyMs: 20 },
}));

/** A retry that falls due long after the poison is through. */
const LATE_MS = 7_000;
const late: SyncRequest = {
  type: 'ledger.put',
  subject: 'subject-1',
  tier: 'trial',
  idempotencyKey: 'late',
  payload: { number: BYSTANDERS, busyUpTo: 1 },
};
const OPTIONS = {
  policies: {
    tiers: { trial: { retry: { initialDelayMs: LATE_MS, delayMsMax: LATE_MS, jitterMsMax: 0 } } },
  },
};

test('RT-4 SV-3 work that kills the process ends in the dead letters, and bystanders lose no attempt', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, [late, ...bystanders, POISON]);
  const { known } = work;
  const outcomeOf = (key: string): ToldOutcome | undefined =>
    known.outcomes.get(known.accepted.get(key) ?? '');

  const first = scene.start({ options: OPTIONS });
  work.begin(first, 1);
  const { id } = await first.until('accepted');
  await first.untilState(id, 'backingOff');
  await first.kill();

  let crashes = 0;
  for (let run = 1; run <= RUNS_MAX; run += 1) {
    const child = scene.start({ options: OPTIONS, killerType: KILLER_TYPE });
    work.begin(child);
    await untilTrue(child, () => work.isDone, 15_000);
    const isDone = work.isDone;
    await child.kill();
    expect(await work.atRest(), `run ${run}`).toEqual([]);
    if (isDone) break;
    crashes += 1;
  }

  // The poison crashes three times in a row among others, and three times alone.
  expect(crashes).toBe(CRASHES);
  expect(outcomeOf('poison')).toMatchObject({ status: 'deadLettered', code: 'HF_CRASHES_PROCESS' });
  expect(outcomeOf('late')).toMatchObject({ status: 'completed' });
  // A stall of the machine may look like an outage, which excuses the first attempt.
  expect(outcomeOf('late')?.attempts).toBeLessThanOrEqual(2);
  for (const { idempotencyKey = '' } of bystanders) {
    expect(outcomeOf(idempotencyKey)).toMatchObject({ status: 'completed', attempts: 1 });
  }
  expect(await work.settled()).toEqual([]);
});

test('RT-4 CR-4 a crisis that kills the process is never given up, and in the end lets the others go on', async () => {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, bystanders);
  const request = { type: KILLER_TYPE, subject: 'subject-1', idempotencyKey: 'crisis-1' };
  let child: Child | null = null;
  for (let run = 1; run <= RUNS_MAX && !work.isDone; run += 1) {
    child = scene.start({ killerType: KILLER_TYPE });
    if (run === 1) child.order({ order: 'crisis', request });
    else work.begin(child);
    await untilTrue(child, () => run > 1 && work.isDone, 15_000);
  }

  expect(work.isDone).toBe(true);
  await child?.kill();
  const crisis = (await scene.rowsAtRest()).find(({ context }) => context.priority === 'crisis');
  expect(crisis?.row.standing).toBe('inHand');
});
