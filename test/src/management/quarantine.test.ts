import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeSnapshot } from '../../../actors/charts/snapshots.ts';
import {
  newOperation,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { ErrorCode } from '../../../machines/vocabulary/errors.ts';
import type { AcceptWrite } from '../../../persistence/port/store.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import type { Quarantined } from '../../../src/management/quarantine.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { upstreamKey } from '../../../src/upstreamKey.ts';
import { inThreadStore, TEST_KEY } from '../../persistence/contract/storeUnderTest.ts';
import { idOf } from '../../persistence/contract/writes.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** 1 and 2 share a lane; 3 and 4 have none. */
const VICTIM = 1;
const BEHIND = 2;
const APART = 3;
const OTHER = 4;

/** As its chart would have written it: ordered, or waiting. */
function operation(seq: number, given: Partial<AcceptWrite> = {}): AcceptWrite {
  const context = newOperation({
    id: idOf(seq),
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: `key-${seq}`,
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: Date.now(),
    expiresAtMs: null,
    attemptsMax: 3,
  });
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
    idempotencyKey: `k-${seq}`,
    expiresAtMs: null,
    state: encodeSnapshot(syncOperationMachine, {
      value: given.standing === 'inHand' ? 'ordering' : 'waiting',
      context,
    }),
    // Long enough to be sealed apart from the state.
    payload: `{"payload":${seq}}`.padEnd(2_000),
    ...given,
  };
}

interface Found {
  /** In hand when its process died, or due a moment after the next one has begun. */
  readonly how: 'at start' | 'while running';
}

/** What happens to the victim's bytes; the function it returns undoes it, where that is possible. */
interface Damage {
  readonly name: string;
  readonly code: ErrorCode;
  readonly state?: (text: string) => string;
  readonly harm?: (db: Database.Database) => (db: Database.Database) => void;
}

