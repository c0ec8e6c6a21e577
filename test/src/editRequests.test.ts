import { describe, expect, onTestFinished, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Current } from '../../machines/vocabulary/record.ts';
import { connect, createRuntime, rawKey } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const EDIT = {
  type: 'plans.put',
  subject: 'user-1',
  tier: 'basic',
  entity: { type: 'preferences', id: 'p1' },
  payload: { theme: 'dark' },
} as const satisfies SyncRequest;
const REMOVALS = [{ path: '/contacts/c2', confirmed: true, by: 'p-17', at: 7 }];

/** A handler of edits that takes each, and what its attempts were. */
function editing(
  run: (attempt: Attempt) => void = () => undefined,
  current: Current | null = null,
) {
  const attempts: Attempt[] = [];
  const handler: Handler = {
    upstream: 'default',
    run: (attempt) => {
      attempts.push(attempt);
      run(attempt);
      return null;
    },
    conflicts: { fetchCurrent: () => current },
  };
  return { attempts, handlers: { 'plans.put': handler } };
}

function refusal(code: string, field: string): Error {
  return expect.objectContaining({ code, field }) as Error;
}

describe('a request that is an edit', () => {
  test('UX-2 CF-1 needs an entity, and a base that tells a version; nothing is stored without', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: editing().handlers });
    const bad: readonly [Partial<SyncRequest>, string][] = [
      [{ entity: undefined }, 'entity'],
      [{ base: 7 }, 'base'],
      [{ base: { version: '"1"' } }, 'base.value'],
      [{ removals: [{ path: 'c2' }] }, 'removals[0].path'],
    ];
    for (const [part, field] of bad) {
      const sent = clock.run(runtime.sync({ ...EDIT, ...part }));
      await expect(sent).rejects.toThrow(refusal('HF_REQUEST_INVALID', field));
    }
    expect((await clock.run(runtime.operations.count())).total).toBe(0);
    await clock.run(runtime.close());
  });

  test('CF-1 CF-7 what is removed travels with the record, and its removals with its key', async () => {
    const { clock, boot } = createWorld();
    const { attempts, handlers } = editing();
    const { runtime } = boot({ device: 'phone-1', handlers });
    const request = { ...EDIT, removals: REMOVALS, idempotencyKey: 'k1' };
    const { outcome } = await clock.run(runtime.sync(request));
    expect((await clock.run(outcome)).status).toBe('completed');
    expect(attempts.map(({ condition, meta }) => [condition, recordMetaFrom(meta)?.actor])).toEqual(
      [[{ absent: true }, 'phone-1.00000000']],
    );
    expect(recordMetaFrom(attempts[0]?.meta)?.tombstones).toEqual([
      expect.objectContaining(REMOVALS[0] ?? {}),
    ]);
    expect((await clock.run(runtime.sync(request))).isDuplicate).toBe(true);
    const other = clock.run(runtime.sync({ ...request, removals: [] }));
    await expect(other).rejects.toThrow(/k1|idempotencyKey/);
    await clock.run(runtime.close());
  });

  test('CR-2 CF-1 a crisis of its type is none: it needs no entity, and goes out as it is', async () => {
    const { clock, boot } = createWorld();
    const { attempts, handlers } = editing();
    const { runtime } = boot({ handlers, crisis: { type: 'plans.put' } });
    const crisis = { subject: 'user-1', payload: { help: 1 }, base: 7, removals: 7 };
    const answer = await clock.run(runtime.crisis(crisis as never));
    expect((await clock.run(answer.delivery)).status).toBe('completed');
    expect(attempts.map(({ payload, condition, meta }) => [payload, condition, meta])).toEqual([
      [{ help: 1 }, undefined, undefined],
    ]);
    await clock.run(runtime.close());
  });

  test('CF-1 OP-5 a dead letter that is replayed with another payload keeps what was removed', async () => {
    const { clock, boot } = createWorld();
    let isRefused = true;
    const { attempts, handlers } = editing(() => {
      if (isRefused) throw permanentFailure('No such theme.');
    });
    const { runtime } = boot({ handlers });
    const { id, outcome } = await clock.run(runtime.sync({ ...EDIT, removals: REMOVALS }));
    expect((await clock.run(outcome)).status).toBe('deadLettered');
    isRefused = false;
    await clock.run(runtime.deadLetters.replay(id, { payload: { theme: 'light' } }));
    expect((await clock.run(runtime.operations.get(id).outcome)).status).toBe('completed');
    expect(attempts.at(-1)?.payload).toEqual({ theme: 'light' });
    expect(recordMetaFrom(attempts.at(-1)?.meta)?.tombstones).toEqual([
      expect.objectContaining(REMOVALS[0] ?? {}),
    ]);
    await clock.run(runtime.close());
  });

  test('CF-1 SC-4 another process may send one: what it is made of reaches the owner whole', async () => {
    const store = tempFolder();
    const base = { version: '"r7"', value: { theme: 'light' } };
    const { attempts, handlers } = editing(undefined, base);
    const key = rawKey(new Uint8Array(32).fill(7));
    const owner = createRuntime({ store, key, handlers });
    await owner.ready;
    const client = await connect({ store });
    onTestFinished(async () => {
      await client.close();
      await owner.close();
    });
    const operation = await client.sync({ ...EDIT, base, removals: REMOVALS });
    expect((await operation.outcome).status).toBe('completed');
    expect(attempts).toMatchObject([{ base, condition: { version: '"r7"' } }]);
    expect(recordMetaFrom(attempts[0]?.meta)?.tombstones).toEqual([REMOVALS[0]]);
    const refused = client.sync({ ...EDIT, entity: undefined });
    await expect(refused).rejects.toThrow(refusal('HF_REQUEST_INVALID', 'entity'));
  });
});

test('CF-1 CF-7 a store in memory is no new device at each start, without a name and with one', async () => {
  const actorOf = async (device?: string): Promise<string | undefined> => {
    const { attempts, handlers } = editing();
    const options = device === undefined ? {} : { device };
    const runtime = createRuntime({ store: ':memory:', handlers, ...options });
    await (await runtime.sync(EDIT)).outcome;
    await runtime.close();
    return recordMetaFrom(attempts[0]?.meta)?.actor;
  };
  expect(await actorOf()).toBe(await actorOf());
  expect(await actorOf('phone')).toBe(await actorOf('phone'));
  expect(await actorOf('phone')).not.toBe(await actorOf('tablet'));
});
