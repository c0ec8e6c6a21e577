/**
 * What the next process knows of a crisis whose process ended during its first attempt, or after it (CR-4,
 * RT-4).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const PERSON = { subject: 'user-42' } as const;

/** A process whose handler of crises does this, and what is told in it. */
function boot(world: World, run: (attempt: Attempt) => Promise<Json> | Json) {
  const process = world.boot({ handlers: { 'crisis.alert': { upstream: 'default', run } } });
  const facts: Fact[] = [];
  process.runtime.subscribe((fact) => {
    facts.push(fact);
  });
  process.runtime.ready.catch(() => undefined);
  return { process, told: (kind: Fact['kind']) => facts.filter((fact) => fact.kind === kind) };
}

/** A crisis that is on disk, `afterMs` after it came. */
async function sendCrisis({ clock }: World, { runtime }: Process, afterMs: number) {
  const { durable, delivery } = await runtime.crisis(PERSON);
  void delivery.catch(() => undefined);
  await clock.run(durable);
  await clock.advance(afterMs);
}

/** The next process delivers it: the numbers of its attempts there, and the crashes that are counted. */
async function goOn(world: World) {
  const numbers: number[] = [];
  const { told } = boot(world, ({ number }) => {
    numbers.push(number);
    return null;
  });
  await world.clock.advance(30_000);
  return { numbers, suspected: told('operation.suspected').length };
}

const hang = async (): Promise<Json> => await new Promise<never>(() => undefined);

function fail(): Json {
  throw transientFailure('Not now.', { status: 500 });
}

describe('B20 the first attempt of a crisis', () => {
  test('RT-4 CR-4 its failure is written: after a kill while it waits, the next attempt is the second', async () => {
    // By this seed the second attempt comes after that.
    const world = createWorld(2);
    const { process, told } = boot(world, fail);
    await world.clock.run(process.runtime.ready);
    await sendCrisis(world, process, 50);
    expect(told('attempt.failed')).toHaveLength(1);
    process.kill();
    expect(await goOn(world)).toEqual({ numbers: [2], suspected: 0 });
  });

  test('RT-4 SV-4 a stop in good order during it is no crash', async () => {
    const world = createWorld();
    const { process } = boot(world, hang);
    await world.clock.run(process.runtime.ready);
    await sendCrisis(world, process, 50);
    await world.clock.run(process.runtime.close({ deadlineMs: 10 }));
    process.kill();
    expect(await goOn(world)).toEqual({ numbers: [1], suspected: 0 });
  });

  test('RT-4 control: a kill during it is a crash, and is counted', async () => {
    const world = createWorld();
    const { process } = boot(world, hang);
    await world.clock.run(process.runtime.ready);
    await sendCrisis(world, process, 50);
    process.kill();
    expect(await goOn(world)).toMatchObject({ suspected: 1 });
  });
});
