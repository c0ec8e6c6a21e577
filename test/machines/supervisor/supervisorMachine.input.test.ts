/**
 * What the supervisor's chart begins with, and what it tells the work that it invokes, and what it makes of an event that comes too early.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { createActor, fromPromise, transition, waitFor } from 'xstate';
import {
  type Component,
  RESTART_POLICIES,
} from '../../../machines/policy/service/restartPolicy.ts';
import {
  isWaitingToStart,
  phaseOf,
  supervisorDue,
  supervisorMachine,
} from '../../../machines/supervisor/supervisorMachine.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
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

test('SV-1 PS-5 by itself it holds no store', async () => {
  const actor = createActor(supervisorMachine, { input: { startedAtMs: 0 } }).start();
  const { context } = await waitFor(actor, (snapshot) => snapshot.matches('running'));
  expect(context.isHeld).toBe(false);
});

test('SV-6 a cause that does not pass by itself does not pass by coming twice', async () => {
  const supervisor = new SupervisorHarness();
  const wrong = new HoldfastError('HF_KEY_WRONG', 'wrong key');
  await supervisor.break('openStore', wrong);
  supervisor.send({ type: 'start.requested' });
  await supervisor.break('openStore', wrong);
  expect(supervisor.snapshot.context.failedStart).toMatchObject({ inARow: 2, isNews: false });
  expect(isWaitingToStart(supervisor.snapshot)).toBe(false);
  expect(supervisor.due).toBeNull();
  expect(supervisor.alerts).toHaveLength(2);
});

test('SV-4 a wake-up that comes before the deadline ends no drain', async () => {
  const supervisor = new SupervisorHarness();
  await supervisor.becomeRunning();
  supervisor.stop(1_000);
  supervisor.send({ type: 'drain.due', atMs: supervisor.nowMs + 999 });
  expect(phaseOf(supervisor.snapshot)).toBe('draining');
  supervisor.send({ type: 'drain.due', atMs: supervisor.nowMs + 1_000 });
  expect(phaseOf(supervisor.snapshot)).toBe('closing');
});

test('SV-2 a restart that is due before its intensity allows it is put off until then', async () => {
  const supervisor = new SupervisorHarness();
  await supervisor.becomeRunning();
  const { restartsMax, windowMs } = RESTART_POLICIES.breaker;
  const component: Component = 'breaker:payments';
  const atMs = 5_000;
  const ledger = {
    ...supervisor.snapshot.context.ledger,
    down: [{ component, restartDueAtMs: atMs }],
    restarts: Array.from({ length: restartsMax }, () => ({ component, atMs: atMs - 1_000 })),
  } as const;
  const impaired = supervisorMachine.resolveState({
    value: { running: { recovery: 'recovered', components: 'impaired' } },
    context: { ...supervisor.snapshot.context, ledger },
  });
  const [next] = transition(supervisorMachine, impaired, { type: 'restart.due', atMs });
  expect(next.value).toEqual(impaired.value);
  expect(supervisorDue(next)).toEqual({ type: 'restart.due', atMs: atMs - 1_000 + windowMs });
});
