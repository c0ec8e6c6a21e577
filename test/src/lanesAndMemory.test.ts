import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { InspectionEvent } from '../../src/index.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

describe('lanes', () => {
  test('OP-4 each of many lanes keeps its order though attempts fail, and crises wait for none', async () => {
    const { clock, boot } = createWorld();
    const random = seededRandom(4);
    const done = new Map<string, number[]>();
    const { runtime } = boot({
      handlers: {
        'account.push': {
          upstream: 'default',
          run: async ({ payload, entity, priority }) => {
            await new Promise<void>((resolve) => {
              clock.schedule(random.below(50), resolve);
            });
            if (priority !== 'crisis' && random.chance(0.2)) throw transientFailure('Busy.');
            const lane = done.get(entity?.id ?? '') ?? [];
            done.set(entity?.id ?? '', [...lane, Number(payload)]);
            return null;
          },
        },
      },
      upstreams: {
        default: { breaker: { consecutiveFailuresToOpen: 1_000_000, failureRateToOpen: 1 } },
      },
    });
    const outcomes: Promise<unknown>[] = [];
    for (let number = 0; number < 300; number += 1) {
      const operation = runtime.sync({
        type: 'account.push',
        subject: 'user-42',
        tier: 'premium',
        entity: { type: 'account', id: `a${number % 10}` },
        payload: number,
      });
      outcomes.push(operation.then(({ outcome }) => outcome));
    }
    await clock.advance(1);
    const crisis = await clock.run(
      runtime.crisis({
        type: 'account.push',
        subject: 'user-42',
        entity: { type: 'account', id: 'a0' },
        payload: -1,
      }),
    );
    await clock.run(crisis.delivery);
    expect(done.get('a0')?.length).toBeLessThan(30);
    await clock.run(Promise.all(outcomes));
    for (let lane = 0; lane < 10; lane += 1) {
      const numbers = (done.get(`a${lane}`) ?? []).filter((number) => number >= 0);
      expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index * 10 + lane));
    }
  });
});

describe('memory', () => {
  test('OP-4 PS-6 one behind a request that was refused goes on, whichever answers of the disk were lost', async () => {
    const { clock, boot } = createWorld();
    const request = {
      type: 'payments.push',
      subject: 'user-42',
      tier: 'premium',
      entity: { type: 'account', id: 'a' },
    } as const;
    const { runtime, store } = boot({
      handlers: { 'payments.push': { upstream: 'default', run: () => null } },
    });
    await clock.run(runtime.ready);
    await clock.advance(1_000);
    store.faults.delayMs = () => 10;
    // What was written all the same: the first acceptance, and its withdrawal.
    const lost = new Set(['accept', 'withdraw']);
    store.faults.fate = (writes) =>
      writes.some(({ kind }) => lost.delete(kind)) ? 'failsWritten' : 'works';
    const refused = runtime.sync(request);
    // In another commit, under way before the first has failed.
    await clock.advance(1);
    const behind = runtime.sync(request);
    await expect(clock.run(refused)).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
    const { outcome } = await clock.run(behind);
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
    expect(lost.size).toBe(0);
  });

  test('OP-6 of thousands that wait few are in memory, and all of them run in the end', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: { 'payments.push': { upstream: 'default', run: () => null } },
      residentsMax: 50,
    });
    await clock.run(runtime.ready);
    runtime.upstream('default').forceOpen('maintenance');
    const request = { type: 'payments.push', subject: 'user-42', tier: 'basic' } as const;
    const accepted = Array.from({ length: 5_000 }, () => runtime.sync(request));
    await clock.run(Promise.all(accepted));
    expect(runtime.getHealthStatus().operations).toMatchObject({ accepted: 5_000 });
    expect(runtime.getHealthStatus().operations.inMemory).toBeLessThanOrEqual(50);
    runtime.upstream('default').release();
    await clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === 5_000);
    expect(runtime.getHealthStatus().operations.inMemory).toBeLessThanOrEqual(50);
    let listed = 0;
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page: Awaited<ReturnType<typeof runtime.operations.page>> = await clock.run(
        runtime.operations.page({ afterSeq, limit: 999 }),
      );
      listed += page.views.length;
      afterSeq = page.nextAfterSeq;
    }
    expect(listed).toBe(5_000);
  });
});

describe('what an observer sees', () => {
  test('AC-2 SE-5 frames name actors and states, never subject, payload, key or response', async () => {
    const { clock, boot } = createWorld();
    const frames: InspectionEvent[] = [];
    const { runtime } = boot({
      handlers: {
        'payments.push': { upstream: 'default', run: () => ({ answer: 'canary-response' }) },
      },
      inspect: (frame) => {
        frames.push(frame);
      },
    });
    const operation = await clock.run(
      runtime.sync({
        type: 'payments.push',
        subject: 'canary-subject',
        tier: 'basic',
        payload: { note: 'canary-payload' },
        idempotencyKey: 'canary-key',
        entity: { type: 'canary', id: 'canary-entity' },
      }),
    );
    await clock.run(operation.outcome);
    const values = frames.map((told) => told.actorRef.getSnapshot().value);
    expect(values).toContain('completed');
    expect(inspect(frames, { depth: null, showHidden: true })).not.toContain('canary');
    // Control: the words would be found where they are.
    const view = await clock.run(operation.view());
    expect(JSON.stringify(view)).toContain('canary-subject');
  });
});
