import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Attempt, TakenRecord } from '../../../actors/operation/handler.ts';
import { encodeMeta } from '../../../machines/merge/clock/carriedMeta.ts';
import { callReportOf, failureOf } from '../../../machines/policy/retry/classifyFailure.ts';
import type { RecordMeta } from '../../../machines/vocabulary/record.ts';
import { type HttpHandlerOptions, httpHandler } from '../../../src/http/httpHandler.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { rawServer } from '../../support/process/rawServer.ts';

const META: RecordMeta = {
  vv: { 'phone-1': 2, srv: 1 },
  actor: 'phone-1',
  hlc: { ms: 1_764_032_604_000, c: 3 },
  tombstones: [{ path: '/contacts/c2', confirmed: true, by: 'p-17', at: 7, reason: 'moved' }],
  heard: { 'phone-1': 5 },
};

const ENTITY = { type: 'plan', id: 'p 1/2' };
const EDIT: Partial<Attempt> = {
  type: 'plans.put',
  entity: ENTITY,
  payload: { title: 'a' },
  condition: { version: '"v7"' },
  meta: encodeMeta(META),
};
const PLANS = { method: 'PUT', path: 'plans/{entity.id}' } as const;

function answering(status: number, headers: Record<string, string> = {}, body?: string) {
  return (response: ServerResponse) => response.writeHead(status, headers).end(body);
}

/** What an edit tells that the upstream holds now. */
async function taken(
  answer: (response: ServerResponse) => void,
  given: Partial<Attempt> = {},
  options: Partial<HttpHandlerOptions> = {},
): Promise<readonly TakenRecord[]> {
  const { url } = await rawServer(answer);
  const kept: TakenRecord[] = [];
  const keepCurrent = (current: TakenRecord): number => kept.push(current);
  await httpHandler({ baseUrl: url, ...PLANS, ...options })(
    attemptOf({ ...EDIT, keepCurrent, ...given }),
  );
  return kept;
}

async function failureFrom(work: Promise<unknown>): Promise<ReturnType<typeof failureOf>> {
  try {
    await work;
  } catch (error) {
    return failureOf(error);
  }
  return expect.unreachable('it succeeded');
}

describe('what an edit is held to', () => {
  test('CF-1 CF-6 a tag goes out as If-Match, a date as If-Unmodified-Since, and nothing as If-None-Match', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url, ...PLANS });
    const date = 'Tue, 24 Nov 2026 07:05:00 GMT';
    for (const version of ['"v7"', 'W/"7"', 'sha256:89e8', date]) {
      await run(attemptOf({ ...EDIT, condition: { version } }));
    }
    await run(attemptOf({ ...EDIT, condition: { absent: true } }));
    const conditions = seen.map(({ headers }) => [
      headers['if-match'],
      headers['if-unmodified-since'],
      headers['if-none-match'],
    ]);
    expect(conditions).toEqual([
      ['"v7"', undefined, undefined],
      ['W/"7"', undefined, undefined],
      ['sha256:89e8', undefined, undefined],
      [undefined, date, undefined],
      [undefined, undefined, '*'],
    ]);
    expect(seen.map((request) => request.url)).toEqual(seen.map(() => '/plans/p%201%2F2'));
  });

  test.each([['*'], ['"a", "b"'], ['a,b'], ['two words'], ['"täg"'], ['a\r\nb: c']])(
    'CF-6 %j is no version of one record, and nothing is sent',
    async (version) => {
      const { url, seen } = await rawServer((response) => response.end());
      const run = httpHandler({ baseUrl: url, ...PLANS });
      const attempt = attemptOf({ ...EDIT, condition: { version } });
      expect(await failureFrom(Promise.resolve(run(attempt)))).toMatchObject({
        failureClass: 'permanent',
        code: 'HF_REQUEST_INVALID',
      });
      expect(seen).toEqual([]);
    },
  );

  test('CF-6 it replaces what ifMatchBase and headers would say', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const headers = { 'if-match': '"of the app"', 'content-type': 'application/fhir+json' };
    const run = httpHandler({ baseUrl: url, ...PLANS, ifMatchBase: true, headers });
    await run(attemptOf({ ...EDIT, base: '"v6"' }));
    expect(seen[0]?.headers).toMatchObject({
      'if-match': '"v7"',
      'content-type': 'application/fhir+json',
    });
  });

  test('CF-6 an edit and a read ask for no compression, which would change the tag', async () => {
    const { url, seen } = await rawServer(
      answering(200, { etag: '"1"', 'content-type': 'application/json' }, '{}'),
    );
    const run = httpHandler({ baseUrl: url, ...PLANS });
    await run(attemptOf(EDIT));
    await run.fetchCurrent(attemptOf(EDIT));
    await run(attemptOf({ entity: ENTITY }));
    const asked = seen.map(({ headers }) => headers['accept-encoding']);
    expect(asked.slice(0, 2)).toEqual(['identity', 'identity']);
    expect(asked[2]).not.toBe('identity');
  });
});

