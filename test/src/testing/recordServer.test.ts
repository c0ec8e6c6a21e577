import { describe, expect, onTestFinished, test } from 'vitest';
import type { Attempt } from '../../../actors/operation/handler.ts';
import { failureOf } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { RecordFault } from '../../../src/simulator/network/records.ts';
import {
  type RecordServer,
  type RecordServerOptions,
  startRecordServer,
} from '../../../src/testing/recordServer.ts';
import { attemptOf } from '../../support/harness/attempt.ts';

async function started(options: RecordServerOptions = {}): Promise<RecordServer> {
  const server = await startRecordServer({ lifeMs: 30_000, ...options });
  onTestFinished(async () => {
    await server.close();
  });
  return server;
}

async function ask(
  server: RecordServer,
  method: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<{ readonly status: number; readonly etag: string | null; readonly body: string }> {
  const response = await fetch(`${server.url}/plans/p1`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: await response.text(),
  };
}

describe('records and their versions', () => {
  test('CF-6 are written, read, held to their version and removed', async () => {
    const server = await started();
    expect(await ask(server, 'GET')).toMatchObject({ status: 404 });
    expect(await ask(server, 'PUT', { 'if-match': '"r1"' }, 1)).toMatchObject({ status: 412 });
    const none = { 'if-none-match': '*' };
    expect(await ask(server, 'PUT', none, { a: 1 })).toMatchObject({ status: 201, etag: '"r1"' });
    expect(await ask(server, 'PUT', none, { a: 2 })).toMatchObject({ status: 412, etag: null });
    expect(await ask(server, 'GET')).toEqual({ status: 200, etag: '"r1"', body: '{"a":1}' });
    expect(await ask(server, 'GET', { 'if-none-match': '"r1"' })).toMatchObject({ status: 304 });
    expect(await ask(server, 'HEAD')).toEqual({ status: 200, etag: '"r1"', body: '' });
    const first = { 'if-match': '"r0", "r1"' };
    expect(await ask(server, 'PUT', first, { a: 3 })).toMatchObject({ status: 204, etag: '"r2"' });
    expect(await ask(server, 'PUT', { 'if-match': '"r1"' }, 4)).toMatchObject({ status: 412 });
    expect(await ask(server, 'DELETE', { 'if-match': '"r1"' })).toMatchObject({ status: 412 });
    expect(await ask(server, 'DELETE', { 'if-match': '"r2"' })).toMatchObject({ status: 204 });
    expect(await ask(server, 'DELETE')).toMatchObject({ status: 404 });
    expect(await ask(server, 'POST', {}, 1)).toMatchObject({ status: 405 });
    const broken = await fetch(`${server.url}/plans/p1`, { method: 'PUT', body: '{' });
    expect(broken.status).toBe(400);
    expect(server.counts.unmet412).toBe(4);
    expect(server.get('/plans/p1')).toBeNull();
  });

  test('CF-6 a version never comes again, also where its content does', async () => {
    const server = await started();
    const versions = [1, 2, 1].map((value) => server.put('/plans/p1', value));
    server.delete('/plans/p1');
    server.delete('/plans/p1');
    versions.push(server.put('/plans/p1', 1));
    expect(new Set(versions).size).toBe(4);
    expect(server.writes).toHaveLength(5);
    expect(server.all()).toEqual(new Map([['/plans/p1', { value: 1, version: versions[3] }]]));
  });

  test('CF-6 a write without a condition is refused where that is wanted', async () => {
    const server = await started({ requireConditions: true });
    expect(await ask(server, 'PUT', {}, 1)).toMatchObject({ status: 428 });
    expect(await ask(server, 'PUT', { 'if-none-match': '*' }, 1)).toMatchObject({ status: 201 });
    expect(server.counts.missing428).toBe(1);
  });

  test('CF-6 tags may be weak, and are compared as they are', async () => {
    const server = await started({ weakTags: true });
    expect(server.put('/plans/p1', 1)).toBe('W/"r1"');
    expect(await ask(server, 'PUT', { 'if-match': '"r1"' }, 2)).toMatchObject({ status: 412 });
    expect(await ask(server, 'PUT', { 'if-match': 'W/"r1"' }, 2)).toMatchObject({ status: 204 });
  });
});

describe('its ledger', () => {
  test('OP-3 a key that was applied gets its first answer again, and another request 422', async () => {
    const server = await started();
    const key = { 'idempotency-key': 'k1', 'if-none-match': '*', 'holdfast-attempt': '2' };
    const first = await ask(server, 'PUT', key, { a: 1 });
    expect(await ask(server, 'PUT', key, { a: 1 })).toEqual(first);
    expect(server.broken(['k1'])).toEqual([]);
    expect(await ask(server, 'PUT', key, { a: 2 })).toMatchObject({ status: 422 });
    expect(await ask(server, 'DELETE', key)).toMatchObject({ status: 422 });
    expect(server.writes).toEqual([
      {
        ...{ path: '/plans/p1', method: 'PUT', key: 'k1', attempt: 2 },
        ...{ replaced: null, version: '"r1"', value: { a: 1 }, hasSeen: true },
      },
    ]);
    expect(server.broken(['k1', 'k2'])).toEqual(['lost: k2', 'sent with another body: k1']);
  });

  test('OP-3 a key that is being worked on gets 409', async () => {
    const server = await started({ faults: { stalledThenApplied: 1 }, stallMs: 200 });
    const key = { 'idempotency-key': 'k1' };
    const first = ask(server, 'PUT', key, 1);
    await expect.poll(() => server.ledger.get('k1')?.inProgress).toBe(true);
    expect(await ask(server, 'PUT', key, 1)).toMatchObject({ status: 409 });
    expect(await first).toMatchObject({ status: 201 });
    expect([server.counts.inUse409, server.get('/plans/p1')?.value]).toEqual([1, 1]);
  });

  test('OP-3 keys may be passed over, as many upstreams do', async () => {
    const server = await started({ honoursKeys: false });
    const key = { 'idempotency-key': 'k1', 'if-none-match': '*' };
    expect(await ask(server, 'PUT', key, 1)).toMatchObject({ status: 201 });
    expect(await ask(server, 'PUT', key, 1)).toMatchObject({ status: 412 });
  });

  test('CF-6 a write that is laid over what it has not seen is found', async () => {
    const server = await started();
    server.put('/plans/p1', 'of another');
    await ask(server, 'PUT', { 'idempotency-key': 'k1', 'if-match': '*' }, 'mine');
    await ask(server, 'PUT', { 'if-match': '"r2"' }, 'mine');
    await ask(server, 'DELETE');
    expect(server.broken()).toEqual([
      'laid over "r1" unseen: PUT /plans/p1 (k1)',
      'laid over "r3" unseen: DELETE /plans/p1 (no key)',
    ]);
  });

  test('CF-6 it finds a server that takes any version, and one that applies a repeat again', async () => {
    const server = await started({ ignoreConditions: true, doubleApply: true });
    server.put('/plans/p1', 'of another');
    const key = { 'idempotency-key': 'k1', 'if-match': '"r0"' };
    await ask(server, 'PUT', key, 'mine');
    await ask(server, 'PUT', key, 'mine');
    expect(server.broken()).toEqual([
      'applied 2 times: k1',
      'laid over "r1" unseen: PUT /plans/p1 (k1)',
      'laid over "r2" unseen: PUT /plans/p1 (k1)',
    ]);
  });

  test('CF-6 another process can read it', async () => {
    const server = await started();
    server.put('/plans/p1', 1);
    await ask(server, 'PUT', { 'idempotency-key': 'k1', 'if-match': '"r1"' }, 2);
    const lines = async (path: string): Promise<unknown[]> =>
      (await (await fetch(server.url + path)).text())
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
    expect(await lines('/_writes')).toEqual(server.writes);
    expect(await lines('/_ledger')).toMatchObject([{ key: 'k1', applied: 1 }]);
    expect(await lines('/_summary')).toMatchObject([{ applied: 1, counts: server.counts }]);
    expect((await fetch(`${server.url}/_nothing`)).status).toBe(404);
  });
});

describe('its faults', () => {
  const key = { 'idempotency-key': 'k1', 'if-none-match': '*' };

  async function outcomeOf(fault: RecordFault, options: RecordServerOptions = {}) {
    const server = await started({ faults: { [fault]: 1 }, delayMs: 5, stallMs: 5, ...options });
    const status = await ask(server, 'PUT', key, 1).then(
      (answer) => answer.status,
      () => 'no answer',
    );
    expect(server.counts[fault]).toBe(1);
    return [status, server.get('/plans/p1')?.value, server.writes.length];
  }

  test.each<[RecordFault, readonly unknown[]]>([
    ['busy503', [503, undefined, 0]],
    ['droppedBefore', ['no answer', undefined, 0]],
    ['droppedAfterApplying', ['no answer', 1, 1]],
    ['failed500AfterApplying', [500, 1, 1]],
    ['deliveredTwice', [201, 1, 1]],
    ['delayed', [201, 1, 1]],
    ['stalledThenApplied', [201, 1, 1]],
  ])('CF-6 %s', async (fault, outcome) => {
    expect(await outcomeOf(fault)).toEqual(outcome);
  });

  test('CF-6 of one that is delivered twice the second answer comes, where no key is looked at', async () => {
    expect(await outcomeOf('deliveredTwice', { honoursKeys: false })).toEqual([412, 1, 1]);
  });

  test('CF-6 are the same for the same seed', async () => {
    const treated = async (seed: number): Promise<readonly unknown[]> => {
      const server = await started({ seed, faults: { busy503: 0.5 } });
      const keys = Array.from({ length: 24 }, (_, at) => `k${at}`);
      const asked = keys.map((name) => ask(server, 'PUT', { 'idempotency-key': name }, 1));
      return (await Promise.all(asked)).map(({ status }) => status === 503);
    };
    const first = await treated(1);
    expect(await treated(1)).toEqual(first);
    expect(await treated(2)).not.toEqual(first);
    expect(new Set(first).size).toBe(2);
  });

  test('CF-6 an outage cuts off what comes, and passes', async () => {
    const server = await started();
    server.startOutage(60_000);
    await expect(ask(server, 'GET')).rejects.toThrow('fetch failed');
    await fetch(`${server.url}/_outage?ms=1`, { method: 'POST' });
    await expect(ask(server, 'GET')).rejects.toThrow('fetch failed');
    expect(server.counts.outage).toBe(2);
  });
});

describe('its end', () => {
  test('CF-6 comes by itself: after its time, and after so many requests', async () => {
    const short = await started({ lifeMs: 20 });
    await short.closed;
    const few = await started({ requestsMax: 2 });
    await ask(few, 'GET').catch(() => undefined);
    await ask(few, 'GET').catch(() => undefined);
    await few.closed;
    await expect(ask(few, 'GET')).rejects.toThrow('fetch failed');
  });

  test('CF-6 its port may be chosen, and is free afterwards', async () => {
    const first = await started();
    await first.close();
    const port = Number(new URL(first.url).port);
    const second = await started({ port });
    expect(second.url).toBe(first.url);
    await expect(startRecordServer({ port })).rejects.toThrow(/EADDRINUSE/);
  });
});

describe('httpHandler at it', () => {
  const run = (server: RecordServer) =>
    httpHandler({
      baseUrl: server.url,
      method: 'PUT',
      path: 'plans/{entity.id}',
      metaField: 'holdfast',
    });
  const edit = (payload: Json, given: Partial<Attempt>): Attempt =>
    attemptOf({
      ...{ type: 'plans.put', entity: { type: 'plan', id: 'p1' }, payload },
      meta: { vv: { 'phone-1': 1 }, actor: 'phone-1', hlc: { ms: 1, c: 0 } },
      ...given,
    });

  test('CF-1 CF-6 a lost answer, a conflict and a new round: the record is read and nothing is laid over', async () => {
    const server = await started({ requireConditions: true });
    const versions: (string | null)[] = [];
    const keepCurrent: Attempt['keepCurrent'] = ({ version }) => {
      versions.push(version);
    };
    const send = run(server);
    await send(edit({ a: 1 }, { condition: { absent: true }, idempotencyKey: 'k1', keepCurrent }));
    // Its answer was lost, and it comes again.
    await send(edit({ a: 1 }, { condition: { absent: true }, idempotencyKey: 'k1', keepCurrent }));
    expect(versions).toEqual(['"r1"', '"r1"']);
    server.put('/plans/p1', { a: 2 });
    const stale = edit({ a: 3 }, { condition: { version: '"r1"' }, idempotencyKey: 'k2' });
    const refused = (async () => await send(stale))().catch(failureOf);
    expect(await refused).toMatchObject({ failureClass: 'conflict', status: 412 });
    const current = await send.fetchCurrent(stale);
    expect(current).toEqual({ version: '"r2"', value: { a: 2 } });
    const condition = { version: current?.version ?? '' };
    await send(edit({ a: 5 }, { condition, idempotencyKey: 'k2-r1', keepCurrent }));
    expect(await send.fetchCurrent(stale)).toEqual({
      version: '"r3"',
      value: { a: 5 },
      meta: stale.meta,
    });
    expect(server.broken(['k1', 'k2-r1'])).toEqual([]);
  });
});
