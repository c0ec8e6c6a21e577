/** Manual crisis mode over a runtime on virtual time: what it does, who may end it, and what is told. */

import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Fact, FactOf, RuntimeOptions } from '../../src/index.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ANN = { id: 'ann', role: 'clinician' };
const BEN = { id: 'ben', role: 'clinician' };
const WORK = { type: 'payments.push', subject: 'user-42', tier: 'trial' } as const;

interface Scene {
  readonly world: World;
  readonly process: Process;
  readonly facts: FactOf<'crisisMode.changed'>[];
  readonly attempts: Attempt[];
}

async function running(
  options: Partial<RuntimeOptions> = {},
  world = createWorld(),
): Promise<Scene> {
  const attempts: Attempt[] = [];
  const handler = {
    upstream: 'default',
    run: (attempt: Attempt) => {
      attempts.push(attempt);
      return null;
    },
  };
  const handlers = { 'payments.push': handler, 'crisis.alert': handler };
  const process = world.boot({ handlers, ...options });
  const facts: FactOf<'crisisMode.changed'>[] = [];
  process.runtime.subscribe((fact: Fact) => {
    if (fact.kind === 'crisisMode.changed') facts.push(fact);
  });
  await world.clock.run(process.runtime.ready);
  return { world, process, facts, attempts };
}

const said = (facts: readonly FactOf<'crisisMode.changed'>[]): readonly string[] =>
  facts.map(({ what, by, scope }) => `${scope} ${what}${by === null ? '' : ` ${by.id}`}`);

