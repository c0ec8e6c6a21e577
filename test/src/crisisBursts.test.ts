/**
 * However much ends, wakes, comes due, is told or is read at once: who asks for help meanwhile has their turn.
 * Counted in steps of charts and facts between two turns of the event loop, by a clock that goes on with each of
 * them, so that it holds on any machine.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';

/** What a step is said to take: so many are a slice of five milliseconds. */
const STEP_MS = 0.25;
/** A slice, the piece that ends it, what was done where it came before, and the asker's own. */
const STEPS_MAX = 60;

class World {
  steps = 0;
  /** The most steps between two turns. */
  most = 0;
  #last = 0;
  #isOver = false;
  readonly runtime: Runtime;
  /** Ends all deliveries and attempts that hang. */
  readonly letGo: () => void;

  constructor(isAway: () => boolean, options: Partial<RuntimeOptions> = {}) {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.letGo = open;
    const hangs = async (): Promise<null> => {
      if (isAway()) await opened;
      return null;
    };
    this.runtime = createRuntime({
      store: ':memory:',
      clock: { ...systemClock, monotonic: () => systemClock.monotonic() + this.steps * STEP_MS },
      handlers: {
        'crisis.alert': { upstream: 'helpers', run: hangs },
        'work.push': { upstream: 'work', run: hangs },
      },
      upstreams: { helpers: {}, work: { concurrency: 400 } },
      crisis: { escalateAfterMs: 3_600_000 },
      onError: () => undefined,
      inspect: () => {
        this.steps += 1;
      },
      ...options,
    });
  }

  /** Counts from here on, with one who asks in each tenth turn. */
  watch(): void {
    this.#last = this.steps;
    this.most = 0;
    let turn = 0;
    const look = (): void => {
      this.most = Math.max(this.most, this.steps - this.#last);
      turn += 1;
      if (turn % 10 === 0) void this.runtime.crisis({ subject: `asks-${turn}` });
      this.#last = this.steps;
      if (!this.#isOver) setImmediate(look);
    };
    setImmediate(look);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.letGo();
    await this.runtime.close({ deadlineMs: 5_000 });
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

function request(number: number) {
  return { type: 'work.push', subject: `user-${number}`, tier: 'basic' } as const;
}

/** Each sets off its burst and resolves once it is over. */
const BURSTS: Readonly<Record<string, (count: number) => Promise<World>>> = {
  'deliveries that end together': async (count) => {
    const world = new World(() => true);
    const { runtime } = world;
    await runtime.ready;
    const deliveries: Promise<unknown>[] = [];
    for (let number = 0; number < count; number += 1) {
      deliveries.push((await runtime.crisis({ subject: `user-${number}` })).delivery);
    }
    await until(() => runtime.getHealthStatus().operations.inMemory >= count);
    world.watch();
    world.letGo();
    await Promise.all(deliveries);
    return world;
  },
  'attempts that end together': async (count) => {
    const world = new World(() => true);
    const { runtime } = world;
    await runtime.ready;
    await runtime.syncAll(Array.from({ length: count }, (_, number) => request(number)));
    // As many as its flow control lets out.
    for (let turn = 0, before = -1; turn < 50; turn += 1) {
      const running = runtime.getHealthStatus().operations.attemptsRunning;
      if (running !== before) turn = 0;
      before = running;
      await new Promise((resolve) => setImmediate(resolve));
    }
    world.watch();
    world.letGo();
    await until(() => runtime.getHealthStatus().operations.completed >= count);
    return world;
  },
  'crises that are asked for in one turn': async (count) => {
    const world = new World(() => false);
    await world.runtime.ready;
    world.watch();
    const answers = await Promise.all(
      Array.from({ length: count }, (_, number) =>
        world.runtime.crisis({ subject: `user-${number}` }),
      ),
    );
    await Promise.all(answers.map(({ delivery }) => delivery));
    return world;
  },
  'crises that wait for a handler, which comes': async (count) => {
    const world = new World(() => false, { handlers: {} });
    const { runtime } = world;
    await runtime.ready;
    const deliveries: Promise<unknown>[] = [];
    for (let number = 0; number < count; number += 1) {
      deliveries.push((await runtime.crisis({ subject: `user-${number}` })).delivery);
    }
    await until(() => runtime.getHealthStatus().operations.inMemory >= count);
    world.watch();
    await runtime.handle('crisis.alert', { upstream: 'helpers', run: () => null });
    await Promise.all(deliveries);
    return world;
  },
  'operations that come due together': async (count) => {
    const world = new World(() => false);
    const { runtime } = world;
    await runtime.ready;
    const startAtMs = Date.now() + 700;
    await runtime.syncAll(
      Array.from({ length: count }, (_, number) => ({ ...request(number), startAtMs })),
    );
    world.watch();
    await until(() => runtime.getHealthStatus().operations.completed >= count);
    return world;
  },
  'facts for those who listen': async (count) => {
    const world = new World(() => false);
    const { runtime } = world;
    await runtime.ready;
    let told = 0;
    for (let listener = 0; listener < 3; listener += 1) {
      runtime.subscribe(({ kind }) => {
        world.steps += 1;
        if (kind === 'operation.ended') told += 1;
      });
    }
    world.watch();
    const requests = Array.from({ length: count }, (_, number) => request(number));
    await runtime.syncAll(requests);
    await until(() => told >= 3 * count);
    return world;
  },
};

describe('CR-1 between two turns of the event loop no more than a slice is done', () => {
  test.each(Object.entries(BURSTS))(
    'CR-1 property: of %s',
    async (_, burst) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 300, max: 900 }), async (count) => {
          const world = await burst(count);
          await world.close();
          expect(world.steps).toBeGreaterThan(count);
          expect(world.most).toBeLessThan(STEPS_MAX);
        }),
        { numRuns: 2 },
      );
    },
    120_000,
  );
});
