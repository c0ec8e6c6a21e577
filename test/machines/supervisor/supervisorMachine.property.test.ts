import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Component,
  componentKindOf,
  RESTART_POLICIES,
} from '../../../machines/policy/service/restartPolicy.ts';
import { conditionOf, supervisorMachine } from '../../../machines/supervisor/supervisorMachine.ts';
import { SupervisorHarness } from '../../support/harness/supervisorHarness.ts';

const component = fc.constantFrom<Component>(
  'writer',
  'storageHealth',
  'breaker:a',
  'breaker:b',
  'degradation:global',
  'operations',
);

const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('fail' as const), component }) },
  /** It fails as soon as it is restarted, again and again. */
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('storm' as const), component }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'restarted' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'restartFailed' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'recovered' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'recoveryFailed' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(2_000), fc.nat(70_000)),
    }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

async function take(step: Step, supervisor: SupervisorHarness): Promise<void> {
  switch (step.kind) {
    case 'fail':
      supervisor.fail(step.component);
      break;
    case 'storm':
      for (let i = 0; i < 6; i++) {
        supervisor.fail(step.component);
        await take({ kind: 'restarted' }, supervisor);
        supervisor.wait(100);
      }
      break;
    case 'restarted':
      if (supervisor.isUnderWay('restartComponents')) await supervisor.finish('restartComponents');
      break;
    case 'restartFailed':
      if (supervisor.isUnderWay('restartComponents')) await supervisor.break('restartComponents');
      break;
    case 'recovered':
      if (supervisor.isUnderWay('recoverOperations')) await supervisor.finish('recoverOperations');
      break;
    case 'recoveryFailed':
      if (supervisor.isUnderWay('recoverOperations')) await supervisor.break('recoverOperations');
      break;
    case 'wait':
      supervisor.wait(step.ms);
  }
}

/** Restarts of one component, each for its own failure, never come closer than its policy allows. */
function expectWithinIntensity({ restarts }: SupervisorHarness): void {
  for (const { components, atMs } of restarts) {
    const [failed] = components;
    if (failed === undefined) throw new Error('restarted nothing');
    const { restartsMax, windowMs } = RESTART_POLICIES[componentKindOf(failed)];
    const inWindow = restarts.filter(
      (other) =>
        other.components[0] === failed && other.atMs <= atMs && atMs - other.atMs < windowMs,
    );
    expect(inWindow.length).toBeLessThanOrEqual(restartsMax);
  }
}

/** Once nothing fails any more, time is enough to get everything back. */
async function expectAlive(supervisor: SupervisorHarness): Promise<void> {
  for (let i = 0; i < 40; i++) {
    if (supervisor.isUnderWay('restartComponents')) await supervisor.finish('restartComponents');
    if (supervisor.isUnderWay('recoverOperations')) await supervisor.finish('recoverOperations');
    supervisor.wait(10_000);
  }
  expect(conditionOf(supervisor.snapshot)).toBe('healthy');
  expect(supervisor.isRecovering).toBe(false);
}

async function check(
  machine: typeof supervisorMachine,
  options: { numRuns: number; seed?: number; endOnFailure?: boolean },
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 30, size: 'max' }), async (steps) => {
      const supervisor = new SupervisorHarness(machine);
      await supervisor.becomeRunning();
      for (const each of steps) {
        await take(each, supervisor);
        expect(supervisor.snapshot.status).toBe('active');
        expect(supervisor.snapshot.hasTag('accepting')).toBe(true);
      }
      await expectAlive(supervisor);
      expectWithinIntensity(supervisor);
    }),
    options,
  );
}

describe('random failures of components, restarts and recovery', () => {
  test('SV-2 never stop the supervisor, never exceed an intensity, and are overcome', async () => {
    await check(supervisorMachine, { numRuns: 150 });
  });

  test('SV-2 control: a supervisor without intensity limits is caught', async () => {
    const careless = supervisorMachine.provide({ guards: { canRestart: () => true } });
    await expect(check(careless, { numRuns: 500, seed: 1, endOnFailure: true })).rejects.toThrow(
      'Property failed',
    );
  });

  test('SV-2 control: a supervisor that forgets a recovery that failed is caught', async () => {
    const careless = supervisorMachine.provide({ actions: { noteRecoveryFailed: () => {} } });
    await expect(check(careless, { numRuns: 500, seed: 1, endOnFailure: true })).rejects.toThrow(
      'Property failed',
    );
  });
});