describe('what an upstream says that it holds', () => {
  test.each<[string, number, Record<string, string>, string | null]>([
    ['a tag of a 200', 200, { etag: '"v8"' }, '"v8"'],
    ['a tag of a 201', 201, { etag: '"v8"' }, '"v8"'],
    ['a tag of a 204', 204, { etag: 'W/"8"' }, 'W/"8"'],
    ['a tag without quotation marks', 200, { etag: 'v8' }, 'v8'],
    [
      'a date that is a second old',
      200,
      { 'last-modified': 'Tue, 24 Nov 2026 07:05:00 GMT', date: 'Tue, 24 Nov 2026 07:05:01 GMT' },
      'Tue, 24 Nov 2026 07:05:00 GMT',
    ],
    [
      'no date of the same second',
      200,
      { 'last-modified': 'Tue, 24 Nov 2026 07:05:00 GMT', date: 'Tue, 24 Nov 2026 07:05:00 GMT' },
      null,
    ],
    ['nothing', 200, {}, null],
    ['no tags that are several', 200, { etag: '"a", "b"' }, null],
    ['no star', 200, { etag: '*' }, null],
    ['no tag of any length', 200, { etag: `"${'x'.repeat(1_023)}"` }, null],
  ])('CF-6 %s is the next version', async (_, status, headers, version) => {
    expect(await taken(answering(status, headers))).toEqual([{ version }]);
  });

  test('CF-6 the tag of an answer to a POST or a DELETE may be that of something else', async () => {
    const answer = answering(200, { etag: '"v8"' });
    expect(await taken(answer, { method: 'POST' })).toEqual([{ version: null }]);
    expect(await taken(answer, { method: 'DELETE' })).toEqual([{ version: null }]);
    expect(await taken(answer, { method: 'PATCH' })).toEqual([{ version: '"v8"' }]);
  });

  test('CF-6 a record in the answer is what the upstream made of it, where the answer says so', async () => {
    const headers = { etag: '"v8"', 'content-type': 'application/json' };
    const text = JSON.stringify({ title: 'A', at: 1, hf: encodeMeta(META) });
    const of = async (location: string) =>
      await taken(
        answering(200, { ...headers, 'content-location': location }, text),
        {},
        { metaField: 'hf' },
      );
    expect(await of('/plans/p%201%2F2')).toEqual([
      { version: '"v8"', value: { title: 'A', at: 1 }, meta: META },
    ]);
    expect(await of('/plans/other')).toEqual([{ version: '"v8"' }]);
    expect(await of('http://[')).toEqual([{ version: '"v8"' }]);
  });

  test('CF-6 what is no edit tells nothing of a record', async () => {
    const plain = { condition: undefined, meta: undefined };
    expect(await taken(answering(200, { etag: '"v8"' }), plain)).toEqual([]);
  });
});

