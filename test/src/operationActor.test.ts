/**
 * `operation.actor`: one object by which a view follows an operation, over parks, restarts and processes.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  connect,
  createRuntime,
  type Operation,
  permanentFailure,
  rawKey,
  transientFailure,
} from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** A world whose upstream is down for the first so many calls. */
function failing(times: number) {
  const world = createWorld();
  let calls = 0;
  const options = {
    residentsMax: 1,
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          calls += 1;
          if (calls <= times) throw transientFailure('The bank is closed.');
          return null;
        },
      },
    },
  };
  return { ...world, options, booted: world.boot(options) };
}

/** What a subscriber is told, in order. */
function toldBy({ actor }: Operation): unknown[] {
  const told: unknown[] = [];
  actor.subscribe({
    next: ({ status, value }) => told.push(status === 'done' ? [value, status] : value),
    error: (error) => told.push((error as { readonly code: string }).code),
    complete: () => told.push('complete'),
  });
  return told;
}

describe('OP-11 operation.actor', () => {
  test('OP-11 it is one object over parks and revivals, and completes with the ending', async () => {
    const { clock, booted } = failing(2);
    const operation = await clock.run(booted.runtime.sync(REQUEST));
    const { actor } = operation;
    const told = toldBy(operation);
    const viewed: string[] = [];
    operation.subscribe(({ state }) => viewed.push(state));
    await clock.run(operation.outcome);
    expect(told.filter((one) => one === 'backingOff')).toHaveLength(2);
    expect(told.slice(-2)).toEqual([['completed', 'done'], 'complete']);
    expect(viewed.slice(-1)).toEqual(['completed']);
    expect(operation.actor).toBe(actor);
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed' });
    // Who comes late hears of the end.
    expect(toldBy(operation)).toEqual(['complete']);
    await clock.run(booted.runtime.close());
  });

  test('OP-11 its snapshot is the same until something changes, subscribed to or not', async () => {
    const { clock, booted } = failing(1);
    const operation = await clock.run(booted.runtime.sync(REQUEST));
    const { actor } = operation;
    const seen = new Set<unknown>();
    const { unsubscribe } = actor.subscribe((snapshot) => {
      expect(actor.getSnapshot()).toBe(snapshot);
      expect(seen).not.toContain(snapshot);
      seen.add(snapshot);
    });
    await clock.advanceUntil(() => actor.getSnapshot()?.value === 'backingOff');
    expect(actor.getSnapshot()).toBe(actor.getSnapshot());
    expect(actor.getSnapshot()?.context.failure?.message).toBe('The bank is closed.');
    unsubscribe();
    const size = seen.size;
    await clock.run(operation.outcome);
    expect(seen.size).toBe(size);
    // Nobody was subscribed; who is now is told how it ended.
    const told = toldBy(operation);
    await clock.advance(1);
    expect(told).toEqual([['completed', 'done'], 'complete']);
    await clock.run(booted.runtime.close());
  });

  test('OP-11 what is in memory is known at once, and as one object, to whom nothing is told', async () => {
    const { clock, boot } = createWorld();
    const run = (): Promise<null> => new Promise(() => undefined);
    const { runtime } = boot({ handlers: { 'payments.push': { upstream: 'default', run } } });
    const { actor } = await clock.run(runtime.sync(REQUEST));
    const snapshot = actor.getSnapshot();
    expect(snapshot).toMatchObject({ status: 'active', value: 'attempting' });
    await clock.advance(100);
    expect(actor.getSnapshot()).toBe(snapshot);
    await clock.run(runtime.close({ deadlineMs: 0 }));
  });

  test('OP-11 after a restart the handle of its id tells where it stands, and goes on', async () => {
    const { clock, boot, options, booted } = failing(1);
    const { id } = await clock.run(booted.runtime.sync(REQUEST));
    await clock.advance(20);
    booted.kill();
    const { runtime } = boot(options);
    const operation = runtime.operations.get(id);
    expect(operation.actor.getSnapshot()).toBeUndefined();
    const told = toldBy(operation);
    await clock.run(operation.outcome);
    expect(told[0]).toBe('backingOff');
    expect(told.slice(-2)).toEqual([['completed', 'done'], 'complete']);
    await clock.run(runtime.close());
  });

  test('OP-11 of one that has left memory it knows nothing until it is subscribed to, and view() does', async () => {
    const { clock, booted } = failing(0);
    const operation = await clock.run(booted.runtime.sync(REQUEST));
    await clock.run(operation.outcome);
    expect(operation.actor.getSnapshot()).toBeUndefined();
    const view = await clock.run(operation.view());
    toldBy(operation);
    await clock.advance(1);
    expect(operation.actor.getSnapshot()).toMatchObject({ value: 'completed', context: view });
    await clock.run(booted.runtime.close());
  });

  test('OP-11 a dead letter has ended, and of none that is there is said so', async () => {
    const { clock, boot } = createWorld();
    const run = (): never => {
      throw permanentFailure('No such account.');
    };
    const { runtime } = boot({ handlers: { 'payments.push': { upstream: 'default', run } } });
    const operation = await clock.run(runtime.sync(REQUEST));
    const told = toldBy(operation);
    await clock.run(operation.outcome);
    expect(told.slice(-2)).toEqual([['deadLettered', 'done'], 'complete']);
    const unknown = toldBy(runtime.operations.get('01900000-0000-7000-8000-000000000000'));
    await clock.advance(10);
    expect(unknown).toEqual(['HF_OPERATION_UNKNOWN']);
    await clock.run(runtime.close());
  });

  test('OP-11 SC-4 a client follows an operation of the owner to its end', async () => {
    const store = tempFolder();
    let open = (): void => undefined;
    const gate = new Promise<null>((resolve) => {
      open = () => {
        resolve(null);
      };
    });
    const runtime = createRuntime({
      ...{ store, key: rawKey(new Uint8Array(32).fill(7)) },
      handlers: { 'payments.push': { upstream: 'default', run: () => gate } },
    });
    const client = await connect<typeof runtime>({ store });
    const operation = await client.sync(REQUEST);
    expect(operation.actor.getSnapshot()).toBeUndefined();
    const ended = new Promise<void>((resolve) => {
      operation.actor.subscribe({
        next: ({ value }) => {
          if (value === 'attempting') open();
        },
        complete: resolve,
      });
    });
    await ended;
    expect(operation.actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed' });
    await client.close();
    await runtime.close();
  });
});
