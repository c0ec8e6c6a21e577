import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RestartOracle } from '../support/restartOracle.ts';
import { isRefused, planned, seededRandom, testSeed } from '../support/restartPlan.ts';
import { type Child, RestartScene } from '../support/restartScene.ts';

const OPERATIONS = 1_000;
const KILLS = 12;
const CRISES_A_RUN = 4;
/** Crises are numbered apart from the operations of the plan. */
const CRISIS_NUMBERS_FROM = 1_000_000;

test(`OP-2 OP-3 OP-4 RT-4 SV-3 PS-2 ${OPERATIONS} operations keep every promise across ${KILLS} kills at random moments`, async () => {
  const seed = testSeed();
  const random = seededRandom(seed);
  const scene = await RestartScene.open();
  const oracle = new RestartOracle(scene.ledger);
  const plan = planned(OPERATIONS, random);
  let crises = 0;

  const run = async (work: (child: Child) => Promise<void>, share: number): Promise<void> => {
    const child = scene.start();
    child.listen((event) => {
      oracle.hear(event);
    });
    child.order({ order: 'watch', ids: oracle.unreported });
    const waiting = plan.filter(({ idempotencyKey = '' }) => !oracle.accepted.has(idempotencyKey));
    child.order({ order: 'submit', requests: waiting.slice(0, share), inFlightMax: 16 });
    for (let i = 0; i < CRISES_A_RUN; i += 1) {
      crises += 1;
      const idempotencyKey = `crisis-${crises}`;
      const payload = { number: CRISIS_NUMBERS_FROM + crises };
      const request = { type: 'ledger.put', subject: 'subject-1', idempotencyKey, payload };
      child.order({ order: 'crisis', request });
    }
    await work(child);
    await child.kill();
    const context = `seed ${seed}, ${oracle.accepted.size} accepted`;
    expect(oracle.atRest(await scene.rowsAtRest()), context).toEqual([]);
  };

  const share = Math.ceil(OPERATIONS / KILLS);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const events = 1 + Math.floor(random() * 2 * share);
    const delayMs = random() * 400;
    // Most moments lie among the work, some anywhere from the first instruction on.
    await run(
      random() < 0.75 ? (child) => untilEvents(child, events) : () => sleep(delayMs),
      share,
    );
  }
  await run((child) => untilTrue(child, () => allDone(oracle, plan.length), 45_000), OPERATIONS);

  const breaches = oracle.settled(await scene.rowsAtRest(), (number) =>
    isRefused(number) && number < OPERATIONS ? 'deadLettered' : 'completed',
  );
  expect(breaches, `seed ${seed}`).toEqual([]);
}, 90_000);

/** Until it has said so much, or has nothing more to say. */
async function untilEvents(child: Child, count: number): Promise<void> {
  await untilTrue(child, () => child.events.length >= count, 2_000);
}

async function untilTrue(child: Child, isDone: () => boolean, limitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const look = (): void => {
      if (!isDone()) return;
      clearTimeout(timer);
      resolve();
    };
    child.listen(look);
    look();
  });
}

function allDone(oracle: RestartOracle, planSize: number): boolean {
  const accepted = [...oracle.accepted.keys()].filter((key) => key.startsWith('key-'));
  return accepted.length === planSize && oracle.unreported.length === 0;
}
