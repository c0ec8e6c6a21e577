import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../actors/operation/handler.ts';
import {
  type Failure,
  failureOf,
  mayBeApplied,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { type HttpHandlerOptions, httpHandler } from '../../../src/http/httpHandler.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { rawServer } from '../../support/process/rawServer.ts';

/** The failure of one attempt, as the engine reads it. */
async function failureFrom(
  options: HttpHandlerOptions,
  given: Partial<Attempt> = {},
  honoursIdempotencyKey = true,
): Promise<Failure> {
  try {
    await httpHandler(options)(attemptOf(given));
  } catch (error) {
    return failureOf(error, { honoursIdempotencyKey });
  }
  return expect.unreachable('the attempt succeeded');
}

async function answering(status: number): Promise<string> {
  const { url } = await rawServer((response) => {
    response.writeHead(status).end();
  });
  return url;
}

describe('RT-2 what an answer says of whether anything was changed', () => {
  test.each([
    [429, true],
    [503, true],
    [500, false],
    [502, false],
    [504, false],
    [408, false],
  ])('RT-2 %i: surely not applied %s', async (status, notApplied) => {
    const failure = await failureFrom({ baseUrl: await answering(status) });
    expect(failure.failureClass).toBe('transient');
    expect(failure.notApplied === true).toBe(notApplied);
    expect(mayBeApplied(failure)).toBe(status >= 500 && !notApplied);
  });

  test.each([
    [500, 'unknownOutcome', 'HF_OUTCOME_UNKNOWN'],
    [504, 'unknownOutcome', 'HF_OUTCOME_UNKNOWN'],
    [503, 'transient', 'HF_ATTEMPT_FAILED'],
    [429, 'transient', 'HF_ATTEMPT_FAILED'],
  ] as const)('RT-2 %i where no key is honoured is %s', async (status, failureClass, code) => {
    const failure = await failureFrom({ baseUrl: await answering(status) }, {}, false);
    expect(failure).toMatchObject({ failureClass, code, status });
  });

  test('RT-2 the statuses that mean so can be named', async () => {
    const none = { baseUrl: await answering(503), notAppliedStatuses: [] };
    expect((await failureFrom(none, {}, false)).failureClass).toBe('unknownOutcome');
    const other = { baseUrl: await answering(502), notAppliedStatuses: [502] };
    expect(await failureFrom(other, {}, false)).toMatchObject({
      failureClass: 'transient',
      notApplied: true,
    });
  });

  test('RT-2 a method that changes nothing has applied nothing', async () => {
    const failure = await failureFrom({ baseUrl: await answering(500) }, { method: 'GET' }, false);
    expect(failure).toMatchObject({ failureClass: 'transient', notApplied: true });
  });

  test('RT-2 UX-2 what is no list of statuses is refused at once', () => {
    for (const statuses of [[404], [503.5], ['503'], 503]) {
      const notAppliedStatuses = statuses as readonly number[];
      expect(() => httpHandler({ baseUrl: 'http://127.0.0.1', notAppliedStatuses })).toThrow(
        /notAppliedStatuses/,
      );
    }
  });
});

test('RT-2 what was never sent was never applied', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const refused = await failureFrom({ baseUrl: `http://127.0.0.1:${port}` });
  expect(refused).toMatchObject({ code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true });
  const noHeaders = await failureFrom({
    baseUrl: `http://127.0.0.1:${port}`,
    headers: () => {
      throw new Error('The token service is down.');
    },
  });
  expect(noHeaders).toMatchObject({ code: 'HF_ATTEMPT_FAILED', notApplied: true });
  // A handler of one's own that lets the error of fetch pass is read in the same way.
  const thrown = await fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
  expect(failureOf(thrown)).toMatchObject({ code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true });
});
