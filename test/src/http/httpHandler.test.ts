import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Attempt } from '../../../actors/operation/handler.ts';
import { failureOf } from '../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type HttpHandlerOptions, httpHandler } from '../../../src/http/httpHandler.ts';
import type { Misbehaviour } from '../../../src/simulator/network/misbehaviour.ts';
import {
  startMisbehavingUpstream,
  type UpstreamOptions,
} from '../../../src/testing/misbehavingUpstream.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { rawServer } from '../../support/process/rawServer.ts';

/** The failure of one attempt, as the engine reads it. */
async function failureFrom(options: HttpHandlerOptions, given: Partial<Attempt> = {}) {
  try {
    await httpHandler(options)(attemptOf(given));
  } catch (error) {
    return failureOf(error);
  }
  return expect.unreachable('the attempt succeeded');
}

async function upstream(options: UpstreamOptions = {}) {
  const started = await startMisbehavingUpstream({ lifeMs: 30_000, ...options });
  onTestFinished(async () => {
    await started.close();
  });
  return started;
}

async function upstreamThatAlways(how: Misbehaviour, options: UpstreamOptions = {}) {
  return upstream({ misbehaviour: { [how]: 1 }, ...options });
}

/** A signal that the engine would abort at the deadline. */
function deadlineIn(delayMs: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new HoldfastError('HF_ATTEMPT_TIMED_OUT', 'too late'));
  }, delayMs);
  return controller.signal;
}

