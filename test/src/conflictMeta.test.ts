/**
 * What travels with a record, on real runtimes over HTTP: short enough for an upstream with a limit, and told of in
 * health where it is not all.
 */

import { afterEach, expect, test } from 'vitest';
import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import { createRuntime, httpHandler, type Runtime } from '../../src/index.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';

const ENTITY = { type: 'mood_log', id: 'd1' };
const ENTRIES = 1_500;
/** As many as a request may remove. */
const AT_ONCE = 250;
const entry = (at: number) => ({
  id: `0f8fad5b-d9cb-469f-a165-${String(at).padStart(12, '0')}`,
  score: at % 5,
});

const open: Runtime[] = [];
let server: RecordServer | null = null;

afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.close({ deadlineMs: 0 });
  await server?.close();
});

/** A diary that is emptied, at an upstream that takes 100 KB: the largest body that went out, and who emptied it. */
async function emptied(metaBytesMax?: number): Promise<{ largest: number; runtime: Runtime }> {
  const { url } = (server = await startRecordServer());
  let largest = 0;
  const limited: typeof fetch = async (input, init) => {
    const bytes = typeof init?.body === 'string' ? Buffer.byteLength(init.body) : 0;
    if (init?.method === 'PUT' && bytes > 102_400) return new Response(null, { status: 413 });
    largest = Math.max(largest, bytes);
    return await fetch(input, init);
  };
  const run = httpHandler({
    fetch: limited,
    baseUrl: url,
    method: 'PUT',
    path: 'logs/{entity.id}',
    metaField: 'holdfast',
  });
  const conflicts = metaBytesMax === undefined ? true : { metaBytesMax };
  const runtime = createRuntime({
    store: ':memory:',
    device: 'phone',
    upstreams: { records: {} },
    handlers: { 'logs.put': { upstream: 'records', run, conflicts } },
    onError: () => undefined,
  });
  open.push(runtime);
  const all = Array.from({ length: ENTRIES }, (_, at) => entry(at));
  for (let gone = 0; gone <= ENTRIES; gone += AT_ONCE) {
    const known = await runtime.entities.get(ENTITY);
    const removals = all
      .slice(Math.max(0, gone - AT_ONCE), gone)
      .map(({ id }) => ({ path: `/entries/${id}`, confirmed: true, by: 'user-42' }));
    const edit = await runtime.sync({
      type: 'logs.put',
      subject: 'user-42',
      entity: ENTITY,
      payload: { entries: all.slice(gone) },
      ...(known === null ? {} : { base: known.base }),
      ...(removals.length === 0 ? {} : { removals }),
    });
    expect((await edit.outcome).status).toBe('completed');
  }
  return { largest, runtime };
}

function carried(): JsonObject {
  const { holdfast = {} } = (server?.get('/logs/d1')?.value ?? {}) as {
    readonly holdfast?: JsonObject;
  };
  return holdfast;
}

test('CF-7 1,500 removals are all told to an upstream that takes 100 KB, and none of them is lost', async () => {
  const { runtime } = await emptied();
  const holdfast = carried();
  expect(Buffer.byteLength(JSON.stringify(holdfast))).toBeLessThanOrEqual(65_536);
  expect(runtime.getHealthStatus().conflicts.untold).toBe(0);
  // A stale copy of another device brings none of them back, and asks nobody.
  const run = httpHandler({
    baseUrl: server?.url ?? '',
    method: 'PUT',
    path: 'logs/{entity.id}',
    metaField: 'holdfast',
  });
  const stale = createRuntime({
    store: ':memory:',
    device: 'tablet',
    upstreams: { records: {} },
    handlers: { 'logs.put': { upstream: 'records', run, conflicts: true } },
  });
  open.push(stale);
  const value = { entries: Array.from({ length: ENTRIES }, (_, at) => entry(at)) };
  const version = server?.writes[0]?.version ?? '';
  await stale.remoteChange({ entity: ENTITY, subject: 'user-42', value, version });
  const payload = { ...value, note: 'of the tablet' };
  const edit = await stale.sync({
    type: 'logs.put',
    subject: 'user-42',
    entity: ENTITY,
    payload,
    base: { version, value },
  });
  expect((await edit.outcome).status).toBe('completed');
  expect(server?.get('/logs/d1')?.value).toMatchObject({ entries: [], note: 'of the tablet' });
  for await (const conflict of stale.conflicts.list()) expect(conflict).toBe('none is open');
});

test('CF-7 HM-1 no more travels than the handler allows, and health says how much did not', async () => {
  const { largest, runtime } = await emptied(4_096);
  expect(largest).toBeLessThan(102_400);
  const holdfast = carried();
  expect(Buffer.byteLength(JSON.stringify(holdfast))).toBeLessThanOrEqual(4_096);
  const { conflicts, overall, reasons } = runtime.getHealthStatus();
  expect(conflicts.untold).toBeGreaterThan(1_000);
  expect(overall).not.toBe('healthy');
  expect(JSON.stringify(reasons)).toMatch(/removals and devices do not fit beside their records/);
});