describe('refusals of an edit', () => {
  test.each<[number, Attempt['condition'], string]>([
    [412, { version: '"v7"' }, 'conflict'],
    [409, { version: '"v7"' }, 'conflict'],
    [404, { version: '"v7"' }, 'conflict'],
    [410, { version: '"v7"' }, 'conflict'],
    [412, { absent: true }, 'conflict'],
    [304, { absent: true }, 'conflict'],
    [404, { absent: true }, 'permanent'],
    [304, { version: '"v7"' }, 'permanent'],
    [404, undefined, 'permanent'],
    [422, { version: '"v7"' }, 'permanent'],
  ])('CF-6 RT-2 %i to %j', async (status, condition, failureClass) => {
    const { url } = await rawServer(answering(status));
    const run = httpHandler({ baseUrl: url, ...PLANS });
    const attempt = attemptOf({ ...EDIT, condition });
    const failure = await failureFrom(Promise.resolve(run(attempt)));
    expect(failure).toMatchObject({ failureClass, status });
  });

  test('UX-2 CF-6 a weak tag that does not match, and a missing condition, are told of', async () => {
    const { url } = await rawServer((response, { method }) => {
      answering(method === 'PUT' ? 412 : 428)(response);
    });
    const run = httpHandler({ baseUrl: url, path: PLANS.path });
    const of = async (given: Partial<Attempt>): Promise<string> =>
      (await failureFrom(Promise.resolve(run(attemptOf({ ...EDIT, ...given }))))).message;
    expect(await of({ method: 'PUT', condition: { version: 'W/"7"' } })).toMatch(/is weak/);
    expect(await of({ method: 'PUT' })).toBe('The upstream answered 412.');
    expect(await of({ method: 'PATCH' })).toMatch(/no change without a condition.*conflicts/);
  });
});

