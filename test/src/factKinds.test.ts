import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { Fact, RuntimeOptions } from '../../src/index.ts';
import { conflictFailure } from '../../src/index.ts';
import { type Actors, actorsOf, poison } from '../support/harness/actorsOf.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;
const ENTITY = { type: 'account', id: '1' } as const;

interface Scene {
  readonly world: World;
  readonly process: Process;
  /** What was told since it was asked last, without what every fact says. */
  readonly told: (...kinds: readonly Fact['kind'][]) => readonly object[];
}

async function running(
  run: NonNullable<RuntimeOptions['handlers']>[string]['run'],
  options: Partial<RuntimeOptions> = {},
  world = createWorld(),
  prepare: (process: Process) => void = () => undefined,
): Promise<Scene> {
  const process = world.boot({
    upstreams: { payments: { concurrency: 1 } },
    handlers: { 'payments.push': { upstream: 'payments', run } },
    ...options,
  });
  prepare(process);
  let facts: Fact[] = [];
  process.runtime.subscribe((fact) => facts.push(fact));
  await world.clock.run(process.runtime.ready);
  const told = (...kinds: readonly Fact['kind'][]): readonly object[] => {
    const these = facts.filter(({ kind }) => kinds.includes(kind));
    facts = [];
    return these.map((fact) =>
      Object.fromEntries(Object.entries(fact).filter(([name]) => name !== 'atMs')),
    );
  };
  return { world, process, told };
}

const hang = (): Promise<never> => new Promise(() => undefined);
/** It returns as soon as it is told to stop. */
const obey = ({ signal }: Attempt): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('Stopped.'));
    });
  });

