import { describe, expect, test } from 'vitest';
import type { Handler } from '../../actors/operation/handler.ts';
import {
  conflictFailure,
  permanentFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = {
  type: 'payments.push',
  subject: 'user-42',
  tier: 'premium',
  payload: 'secret',
} as const;
const ENTITY = { type: 'account', id: 'a1' };
const NOBODY = {
  turn: 0,
  inLane: 0,
  rateLimited: 0,
  scheduled: 0,
  overhanging: 0,
  conflicted: 0,
  inReview: 0,
  handlerMissing: 0,
  deadLettered: 0,
  quarantined: 0,
  newerVersion: 0,
};

type Kind = 'conflicted' | 'inReview' | 'handlerMissing' | 'deadLettered';

const FAILURES: Readonly<Record<Exclude<Kind, 'handlerMissing'>, () => Error>> = {
  conflicted: () => conflictFailure('Newer.', { status: 409 }),
  inReview: () => unknownOutcome('Cut off.'),
  deadLettered: () => permanentFailure('No.', { status: 400 }),
};

/** Handlers whose upstream answers so that what it is sent waits for somebody, until it `isWell`. */
function handlersFor(kind: Kind, upstream: { isWell: boolean }): RuntimeOptions['handlers'] {
  const handler: Handler = {
    upstream: 'default',
    honoursIdempotencyKey: kind !== 'inReview',
    run: async () => {
      if (upstream.isWell) return null;
      // Its process ends in the middle of it.
      if (kind === 'handlerMissing') return await new Promise<never>(() => undefined);
      throw FAILURES[kind]();
    },
  };
  return { 'payments.push': handler };
}

/** Makes an operation wait, by a restart without its handler where that is what it waits for. */
async function oneWaiting(kind: Kind) {
  const world = createWorld();
  const { clock, boot } = world;
  const upstream = { isWell: false };
  const handlers = handlersFor(kind, upstream);
  const first = boot({ handlers });
  await clock.run(first.runtime.ready);
  const { id } = await clock.run(first.runtime.sync({ ...REQUEST, entity: ENTITY }));
  for (let behind = 0; behind < 19; behind += 1) {
    await clock.run(first.runtime.sync({ ...REQUEST, priority: 'high', entity: ENTITY }));
  }
  if (kind !== 'handlerMissing') return { ...world, process: first, id, upstream, handlers };
  first.kill();
  const second = boot();
  await clock.run(second.runtime.ready);
  return { ...world, process: second, id, upstream, handlers };
}

function told(errors: readonly unknown[]): { code: string; message: string }[] {
  return errors.map((error) => {
    if (!isHoldfastError(error)) throw error;
    expect(error.message).not.toMatch(/secret|user-42|a1/);
    return { code: error.code, message: error.message };
  });
}

const CODES: Readonly<Record<Exclude<Kind, 'deadLettered'>, string>> = {
  conflicted: 'HF_CONFLICT',
  inReview: 'HF_OUTCOME_UNKNOWN',
  handlerMissing: 'HF_HANDLER_UNKNOWN',
};

describe.each(['conflicted', 'inReview', 'handlerMissing'] as const)(
  'HM-1 OP-5 what waits as %s',
  (kind) => {
    test('HM-1 OP-4 is in health with a reason and a count, and told of once', async () => {
      const { clock, process, id } = await oneWaiting(kind);
      const { runtime, errors } = process;
      await clock.advance(60_000);
      expect((await clock.run(runtime.operations.get(id).view())).state).toBe(kind);
      const health = runtime.getHealthStatus();
      expect(health).toMatchObject({
        overall: 'degraded',
        waiting: { ...NOBODY, inLane: 19, [kind]: 1 },
      });
      expect(health.score).toBeLessThan(100);
      expect(health.reasons).toEqual([expect.stringMatching(/^1 operation waits/)]);
      await clock.advance(86_400_000);
      expect(runtime.getHealthStatus().waiting).toEqual({ ...NOBODY, inLane: 19, [kind]: 1 });
      expect(told(errors)).toEqual([
        { code: CODES[kind], message: expect.stringContaining(`Operation ${id} waits as ${kind}`) },
      ]);
    });

    test('HM-1 is counted after a restart, and no longer once somebody has done something', async () => {
      const { clock, boot, process, id, upstream, handlers } = await oneWaiting(kind);
      await clock.advance(60_000);
      process.kill();
      const { runtime, errors } = boot(kind === 'handlerMissing' ? {} : { handlers });
      await clock.run(runtime.ready);
      await clock.advance(1_000);
      expect(runtime.getHealthStatus()).toMatchObject({
        overall: 'degraded',
        waiting: { ...NOBODY, inLane: 19, [kind]: 1 },
      });
      // It has not begun to wait in this process.
      expect(errors).toEqual([]);
      upstream.isWell = true;
      if (kind === 'handlerMissing') {
        const [handler] = Object.values(handlers ?? {});
        if (handler === undefined) throw new Error('There is a handler.');
        await clock.run(runtime.handle('payments.push', handler));
      } else {
        await clock.run(runtime.operations.get(id).retryNow());
      }
      await clock.advance(60_000);
      expect((await clock.run(runtime.operations.get(id).view())).state).toBe('completed');
      expect(runtime.getHealthStatus()).toMatchObject({
        overall: 'healthy',
        score: 100,
        reasons: [],
        waiting: NOBODY,
      });
    });
  },
);

async function purgeAll(runtime: Runtime): Promise<void> {
  for await (const { id } of runtime.deadLetters.list()) await runtime.deadLetters.purge(id);
}

describe('HM-1 OP-5 dead letters', () => {
  test('HM-1 OP-5 are counted, over restarts, until they are replayed or purged', async () => {
    const world = createWorld();
    const { clock, boot } = world;
    const upstream = { isWell: false };
    const handlers = handlersFor('deadLettered', upstream);
    const first = boot({ handlers });
    await clock.run(first.runtime.ready);
    const { id } = await clock.run(first.runtime.sync(REQUEST));
    await clock.advance(1_000);
    await clock.run(first.runtime.sync(REQUEST));
    await clock.advance(1_000);
    expect(first.runtime.getHealthStatus().waiting.deadLettered).toBe(2);
    first.kill();

    const { runtime } = boot({ handlers });
    await clock.run(runtime.ready);
    await clock.advance(1_000);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'degraded', waiting: { deadLettered: 2 } });
    expect(health.reasons).toEqual([expect.stringMatching(/^2 dead letters wait/)]);
    upstream.isWell = true;
    await clock.run(runtime.deadLetters.replay(id));
    await clock.advance(1_000);
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(1);
    await clock.run(purgeAll(runtime));
    await clock.advance(1_000);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', waiting: NOBODY });
  });
});

