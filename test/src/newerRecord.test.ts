import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeSnapshot } from '../../actors/charts/snapshots.ts';
import type { Handler } from '../../actors/operation/handler.ts';
import {
  newOperation,
  type SyncOperationState,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { AcceptWrite, Store } from '../../persistence/port/store.ts';
import { assembleRuntime } from '../../src/createRuntime.ts';
import { checkOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { upstreamKey } from '../../src/upstreamKey.ts';
import { VIRTUAL_EPOCH_MS } from '../../src/virtual/virtualClock.ts';
import { inThreadStore, TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { idOf } from '../persistence/contract/writes.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const { version: OWN = '' } = syncOperationMachine;
const NEXT = String(Number(OWN) + 1);
const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'basic' } as const;

interface Planted extends Partial<AcceptWrite> {
  readonly version?: string;
  readonly value?: SyncOperationState;
}

/** A row as a program with `version` of the chart would have written it. */
function row(seq: number, { version = OWN, value, ...given }: Planted = {}): AcceptWrite {
  const kept = value ?? (given.standing === 'inHand' ? 'ordering' : 'waiting');
  const context = newOperation({
    id: idOf(seq),
    ...REQUEST,
    entity: null,
    priority: 'normal',
    idempotencyKey: `key-${seq}`,
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: Date.now(),
    expiresAtMs: given.expiresAtMs ?? null,
    attemptsMax: 3,
  });
  const state = encodeSnapshot(syncOperationMachine, { value: kept, context });
  return {
    kind: 'accept',
    seq,
    id: idOf(seq),
    urgency: 4,
    standing: 'due',
    dueAtMs: 1,
    route: 'default',
    subject: null,
    lane: null,
    idempotencyKey: null,
    expiresAtMs: null,
    state: JSON.stringify({ ...(JSON.parse(state) as object), version }),
    payload: `{"payload":${seq}}`,
    ...given,
  };
}

/** A store as a program that knows version {@link NEXT} reads it. */
function knowingNext<Asked extends object>(store: Asked): Asked {
  const known = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(known);
    if (typeof value !== 'object' || value === null || value instanceof Map) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]: [string, unknown]) => [
        name,
        name === 'state' && typeof field === 'string'
          ? field.replace(`"version":"${NEXT}"`, `"version":"${OWN}"`)
          : known(field),
      ]),
    );
  };
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'beside' && typeof member === 'object' && member !== null) {
        return knowingNext(member);
      }
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, args);
        return answer instanceof Promise ? answer.then(known) : answer;
      };
    },
  });
}

function sending(sent: unknown[]): Handler {
  return {
    upstream: 'default',
    run: ({ payload }) => {
      sent.push(payload);
      return null;
    },
  };
}

/** A disk that holds these rows, left by an earlier process. */
async function diskOf(rows: readonly AcceptWrite[]): Promise<Store> {
  const disk = createMemoryStore();
  await disk.open();
  await disk.commit(rows);
  await disk.close();
  return disk;
}

test('PS-3 a crowd of newer rows that are due first holds nothing else up', async () => {
  const crowd = Array.from({ length: 400 }, (_, at) => row(at + 1, { version: NEXT }));
  const { clock, boot } = createWorld(1, await diskOf([...crowd, row(crowd.length + 1)]));
  const sent: unknown[] = [];
  const { runtime, errors } = boot({
    upstreams: { default: { concurrency: 4 } },
    handlers: { 'payments.push': sending(sent) },
  });
  const met: string[] = [];
  runtime.subscribe((fact) => {
    if (fact.kind === 'record.newer') met.push(fact.operationId);
  });
  await clock.run(runtime.ready);
  await clock.advance(50);
  expect(sent).toEqual([crowd.length + 1]);
  // Each is told of once as a fact, and a person hears of the first.
  expect(met.toSorted()).toEqual(crowd.map(({ id }) => id).toSorted());
  expect(errors).toEqual([expect.objectContaining({ code: 'HF_RECORD_NEWER' })]);
  expect(runtime.getHealthStatus().waiting.newerVersion).toBe(crowd.length);
});

