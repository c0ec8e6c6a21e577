import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { type ChartStep, ChartWatch } from '../../../actors/charts/chartWatch.ts';
import { transitionLabel } from '../../../inspector/charts/transitions.ts';
import { storageHealthMachine } from '../../../machines/storage/storageHealthMachine.ts';
import { supervisorMachine } from '../../../machines/supervisor/supervisorMachine.ts';

const unheard = (error: unknown): never => expect.unreachable(String(error));
const nothing = (): void => undefined;

function watched(system: ActorSystem) {
  const steps: ChartStep[] = [];
  const stop = system.charts.attach({
    ...{ began: nothing, ended: nothing },
    stepped: (step) => {
      steps.push(step);
    },
  });
  return { steps, stop };
}

const shown = ({ event, from, to, transitions }: ChartStep) => ({
  ...{ event, from, to, took: transitions.map(transitionLabel) },
});

describe('OB-1 the tap of charts that XState runs', () => {
  test('OB-1 tells the first step, each transition of a step, and no event that is ignored', () => {
    const system = new ActorSystem(unheard);
    const { steps } = watched(system);
    const health = createActor(system.observed(storageHealthMachine), {
      ...system.component('disk'),
      input: undefined,
    }).start();
    health.send({ type: 'write.refused', atMs: 1 } as never);
    health.send({ type: 'nothing.known' } as never);
    expect(steps.map(shown)[0]).toMatchObject({ event: 'xstate.init', from: null });
    expect(steps.map(({ event }) => event)).not.toContain('nothing.known');
    const supervisor = createActor(system.observed(supervisorMachine), {
      ...system.component('whole'),
      input: { startedAtMs: 0 },
    });
    supervisor.start();
    supervisor.send({ type: 'stop.requested', atMs: 1, deadlineMs: 5 } as never);
    expect(steps.map(shown).at(-1)).toMatchObject({
      ...{ event: 'stop.requested', to: 'draining' },
      took: ['supervisor.starting --stop.requested--> supervisor.draining'],
    });
    expect(steps.at(-1)?.session).toBe(supervisor.sessionId);
    system.stop(supervisor);
    system.stop(health);
  });

  test('OB-1 listens to XState from the first who watches to the last, and tells nobody after that', () => {
    const told: unknown[] = [];
    let listening = 0;
    const watch = new ChartWatch({
      listen: () => {
        listening += 1;
        return () => {
          listening -= 1;
        };
      },
      onError: unheard,
    });
    const observer = {
      ...{ began: nothing, ended: nothing },
      stepped: (step: ChartStep) => {
        told.push(step);
      },
    };
    expect(watch.told).toBeNull();
    const [first, second] = [watch.attach(observer), watch.attach(observer)];
    expect(listening).toBe(1);
    watch.told?.stepped({} as ChartStep);
    expect(told).toHaveLength(2);
    first();
    expect(listening).toBe(1);
    second();
    second();
    expect(listening).toBe(0);
    expect(watch.told).toBeNull();
  });
});
