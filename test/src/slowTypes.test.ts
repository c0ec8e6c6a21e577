/**
 * Work that may take longer than its upstream's calls usually may: as `docs/policies.md` sets it.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { PolicyLayers } from '../../machines/policy/layers/policyLayers.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REPORT_MS = 20_000;
const PAYMENT_MS = 50;
const REPORT = 'report.render';
const PAYMENT = 'payments.push';
/** The sample of `docs/policies.md`. */
const POLICIES: PolicyLayers = {
  defaults: { attemptTimeoutMs: 5_000 },
  tiers: { trial: { subjectRate: { perSecond: 1, burst: 5 } } },
  types: { [REPORT]: { attemptTimeoutMs: 60_000 } },
};
const WRITTEN = `
    defaults: { attemptTimeoutMs: 5_000 },
    tiers: { trial: { subjectRate: { perSecond: 1, burst: 5 } } },
    types: { 'report.render': { attemptTimeoutMs: 60_000 } },
`;

interface Call {
  readonly type: string;
  readonly beganAtMs: number;
  readonly lastsMs: number;
  isAborted: boolean;
}

/** One upstream whose reports take 20 s, and whose payments are quick. */
function slowReports(given: { policies?: PolicyLayers; ownMs?: number } = {}) {
  const world = createWorld();
  const calls: Call[] = [];
  const state = { isDown: false };
  const runOf = (tookMs: number) => (attempt: Attempt) => {
    const { type, deadlineAtMs } = attempt;
    const beganAtMs = world.clock.now();
    const call: Call = { type, beganAtMs, lastsMs: deadlineAtMs - beganAtMs, isAborted: false };
    calls.push(call);
    return new Promise<null>((resolve, reject) => {
      attempt.signal.addEventListener('abort', () => {
        call.isAborted = true;
        reject(new Error('Stopped.'));
      });
      if (state.isDown) reject(Object.assign(new Error('Refused.'), { code: 'ECONNREFUSED' }));
      world.clock.schedule(tookMs, () => {
        resolve(null);
      });
    });
  };
  const process = world.boot({
    upstreams: { payments: { concurrency: 32 } },
    policies: given.policies ?? POLICIES,
    handlers: {
      [REPORT]: { upstream: 'payments', run: runOf(REPORT_MS), attemptTimeoutMs: given.ownMs },
      [PAYMENT]: { upstream: 'payments', run: runOf(PAYMENT_MS) },
    },
  });
  const submit = (type: string, tier: 'basic' | 'premium' = 'basic') =>
    process.runtime.sync({ type, subject: 'user-42', tier });
  const of = (type: string) => calls.filter((call) => call.type === type);
  return { world, process, calls, state, submit, of };
}

/** What `policies()` says that an attempt of a type may take. */
function said({ runtime }: Process, type: string, tier: 'basic' | 'premium' = 'basic') {
  const readings = runtime.policies({ upstream: 'payments', type, tier });
  return readings.find(({ name }) => name === 'attemptTimeoutMs')?.value;
}

/** Reports and payments for some minutes; how long each payment took. */
async function minutes(scene: ReturnType<typeof slowReports>, world: World) {
  const waits: number[] = [];
  const outcomes: Promise<{ readonly status: string; readonly attempts: number }>[] = [];
  for (let turn = 0; turn < 12; turn += 1) {
    const report = await world.clock.run(scene.submit(REPORT));
    outcomes.push(report.outcome);
    for (let quick = 0; quick < 3; quick += 1) {
      const atMs = world.clock.now();
      const payment = await world.clock.run(scene.submit(PAYMENT));
      void payment.outcome.then(() => waits.push(world.clock.now() - atMs));
      await world.clock.advance(5_000);
    }
  }
  return { waits, reports: await world.clock.run(Promise.all(outcomes)) };
}

