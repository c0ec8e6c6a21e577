import { describe, expect, test } from 'vitest';
import { createActor, waitFor } from 'xstate';
import {
  type Component,
  componentKindOf,
  RESTART_POLICIES,
} from '../../../machines/policy/service/restartPolicy.ts';
import {
  conditionOf,
  isAccepting,
  PHASES,
  phaseOf,
  supervisorMachine,
} from '../../../machines/supervisor/supervisorMachine.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { SupervisorHarness } from '../../support/harness/supervisorHarness.ts';

async function running(): Promise<SupervisorHarness> {
  const supervisor = new SupervisorHarness();
  await supervisor.becomeRunning();
  return supervisor;
}

/** Lets `component` fail until it may not be restarted for now. */
async function exhaust(supervisor: SupervisorHarness, component: Component): Promise<void> {
  const { restartsMax } = RESTART_POLICIES[componentKindOf(component)];
  for (let i = 0; i < restartsMax; i++) {
    supervisor.fail(component);
    await supervisor.finish('restartComponents');
  }
  supervisor.fail(component);
}

describe('starting', () => {
  test('SV-1 opens the store, then restores the components, then accepts work', async () => {
    const supervisor = new SupervisorHarness();
    expect(supervisor.isUnderWay('openStore')).toBe(true);
    expect(supervisor.isUnderWay('restoreComponents')).toBe(false);
    await supervisor.finish('openStore');
    expect(supervisor.isUnderWay('restoreComponents')).toBe(true);
    expect(isAccepting(supervisor.snapshot)).toBe(false);
    expect(phaseOf(supervisor.snapshot)).toBe('starting');
    expect(conditionOf(supervisor.snapshot)).toBeNull();
    await supervisor.finish('restoreComponents');
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(phaseOf(supervisor.snapshot)).toBe('running');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
  });

  test.each(['openStore', 'restoreComponents'] as const)(
    'SV-1 when %s fails it says so once, keeps the code only, and goes on living',
    async (work) => {
      const supervisor = new SupervisorHarness();
      if (work === 'restoreComponents') await supervisor.finish('openStore');
      await supervisor.break(work, new HoldfastError('HF_STORE_NEWER', 'made by a later version'));
      expect(phaseOf(supervisor.snapshot)).toBe('startFailed');
      expect(supervisor.snapshot.status).toBe('active');
      expect(isAccepting(supervisor.snapshot)).toBe(false);
      expect(supervisor.snapshot.context.failure).toEqual({ code: 'HF_STORE_NEWER' });
      expect(supervisor.alerts).toEqual([{ component: null, reason: 'startFailed' }]);
    },
  );

  test('SV-1 an unexpected failure becomes a code, and nothing of its text is kept', async () => {
    const supervisor = new SupervisorHarness();
    await supervisor.break('openStore', 'secret detail');
    expect(supervisor.snapshot.context.failure).toEqual({ code: 'HF_INTERNAL' });
    expect(JSON.stringify(supervisor.snapshot.context)).not.toContain('secret');
  });

  test('SV-4 a stop during the start drains and closes what was opened', async () => {
    const supervisor = new SupervisorHarness();
    supervisor.stop();
    expect(supervisor.aborted).toEqual(['openStore']);
    await supervisor.finish('drain', 'closeStore');
    expect(supervisor.snapshot.status).toBe('done');
  });

  test('SV-4 a forced stop during the start closes at once', () => {
    const supervisor = new SupervisorHarness();
    supervisor.send({ type: 'stop.forced' });
    expect(supervisor.isUnderWay('closeStore')).toBe(true);
  });

  test.each(['stop.requested', 'stop.forced'] as const)(
    'SV-4 a start that failed is left by %s only',
    async (type) => {
      const supervisor = new SupervisorHarness();
      await supervisor.break('openStore', new HoldfastError('HF_KEY_WRONG', 'wrong key'));
      supervisor.fail('writer');
      expect(phaseOf(supervisor.snapshot)).toBe('startFailed');
      supervisor.send({ type, atMs: supervisor.nowMs, deadlineAtMs: supervisor.nowMs });
      // Crises may be in flight.
      if (type === 'stop.requested') await supervisor.finish('drain');
      await supervisor.finish('closeStore');
      expect(supervisor.snapshot.output).toEqual({ failure: { code: 'HF_KEY_WRONG' } });
    },
  );
});

