/**
 * What people have decided is carried out, however long the upstream is away, and what is told of it names the
 * conflict that it is about.
 *
 * @module
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import { permanentFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Conflict, FactMessage, RuntimeOptions } from '../../../src/index.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const PLAN = { type: 'crisis_plan', id: 'p-1' } as const;
const note = (text: string): Json => ({ note: text });

async function scene(options: Partial<RuntimeOptions> = {}) {
  const upstream = new RecordUpstream();
  upstream.put('p-1', note('before'));
  const { clock, boot } = createWorld();
  const { runtime, errors } = boot({
    device: 'phone',
    ...{ retentionMs: 10 * MINUTE_MS, ...options },
    handlers: { 'records.put': upstream.handler() },
  });
  await clock.run(runtime.ready);
  await clock.advance(10_000);
  const list = async (filter = {}) => {
    const found: Conflict[] = [];
    const reading = (async () => {
      for await (const one of runtime.conflicts.list(filter)) found.push(one);
    })();
    await clock.run(reading);
    return found;
  };
  /** An edit that was made of the first version. */
  const edits = (text: string) =>
    clock.run(
      runtime.sync({
        ...{ type: 'records.put', subject: 'user-42', entity: PLAN, payload: note(text) },
        base: { version: '"1"', value: note('before') },
      }),
    );
  const decide = (id: string, by: string) => {
    const person = { id: by, role: 'clinician' };
    return clock.run(runtime.conflicts.resolve(id, { by: person, value: note(`of ${by}`) }));
  };
  /** Until nothing is asked any more: a decision may meet what another has decided meanwhile. */
  const decideAll = async (by: string) => {
    for (let rounds = 0; rounds < 5; rounds += 1) {
      for (const { id } of await list()) await decide(id, by);
      await clock.advance(MINUTE_MS);
    }
  };
  return { clock, upstream, runtime, errors, list, edits, decide, decideAll };
}

/** An edit that a person is asked about, while it waits for an upstream that is away. */
async function metWhileDown({ clock, upstream, list, edits }: Awaited<ReturnType<typeof scene>>) {
  upstream.put('p-1', note('theirs'));
  upstream.afterRead = () => {
    upstream.isDown = true;
    upstream.afterRead = () => undefined;
  };
  const operation = await edits('mine');
  await clock.advance(MINUTE_MS);
  const [conflict] = await list();
  expect(conflict).toMatchObject({ questions: 1, isHeld: false, operationId: operation.id });
  return { operation, id: conflict?.id ?? '' };
}

describe('CF-6 what was decided is carried out', () => {
  test('CF-6 OP-8 also where the upstream was away for longer than what is over is kept', async () => {
    const its = await scene();
    const { clock, upstream, runtime, errors, list, decide, decideAll } = its;
    const { operation, id } = await metWhileDown(its);
    const decision = await decide(id, 'dr-1');
    expect(decision).toMatchObject({ state: 'resolved', isToBeCarriedOut: false });
    await clock.advance(45 * MINUTE_MS);
    // Who decided, and what, stays for as long as the edits of it wait.
    expect(await clock.run(runtime.conflicts.about(id))).toMatchObject({
      decisions: [{ by: { id: 'dr-1' }, operationId: decision.operationId }],
    });
    upstream.put('p-1', note('later'));
    upstream.isDown = false;
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    await clock.advance(MINUTE_MS);
    expect(await list()).not.toEqual([]);
    await decideAll('dr-2');
    expect(upstream.value('p-1')).toEqual(note('of dr-2'));
    expect(await list()).toEqual([]);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    // Nothing but what tells of the questions themselves.
    const codes = errors.map((error) => (error as HoldfastError).code);
    expect([...new Set(codes)]).toEqual(['HF_CONFLICT']);
    // Once all has ended it is purged like any other.
    await clock.advance(2 * DAY_MS);
    expect(await list({ all: true })).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CF-6 HM-1 one that the upstream refuses for good is asked again, and health says so', async () => {
    const { clock, upstream, runtime, list, edits, decide } = await scene();
    upstream.put('p-1', note('theirs'));
    const operation = await edits('mine');
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    const id = (await list())[0]?.id ?? '';
    upstream.beforeWrite = () => {
      throw permanentFailure('Not by you.', { status: 403 });
    };
    const { operationId } = await decide(id, 'dr-1');
    await clock.advance(MINUTE_MS);
    expect(await list()).toMatchObject([{ id, state: 'awaitingReview', questions: 1 }]);
    expect(await clock.run(runtime.conflicts.about(id))).toMatchObject({
      decisions: [{ by: { id: 'dr-1' }, operationId, refusedFor: 'deadLettered' }],
    });
    const { conflicts, reasons } = runtime.getHealthStatus();
    expect(conflicts).toMatchObject({ count: 1, refused: 1 });
    expect(reasons.join()).toContain('1 decision was refused: decide again');
    upstream.beforeWrite = () => undefined;
    await decide(id, 'dr-2');
    await clock.advance(MINUTE_MS);
    expect(upstream.value('p-1')).toEqual(note('of dr-2'));
    expect(runtime.getHealthStatus().conflicts).toMatchObject({ count: 0, refused: 0 });
    await clock.run(runtime.close());
  });
});

describe('CF-6 HM-1 facts and health name the conflict that is open', () => {
  test('CF-6 HM-1 also one that is met while a decision about the one before it could not be carried out', async () => {
    const its = await scene({ operationsMax: 1 });
    const { clock, upstream, runtime, list, decide, decideAll } = its;
    const told: string[] = [];
    const listen = (message: unknown): void => {
      const { fact } = message as FactMessage<'conflict.awaitsReview'>;
      told.push(fact.conflictId);
    };
    subscribe('holdfast:conflict.awaitsReview', listen);
    const { operation, id } = await metWhileDown(its);
    // The decision needs an operation, and there is room for one alone.
    expect(await decide(id, 'dr-1')).toMatchObject({ isToBeCarriedOut: true });
    upstream.put('p-1', note('later'));
    upstream.isDown = false;
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    await clock.advance(MINUTE_MS);
    unsubscribe('holdfast:conflict.awaitsReview', listen);
    const open = await list();
    expect(open).toMatchObject([{ operationId: operation.id }]);
    const later = open[0]?.id ?? '';
    expect(later).not.toBe(id);
    expect(told).toEqual([id, later]);
    expect(runtime.getHealthStatus().conflicts).toMatchObject({ count: 1 });
    await decideAll('dr-2');
    expect(await list()).toEqual([]);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    await clock.run(runtime.close());
  });
});