describe('PS-3 a row of a newer chart version in the file of a store', () => {
  const NEWER = 1;
  const BEHIND = 2;
  const APART = 3;

  async function start(folder: string, sent: unknown[], isNext: boolean): Promise<Runtime> {
    const store = inThreadStore(folder);
    const options = checkOptions({
      store: folder,
      key: TEST_KEY,
      handlers: { 'payments.push': sending(sent) },
    });
    const runtime = assembleRuntime(options, isNext ? knowingNext(store) : store);
    onTestFinished(async () => {
      await runtime.close();
    });
    await runtime.ready;
    return runtime;
  }

  function rowsOf(folder: string, seqs: readonly number[]): unknown[] {
    const db = new Database(join(folder, 'data.db'));
    try {
      return db
        .prepare(`SELECT * FROM operation WHERE seq IN (${seqs.join(', ')}) ORDER BY seq`)
        .all();
    } finally {
      db.close();
    }
  }

  test.each([
    ['due', { standing: 'due', dueAtMs: 1 }],
    ['in hand', { standing: 'inHand', dueAtMs: null, value: 'ordering' }],
  ] as const)(
    'PS-3 OP-4 %s: it and its lane stay as they are over restarts, and go on with the newer program',
    async (_, where) => {
      const folder = join(tempFolder(), 'store');
      const store = inThreadStore(folder);
      await store.open();
      await store.commit([
        row(NEWER, { ...where, version: NEXT, lane: 'a' }),
        row(BEHIND, { lane: 'a' }),
        row(APART),
      ]);
      await store.close();
      const before = rowsOf(folder, [NEWER, BEHIND]);
      const sent: unknown[] = [];
      for (let starts = 0; starts < 2; starts += 1) {
        const runtime = await start(folder, sent, false);
        expect((await runtime.operations.get(idOf(APART)).outcome).status).toBe('completed');
        await vi.waitFor(() => {
          expect(runtime.getHealthStatus().storeCheck.state).toBe('done');
          expect(runtime.getHealthStatus().waiting.newerVersion).toBe(1);
        }, HANGS_AFTER_MS);
        expect(runtime.getHealthStatus()).toMatchObject({
          overall: 'degraded',
          operations: { quarantined: 0 },
        });
        await expect(runtime.operations.get(idOf(NEWER)).outcome).rejects.toMatchObject({
          code: 'HF_RECORD_NEWER',
        });
        await runtime.close();
        expect(rowsOf(folder, [NEWER, BEHIND])).toEqual(before);
      }
      expect(sent).toEqual([APART]);

      const next = await start(folder, sent, true);
      expect((await next.operations.get(idOf(NEWER)).outcome).status).toBe('completed');
      expect((await next.operations.get(idOf(BEHIND)).outcome).status).toBe('completed');
      expect(sent).toEqual([APART, NEWER, BEHIND]);
      expect(next.getHealthStatus()).toMatchObject({
        overall: 'healthy',
        waiting: { newerVersion: 0 },
      });
    },
    20_000,
  );
});