describe('a start that failed', () => {
  const OWNED = new HoldfastError('HF_STORE_OWNED', 'owned by another', { retry: 'later' });
  const FULL = new HoldfastError('HF_STORE_FULL', 'no room', { retry: 'later' });

  test('SV-6 is tried again where the cause may pass, later and later, and tells of it once', async () => {
    const supervisor = new SupervisorHarness();
    const waits: number[] = [];
    for (let tries = 1; tries <= 9; tries += 1) {
      await supervisor.break('openStore', OWNED);
      expect(phaseOf(supervisor.snapshot)).toBe('startFailed');
      expect(supervisor.snapshot.context.failedStart).toMatchObject({ inARow: tries });
      // The first answer of the timer brings the instant.
      supervisor.wait(0);
      waits.push((supervisor.due?.atMs ?? 0) - supervisor.nowMs);
      supervisor.wait((waits.at(-1) ?? 0) - 1);
      expect(supervisor.isUnderWay('openStore')).toBe(false);
      supervisor.wait(1);
      expect(phaseOf(supervisor.snapshot)).toBe('starting');
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
    expect(supervisor.alerts).toEqual([{ component: null, reason: 'startFailed' }]);
    await supervisor.becomeRunning();
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.snapshot.context).toMatchObject({ failedStart: null, failure: null });
    expect(supervisor.due).toBeNull();
  });

  test('SV-6 tells of another cause, and never waits for one that does not pass by itself', async () => {
    const supervisor = new SupervisorHarness();
    await supervisor.break('openStore', OWNED);
    supervisor.wait(250);
    await supervisor.break('openStore', FULL);
    expect(supervisor.alerts).toHaveLength(2);
    supervisor.wait(500);
    await supervisor.break('openStore', new HoldfastError('HF_KEY_WRONG', 'wrong key'));
    expect(supervisor.alerts).toHaveLength(3);
    expect(supervisor.due).toBeNull();
    supervisor.send({ type: 'start.due', atMs: supervisor.nowMs });
    supervisor.wait(3_600_000);
    expect(phaseOf(supervisor.snapshot)).toBe('startFailed');
  });

  test.each([OWNED, new HoldfastError('HF_KEY_WRONG', 'wrong key')])(
    'SV-6 is tried again at once when somebody asks for it (%s)',
    async (error) => {
      const supervisor = new SupervisorHarness();
      await supervisor.break('openStore', error);
      supervisor.send({ type: 'start.requested' });
      expect(supervisor.isUnderWay('openStore')).toBe(true);
      // While one is under way there is nothing to ask for.
      supervisor.send({ type: 'start.requested' });
      await supervisor.becomeRunning();
      supervisor.send({ type: 'start.requested' });
      expect(isAccepting(supervisor.snapshot)).toBe(true);
      expect(supervisor.isUnderWay('openStore')).toBe(false);
    },
  );
});

