import { describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, type SnapshotFrom, setup, spawnChild } from 'xstate';
import { Supervisor } from '../../../actors/supervisor.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import {
  COMPONENT_KINDS,
  type Component,
  type ComponentKind,
} from '../../../machines/policy/service/restartPolicy.ts';
import type { supervisorMachine } from '../../../machines/supervisor/supervisorMachine.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type Actors, actorsOf, isPoisoned, poison } from '../../support/harness/actorsOf.ts';
import { TEST_PACING } from '../../support/harness/breakerHarness.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;
const COMPONENTS = [
  'supervisor',
  'storageHealth',
  'breaker:payments',
  'breaker:mail',
  'degradation:payments',
  'degradation:mail',
  'degradation:global',
];

interface Scene {
  readonly world: World;
  readonly process: Process;
  readonly actors: Actors;
}

function boot(world = createWorld(), prepare: (process: Process) => void = () => undefined): Scene {
  const { made: process, actors } = actorsOf(() => {
    const booted = world.boot({
      upstreams: { payments: {}, mail: {} },
      handlers: { 'payments.push': { upstream: 'payments', run: () => null } },
    });
    prepare(booted);
    return booted;
  });
  return { world, process, actors };
}

async function complete({ world, process }: Scene): Promise<string> {
  const operation = await world.clock.run(process.runtime.sync(REQUEST));
  return (await world.clock.run(operation.outcome)).status;
}

function restarted({ actors }: Scene): readonly Component[] {
  const { context } = actors.find('supervisor').getSnapshot() as SnapshotFrom<
    typeof supervisorMachine
  >;
  return context.ledger.restarts.map(({ component }) => component);
}

async function killed(component: string, event: string): Promise<Scene> {
  const scene = boot();
  await scene.world.clock.run(scene.process.runtime.ready);
  expect(await complete(scene)).toBe('completed');
  scene.actors.find(component).send(poison(event));
  await scene.world.clock.advance(10);
  return scene;
}

/** How each row of the restart table comes about. */
const ROWS: Readonly<Record<ComponentKind, () => Promise<[Component, Scene]>>> = {
  breaker: async () => ['breaker:payments', await killed('breaker:payments', 'process.restarted')],
  degradation: async () => [
    'degradation:global',
    await killed('degradation:global', 'process.restarted'),
  ],
  scheduler: async () => [
    'scheduler:payments',
    await killed('scheduler:payments', 'process.restarted'),
  ],
  crisisMode: async () => {
    const scene = boot();
    const { world, process, actors } = scene;
    await world.clock.run(process.runtime.ready);
    const by = { id: 'ann' };
    const { id } = await world.clock.run(process.runtime.crisisMode.enter({ subject: 'u', by }));
    actors.find(`crisisMode:${id}`).send(poison('process.restarted'));
    await world.clock.advance(10);
    expect(process.runtime.crisisMode.list()).toMatchObject([{ id, subject: 'u', by }]);
    return [`crisisMode:${id}`, scene];
  },
  storageHealth: async () => ['storageHealth', await killed('storageHealth', 'write.failed')],
  // The thread itself dies in journal/writerDeath.test.ts.
  writer: async () => {
    const scene = boot();
    const { process, world } = scene;
    await world.clock.run(process.runtime.ready);
    process.store.faults.fate = () => 'failsUnwritten';
    await expect(world.clock.run(process.runtime.sync(REQUEST))).rejects.toThrow(HoldfastError);
    process.store.faults.fate = () => 'works';
    await world.clock.advance(5_000);
    return ['writer', scene];
  },
  operations: async () => {
    const scene = boot(createWorld(), ({ store }) => {
      const failure = new HoldfastError('HF_STORE_IO', 'It can not be read.');
      vi.spyOn(store, 'inHand').mockRejectedValueOnce(failure);
    });
    await scene.world.clock.run(scene.process.runtime.ready);
    await scene.world.clock.advance(10_000);
    return ['operations', scene];
  },
};

describe('SV-2 each row of the restart table happens in the running runtime', () => {
  test.each(COMPONENT_KINDS)('SV-2 %s', async (kind) => {
    const [component, scene] = await ROWS[kind]();
    const { world, process, actors } = scene;
    expect(restarted(scene)[0]).toBe(component);
    if (COMPONENTS.includes(component)) {
      expect(actors.find(component).getSnapshot().status).toBe('active');
      expect(process.errors.some(isPoisoned)).toBe(true);
    }
    expect(process.runtime.getHealthStatus().overall).toBe('healthy');
    expect(await complete(scene)).toBe('completed');
    await world.clock.run(process.runtime.close());
  });

  test('SV-2 a level of an upstream is a component of its own', async () => {
    const scene = await killed('degradation:mail', 'process.restarted');
    expect(restarted(scene)).toEqual(['degradation:mail']);
  });

  test('SV-2 control: a failure that nobody reports leaves it dead', async () => {
    const deaf = vi.spyOn(Supervisor.prototype, 'componentFailed').mockReturnValue(undefined);
    const scene = await killed('breaker:payments', 'process.restarted');
    deaf.mockRestore();
    expect(restarted(scene)).toEqual([]);
    expect(scene.actors.find('breaker:payments').getSnapshot().status).toBe('error');
  });
});

