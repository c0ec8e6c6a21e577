/**
 * Several real processes over one store, whose owners are killed one after the other, while clients submit, follow
 * and ask for crises: nothing is lost, nothing is done twice, and every crisis is answered.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { CONNECTED_BUGS, type ConnectedBug } from '../../support/process/connectedBugs.ts';
import {
  type ConnectedProcess,
  ConnectedScene,
  waited,
} from '../../support/process/connectedProcess.ts';
import { isRefused, planned, testSeed } from './restartPlan.ts';

const OPERATIONS = 300;
const KILLS = 8;
const CRISES_A_KILL = 4;
/** First numbers of crises, and of what doomed processes submit: no planned operation has these. */
const CRISES_FROM = 10_000;
const OTHERS_FROM = 20_000;
const OTHERS_A_KILL = 10;
const TEST_MS = 110_000;

/** Removes the key, so that only the client keeps a request that it sends again from being two. */
function keyless(request: SyncRequest): SyncRequest {
  return { ...request, idempotencyKey: undefined };
}

function numberOf({ payload }: SyncRequest): number {
  return (payload as { readonly number: number }).number;
}

function crisisOf(number: number): object {
  return { subject: `subject-${number % 5}`, payload: { number } };
}

/** Lists what breaks a promise to a process that has lived through all of it. */
function breachesOf(
  scene: ConnectedScene,
  client: ConnectedProcess,
  { submitted, crises }: { submitted: readonly number[]; crises: readonly number[] },
): readonly string[] {
  const effects = scene.effects();
  const ended = new Map(client.said('ended').map(({ number, status }) => [number, status]));
  const delivered = client.said('delivered').filter(({ status }) => status === 'completed');
  return [
    ...client.said('refused').map(({ number, code }) => `refused: ${number} with ${code}`),
    ...submitted.flatMap((number) => {
      const status = isRefused(number) ? 'deadLettered' : 'completed';
      return ended.get(number) === status ? [] : [`not ended: ${number} is ${ended.get(number)}`];
    }),
    ...[...submitted.filter((number) => !isRefused(number)), ...crises].flatMap((number) =>
      effects.has(number) ? [] : [`lost: ${number}`],
    ),
    ...[...effects].flatMap(([number, times]) => (times === 1 ? [] : [`done twice: ${number}`])),
    ...[...scene.ledger.mismatched].map((key) => `two bodies under ${key}`),
    ...(client.said('answered').length === crises.length ? [] : ['a crisis is not answered']),
    ...client.said('answered').flatMap(({ resources }) => (resources > 0 ? [] : ['no resources'])),
    ...client.said('failed').map(({ message }) => `a crisis failed: ${message}`),
    ...client
      .said('answered')
      .flatMap(({ id }) =>
        delivered.some((one) => one.id === id)
          ? []
          : [`not told of ${id}: durable ${client.said('durable').some((one) => one.id === id)}`],
      ),
  ];
}