describe('recovery', () => {
  test('SV-3 goes on beside new work', async () => {
    const supervisor = await running();
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.isRecovering).toBe(true);
    await supervisor.finish('recoverOperations');
    expect(supervisor.isRecovering).toBe(false);
  });

  test('SV-2 a failed breaker is restarted though recovery takes long', async () => {
    const supervisor = await running();
    supervisor.fail('breaker:payments');
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
    expect(supervisor.isUnderWay('recoverOperations')).toBe(true);
  });

  test('SV-3 that fails is taken up by a restart of the operations', async () => {
    const supervisor = await running();
    await supervisor.break('recoverOperations');
    expect(supervisor.alerts).toEqual([{ component: 'operations', reason: 'recoveryFailed' }]);
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
    expect(supervisor.isRecovering).toBe(true);
    supervisor.wait(0);
    expect(supervisor.restarts).toEqual([{ components: ['operations'], atMs: supervisor.nowMs }]);
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
    expect(supervisor.isRecovering).toBe(false);
  });

  test('SV-3 is interrupted when what it needs fails, and taken up by that restart', async () => {
    const supervisor = await running();
    supervisor.fail('writer');
    expect(supervisor.aborted).toEqual(['recoverOperations']);
    expect(supervisor.isRecovering).toBe(true);
    await supervisor.finish('restartComponents');
    expect(supervisor.isRecovering).toBe(false);
  });

  test('SV-3 that was interrupted is not ended by the restart of something else', async () => {
    const supervisor = await running();
    supervisor.fail('breaker:payments');
    supervisor.fail('writer');
    await supervisor.finish('restartComponents');
    expect(supervisor.isRecovering).toBe(true);
    supervisor.wait(0);
    await supervisor.finish('restartComponents');
    expect(supervisor.isRecovering).toBe(false);
  });

  test('SV-3 that fails while something is restarted, or down, is not forgotten', async () => {
    const restarting = await running();
    restarting.fail('breaker:payments');
    await restarting.break('recoverOperations');
    await restarting.finish('restartComponents');
    restarting.wait(0);
    expect(restarting.restarts.at(-1)?.components).toEqual(['operations']);

    const impaired = await running();
    await exhaust(impaired, 'breaker:payments');
    await impaired.break('recoverOperations');
    impaired.wait(0);
    expect(impaired.restarts.at(-1)?.components).toEqual(['operations']);
  });
});

