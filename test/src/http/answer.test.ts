import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { UpstreamAnswer } from '../../../machines/vocabulary/upstreamAnswer.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { type HttpHandlerOptions, httpHandler } from '../../../src/http/httpHandler.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { rawServer } from '../../support/process/rawServer.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const REQUEST = {
  type: 'payments.push',
  subject: 'user-42',
  tier: 'premium',
  payload: { amount: 1 },
} as const;
const KEY = rawKey(new Uint8Array(32).fill(7));

/** What one attempt keeps, whether it succeeds or fails. */
async function keptFrom(
  answer: (response: ServerResponse) => void,
  options: Partial<HttpHandlerOptions> = {},
): Promise<UpstreamAnswer | undefined> {
  const { url } = await rawServer(answer);
  let kept: UpstreamAnswer | undefined;
  const keepAnswer = (given: UpstreamAnswer): void => {
    kept = given;
  };
  const run = httpHandler({ baseUrl: url, ...options });
  await Promise.resolve(run(attemptOf({ keepAnswer }))).catch(() => undefined);
  return kept;
}

function refusal(contentType: string, body: string | Uint8Array) {
  return (response: ServerResponse): void => {
    response.writeHead(402, contentType === '' ? {} : { 'content-type': contentType });
    response.end(body);
  };
}

describe('what httpHandler keeps', () => {
  test('OP-3 of a success the status and the headers that somebody asks for later', async () => {
    const kept = await keptFrom((response) => {
      response.writeHead(201, {
        'content-type': 'application/json',
        etag: '"v8"',
        location: '/payments/7',
        'x-request-id': 'r-1',
        'set-cookie': 'session=secret',
        'x-other': 'not kept',
      });
      response.end('{"id":7}');
    });
    expect(kept).toEqual({
      status: 201,
      headers: { etag: '"v8"', location: '/payments/7', 'x-request-id': 'r-1' },
    });
  });

  test('OP-3 the headers that are named, and no others', async () => {
    const answer = (response: ServerResponse): void => {
      response.writeHead(200, { etag: '"v8"', 'x-other': 'o'.repeat(2_000) });
      response.end();
    };
    const kept = await keptFrom(answer, { keepHeaders: ['X-Other', 'x-absent'] });
    expect(kept?.headers).toEqual({ 'x-other': 'o'.repeat(1_024) });
    expect((await keptFrom(answer, { keepHeaders: [] }))?.headers).toEqual({});
    const wrong = { baseUrl: 'http://127.0.0.1:1', keepHeaders: ['two words'] };
    expect(() => httpHandler(wrong)).toThrow(/keepHeaders.*must be the name of a header/u);
  });

  test.each([
    ['JSON as a value', 'application/problem+json', '{"code":"no_funds"}', { code: 'no_funds' }],
    ['what is no JSON as text', 'application/json', '{"code":', '{"code":'],
    ['text as text', 'text/plain; charset=utf-8', 'No funds.', 'No funds.'],
    ['what says nothing of its form as text', '', 'No funds.', 'No funds.'],
    ['nothing of an empty body', 'application/json', '', undefined],
    ['nothing of what is no text', 'image/png', 'png', undefined],
    ['as much as is kept of what is long', 'text/plain', 'é'.repeat(20_000), 'é'.repeat(8_192)],
    [
      'JSON that is cut as text',
      'application/json',
      `"${'a'.repeat(20_000)}"`,
      `"${'a'.repeat(16_383)}`,
    ],
  ])('OP-3 of a refusal %s', async (_, contentType, body, expected) => {
    const kept = await keptFrom(refusal(contentType, body));
    expect(kept?.status).toBe(402);
    expect(kept?.body).toEqual(expected);
  });

  test('OP-3 of a refusal that is packed what it says', async () => {
    const kept = await keptFrom((response) => {
      response.writeHead(422, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"code":"no_funds"}'));
    });
    expect(kept).toEqual({ status: 422, headers: {}, body: { code: 'no_funds' } });
  });

  test('OP-3 of an answer of another fetch whose body was read the status', async () => {
    const fetchAndRead: typeof fetch = async (...how) => {
      const response = await fetch(...how);
      await response.text();
      return response;
    };
    const kept = await keptFrom(refusal('text/plain', 'No funds.'), { fetch: fetchAndRead });
    expect(kept).toEqual({ status: 402, headers: {} });
  });

  test('OP-6 a refusal whose body never ends holds up the attempt for a second at most', async () => {
    const kept = await keptFrom((response) => {
      response.writeHead(503, { 'content-type': 'text/plain' });
      response.write('busy');
    });
    expect(kept).toEqual({ status: 503, headers: {}, body: 'busy' });
  });
});

