/** What the next process knows of crisis mode, after kills, moved clocks and starts that take time. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { createKeyFile, keyFile } from '../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../src/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';
import { builtProgram } from '../support/process/builtProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ANN = { id: 'ann', role: 'clinician' };
const BEN = { id: 'ben', role: 'clinician' };
const ITS = { subject: 'user-42' };

async function started(world: World): Promise<Process> {
  const process = world.boot();
  await world.clock.run(process.runtime.ready);
  return process;
}

/** A process in which ann has put a subject into crisis mode for four hours, killed an hour later. */
async function killedWhileOn(world: World): Promise<void> {
  const process = await started(world);
  await world.clock.run(process.runtime.crisisMode.enter({ ...ITS, by: ANN, reason: 'called' }));
  await world.clock.advance(HOUR_MS);
  process.kill();
}

/** How long it is still on, in whole minutes. */
async function minutesLeft({ clock }: World, { crisisMode }: Runtime): Promise<number> {
  for (let minutes = 0; minutes < 3_000; minutes += 1) {
    if (crisisMode.list().length === 0) return minutes;
    await clock.advance(60_000);
  }
  return Number.POSITIVE_INFINITY;
}

describe('CR-6 SV-3 after a kill', () => {
  test('CR-6 goes on for the rest of its time, with all that was known of it', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    const endsAtMs = world.clock.now() + 3 * HOUR_MS;
    const { runtime } = await started(world);
    expect(runtime.crisisMode.list()).toMatchObject([
      { ...ITS, by: ANN, reason: 'called', endsAtMs: expect.closeTo(endsAtMs, -3) },
    ]);
    expect(await runtime.crisis(ITS)).toMatchObject({ crisisMode: 'subject' });
    await expect(runtime.crisisMode.leave({ ...ITS, by: ANN })).rejects.toMatchObject({
      code: 'HF_SECOND_PERSON_NEEDED',
    });
    expect(await minutesLeft(world, runtime)).toBe(180);
  });

  test('CR-6 DG-1 of everybody, with its level, as soon as the store is open', async () => {
    const world = createWorld();
    const first = await started(world);
    await world.clock.run(first.runtime.crisisMode.enter({ by: ANN }));
    first.kill();
    const { runtime } = await started(world);
    expect(runtime.getHealthStatus()).toMatchObject({
      level: 'criticalOnly',
      crisisMode: { global: { by: ANN } },
    });
  });

  test('CR-6 what is off stays off, and what was never said to be on disk may be off', async () => {
    const world = createWorld();
    const first = await started(world);
    const { crisisMode } = first.runtime;
    await world.clock.run(crisisMode.enter({ ...ITS, by: ANN }));
    await world.clock.run(crisisMode.leave({ ...ITS, by: BEN }));
    first.store.faults.delayMs = () => HOUR_MS;
    const late = await world.clock.run(crisisMode.enter({ subject: 'user-7', by: ANN }));
    expect(late.isDurable).toBe(false);
    first.kill();
    expect((await started(world)).runtime.crisisMode.list()).toEqual([]);
  });

  test('CR-6 it ends where its time was over meanwhile, and that is told', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    await world.clock.advance(5 * HOUR_MS);
    const { runtime } = world.boot();
    const told: string[] = [];
    runtime.subscribe((fact) => {
      if (fact.kind === 'crisisMode.changed') told.push(fact.what);
    });
    await world.clock.run(runtime.ready);
    await world.clock.advance(10);
    expect([runtime.crisisMode.list(), told]).toEqual([[], ['timedOut']]);
  });

  test('CR-3 CR-6 the plan of its subject is in memory from the start on', async () => {
    const world = createWorld();
    const first = await started(world);
    const plan = { resources: [{ name: 'Walk' }] };
    await world.clock.run(first.runtime.crisisPlans.put('user-42', plan));
    await world.clock.run(first.runtime.crisisMode.enter({ ...ITS, by: ANN }));
    first.kill();
    const { runtime } = world.boot({ crisis: { planWithinMs: 0 } });
    await world.clock.run(runtime.ready);
    await world.clock.advance(1_000);
    expect(await runtime.crisis(ITS)).toMatchObject({ plan: 'included' });
  });
});

