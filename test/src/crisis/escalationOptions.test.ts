import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { EscalationNotice } from '../../../actors/port.ts';
import { escalationChain } from '../../../src/crisis/escalationOptions.ts';

const notify = () => undefined;
const NOTICE: EscalationNotice = {
  ...{ eventId: 'e', idempotencyKey: 'e:on-call', operationId: 'o', subject: 's' },
  ...{ type: 'crisis.alert', tier: 'basic', step: 'on-call', call: 1, cause: 'notInTime' },
  ...{ failure: null, attempt: 1, acceptedAtMs: 1, escalatedAtMs: 2 },
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

test.each([
  [204, true],
  [200, true],
  [302, false],
  [404, false],
  [500, false],
])('CR-5 a webhook that answers %i: told is %s', async (status, isTold) => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const [step] = escalationChain(on({ url: `http://127.0.0.1:${port}/alarm?key=hidden` }) as never);
  const { signal } = new AbortController();
  const error: unknown = await Promise.resolve(step?.notify(NOTICE, { signal })).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect([error === null, requests]).toEqual([isTold, 1]);
  expect(String(error)).not.toContain('hidden');
});