describe('components', () => {
  test('SV-2 one that fails during the start is restarted as soon as that is over', async () => {
    const supervisor = new SupervisorHarness();
    await supervisor.break('openStore');
    supervisor.fail('storageHealth');
    supervisor.send({ type: 'start.requested' });
    supervisor.fail('storageHealth');
    await supervisor.becomeRunning();
    supervisor.wait(0);
    await supervisor.finish('restartComponents');
    expect(supervisor.restarts.map(({ components }) => components)).toEqual([['storageHealth']]);
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
  });

  test('SV-3 operations that went down with the writer are read back by its restart', async () => {
    const supervisor = new SupervisorHarness();
    supervisor.fail('writer');
    await supervisor.becomeRunning();
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    supervisor.wait(0);
    await supervisor.finish('restartComponents');
    expect(supervisor.isRecovering).toBe(false);
  });

  test('SV-4 one that fails in the stop is left to the next start', async () => {
    const supervisor = await running();
    supervisor.stop();
    supervisor.fail('writer');
    await supervisor.finish('drain', 'closeStore');
    expect(supervisor.restarts).toEqual([]);
  });

  test('SV-2 one that stands alone is restarted alone', async () => {
    const supervisor = await running();
    supervisor.fail('breaker:payments');
    expect(conditionOf(supervisor.snapshot)).toBe('restarting');
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.restarts[0]?.components).toEqual(['breaker:payments']);
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
    expect(supervisor.alerts).toEqual([]);
  });

  test('SV-2 one that others need is restarted with them', async () => {
    const supervisor = await running();
    supervisor.fail('writer');
    expect(supervisor.restarts[0]?.components).toEqual(['writer', 'operations']);
  });

  test('SV-2 one that fails too often is down, with an alert, until its window has room', async () => {
    const supervisor = await running();
    await exhaust(supervisor, 'breaker:payments');
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.alerts).toEqual([{ component: 'breaker:payments', reason: 'componentDown' }]);
    const { restartsMax, windowMs } = RESTART_POLICIES.breaker;
    supervisor.wait(windowMs - 1);
    expect(supervisor.restarts).toHaveLength(restartsMax);
    supervisor.wait(1);
    expect(supervisor.restarts).toHaveLength(restartsMax + 1);
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
  });

  test('SV-2 each component has its own intensity', async () => {
    const supervisor = await running();
    await exhaust(supervisor, 'breaker:payments');
    supervisor.fail('breaker:mail');
    expect(conditionOf(supervisor.snapshot)).toBe('restarting');
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
  });

  test('SV-2 a second one that fails too often is down too, with an alert of its own', async () => {
    const supervisor = await running();
    const both = ['breaker:payments', 'breaker:mail'] as const;
    for (const component of both) await exhaust(supervisor, component);
    expect(supervisor.alerts.map(({ component }) => component)).toEqual(both);
  });

  test('SV-2 a failure that is known already is no news', async () => {
    const supervisor = await running();
    await exhaust(supervisor, 'breaker:payments');
    const { context } = supervisor.snapshot;
    supervisor.fail('breaker:payments');
    expect(supervisor.snapshot.context).toEqual(context);
    expect(supervisor.alerts).toHaveLength(1);
  });

  test('SV-2 one that needs another that is down waits for it', async () => {
    const supervisor = await running();
    await exhaust(supervisor, 'writer');
    const restartsBefore = supervisor.restarts.length;
    supervisor.fail('operations');
    supervisor.wait(10_000);
    expect(supervisor.restarts).toHaveLength(restartsBefore);
    supervisor.wait(RESTART_POLICIES.writer.windowMs);
    expect(supervisor.restarts.at(-1)?.components).toEqual(['writer', 'operations']);
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
  });

  test('SV-2 what fails during a restart is restarted after it', async () => {
    const supervisor = await running();
    supervisor.fail('breaker:payments');
    supervisor.fail('degradation:mail');
    supervisor.fail('degradation:mail');
    supervisor.fail('breaker:payments');
    await supervisor.finish('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
    for (let i = 0; i < 2; i++) {
      supervisor.wait(0);
      await supervisor.finish('restartComponents');
    }
    const restarted = supervisor.restarts.map(({ components }) => components[0]);
    expect(restarted).toEqual(['breaker:payments', 'breaker:payments', 'degradation:mail']);
    expect(conditionOf(supervisor.snapshot)).toBe('healthy');
    expect(supervisor.alerts).toEqual([]);
  });

  test('SV-2 one that fails too often during restarts is alerted at once', async () => {
    const supervisor = await running();
    const { restartsMax } = RESTART_POLICIES.breaker;
    for (let i = 0; i < restartsMax; i++) {
      supervisor.fail('breaker:payments');
      if (i < restartsMax - 1) await supervisor.finish('restartComponents');
    }
    supervisor.fail('breaker:payments');
    expect(supervisor.alerts).toEqual([{ component: 'breaker:payments', reason: 'componentDown' }]);
  });

  test('SV-2 a restart that fails is tried again later, with an alert', async () => {
    const supervisor = await running();
    supervisor.fail('writer');
    await supervisor.break('restartComponents');
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
    expect(supervisor.alerts).toEqual([{ component: 'writer', reason: 'restartFailed' }]);
    supervisor.wait(RESTART_POLICIES.writer.retryAfterMs - 1);
    expect(supervisor.restarts).toHaveLength(1);
    supervisor.wait(1);
    expect(supervisor.restarts.at(-1)?.components).toEqual(['writer', 'operations']);
  });

  test('SV-2 a wake-up that comes early and can restart nothing sets a due time that lies ahead', async () => {
    const supervisor = await running();
    await exhaust(supervisor, 'breaker:payments');
    supervisor.nowMs -= 1_000;
    supervisor.send({ type: 'restart.due', atMs: supervisor.nowMs });
    expect(supervisor.due?.atMs).toBeGreaterThan(supervisor.nowMs);
    expect(conditionOf(supervisor.snapshot)).toBe('impaired');
  });
});