describe('CR-6 of a subject', () => {
  test('CR-6 is on at once, on disk when the promise says so, and shown', async () => {
    const { world, process, facts } = await running();
    const { crisisMode } = process.runtime;
    const nowMs = world.clock.now();
    const entering = crisisMode.enter({ subject: 'user-42', by: ANN, reason: 'called twice' });
    expect(crisisMode.list()).toMatchObject([{ subject: 'user-42', isDurable: false }]);
    expect(await process.runtime.crisis({ subject: 'user-42' })).toMatchObject({
      crisisMode: 'subject',
    });
    const entered = await world.clock.run(entering);
    expect(entered).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      subject: 'user-42',
      by: ANN,
      reason: 'called twice',
      sinceAtMs: nowMs,
      endsAtMs: nowMs + 4 * HOUR_MS,
      isEnding: false,
      isDurable: true,
    });
    expect(crisisMode.list()).toEqual([entered]);
    expect(await process.runtime.crisis({ subject: 'user-7' })).toMatchObject({
      crisisMode: 'none',
    });
    expect(facts).toEqual([
      {
        kind: 'crisisMode.changed',
        atMs: nowMs,
        modeId: entered.id,
        scope: 'subject',
        what: 'entered',
        by: ANN,
        endsAtMs: entered.endsAtMs,
      },
    ]);
    const { overall, crisisMode: health } = process.runtime.getHealthStatus();
    expect([overall, health]).toEqual(['healthy', { global: null, subjects: 1, unkept: 0 }]);
  });

  test('CR-6 CR-2 its work is as urgent as anything but a crisis, and others are as they were', async () => {
    const { world, process, attempts } = await running();
    const { runtime } = process;
    await world.clock.run(runtime.crisisMode.enter({ subject: 'user-42', by: ANN }));
    const requests = [WORK, { ...WORK, priority: 'low' as const }, { ...WORK, subject: 'user-7' }];
    for (const request of requests) {
      const { outcome } = await world.clock.run(runtime.sync(request));
      await world.clock.run(outcome);
    }
    await world.clock.run(runtime.syncAll([WORK]));
    await world.clock.advance(1_000);
    const answer = await runtime.crisis({ subject: 'user-42' });
    await world.clock.run(answer.delivery);
    expect(attempts.map(({ subject, priority }) => `${subject} ${priority}`)).toEqual([
      'user-42 high',
      'user-42 high',
      'user-7 normal',
      'user-42 high',
      'user-42 crisis',
    ]);
  });

  test('CR-6 OP-8 what was sent before and is sent again is the same work', async () => {
    const { world, process } = await running();
    const { runtime } = process;
    const request = { ...WORK, idempotencyKey: 'once' };
    const first = await world.clock.run(runtime.sync(request));
    await world.clock.run(runtime.crisisMode.enter({ subject: 'user-42', by: ANN }));
    expect((await world.clock.run(runtime.sync(request))).id).toBe(first.id);
  });

  test('CR-6 CB-5 guarded calls for it go before others that wait', async () => {
    const { world, process } = await running({ upstreams: { default: { concurrency: 1 } } });
    const { runtime } = process;
    await world.clock.run(runtime.crisisMode.enter({ subject: 'user-42', by: ANN }));
    const order: string[] = [];
    const call = (subject: string): Promise<unknown> =>
      runtime.call(
        'default',
        async () => {
          await world.clock.run(Promise.resolve());
          order.push(subject);
        },
        { subject, tier: 'premium' },
      );
    const calls = ['a', 'b', 'c', 'user-42'].map(call);
    await world.clock.run(Promise.all(calls));
    expect(order).toEqual(['a', 'user-42', 'b', 'c']);
  });

  test('CR-3 CR-6 its plan is in memory from then on, and is no longer than others after it', async () => {
    const { world, process } = await running({ crisis: { planWithinMs: 0 } });
    const { runtime } = process;
    const { crisisPlans } = runtime;
    await world.clock.run(crisisPlans.put('user-42', { resources: [{ name: 'Walk' }] }));
    await world.clock.run(runtime.crisisMode.enter({ subject: 'user-42', by: ANN }));
    await world.clock.run(runtime.crisisMode.enter({ subject: 'user-7', by: ANN }));
    await world.clock.advance(1_000);
    process.store.faults.delayMs = () => 10_000;
    const asked = async (subject: string) => (await runtime.crisis({ subject })).plan;
    expect(await asked('user-42')).toBe('included');
    expect(await asked('user-7')).toBe('none');
    process.store.faults.delayMs = () => 0;
    await world.clock.advance(10_000);
    await world.clock.run(crisisPlans.put('user-7', { resources: [{ name: 'Call Sam' }] }));
    expect(await asked('user-7')).toBe('included');
    await world.clock.run(crisisPlans.delete('user-42'));
    expect(await asked('user-42')).toBe('none');
    await world.clock.run(runtime.crisisMode.leave({ subject: 'user-7', by: BEN }));
    expect(await asked('user-7')).toBe('included');
  });
});

describe('CR-6 of everybody', () => {
  test('CR-6 DG-2 what is not urgent makes way, goes on all the same, and crises wait for nothing', async () => {
    const { world, process } = await running();
    const { runtime } = process;
    const causes: string[] = [];
    runtime.subscribe((fact) => {
      if (fact.kind === 'level.changed' && fact.upstream === null) {
        causes.push(`${fact.to} ${fact.causes.join()}`);
      }
    });
    await world.clock.run(runtime.crisisMode.enter({ by: ANN, reason: 'an earthquake' }));
    const health = runtime.getHealthStatus();
    expect([health.level, health.overall]).toEqual(['criticalOnly', 'degraded']);
    expect(health.crisisMode).toMatchObject({
      global: { by: ANN, reason: 'an earthquake', isDurable: true },
      subjects: 0,
    });
    expect(health.reasons).toEqual([
      expect.stringMatching(
        /^crisis mode is on for everybody since .* by ann \(an earthquake\), un/,
      ),
    ]);
    expect(await runtime.crisis({ subject: 'user-7' })).toMatchObject({ crisisMode: 'global' });
    const { outcome } = await world.clock.run(runtime.sync({ ...WORK, priority: 'low' }));
    expect((await world.clock.run(outcome)).status).toBe('completed');
    await world.clock.run(runtime.crisisMode.leave({ by: BEN }));
    expect(runtime.getHealthStatus()).toMatchObject({ level: 'normal', overall: 'healthy' });
    expect(causes).toEqual(['criticalOnly crisisMode', 'normal ']);
  });

  test('CR-6 is for somebody with a role, and both are on beside each other', async () => {
    const { world, process } = await running();
    const { crisisMode } = process.runtime;
    const nobody = { by: { id: 'ann' } };
    const place = { code: 'HF_OPTION_INVALID', field: 'by.role' };
    await expect(crisisMode.enter(nobody)).rejects.toMatchObject(place);
    await world.clock.run(crisisMode.enter({ ...nobody, subject: 'user-42' }));
    await world.clock.run(crisisMode.enter({ by: ANN }));
    await expect(crisisMode.leave(nobody)).rejects.toMatchObject(place);
    expect(crisisMode.list().map(({ subject }) => subject)).toEqual([null, 'user-42']);
    const of = async (subject: string) => (await process.runtime.crisis({ subject })).crisisMode;
    expect([await of('user-42'), await of('user-7')]).toEqual(['subject', 'global']);
  });
});

