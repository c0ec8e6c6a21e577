/**
 * Trial runs of the crisis path: marked wherever somebody hears of one, and never taken for a real one. And the
 * word of a person that they are safe: a note, and no call-off (CR-2, CR-5).
 */

import { describe, expect, test } from 'vitest';
import type { Attempt, EscalationNotice } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { CrisisRequest } from '../../src/runtime.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REAL: CrisisRequest = { subject: 'user-42', payload: { words: 'I can not go on' } };
const TRIAL: CrisisRequest = { ...REAL, test: true };

interface Seen {
  readonly isTest: boolean;
  readonly idempotencyKey: string;
  readonly payload: unknown;
}

/** A process whose upstream notes what it sees, and takes it where it is up. */
function boot(world: World, seen: Seen[], isUp = true, crisis: object = {}) {
  const run = ({ isTest, idempotencyKey, payload }: Attempt) => {
    seen.push({ isTest, idempotencyKey, payload });
    if (!isUp) throw transientFailure('Down.');
    return null;
  };
  return world.boot({ crisis, handlers: { 'crisis.alert': { upstream: 'default', run } } });
}

describe('CR-2 a trial run is delivered as one', () => {
  test.each([
    ['with test: true', TRIAL, true],
    ['without it', REAL, false],
    ['with test: false', { ...REAL, test: false }, false],
  ])('CR-2 %s', async (_, request, isTest) => {
    const world = createWorld();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    const { delivery, resources } = await runtime.crisis(request);
    expect(resources.length).toBeGreaterThan(0);
    expect(await world.clock.run(delivery)).toMatchObject({ status: 'completed' });
    expect(seen).toMatchObject([{ isTest, payload: REAL.payload }]);
  });

  test.each(['yes', 1, null, {}])(
    'CR-2 in doubt somebody is in danger: test: %j is none',
    async (given) => {
      const world = createWorld();
      const seen: Seen[] = [];
      const { runtime } = boot(world, seen);
      await world.clock.run(runtime.ready);
      const { delivery } = await runtime.crisis({ ...REAL, test: given as never });
      await world.clock.run(delivery);
      expect(seen).toMatchObject([{ isTest: false }]);
    },
  );

  test('CR-4 it stays one over a restart, and where nothing can be kept any more', async () => {
    const world = createWorld();
    const before: Seen[] = [];
    const first = boot(world, before, false);
    await world.clock.run(first.runtime.ready);
    const { durable } = await first.runtime.crisis(TRIAL);
    await world.clock.run(durable);
    await world.clock.advance(1_000);
    first.kill();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    await world.clock.advance(60_000);
    expect(seen).toMatchObject([{ isTest: true }]);
    await world.clock.run(runtime.close());
    const { delivery } = await runtime.crisis(TRIAL);
    await world.clock.run(delivery);
    expect(seen).toMatchObject([{ isTest: true }, { isTest: true }]);
  });

  test('CR-2 OP-8 under the key of a real one it goes out under another, and so does the real one after it', async () => {
    const world = createWorld();
    const seen: Seen[] = [];
    const { runtime } = boot(world, seen);
    await world.clock.run(runtime.ready);
    for (const request of [TRIAL, REAL, TRIAL]) {
      const { delivery } = await runtime.crisis({ ...request, idempotencyKey: 'session-7' });
      await world.clock.run(delivery);
    }
    const [trial, real, again] = seen.map(({ idempotencyKey }) => idempotencyKey);
    expect(trial).not.toBe(real);
    expect(again).toBe(trial);
  });
});

/** A chain of one that is told, whose upstream is down. */
function withChain(world: World, notices: EscalationNotice[], errors: string[] = []) {
  const notify = (notice: EscalationNotice): void => {
    notices.push(notice);
  };
  const { runtime } = world.boot({
    crisis: { escalation: [{ name: 'on-call', notify }] },
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: () => {
          throw transientFailure('Down.');
        },
      },
    },
    onError: (error: unknown) => errors.push((error as Error).message),
  });
  return runtime;
}

