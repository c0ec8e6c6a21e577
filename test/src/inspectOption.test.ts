/** The option `inspect` takes XState's inspection events, and shows names and states alone. */

import { inspect as printed } from 'node:util';
import { createBrowserInspector, createInspector } from '@statelyai/inspect';
import { expect, test } from 'vitest';
import type { AnyActorRef, InspectionEvent, StateValue } from 'xstate';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { innermost } from '../../machines/vocabulary/innermost.ts';
import type { InspectionObserver } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

/** Runs one operation that fails once and then completes. */
async function watched(inspect: InspectionObserver): Promise<string> {
  const { clock, boot } = createWorld();
  let isFirst = true;
  const { runtime, errors } = boot({
    ...{ inspect, upstreams: { payments: {} } },
    handlers: {
      'payments.push': {
        upstream: 'payments',
        run: () => {
          if (!isFirst) return { answer: 'canary-response' };
          isFirst = false;
          throw transientFailure('canary-failure');
        },
      },
    },
  });
  const operation = await clock.run(
    runtime.sync({
      ...{ type: 'payments.push', subject: 'canary-subject', tier: 'basic' },
      ...{
        payload: { note: 'canary-payload' },
        idempotencyKey: 'canary-key',
        tags: ['canary-tag'],
      },
    }),
  );
  await clock.run(operation.outcome);
  await clock.advance(1_000);
  await clock.run(runtime.close());
  expect(errors).toEqual([]);
  return operation.id;
}

test('OB-2 what @statelyai/inspect makes of it is one system with arrows, without a context', async () => {
  const frames: Readonly<Record<string, unknown>>[] = [];
  const { inspect } = createInspector({
    send: (frame) => frames.push(frame as never),
  });
  const id = await watched(inspect);
  await expect.poll(() => frames.some(({ name }) => name === id)).toBe(true);
  const actors = frames.filter(({ type }) => type === '@xstate.actor');
  expect(actors.filter(({ name }) => name === id)).toHaveLength(1);
  const root = actors.find(({ name }) => name === 'supervisor');
  expect(new Set(frames.map(({ rootId }) => rootId))).toEqual(new Set([root?.['sessionId']]));
  const below = actors.filter((one) => one !== root);
  expect(new Set(below.map(({ parentId }) => parentId))).toEqual(new Set([root?.['sessionId']]));
  const scheduler = actors.find(({ name }) => name === 'scheduler:payments');
  await expect
    .poll(() => frames.filter(({ sourceId }) => sourceId === scheduler?.['sessionId']).length)
    .toBeGreaterThan(0);
  expect(JSON.stringify(frames)).not.toContain('canary');
});

test('OB-2 AC-2 an observer is told of actors, events and states, and of nothing that they hold', async () => {
  const told: InspectionEvent[] = [];
  const id = await watched((event) => {
    told.push(event);
    event.actorRef.send({ type: 'cancel.requested' });
  });
  const own = told.filter(({ actorRef }) => (actorRef as AnyActorRef).id === id);
  expect(new Set(told.map(({ type }) => type))).toEqual(
    new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
  );
  expect(new Set(own.map(({ actorRef }) => actorRef)).size).toBe(1);
  const values = own.flatMap((one) =>
    one.type === '@xstate.snapshot'
      ? [innermost((one.snapshot as unknown as { value: StateValue }).value)]
      : [],
  );
  expect(values).toEqual(expect.arrayContaining(['attempting', 'backingOff', 'completed']));
  // As deep as anybody may look, getters and all.
  const options = { depth: 12, showHidden: true, getters: true, maxArrayLength: 50 };
  expect(told.map((one) => printed(one, options)).join('\n')).not.toContain('canary');
});

test('OB-2 an observer of createBrowserInspector is one that inspect takes', async () => {
  // On a server it shows nothing; that it is taken is a matter of types and of the check of options.
  const { inspect } = createBrowserInspector();
  await expect(watched(inspect)).resolves.toBeTypeOf('string');
});