describe('CR-6 a clock that is moved', () => {
  test.each([-DAY_MS, DAY_MS])('CR-6 by %i ms while it is on changes nothing', async (byMs) => {
    const world = createWorld();
    const { runtime } = await started(world);
    const { endsAtMs } = await world.clock.run(runtime.crisisMode.enter({ ...ITS, by: ANN }));
    world.clock.setWall(byMs);
    expect(runtime.crisisMode.list()).toMatchObject([{ endsAtMs: endsAtMs + byMs }]);
    expect(await minutesLeft(world, runtime)).toBe(240);
  });

  // Set forward, nothing tells it from time in which no process ran. Set back, what is kept goes on from
  // the last write, so an hour without any may come on top.
  test.each([
    [-365 * DAY_MS, 180, 240],
    [-DAY_MS, 180, 240],
    [-HOUR_MS, 180, 240],
    [HOUR_MS, 120, 120],
    [DAY_MS, 0, 0],
  ])(
    'CR-6 by %i ms between two processes leaves %i to %i minutes, of 240',
    async (byMs, least, most) => {
      const world = createWorld();
      await killedWhileOn(world);
      world.clock.setWall(byMs);
      const { runtime } = await started(world);
      await world.clock.advance(0);
      const left = await minutesLeft(world, runtime);
      expect(left).toBeGreaterThanOrEqual(least);
      expect(left).toBeLessThanOrEqual(most);
    },
  );

  test('CR-6 what was switched on before the store was open lasts as long as it was to', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    world.clock.setWall(-DAY_MS);
    const { runtime } = world.boot();
    const endsAtMs = world.clock.now() + 4 * HOUR_MS;
    const entering = runtime.crisisMode.enter({ subject: 'user-7', by: ANN });
    expect(await world.clock.run(entering)).toMatchObject({ endsAtMs });
    await world.clock.run(runtime.crisisMode.leave({ ...ITS, by: BEN }));
    expect(await minutesLeft(world, runtime)).toBe(240);
  });
});

describe('CR-6 orders before the store is open', () => {
  test('CR-6 join what an earlier process kept: a restart is no way to end it alone', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    const { runtime } = world.boot();
    const { crisisMode } = runtime;
    const endsAtMs = world.clock.now() + 3 * HOUR_MS;
    const entered = await world.clock.run(crisisMode.enter({ ...ITS, by: BEN, forMs: HOUR_MS }));
    expect(entered).toMatchObject({ isDurable: true, by: BEN });
    expect(crisisMode.list()).toMatchObject([
      { reason: 'called', by: BEN, endsAtMs: expect.closeTo(endsAtMs, -3) },
    ]);
    for (const by of [ANN, BEN]) {
      await expect(crisisMode.leave({ ...ITS, by })).rejects.toThrow('somebody else');
    }
    await world.clock.run(crisisMode.leave({ ...ITS, by: { id: 'cid' } }));
    expect(crisisMode.list()).toEqual([]);
  });

  test.each([
    ['ann', 1],
    ['ben', 0],
  ])(
    'CR-6 the wish of %s to end it holds by the same rule once it is known: %i',
    async (id, on) => {
      const world = createWorld();
      await killedWhileOn(world);
      const { runtime } = world.boot();
      expect(await runtime.crisisMode.leave({ ...ITS, by: { id } })).toEqual({
        wasOn: false,
        isDurable: false,
      });
      await world.clock.run(runtime.ready);
      expect(runtime.crisisMode.list()).toHaveLength(on);
    },
  );

  test('CR-6 what was kept and is over by now does not join', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    await world.clock.advance(DAY_MS);
    const { runtime } = world.boot();
    await world.clock.run(runtime.crisisMode.enter({ ...ITS, by: BEN }));
    expect(runtime.crisisMode.list()).toMatchObject([{ reason: null }]);
    await world.clock.run(runtime.crisisMode.leave({ ...ITS, by: ANN }));
    expect(runtime.crisisMode.list()).toEqual([]);
  });
});

