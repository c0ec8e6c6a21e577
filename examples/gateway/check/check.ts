/**
 * Checks the gateway as a whole, with real processes: payments flow while it is killed, replaced while it runs,
 * and killed again; then the ledger of the payment service says what was applied. Ends with 0 or 1 by itself.
 *
 * Controls, which must make it fail: `--plant double-apply` (the payment service forgets keys) and
 * `--plant forget-store` (the gateway keeps its store in memory).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyFile, upstreamKey } from 'holdfast';
import type { LedgerEntry } from 'holdfast/testing';
import { Client } from './client.js';
import { GatewayProcess, Process } from './processes.js';

const PAYMENTS = 200;
const CLIENTS = 10;
const ENDED = ['completed', 'deadLettered', 'cancelled', 'expired'];

/** Nothing of it outlives this, whatever happens. */
setTimeout(() => process.exit(1), 180_000).unref();
process.once('SIGTERM', () => process.exit(1));

const plant = process.argv[2] === '--plant' ? String(process.argv[3]) : 'nothing';
const failed: string[] = [];
function check(what: string, isSo: boolean): void {
  console.log(isSo ? 'ok  ' : 'NOT ', what);
  if (!isSo) failed.push(what);
}

const folder = await mkdtemp(join(tmpdir(), 'holdfast-gateway-'));
const keyFile = join(folder, 'holdfast.key');
await createKeyFile(keyFile);
const upstreams = new Process('check/upstreams.js', [plant]);
const urls = await upstreams.says((said) => 'payments' in said);
const ENVIRONMENT = {
  STORE: plant === 'forget-store' ? ':memory:' : join(folder, 'store'),
  KEY_FILE: keyFile,
  PAYMENTS_URL: String(urls['payments']),
  CARE_TEAM_URL: String(urls['payments']),
  PROFILES_URL: String(urls['profiles']),
};

const client = new Client();
let gateway: GatewayProcess | undefined;
async function startGateway(): Promise<GatewayProcess> {
  const started = new GatewayProcess(ENVIRONMENT);
  client.addresses.unshift(await started.url());
  client.addresses.length = Math.min(2, client.addresses.length);
  return started;
}

/** The id of each payment by its number. */
const ids = new Map<number, string>();
let next = 1;
/** The last that may be sent now: so that each kill comes in the midst of them. */
let last = 0;
function paymentOf(number: number) {
  return {
    method: 'POST',
    headers: { 'idempotency-key': `order-${number}` },
    body: { amountCents: 100 + number, currency: 'EUR', token: `tok_${number}` },
  };
}
/** The key under which the payment service sees it. */
function keyAtService(number: number): string {
  const idempotencyKey = `user-1:order-${number}`;
  return upstreamKey({ type: 'payments.push', subject: 'user-1', idempotencyKey });
}
async function pay(): Promise<void> {
  while (next <= PAYMENTS) {
    if (next > last) {
      await sleep(5);
      continue;
    }
    const number = next;
    next += 1;
    const sent = paymentOf(number);
    const { status, body } = await client.send('/payments', sent);
    if (status !== 202) throw new Error(`Payment ${number} was answered ${status}.`);
    ids.set(number, String(body['id']));
    // Some clients press the button twice.
    if (number % 10 === 0) {
      const again = await client.send('/payments', sent);
      if (again.body['id'] !== body['id']) failed.push(`order-${number} sent twice got two ids`);
    }
  }
}
/** Lets so many be accepted; the next of them are on their way then. */
async function accepted(count: number): Promise<void> {
  last = Math.min(PAYMENTS, count + 2 * CLIENTS);
  while (ids.size < count) await sleep(5);
}

async function payThroughKillsAndRestarts(): Promise<void> {
  gateway = await startGateway();
  await gateway.running();
  const paying = Promise.all(Array.from({ length: CLIENTS }, pay));
  paying.catch(() => undefined);

  await accepted(PAYMENTS * 0.2);
  await gateway.end('SIGKILL');
  console.log(`    killed with ${ids.size} payments accepted`);
  gateway = await startGateway();

  const old = gateway;
  await old.running();
  gateway = await startGateway();
  const [address = ''] = client.addresses;
  const waiting = await client.once(address, '/health/ready');
  check('a second process waits for the store while the first has it', waiting.status === 503);
  const tooEarly = await client.once(address, '/payments', paymentOf(0));
  check(
    'what it can not take yet is to be sent again, and says nothing of this machine',
    tooEarly.status === 503 && !JSON.stringify(tooEarly.body).includes(folder),
  );
  const early = await client.once(address, '/crisis', { method: 'POST', body: { said: 'help' } });
  check('and answers a crisis meanwhile', hasHelp(early.body));
  await accepted(PAYMENTS * 0.5);
  check('the first ends in good order at SIGTERM', (await old.end('SIGTERM')) === 0);
  await gateway.running();
  console.log(`    replaced with ${ids.size} payments accepted`);

  await accepted(PAYMENTS * 0.8);
  await gateway.end('SIGKILL');
  console.log(`    killed with ${ids.size} payments accepted`);
  last = PAYMENTS;
  gateway = await startGateway();
  await gateway.running();
  await paying;
}