describe('stopping', () => {
  test('SV-4 admits nothing, lets what is in flight finish, closes and ends', async () => {
    const supervisor = await running();
    supervisor.stop();
    expect(phaseOf(supervisor.snapshot)).toBe('draining');
    expect(isAccepting(supervisor.snapshot)).toBe(false);
    expect(supervisor.isUnderWay('closeStore')).toBe(false);
    await supervisor.finish('drain');
    expect(phaseOf(supervisor.snapshot)).toBe('closing');
    await supervisor.finish('closeStore');
    expect(phaseOf(supervisor.snapshot)).toBe('stopped');
    expect(supervisor.snapshot.output).toEqual({ failure: null });
  });

  test('SV-4 closes at the deadline, not before, whatever is still in flight', async () => {
    const supervisor = await running();
    supervisor.stop(1_000);
    supervisor.wait(999);
    expect(phaseOf(supervisor.snapshot)).toBe('draining');
    supervisor.wait(1);
    expect(phaseOf(supervisor.snapshot)).toBe('closing');
    expect(supervisor.aborted).toContain('drain');
    expect(supervisor.due).toBeNull();
  });

  test('SV-4 asking again may shorten the deadline but not lengthen it', async () => {
    const supervisor = await running();
    supervisor.stop(1_000);
    supervisor.stop(5_000);
    expect(supervisor.due?.atMs).toBe(supervisor.nowMs + 1_000);
    supervisor.stop(200);
    expect(supervisor.due?.atMs).toBe(supervisor.nowMs + 200);
  });

  test('SV-4 a second signal closes at once, a third waits for nothing', async () => {
    const supervisor = await running();
    supervisor.stop(60_000);
    supervisor.send({ type: 'stop.forced' });
    expect(phaseOf(supervisor.snapshot)).toBe('closing');
    supervisor.send({ type: 'stop.forced' });
    expect(supervisor.snapshot.status).toBe('done');
  });

  test('SV-4 a forced stop while running closes at once', async () => {
    const supervisor = await running();
    supervisor.send({ type: 'stop.forced' });
    expect(phaseOf(supervisor.snapshot)).toBe('closing');
  });

  test('SV-4 ends also when draining and closing fail, and says why', async () => {
    const supervisor = await running();
    supervisor.stop();
    await supervisor.break('drain', new HoldfastError('HF_INTERNAL', 'drain'));
    await supervisor.break('closeStore', new HoldfastError('HF_STORE_FULL', 'full'));
    expect(supervisor.snapshot.output).toEqual({ failure: { code: 'HF_STORE_FULL' } });
  });

  test('SV-2 components that fail while it stops change nothing', async () => {
    const supervisor = await running();
    supervisor.stop();
    supervisor.fail('writer');
    expect(phaseOf(supervisor.snapshot)).toBe('draining');
    expect(supervisor.restarts).toEqual([]);
  });
});

describe('a held store', () => {
  async function held(): Promise<SupervisorHarness> {
    const supervisor = new SupervisorHarness();
    supervisor.isHeld = true;
    await supervisor.becomeRunning();
    return supervisor;
  }

  test('PS-5 is served to crises alone until it is released, and then recovered', async () => {
    const supervisor = await held();
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    await supervisor.finish('recoverCrises');
    expect(supervisor.isRecovering).toBe(false);
    supervisor.wait(100_000);
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    supervisor.send({ type: 'hold.released' });
    expect(supervisor.isRecovering).toBe(true);
    await supervisor.finish('recoverOperations');
    // Only once: what it says of another release changes nothing.
    supervisor.send({ type: 'hold.released' });
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
  });

  test('PS-5 CR-4 stays held where its crises could not be taken up, and takes them up again', async () => {
    const supervisor = await held();
    await supervisor.break('recoverCrises');
    expect(supervisor.alerts).toEqual([{ component: 'operations', reason: 'recoveryFailed' }]);
    supervisor.wait(0);
    expect(supervisor.restarts).toMatchObject([{ components: ['operations'] }]);
    await supervisor.finish('restartComponents');
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    expect(supervisor.snapshot.matches({ running: { recovery: 'held' } })).toBe(true);
  });
});