describe('the request', () => {
  test('OP-3 carries payload, key, attempt number and trace', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({
      baseUrl: `${url}/v1`,
      headers: async (attempt) => ({
        authorization: `Bearer for ${attempt.subject}`,
        'idempotency-key': 'can not be replaced',
      }),
    });
    await run(attemptOf({ number: 3 }));
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/v1/payments/push',
        headers: expect.objectContaining({
          'content-type': 'application/json',
          accept: 'application/json',
          'idempotency-key': 'key-1',
          'holdfast-attempt': '3',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          authorization: 'Bearer for user-42',
        }),
        body: '{"amount":1}',
      },
    ]);
  });

  test('CR-4 OP-3 says what of a crisis is not as it was given, and of nothing else', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url });
    await run(attemptOf({ leftOut: ['subject', 'payload: card data masked'] }));
    await run(attemptOf());
    expect(seen.map(({ headers }) => headers['holdfast-left-out'])).toEqual([
      'subject, payload: card data masked',
      undefined,
    ]);
  });

  test('CR-2 says that a crisis is a trial run, and of nothing else', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url });
    await run(attemptOf({ isTest: true }));
    await run(attemptOf());
    expect(seen.map(({ headers }) => headers['holdfast-test'])).toEqual(['true', undefined]);
  });

  test('OP-3 may name its method and path; a read has no body', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url });
    await run(attemptOf({ method: 'PUT', path: 'plans/7?dry=1' }));
    await run(attemptOf({ method: 'GET', path: 'plans/7' }));
    expect(seen.map(({ method, url: path, body }) => [method, path, body])).toEqual([
      ['PUT', '/plans/7?dry=1', '{"amount":1}'],
      ['GET', '/plans/7', ''],
    ]);
  });

  test('OP-3 UX-2 one that leads out of the base URL, or that a header cannot carry, is never sent', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const invalid = { failureClass: 'permanent', code: 'HF_REQUEST_INVALID' };
    expect(await failureFrom({ baseUrl: url }, { path: '../x' })).toMatchObject(invalid);
    expect(await failureFrom({ baseUrl: url }, { method: 'TRACE' })).toMatchObject(invalid);
    expect(await failureFrom({ baseUrl: url }, { idempotencyKey: 'ключ' })).toMatchObject(invalid);
    expect(await failureFrom({ baseUrl: url }, { idempotencyKey: 'a\r\nb: c' })).toMatchObject(
      invalid,
    );
    expect(seen).toEqual([]);
  });

  test('RT-2 SE-5 a headers function that fails sends nothing, and a bad header is not quoted', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const failing = {
      baseUrl: url,
      headers: () => {
        throw new Error('token service is down');
      },
    };
    const failed = await failureFrom(failing);
    expect(failed).toMatchObject({ failureClass: 'transient' });
    expect(failed.message).toMatch(
      /^The headers function failed with Error at test\/src\/http\/httpHandler\.test\.ts:\d+; nothing was sent\.$/,
    );
    const bad = await failureFrom({
      baseUrl: url,
      headers: () => ({ authorization: 'secret\nx' }),
    });
    expect(bad).toMatchObject({ failureClass: 'permanent', code: 'HF_OPTION_INVALID' });
    expect(bad.message).not.toContain('secret');
    const hanging = { baseUrl: url, headers: async () => new Promise<never>(() => {}) };
    expect(await failureFrom(hanging, { signal: deadlineIn(20) })).toMatchObject({
      failureClass: 'transient',
      code: 'HF_ATTEMPT_TIMED_OUT',
    });
    expect(seen).toEqual([]);
  });

  test('UX-2 options that make no sense are refused at once', () => {
    const baseUrl = 'http://127.0.0.1';
    expect(() => httpHandler({ baseUrl: 'nowhere' })).toThrow(/baseUrl/);
    expect(() => httpHandler({ baseUrl, method: 'BREW' })).toThrow(/method/);
    expect(() => httpHandler({ baseUrl, responseBytesMax: -1 })).toThrow(/responseBytesMax/);
    const bad = 'secret' as unknown as Record<string, string>;
    expect(() => httpHandler({ baseUrl, headers: bad })).toThrow(/^headers must be an object/);
    expect(() => httpHandler({ baseUrl, headers: { authorization: 'secret\nx' } })).toThrow(
      /^headers must hold names and values that HTTP can carry\.$/,
    );
  });

  test('OP-3 headers may be an object', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const headers = { authorization: 'Bearer 1', 'idempotency-key': 'can not be replaced' };
    await httpHandler({ baseUrl: url, headers })(attemptOf());
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer 1',
      'idempotency-key': 'key-1',
    });
  });

  test('OP-3 CF-1 a base that is an entity tag goes out as If-Match where that is wanted', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const run = httpHandler({ baseUrl: url, ifMatchBase: true });
    await run(attemptOf({ base: '"v7"' }));
    await run(attemptOf({ base: 'W/"v7"' }));
    await run(attemptOf({ base: { version: 7 } }));
    await run(attemptOf());
    await httpHandler({ baseUrl: url })(attemptOf({ base: '"v7"' }));
    expect(seen.map(({ headers }) => headers['if-match'])).toEqual([
      '"v7"',
      'W/"v7"',
      undefined,
      undefined,
      undefined,
    ]);
    const date = 'Tue, 24 Nov 2026 07:05:00 GMT';
    await run(attemptOf({ base: date }));
    expect(seen.pop()?.headers).toMatchObject({ 'if-unmodified-since': date });
    const refused = await failureFrom({ baseUrl: url, ifMatchBase: true }, { base: 'v7' });
    expect(refused).toMatchObject({ failureClass: 'permanent', code: 'HF_REQUEST_INVALID' });
    expect(seen).toHaveLength(5);
  });

  test('OP-3 another fetch is used where one is given', async () => {
    const { url, seen } = await rawServer((response) => response.end());
    const asked: unknown[] = [];
    const run = httpHandler({
      baseUrl: url,
      fetch: async (...how) => {
        asked.push(how[0]);
        return await fetch(...how);
      },
    });
    await run(attemptOf());
    expect(asked).toHaveLength(1);
    expect(seen).toHaveLength(1);
    const broken = () => Promise.reject(new TypeError('of its own'));
    expect(await failureFrom({ baseUrl: url, fetch: broken })).toMatchObject({
      failureClass: 'unknownOutcome',
    });
  });
});