describe('PF-1 a time-out that is longer than the upstream', () => {
  test('PF-1 the sample of the policy page: work of 20 s completes in one call, and payments do not wait', async () => {
    expect(readFileSync('docs/policies.md', 'utf8')).toContain(WRITTEN);
    const scene = slowReports();
    const { waits, reports } = await minutes(scene, scene.world);
    expect(reports.map(({ status, attempts }) => [status, attempts])).toEqual(
      reports.map(() => ['completed', 1]),
    );
    expect([
      scene.of(REPORT).length,
      scene.of(REPORT).filter((call) => call.isAborted).length,
    ]).toEqual([12, 0]);
    expect([waits.length, waits.filter((ms) => ms > 2 * PAYMENT_MS)]).toEqual([36, []]);
    expect(scene.process.runtime.getHealthStatus().reasons).toEqual([]);
    // What reports take says nothing of how long payments may: they are held to their own measure.
    expect(scene.of(PAYMENT).at(-1)?.lastsMs).toBe(1_000);
  });

  test.each([
    ['a handler', { policies: { defaults: { attemptTimeoutMs: 5_000 } }, ownMs: 60_000 }],
    ['a type', {}],
    [
      'a tier',
      {
        policies: {
          defaults: { attemptTimeoutMs: 5_000 },
          tiers: { premium: { attemptTimeoutMs: 60_000 } },
        },
      },
    ],
  ] as const)(
    'PF-1 policies() and the deadline of the handler say the same: %s',
    async (_, given) => {
      const scene = slowReports(given);
      const { clock } = scene.world;
      for (let turn = 0; turn < 8; turn += 1) {
        const { outcome } = await clock.run(scene.submit(PAYMENT));
        await clock.run(outcome);
      }
      const { outcome } = await clock.run(scene.submit(REPORT, 'premium'));
      expect(await clock.run(outcome)).toMatchObject({ status: 'completed', attempts: 1 });
      expect([scene.of(REPORT)[0]?.lastsMs, said(scene.process, REPORT, 'premium')]).toEqual([
        60_000, 60_000,
      ]);
      expect(said(scene.process, PAYMENT)).toBe(5_000);
    },
  );

  test('PF-1 CB-2 after an outage a report that probes is not cut off, and closes the breaker', async () => {
    const scene = slowReports();
    const { clock } = scene.world;
    scene.state.isDown = true;
    const reports = [];
    for (let index = 0; index < 6; index += 1) reports.push(await clock.run(scene.submit(REPORT)));
    await clock.advance(60_000);
    const { runtime } = scene.process;
    expect(runtime.upstream('payments').breaker).not.toBe('closed');
    scene.state.isDown = false;
    const before = scene.calls.length;
    const outcomes = await clock.run(Promise.all(reports.map(({ outcome }) => outcome)));
    expect(outcomes.map(({ status }) => status)).toEqual(reports.map(() => 'completed'));
    expect(scene.calls.length - before).toBe(reports.length);
    expect(scene.calls.filter((call) => call.isAborted)).toEqual([]);
  });
});

describe('DG-2 PF-6 a type whose slow calls hold the slots', () => {
  /** How long each payment took that came, one a second, once so many reports had been accepted. */
  async function besideReports(reports: number, seconds: number) {
    const scene = slowReports();
    const { clock } = scene.world;
    for (let index = 0; index < reports; index += 1) await clock.run(scene.submit(REPORT));
    const waits: number[] = [];
    for (let second = 0; second < seconds; second += 1) {
      const atMs = clock.now();
      const payment = await clock.run(scene.submit(PAYMENT));
      void payment.outcome.then(() => waits.push(clock.now() - atMs));
      await clock.advance(1_000);
    }
    return { scene, waits };
  }

  test('DG-2 forty reports of 20 s accepted first: payments of the same rank wait for a second at most', async () => {
    const { scene, waits } = await besideReports(40, 120);
    expect(waits.length).toBeGreaterThanOrEqual(119);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000 + 2 * PAYMENT_MS);
    expect(waits.filter((ms) => ms > 2 * PAYMENT_MS).length).toBeLessThanOrEqual(2);
    // The reports go on as before, each in one call.
    await scene.world.clock.advance(60_000);
    expect(scene.of(REPORT).length).toBe(40);
  });

  test('PF-6 control: of one type alone no more are in flight than slots are open', async () => {
    const scene = slowReports();
    const { clock } = scene.world;
    for (let index = 0; index < 40; index += 1) await clock.run(scene.submit(REPORT));
    await clock.advance(REPORT_MS / 2);
    expect(scene.of(REPORT).length).toBe(8);
  });
});
