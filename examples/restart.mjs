/**
 * Work outlives the process that accepted it. The first process (a child of this one) accepts a
 * payment while nobody listens at the service, and is killed with SIGKILL. The second finds the
 * payment on disk and brings it to its end under the same key.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeyFile, createRuntime, httpHandler, keyFile } from 'holdfast';
import { startPaymentService } from './paymentService.mjs';

const [folderOfParent, url] = process.argv.slice(2);
if (folderOfParent === undefined) await parent();
else await firstProcess(folderOfParent, url);

function open(folder, baseUrl) {
  return createRuntime({
    store: join(folder, 'store'),
    key: keyFile(join(folder, 'holdfast.key')),
    upstreams: { payments: {} },
    handlers: { 'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl }) } },
  });
}

/** Accepts a payment, says so, and waits to be killed. */
async function firstProcess(folder, baseUrl) {
  const runtime = open(folder, baseUrl);
  const { id } = await runtime.sync({
    type: 'payments.push',
    subject: 'user-42',
    tier: 'basic',
    payload: { amount: 1250 },
  });
  process.send(id);
}

async function parent() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
  await createKeyFile(join(folder, 'holdfast.key'));

  // A port where nobody listens until later.
  const placeholder = await startPaymentService();
  const { url: serviceUrl } = placeholder;
  await placeholder.stop();

  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), folder, serviceUrl], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [id] = await once(child, 'message');
  console.log('the first process accepted', id);
  child.kill('SIGKILL');
  await once(child, 'exit');
  console.log('the first process is dead');

  const service = await startPaymentService(() => 'answer', Number(new URL(serviceUrl).port));
  const runtime = open(folder, serviceUrl);
  await runtime.ready;
  const outcome = await runtime.operations.get(id).outcome;
  console.log(`the second process: ${outcome.status}`, outcome.response);

  await runtime.close();
  await service.stop();
  await rm(folder, { recursive: true });
  const times = [...service.taken.values()];
  console.log('taken', times.length === 1 && times[0] === 1 ? 'exactly once' : times);
  if (outcome.status !== 'completed' || times.length !== 1 || times[0] !== 1) process.exitCode = 1;
}