describe('where it goes', () => {
  /** A runtime over this store, with an upstream that answers as told. */
  async function runtimeOver(store: string, answer: (response: ServerResponse) => void) {
    const { url } = await rawServer(answer);
    const runtime = createRuntime({
      store,
      key: KEY,
      handlers: { 'payments.push': { upstream: 'default', run: httpHandler({ baseUrl: url }) } },
    });
    onTestFinished(async () => {
      await runtime.close();
    });
    return runtime;
  }

  test('OP-3 into the outcome, also of a later process', async () => {
    const store = join(tempFolder(), 'store');
    const runtime = await runtimeOver(store, (response) => {
      response.writeHead(200, { 'content-type': 'application/json', etag: '"v8"' });
      response.end('{"id":7}');
    });
    const { id, outcome } = await runtime.sync(REQUEST);
    const answer = { status: 200, headers: { etag: '"v8"' } };
    expect(await outcome).toMatchObject({ status: 'completed', response: { id: 7 }, answer });
    await runtime.close();
    const later = await runtimeOver(store, (response) => response.end());
    expect(await later.operations.get(id).outcome).toMatchObject({ response: { id: 7 }, answer });
  });

  test('OP-5 SE-5 of a dead letter by a call of its own, sealed, with its card data masked', async () => {
    const store = join(tempFolder(), 'store');
    const said = JSON.stringify({ why: 'canary-of-the-upstream', pan: '4111 1111 1111 1111' });
    const runtime = await runtimeOver(store, refusal('application/json', said));
    const { id, outcome } = await runtime.sync(REQUEST);
    const body = { why: 'canary-of-the-upstream', pan: expect.stringMatching(/^\D+1111$/u) };
    const ended = await outcome;
    expect(ended).toMatchObject({ status: 'deadLettered', answer: { status: 402, body } });
    expect(JSON.stringify(ended.status === 'deadLettered' && ended.error)).not.toContain('canary');
    expect(JSON.stringify(await runtime.deadLetters.show(id))).not.toContain('canary');
    expect(JSON.stringify(await runtime.operations.get(id).view())).not.toContain('canary');
    expect(await runtime.deadLetters.answer(id)).toMatchObject({ status: 402, body });
    await runtime.close();
    for (const name of await readdir(store)) {
      const bytes = await readFile(join(store, name)).catch(() => Buffer.alloc(0));
      expect(bytes.includes('canary-of-the-upstream'), name).toBe(false);
    }
    const later = await runtimeOver(store, (response) => response.end());
    expect(await later.deadLetters.answer(id)).toMatchObject({ status: 402, body });
  });

  test('OP-3 of the last attempt, not of one before it', async () => {
    const answers = [503, 503, 200];
    const runtime = await runtimeOver(':memory:', (response) => {
      const status = answers.shift() ?? 200;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 503 ? '{"busy":true}' : '{"id":7}');
    });
    const { outcome } = await runtime.sync(REQUEST);
    expect(await outcome).toMatchObject({ attempts: 1, answer: { status: 200, headers: {} } });
    expect((await outcome).answer).not.toHaveProperty('body');
  });

  test('OP-6 a body that is too long is left out, and onError is told', async () => {
    const told: unknown[] = [];
    const runtime = createRuntime({
      store: ':memory:',
      onError: (error) => told.push(error),
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: ({ keepAnswer }) => {
            keepAnswer({ status: 418, body: 'x'.repeat(70_000) });
            return null;
          },
        },
      },
    });
    const { outcome } = await runtime.sync(REQUEST);
    expect((await outcome).answer).toEqual({ status: 418 });
    await runtime.close();
    expect(told).toMatchObject([{ code: 'HF_RESPONSE_TOO_LARGE' }]);
  });
});