describe('PS-3 CR-6 what can not be read', () => {
  type Modes = readonly { readonly subject: string | null; readonly state: string }[];
  async function bootWith(...modes: Modes): Promise<{ world: World; process: Process }> {
    const world = createWorld();
    const before = await started(world);
    await world.clock.run(before.runtime.close());
    await world.disk.open();
    await world.disk.commit(modes.map((mode) => ({ kind: 'crisisMode', ...mode })));
    await world.disk.close();
    return { world, process: await started(world) };
  }
  const codes = ({ errors }: Process) =>
    errors.map((error) => (isHoldfastError(error) ? error.code : String(error)));

  test('PS-3 SE-6 is reported, and on for everybody; the rest goes on', async () => {
    const broken = [{ id: 'one', state: 'nonsense' }];
    for (const state of ['nonsense', JSON.stringify(broken)]) {
      const { world, process } = await bootWith({ subject: 'user-1', state });
      expect(process.errors).toHaveLength(1);
      await world.clock.run(process.runtime.crisisMode.enter({ ...ITS, by: ANN }));
      expect(process.runtime.crisisMode.list()).toMatchObject([
        { subject: null, by: { id: 'holdfast' } },
        ITS,
      ]);
      process.kill();
      // It is kept without what could not be read, and no longer in doubt.
      const { crisisModes } = await world.disk.open();
      expect(crisisModes.kept.map(({ subject }) => subject)).toEqual([null, ITS.subject]);
    }
  });

  const newer = JSON.stringify({ machine: 'crisisMode', version: '99', value: 'on', context: {} });
  const later = { id: 'one', state: newer };

  test('PS-3 what a later version wrote is left for it', async () => {
    const kept = { subject: 'user-1', state: JSON.stringify([later]) };
    const { world, process } = await bootWith(kept);
    expect(codes(process)).toEqual(['HF_RECORD_NEWER']);
    await world.clock.run(process.runtime.crisisMode.enter({ ...ITS, by: ANN }));
    process.kill();
    const { crisisModes } = await world.disk.open();
    expect(crisisModes.kept).toEqual([kept, expect.objectContaining(ITS)]);
  });

  test('PS-3 so is what it wrote of one who is put into crisis mode here, until that ends and after', async () => {
    const { world, process } = await bootWith({ ...ITS, state: JSON.stringify([later]) });
    const { crisisMode } = process.runtime;
    await world.clock.run(crisisMode.enter({ ...ITS, by: ANN }));
    const kept = async (): Promise<unknown> => {
      const { crisisModes } = await world.disk.open();
      return crisisModes.kept.map(({ state }) => JSON.parse(state) as unknown);
    };
    expect(await kept()).toEqual([[expect.objectContaining({ id: expect.any(String) }), later]]);
    await world.clock.run(crisisMode.leave({ ...ITS, by: BEN }));
    expect(await kept()).toEqual([[later]]);
    process.kill();
  });

  test('CR-6 two that a store has of one person are one, with all who wanted it on', async () => {
    const world = createWorld();
    await killedWhileOn(world);
    const [first] = (await world.disk.open()).crisisModes.kept;
    const [mode] = JSON.parse(first?.state ?? '') as { readonly id: string }[];
    await world.disk.commit([
      { kind: 'crisisMode', ...ITS, state: JSON.stringify([mode, { ...mode, id: 'two' }]) },
    ]);
    await world.disk.close();
    const { runtime } = await started(world);
    expect(runtime.crisisMode.list()).toMatchObject([{ ...ITS, by: ANN }]);
    await expect(runtime.crisisMode.leave({ ...ITS, by: ANN })).rejects.toThrow('somebody else');
    await world.clock.run(runtime.crisisMode.leave({ ...ITS, by: BEN }));
    expect(runtime.crisisMode.list()).toEqual([]);
  });

  test('CR-6 the record of a person is gone with their crisis mode, and those of others stay', async () => {
    const world = createWorld();
    const { runtime, kill } = await started(world);
    const { crisisMode } = runtime;
    for (const subject of ['user-7', 'user-42', null]) {
      await world.clock.run(
        crisisMode.enter(subject === null ? { by: ANN } : { subject, by: ANN }),
      );
    }
    expect(await world.clock.run(crisisMode.leave({ ...ITS, by: BEN }))).toMatchObject({
      isDurable: true,
    });
    kill();
    const { crisisModes } = await world.disk.open();
    expect(crisisModes.kept.map(({ subject }) => subject)).toEqual(['user-7', null]);
  });
});

test('CR-6 SE-1 a real process that is killed leaves it on, and nobody in the clear', async () => {
  const folder = tempFolder();
  const store = join(folder, 'store');
  const key = join(folder, 'key');
  await createKeyFile(key);
  const program = fileURLToPath(new URL('crisisModeProgram.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, builtProgram(), store, key]);
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(said).toBe('true,true\n');
  child.kill('SIGKILL');
  await once(child, 'exit');

  for (const name of readdirSync(store).filter((one) => !one.endsWith('.sock'))) {
    const bytes = readFileSync(join(store, name), { encoding: 'latin1' });
    expect([name, bytes.includes('canary')]).toEqual([name, false]);
  }
  const runtime = createRuntime({ store, key: keyFile(key) });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const by = { id: 'staff-canary', role: 'clinician' };
  expect(runtime.crisisMode.list()).toMatchObject([
    { subject: null, by },
    { subject: 'subject-canary', by, reason: 'reason-canary' },
  ]);
  await expect(runtime.crisisMode.leave({ by })).rejects.toThrow('still on');
  expect(await runtime.crisisMode.leave({ by: BEN })).toEqual({ wasOn: true, isDurable: true });
});
