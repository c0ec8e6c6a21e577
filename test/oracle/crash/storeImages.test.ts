/**
 * Power cuts of a store whose payloads are replaced and which keeps records of entities and conflicts: what belongs
 * together is on the disk together, and everything acknowledged is there.
 *
 * @module
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeLocation } from '../../../persistence/openStore.ts';
import type { Kept, KeptRoom, Store } from '../../../persistence/port/store.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import { checkData } from '../../../persistence/upkeep/checkData.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { testSeed } from '../restart/restartPlan.ts';
import { count, cutsOf, IMAGES_A_CUT, nameOf, newTally, type Tally } from './campaign.ts';
import { compiled } from './compiler.ts';
import { layOut } from './crashImage.ts';
import { type Acknowledgement, KEY } from './crashWork.ts';
import { fastFolder, type Recording, record, STORE, type Variant } from './record.ts';
import { type Defect, idOfWorker, roundOf, WORKERS } from './storeWork.ts';

const seed = testSeed();
const CUTS = 60;

beforeAll(() => {
  compiled('recorder.c');
});

async function recorded(variant: Variant, defect: Defect): Promise<Recording> {
  return await record({
    variant,
    work: { seed, operations: 0, crises: 0, life: 0 },
    checkpointPages: 80,
    earlier: null,
    program: {
      url: new URL('recordedStore.ts', import.meta.url),
      others: [
        new URL('crashWork.ts', import.meta.url),
        new URL('storeWork.ts', import.meta.url),
        new URL('../restart/restartPlan.ts', import.meta.url),
        new URL('../../../src/simulator/oracle/sentKeys.ts', import.meta.url),
      ],
      argument: defect,
    },
  });
}

async function judged(variant: Variant, defect: Defect): Promise<Tally> {
  const recording = await recorded(variant, defect);
  const tally = newTally();
  const root = join(fastFolder(), 'root');
  try {
    for (const { at, fate, image, said } of cutsOf(recording, CUTS, seededRandom(seed))) {
      layOut(image, root);
      const breaches = await breachesOf(join(root, STORE), said);
      count(tally, `${nameOf(recording)}, cut ${at} ${fate}`, breaches);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return tally;
}

/** Lists what differs from the acknowledgements, or does not belong together. */
async function breachesOf(
  folder: string,
  said: readonly Acknowledgement[],
): Promise<readonly string[]> {
  const breaches: string[] = [];
  const store = createStoreClient(
    (notify) => new InThreadChannel(storeLocation(folder, KEY, true), notify),
  );
  store.onQuarantine(({ id, code }) => breaches.push(`damaged: ${id} ${code}`));
  try {
    await store.open();
    for (let worker = 0; worker < WORKERS; worker += 1) {
      const told = said.filter((one) => one.event === 'stored' && one.worker === worker);
      breaches.push(...(await breachesOfWorker(store, worker, told.length)));
    }
  } catch (error) {
    breaches.push(`not opened: ${isHoldfastError(error) ? error.code : String(error)}`);
  } finally {
    await store.close();
  }
  if (breaches.length === 0 && existsSync(join(folder, 'data.db'))) {
    const { faults, unreadableCount } = await checkData(join(folder, 'data.db'), null, {
      clock: systemClock,
    });
    if (faults.length + unreadableCount > 0) breaches.push(`damaged: ${faults.join('; ')}`);
  }
  return breaches;
}

/** @param told - number of rounds that the worker heard of */
async function breachesOfWorker(
  store: Store,
  worker: number,
  told: number,
): Promise<readonly string[]> {
  const row = await store.find(idOfWorker(worker));
  const entity = await keptOf(store, 'entity', `entity-${worker}`);
  const conflict = await keptOf(store, 'conflict', `conflict-${worker}`);
  const passing = await keptOf(store, 'conflict', `passing-${worker}`);
  if (row === null) {
    if (told > 0) return [`lost: worker ${worker} was told of ${told} rounds`];
    return entity === null && conflict === null ? [] : [`apart: worker ${worker} has no operation`];
  }
  const state = JSON.parse(row.state) as {
    readonly round: number;
    readonly payload: number | null;
  };
  const { round } = state;
  const breaches: string[] = [];
  const holds = (isSo: boolean, what: string): void => {
    if (!isSo) breaches.push(`${what}: worker ${worker} in round ${round}, told of ${told}`);
  };
  holds(round + 1 >= told, 'lost');
  holds(
    (row.payload === null ? null : roundOf(row.payload)) === state.payload,
    'payload of another',
  );
  holds(entity !== null && roundOf(entity.text) === round, 'entity of another');
  holds(entity?.revision === round + 1, 'entity at another revision');
  holds(conflict !== null && conflict.text === entity?.text, 'conflict of another');
  holds(conflict?.isOpen === (round % 2 === 0), 'open otherwise');
  holds((passing?.text ?? null) === (round % 2 === 0 ? entity?.text : null), 'not erased with it');
  return breaches;
}

async function keptOf(store: Store, room: KeptRoom, key: string): Promise<Kept | null> {
  const kept = await store.kept({ room, key });
  if (kept !== null && 'unreadable' in kept) throw new Error(`${key} ${kept.unreadable}`);
  return kept;
}

describe('as it ships', () => {
  test('CF-6 CF-8 OP-2 PS-1 whatever a power cut leaves, no operation has the payload of another round, and no entity the conflict', async () => {
    const tally = await judged('full', 'none');
    expect(tally.findings, `seed ${seed}`).toEqual([]);
    expect(tally.images).toBe(CUTS * IMAGES_A_CUT);
  });
});

describe('control: the same cuts catch', () => {
  test.each<[string, Variant, Defect, RegExp]>([
    [
      'records that are written apart from what they belong to',
      ...(['full', 'keptApart', /^entity of another/] as const),
    ],
    [
      'a payload that is written after the state it belongs to',
      ...(['full', 'payloadLate', /^payload of another/] as const),
    ],
    ['commits without syncs', 'off', 'none', /^lost|^damaged|^not opened/],
    ['commits that are told of early', 'acknowledgedEarly', 'none', /^lost/],
  ])('OP-2 CF-6 %s', async (_, variant, defect, breach) => {
    const { findings } = await judged(variant, defect);
    const breaches = findings.flatMap((finding) => finding.breaches);
    expect(breaches, `seed ${seed}`).toContainEqual(expect.stringMatching(breach));
  });
});
