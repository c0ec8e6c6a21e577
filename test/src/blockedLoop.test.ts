import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/index.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const ALERT = /^Alert: the event loop was blocked for (\d+) ms, in which nothing ran/;

/** A handler that computes for so long without a pause: time passes, and nothing runs. */
function booted(world: World, blocksMs: number) {
  const run = (): null => {
    world.clock.suspend(blocksMs, true);
    return null;
  };
  const process = world.boot({ handlers: { 'payments.push': { upstream: 'default', run } } });
  const facts: Fact[] = [];
  process.runtime.subscribe((fact) => facts.push(fact));
  const alerts = (): readonly string[] =>
    process.errors.map((error) => (error instanceof Error ? error.message : '?'));
  return { ...process, facts, alerts };
}

describe('CR-1 a handler that blocks the event loop', () => {
  test('CR-1 DG-1 is an alert, a fact and a finding, and parks what is not urgent for a moment', async () => {
    const world = createWorld();
    const { runtime, facts, alerts } = booted(world, 600);
    const { outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(outcome);
    expect(alerts()).toEqual([expect.stringMatching(ALERT)]);
    const delayMs = Number(ALERT.exec(alerts()[0] ?? '')?.[1]);
    expect(delayMs).toBeGreaterThanOrEqual(500);
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'eventLoop.blocked', delayMs }));
    expect(facts).toContainEqual(
      expect.objectContaining({
        kind: 'level.changed',
        upstream: null,
        to: 'limited',
        causes: ['eventLoopDelayMs'],
      }),
    );
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({
      overall: 'degraded',
      level: 'limited',
      eventLoop: { delayMs, blocked: 1, longestMs: delayMs },
    });
    expect(health.reasons.join()).toMatch(/the event loop was blocked once, for up to \d+ ms/);
    await world.clock.advance(3_000);
    expect(runtime.getHealthStatus()).toMatchObject({ level: 'normal', eventLoop: { delayMs: 0 } });
    await world.clock.advance(60_000);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    await world.clock.run(runtime.close());
  });

  test('CR-1 is told of once a minute, with the number that was left out', async () => {
    const world = createWorld();
    const { runtime, alerts } = booted(world, 1_200);
    for (let at = 0; at < 4; at += 1) {
      const { outcome } = await world.clock.run(runtime.sync(REQUEST));
      await world.clock.run(outcome);
      await world.clock.advance(5_000);
    }
    expect(alerts()).toHaveLength(1);
    await world.clock.advance(60_000);
    const { outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(outcome);
    expect(alerts()).toHaveLength(2);
    expect(alerts()[1]).toContain('It was so 3 times since this was last told.');
    expect(runtime.getHealthStatus().eventLoop.blocked).toBe(5);
    await world.clock.run(runtime.close());
  });

  test('CR-1 control: one that waits as long lets everything run, and nothing is told', async () => {
    const world = createWorld();
    const run = async (): Promise<null> =>
      await new Promise((resolve) => {
        world.clock.schedule(600, () => {
          resolve(null);
        });
      });
    const { runtime, errors } = world.boot({
      handlers: { 'payments.push': { upstream: 'default', run } },
    });
    const { outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(outcome);
    expect(errors).toEqual([]);
    expect(runtime.getHealthStatus()).toMatchObject({ eventLoop: { delayMs: 0, blocked: 0 } });
    await world.clock.run(runtime.close());
  });

  test('HM-1 a machine that slept is told as that: no alert, no finding, no level', async () => {
    const world = createWorld();
    const run = async (): Promise<null> =>
      await new Promise((resolve) => {
        world.clock.schedule(30_000, () => {
          resolve(null);
        });
      });
    const { runtime, errors } = world.boot({
      handlers: {
        'payments.push': { upstream: 'default', attemptTimeoutMs: 3_600_000, run },
        'crisis.alert': { upstream: 'default', run: () => null },
      },
    });
    const facts: Fact[] = [];
    runtime.subscribe((fact) => facts.push(fact));
    const { outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(1_000);
    world.clock.suspend(600_000, true);
    await world.clock.run(outcome);
    expect(errors).toEqual([]);
    expect(facts.filter(({ kind }) => kind === 'machine.slept')).toMatchObject([
      { forMs: expect.closeTo(600_000, -3) as number },
    ]);
    expect(facts.some(({ kind }) => kind === 'level.changed')).toBe(false);
    expect(runtime.getHealthStatus()).toMatchObject({
      ...{ overall: 'healthy', reasons: [], level: 'normal', stuck: [] },
      eventLoop: { delayMs: 0, blocked: 0, longestMs: 0 },
    });
    await world.clock.run(runtime.close());
  });

  const inOwnProcess = async (work: string): Promise<readonly string[]> => {
    const index = new URL('../../dist/index.js', import.meta.url).href;
    const program = `
      import { createRuntime } from '${index}';
      const runtime = createRuntime({
        store: ':memory:',
        handlers: { 'a.b': { upstream: 'default', run: async () => { ${work}; return null; } } },
        onError: (error) => console.log(error.message),
      });
      const { outcome } = await runtime.sync({ type: 'a.b', subject: 's', tier: 'basic' });
      await outcome;
      await new Promise((resolve) => setTimeout(resolve, 300));
      await runtime.close();
    `;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      program,
    ]);
    return stdout.split('\n').filter((line) => line !== '');
  };

  test('CR-1 a real process that is blocked for three seconds says so', async () => {
    const block = 'for (const from = Date.now(); Date.now() - from < 3000; );';
    const [alert = '', ...others] = await inOwnProcess(block);
    expect(others).toEqual([]);
    const [, delayMs] = ALERT.exec(alert) ?? [];
    expect(Number(delayMs)).toBeGreaterThan(2_000);
    expect(Number(delayMs)).toBeLessThan(10_000);
  });

  test('CR-1 control: a real process that waits for three seconds says nothing of that length', async () => {
    const wait = 'await new Promise((resolve) => setTimeout(resolve, 3000))';
    for (const line of await inOwnProcess(wait)) {
      // Where the machine is busy with other things, its processes wait for a moment.
      expect(Number(ALERT.exec(line)?.[1])).toBeLessThan(2_000);
    }
  });
});
