/** Conflicts at work: what they wait for, what ends them, and what they hold up. */

import { describe, expect, test } from 'vitest';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import { entityKey } from '../../../machines/operation/keys.ts';
import {
  permanentFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { cases } from '../../support/cases.ts';
import { createWorld, type World } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

function edit(id: string, payload: Json, base: Json = { version: '"1"', value: { a: 0, b: 0 } }) {
  return {
    type: 'records.put',
    subject: 'user-42',
    tier: 'premium',
    entity: { type: 'preferences', id },
    payload,
    base,
  } as const;
}

/** What the app has read of a record. */
function begun(id: string) {
  const entity = { type: 'preferences', id };
  return { entity, subject: 'user-42', version: '"1"', value: { a: 0, b: 0 } };
}

/** An upstream of records that have moved on since the app read them. */
function movedOn(count = 1): RecordUpstream {
  const upstream = new RecordUpstream();
  for (let number = 1; number <= count; number += 1) {
    upstream.put(`p-${number}`, { a: 0, b: 0 });
    upstream.put(`p-${number}`, { a: 0, b: 5 });
  }
  return upstream;
}

function optionsFor(
  upstream: RecordUpstream,
  options: Partial<RuntimeOptions> = {},
): Partial<RuntimeOptions> {
  return { device: 'phone', handlers: { 'records.put': upstream.handler() }, ...options };
}

/** No call holds a slot once nothing is under way. */
async function expectNoSlotOut({ clock }: World, runtime: Runtime): Promise<void> {
  await clock.advance(30_000);
  expect(runtime.upstream('default').inFlight).toBe(0);
}

describe('a conflict at work', () => {
  test('CF-8 OP-6 with one slot at its upstream it waits for its turn among others, and all end', async () => {
    const upstream = movedOn(10);
    const world = createWorld();
    const { clock, boot } = world;
    const { runtime, errors } = boot(
      optionsFor(upstream, { upstreams: { default: { concurrency: 1 } } }),
    );
    const slow = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        clock.schedule(20, resolve);
      });
    };
    upstream.beforeWrite = slow;
    upstream.beforeRead = slow;
    const operations = await clock.run(
      Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          runtime.sync(edit(`p-${index + 1}`, { a: 1, b: 0 })),
        ),
      ),
    );
    const outcomes = await clock.run(Promise.all(operations.map(({ outcome }) => outcome)));
    expect(outcomes.every(({ status }) => status === 'completed')).toBe(true);
    for (let number = 1; number <= 10; number += 1) {
      expect(upstream.value(`p-${number}`)).toEqual({ a: 1, b: 5 });
    }
    await expectNoSlotOut(world, runtime);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CF-8 CB-1 an open breaker delays it and fails nothing', async () => {
    const upstream = movedOn();
    const world = createWorld();
    const { clock, boot } = world;
    const { runtime, errors } = boot(optionsFor(upstream));
    upstream.beforeRead = () => {
      upstream.beforeRead = () => undefined;
      runtime.upstream('default').forceOpen('maintenance');
      throw transientFailure('It is down.', { notApplied: true });
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advance(3_600_000);
    expect(upstream.reads).toBe(1);
    expect((await clock.run(operation.view())).state).toBe('conflicted');
    runtime.upstream('default').release();
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
    await expectNoSlotOut(world, runtime);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CF-8 an upstream that fails for hours is asked again, and nothing is lost', async () => {
    const upstream = movedOn();
    const world = createWorld();
    const { clock, boot } = world;
    const { runtime } = boot(optionsFor(upstream));
    let isFailing = true;
    upstream.beforeRead = () => {
      if (isFailing) throw transientFailure('Busy.');
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advance(2 * 3_600_000);
    expect(upstream.reads).toBeGreaterThan(3);
    isFailing = false;
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    await clock.run(runtime.close());
  });

  test('CF-8 an upstream that refuses to be read for good ends in the dead letters', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const { runtime } = boot(optionsFor(upstream));
    upstream.beforeRead = () => {
      throw permanentFailure('Forbidden.', { status: 403 });
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    const { status, error } = await clock.run(operation.outcome);
    expect(status).toBe('deadLettered');
    expect(error).toMatchObject({ code: 'HF_UPSTREAM_REFUSED' });
    await clock.run(runtime.close());
  });

  test('SV-4 CF-8 a stop ends the reading, and the next process takes the conflict up', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const first = boot(optionsFor(upstream));
    upstream.beforeRead = async ({ signal }) => {
      await new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    };
    const { id } = await clock.run(first.runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advanceUntil(() => upstream.reads === 1);
    await clock.run(first.runtime.close({ deadlineMs: 1_000 }));
    expect(first.errors).toEqual([]);
    upstream.beforeRead = () => undefined;
    const { runtime, errors } = boot(optionsFor(upstream));
    const { status } = await clock.run(runtime.operations.get(id).outcome);
    expect(status).toBe('completed');
    expect(upstream.takenOf(id)).toBe(1);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });

  test.each([0, 500, 1_500, 2_500, 3_000, 3_500])(
    'CF-8 OP-5 one that a person tries again %i ms into its conflict ends once',
    async (afterMs) => {
      const upstream = movedOn();
      const world = createWorld();
      const { clock, boot } = world;
      const { runtime, errors } = boot(optionsFor(upstream));
      upstream.beforeRead = async () => {
        await new Promise<void>((resolve) => {
          clock.schedule(2_500, resolve);
        });
      };
      const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
      await clock.advanceUntil(() => upstream.writes.length > 0);
      await clock.advance(afterMs);
      await clock.run(operation.retryNow());
      const { status } = await clock.run(operation.outcome);
      expect(status).toBe('completed');
      expect(upstream.takenOf(operation.id)).toBe(1);
      expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
      await expectNoSlotOut(world, runtime);
      expect(errors).toEqual([]);
      await clock.run(runtime.close());
    },
  );

  test.each([0, 500, 1_500, 2_500, 3_000, 3_500])(
    'CF-8 OP-5 one that is cancelled %i ms into its conflict is not sent again, and its lane goes on',
    async (afterMs) => {
      const upstream = movedOn();
      const world = createWorld();
      const { clock, boot } = world;
      const { runtime, errors } = boot(optionsFor(upstream));
      upstream.beforeRead = async () => {
        await new Promise<void>((resolve) => {
          clock.schedule(2_500, resolve);
        });
      };
      const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
      const next = await clock.run(runtime.sync(edit('p-1', { a: 0, b: 0, c: 1 })));
      await clock.advanceUntil(() => upstream.writes.length > 0);
      await clock.advance(afterMs);
      await clock.run(operation.cancel());
      const { status } = await clock.run(operation.outcome);
      expect(['cancelled', 'completed']).toContain(status);
      expect(upstream.takenOf(operation.id)).toBe(status === 'completed' ? 1 : 0);
      expect((await clock.run(next.outcome)).status).toBe('completed');
      await expectNoSlotOut(world, runtime);
      expect(errors).toEqual([]);
      await clock.run(runtime.close());
    },
  );

  test('OP-6 CF-8 of many that rest when a process starts a few are worked on at once, and all end', async () => {
    const count = cases(400, 2_000);
    const upstream = movedOn(count);
    const world = createWorld();
    const { clock, boot } = world;
    const first = boot(optionsFor(upstream, { residentsMax: 10 }));
    // The upstream can be written to, and not be read.
    upstream.beforeRead = async () => await new Promise<never>(() => undefined);
    await clock.run(
      first.runtime.syncAll(
        // Of a record that the app does not know of yet.
        Array.from({ length: count }, (_, index) => {
          const { base: _base, ...request } = edit(`p-${index + 1}`, { a: 1 });
          return request;
        }),
      ),
    );
    await clock.advanceUntil(() => upstream.writes.length === count, 3_600_000);
    await clock.advance(1_000);
    first.kill();
    let reading = 0;
    let readingMax = 0;
    upstream.beforeRead = async () => {
      reading += 1;
      readingMax = Math.max(readingMax, reading);
      await new Promise<void>((resolve) => {
        clock.schedule(10, resolve);
      });
      reading -= 1;
    };
    const { runtime, errors } = boot(optionsFor(upstream, { residentsMax: 10 }));
    let inMemoryMax = 0;
    for (let rounds = 0; rounds < 4_000; rounds += 1) {
      await clock.advance(500);
      inMemoryMax = Math.max(inMemoryMax, runtime.getHealthStatus().operations.inMemory);
      const { total, ended } = await clock.run(runtime.operations.count());
      if (total === ended) break;
    }
    const { ended } = await clock.run(runtime.operations.count());
    expect(ended).toBe(count);
    expect(upstream.value(`p-${count}`)).toEqual({ a: 1, b: 5 });
    expect(readingMax).toBeLessThanOrEqual(8);
    expect(inMemoryMax).toBeLessThan(200);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CR-1 CR-4 a crisis about the same record waits for none of it', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const delivered: Json[] = [];
    const { runtime } = boot(
      optionsFor(upstream, {
        handlers: {
          'records.put': upstream.handler(),
          'crisis.alert': {
            upstream: 'default',
            run: ({ payload }) => {
              delivered.push(payload);
              return null;
            },
          },
        },
      }),
    );
    upstream.beforeRead = async () => await new Promise<never>(() => undefined);
    await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advance(1_000);
    const answer = await clock.run(
      runtime.crisis({
        subject: 'user-42',
        entity: { type: 'preferences', id: 'p-1' },
        payload: 1,
      }),
      1,
    );
    await clock.run(answer.delivery, 10);
    expect(delivered).toEqual([1]);
    await clock.run(runtime.close({ deadlineMs: 100 }));
  });

  test('PS-6 CF-8 while storage fails nothing goes wrong, and it goes on when that is well', async () => {
    const upstream = movedOn();
    const world = createWorld();
    const { clock, boot } = world;
    const { runtime, store } = boot(optionsFor(upstream));
    await clock.run(runtime.ready);
    upstream.beforeRead = () => {
      store.faults.fate = () => 'failsUnwritten';
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advance(60_000);
    upstream.beforeRead = () => undefined;
    store.faults.fate = () => 'works';
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.takenOf(operation.id)).toBe(1);
    await expectNoSlotOut(world, runtime);
    await clock.run(runtime.close());
  });

  test('CF-8 OP-3 what was found out before a person tried it again is told to nobody', async () => {
    const upstream = movedOn();
    upstream.knowsKeys = false;
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot(optionsFor(upstream));
    let answer = (): void => undefined;
    upstream.afterRead = async () => {
      upstream.afterRead = () => undefined;
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
    };
    await clock.run(runtime.remoteChange(begun('p-1')));
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advanceUntil(() => upstream.reads === 1);
    // Somebody has put the record back, so that it is taken now; its answer is lost, and another writes on top of it.
    upstream.records.set('p-1', { version: 1, value: { a: 0, b: 0 } });
    upstream.afterWrite = (attempt) => {
      upstream.afterWrite = () => undefined;
      const meta = recordMetaFrom(attempt.meta);
      const seen =
        meta === null ? undefined : { ...meta, actor: 'tablet', vv: { ...meta.vv, tablet: 1 } };
      upstream.put('p-1', { a: 1, b: 7 }, seen);
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    };
    await clock.run(operation.retryNow());
    await clock.advanceUntil(() => upstream.writes.length === 3);
    await clock.advance(10);
    answer();
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.takenOf(operation.id)).toBe(1);
    expect(upstream.value('p-1')).toEqual({ a: 1, b: 7 });
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });

  test('PS-2 CF-1 what the upstream holds now is on disk before the ending of the edit that it took', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const { runtime, store } = boot(optionsFor(upstream));
    await clock.run(runtime.ready);
    const ordered: string[] = [];
    store.faults.delayMs = () => 5;
    store.faults.fate = (writes) => {
      for (const write of writes) {
        if (write.kind === 'keep' && write.room === 'entity') ordered.push('record');
        if (write.kind === 'update' && write.standing === 'settled') ordered.push('ending');
      }
      return 'works';
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.run(operation.outcome);
    // What was read of it, what it became, and only then the ending.
    expect(ordered).toEqual(['record', 'record', 'ending']);
    await clock.run(runtime.close());
  });

  test('OP-7 CF-1 one that was accepted before its handler was there is compared all the same', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const first = boot(optionsFor(upstream, { upstreams: { default: { concurrency: 1 } } }));
    first.runtime.upstream('default').forceOpen('not yet');
    const { id } = await clock.run(first.runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.run(first.runtime.close());
    const { runtime } = boot({ device: 'phone' });
    await clock.advance(1_000);
    runtime.upstream('default').release();
    await clock.run(runtime.handle('records.put', upstream.handler()));
    const { status } = await clock.run(runtime.operations.get(id).outcome);
    expect(status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
    await clock.run(runtime.close());
  });

  test('PS-3 CF-1 what is known of a record and can not be read is read at the upstream, and holds nothing up', async () => {
    const upstream = movedOn();
    const world = createWorld();
    const { clock, boot, disk } = world;
    const { runtime, errors } = boot(optionsFor(upstream));
    await clock.run(runtime.ready);
    const key = entityKey({ type: 'preferences', id: 'p-1' }) ?? '';
    await disk.commit([{ kind: 'keep', room: 'entity', key, text: 'no record' }]);
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
    expect(errors.map((error) => (error as { code?: string }).code)).toContain(
      'HF_RECORD_MALFORMED',
    );
    const next = await clock.run(runtime.sync(edit('p-1', { a: 2, b: 0 })));
    expect((await clock.run(next.outcome)).status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ a: 2, b: 5 });
    await clock.run(runtime.close());
  });

  test('OP-6 HM-1 an edit that rests and that nobody works on is found again without anybody asking', async () => {
    const upstream = movedOn();
    const { clock, boot } = createWorld();
    const { runtime, store } = boot(optionsFor(upstream));
    await clock.run(runtime.ready);
    // What is read of it fails as it is taken up, once the store seems well.
    let failures = 0;
    upstream.beforeWrite = () => {
      upstream.beforeWrite = () => undefined;
      store.faults.readFails = () => {
        failures += 1;
        return failures <= 3;
      };
    };
    const operation = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 })));
    await clock.advance(180_000);
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(failures).toBeGreaterThan(0);
    await clock.run(runtime.close());
  });
});