describe('a store with an anchor', () => {
  type Recovery = 'held' | 'interrupted' | 'paused' | 'recovered' | 'recovering';
  const recovery = (state: Recovery) => ({ running: { recovery: state } });

  async function comparing(isBehind = false): Promise<SupervisorHarness> {
    const supervisor = new SupervisorHarness();
    supervisor.isToCompare = true;
    supervisor.isBehind = isBehind;
    await supervisor.becomeRunning();
    return supervisor;
  }

  test('SE-6 CR-4 is served to crises alone until it was compared, and then recovered', async () => {
    const supervisor = await comparing();
    expect(isAccepting(supervisor.snapshot)).toBe(true);
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    await supervisor.finish('recoverCrises');
    await supervisor.finish('compareAnchor');
    expect(supervisor.snapshot.matches(recovery('recovering'))).toBe(true);
    await supervisor.finish('recoverOperations');
    expect(supervisor.snapshot.matches(recovery('recovered'))).toBe(true);
  });

  test('SE-6 is held where it is behind, until a person lets it go', async () => {
    const supervisor = await comparing(true);
    await supervisor.finish('compareAnchor');
    expect(supervisor.snapshot.matches(recovery('held'))).toBe(true);
    expect(supervisor.isUnderWay('recoverOperations')).toBe(false);
    supervisor.send({ type: 'hold.released' });
    expect(supervisor.snapshot.matches(recovery('recovering'))).toBe(true);
  });

  test('SE-6 a store that is held for another reason is not compared', async () => {
    const supervisor = new SupervisorHarness();
    supervisor.isHeld = true;
    supervisor.isToCompare = true;
    await supervisor.becomeRunning();
    expect(supervisor.isUnderWay('compareAnchor')).toBe(false);
    expect(supervisor.snapshot.matches(recovery('held'))).toBe(true);
  });

  test('SE-6 SV-2 what reads back may be down when it was compared, and crises may not be taken up', async () => {
    const supervisor = await comparing();
    await supervisor.break('recoverCrises');
    expect(supervisor.alerts).toEqual([{ component: 'operations', reason: 'recoveryFailed' }]);
    await supervisor.finish('compareAnchor');
    expect(supervisor.snapshot.matches(recovery('interrupted'))).toBe(true);
  });

  test('SE-6 that is found to be behind later is paused, whatever is under way', async () => {
    const recovered = await comparing();
    await recovered.finish('compareAnchor', 'recoverOperations');
    recovered.send({ type: 'hold.began' });
    expect(recovered.snapshot.matches(recovery('paused'))).toBe(true);
    expect(isAccepting(recovered.snapshot)).toBe(true);
    recovered.send({ type: 'hold.released' });
    expect(recovered.snapshot.matches(recovery('recovered'))).toBe(true);

    for (const isReleased of [false, true]) {
      const recovering = await comparing();
      await recovering.finish('compareAnchor');
      recovering.send({ type: 'hold.began' });
      if (isReleased) recovering.send({ type: 'hold.released' });
      await recovering.finish('recoverOperations');
      const now = isReleased ? 'recovered' : 'paused';
      expect(recovering.snapshot.matches(recovery(now))).toBe(true);
    }

    const interrupted = await comparing();
    await interrupted.finish('compareAnchor');
    interrupted.fail('operations');
    expect(interrupted.snapshot.matches(recovery('interrupted'))).toBe(true);
    interrupted.send({ type: 'hold.began' });
    interrupted.send({ type: 'hold.released' });
    interrupted.send({ type: 'hold.began' });
    await interrupted.finish('restartComponents');
    expect(interrupted.snapshot.matches(recovery('paused'))).toBe(true);
  });
});

describe('chart', () => {
  test('SV-1 has the phases as its states', () => {
    expect(Object.keys(supervisorMachine.states).toSorted()).toEqual([...PHASES].toSorted());
  });

  test('SV-1 runs by itself on what stands in for its actors', async () => {
    const actor = createActor(supervisorMachine, { input: { startedAtMs: 0 } }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ running: { recovery: 'recovered' } }));
    actor.send({ type: 'component.failed', component: 'writer', atMs: 0 });
    await waitFor(actor, (snapshot) => conditionOf(snapshot) === 'healthy');
    actor.send({ type: 'stop.requested', atMs: 0, deadlineAtMs: 0 });
    const stopped = await waitFor(actor, (snapshot) => snapshot.status === 'done');
    expect(stopped.output).toEqual({ failure: null });
  });

  test('SV-1 these tests take every transition', () => {
    expect(transitionsTaken(supervisorMachine).missing).toEqual([]);
  });
});
