/**
 * Controls: each bug planted in a real process breaks a promise that the oracle names.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import {
  type ChildSetup,
  SABOTAGES,
  type Sabotage,
} from '../../support/process/childRuntimeMessages.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';
import { type Child, RestartScene } from './restartScene.ts';
import { RestartWork, untilTrue } from './restartWork.ts';

/** Work that meets a defect, the moment of the crash, and what the oracle then says. */
interface Plant {
  readonly requests: readonly SyncRequest[];
  readonly crash: (scene: RestartScene, child: Child) => Promise<void>;
  readonly breach: RegExp;
}

// The wait is longer than a restart takes on a busy machine, or a retry that comes too early would not show.
const RETRY_MS = 2_000;
const OPTIONS: ChildSetup['options'] = {
  policies: {
    tiers: {
      premium: { retry: { initialDelayMs: RETRY_MS, delayMsMax: RETRY_MS, jitterMsMax: 0 } },
    },
  },
};

const PLANTS: Readonly<Record<Sabotage, Plant>> = {
  acknowledgeBeforeCommit: {
    requests: [request({ number: 1 })],
    crash: async (_, child) => {
      await child.until('accepted');
    },
    breach: /^lost: /,
  },
  effectBeforeJournal: {
    requests: [request({ number: 1, busyUpTo: 1 })],
    crash: untilSecondAttempt,
    breach: /^effect before state: attempt 2 /,
  },
  attemptCountNotDurable: {
    requests: [request({ number: 1, busyUpTo: 1, latencyMs: 400 })],
    crash: untilSecondAttempt,
    breach: /^attempt went back: .* from 2 to 1$/,
  },
  dueTimeForgotten: {
    requests: [request({ number: 1, busyUpTo: 1 })],
    // The process stops in good order, so that the retry is on disk when it ends.
    crash: async (scene, child) => {
      await child.while(scene.ledger.request(() => true));
      child.order({ order: 'close', deadlineMs: 5_000 });
      await child.ended;
    },
    breach: /^before it was due: attempt 2 /,
  },
  keyForgotten: {
    requests: [request({ number: 1, dropUpTo: 1 })],
    crash: untilSecondAttempt,
    breach: /^applied twice: 1 /,
  },
  laneForgotten: {
    requests: [request({ number: 1, latencyMs: 300 }, 'lane'), request({ number: 2 }, 'lane')],
    crash: async (scene, child) => {
      await untilTrue(child, () => scene.ledger.effects.length === 2, 5_000);
    },
    breach: /^out of order: /,
  },
};

describe.each(SABOTAGES)('%s', (sabotage) => {
  test('OP-2 OP-3 OP-4 RT-4 PS-2 control: the oracle catches the planted bug', async () => {
    expect(await breachesOf(PLANTS[sabotage], sabotage)).toContainEqual(
      expect.stringMatching(PLANTS[sabotage].breach),
    );
  });

  test('OP-2 OP-3 OP-4 RT-4 PS-2 the same crash without the bug breaks no promise', async () => {
    expect(await breachesOf(PLANTS[sabotage], null)).toEqual([]);
  });
});

/** Lists the breaches at the crash, and once an honest process has finished the work. */
async function breachesOf(plant: Plant, sabotage: Sabotage | null): Promise<readonly string[]> {
  const scene = await RestartScene.open();
  const work = new RestartWork(scene, plant.requests);
  const first = scene.start({ options: OPTIONS, sabotage });
  work.begin(first);
  await plant.crash(scene, first);
  await first.kill();
  const breaches = await work.atRest();
  const second = scene.start({ options: OPTIONS });
  await work.finish(second, 5_000);
  await second.kill();
  return [...breaches, ...(await work.settled())];
}

async function untilSecondAttempt({ ledger }: RestartScene, child: Child): Promise<void> {
  await child.while(ledger.request(({ attempt }) => attempt === 2));
}

function request(task: LedgerTask, lane?: string): SyncRequest {
  return {
    type: 'ledger.put',
    subject: 'subject-1',
    tier: 'premium',
    idempotencyKey: `key-${task.number}`,
    payload: { ...task },
    ...(lane === undefined ? {} : { entity: { type: 'account', id: lane } }),
  };
}
