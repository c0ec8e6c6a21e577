import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { type Hold, holdWrite } from '../../persistence/port/review.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const LONG_MS = 3_600_000;

function textOf(payload: unknown): string {
  return typeof payload === 'string' ? payload : '';
}

/** A world whose store holds work of every kind, restored from a backup: who ran since is told. */
async function restoredWorld(hold: Partial<Hold> = {}, ofBefore: string | null = null) {
  const { clock, boot, disk } = createWorld();
  const ran: string[] = [];
  let isStuck = true;
  let isDown = false;
  let hangs = false;
  const options: Partial<RuntimeOptions> = {
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: async ({ payload }) => {
          if (isStuck) return await new Promise<never>(() => undefined);
          ran.push(textOf(payload));
          return null;
        },
      },
      'crisis.alert': {
        upstream: 'default',
        run: async ({ payload }) => {
          if (isDown) throw transientFailure('down');
          if (hangs) return await new Promise<never>(() => undefined);
          ran.push(textOf(payload));
          return null;
        },
      },
    },
  };
  const before = boot(options);
  const lane = { entity: { type: 'subscription', id: 's-1' } };
  const inHand = await clock.run(before.runtime.sync({ ...REQUEST, payload: 'in hand', ...lane }));
  await clock.run(before.runtime.sync({ ...REQUEST, payload: 'in lane', ...lane }));
  if (ofBefore !== null) {
    isDown = true;
    const answer = await clock.run(
      before.runtime.crisis({ subject: 'user-9', type: 'crisis.alert', payload: ofBefore }),
    );
    await clock.run(answer.durable);
    await clock.advance(1);
    isDown = false;
  }
  before.kill();
  isStuck = false;
  await disk.open();
  const last = (await disk.list({ afterSeq: 0, limit: 9 })).at(-1);
  const seqMax = last?.seq ?? 0;
  await disk.commit([holdWrite({ reason: 'restored', sinceAtMs: 7, seqMax, ...hold })]);
  const setDown = (down: boolean): void => {
    isDown = down;
  };
  const hang = (does: boolean): void => {
    hangs = does;
  };
  const ids = { inHand: inHand.id, last: last?.id ?? '' };
  return {
    clock,
    disk,
    ran,
    setDown,
    hang,
    ids,
    boot: (more = {}) => boot({ ...options, ...more }),
  };
}

describe('PS-5 a store that was restored', () => {
  test('runs nothing, accepts work that waits, and says so', async () => {
    const { clock, ran, boot } = await restoredWorld();
    const { runtime, errors } = boot();
    await clock.run(runtime.ready);
    const fresh = await clock.run(runtime.sync({ ...REQUEST, payload: 'new' }));
    await clock.advance(LONG_MS);
    expect(ran).toEqual([]);
    expect(await clock.run(fresh.view())).toMatchObject({ state: 'waiting', attempt: 1 });
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      hold: { reason: 'restored', sinceAtMs: 7 },
      reasons: [expect.stringContaining('held (restored)')],
    });
    expect(errors).toMatchObject([{ code: 'HF_STORE_HELD' }]);
    // Asked to be tried now, it still waits; cancelled, it is gone for good.
    await clock.run(fresh.retryNow());
    await clock.run(fresh.cancel());
    await clock.advance(LONG_MS);
    expect(await clock.run(fresh.view())).toMatchObject({ state: 'cancelled' });
    expect(ran).toEqual([]);
    await clock.run(runtime.close());
  });

  test('runs all of it once it is released, and is not held at the next start', async () => {
    const { clock, ran, boot, disk } = await restoredWorld();
    const { runtime } = boot();
    await clock.run(runtime.sync({ ...REQUEST, payload: 'new' }));
    await clock.advance(LONG_MS);
    expect(await clock.run(runtime.release())).toBe(true);
    expect(await clock.run(runtime.release())).toBe(false);
    await clock.advance(LONG_MS);
    expect(ran.toSorted()).toEqual(['in hand', 'in lane', 'new']);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', hold: null });
    await clock.run(runtime.close());
    expect((await disk.open()).hold).toBeNull();
    await disk.close();
  });

  test('is held still after another start', async () => {
    const { clock, ran, boot } = await restoredWorld();
    const first = boot();
    await clock.run(first.runtime.ready);
    await clock.run(first.runtime.close());
    const { runtime } = boot();
    await clock.run(runtime.ready);
    await clock.advance(LONG_MS);
    expect(runtime.getHealthStatus().hold).not.toBeNull();
    expect(ran).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CR-5 sends no crisis from before at the word of a person, and tells nobody of it, until it is released', async () => {
    const { clock, ran, ids, boot } = await restoredWorld({}, 'old crisis');
    const told: string[] = [];
    const { runtime } = boot({
      crisis: { escalation: [{ name: 'on-call', notify: () => void told.push('on-call') }] },
    });
    await clock.run(runtime.ready);
    for (const id of [ids.last, ids.inHand]) {
      await clock.run(runtime.operations.get(id).retryNow());
    }
    await clock.advance(LONG_MS);
    expect({ ran, told }).toEqual({ ran: [], told: [] });
    await clock.run(runtime.release());
    await clock.advance(LONG_MS);
    expect(ran.toSorted()).toEqual(['in hand', 'in lane', 'old crisis']);
    await clock.run(runtime.close());
  });

  test('CR-4 a crisis from before is cancelled, and not sent once it is released', async () => {
    const { clock, ran, ids, boot } = await restoredWorld({}, 'old crisis');
    const { runtime } = boot();
    await clock.run(runtime.ready);
    await clock.run(runtime.operations.get(ids.last).cancel());
    await clock.run(runtime.release());
    await clock.advance(LONG_MS);
    expect(ran.toSorted()).toEqual(['in hand', 'in lane']);
    await clock.run(runtime.close());
  });

  test('CR-4 delivers crises, also those that an earlier process accepted while it was held', async () => {
    const { clock, ran, boot, setDown } = await restoredWorld();
    const first = boot();
    await clock.run(first.runtime.ready);
    setDown(true);
    const answer = await clock.run(
      first.runtime.crisis({ subject: 'user-7', type: 'crisis.alert', payload: 'crisis' }),
    );
    await clock.run(answer.durable);
    await clock.advance(LONG_MS);
    first.kill();
    setDown(false);
    const { runtime } = boot();
    await clock.advance(LONG_MS);
    expect(ran).toEqual(['crisis']);
    await clock.run(runtime.release());
    await clock.advance(LONG_MS);
    expect(ran.toSorted()).toEqual(['crisis', 'in hand', 'in lane']);
    await clock.run(runtime.close());
  });

  test('CR-4 delivers a crisis that was on its way when an earlier process was killed', async () => {
    const { clock, ran, hang, boot } = await restoredWorld();
    hang(true);
    const first = boot();
    await clock.run(first.runtime.ready);
    const answer = await clock.run(first.runtime.crisis({ subject: 'user-42', payload: 'help' }));
    await clock.run(answer.durable);
    first.kill();
    hang(false);
    const second = boot();
    await clock.run(second.runtime.ready);
    await clock.advance(1_000);
    expect(ran).toEqual(['help']);
    await clock.run(second.runtime.close());
  });
});

test('PS-5 control: the same store without a hold runs everything at once', async () => {
  const { clock, ran, boot, disk } = await restoredWorld();
  await disk.commit([holdWrite(null)]);
  const { runtime } = boot();
  await clock.advance(LONG_MS);
  expect(ran.toSorted()).toEqual(['in hand', 'in lane']);
  await clock.run(runtime.close());
});