function flip(
  table: 'operation' | 'payload',
  column: string,
  at: number,
): NonNullable<Damage['harm']> {
  const turn = (db: Database.Database): void => {
    const bytes = db
      .prepare<[number], Buffer>(`SELECT ${column} FROM ${table} WHERE seq = ?`)
      .pluck()
      .get(VICTIM);
    if (bytes === undefined) throw new Error('Its row is gone.');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE seq = ?`).run(bytes, VICTIM);
  };
  return (db) => {
    turn(db);
    return turn;
  };
}

const DAMAGES: readonly Damage[] = [
  {
    name: 'a bit flipped in its state',
    code: 'HF_RECORD_TAMPERED',
    harm: flip('operation', 'state', 120),
  },
  {
    name: 'a bit flipped in its payload',
    code: 'HF_RECORD_TAMPERED',
    harm: flip('payload', 'envelope', 100),
  },
  {
    name: 'the state of another row',
    code: 'HF_RECORD_TAMPERED',
    harm: (db) => {
      const of = db.prepare<[number], Buffer>('SELECT state FROM operation WHERE seq = ?').pluck();
      const [own, others] = [of.get(VICTIM), of.get(OTHER)];
      const put = 'UPDATE operation SET state = ? WHERE seq = ?';
      db.prepare(put).run(others, VICTIM);
      return (later) => {
        later.prepare(put).run(own, VICTIM);
      };
    },
  },
  {
    name: 'a payload that was deleted',
    code: 'HF_RECORD_TAMPERED',
    harm: (db) => {
      const find = 'SELECT envelope FROM payload WHERE seq = ?';
      const envelope = db.prepare<[number], Buffer>(find).pluck().get(VICTIM);
      db.prepare('DELETE FROM payload WHERE seq = ?').run(VICTIM);
      return (later) => {
        later.prepare('INSERT INTO payload VALUES (?, 1, ?)').run(VICTIM, envelope);
      };
    },
  },
  {
    // The key's id lies behind the mark of an envelope.
    name: 'a key that the keyring does not hold',
    code: 'HF_KEY_UNKNOWN',
    harm: flip('operation', 'state', 7),
  },
  {
    name: 'a snapshot of an earlier version that nothing leads from',
    code: 'HF_RECORD_UNSUPPORTED',
    state: (text) => JSON.stringify({ ...JSON.parse(text), version: '0' }),
  },
  {
    name: 'a context that its chart cannot run with',
    code: 'HF_RECORD_MALFORMED',
    state: (text) => JSON.stringify({ ...JSON.parse(text), context: { id: idOf(VICTIM) } }),
  },
  {
    name: 'a snapshot of another machine',
    code: 'HF_RECORD_UNSUPPORTED',
    state: (text) => JSON.stringify({ ...JSON.parse(text), machine: 'parcel' }),
  },
];

async function boot(folder: string, sent: unknown[]): Promise<Runtime> {
  const runtime = createRuntime({
    store: folder,
    key: TEST_KEY,
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ payload }) => {
          sent.push(payload);
          return null;
        },
      },
    },
    onError: () => undefined,
  });
  onTestFinished(async () => {
    await runtime.close();
  });
  await runtime.ready;
  return runtime;
}

function edit<Result>(folder: string, change: (db: Database.Database) => Result): Result {
  const db = new Database(join(folder, 'data.db'));
  try {
    return change(db);
  } finally {
    db.close();
  }
}

async function collect<One>(many: AsyncIterable<One>): Promise<One[]> {
  const found: One[] = [];
  for await (const one of many) found.push(one);
  return found;
}

async function untilQuarantined(runtime: Runtime): Promise<readonly Quarantined[]> {
  return await vi.waitFor(
    async () => {
      const records = await collect(runtime.quarantine.list());
      expect(records).toHaveLength(1);
      return records;
    },
    { timeout: HANGS_AFTER_MS, interval: 50 },
  );
}

/** A store with a damaged record, in which a process has just begun. */
async function damagedStore(damage: Damage, how: Found['how']) {
  const folder = join(tempFolder(), 'store');
  const store = inThreadStore(folder);
  await store.open();
  const first = operation(VICTIM, { lane: 'a' });
  const where =
    how === 'at start'
      ? ({ standing: 'inHand', dueAtMs: null } as const)
      : ({ standing: 'due', dueAtMs: Date.now() + 1_500 } as const);
  await store.commit([
    { ...first, ...where, state: damage.state?.(first.state) ?? first.state },
    operation(BEHIND, { lane: 'a' }),
    operation(APART),
    operation(OTHER),
  ]);
  await store.close();
  const undo = damage.harm === undefined ? null : edit(folder, damage.harm);
  return { folder, undo };
}

describe.each(['at start', 'while running'] as const)('found %s', (how) => {
  test.each(DAMAGES)(
    'PS-3 SE-4 $name: it is set aside whole, the rest goes on, and mended it goes on too',
    async (damage) => {
      const { folder, undo } = await damagedStore(damage, how);
      const sent: unknown[] = [];
      const runtime = await boot(folder, sent);
      for (const seq of [BEHIND, APART, OTHER]) {
        expect((await runtime.operations.get(idOf(seq)).outcome).status).toBe('completed');
      }
      const [record] = await untilQuarantined(runtime);
      expect(record).toMatchObject({
        id: idOf(VICTIM),
        code: damage.code,
        setAsideAtMs: expect.any(Number),
        stood: how === 'at start' ? 'inHand' : 'due',
        opensNot: damage.state === undefined ? damage.code : null,
      });
      // What can be read of it is told.
      if (damage.state !== undefined) expect(record?.snapshot).toMatchObject({ state: 'waiting' });
      expect(runtime.getHealthStatus().operations.quarantined).toBe(1);
      await expect(runtime.quarantine.retry(idOf(VICTIM))).rejects.toMatchObject({
        code: damage.code,
      });
      await runtime.close();

      if (undo !== null) edit(folder, undo);
      const next = await boot(folder, sent);
      expect(next.getHealthStatus().operations.quarantined).toBe(1);
      expect(await next.quarantine.show(idOf(VICTIM))).toMatchObject({ code: damage.code });
      expect(sent).not.toContain(VICTIM);
      if (undo === null) return;
      await next.quarantine.retry(idOf(VICTIM));
      expect((await next.operations.get(idOf(VICTIM)).outcome).status).toBe('completed');
      expect(sent.filter((payload) => payload === VICTIM)).toEqual([VICTIM]);
      expect(next.getHealthStatus().operations.quarantined).toBe(0);
    },
    20_000,
  );
});

test('PS-3 SE-5 a quarantined record is exported sealed, and can be purged', async () => {
  const [flipped] = DAMAGES;
  if (flipped === undefined) throw new Error('There is damage.');
  const { folder } = await damagedStore(flipped, 'at start');
  const runtime = await boot(folder, []);
  await untilQuarantined(runtime);
  const [exported] = await collect(runtime.quarantine.export());
  expect(exported).toMatchObject({ id: idOf(VICTIM), stood: 'inHand', code: flipped.code });
  expect(exported?.lane).not.toBeNull();
  const bytes = [exported?.state, exported?.payload].map((text) =>
    Buffer.from(text ?? '', 'base64'),
  );
  for (const each of bytes) {
    expect(each.subarray(0, 4).toString('latin1')).toBe('HFR1');
    expect(each.includes('payload')).toBe(false);
  }
  await runtime.quarantine.purge(idOf(VICTIM));
  expect(await collect(runtime.quarantine.list())).toEqual([]);
  expect(runtime.getHealthStatus().operations.quarantined).toBe(0);
  await expect(runtime.quarantine.show(idOf(VICTIM))).rejects.toMatchObject({
    code: 'HF_OPERATION_UNKNOWN',
  });
  await expect(runtime.quarantine.retry(idOf(APART))).rejects.toMatchObject({
    code: 'HF_NOT_QUARANTINED',
  });
});

test.each([
  ['set aside, what waits behind it in its lane goes on', true],
  ['control: where it is not set aside, what waits behind it never runs', false],
] as const)('PS-3 of a record that makes no sense: %s', async (_, isQuarantined) => {
  const { clock, disk, boot: start } = createWorld();
  await disk.open();
  const damaged = operation(VICTIM, { lane: 'a' });
  await disk.commit([
    { ...damaged, state: JSON.stringify({ ...JSON.parse(damaged.state), version: '0' }) },
    operation(BEHIND, { lane: 'a' }),
    operation(APART),
  ]);
  await disk.close();
  const sent: unknown[] = [];
  const { runtime, store } = start({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ payload }) => {
          sent.push(payload);
          return null;
        },
      },
    },
  });
  if (!isQuarantined) {
    store.faults.rewrite = (write) =>
      write.kind === 'quarantine' ? { kind: 'component', name: 'nothing', state: '' } : write;
  }
  await clock.run(runtime.ready);
  await clock.advance(10_000);
  expect(sent.includes(APART)).toBe(true);
  expect(sent.includes(BEHIND)).toBe(isQuarantined);
});

test('OP-8 PS-3 a repeat of a request whose operation can not be read is told so, and then runs anew', async () => {
  const { clock, disk, boot: start } = createWorld();
  const request = {
    type: 'payments.push',
    subject: 'user-42',
    tier: 'basic',
    idempotencyKey: 'k-1',
  } as const;
  const keys: string[] = [];
  const options = {
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ idempotencyKey }: { readonly idempotencyKey: string }) => {
          keys.push(idempotencyKey);
          return null;
        },
      },
    },
  };
  await disk.open();
  const damaged = operation(VICTIM, {
    idempotencyKey: upstreamKey(request),
    standing: 'held',
    dueAtMs: null,
  });
  await disk.commit([
    { ...damaged, state: JSON.stringify({ ...JSON.parse(damaged.state), version: '0' }) },
  ]);
  await disk.close();
  const { runtime } = start(options);
  await clock.run(runtime.ready);
  await expect(clock.run(runtime.sync(request))).rejects.toMatchObject({
    code: 'HF_RECORD_UNSUPPORTED',
    field: 'idempotencyKey',
  });
  const again = await clock.run(runtime.sync(request));
  expect((await clock.run(again.outcome)).status).toBe('completed');
  expect(keys).toEqual([upstreamKey(request)]);
  await expect(clock.run(runtime.quarantine.retry(idOf(VICTIM)))).rejects.toMatchObject({
    code: 'HF_RECORD_UNSUPPORTED',
  });
});
