import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { stepFailureOf } from '../../../actors/escalation/escalationStep.ts';
import type { EscalationNotice } from '../../../actors/port.ts';
import {
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { escalationChain } from '../../../src/crisis/escalationOptions.ts';

const notify = () => undefined;
const NOTICE: EscalationNotice = {
  ...{ eventId: 'e', idempotencyKey: 'e:on-call', operationId: 'o', subject: 's' },
  ...{ type: 'crisis.alert', tier: 'basic', step: 'on-call', call: 1, cause: 'notInTime' },
  ...{ failure: null, attempt: 1, acceptedAtMs: 1, escalatedAtMs: 2, count: 1, people: 1 },
  ...{ operationIds: ['o'], subjects: ['s'], again: false, notedBy: null, takenOnBy: null },
  ...{ ask: null, lapsesAtMs: null, saidSafeAtMs: null, test: false },
};

test('CR-5 what is not set has its default', () => {
  const [step] = escalationChain([{ name: 'on-call', notify }]);
  expect(step).toMatchObject({
    ...{ name: 'on-call', timeoutMs: 10_000, acknowledgeWithinMs: 300_000 },
    retry: { attemptsMax: 3, initialDelayMs: 1_000, delayMsMax: 10_000, multiplier: 2 },
  });
});

const on = (webhook: object) => [{ name: 'on-call', webhook }];
test.each([
  ['no name', [{ notify }], '[0].name'],
  ['a name with a space', [{ name: 'on call', notify }], '[0].name'],
  [
    'a name twice',
    [
      { name: 'a', notify },
      { name: 'a', notify },
    ],
    '[1].name',
  ],
  ['neither function nor webhook', [{ name: 'a' }], '[0]'],
  ['both', [{ name: 'a', notify, webhook: { url: 'https://a.example' } }], '[0]'],
  ['a misspelt field', [{ name: 'a', notify, timeout: 1 }], '[0].timeout'],
  ['no calls', [{ name: 'a', notify, retry: { attemptsMax: 0 } }], '[0].retry.attemptsMax'],
  ['http to another machine', on({ url: 'http://pager.example' }), '[0].webhook.url'],
  ['a password in the address', on({ url: 'https://a:b@pager.example' }), '[0].webhook.url'],
  ['a short secret', on({ url: 'https://a.example', secret: 'short' }), '[0].webhook.secret'],
  [
    'a header that can not be',
    on({ url: 'https://a.example', headers: { a: 'b\nc' } }),
    '[0].webhook.headers',
  ],
])('CR-5 UX-2 refuses %s, and names it', (_, chain, field) => {
  const make = () => escalationChain(chain as never);
  const code = 'HF_OPTION_INVALID';
  expect(make).toThrow(expect.objectContaining({ code, field: `crisis.escalation${field}` }));
});

/** Tells a step by a webhook at a server that answers so. */
async function tell(answer: RequestListener, more: { readonly timeoutMs?: number } = {}) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const error = await errorOf(`http://127.0.0.1:${port}/alarm?key=hidden`, more.timeoutMs);
  return { error, requests };
}

/** What a webhook at this address throws; `null` where it was told. */
async function errorOf(url: string, timeoutMs = 20_000): Promise<unknown> {
  const [step] = escalationChain(on({ url }) as never);
  const signal = AbortSignal.timeout(timeoutMs);
  return await Promise.resolve(step?.notify(NOTICE, { signal })).then(
    () => null,
    (thrown: unknown) => thrown,
  );
}

test.each([
  [204, null],
  [200, null],
  [302, 'refused'],
  [404, 'refused'],
  [409, 'refused'],
  [408, 'notHeard'],
  [425, 'notHeard'],
  [429, 'notHeard'],
  [500, 'notHeard'],
  [503, 'notHeard'],
] as const)('CR-5 a webhook that answers %i: %s', async (status, why) => {
  const { error, requests } = await tell((_, response) => {
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  expect(requests).toBe(1);
  expect(error === null ? null : stepFailureOf(error)).toEqual(why && { why, isThrown: false });
  expect(String(error)).not.toContain('hidden');
});

test('CR-5 a webhook that gets the notice and never answers, or breaks off, may have heard it', async () => {
  const silent = await tell(() => undefined, { timeoutMs: 300 });
  const broken = await tell((request) => request.socket.destroy());
  for (const { error } of [silent, broken]) {
    expect(stepFailureOf(error)).toEqual({ why: 'maybeHeard', isThrown: false });
  }
});

test('CR-5 a webhook whose port is closed, or whose handshake hangs, has not heard it', async () => {
  // It takes the connection, and speaks no TLS.
  const sockets = new Set<Socket>();
  const mute = createTcpServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => {
    mute.listen(0, '127.0.0.1', resolve);
  });
  const { port } = mute.address() as AddressInfo;
  const hanging = await errorOf(`https://127.0.0.1:${port}/alarm`, 500);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => {
    mute.close(resolve);
  });
  const closed = await errorOf(`http://127.0.0.1:${port}/alarm`);
  for (const error of [hanging, closed]) {
    expect(stepFailureOf(error)).toEqual({ why: 'notHeard', isThrown: false });
  }
});

test('CR-5 what a callback throws: a class that it says, the network, or nothing', () => {
  const of = (thrown: unknown) => stepFailureOf(thrown);
  expect(of(transientFailure('Away.'))).toEqual({ why: 'notHeard', isThrown: false });
  expect(of(unknownOutcome('Silent.'))).toEqual({ why: 'maybeHeard', isThrown: false });
  expect(of(permanentFailure('Never.'))).toEqual({ why: 'refused', isThrown: false });
  const away = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
  expect(of(away)).toEqual({ why: 'notHeard', isThrown: false });
  expect(of(new TypeError('A defect.'))).toEqual({ why: 'notHeard', isThrown: true });
  expect(of(new DOMException('aborted', 'AbortError'))).toEqual({
    ...{ why: 'maybeHeard', isThrown: false },
  });
});