describe('reading a record', () => {
  const json = { 'content-type': 'application/json' };

  test('CF-6 gives its value and its version, and sends no more than it has to', async () => {
    const { url, seen } = await rawServer(
      answering(200, { ...json, etag: '"v7"' }, '{"title":"a"}'),
    );
    const headers = {
      authorization: 'Bearer 1',
      'if-match': '"x"',
      'if-none-match': '"x"',
      range: 'bytes=0-1',
      'content-type': 'application/fhir+json',
    };
    const run = httpHandler({ baseUrl: url, ...PLANS, headers: () => headers });
    expect(await run.fetchCurrent(attemptOf(EDIT))).toEqual({
      version: '"v7"',
      value: { title: 'a' },
    });
    expect(seen).toMatchObject([{ method: 'GET', url: '/plans/p%201%2F2', body: '' }]);
    const sent = seen[0]?.headers ?? {};
    expect(sent).toMatchObject({ accept: 'application/json', authorization: 'Bearer 1' });
    const never = ['idempotency-key', 'content-type', 'if-match', 'if-none-match', 'range'];
    for (const name of never) expect(sent).not.toHaveProperty([name]);
  });

  test('CF-6 goes where the edit goes: to the path of the request, or that of its type', async () => {
    const { url, seen } = await rawServer(answering(404));
    await httpHandler({ baseUrl: url, ...PLANS }).fetchCurrent(
      attemptOf({ ...EDIT, path: 'own/1' }),
    );
    await httpHandler({ baseUrl: url }).fetchCurrent(attemptOf(EDIT));
    expect(seen.map((request) => request.url)).toEqual(['/own/1', '/plans/put']);
  });

  test.each([404, 410])('CF-6 %i: there is none', async (status) => {
    const { url } = await rawServer(answering(status, json, '{"error":"gone"}'));
    expect(await httpHandler({ baseUrl: url }).fetchCurrent(attemptOf(EDIT))).toBeNull();
  });

  test.each<[string, (response: ServerResponse) => void, object]>([
    ['401', answering(401), { failureClass: 'permanent', status: 401 }],
    ['302', answering(302, { location: '/x' }), { failureClass: 'permanent', status: 302 }],
    ['503', answering(503, { 'retry-after': '2' }), { failureClass: 'transient', status: 503 }],
    ['500', answering(500), { failureClass: 'transient', notApplied: true }],
    ['409', answering(409), { failureClass: 'transient', notApplied: true }],
    [
      'a login page',
      answering(200, { 'content-type': 'text/html', etag: '"1"' }, '<html>'),
      { failureClass: 'transient', notApplied: true },
    ],
    [
      'JSON that is none',
      answering(200, { ...json, etag: '"1"' }, '{"title":'),
      { failureClass: 'transient', notApplied: true },
    ],
    [
      'no body',
      answering(200, { etag: '"1"' }),
      { failureClass: 'permanent', code: 'HF_UPSTREAM_REFUSED' },
    ],
    [
      'no validator',
      answering(200, json, '{}'),
      {
        failureClass: 'permanent',
        message: expect.stringContaining('Have it send ETag') as string,
      },
    ],
    [
      'too much',
      answering(200, { ...json, etag: '"1"' }, JSON.stringify('x'.repeat(200))),
      {
        failureClass: 'permanent',
        code: 'HF_RESPONSE_TOO_LARGE',
        message: expect.stringContaining('The record that the upstream holds is larger') as string,
      },
    ],
    [
      'a broken connection',
      (response) => response.socket?.destroy(),
      { failureClass: 'transient', notApplied: true },
    ],
  ])('CF-6 RT-2 %s', async (_, answer, failure) => {
    const { url } = await rawServer(answer);
    const run = httpHandler({ baseUrl: url, ...PLANS, responseBytesMax: 100 });
    const work = Promise.resolve(run.fetchCurrent(attemptOf(EDIT)));
    expect(await failureFrom(work)).toMatchObject(failure);
  });

  test.each([
    ['a login page', answering(200, { 'content-type': 'text/html', etag: '"1"' }, '<html>')],
    ['JSON that is none', answering(200, { ...json, etag: '"1"' }, '{"title":')],
    ['a broken connection', (response: ServerResponse) => response.socket?.destroy()],
  ])('CF-6 CB-1 %s is no answer of the upstream', async (_, answer) => {
    const { url } = await rawServer(answer);
    const work = Promise.resolve(httpHandler({ baseUrl: url }).fetchCurrent(attemptOf(EDIT)));
    expect(callReportOf(await failureFrom(work), false)).toEqual({ sign: 'busy' });
  });

  test('CF-6 RT-2 it ends with its signal, whatever the upstream does', async () => {
    const { url, seen } = await rawServer(() => undefined);
    const controller = new AbortController();
    const run = httpHandler({ baseUrl: url, ...PLANS });
    const read = run.fetchCurrent(attemptOf({ ...EDIT, signal: controller.signal }));
    await expect.poll(() => seen.length).toBe(1);
    controller.abort();
    expect(await failureFrom(Promise.resolve(read))).toMatchObject({ failureClass: 'transient' });
    const late = run.fetchCurrent(attemptOf({ ...EDIT, signal: controller.signal }));
    expect(await failureFrom(Promise.resolve(late))).toMatchObject({ failureClass: 'transient' });
    expect(seen).toHaveLength(1);
  });

  test('CF-6 a record that was changed in this second, and has a date alone, is read again', async () => {
    const dates = ['07:05:00', '07:05:00', '07:05:01'];
    const { url, seen } = await rawServer((response) => {
      const date = `Tue, 24 Nov 2026 ${dates[seen.length - 1] ?? ''} GMT`;
      const modified = 'Tue, 24 Nov 2026 07:05:00 GMT';
      answering(200, { ...json, date, 'last-modified': modified }, `${seen.length}`)(response);
    });
    expect(await httpHandler({ baseUrl: url }).fetchCurrent(attemptOf(EDIT))).toEqual({
      version: 'Tue, 24 Nov 2026 07:05:00 GMT',
      value: 3,
    });
  });

  test('CF-6 one that is changed every second is read later', async () => {
    const headers = {
      ...json,
      date: 'Tue, 24 Nov 2026 07:05:00 GMT',
      'last-modified': 'Tue, 24 Nov 2026 07:05:00 GMT',
    };
    const { url, seen } = await rawServer(answering(200, headers, '1'));
    const work = Promise.resolve(httpHandler({ baseUrl: url }).fetchCurrent(attemptOf(EDIT)));
    expect(await failureFrom(work)).toMatchObject({
      failureClass: 'transient',
      retryAfterMs: 1_000,
    });
    expect(seen).toHaveLength(3);
  });
});