describe('OB-5 each kind of fact is told once, where it happens', () => {
  test('OB-5 OP-5 attempt.aborted: by a cancel, before the ending', async () => {
    const { world, process, told } = await running(obey);
    const operation = await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(100);
    told();
    await world.clock.run(operation.cancel());
    await world.clock.advance(100);
    expect(told('attempt.aborted', 'attempt.failed', 'operation.ended')).toEqual([
      expect.objectContaining({ kind: 'attempt.aborted', why: 'cancelled', attempt: 1 }),
      expect.objectContaining({ kind: 'operation.ended', ending: 'cancelled' }),
    ]);
    expect(told('attempt.aborted')).toEqual([]);
    await world.clock.run(process.runtime.close());
    expect(told('attempt.aborted')).toEqual([]);
  });

  test('OB-5 SV-4 attempt.aborted: by a stop, and the operation waits', async () => {
    const { world, process, told } = await running(hang);
    await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(100);
    told();
    await world.clock.run(process.runtime.close({ deadlineMs: 10 }));
    expect(
      told('attempt.aborted', 'operation.parked', 'operation.ended', 'runtime.stopped'),
    ).toEqual([
      expect.objectContaining({ kind: 'attempt.aborted', why: 'stopping' }),
      expect.objectContaining({ kind: 'operation.parked', reason: 'stopping' }),
      { kind: 'runtime.stopped' },
    ]);
  });

  test('OB-5 OP-3 handler.overhangs: once, and it waits for its handler', async () => {
    const { world, process, told } = await running(hang);
    await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(600_000);
    expect(told('handler.overhangs', 'operation.resumed', 'attempt.failed')).toEqual([
      expect.objectContaining({ kind: 'handler.overhangs', attempt: 1 }),
    ]);
    await world.clock.run(process.runtime.close({ deadlineMs: 10 }));
  });

  test('OB-5 CR-1 crisis.answeredLate: only where it took more than 200 ms', async () => {
    const { world, process, told } = await running(hang, { crisis: { type: 'payments.push' } });
    await process.runtime.crisis({ subject: 'user-1' });
    await world.clock.advance(0);
    expect(told('crisis.answeredLate')).toEqual([]);
    const { operationId } = await process.runtime.crisis({
      get subject() {
        world.clock.suspend(300, true);
        return 'user-1';
      },
    });
    await world.clock.advance(0);
    expect(told('crisis.answeredLate')).toEqual([
      { kind: 'crisis.answeredLate', operationId, elapsedMs: expect.any(Number) as number },
    ]);
    process.kill();
  });

  test('OB-5 CR-4 crisis.mended: which crisis, whichever way it came', async () => {
    const crisis = { type: 'payments.push' };
    const first = await running(() => null, { crisis });
    const { world } = first;
    const resources = [{ kind: 'contact', name: 'Sam', phone: '1' }] as const;
    await world.clock.run(first.process.runtime.crisisPlans.put('user-1', { resources }));
    const ask = async ({ runtime }: Process, subject: string) =>
      await world.clock.run(runtime.crisis({ subject }));
    expect((await ask(first.process, 'user-2')).plan).toBe('none');
    expect(first.told('crisis.planLate')).toEqual([]);
    first.process.kill();
    // The next process has not brought the plans to memory, since the disk stands still.
    const { process, told } = await running(
      () => null,
      { crisis },
      world,
      ({ store }) => {
        store.beside.crisisPlanPage = hang;
        store.beside.crisisPlan = hang;
      },
    );
    const { plan, operationId } = await ask(process, 'user-3');
    expect(plan).toBe('notReadInTime');
    expect(told('crisis.planLate')).toEqual([{ kind: 'crisis.planLate', operationId }]);
    expect(process.runtime.getHealthStatus().crises.plansLate).toBe(1);
    process.kill();
  });

  test('OB-5 SV-2 component.failed for each failure, supervisor.alerted where no restart follows', async () => {
    const { made: scene, actors } = await actorsOfRunning();
    const { world, told } = scene;
    const fail = async (): Promise<readonly object[]> => {
      actors.find('breaker:payments').send(poison('process.restarted'));
      await world.clock.advance(10);
      return told('component.failed', 'supervisor.alerted');
    };
    const failed = { kind: 'component.failed', component: 'breaker:payments', code: null };
    const alerted = { kind: 'supervisor.alerted', component: 'breaker:payments' };
    for (let times = 0; times < 3; times += 1) expect(await fail()).toEqual([failed]);
    expect(await fail()).toEqual([failed, { ...alerted, reason: 'componentDown' }]);
    await world.clock.run(scene.process.runtime.close());
  });

  test('OB-5 operation.resumed: its lane is free, its handler is there, somebody decided', async () => {
    let answers = 0;
    const { world, process, told } = await running(() => {
      answers += 1;
      if (answers === 1) throw conflictFailure('Another version.');
      return null;
    });
    const { clock } = world;
    const { runtime } = process;
    const first = await clock.run(runtime.sync({ ...REQUEST, entity: ENTITY }));
    const second = await clock.run(runtime.sync({ ...REQUEST, entity: ENTITY }));
    const third = await runtime.crisis({ subject: 'user-1' });
    await clock.advance(100);
    expect(told('operation.parked', 'operation.resumed')).toEqual([
      expect.objectContaining({ operationId: first.id, reason: 'conflict' }),
      expect.objectContaining({ operationId: second.id, reason: 'lane' }),
      expect.objectContaining({ operationId: third.operationId, reason: 'handler' }),
    ]);
    await clock.run(first.retryNow());
    await clock.advance(1_000);
    await clock.run(runtime.handle('crisis.alert', { upstream: 'payments', run: () => null }));
    await clock.advance(1_000);
    expect(told('operation.resumed', 'operation.ended')).toEqual([
      expect.objectContaining({ kind: 'operation.resumed', operationId: first.id }),
      // The ending of the first is on disk, which frees its lane.
      expect.objectContaining({ kind: 'operation.resumed', operationId: second.id }),
      expect.objectContaining({ kind: 'operation.ended', operationId: first.id }),
      expect.objectContaining({ kind: 'operation.ended', operationId: second.id }),
      expect.objectContaining({ kind: 'operation.resumed', operationId: third.operationId }),
      expect.objectContaining({ kind: 'operation.ended', operationId: third.operationId }),
    ]);
    await clock.run(runtime.close());
  });

  test('OB-5 override.made: not for an operation that takes no notice', async () => {
    const { world, process, told } = await running(() => null);
    const operation = await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.run(operation.outcome);
    await world.clock.run(operation.cancel());
    await world.clock.run(operation.retryNow());
    expect(told('override.made')).toEqual([]);
    process.runtime.upstream('payments').forceOpen('drill');
    const parked = await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(10);
    told();
    await world.clock.run(parked.retryNow());
    expect(told('override.made')).toEqual([]);
    await world.clock.run(parked.cancel());
    const { id } = parked;
    const about = { kind: 'override.made', upstream: null, count: 1, by: null };
    expect(told('override.made')).toEqual([
      { ...about, what: 'operation.cancel', operationId: id },
    ]);
    await world.clock.run(process.runtime.close());
  });
});

async function actorsOfRunning(): Promise<{ readonly made: Scene; readonly actors: Actors }> {
  let scene: Promise<Scene> | undefined;
  const { actors } = actorsOf(() => {
    scene = running(() => null);
    return scene;
  });
  if (scene === undefined) throw new Error('Nothing runs.');
  return { made: await scene, actors };
}
