import { describe, expect, test } from 'vitest';
import { decodeSnapshot } from '../../actors/charts/snapshots.ts';
import { routeOf } from '../../machines/operation/position.ts';
import { syncOperationMachine } from '../../machines/operation/syncOperationMachine.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { BulkResult } from '../../src/bulk.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const OPTIONS: Partial<RuntimeOptions> = {
  handlers: { 'payments.push': { upstream: 'default', run: () => null } },
};

function request(number: number, more: Partial<SyncRequest> = {}): SyncRequest {
  return {
    type: 'payments.push',
    subject: `user-${number}`,
    tier: 'basic',
    idempotencyKey: `key-${number}`,
    payload: { number },
    ...more,
  };
}

function* requests(count: number): Generator<SyncRequest> {
  for (let number = 0; number < count; number += 1) yield request(number);
}

/** A process whose upstream holds everything back, so that what was accepted stays as it was written. */
async function held(world: World = createWorld()): Promise<Process & { readonly world: World }> {
  const process = world.boot(OPTIONS);
  await world.clock.run(process.runtime.ready);
  process.runtime.upstream('default').forceOpen('maintenance');
  return { ...process, world };
}

async function bulkOf(
  { runtime, world }: { readonly runtime: Process['runtime']; readonly world: World },
  given: Iterable<SyncRequest> | AsyncIterable<SyncRequest>,
) {
  const results: BulkResult[] = [];
  const counts = await world.clock.run(
    runtime.syncAll(given, {
      onResult: (result) => {
        results.push(result);
      },
    }),
  );
  return { counts, results: results.toSorted((a, b) => a.index - b.index) };
}

function codeOf(result: BulkResult | undefined): string | undefined {
  return result?.status === 'refused' ? result.error.code : result?.status;
}

