/** Edits at upstreams that use HTTP in their own ways, each with a whole runtime. */

import { expect, onTestFinished, test } from 'vitest';
import type { Handler } from '../../actors/port.ts';
import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { fastClock } from '../../src/drill/measure/figures.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
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

/** What a server's answer becomes on its way. */
type OnTheWay = (answer: Response, method: string) => Promise<Response> | Response;

interface House {
  readonly server: RecordServer;
  readonly runtime: Runtime;
  readonly errors: unknown[];
}

async function house(
  options: RecordServerOptions = {},
  onTheWay: OnTheWay = (answer) => answer,
  more: Partial<RuntimeOptions> = {},
  how: Partial<Handler> = {},
): Promise<House> {
  const server = await startRecordServer({ lifeMs: 60_000, requireConditions: true, ...options });
  const errors: unknown[] = [];
  const run = httpHandler({
    ...{ baseUrl: server.url, method: 'PUT', path: '{entity.type}/{entity.id}' },
    fetch: async (url, init) => await onTheWay(await fetch(url, init), init?.method ?? ''),
  });
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { records: {} },
    handlers: {
      'preferences.put': { upstream: 'records', run, conflicts: { roundsMax: 3 }, ...how },
    },
    policies: { tiers: { premium: { retry: { initialDelayMs: 5, delayMsMax: 20 } } } },
    onError: (error) => errors.push(error),
    ...more,
  });
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
    await server.close();
  });
  return { server, runtime, errors };
}

async function withHeaders(
  answer: Response,
  change: (headers: Headers) => void,
  status = answer.status,
): Promise<Response> {
  const headers = new Headers(answer.headers);
  change(headers);
  const text = await answer.text();
  return new Response(text === '' ? null : text, { status, headers });
}

async function edit(runtime: Runtime, payload: JsonObject, version?: string, value?: JsonObject) {
  const base = version === undefined || value === undefined ? {} : { base: { version, value } };
  return await runtime.sync({ ...EDIT, payload, ...base });
}

/** Two edits, between which somebody else changes the record. */
async function bothEdit({ runtime, server }: House): Promise<readonly Operation[]> {
  const first = await edit(runtime, { theme: 'light' });
  await first.outcome;
  server.put(PATH, { theme: 'light', fontSize: 14 });
  const version = '"of the app"';
  const second = await edit(runtime, { theme: 'dark' }, version, { theme: 'light' });
  return [first, second];
}

async function statuses(operations: readonly Operation[]): Promise<readonly string[]> {
  return await Promise.all(operations.map(async ({ outcome }) => (await outcome).status));
}

test('CF-6 tags that are weak, and compared all the same, as of FHIR servers', async () => {
  const at = await house({ weakTags: true });
  expect(await statuses(await bothEdit(at))).toEqual(['completed', 'completed']);
  expect(at.server.get(PATH)?.value).toEqual({ theme: 'dark', fontSize: 14 });
  expect(at.server.broken()).toEqual([]);
});

test('CF-6 no tag in the answer to a write: the record is read before the next', async () => {
  const at = await house({}, async (answer, method) =>
    method === 'PUT' ? await withHeaders(answer, (headers) => headers.delete('etag')) : answer,
  );
  expect(await statuses(await bothEdit(at))).toEqual(['completed', 'completed']);
  expect(at.server.get(PATH)?.value).toEqual({ theme: 'dark', fontSize: 14 });
  expect(at.server.broken()).toEqual([]);
});

test('CF-6 UX-2 no validator at all: the edit is given up, and told why', async () => {
  const at = await house({}, async (answer) =>
    withHeaders(answer, (headers) => {
      headers.delete('etag');
    }),
  );
  const [, second] = await bothEdit(at);
  const outcome = await second?.outcome;
  expect(outcome?.status).toBe('deadLettered');
  expect(outcome?.error?.message).toMatch(/without a validator.*Have it send ETag/);
  expect(at.server.get(PATH)?.value).toEqual({ theme: 'light', fontSize: 14 });
});

test('CF-6 no versions at all: the first write of a device goes through, the next is given up', async () => {
  const noTags: OnTheWay = async (answer) =>
    withHeaders(answer, (headers) => headers.delete('etag'));
  const at = await house({ requireConditions: false, ignoreConditions: true }, noTags);
  at.server.put(PATH, { theme: 'dark', fontSize: 14 });
  const first = await edit(at.runtime, { theme: 'light' });
  expect((await first.outcome).status).toBe('completed');
  expect(at.server.get(PATH)?.value).toEqual({ theme: 'light' });
  const next = await edit(at.runtime, { theme: 'blue' });
  expect((await next.outcome).status).toBe('deadLettered');
});

test('CF-6 RT-2 said to honour no keys: an edit without an answer waits for a person', async () => {
  const lost: OnTheWay = (answer, method) => {
    if (method === 'PUT') throw new TypeError('fetch failed');
    return answer;
  };
  const at = await house({ honoursKeys: false }, lost, {}, { honoursIdempotencyKey: false });
  const { id } = await edit(at.runtime, { theme: 'light' });
  const state = async () => (await at.runtime.operations.get(id).view()).state;
  await expect.poll(state).toBe('inReview');
});

test('CF-8 UX-2 tags that never match: the edit is given up after two refusals of the version just read, and told why', async () => {
  const weak: OnTheWay = async (answer) =>
    withHeaders(answer, (headers) => {
      const tag = headers.get('etag');
      if (tag !== null) headers.set('etag', `W/${tag}`);
    });
  const at = await house({}, weak, { clock: fastClock(6) });
  const [, second] = await bothEdit(at);
  const outcome = await second?.outcome;
  expect(outcome?.status).toBe('deadLettered');
  expect(outcome?.error?.message).toMatch(/twice refused the version.*a weak tag never matches/);
  // What the edit was made on was read before it went out.
  expect(at.server.counts.unmet412).toBe(2);
  expect(at.server.get(PATH)?.value).toEqual({ theme: 'light', fontSize: 14 });
});

test.each([404, 410, 412])(
  'CF-6 CF-7 a record that is gone, which is told by %i',
  async (status) => {
    const at = await house({}, async (answer, method) =>
      method === 'PUT' && answer.status === 412
        ? await withHeaders(answer, () => undefined, status)
        : answer,
    );
    const first = await edit(at.runtime, { theme: 'light' });
    expect(await statuses([first])).toEqual(['completed']);
    at.server.delete(PATH);
    const second = await edit(at.runtime, { theme: 'dark' }, '"r1"', { theme: 'light' });
    expect(await statuses([second])).toEqual(['completed']);
    expect(at.server.get(PATH)?.value).toEqual({ theme: 'dark' });
    expect(at.server.broken()).toEqual([]);
  },
);
