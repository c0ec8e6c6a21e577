/**
 * A device that claims something of billing, over a real runtime and a real service whose word counts.
 */

import { expect, test, vi } from 'vitest';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import { startRecordServer } from '../../src/testing/recordServer.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';

const entity = { type: 'invoice', id: 'in_1' };
const path = '/invoices/in_1';
const open = { id: 'in_1', status: 'open', amountDue: 1999, currency: 'usd', payments: [] };
const payment = { id: 'py_1', idempotencyKey: 'k1', amount: 1999, currency: 'usd' };
const paid = { ...open, status: 'paid', payments: [{ ...payment, state: 'succeeded' }] };

async function started() {
  const server = await startRecordServer();
  server.put(path, open);
  const run = httpHandler({
    baseUrl: server.url,
    method: 'PUT',
    path: 'invoices/{entity.id}',
    metaField: 'holdfast',
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: 'phone',
    upstreams: { billing: {} },
    handlers: { 'invoices.put': { upstream: 'billing', run, conflicts: { isAuthority: true } } },
  });
  const edit = async (payload: Json) => {
    const known = await runtime.entities.get(entity);
    return await runtime.sync({
      ...{ type: 'invoices.put', subject: 'user-42', entity, payload },
      base: known?.base,
    });
  };
  const held = () => {
    const { holdfast: _, ...record } = (server.get(path)?.value ?? {}) as JsonObject;
    return record;
  };
  const questions = async () => {
    const found: number[] = [];
    for await (const one of runtime.conflicts.list()) found.push(one.questions);
    return found;
  };
  const stop = async () => {
    await runtime.close({ deadlineMs: 0 });
    await server.close();
  };
  const told = async (value: JsonObject) => {
    const version = server.put(path, value);
    await runtime.remoteChange({ entity, subject: 'user-42', value, version });
  };
  return { runtime, edit, held, questions, told, stop };
}

test('CF-4 a payment that a device claims goes out at once, pending, and nobody is asked', async () => {
  const { runtime, edit, held, questions, told, stop } = await started();
  await told(open);
  const operation = await edit(paid);
  expect((await operation.outcome).status).toBe('completed');
  const claims = { '/status': { value: 'paid', by: expect.stringMatching(/^phone\./) as unknown } };
  expect(held()).toEqual({
    ...open,
    payments: [{ ...payment, state: 'succeeded', pending: true }],
    claims,
  });
  expect(await questions()).toEqual([]);
  // The provider has taken the payment.
  await told(paid);
  expect((await runtime.entities.get(entity))?.value).toEqual(paid);
  await stop();
});

test('CF-4 a device that does not know the invoice can not make it paid', async () => {
  const { edit, held, questions, stop } = await started();
  await edit(paid);
  await vi.waitFor(async () => expect(await questions()).toHaveLength(1), HANGS_AFTER_MS);
  expect(held()).toEqual(open);
  await stop();
});
