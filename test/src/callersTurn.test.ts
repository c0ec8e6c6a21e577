/** The turn of the event loop that calls `sync()`, and what is put off to later ones. */

import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import type { Runtime } from '../../src/runtime.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const MANY = 1_000;
/** What a turn may take in itself. */
const IN_THE_TURN_MAX = 20;

async function booted(
  world: World,
  random: Random = seededRandom(7),
): Promise<ReturnType<World['boot']>> {
  const process = world.boot({
    random,
    handlers: {
      'payments.push': { upstream: 'default', run: () => null },
      'crisis.alert': { upstream: 'default', run: () => null },
    },
  });
  await world.clock.run(process.runtime.ready);
  // The first acceptance asks the store how much room there is.
  await world.clock.run(sync(process.runtime));
  await world.clock.advance(1_000);
  return process;
}

function sync(runtime: Runtime, request: Partial<SyncRequest> = {}): Promise<string> {
  const given = { type: 'payments.push', subject: 'user-42', tier: 'premium', ...request } as const;
  return runtime.sync(given).then(
    ({ id }) => id,
    (error: { code: string }) => error.code,
  );
}

/** Operations that are in memory now. */
function begun(runtime: Runtime): number {
  return runtime.getHealthStatus().operations.inMemory;
}

describe('HM-6 CR-1 many calls in one turn', () => {
  test('HM-6 CR-1 a turn takes in a few of them, and later ones the rest, each once', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const accepted = Array.from({ length: MANY }, () => sync(runtime));
    expect(begun(runtime)).toBeGreaterThan(0);
    expect(begun(runtime)).toBeLessThanOrEqual(IN_THE_TURN_MAX);
    const ids = await world.clock.run(Promise.all(accepted));
    expect(new Set(ids).size).toBe(MANY);
    await world.clock.run(runtime.close());
  });

  test('HM-6 a few calls begin in their turn', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const accepted = Array.from({ length: 10 }, () => sync(runtime));
    expect(begun(runtime)).toBe(10);
    await world.clock.run(Promise.all(accepted));
    await world.clock.run(runtime.close());
  });

  test('CR-1 a crisis behind them is answered before they begin', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const accepted = Array.from({ length: MANY }, () => sync(runtime));
    const answer = await runtime.crisis({ subject: 'user-1' });
    expect(answer.resources.length).toBeGreaterThan(0);
    // It is one of those in memory.
    expect(begun(runtime)).toBeLessThanOrEqual(IN_THE_TURN_MAX + 1);
    const inLine = sync(runtime, { priority: 'crisis' });
    expect(begun(runtime)).toBeLessThanOrEqual(IN_THE_TURN_MAX + 2);
    await world.clock.run(Promise.all([...accepted, inLine, answer.delivery]));
    await world.clock.run(runtime.close());
  });

  test('OP-1 OP-8 they are accepted in the order of their calls, those of a bulk among them', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const entity = { type: 'record', id: 'r-1' };
    const accepted: Promise<unknown>[] = [];
    for (let n = 0; n < 100; n += 1) accepted.push(sync(runtime, { entity, subject: `a-${n}` }));
    accepted.push(
      runtime.syncAll([{ type: 'payments.push', subject: 'a-100', entity, tier: 'premium' }]),
    );
    // The bulk has read it by then, and it stands in line.
    for (let n = 0; n < 10; n += 1) await Promise.resolve();
    for (let n = 101; n < 200; n += 1) accepted.push(sync(runtime, { entity, subject: `a-${n}` }));
    const seen: string[] = [];
    await world.clock.run(Promise.all(accepted));
    for await (const { subject } of runtime.operations.list()) seen.push(subject);
    const inOrder = Array.from({ length: 200 }, (_, n) => `a-${n}`);
    expect(seen.filter((subject) => subject.startsWith('a-'))).toEqual(inOrder);
    await world.clock.run(runtime.close());
  });

  test('SV-4 close() accepts what was called before it', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const accepted = Array.from({ length: 100 }, () => sync(runtime));
    const closing = runtime.close();
    const ids = await world.clock.run(Promise.all(accepted));
    expect(ids.filter((id) => id.startsWith('HF_'))).toEqual([]);
    await world.clock.run(closing);
  });

  test('OP-8 two calls under one key are one operation, wherever they stand', async () => {
    const world = createWorld();
    const { runtime } = await booted(world);
    const keys = Array.from({ length: 100 }, (_, n) => `key-${n % 50}`);
    const accepted = keys.map((idempotencyKey) => sync(runtime, { idempotencyKey }));
    const ids = await world.clock.run(Promise.all(accepted));
    expect(ids.slice(50)).toEqual(ids.slice(0, 50));
    expect(new Set(ids).size).toBe(50);
    await world.clock.run(runtime.close());
  });

  test('OP-2 OP-6 one whose deadline passes in line is refused, and never runs', async () => {
    const world = createWorld();
    const random = seededRandom(1);
    // Each that begins takes its time, and the others wait in line meanwhile.
    const uuid = (): string => {
      world.clock.suspend(50, true);
      return random.uuid();
    };
    const { runtime } = await booted(world, { ...random, uuid });
    let taken = 0;
    runtime.subscribe('operation.accepted', () => {
      taken += 1;
    });
    const accepted = Array.from({ length: 200 }, () => sync(runtime));
    const answers = await world.clock.run(Promise.all(accepted));
    await world.clock.advance(600_000);
    const refused = answers.filter((answer) => answer === 'HF_STORE_HANGING');
    expect(refused.length).toBeGreaterThan(0);
    expect(taken + refused.length).toBe(200);
    await world.clock.run(runtime.close());
  });
});
