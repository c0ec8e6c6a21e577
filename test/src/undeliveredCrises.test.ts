/**
 * Crises that are not delivered: health, facts and the calls say since when, at which upstream and why, whoever
 * has taken them on. On virtual time.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const NURSE = { id: 'nurse-7', role: 'nurse' };
const MINUTE_MS = 60_000;

interface Scene {
  readonly world: World;
  readonly facts: Fact[];
  /** Subjects whose crises the upstream does not take. */
  readonly refused: Set<string>;
}

function scene(): Scene {
  return { world: createWorld(), facts: [], refused: new Set() };
}

function boot({ world, facts, refused }: Scene, crisis: object = {}, hasHandler = true): Process {
  const run = ({ subject }: Attempt) => {
    if (refused.has(subject) || refused.has('*')) throw transientFailure('Down.');
    return null;
  };
  const process = world.boot({
    crisis: { escalation: [{ name: 'on-call', notify: () => null }], ...crisis },
    upstreams: { careTeam: {} },
    handlers: hasHandler ? { 'crisis.alert': { upstream: 'careTeam', run } } : {},
  });
  process.runtime.subscribe((fact) => {
    if (fact.kind === 'crisis.undelivered' || fact.kind === 'crisis.caughtUp') facts.push(fact);
  });
  return process;
}

async function call({ world }: Scene, { runtime }: Process, subject: string): Promise<string> {
  await world.clock.run(runtime.ready);
  const { operationId, durable } = await runtime.crisis({ subject });
  await world.clock.run(durable);
  return operationId ?? '';
}

const kinds = ({ facts }: Scene): readonly string[] => facts.map(({ kind }) => kind);