describe('the answer', () => {
  test.each([
    ['application/json', '{"ok":true}', { ok: true }],
    ['application/problem+json; charset=utf-8', '[1]', [1]],
    ['application/json', 'null', null],
    ['application/json', '', undefined],
    ['text/plain', 'fine', undefined],
  ])('OP-3 %s %j is read as %j', async (type, body, expected) => {
    const { url } = await rawServer((response) => {
      response.setHeader('content-type', type);
      response.end(body);
    });
    expect(await httpHandler({ baseUrl: url })(attemptOf())).toEqual(expected);
  });

  test.each([
    ['a web page of a captive portal', 'text/html; charset=utf-8', '<title>Log in</title>'],
    ['JSON that is cut short', 'application/json', '{"ok":'],
  ])('RT-2 a 200 with %s is not taken for an answer', async (_what, type, body) => {
    const { url } = await rawServer((response) => {
      response.setHeader('content-type', type);
      response.end(body);
    });
    const failure = await failureFrom({ baseUrl: url });
    expect(failure).toMatchObject({ failureClass: 'unknownOutcome', status: 200 });
    expect(failure.message).not.toContain('ok');
  });

  test.each([true, false])(
    'RT-2 one over the limit is refused (length declared: %s)',
    async (declared) => {
      const { url } = await rawServer((response) => {
        response.setHeader('content-type', 'application/json');
        if (declared) response.setHeader('content-length', 1_001);
        response.end(JSON.stringify('x'.repeat(999)));
      });
      const failure = await failureFrom({ baseUrl: url, responseBytesMax: 1_000 });
      expect(failure).toMatchObject({ failureClass: 'permanent', code: 'HF_RESPONSE_TOO_LARGE' });
      expect(
        await httpHandler({ baseUrl: url, responseBytesMax: 1_001 })(attemptOf()),
      ).toHaveLength(999);
    },
  );

  test.each([301, 302, 307, 308])('RT-2 redirect %i is not followed', async (status) => {
    const target = await rawServer((response) => response.end());
    const { url } = await rawServer((response) => {
      response.writeHead(status, { location: target.url }).end();
    });
    expect(await failureFrom({ baseUrl: url })).toMatchObject({
      failureClass: 'permanent',
      status,
    });
    expect(target.seen).toEqual([]);
  });

  test.each([
    [400, 'permanent', 'HF_UPSTREAM_REFUSED'],
    [422, 'permanent', 'HF_UPSTREAM_REFUSED'],
    [408, 'transient', 'HF_ATTEMPT_FAILED'],
    [409, 'conflict', 'HF_CONFLICT'],
    [412, 'conflict', 'HF_CONFLICT'],
    [500, 'transient', 'HF_ATTEMPT_FAILED'],
  ])(
    'RT-2 SE-5 status %i is %s, and its body is not repeated',
    async (status, failureClass, code) => {
      const { url } = await rawServer((response) => {
        response.writeHead(status).end('Ann is ill');
      });
      const failure = await failureFrom({ baseUrl: url }, { path: 'x?token=secret' });
      expect(failure).toMatchObject({ failureClass, code, status });
      expect(failure.message).not.toMatch(/Ann|secret/);
    },
  );

  test('RT-2 Retry-After is read, a date in it by the clock of the upstream', async () => {
    const { url } = await rawServer((response, request) => {
      response.sendDate = false;
      if (request.url === '/seconds') response.setHeader('retry-after', '7');
      if (request.url === '/date') {
        // Years from this machine's time: only the difference counts.
        response.setHeader('date', 'Sun, 06 Nov 1994 08:49:30 GMT');
        response.setHeader('retry-after', 'Sun, 06 Nov 1994 08:49:37 GMT');
      }
      response.writeHead(429).end();
    });
    expect(await failureFrom({ baseUrl: url }, { path: 'seconds' })).toMatchObject({
      retryAfterMs: 7_000,
    });
    expect(await failureFrom({ baseUrl: url }, { path: 'date' })).toMatchObject({
      retryAfterMs: 7_000,
    });
    expect((await failureFrom({ baseUrl: url }, { path: 'none' })).retryAfterMs).toBeUndefined();
  });
});

