import { setTimeout } from 'node:timers/promises';
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { allStates } from '../../../inspector/charts/transitions.ts';
import { configOf } from '../../../inspector/projection/frames.ts';
import { machines } from '../../../machines/index.ts';

test.each(machines.map((machine) => [machine.id, machine] as const))(
  "OB-2 Stately's own inspector, which cuts off what is deep, draws every state of %s",
  async (id, machine) => {
    const told: StatelyInspectionEvent[] = [];
    const inspector = createInspector({ send: (frame) => told.push(frame) });
    const logic = { config: configOf(machine) };
    const actorRef = { id, sessionId: 'x:1', logic, getSnapshot: () => ({}) };
    inspector.inspect.next?.({ type: '@xstate.actor', actorRef, rootId: 'x:0' } as never);
    // It sends when nothing else is to be done.
    await setTimeout(20);
    const [frame] = told;
    const definition = frame?.type === '@xstate.actor' ? frame.definition : undefined;
    const drawn = createMachine(JSON.parse(definition ?? '{}') as object) as AnyStateMachine;
    const pathsOf = (of: AnyStateMachine) =>
      allStates(of)
        .map(({ path }) => path.join('.'))
        .toSorted();
    expect(pathsOf(drawn)).toEqual(pathsOf(machine));
  },
);