async function checkPayments(): Promise<void> {
  const states = await Promise.all(
    [...ids.values()].map(async (id) => await client.settled(`/payments/${id}`, ENDED)),
  );
  const lost = states.filter(({ status }) => status !== 200).length;
  check(`${PAYMENTS} payments accepted, ${lost} lost`, ids.size === PAYMENTS && lost === 0);
  const completed = states.filter(({ body }) => body['state'] === 'completed').length;
  check(`${completed} of them completed`, completed === PAYMENTS);

  const ledger = await fetch(`${ENVIRONMENT.PAYMENTS_URL}/_ledger`);
  const entries = (await ledger.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerEntry);
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  const orders = [...ids.keys()].flatMap((number) => byKey.get(keyAtService(number)) ?? []);
  const missing = [...ids.keys()].filter((number) => !byKey.get(keyAtService(number))?.applied);
  const doubled = entries.filter(({ applied }) => applied > 1);
  const requests = orders.reduce((sum, { requested }) => sum + requested, 0);
  console.log(`    the payment service was asked ${requests} times, and cut off or failed many`);
  check(
    `by its ledger ${missing.length} payments are missing, ${doubled.length} doubled`,
    missing.length === 0 && doubled.length === 0 && orders.length === PAYMENTS,
  );
}

async function checkRefusals(): Promise<void> {
  const headers = { 'idempotency-key': 'bad-1' };
  const wrong = { amountCents: 'many', currency: 'EUR', token: 'tok_1' };
  const bad = await client.send('/payments', { method: 'POST', headers, body: wrong });
  check(
    'what is no payment is refused with the place of the fault',
    bad.status === 400 && bad.body['at'] === 'payload.amountCents',
  );
  const keyless = await client.send('/payments', { method: 'POST', body: wrong });
  check('a payment without a key is refused', keyless.status === 400);
  const other = { amountCents: 1, currency: 'EUR', token: 'tok_1' };
  const reused = await client.send('/payments', {
    method: 'POST',
    headers: { 'idempotency-key': 'order-1' },
    body: other,
  });
  check('another payment under a key that was used is refused', reused.status === 409);
  const unknown = await client.send('/payments/no-such-id');
  check('an unknown id is not found', unknown.status === 404);
  const foreign = await client.send(`/payments/${ids.get(1)}`, { headers: { 'x-user': 'user-2' } });
  check("somebody else's payment is not found", foreign.status === 404);
}

async function checkProfiles(): Promise<void> {
  const body = { name: 'Alex', email: 'alex@example.org' };
  const put = async (key: string, etag: string) =>
    await client.send('/profiles/p-1', {
      method: 'PUT',
      headers: { 'idempotency-key': key, 'if-match': etag },
      body,
    });
  const changeOf = (answer: { headers: Headers }) => String(answer.headers.get('location'));

  const seen = String((await client.send('/profiles/p-1')).headers.get('etag'));
  const first = await client.settled(changeOf(await put('change-1', seen)), ENDED);
  const current = (await client.send('/profiles/p-1')).headers.get('etag');
  check(
    'a change under the right ETag is made, and its new ETag is told',
    first.body['state'] === 'completed' && first.headers.get('etag') === current,
  );
  const change = changeOf(await put('change-2', seen));
  const stale = await client.settled(change, [...ENDED, 'conflicted']);
  check('a change under an old ETag is a conflict', stale.body['state'] === 'conflicted');
  const withdrawn = await client.send(change, { method: 'DELETE' });
  const redone = await client.settled(changeOf(await put('change-3', String(current))), ENDED);
  check(
    'withdrawn and made anew on what is there, it is made',
    withdrawn.status === 204 && redone.body['state'] === 'completed',
  );
  check('a change without If-Match is refused', (await put('change-4', '')).status === 400);
}

async function checkCrisis(): Promise<void> {
  const crisis = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const asked = await client.send('/crisis', { ...crisis, body: '{"said": "help' });
  check('a crisis in broken JSON is answered', asked.status === 200 && hasHelp(asked.body));
  const long = await client.send('/crisis', { ...crisis, body: `"${'a'.repeat(2_000_000)}"` });
  check('so is one that is far too long', long.status === 200 && hasHelp(long.body));
}

function hasHelp({ resources }: Record<string, unknown>): boolean {
  return JSON.stringify(resources).includes('Our team on call');
}

try {
  await payThroughKillsAndRestarts();
  await checkPayments();
  await checkRefusals();
  await checkProfiles();
  await checkCrisis();
  check('it ends in good order at SIGTERM', (await gateway?.end('SIGTERM')) === 0);
} catch (error) {
  failed.push(String(error));
} finally {
  await gateway?.end('SIGKILL');
  await upstreams.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
console.log(
  failed.length === 0
    ? `Each payment was taken exactly once; the client sent again ${client.repeats} times.`
    : `FAILED:\n  ${failed.join('\n  ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