describe('no answer', () => {
  test('RT-2 a port where nobody listens got nothing: transient', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failureFrom({ baseUrl: `http://127.0.0.1:${port}` })).toMatchObject({
      failureClass: 'transient',
      code: 'HF_UPSTREAM_UNREACHABLE',
    });
  });

  test('RT-2 a name that does not resolve got nothing: transient', async () => {
    const options = { baseUrl: 'http://nowhere.invalid', allowInsecure: true };
    expect(await failureFrom(options)).toMatchObject({
      failureClass: 'transient',
      code: 'HF_UPSTREAM_UNREACHABLE',
    });
  });

  test.each(['droppedBefore', 'droppedAfterApplying'] as const)(
    'RT-2 a connection %s leaves the outcome unknown, for the caller cannot tell which it was',
    async (how) => {
      const { url, ledger } = await upstreamThatAlways(how);
      expect(await failureFrom({ baseUrl: url })).toMatchObject({
        failureClass: 'unknownOutcome',
        code: 'HF_OUTCOME_UNKNOWN',
      });
      expect(ledger.get('key-1')?.applied).toBe(how === 'droppedBefore' ? 0 : 1);
    },
  );

  test('RT-2 a read changes nothing, so a lost connection is transient', async () => {
    const { url } = await upstreamThatAlways('droppedBefore');
    expect(await failureFrom({ baseUrl: url }, { method: 'GET' })).toMatchObject({
      failureClass: 'transient',
    });
  });

  test('RT-2 a stall beyond the deadline leaves the outcome unknown, and the upstream applies it later', async () => {
    const { url, ledger } = await upstreamThatAlways('stalledThenApplied', { stallMs: 150 });
    expect(await failureFrom({ baseUrl: url }, { signal: deadlineIn(50) })).toMatchObject({
      failureClass: 'unknownOutcome',
      code: 'HF_ATTEMPT_TIMED_OUT',
    });
    await expect.poll(() => ledger.get('key-1')?.applied).toBe(1);
  });

  test('RT-2 the deadline also holds while the answer trickles in', async () => {
    const { url } = await upstreamThatAlways('trickled');
    expect(await httpHandler({ baseUrl: url })(attemptOf())).toMatchObject({ done: true });
    expect(
      await failureFrom({ baseUrl: url }, { signal: deadlineIn(60), idempotencyKey: 'key-2' }),
    ).toMatchObject({ failureClass: 'unknownOutcome', code: 'HF_ATTEMPT_TIMED_OUT' });
  });

  test('OP-5 an attempt that was cancelled beforehand is never sent, one under way says so', async () => {
    const { url, ledger } = await upstreamThatAlways('stalledThenApplied', { stallMs: 100 });
    const cancelled = new HoldfastError('HF_CANCELLED', 'cancelled');
    expect(
      await failureFrom({ baseUrl: url }, { signal: AbortSignal.abort(cancelled) }),
    ).toMatchObject({
      code: 'HF_CANCELLED',
      failureClass: 'transient',
    });
    expect(ledger.get('key-1')).toBeUndefined();
    const controller = new AbortController();
    const failure = failureFrom({ baseUrl: url }, { signal: controller.signal });
    await expect.poll(() => ledger.get('key-1')?.requested).toBe(1);
    controller.abort(cancelled);
    expect(await failure).toMatchObject({ code: 'HF_CANCELLED', failureClass: 'unknownOutcome' });
  });

  test('RT-2 an outage cuts off every request and then ends', async () => {
    const { url, counts, startOutage } = await upstream();
    startOutage(100);
    expect((await failureFrom({ baseUrl: url })).failureClass).toBe('unknownOutcome');
    expect(counts.outage).toBeGreaterThan(0);
    const run = httpHandler({ baseUrl: url });
    await expect
      .poll(async () => Promise.resolve(run(attemptOf())).catch(() => null))
      .toMatchObject({ done: true });
  });
});

describe('the idempotency key', () => {
  test('OP-3 a repeat after a lost answer is answered and not applied again', async () => {
    const { url, ledger } = await upstreamThatAlways('failed500AfterApplying');
    const run = httpHandler({ baseUrl: url });
    await expect(Promise.resolve(run(attemptOf()))).rejects.toMatchObject({ status: 500 });
    await expect(Promise.resolve(run(attemptOf({ number: 2 })))).rejects.toMatchObject({
      status: 500,
    });
    expect(ledger.get('key-1')).toMatchObject({ requested: 2, applied: 1, attempts: [1, 2] });
  });

  test('OP-3 control: an upstream that forgets keys shows as a duplicate in the ledger', async () => {
    const { url, ledger } = await upstream({ doubleApply: true });
    const run = httpHandler({ baseUrl: url });
    await run(attemptOf());
    await run(attemptOf({ number: 2 }));
    expect(ledger.summary()).toMatchObject({ applied: 2, duplicated: 1 });
  });

  test('RT-2 a key still worked on gets 409, transient after an unknown outcome', async () => {
    const { url } = await upstreamThatAlways('stalledThenApplied', { stallMs: 300 });
    await failureFrom({ baseUrl: url }, { signal: deadlineIn(50) });
    try {
      await httpHandler({ baseUrl: url })(attemptOf({ number: 2 }));
      expect.unreachable();
    } catch (error) {
      expect(failureOf(error, { afterUnknownOutcome: true })).toMatchObject({
        failureClass: 'transient',
        status: 409,
      });
    }
  });
});

test('SV-4 connections kept for later do not keep the process alive', async () => {
  const { url, seen } = await rawServer((response) => response.end());
  const script = `
    const { httpHandler } = await import(${JSON.stringify(join(builtProgram(), 'src/http/httpHandler.js'))});
    const signal = new AbortController().signal;
    await httpHandler({ baseUrl: ${JSON.stringify(url)} })({ type: 'a', method: null, path: null,
      payload: 1, idempotencyKey: 'k', traceparent: 't', number: 1, leftOut: [], signal,
      keepAnswer: () => undefined });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'inherit',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exitCode = await new Promise((resolve) => child.once('exit', resolve));
  expect({ exitCode, requests: seen.length }).toEqual({ exitCode: 0, requests: 1 });
});