describe('CR-4 health over crises that are not delivered', () => {
  test('CR-4 taken on after two minutes and not delivered: degraded with since when, where and why, until it is', async () => {
    const its = scene();
    const { world, refused, facts } = its;
    const { clock } = world;
    refused.add('*');
    const process = boot(its);
    const { runtime } = process;
    await clock.run(runtime.ready);
    const acceptedAtMs = clock.now();
    const id = await call(its, process, 'anna');
    await clock.advance(2 * MINUTE_MS);
    await clock.run(runtime.crises.acknowledge(id, { by: NURSE, note: 'Calling.' }));
    await clock.advance(3 * MINUTE_MS);
    const { overall, crises, reasons } = runtime.getHealthStatus();
    expect(overall).toBe('degraded');
    expect(crises.undelivered).toEqual([
      {
        upstream: 'careTeam',
        count: 1,
        sinceAtMs: acceptedAtMs,
        failed: expect.any(Number),
        code: 'HF_ATTEMPT_FAILED',
        takenAtMs: null,
        isLong: true,
      },
    ]);
    const failed = crises.undelivered[0]?.failed ?? 0;
    expect(failed).toBeGreaterThan(15);
    const since = new Date(acceptedAtMs).toISOString();
    expect(reasons).toContain(
      `careTeam takes no crisis since ${since}: 0 of ${failed} attempts, HF_ATTEMPT_FAILED; 1 crisis waits`,
    );
    expect(await clock.run(runtime.crises.show(id))).toMatchObject({
      ...{ upstream: 'careTeam', failure: 'HF_ATTEMPT_FAILED', acceptedAtMs },
    });
    expect(facts).toMatchObject([
      { kind: 'crisis.undelivered', upstream: 'careTeam', count: 1, sinceAtMs: acceptedAtMs },
    ]);
    refused.clear();
    await clock.advance(MINUTE_MS);
    expect(kinds(its)).toEqual(['crisis.undelivered', 'crisis.caughtUp']);
    const after = runtime.getHealthStatus();
    expect([after.overall, after.crises.undelivered]).toEqual(['healthy', []]);
    expect(JSON.stringify(facts)).not.toContain('anna');
  });

  test('CR-4 CR-5 however late people are told: degraded after five minutes, and not before', async () => {
    const its = scene();
    const { clock } = its.world;
    const process = boot(its, { escalateAfterMs: 3_600_000 }, false);
    const { runtime } = process;
    const id = await call(its, process, 'anna');
    await clock.advance(5 * MINUTE_MS - 1_000);
    expect(runtime.getHealthStatus().crises.undelivered).toMatchObject([
      { upstream: null, count: 1, isLong: false },
    ]);
    await clock.advance(1_000);
    const { crises, reasons } = runtime.getHealthStatus();
    expect(crises).toMatchObject({ escalated: 0, undelivered: [{ upstream: null, isLong: true }] });
    expect(reasons.filter((reason) => reason.startsWith('1 crisis waits since '))).toEqual([
      expect.stringMatching(/Z: no handler of its type is registered$/),
    ]);
    await clock.advance(20_000);
    expect(its.facts).toMatchObject([{ kind: 'crisis.undelivered', upstream: null, code: null }]);
    expect(await clock.run(runtime.crises.show(id))).toMatchObject({
      ...{ upstream: null, delivery: 'awaitingHandler' },
    });
    await runtime.handle('crisis.alert', { upstream: 'careTeam', run: () => null });
    await clock.advance(1_000);
    expect(runtime.getHealthStatus().crises.undelivered).toEqual([]);
    expect(kinds(its)).toEqual(['crisis.undelivered', 'crisis.caughtUp']);
  });

  test('CR-4 one that is never taken where others are: it says so, and how often it failed', async () => {
    const its = scene();
    const { clock } = its.world;
    its.refused.add('anna');
    const process = boot(its);
    await call(its, process, 'anna');
    await clock.advance(5 * MINUTE_MS);
    const takenAtMs = clock.now();
    await call(its, process, 'ben');
    await clock.advance(MINUTE_MS);
    const { crises, reasons } = process.runtime.getHealthStatus();
    expect(crises.undelivered).toMatchObject([{ upstream: 'careTeam', count: 1, isLong: true }]);
    expect(crises.undelivered[0]?.takenAtMs).toBeGreaterThanOrEqual(takenAtMs);
    expect(reasons).toContainEqual(
      expect.stringMatching(
        /^careTeam takes crises, and 1 crisis waits since .*Z: \d+ attempts failed, HF_ATTEMPT_FAILED$/,
      ),
    );
  });

  test('CR-4 over a restart it is still said since when, and how many attempts failed', async () => {
    const its = scene();
    const { clock } = its.world;
    its.refused.add('*');
    const first = boot(its);
    await clock.run(first.runtime.ready);
    const sinceAtMs = clock.now();
    await call(its, first, 'anna');
    await clock.advance(6 * MINUTE_MS);
    const before = first.runtime.getHealthStatus().crises.undelivered[0]?.failed ?? 0;
    first.kill();
    await clock.advance(MINUTE_MS);
    const second = boot(its);
    await clock.run(second.runtime.ready);
    await clock.advance(15_000);
    const [at] = second.runtime.getHealthStatus().crises.undelivered;
    expect(at).toMatchObject({ upstream: 'careTeam', sinceAtMs, isLong: true });
    expect(at?.code).toBe('HF_ATTEMPT_FAILED');
    expect(at?.failed).toBeGreaterThanOrEqual(before);
    expect(kinds(its)).toEqual(['crisis.undelivered', 'crisis.undelivered']);
  });

  test('CR-4 many come and go: what is counted is what is open, in any order', async () => {
    const its = scene();
    const { clock } = its.world;
    for (let at = 0; at < 40; at += 1) its.refused.add(`user-${at}`);
    const process = boot(its);
    await clock.run(process.runtime.ready);
    const acceptedAtMs: number[] = [];
    for (let at = 0; at < 40; at += 1) {
      acceptedAtMs.push(clock.now());
      await call(its, process, `user-${at}`);
      await clock.advance(1_500);
    }
    for (const at of [0, 3, 1, 39, 7]) its.refused.delete(`user-${at}`);
    await clock.advance(2 * MINUTE_MS);
    const open = await clock.run(process.runtime.crises.list());
    const [at, ...others] = process.runtime.getHealthStatus().crises.undelivered;
    expect([others, open.length, at?.count]).toEqual([[], 35, 35]);
    expect(at?.sinceAtMs).toBe(acceptedAtMs[2]);
    its.refused.clear();
    await clock.advance(MINUTE_MS);
    expect(process.runtime.getHealthStatus().crises.undelivered).toEqual([]);
    expect(kinds(its)).toEqual(['crisis.undelivered', 'crisis.caughtUp']);
  });

  test('CR-4 reversed: one on its way, or delivered at the second attempt, is no finding', async () => {
    const its = scene();
    const { clock } = its.world;
    const process = boot(its);
    await call(its, process, 'anna');
    await clock.advance(1_000);
    its.refused.add('ben');
    await call(its, process, 'ben');
    await clock.advance(300);
    its.refused.clear();
    await clock.advance(10_000);
    const { overall, crises } = process.runtime.getHealthStatus();
    expect([overall, crises.undelivered, its.facts]).toEqual(['healthy', [], []]);
  });
});