describe('PS-3 a program that meets rows of a newer chart version', () => {
  test('PS-3 OP-6 more of them than there are places starve no other work, and are not asked for again', async () => {
    const newer = Array.from({ length: 500 }, (_, index) => row(index + 1, { version: NEXT }));
    const disk = await diskOf([...newer, row(1_000), row(1_001, { urgency: 9 })]);
    let claims = 0;
    const claim = disk.claim.bind(disk);
    disk.claim = (query) => {
      claims += 1;
      return claim(query);
    };
    const { clock, boot } = createWorld(1, disk);
    const sent: unknown[] = [];
    const { runtime, errors } = boot({
      handlers: { 'payments.push': sending(sent) },
      upstreams: { default: { concurrency: 8 } },
    });
    await clock.run(runtime.ready);
    await clock.advance(60_000);
    expect(sent).toEqual([1_000, 1_001]);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'degraded', waiting: { newerVersion: 500 } });
    expect(health.reasons).toEqual([
      expect.stringMatching(/^500 operations wait for a holdfast as new/),
    ]);
    expect(errors).toEqual([expect.objectContaining({ code: 'HF_RECORD_NEWER' })]);
    const asked = claims;
    await clock.advance(3_600_000);
    expect(claims - asked).toBeLessThan(10);
    // New work goes on as ever.
    const operation = await clock.run(runtime.sync({ ...REQUEST, payload: 'new' }));
    expect((await clock.run(operation.outcome)).status).toBe('completed');
    expect(runtime.getHealthStatus().operations.quarantined).toBe(0);
  });

  test('PS-3 OP-5 OP-7 those that expire, that wait for a handler, or whose upstream is gone are left, too', async () => {
    const expiresAtMs = VIRTUAL_EPOCH_MS + 1_000;
    const missing = { dueAtMs: Number.MAX_SAFE_INTEGER, route: 'handler:payments.late' };
    const newer = Array.from({ length: 300 }, (_, index) =>
      row(index + 1, {
        version: NEXT,
        ...[{ expiresAtMs, dueAtMs: VIRTUAL_EPOCH_MS * 2 }, missing, { route: 'gone' }][index % 3],
      }),
    );
    const disk = await diskOf([
      ...newer,
      row(1_000, { expiresAtMs: expiresAtMs + 1, standing: 'held', dueAtMs: null }),
      row(1_001, { route: 'gone' }),
    ]);
    const { clock, boot } = createWorld(1, disk);
    const sent: unknown[] = [];
    const { runtime } = boot({ handlers: { 'payments.push': sending(sent) } });
    await clock.run(runtime.ready);
    await clock.advance(60_000);
    await clock.run(runtime.handle('payments.late', sending(sent)));
    await clock.advance(60_000);
    expect(sent).toEqual([1_001]);
    expect((await clock.run(runtime.operations.get(idOf(1_000)).view())).state).toBe('expired');
    expect(runtime.getHealthStatus().waiting.newerVersion).toBe(300);
    for (const { id, state } of newer) {
      expect(await disk.find(id)).toMatchObject({ state, revision: 1, standing: 'due' });
    }
  });

  test('PS-3 OP-8 it keeps its idempotency key, and calls about it say why nothing is done', async () => {
    const disk = await diskOf([
      row(1, {
        version: NEXT,
        idempotencyKey: upstreamKey({ ...REQUEST, idempotencyKey: 'key-1' }),
      }),
      row(2, { version: NEXT, standing: 'deadLettered', dueAtMs: null }),
    ]);
    const { clock, boot } = createWorld(1, disk);
    const sent: unknown[] = [];
    const { runtime } = boot({ handlers: { 'payments.push': sending(sent) } });
    await clock.run(runtime.ready);
    const newer = { code: 'HF_RECORD_NEWER' };
    for (let asked = 0; asked < 2; asked += 1) {
      await expect(
        clock.run(runtime.sync({ ...REQUEST, idempotencyKey: 'key-1' })),
      ).rejects.toMatchObject({ ...newer, field: 'idempotencyKey', retry: 'later' });
    }
    const operation = runtime.operations.get(idOf(1));
    await expect(clock.run(operation.cancel())).rejects.toMatchObject(newer);
    await expect(clock.run(operation.retryNow())).rejects.toMatchObject(newer);
    await expect(clock.run(operation.view())).rejects.toMatchObject(newer);
    await expect(clock.run(runtime.deadLetters.replay(idOf(2)))).rejects.toMatchObject(newer);
    const listing = async (): Promise<number> => {
      let listed = 0;
      for await (const _ of runtime.deadLetters.list()) listed += 1;
      return listed;
    };
    expect(await clock.run(listing())).toBe(0);
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    expect(runtime.getHealthStatus().operations.quarantined).toBe(0);
    expect(await disk.find(idOf(1))).toMatchObject({ revision: 1, standing: 'due' });
    expect(await disk.find(idOf(2))).toMatchObject({ revision: 1, standing: 'deadLettered' });
  });
});
