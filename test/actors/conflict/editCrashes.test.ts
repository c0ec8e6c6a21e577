/**
 * Edits of two records, while others change them, in processes that die at every point on the way: nothing that a side
 * wrote is lost, and no body is taken twice.
 *
 * @module
 */

import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import {
  armFaultPoint,
  CONFLICT_FAULT_POINTS,
  disarmFaultPoints,
  type FaultPoint,
  OPERATION_FAULT_POINTS,
} from '../../../persistence/port/faultPoints.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { inThreadStore } from '../../persistence/contract/storeUnderTest.ts';
import { cases } from '../../support/cases.ts';
import {
  createWorld,
  createWorldOnFile,
  type Process,
  type World,
} from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const EDITS = 4;
const RECORDS = ['p-1', 'p-2'] as const;

/** Another device changes a field of its own, having read what is there. */
function changeElsewhere(upstream: RecordUpstream, id: string, field: string): void {
  const held = upstream.records.get(id);
  const vv = held?.meta?.vv ?? {};
  const meta = {
    ...held?.meta,
    vv: { ...vv, tablet: (vv['tablet'] ?? 0) + 1 },
    actor: 'tablet',
    hlc: { ms: 1_790_000_000_000, c: 0 },
  };
  upstream.put(id, { ...(held?.value as JsonObject), [field]: true }, meta);
}

interface Crash {
  readonly point: FaultPoint;
  readonly passage: number;
}

interface HistoryOptions {
  /** Over a thousand characters, a payload is a record of its own on disk. */
  readonly start?: JsonObject;
  readonly residentsMax?: number;
  readonly arrange?: (upstream: RecordUpstream) => void;
}

/** What is wrong in the end; empty for nothing. */
async function runHistory(
  crashes: readonly Crash[],
  seed: number,
  world: World = createWorld(seed),
  { start = { start: true }, residentsMax = 100, arrange = () => undefined }: HistoryOptions = {},
): Promise<{ readonly wrongs: string[]; readonly struck: number }> {
  const { clock } = world;
  const random = seededRandom(seed);
  const upstream = new RecordUpstream();
  arrange(upstream);
  const asked = new Map<string, { readonly id: string; readonly field: string }>();
  const expected = new Map<string, Set<string>>(RECORDS.map((id) => [id, new Set()]));
  for (const id of RECORDS) upstream.put(id, start);
  let others = 0;
  const elsewhere = (id: string): void => {
    others += 1;
    const field = `other${others}`;
    expected.get(id)?.add(field);
    changeElsewhere(upstream, id, field);
  };
  upstream.beforeWrite = async ({ entity }) => {
    await new Promise<void>((resolve) => {
      clock.schedule(random.below(20), resolve);
    });
    if (random.chance(0.3)) elsewhere(entity?.id ?? '');
  };
  upstream.afterWrite = () => {
    if (random.chance(0.2)) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  };
  const boot = (): Process =>
    world.boot({
      device: 'phone',
      residentsMax,
      handlers: { 'records.put': upstream.handler({ roundsMax: 64 }) },
    });
  let process = boot();
  let struck = 0;
  const plan = [...crashes];
  const arm = (): void => {
    disarmFaultPoints();
    const next = plan.shift();
    if (next === undefined) return;
    armFaultPoint(next.point, next.passage, () => {
      struck += 1;
      process.kill();
    });
  };
  arm();
  const local = new Map<string, JsonObject>(RECORDS.map((id) => [id, start]));
  for (let number = 0; number < EDITS * RECORDS.length; number += 1) {
    const id = RECORDS[number % RECORDS.length] ?? 'p-1';
    if (random.chance(0.5)) elsewhere(id);
    const field = `mine${number}`;
    const payload: Json = { ...local.get(id), [field]: true };
    local.set(id, payload);
    const key = `edit-${number}`;
    const request = {
      type: 'records.put',
      subject: 'user-42',
      tier: 'premium',
      entity: { type: 'preferences', id },
      idempotencyKey: key,
      base: { version: '"1"', value: start },
      payload,
    } as const;
    // An app asks again until it knows that it is accepted.
    for (let isAccepted = false, tries = 0; !isAccepted && tries < 50; tries += 1) {
      if (process.isDead()) {
        process = boot();
        arm();
      }
      const accepting = process.runtime.sync(request).then((operation) => operation.id);
      const answer = await Promise.race([
        accepting.catch(() => null),
        clock.advance(2_000).then(() => null),
      ]);
      if (answer === null) continue;
      isAccepted = true;
      asked.set(key, { id: answer, field });
      expected.get(id)?.add(field);
    }
    await clock.advance(random.below(40));
  }
  for (let rounds = 0; rounds < 60; rounds += 1) {
    if (process.isDead()) {
      process = boot();
      arm();
    }
    await clock.advance(60_000);
    if (!process.isDead() && (await isDone(process, world)) && plan.length === 0) break;
  }
  disarmFaultPoints();
  const wrongs: string[] = [];
  if (!(await isDone(process, world))) wrongs.push('something waits still');
  for (const id of RECORDS) {
    const value = upstream.value(id) as JsonObject;
    for (const field of expected.get(id) ?? []) {
      if (value[field] !== true) wrongs.push(`${id} has lost ${field}`);
    }
  }
  for (const { id } of asked.values()) {
    const taken = upstream.takenOf(id);
    if (taken > 1) wrongs.push(`an edit was taken ${taken} times`);
  }
  for (const error of process.errors) wrongs.push(String(error));
  await clock.run(process.runtime.close());
  return { wrongs, struck };
}

