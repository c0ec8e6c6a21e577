/**
 * A crisis that can't be delivered fast: people are told once, and it goes on until it is through.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY } from '../../machines/policy/retry/retryPolicy.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const PERSON = { subject: 'user-42' } as const;
const { attemptsMax } = DEFAULT_RETRY.crisis;

/** A process at whose upstream crises fail while it is down. */
function boot(world: World, upstream: { isDown: boolean }) {
  const begunAtMs: number[] = [];
  const facts: Fact[] = [];
  const run = () => {
    begunAtMs.push(world.clock.monotonic());
    if (upstream.isDown) throw transientFailure('Down.');
    return null;
  };
  const process = world.boot({ handlers: { 'crisis.alert': { upstream: 'default', run } } });
  process.runtime.subscribe((fact) => facts.push(fact));
  const escalated = () => facts.filter(({ kind }) => kind === 'crisis.escalated');
  return { ...process, begunAtMs, escalated };
}

describe('CR-5 CR-4 its fast attempts are used up', () => {
  test('CR-5 that is told once, with no word of whose it is, and over a restart not again', async () => {
    const world = createWorld();
    const { clock } = world;
    const upstream = { isDown: true };
    const first = boot(world, upstream);
    await clock.run(first.runtime.ready);
    const { operationId, durable } = await first.runtime.crisis(PERSON);
    await clock.run(durable);
    await clock.advance(1_000);
    expect(first.escalated()).toEqual([]);
    await clock.advance(600_000);
    expect(first.begunAtMs.length).toBeGreaterThan(attemptsMax + 10);
    expect(first.escalated()).toMatchObject([
      { operationId, type: 'crisis.alert', upstream: 'default', attempt: attemptsMax },
    ]);
    expect(JSON.stringify(first.escalated())).not.toContain(PERSON.subject);
    first.kill();

    const second = boot(world, upstream);
    await clock.run(second.runtime.ready);
    await clock.advance(600_000);
    expect(second.escalated()).toEqual([]);
    upstream.isDown = false;
    const outcome = second.runtime.getOperation(operationId ?? '').outcome;
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
  });
});