describe('CR-6 its end', () => {
  test('CR-6 nobody ends it alone, whoever is second can, and all of it is told', async () => {
    const { world, process, facts } = await running();
    const { runtime } = process;
    const { crisisMode } = runtime;
    const told: string[] = [];
    runtime.subscribe((fact) => {
      if (fact.kind === 'override.made') told.push(fact.what);
    });
    const its = { subject: 'user-42' };
    await world.clock.run(crisisMode.enter({ ...its, by: ANN }));
    await expect(crisisMode.leave({ ...its, by: ANN })).rejects.toMatchObject({
      code: 'HF_SECOND_PERSON_NEEDED',
      retry: 'never',
    });
    await world.clock.run(crisisMode.enter({ ...its, by: BEN, forMs: 8 * HOUR_MS }));
    await expect(crisisMode.leave({ ...its, by: ANN })).rejects.toThrow('still on');
    expect(crisisMode.list()).toHaveLength(1);
    const cid = { id: 'cid' };
    const end = { wasOn: true, isDurable: true };
    expect(await world.clock.run(crisisMode.leave({ ...its, by: cid }))).toEqual(end);
    expect(await world.clock.run(crisisMode.leave({ ...its, by: cid }))).toMatchObject({
      wasOn: false,
    });
    expect(crisisMode.list()).toEqual([]);
    expect(said(facts)).toEqual([
      'subject entered ann',
      'subject refused ann',
      'subject prolonged ben',
      'subject refused ann',
      'subject left cid',
    ]);
    expect(new Set(facts.map(({ modeId }) => modeId)).size).toBe(1);
    expect(told).toEqual(['crisisMode.enter', 'crisisMode.enter', 'crisisMode.leave']);
    expect(JSON.stringify(facts)).not.toContain('user-42');
  });

  test.each([
    ['staff-7', 'Staff-7'],
    ['staff-7', 'STAFF-7'],
    ['staff-7', 'staff\u20117'],
    ['staff-7', 'user-42'],
    ['staff-7', 'User-42'],
  ])('CR-6 what %s switched on for user-42 is not ended by %s', async (first, id) => {
    const { world, process } = await running();
    const { crisisMode } = process.runtime;
    const its = { subject: 'user-42' };
    await world.clock.run(crisisMode.enter({ ...its, by: { id: first } }));
    const leaving = crisisMode.leave({ ...its, by: { id } });
    await expect(leaving).rejects.toMatchObject({
      code: 'HF_SECOND_PERSON_NEEDED',
      message: expect.stringMatching(/its subject.*another spelling/),
    });
    expect(crisisMode.list()).toHaveLength(1);
    expect(await world.clock.run(crisisMode.leave({ ...its, by: BEN }))).toMatchObject({
      wasOn: true,
    });
  });

  test('CR-6 its subject does not end either what an earlier process left on, before the store is open', async () => {
    const { world, process } = await running();
    await world.clock.run(process.runtime.crisisMode.enter({ subject: 'user-42', by: ANN }));
    process.kill();
    const second = world.boot();
    const { crisisMode } = second.runtime;
    await crisisMode.leave({ subject: 'user-42', by: { id: 'USER-42' } });
    await world.clock.run(second.runtime.ready);
    expect(crisisMode.list()).toHaveLength(1);
  });

  test('CR-6 a time-out ends it, and that is told before', async () => {
    const { world, process, facts } = await running();
    const { crisisMode } = process.runtime;
    await world.clock.run(crisisMode.enter({ subject: 'user-42', by: ANN, forMs: HOUR_MS }));
    await world.clock.advance(HOUR_MS - 900_000);
    expect(crisisMode.list()).toMatchObject([{ isEnding: true }]);
    await world.clock.advance(900_000);
    expect(crisisMode.list()).toEqual([]);
    expect(said(facts)).toEqual(['subject entered ann', 'subject ending', 'subject timedOut']);
    expect(facts.at(-1)?.endsAtMs).toBeNull();
  });

  test('CR-6 while it is about to end it can still be prolonged, or ended by a second person', async () => {
    const { world, process, facts } = await running();
    const { crisisMode } = process.runtime;
    const its = { subject: 'user-42' };
    await world.clock.run(crisisMode.enter({ ...its, by: ANN, forMs: HOUR_MS }));
    await world.clock.advance(HOUR_MS - 900_000);
    // Somebody wants it for less than it lasts anyway: that prolongs nothing.
    await world.clock.run(crisisMode.enter({ ...its, by: BEN, forMs: 600_000 }));
    expect(crisisMode.list()).toMatchObject([{ isEnding: true }]);
    await world.clock.run(crisisMode.enter({ ...its, by: BEN, forMs: HOUR_MS }));
    expect(crisisMode.list()).toMatchObject([{ isEnding: false }]);
    await world.clock.advance(HOUR_MS - 900_000);
    expect(crisisMode.list()).toMatchObject([{ isEnding: true }]);
    await world.clock.run(crisisMode.leave({ ...its, by: { id: 'cid' } }));
    expect(crisisMode.list()).toEqual([]);
    expect(said(facts).at(-1)).toBe('subject left cid');
  });

  test.each([
    [{ subject: '', by: ANN }, 'subject'],
    [{ subject: 'u' }, 'by'],
    [{ subject: 'u', by: {} }, 'by.id'],
    [{ subject: 'u', by: { id: ' ann' } }, 'by.id'],
    [{ subject: 'u', by: { id: 'an\u200bn' } }, 'by.id'],
    [{ subject: 'u', by: { ...ANN, name: 'Ann' } }, 'by.name'],
    [{ subject: 'u', by: ANN, forMs: 3_600 }, 'forMs'],
    [{ subject: 'u', by: ANN, forMs: DAY_MS + 1 }, 'forMs'],
    [{ subject: 'u', by: ANN, reason: ' ' }, 'reason'],
    [{ subject: 'u', by: ANN, until: 5 }, 'until'],
  ])('CR-6 UX-2 refuses %j', async (order, field) => {
    const { process } = await running();
    await expect(process.runtime.crisisMode.enter(order as never)).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field,
    });
    expect(process.runtime.crisisMode.list()).toEqual([]);
  });

  test('CR-6 OP-6 is on for 200 subjects at most, and for everybody beside them', async () => {
    const { world, process } = await running();
    const { crisisMode } = process.runtime;
    const enter = (subject: string) => crisisMode.enter({ subject, by: ANN });
    const all = Array.from({ length: 200 }, (_, user) => enter(`user-${user}`));
    await expect(enter('user-200')).rejects.toMatchObject({ field: 'subject' });
    await world.clock.run(Promise.all([...all, enter('user-7'), crisisMode.enter({ by: ANN })]));
    expect(process.runtime.getHealthStatus().crisisMode).toMatchObject({
      subjects: 200,
      unkept: 0,
    });
  });
});