describe('syncAll', () => {
  test('OP-2 accepts thousands under one promise, tells of each once it is durable, and all are performed', async () => {
    const process = await held();
    const { runtime, world } = process;
    const { counts, results } = await bulkOf(process, requests(2_500));
    expect(counts).toEqual({ accepted: 2_500, duplicates: 0, refused: 0 });
    expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 2_500 }, (_, i) => i));
    for (const result of results) {
      const row = result.status === 'refused' ? null : await world.disk.find(result.id);
      expect(row).toMatchObject({ standing: 'due', revision: 1 });
    }
    expect(runtime.getHealthStatus().operations).toMatchObject({ accepted: 2_500, inMemory: 0 });
    runtime.upstream('default').release();
    await world.clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === 2_500);
  });

  test('OP-1 what finds a place begins as with sync(), by two writes, and what finds none waits as a row', async () => {
    const world = createWorld();
    let release = (): void => undefined;
    const released = new Promise<null>((resolve) => {
      release = () => {
        resolve(null);
      };
    });
    const { runtime } = world.boot({
      upstreams: { default: { concurrency: 1 } },
      handlers: { 'payments.push': { upstream: 'default', run: () => released } },
    });
    await world.clock.run(runtime.ready);
    await world.clock.advanceUntil(() => runtime.upstream('default').waits === null);
    const { results } = await bulkOf({ runtime, world }, requests(2));
    expect(runtime.upstream('default')).toMatchObject({ inFlight: 1, waits: { reason: 'ramp' } });
    expect(runtime.getHealthStatus().operations.inMemory).toBe(1);
    release();
    await world.clock.advanceUntil(() => runtime.getHealthStatus().operations.completed === 2);
    const ids = results.map((result) => String(result.id));
    const rows = await Promise.all(ids.map((id) => world.disk.find(id)));
    expect(rows.map((row) => row?.revision)).toEqual([2, 3]);
    expect(runtime.upstream('default').waits).toBeNull();
    runtime.upstream('default').forceOpen('maintenance');
    expect(runtime.upstream('default').waits).toMatchObject({ reason: 'operator' });
  });

  test('OP-2 tells of nothing that a crash would lose', async () => {
    const process = await held();
    process.store.faults.fate = () => 'failsUnwritten';
    const { counts, results } = await bulkOf(process, requests(3));
    expect(counts).toEqual({ accepted: 0, duplicates: 0, refused: 3 });
    for (const result of results) {
      expect(codeOf(result)).toBe('HF_STORE_UNAVAILABLE');
      expect((result as { error: HoldfastError }).error.retry).toBe('later');
    }
    process.store.faults.fate = () => 'works';
    await process.world.clock.advance(10_000);
    expect(await process.world.disk.list({ afterSeq: 0, limit: 10 })).toEqual([]);
    expect((await bulkOf(process, requests(3))).counts.accepted).toBe(3);
  });

  test('OP-1 writes the row that sync() writes for an operation that waits', async () => {
    const one = await held();
    const more: Partial<SyncRequest> = {
      entity: { type: 'account', id: 'a1' },
      expiresAtMs: 4_000_000_000_000,
      method: 'PUT',
      path: 'accounts/a1',
      priority: 'high',
    };
    await one.world.clock.run(one.runtime.sync(request(1, more)));
    const two = await held();
    await bulkOf(two, [request(1, more)]);
    const [bySync, byBulk] = await Promise.all(
      [one, two].map(async ({ world }) => {
        const { rows } = await world.disk.claim({
          routes: [routeOf(request(1).type)],
          urgencyMax: 9,
          nowMs: 4_000_000_000_000,
          limit: 1,
        });
        const [row] = rows;
        if (row === undefined) throw new Error('no row');
        const { snapshot } = decodeSnapshot(syncOperationMachine, row.state);
        return { ...row, id: '', state: snapshot.value, context: { ...snapshot.context, id: '' } };
      }),
    );
    expect(byBulk).toEqual(bySync);
  });

  test('UX-2 a bad request is refused at its place, by name, and the rest goes on', async () => {
    const process = await held();
    const { counts, results } = await bulkOf(process, [
      request(0),
      request(1, { tier: 'gold' as never }),
      request(2, { type: 'payments.unknown' }),
      request(3, { payload: 'x'.repeat(2_000_000) }),
      request(4, { payload: '4111 1111 1111 1111' }),
      null as never,
      new Proxy(request(6), {
        ownKeys: () => {
          throw new Error('a getter that throws');
        },
      }),
      request(7),
    ]);
    expect(results.map(codeOf)).toEqual([
      'accepted',
      'HF_REQUEST_INVALID',
      'HF_HANDLER_UNKNOWN',
      'HF_PAYLOAD_TOO_LARGE',
      'HF_CARD_NUMBER_REFUSED',
      'HF_REQUEST_INVALID',
      'HF_REQUEST_INVALID',
      'accepted',
    ]);
    expect(counts).toEqual({ accepted: 2, duplicates: 0, refused: 6 });
  });

  test('OP-8 a key that is there already is one operation, and with another body it is refused', async () => {
    const process = await held();
    const { runtime, world } = process;
    const earlier = await world.clock.run(runtime.sync(request(1)));
    const { counts, results } = await bulkOf(process, [
      request(1),
      request(2),
      request(2),
      request(1, { payload: 'another' }),
      request(2, { payload: 'another' }),
    ]);
    expect(counts).toEqual({ accepted: 1, duplicates: 2, refused: 2 });
    expect(results[0]).toMatchObject({ status: 'duplicate', id: earlier.id });
    expect(results[2]).toEqual({ ...results[1], index: 2, status: 'duplicate' });
    expect(results.slice(3).map(codeOf)).toEqual(Array(2).fill('HF_IDEMPOTENCY_CONFLICT'));
    const again = await world.clock.run(runtime.sync(request(2)));
    expect(again).toMatchObject({ isDuplicate: true, id: (results[1] as { id: string }).id });
  });

  test('OP-4 keeps the lanes, also with what came before and comes after', async () => {
    const world = createWorld();
    const done: number[] = [];
    let running = 0;
    const { runtime } = world.boot({
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: async ({ payload }) => {
            running += 1;
            expect(running).toBe(1);
            await new Promise<void>((resolve) => {
              world.clock.schedule(10, resolve);
            });
            running -= 1;
            done.push((payload as { number: number }).number);
            return null;
          },
        },
      },
    });
    await world.clock.run(runtime.ready);
    const entity = { type: 'account', id: 'a1' };
    const inLane = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => request(from + i, { entity }));
    const before = inLane(0, 3).map((given) => runtime.sync(given));
    const bulk = runtime.syncAll(inLane(3, 40));
    await world.clock.run(Promise.all(before));
    await world.clock.run(bulk);
    const last = await world.clock.run(runtime.sync(request(40, { entity })));
    await world.clock.run(last.outcome);
    expect(done).toEqual(Array.from({ length: 41 }, (_, number) => number));
  });

  test('CR-4 a crisis in a bulk goes out at once, whatever the disk does', async () => {
    const process = await held();
    const { runtime, world, store } = process;
    store.faults.fate = () => 'failsUnwritten';
    const bulk = runtime.syncAll([request(1), request(2, { priority: 'crisis' })]);
    await world.clock.advanceUntil(() => runtime.getHealthStatus().operations.attempts === 1);
    store.faults.fate = () => 'works';
    expect(await world.clock.run(bulk)).toEqual({ accepted: 1, duplicates: 0, refused: 1 });
  });

  test('OP-5 what was accepted in bulk expires in time and can be cancelled', async () => {
    const process = await held();
    const { runtime, world } = process;
    const { results } = await bulkOf(process, [
      request(1, { expiresAtMs: world.clock.now() + 5_000 }),
      request(2),
    ]);
    const [expiring, cancelled] = results.map((result) =>
      runtime.operations.get((result as { id: string }).id),
    );
    const endings = Promise.all([expiring?.outcome, cancelled?.outcome]);
    await world.clock.run(cancelled?.cancel() ?? Promise.resolve());
    expect(await world.clock.run(endings)).toMatchObject([
      { status: 'expired' },
      { status: 'cancelled' },
    ]);
  });
});