async function isDone({ runtime, isDead }: Process, { clock }: World): Promise<boolean> {
  if (isDead()) return false;
  const { total, ended } = await clock.run(runtime.operations.count());
  return total === ended;
}

afterEach(() => {
  disarmFaultPoints();
});

const OF_OPERATIONS = OPERATION_FAULT_POINTS.filter(
  (point) => !point.startsWith('open.') && point !== 'store.beforeRaise',
);

describe('an edit in a process that dies', () => {
  test.each(CONFLICT_FAULT_POINTS)(
    'CF-6 CF-8 PS-2 at %s loses nothing and sends nothing twice',
    async (point) => {
      let struck = 0;
      for (let seed = 1; seed <= cases(3, 6); seed += 1) {
        const crashes = [1, 2].map((passage) => ({ point, passage: passage + (seed % 3) }));
        const result = await runHistory(crashes, seed);
        expect({ seed, wrongs: result.wrongs }).toEqual({ seed, wrongs: [] });
        struck += result.struck;
      }
      expect(struck).toBeGreaterThan(0);
    },
  );

  test.each(OF_OPERATIONS)(
    'CF-6 CF-8 OP-2 at %s loses nothing and sends nothing twice',
    async (point) => {
      for (let seed = 1; seed <= 2; seed += 1) {
        const crashes = [3, 5, 8].map((passage) => ({ point, passage: passage + seed }));
        const { wrongs } = await runHistory(crashes, seed);
        expect({ seed, wrongs }).toEqual({ seed, wrongs: [] });
      }
    },
  );

  test('CF-6 PS-2 OP-6 on a file, where a large payload is a record of its own, they leave memory and come back', async () => {
    const world = createWorldOnFile(1, inThreadStore(join(tempFolder(), 'store')));
    const start = { start: true, text: 'x'.repeat(3_000) };
    const { wrongs } = await runHistory([], 1, world, { start, residentsMax: 1 });
    expect(wrongs).toEqual([]);
  });

  test('CF-6 control: where an upstream takes what it should refuse, it is found that something is lost', async () => {
    const arrange = (upstream: RecordUpstream): void => {
      upstream.ignoresConditions = true;
    };
    const { wrongs } = await runHistory([], 1, createWorld(1), { arrange });
    expect(wrongs.some((wrong) => wrong.includes('has lost'))).toBe(true);
  });

  test('OP-3 control: where an upstream knows no keys and answers get lost, it is found that something is taken twice', async () => {
    const arrange = (upstream: RecordUpstream): void => {
      upstream.knowsKeys = false;
      upstream.ignoresConditions = true;
    };
    const found: string[] = [];
    for (let seed = 1; seed <= 4; seed += 1) {
      found.push(...(await runHistory([], seed, createWorld(seed), { arrange })).wrongs);
    }
    expect(found.some((wrong) => wrong.includes('was taken'))).toBe(true);
  });
});