describe('CR-5 people who are told of a trial run are told that it is one', () => {
  test('CR-5 HM-1 its notice says so, health counts it apart and stays as it is, and lists show it', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const errors: string[] = [];
    const runtime = withChain(world, notices, errors);
    await world.clock.run(runtime.ready);
    const { durable } = await runtime.crisis(TRIAL);
    await world.clock.run(durable);
    await world.clock.advance(600_000);
    expect(notices.length).toBeGreaterThan(0);
    expect(notices.every((notice) => notice.test)).toBe(true);
    expect(errors.filter((message) => message.includes('is not delivered'))).toMatchObject([
      expect.stringMatching(/^Test .* in which nobody is in danger/),
    ]);
    const { crises, overall, reasons } = runtime.getHealthStatus();
    const others = { escalated: 0, unacknowledged: 0, exhausted: 0, undelivered: [] };
    expect(crises).toMatchObject({ ...others, tests: 1 });
    expect(overall).not.toBe('critical');
    expect(reasons.join()).not.toMatch(/crisis|crises/);
    expect(await world.clock.run(runtime.crises.list())).toMatchObject([{ isTest: true }]);
  });

  test('CR-5 beside a real one of the same person there are two notices, and health is that of the real one', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const errors: string[] = [];
    const runtime = withChain(world, notices, errors);
    await world.clock.run(runtime.ready);
    const ids: (string | null)[] = [];
    for (const request of [TRIAL, REAL]) {
      const { operationId, durable } = await runtime.crisis(request);
      ids.push(operationId);
      await world.clock.run(durable);
    }
    await world.clock.advance(120_000);
    const about = (isTest: boolean) => notices.filter((notice) => notice.test === isTest);
    for (const [isTest, id] of [
      [true, ids[0]],
      [false, ids[1]],
    ] as const) {
      expect(about(isTest).length).toBeGreaterThan(0);
      expect(about(isTest).every(({ operationIds }) => operationIds.join() === id)).toBe(true);
    }
    // Neither keeps word of the other back.
    expect(errors.filter((message) => message.includes('is not delivered'))).toHaveLength(2);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'critical',
      crises: { tests: 1, escalated: 1, unacknowledged: 1 },
    });
  });

  test('CR-5 many trial runs make no digest of the real ones, and are in none', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const runtime = withChain(world, notices);
    await world.clock.run(runtime.ready);
    for (let number = 0; number < 30; number += 1) {
      const { durable } = await runtime.crisis({ subject: `user-${number}`, test: true });
      await world.clock.run(durable);
    }
    const { durable } = await runtime.crisis(REAL);
    await world.clock.run(durable);
    await world.clock.advance(120_000);
    const real = notices.filter((notice) => !notice.test);
    expect(real.length).toBeGreaterThan(0);
    expect(real.every(({ people, subject }) => people === 1 && subject === REAL.subject)).toBe(
      true,
    );
    expect(new Set(notices.map(({ subject }) => subject)).size).toBe(31);
  });

  test('CR-5 where so many ask that there is a digest, a trial run is told apart from it', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const runtime = withChain(world, notices);
    await world.clock.run(runtime.ready);
    for (let number = 0; number < 30; number += 1) {
      const { durable } = await runtime.crisis({ subject: `user-${number}` });
      await world.clock.run(durable);
    }
    await world.clock.advance(120_000);
    const { durable } = await runtime.crisis({ subject: 'tester', test: true });
    await world.clock.run(durable);
    await world.clock.advance(3_600_000);
    expect(notices.some(({ people }) => people > 20)).toBe(true);
    for (const { test: isTest, subject, subjects } of notices) {
      expect(subjects.includes('tester')).toBe(isTest);
      if (isTest) expect(subject).toBe('tester');
    }
    expect(notices.some(({ test: isTest }) => isTest)).toBe(true);
  });
});

describe('CR-5 “I am safe”', () => {
  test('CR-5 is kept with what is open, told from then on, and ends nothing, over a restart too', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const runtime = withChain(world, notices);
    await world.clock.run(runtime.ready);
    const { operationId, durable } = await runtime.crisis(REAL);
    await world.clock.run(durable);
    await world.clock.advance(60_000);
    expect(notices.at(-1)).toMatchObject({ saidSafeAtMs: null });
    const said = await world.clock.run(
      runtime.crises.saySafe({ subject: 'user-42', note: 'my card is 4111 1111 1111 1111' }),
    );
    const saidAtMs = said[0]?.crisis.saidSafeAtMs ?? 0;
    expect(said).toMatchObject([
      {
        what: 'saidSafe',
        isDurable: true,
        crisis: { id: operationId, escalation: 'awaitingAcknowledgement' },
      },
    ]);
    expect(saidAtMs).toBeGreaterThan(0);
    expect(JSON.stringify(said)).not.toContain('4111 1111');
    const before = notices.length;
    await world.clock.advance(7_200_000);
    expect(notices.length).toBeGreaterThan(before);
    expect(notices.at(-1)).toMatchObject({ operationId, saidSafeAtMs: saidAtMs });
    expect(JSON.stringify(notices)).not.toContain('my card');
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'critical',
      crises: { unacknowledged: 1 },
    });

    await world.clock.run(runtime.close());
    const next = withChain(world, notices);
    await world.clock.run(next.ready);
    expect(await world.clock.run(next.crises.show(operationId ?? ''))).toMatchObject({
      saidSafeAtMs: saidAtMs,
      settledAtMs: null,
    });
  });

  test('CR-5 does not cover a crisis that is accepted later, nor one of somebody else', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const runtime = withChain(world, notices);
    await world.clock.run(runtime.ready);
    for (const subject of ['user-42', 'user-43']) {
      const { durable } = await runtime.crisis({ subject });
      await world.clock.run(durable);
    }
    await world.clock.advance(60_000);
    await world.clock.run(runtime.crises.saySafe({ subject: 'user-42' }));
    await world.clock.advance(1_000);
    const { operationId, durable } = await runtime.crisis({ subject: 'user-42' });
    await world.clock.run(durable);
    await world.clock.advance(3_600_000);
    const last = (subject: string) => notices.findLast((notice) => notice.subject === subject);
    expect(last('user-42')?.operationIds).toContain(operationId);
    expect(last('user-42')?.saidSafeAtMs).toBeNull();
    expect(last('user-43')?.saidSafeAtMs).toBeNull();
    expect(await world.clock.run(runtime.crises.show(operationId ?? ''))).toMatchObject({
      saidSafeAtMs: null,
      decisions: [],
    });
  });

  test('CR-5 before anybody was told it holds up nobody', async () => {
    const world = createWorld();
    const notices: EscalationNotice[] = [];
    const runtime = withChain(world, notices);
    await world.clock.run(runtime.ready);
    const { durable } = await runtime.crisis(REAL);
    await world.clock.run(durable);
    await world.clock.run(runtime.crises.saySafe({ subject: 'user-42' }));
    await world.clock.advance(60_000);
    expect(notices[0]?.saidSafeAtMs).toBeGreaterThan(0);
  });

  test('CR-5 of whom nothing is open there is nothing to say', async () => {
    const world = createWorld();
    const runtime = withChain(world, []);
    await world.clock.run(runtime.ready);
    expect(await world.clock.run(runtime.crises.saySafe({ subject: 'user-42' }))).toEqual([]);
  });
});