describe('a bulk of any length', () => {
  test('OP-6 reads no further ahead than it may, and no faster than its listener hears', async () => {
    const process = await held();
    const { runtime, world } = process;
    let read = 0;
    let heard = 0;
    let aheadMost = 0;
    const given = function* (): Generator<SyncRequest> {
      for (const made of requests(20_000)) {
        read += 1;
        aheadMost = Math.max(aheadMost, read - heard);
        yield made;
      }
    };
    await world.clock.run(
      runtime.syncAll(given(), {
        onResult: async () => {
          await new Promise<void>((resolve) => {
            world.clock.schedule(1, resolve);
          });
          heard += 1;
        },
      }),
    );
    expect(heard).toBe(20_000);
    expect(aheadMost).toBeLessThanOrEqual(2_049);
  });

  test('OP-6 of large payloads only some megabytes are under way', async () => {
    const process = await held();
    let read = 0;
    let told = 0;
    let aheadMost = 0;
    const given = function* (): Generator<SyncRequest> {
      for (let number = 0; number < 30; number += 1) {
        read += 1;
        aheadMost = Math.max(aheadMost, read - told);
        yield request(number, { payload: 'x'.repeat(1_000_000) });
      }
    };
    const bulk = process.runtime.syncAll(given(), {
      onResult: () => {
        told += 1;
      },
    });
    expect((await process.world.clock.run(bulk)).accepted).toBe(30);
    expect(aheadMost).toBeLessThanOrEqual(10);
  });

  test('OP-2 an input that fails in the middle is told of after all that it gave', async () => {
    const process = await held();
    const failing = async function* (): AsyncGenerator<SyncRequest> {
      yield* requests(10);
      await Promise.resolve();
      throw new RangeError('the file ended too soon');
    };
    const told: BulkResult[] = [];
    const bulk = process.runtime.syncAll(failing(), {
      onResult: (result) => {
        told.push(result);
      },
    });
    await expect(process.world.clock.run(bulk)).rejects.toThrow(RangeError);
    expect(told.map(codeOf)).toEqual(Array(10).fill('accepted'));
  });

  test('SV-2 a listener that throws ends the bulk and nothing else', async () => {
    const process = await held();
    const { runtime, world } = process;
    for (const onResult of [
      () => {
        throw new RangeError('the listener failed');
      },
      () => Promise.reject(new RangeError('the listener failed')),
    ]) {
      await expect(world.clock.run(runtime.syncAll(requests(10), { onResult }))).rejects.toThrow(
        RangeError,
      );
    }
    expect((await bulkOf(process, requests(10))).counts).toMatchObject({ duplicates: 10 });
  });

  test('SV-4 a runtime that closes takes no more, and keeps what it told of', async () => {
    const process = await held();
    const { runtime, world } = process;
    let read = 0;
    const given = async function* (): AsyncGenerator<SyncRequest> {
      for (const made of requests(1_000)) {
        read += 1;
        await new Promise<void>((resolve) => {
          world.clock.schedule(1, resolve);
        });
        yield made;
      }
    };
    let accepted = 0;
    const bulk = runtime.syncAll(given(), {
      onResult: () => {
        accepted += 1;
      },
    });
    const ended = bulk.then(
      () => 'resolved',
      ({ code }: HoldfastError) => code,
    );
    await world.clock.advance(50);
    await world.clock.run(runtime.close());
    expect(await world.clock.run(ended)).toBe('HF_CLOSED');
    expect(accepted).toBe(read - 1);
    await world.disk.open();
    const rows = await world.disk.list({ afterSeq: 0, limit: 2_000 });
    expect(rows).toHaveLength(accepted);
  });

  test('UX-2 what can not be a bulk is refused with the name of what is wrong', async () => {
    const process = await held();
    for (const [given, options, field] of [
      [undefined, {}, 'requests'],
      [{ length: 3 }, {}, 'requests'],
      [[], { onResult: 'print' }, 'onResult'],
    ] as const) {
      await expect(process.runtime.syncAll(given as never, options as never)).rejects.toMatchObject(
        { code: 'HF_OPTION_INVALID', field },
      );
    }
  });
});
