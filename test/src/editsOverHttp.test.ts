import { describe, expect, onTestFinished, test } from 'vitest';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { RECORD_FAULTS, type RecordFault } from '../../src/simulator/network/records.ts';
import {
  type RecordServer,
  type RecordServerOptions,
  startRecordServer,
} from '../../src/testing/recordServer.ts';

const PATH = '/preferences/p1';
const EDIT = {
  type: 'preferences.put',
  subject: 'user-42',
  tier: 'premium',
  entity: { type: 'preferences', id: 'p1' },
} as const;

async function started(options: RecordServerOptions = {}): Promise<RecordServer> {
  const server = await startRecordServer({ lifeMs: 60_000, requireConditions: true, ...options });
  onTestFinished(async () => {
    await server.close();
  });
  return server;
}

/** A runtime whose edits go to the server. */
function runtimeAt(
  { url }: RecordServer,
  options: Partial<RuntimeOptions> = {},
  fetch = globalThis.fetch,
): Runtime {
  const run = httpHandler({
    ...{ baseUrl: url, method: 'PUT', path: '{entity.type}/{entity.id}', fetch },
    metaField: 'holdfast',
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: 'phone-1',
    upstreams: { records: { attemptTimeoutMs: 1_000 } },
    handlers: { 'preferences.put': { upstream: 'records', run, conflicts: true } },
    // As many attempts as chance may fail in a row.
    policies: {
      tiers: { premium: { retry: { attemptsMax: 100, initialDelayMs: 5, delayMsMax: 20 } } },
    },
    ...options,
  });
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
  });
  return runtime;
}

/** What the record has, without what travels with it. */
function valueAt(server: RecordServer): Json | undefined {
  const value = server.get(PATH)?.value;
  const { holdfast: _, ...rest } = Object(value) as JsonObject;
  return rest;
}

describe('edits over HTTP', () => {
  test('CF-1 CF-6 one that makes a record, one that changes it, and one that somebody else was faster than', async () => {
    const server = await started();
    const runtime = runtimeAt(server);
    const first = await runtime.sync({ ...EDIT, payload: { theme: 'light', fontSize: 12 } });
    expect((await first.outcome).status).toBe('completed');
    const base = { version: '"r1"', value: { theme: 'light', fontSize: 12 } };
    const next = { theme: 'dark', fontSize: 12 };
    const second = await runtime.sync({ ...EDIT, base, payload: next });
    expect((await second.outcome).status).toBe('completed');
    // Each was held to what it was made on, without a read.
    expect(server.writes.map(({ replaced }) => replaced)).toEqual([null, '"r1"']);
    server.put(PATH, { theme: 'dark', fontSize: 14 });
    const late = { version: '"r2"', value: next };
    const third = await runtime.sync({ ...EDIT, base: late, payload: { ...next, lang: 'en' } });
    expect((await third.outcome).status).toBe('completed');
    expect(valueAt(server)).toEqual({ theme: 'dark', fontSize: 14, lang: 'en' });
    expect(server.counts.unmet412).toBe(1);
    expect(server.broken([first.id, second.id])).toEqual([]);
  });

  /** One device adds a field with each edit, and so does another, each knowing its own. */
  async function bothEdit(server: RecordServer): Promise<JsonObject> {
    const runtime = runtimeAt(server);
    server.put(PATH, { of: 'both' });
    const base = { version: '"r1"', value: { of: 'both' } };
    let mine: JsonObject = base.value;
    const theirs: Record<string, Json> = {};
    const operations: Operation[] = [];
    for (let at = 0; at < 6; at += 1) {
      mine = { ...mine, [`mine${at}`]: at };
      operations.push(await runtime.sync({ ...EDIT, base, payload: mine }));
      theirs[`theirs${at}`] = at;
      server.put(PATH, { ...Object(server.get(PATH)?.value), ...theirs });
      await operations[at - 3]?.outcome;
    }
    for (const { outcome } of operations) expect((await outcome).status).toBe('completed');
    return { ...mine, ...theirs };
  }

  test.each(RECORD_FAULTS.map((fault) => [fault]))(
    'CF-1 CF-6 RT-2 where a third of the requests is treated by %s nothing is lost or laid over',
    async (fault) => {
      const server = await started({ faults: { [fault]: 0.34 }, delayMs: 10, stallMs: 20 });
      const all = await bothEdit(server);
      expect(valueAt(server)).toEqual(all);
      expect(server.broken()).toEqual([]);
    },
  );

  test.each<[RecordFault]>([
    ['droppedAfterApplying'],
    ['failed500AfterApplying'],
    ['deliveredTwice'],
    ['stalledThenApplied'],
  ])(
    'CF-1 CF-6 where keys are passed over, what travels with the record tells that %s was done',
    async (fault) => {
      const server = await started({
        ...{ honoursKeys: false, stallMs: 20 },
        faults: { [fault]: 0.34 },
      });
      const all = await bothEdit(server);
      expect(valueAt(server)).toEqual(all);
      expect(server.broken()).toEqual([]);
    },
  );

  test('CF-6 control: a server that takes any version loses what it should not, and is found', async () => {
    const server = await started({ ignoreConditions: true });
    const all = await bothEdit(server);
    expect(valueAt(server)).not.toEqual(all);
    expect(server.broken()[0]).toMatch(/^laid over/);
  });
});