describe('HM-1 many at a time', () => {
  test('HM-1 the first is told of at once, the others together, and all are counted', async () => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot({ handlers: handlersFor('conflicted', { isWell: false }) });
    await clock.run(runtime.ready);
    await clock.run(runtime.sync(REQUEST));
    await clock.advance(100);
    expect(told(errors)).toHaveLength(1);
    await clock.run(Promise.all(Array.from({ length: 99 }, () => runtime.sync(REQUEST))));
    await clock.advance(60_000);
    expect(runtime.getHealthStatus().waiting.conflicted).toBe(100);
    expect(told(errors)).toEqual([
      { code: 'HF_CONFLICT', message: expect.stringMatching(/^Operation \S+ waits as/) },
      { code: 'HF_CONFLICT', message: expect.stringMatching(/^Operation \S+ and 98 more wait as/) },
    ]);
  });

  test('HM-1 SV-4 what nobody was told yet is told when the runtime closes', async () => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot({ handlers: handlersFor('conflicted', { isWell: false }) });
    await clock.run(runtime.ready);
    for (let given = 0; given < 2; given += 1) {
      await clock.run(runtime.sync(REQUEST));
      await clock.advance(100);
    }
    expect(told(errors)).toHaveLength(1);
    await clock.run(runtime.close());
    expect(told(errors)).toHaveLength(2);
  });

  test('HM-1 CR-4 a crisis without a handler is one of them', async () => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot();
    await clock.run(runtime.ready);
    await runtime.crisis({ subject: 'user-42' });
    await clock.advance(1_000);
    expect(runtime.getHealthStatus().waiting).toEqual({ ...NOBODY, handlerMissing: 1 });
    expect(told(errors)).toMatchObject([{ code: 'HF_HANDLER_UNKNOWN' }]);
  });

  test('HM-1 PS-6 the counts come again once a disk that failed is well', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: handlersFor('conflicted', { isWell: false }) });
    await clock.run(runtime.ready);
    await clock.run(runtime.sync(REQUEST));
    store.faults.readFails = () => true;
    await clock.advance(60_000);
    store.faults.readFails = () => false;
    await clock.advance(10_000);
    expect(runtime.getHealthStatus().waiting.conflicted).toBe(1);
  });
});
