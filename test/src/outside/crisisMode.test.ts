import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type MisbehavingUpstream, startMisbehavingUpstream } from '../../../src/testing/index.ts';
import { call, OutsideProcess, until } from '../../support/process/outsideProcess.ts';

const PLAN = { resources: [{ kind: 'contact', name: 'Sam', phone: '+49 30 1234567' }] } as const;
const BY = { id: 'ann', role: 'clinician' };

/** What an outside caller is told of a crisis of this subject. */
async function told(socket: string, subject: string): Promise<readonly [unknown, unknown]> {
  const { body } = await call(socket, '/crisis', { body: JSON.stringify({ subject }) });
  return [body.crisisMode, body.plan];
}

test('CR-6 CR-1 CR-3 outside callers are told of it, and of the plan, while the event loop is blocked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hf-out-'));
  const upstream: MisbehavingUpstream = await startMisbehavingUpstream({});
  const store = join(folder, 'store');
  const app = new OutsideProcess({ store, outside: { socketPath: true }, url: upstream.url });
  onTestFinished(async () => {
    await app.kill();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });
  const socket = (await app.listening()).socketPath ?? '';
  const manage = async (name: string, params: object) => {
    const body = JSON.stringify(params);
    return (await call(join(store, 'control.sock'), `/v1/crisisMode.${name}`, { body })).body;
  };
  app.order({ order: 'put', subject: 'user-42', plan: PLAN });
  await app.next('put');
  for (const order of [{ subject: 'user-42', by: BY }, { by: BY }]) {
    expect(await manage('enter', order)).toMatchObject({ result: { isDurable: true } });
  }
  // Unlike others it does not wait for the loop, once the thread has heard of it.
  await until(
    async () => ((await told(socket, 'user-7'))[0] === 'global' ? true : undefined),
    'it',
  );
  app.order({ order: 'block', ms: 2_000 });
  await app.next('blocking');
  expect(await told(socket, 'user-42')).toEqual(['subject', 'included']);
  expect(await told(socket, 'user-7')).toEqual(['global', 'notReadInTime']);
  await app.next('unblocked');
  for (const order of [{ subject: 'user-42' }, {}]) {
    await manage('leave', { ...order, by: { ...BY, id: 'ben' } });
  }
  await until(
    async () => ((await told(socket, 'user-42'))[0] === 'none' ? true : undefined),
    'that',
  );
});