test(
  `SC-4 OP-2 OP-3 CR-1 CR-4 SV-3 ${OPERATIONS} operations and their crises over ${KILLS} owners that are killed`,
  async () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const context = `HOLDFAST_SEED=${seed}`;
    const scene = await ConnectedScene.open();
    const requests = planned(OPERATIONS, random).map(keyless);
    const share = Math.ceil(OPERATIONS / KILLS);
    const client = scene.start({ mayOwn: false, outside: true });
    const others = [1, 2, 3].map(() => scene.start({ outside: true }));
    const crises: number[] = [];
    const mayBeLost: ConnectedProcess[] = [...others];
    await client.until('ready');

    for (let kill = 0; kill < KILLS; kill += 1) {
      const owner = await scene.owner();
      const share0 = requests.slice(kill * share, (kill + 1) * share);
      client.order({ order: 'submit', requests: share0 });
      for (let crisis = 0; crisis < CRISES_A_KILL; crisis += 1) {
        const number = CRISES_FROM + crises.length;
        crises.push(number);
        client.order({ order: 'crisis', request: crisisOf(number) });
      }
      for (const [at, other] of mayBeLost.filter(({ isAlive }) => isAlive).entries()) {
        const from = OTHERS_FROM + (kill * 10 + at) * OTHERS_A_KILL;
        const own = planned(OTHERS_A_KILL, random).map((request, place) =>
          keyless({ ...request, payload: { number: from + place } }),
        );
        other.order({ order: 'submit', requests: own });
      }
      const before = client.said('accepted').length;
      // The kill comes at any moment: before, among and after acceptances.
      if (random.next() < 0.7) {
        const enough = before + Math.ceil(share * random.next());
        await waited(
          () => (client.said('accepted').length >= enough ? true : undefined),
          () => `${context}: ${JSON.stringify(client.said('refused'))}`,
        );
      } else {
        await sleep(random.next() * 300);
      }
      await owner.kill();
      mayBeLost.push(scene.start({ outside: true }));
    }

    const numbers = requests.map(numberOf);
    await waited(
      () =>
        client.said('ended').length + client.said('refused').length >= OPERATIONS &&
        client.said('delivered').length >= crises.length
          ? true
          : undefined,
      () => `${context}: ${breachesOf(scene, client, { submitted: numbers, crises }).join('; ')}`,
    );
    expect(breachesOf(scene, client, { submitted: numbers, crises }), context).toEqual([]);
    // The runtime completes what it told a process is accepted, though that process is dead.
    const promised = mayBeLost.flatMap((process) => process.said('accepted'));
    expect(promised.length, context).toBeGreaterThan(0);
    await waited(
      () => (promised.every(({ number }) => scene.effects().has(number)) ? true : undefined),
      () => `${context}: what was accepted of processes that were killed`,
    );
    for (const [number, times] of scene.effects()) expect([number, times]).toEqual([number, 1]);
  },
  TEST_MS,
);

/**
 * Kills the owner with an acceptance on disk of which nobody hears; a crisis comes while there is no owner, and
 * another once there is one.
 */
async function breachesWith(bug: ConnectedBug | null): Promise<readonly string[]> {
  const scene = await ConnectedScene.open();
  const first = scene.start({}, 'engine.afterAccept:3:kill');
  await first.until('owns');
  const client = scene.start({ mayOwn: false, bug });
  await client.until('ready');
  const submitted = [1, 2, 3, 4, 5];
  client.order({
    order: 'submit',
    requests: submitted.map((number) => ({
      ...{ type: 'ledger.put', subject: 'subject-1', tier: 'premium', payload: { number } },
    })),
  });
  await first.ended();
  client.order({ order: 'crisis', request: crisisOf(6) });
  await client.until('answered');
  const second = scene.start();
  await second.until('owns');
  await waited(
    () =>
      client.said('ended').length + client.said('refused').length === submitted.length
        ? true
        : undefined,
    'the ends of what was submitted',
  );
  client.order({ order: 'crisis', request: crisisOf(7) });
  await client.until('delivered', bug === 'crisisForgotten' ? 1 : 2);
  return breachesOf(scene, client, { submitted, crises: [6, 7] });
}

test('SC-4 control: an owner that is killed in the midst of acceptances breaks no promise', async () => {
  expect(await breachesWith(null)).toEqual([]);
});

const BREACHES: Readonly<Record<ConnectedBug, RegExp>> = {
  notSentAgain: /^refused: \d with HF_OWNER_GONE/,
  newKeyEachTime: /^done twice: \d$/,
  crisisForgotten: /^lost: 6$/,
};

test.each(CONNECTED_BUGS)('SC-4 control: the planted bug %s breaks one', async (bug) => {
  expect(await breachesWith(bug)).toContainEqual(expect.stringMatching(BREACHES[bug]));
});