describe('what travels with a record', () => {
  test('CF-1 goes out in the field that is named, and comes back from there', async () => {
    let held = '';
    const { url, seen } = await rawServer((response, { method }) => {
      if (method === 'PUT') {
        held = seen[0]?.body ?? '';
        answering(204, { etag: '"1"' })(response);
      } else answering(200, { 'content-type': 'application/json', etag: '"1"' }, held)(response);
    });
    const run = httpHandler({ baseUrl: url, ...PLANS, metaField: 'holdfast' });
    await run(attemptOf(EDIT));
    expect(JSON.parse(held)).toEqual({ title: 'a', holdfast: encodeMeta(META) });
    expect(await run.fetchCurrent(attemptOf(EDIT))).toEqual({
      version: '"1"',
      value: { title: 'a' },
      meta: META,
    });
  });

  test('CF-1 does not travel where no field is named, and not with what is no object', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    await httpHandler({ baseUrl: url, ...PLANS })(attemptOf(EDIT));
    const run = httpHandler({ baseUrl: url, ...PLANS, metaField: 'hf' });
    await run(attemptOf({ ...EDIT, payload: ['a'] }));
    await run(attemptOf({ ...EDIT, payload: null }));
    await run(attemptOf({ ...EDIT, condition: undefined, meta: undefined, payload: { hf: 1 } }));
    expect(seen.map(({ body }) => body)).toEqual(['{"title":"a"}', '["a"]', 'null', '{"hf":1}']);
  });

  test('UX-2 CF-1 a payload that has the field itself is refused, and nothing is sent', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url, ...PLANS, metaField: 'hf' });
    const attempt = attemptOf({ ...EDIT, payload: { hf: 1 } });
    expect(await failureFrom(Promise.resolve(run(attempt)))).toMatchObject({
      failureClass: 'permanent',
      code: 'HF_REQUEST_INVALID',
    });
    expect(seen).toEqual([]);
  });

  test.each<[unknown]>([
    [null],
    ['x'],
    [{}],
    [{ ...META, vv: 7 }],
    [{ ...META, hlc: { ms: 'x' } }],
  ])(
    'CF-2 what others put into the field, such as %j, is no meta and no part of the value',
    async (said) => {
      const text = JSON.stringify({ title: 'a', hf: said });
      const { url } = await rawServer(
        answering(200, { 'content-type': 'application/json', etag: '"1"' }, text),
      );
      const run = httpHandler({ baseUrl: url, ...PLANS, metaField: 'hf' });
      expect(await run.fetchCurrent(attemptOf(EDIT))).toEqual({
        version: '"1"',
        value: { title: 'a' },
      });
    },
  );
});

describe('options for records', () => {
  const baseUrl = 'https://api.example.com';
  test.each<[object, RegExp]>([
    [{ path: 'plans/{id}' }, /path may name \{entity\.id\}, \{entity\.type\}, \{subject\}/],
    [{ path: '../plans/{entity.id}' }, /path must not hold/],
    [{ path: 'plans {entity.id}' }, /path must be printable/],
    [{ path: '' }, /path must be a text/],
    [{ metaField: '' }, /metaField must be the name of a field/],
    [{ metaField: 'x'.repeat(129) }, /metaField must be the name of a field/],
  ])('UX-2 %j is refused', (options, message) => {
    expect(() => httpHandler({ baseUrl, ...options })).toThrow(message);
  });

  test('UX-2 OP-9 a path that names an entity needs one, and no id leads elsewhere', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: `${url}/v1`, path: '{subject}/{entity.type}' });
    await run(attemptOf({ subject: 'a/b?c#d', entity: ENTITY }));
    for (const given of [{ entity: null }, { subject: 'a/../..', entity: ENTITY }]) {
      const work = (async () => await run(attemptOf(given)))();
      expect(await failureFrom(work)).toMatchObject({
        failureClass: 'permanent',
        code: 'HF_REQUEST_INVALID',
      });
    }
    expect(seen.map((request) => request.url)).toEqual(['/v1/a%2Fb%3Fc%23d/plan']);
  });
});