describe('PS-6 storage health that dies in the midst of trouble', () => {
  test('PS-6 knows of it again after its restart, and of its end', async () => {
    const scene = boot();
    const { process, world, actors } = scene;
    await world.clock.run(process.runtime.ready);
    const facts: string[] = [];
    process.runtime.subscribe((fact) => {
      if (fact.kind === 'storage.changed') facts.push(`${fact.from} ${fact.to}`);
    });
    process.store.faults.fate = () => 'failsUnwritten';
    const refused = world.clock.run(process.runtime.sync(REQUEST));
    await expect(refused).rejects.toThrow(HoldfastError);
    actors.find('storageHealth').send(poison('probe.due'));
    await world.clock.advance(10);
    expect(actors.find('storageHealth').getSnapshot().status).toBe('active');
    expect(process.runtime.getHealthStatus().storage.state).toBe('failing');
    process.store.faults.fate = () => 'works';
    await world.clock.advance(10_000);
    expect(facts).toEqual(['well failing', 'failing well']);
    expect(await complete(scene)).toBe('completed');
  });
});

describe('SV-2 whatever a child throws, the root and the others go on', () => {
  const others = (actors: Actors, but: string): readonly AnyActorRef[] =>
    [...COMPONENTS, 'operations', 'runtime'].filter((id) => id !== but).map(actors.find);

  test.each([
    ['supervisor', 'component.failed'],
    ['storageHealth', 'write.failed'],
    ['breaker:payments', 'process.restarted'],
    ['degradation:payments', 'process.restarted'],
    ['degradation:global', 'process.restarted'],
  ])('SV-2 %s', async (id, event) => {
    const scene = boot();
    const { world, process, actors } = scene;
    await world.clock.run(process.runtime.ready);
    const before = others(actors, id);
    const dying = actors.find(id);
    dying.send(poison(event));
    expect(dying.getSnapshot().status).toBe('error');
    await world.clock.advance(10);
    expect(others(actors, id)).toEqual(before);
    expect(before.map((actor) => actor.getSnapshot().status)).toEqual(before.map(() => 'active'));
    expect(process.errors.some(isPoisoned)).toBe(true);
    expect(await complete(scene)).toBe('completed');
    await world.clock.run(process.runtime.close());
  });

  test('SV-2 SV-4 the supervisor in the midst of a stop, which ends all the same', async () => {
    const scene = boot();
    const { process, actors, world } = scene;
    const { runtime } = process;
    await world.clock.run(runtime.ready);
    const hang = { upstream: 'payments', run: () => new Promise<never>(() => undefined) };
    await world.clock.run(runtime.handle('slow.push', hang));
    await world.clock.run(runtime.sync({ ...REQUEST, type: 'slow.push' }));
    const facts: string[] = [];
    runtime.subscribe(({ kind }) => facts.push(kind));
    const stopped = runtime.close({ deadlineMs: 5_000 });
    await world.clock.advance(10);
    const supervisor = actors.find('supervisor');
    supervisor.send(poison('stop.requested'));
    expect(supervisor.getSnapshot().status).toBe('error');
    await world.clock.run(stopped, 60_000);
    await world.clock.run(runtime.close(), 60_000);
    expect(facts.filter((kind) => kind === 'runtime.stopped')).toHaveLength(1);
    expect(facts).toContain('attempt.aborted');
    // The store is free for the next process.
    expect(await complete(boot(world))).toBe('completed');
  });

  test('SV-2 an operation: its row is taken up by the next process', async () => {
    const world = createWorld();
    const scene = boot(world);
    const { process, actors } = scene;
    await world.clock.run(process.runtime.ready);
    await world.clock.run(
      process.runtime.handle('slow.push', {
        upstream: 'payments',
        run: () => new Promise<never>(() => undefined),
      }),
    );
    const { id } = await world.clock.run(process.runtime.sync({ ...REQUEST, type: 'slow.push' }));
    await world.clock.advance(10);
    const before = others(actors, id);
    const dying = actors.find(id);
    dying.send(poison('cancel.requested'));
    expect(dying.getSnapshot().status).toBe('error');
    expect(before.map((actor) => actor.getSnapshot().status)).toEqual(before.map(() => 'active'));
    expect(process.errors.some(isPoisoned)).toBe(true);
    expect(await complete(scene)).toBe('completed');
    process.kill();
    const next = boot(world);
    await world.clock.run(
      next.process.runtime.handle('slow.push', { upstream: 'payments', run: () => null }),
    );
    const outcome = await world.clock.run(next.process.runtime.operations.get(id).outcome);
    expect(outcome.status).toBe('completed');
  });

  test('SV-2 control: a chart as the parent dies of what its child throws', () => {
    const policy = TEST_PACING;
    const actor = createActor(
      setup({ actors: { breaker: circuitBreakerMachine } }).createMachine({
        entry: [spawnChild('breaker', { id: 'child', input: { upstream: 'a', policy } })],
      }),
    );
    const died: unknown[] = [];
    actor.subscribe({ error: (error) => died.push(error) });
    actor.start();
    (actor.getSnapshot().children['child'] as AnyActorRef).send(poison('process.restarted'));
    expect(actor.getSnapshot().status).toBe('error');
    expect(died.some(isPoisoned)).toBe(true);
  });
});
