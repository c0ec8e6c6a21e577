/**
 * What the supervisor's chart begins with, and what it tells the work that it invokes.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { createActor, fromPromise, waitFor } from 'xstate';
import { supervisorMachine } from '../../../machines/supervisor/supervisorMachine.ts';
import { SupervisorHarness } from '../../support/harness/supervisorHarness.ts';

test('SV-1 PS-5 it begins with nothing down, failed or due, and holds no store that it has not seen', () => {
  const { snapshot, due } = new SupervisorHarness();
  expect(snapshot.context).toMatchObject({
    isHeld: false,
    failedStart: null,
    failure: null,
    drainUntilAtMs: null,
  });
  expect(due).toBeNull();
});

test('SV-4 those who drain are told until when', async () => {
  const deadlines: number[] = [];
  const drain = fromPromise<void, { deadlineAtMs: number }>(async ({ input }) => {
    deadlines.push(input.deadlineAtMs);
  });
  const machine = supervisorMachine.provide({ actors: { drain } });
  const actor = createActor(machine, { input: { startedAtMs: 0 } }).start();
  actor.send({ type: 'stop.requested', atMs: 100, deadlineAtMs: 700 });
  await waitFor(actor, (snapshot) => snapshot.status === 'done');
  expect(deadlines).toEqual([700]);
});