describe('CR-6 whatever state the store is in', () => {
  test('CR-6 CR-1 before it is open: in force at once, on disk later', async () => {
    const world = createWorld();
    const { runtime } = world.boot();
    const entering = runtime.crisisMode.enter({ subject: 'user-42', by: ANN });
    expect(await runtime.crisis({ subject: 'user-42' })).toMatchObject({ crisisMode: 'subject' });
    expect(await world.clock.run(entering)).toMatchObject({ isDurable: true });
  });

  test('CR-6 PS-6 while it fails for days: in force, shown as not kept, and kept when it can be', async () => {
    const world = createWorld();
    const { process } = await running({}, world);
    const { runtime, store } = process;
    store.faults.fate = () => 'failsUnwritten';
    const entering = runtime.crisisMode.enter({ subject: 'user-42', by: ANN, forMs: DAY_MS });
    expect(await world.clock.run(entering)).toMatchObject({ isDurable: false });
    for (let hours = 0; hours < 3 * 24; hours += 12) {
      await world.clock.advance(12 * HOUR_MS);
      const { isDurable, subject } = await world.clock.run(
        runtime.crisisMode.enter({ subject: 'user-42', by: BEN, forMs: DAY_MS }),
      );
      expect([subject, isDurable]).toEqual(['user-42', false]);
      const { crisisMode, reasons } = runtime.getHealthStatus();
      expect(crisisMode.unkept).toBe(1);
      expect(reasons.some((reason) => reason.includes('a restart would forget it'))).toBe(true);
    }
    store.faults.fate = () => 'works';
    await world.clock.advance(10_000);
    expect(runtime.crisisMode.list()).toMatchObject([{ isDurable: true }]);
    process.kill();
    const next = await running({}, world);
    expect(next.process.runtime.crisisMode.list()).toMatchObject([{ subject: 'user-42', by: BEN }]);
  });

  test('CR-6 PS-6 while it hangs, and crises are answered and delivered as ever', async () => {
    const { world, process, attempts } = await running();
    const { runtime, store } = process;
    store.faults.delayMs = () => 60_000;
    const entering = world.clock.run(runtime.crisisMode.enter({ by: ANN }));
    const answer = await runtime.crisis({ subject: 'user-42' });
    expect(answer).toMatchObject({ crisisMode: 'global', source: 'local' });
    await world.clock.run(answer.delivery);
    expect(attempts).toHaveLength(1);
    expect(await entering).toMatchObject({ isDurable: false });
  });

  test('CR-6 SV-4 after the stop nobody is told that it is on', async () => {
    const { world, process } = await running();
    await world.clock.run(process.runtime.close());
    const { crisisMode } = process.runtime;
    const order = { subject: 'user-42', by: ANN };
    await expect(crisisMode.enter(order)).rejects.toMatchObject({ code: 'HF_CLOSED' });
    await expect(crisisMode.leave(order)).rejects.toMatchObject({ code: 'HF_CLOSED' });
  });

  test('CR-6 CR-2 a failing upstream changes nothing of it', async () => {
    const handler = {
      upstream: 'default',
      run: () => {
        throw transientFailure('Down.', { status: 503 });
      },
    };
    const { world, process } = await running({ handlers: { 'payments.push': handler } });
    const { runtime } = process;
    await world.clock.run(runtime.crisisMode.enter({ by: ANN }));
    await world.clock.run(runtime.sync(WORK));
    await world.clock.advance(HOUR_MS);
    expect(runtime.getHealthStatus()).toMatchObject({ level: 'criticalOnly' });
    expect(runtime.crisisMode.list()).toHaveLength(1);
  });
});
