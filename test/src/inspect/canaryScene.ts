/**
 * A runtime in which everything that is of a person, or that anybody said, holds a canary: payloads, subjects,
 * records, tags, keys, answers, messages, notes and names of staff.
 *
 * @module
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  permanentFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastRuntime } from '../../../src/holdfastRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

export const CANARY = 'canary';
/** What decides and orders: its role may be shown, who it is may not. */
export const STAFF = { id: 'canary-staff', role: 'clinician' } as const;

export interface CanaryScene {
  readonly runtime: Runtime;
  readonly source: HoldfastRuntime['feed'];
  /** Of operations, dead letters, conflicts and crises. */
  readonly ids: {
    readonly operations: readonly string[];
    readonly deadLetters: readonly string[];
    readonly conflicts: readonly string[];
    readonly crises: readonly string[];
  };
}

const TYPES = ['well.put', 'refused.put', 'answered.put', 'throwing.put', 'failing.put'] as const;
const WORK = {
  subject: 'canary-subject',
  tier: 'premium',
  payload: { note: 'canary-payload', 'canary-field': ['canary-item'] },
  tags: ['canary-tag'],
} as const;

export async function canaryScene(
  watch: (source: CanaryScene['source']) => Promise<void>,
): Promise<CanaryScene> {
  const records = new RecordUpstream();
  records.put('canary-record', { note: 'canary-before' });
  const upstream = await refusingUpstream();
  const runtime: Runtime = createRuntime({
    store: ':memory:',
    device: 'canary-device',
    upstreams: { payments: {}, records: {}, help: {} },
    handlers: {
      'well.put': { upstream: 'payments', run: () => ({ answer: 'canary-response' }) },
      'refused.put': {
        upstream: 'payments',
        run: () => {
          throw permanentFailure('canary-refusal', { status: 422 });
        },
      },
      'answered.put': {
        upstream: 'payments',
        run: httpHandler({ baseUrl: upstream, method: 'POST', path: 'put' }),
      },
      'throwing.put': {
        upstream: 'payments',
        run: () => {
          throw Object.assign(new TypeError('canary-message'), { body: 'canary-cause' });
        },
      },
      'failing.put': {
        upstream: 'payments',
        run: () => {
          throw transientFailure('canary-outage');
        },
      },
      'records.put': records.handler({}, 'records'),
      'crisis.alert': {
        upstream: 'help',
        run: () => {
          throw transientFailure('canary-crisis-failure');
        },
      },
    },
    policies: {
      tiers: {
        premium: { retry: { attemptsMax: 2, initialDelayMs: 5, delayMsMax: 10 } },
        crisis: { retry: { attemptsMax: 1, initialDelayMs: 5, delayMsMax: 10 } },
      },
    },
    crisis: {
      escalation: [{ name: 'on-call', notify: () => Promise.reject(new Error('canary-step')) }],
    },
    onError: () => undefined,
  });
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
  });
  await runtime.ready;
  const { feed: source } = runtime as unknown as HoldfastRuntime;
  await watch(source);

  const operations: string[] = [];
  const deadLetters: string[] = [];
  for (const type of TYPES) {
    const operation = await runtime.sync({
      ...WORK,
      ...{ type, entity: { type: 'account', id: `canary-${type}` } },
      idempotencyKey: `canary-key-${type}`,
    });
    operations.push(operation.id);
    const { status } = await operation.outcome;
    if (status === 'deadLettered') deadLetters.push(operation.id);
  }
  const later = { ...WORK, type: 'well.put', startAtMs: Date.now() + 3_600_000 };
  operations.push((await runtime.sync(later)).id);

  records.put('canary-record', { note: 'canary-theirs' });
  const edit = {
    ...{ ...WORK, type: 'records.put', entity: { type: 'recipe', id: 'canary-record' } },
    payload: { note: 'canary-mine' },
    base: { version: '"1"', value: { note: 'canary-before' } },
  };
  operations.push((await runtime.sync(edit)).id);
  await until(() => runtime.getHealthStatus().conflicts.count === 1);
  const conflicts: string[] = [];
  for await (const { id } of runtime.conflicts.list()) conflicts.push(id);

  const { operationId } = await runtime.crisis({
    ...{ type: 'crisis.alert', subject: 'canary-subject', payload: { words: 'canary-words' } },
  });
  await runtime.crisisMode.enter({ subject: 'canary-subject', by: STAFF, reason: 'canary-reason' });
  runtime.upstream('records').forceOpen('maintenance', 'staff-7');
  await until(() => runtime.getHealthStatus().crises.escalated === 1);
  const crises = operationId === null ? [] : [operationId];
  return { runtime, source, ids: { operations, deadLetters, conflicts, crises } };
}

/** Refuses all with an answer that is full of canaries. */
async function refusingUpstream(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(422, 'canary-status', { 'x-request-id': 'canary-header' });
    response.end(JSON.stringify({ error: 'canary-body' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let times = 0; !isSo(); times += 1) {
    if (times > 24_000) throw new Error('It has not come to that.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
