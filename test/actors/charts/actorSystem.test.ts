import { setTimeout } from 'node:timers/promises';
import {
  createInspector,
  type StatelyActorEvent,
  type StatelyInspectionEvent,
} from '@statelyai/inspect';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { flatLogic } from '../../../actors/charts/flatLogic.ts';
import { LeanActor } from '../../../actors/charts/leanActor.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { Breaker } from '../../../actors/upstream/breaker.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { DEFAULT_BREAKER_POLICY } from '../../../machines/policy/breaker/breakerPolicy.ts';
import { innermost } from '../../../machines/vocabulary/innermost.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { actorsOf } from '../../support/harness/actorsOf.ts';
import { TEST_PACING } from '../../support/harness/breakerHarness.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const INPUT = {
  id: 'operation-1',
  type: 'payments.push',
  subject: 'user-42',
  entity: null,
  tier: 'premium',
  priority: 'normal',
  idempotencyKey: 'key-1',
  fingerprint: null,
  method: null,
  path: null,
  acceptedAtMs: 1_000,
  expiresAtMs: null,
  attemptsMax: 2,
} as const;

const unheard = (error: unknown): never => expect.unreachable(String(error));

function startOperation(system: ActorSystem, logic = operationLogic(system)) {
  return new LeanActor(system, logic, 'operation-1', { input: INPUT }).start();
}

function operationLogic(system: ActorSystem) {
  return flatLogic(syncOperationMachine, { attempt: () => () => undefined }, system.charts);
}

function startBreaker(system: ActorSystem): Breaker {
  const clock = new VirtualClock();
  return new Breaker({
    component: 'breaker:payments',
    upstream: 'payments',
    policy: TEST_PACING,
    rules: DEFAULT_BREAKER_POLICY,
    steady: new SteadyClock(clock),
    random: seededRandom(1),
    timers: new TimerService(clock, unheard),
    facts: new FactStream(clock),
    system,
    keep: () => undefined,
    onChange: () => undefined,
    onFailed: unheard,
  });
}

/** What Stately's inspector is told of a system in which `work` happens. */
async function framesOf(work: (system: ActorSystem) => void): Promise<StatelyInspectionEvent[]> {
  const frames: StatelyInspectionEvent[] = [];
  const inspector = createInspector({ send: (frame) => frames.push(frame) });
  const system = new ActorSystem(unheard);
  const { root, operations } = system;
  for (const actorRef of [root, operations]) {
    inspector.inspect.next?.({ type: '@xstate.actor', actorRef, rootId: root.sessionId });
  }
  root.system.inspect(inspector.inspect);
  work(system);
  // It sends when nothing else is to be done.
  await setTimeout(20);
  return frames;
}

function actorFrame(frames: readonly StatelyInspectionEvent[], name: string): StatelyActorEvent {
  const found = frames.find((frame) => frame.type === '@xstate.actor' && frame.name === name);
  return (found as StatelyActorEvent | undefined) ?? expect.unreachable(`no actor ${name}`);
}

/** The states of the chart that the inspector draws. */
function drawnStates({ definition }: StatelyActorEvent): readonly string[] {
  return Object.keys(createMachine(JSON.parse(definition ?? '{}') as never).states);
}

describe("OB-1 Stately's own inspector", () => {
  test.each([
    ['operation-1', syncOperationMachine as AnyStateMachine, startOperation],
    ['breaker:payments', circuitBreakerMachine as AnyStateMachine, startBreaker],
  ])('OB-1 draws the chart of %s, with every transition', async (name, machine, start) => {
    const frame = actorFrame(
      await framesOf((system) => {
        start(system);
      }),
      name,
    );
    expect(drawnStates(frame)).toEqual(Object.keys(machine.states).toSorted());
    const drawn = createMachine(JSON.parse(frame.definition ?? '{}') as never) as AnyStateMachine;
    for (const [state, { on }] of Object.entries(machine.states)) {
      expect(Object.keys(drawn.states[state]?.on ?? {})).toEqual(Object.keys(on).toSorted());
    }
  });

  test('OB-1 control: logic that does not show its chart is not drawn', async () => {
    const logic = Object.assign(
      Object.create(operationLogic(new ActorSystem(unheard))) as ReturnType<typeof operationLogic>,
      {
        config: undefined,
      },
    );
    const frames = await framesOf((system) => {
      startOperation(system, logic);
    });
    expect(drawnStates(actorFrame(frames, 'operation-1'))).toEqual([]);
  });

  test('OB-1 sees one tree: operations under their family, components under the root', async () => {
    const frames = await framesOf((system) => {
      startOperation(system);
      startBreaker(system);
    });
    const [root, family, operation, breaker] = [
      ...['runtime', 'operations', 'operation-1', 'breaker:payments'],
    ].map((name) => actorFrame(frames, name));
    expect(root?.parentId).toBeUndefined();
    expect([family?.parentId, breaker?.parentId]).toEqual([root?.sessionId, root?.sessionId]);
    expect(operation?.parentId).toBe(family?.sessionId);
    expect(new Set(frames.map(({ rootId }) => rootId))).toEqual(new Set([root?.sessionId]));
  });
});

describe('OB-1 the system of a runtime', () => {
  test('OB-1 has one root for all that is inspected, and no list of operations', async () => {
    const { made, actors } = actorsOf(() => {
      const world = createWorld();
      const handlers = { 'a.b': { upstream: 'default', run: () => null } };
      return { world, runtime: world.boot({ handlers }).runtime };
    });
    const { world, runtime } = made;
    const operation = await world.clock.run(
      runtime.sync({ type: 'a.b', subject: 'user-1', tier: 'basic' }),
    );
    await world.clock.run(operation.outcome);
    const { root, inspected, find } = actors;
    expect(new Set(inspected.map(({ rootId }) => rootId))).toEqual(new Set([root.sessionId]));
    expect(inspected.map(({ actorRef }) => actorRef)).toContain(find(operation.id));
    expect(Object.keys(root.system.getAll())).toEqual([
      'runtime',
      'operations',
      'storageHealth',
      ...['degradation:global', 'degradation:default', 'breaker:default', 'supervisor'],
      'scheduler:default',
    ]);
    for (const name of ['runtime', 'operations']) {
      expect(root.system.get(name)?.getPersistedSnapshot()).not.toHaveProperty('children');
    }
    await world.clock.run(runtime.close());
    const last = inspected.findLast(({ actorRef }) => actorRef === root);
    expect(last).toMatchObject({ event: { type: 'xstate.stop' } });
  });

  test('SV-2 what an observer throws breaks no actor, and is told once', () => {
    const told: unknown[] = [];
    let steps = 0;
    const system = new ActorSystem((error) => told.push(error));
    system.charts.attach({
      began: () => expect.unreachable('no actor of a pool or a component begins here'),
      stepped: () => {
        steps += 1;
        throw new Error('bad observer');
      },
      ended: () => undefined,
    });
    const actor = startOperation(system);
    actor.send({ type: 'journal.committed', atMs: 0, turn: 'granted' });
    expect(innermost(actor.getSnapshot().value)).toBe('attempting');
    expect(steps).toBe(2);
    expect(told).toEqual([new Error('bad observer')]);
  });
});
