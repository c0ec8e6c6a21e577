/**
 * A real runtime in the inspector of Stately, by the package's own receiver.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { createMachine } from 'xstate';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedSource } from '../../../inspector/protocol.ts';
import {
  createRuntime,
  type Runtime,
  type StatelyInspector,
  type StatelyInspectorOptions,
} from '../../../src/index.ts';
import { openStately } from '../../../src/inspect/openStately.ts';
import { StatelyServer } from '../../support/inspector/statelyServer.ts';
import { canaryScene } from './canaryScene.ts';

async function started(): Promise<Runtime> {
  const runtime: Runtime = createRuntime({
    store: ':memory:',
    upstreams: { payments: {} },
    handlers: { 'payments.push': { upstream: 'payments', run: () => 'done' } },
    onError: () => undefined,
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  return runtime;
}

const REQUEST = { type: 'payments.push', subject: 'user-1', tier: 'basic', payload: {} } as const;

/** All that the package's own receiver is told at this server. */
async function received(server: StatelyServer): Promise<readonly StatelyInspectionEvent[]> {
  const told: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server: server.url }).subscribe((event) => {
    told.push(event);
  });
  await expect.poll(() => server.sockets.length).toBe(1);
  return told;
}

describe('OB-2 runtime.statelyInspector()', () => {
  test('OB-2: operations, breakers, levels, supervisor and storage, with their charts and live states', async () => {
    const server = await StatelyServer.start();
    const told = await received(server);
    const runtime = await started();
    const stately = await runtime.statelyInspector({ url: server.url });
    const { id, outcome } = await runtime.sync(REQUEST);
    await outcome;
    await expect
      .poll(() => told.some((one) => one.type === '@xstate.actor' && one.name === id))
      .toBe(true);
    await expect.poll(() => JSON.stringify(told)).toContain('"status":"done"');
    const actors = told.flatMap((one) => (one.type === '@xstate.actor' ? [one] : []));
    expect(actors.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...['supervisor', 'storageHealth', 'degradation:global', 'degradation:payments'],
        ...['breaker:payments', 'scheduler:payments', id],
      ]),
    );
    // As the page does it: the chart from its definition, the state from its value.
    for (const { definition = '', snapshot, name } of actors) {
      const machine = createMachine(JSON.parse(definition) as object);
      const { value } = snapshot as { readonly value: string };
      expect(machine.resolveState({ value, context: {} }).value, name).toEqual(value);
    }
    const events = told.flatMap((one) => (one.type === '@xstate.event' ? [one.event.type] : []));
    expect(events).toEqual(expect.arrayContaining(['xstate.init', 'journal.committed']));
    stately.close();
    for (const socket of server.sockets) socket.terminate();
  });

  test('OB-2 SV-4: is closed with the runtime, and may be closed before and again', async () => {
    const server = await StatelyServer.start();
    const runtime = await started();
    const first = await runtime.statelyInspector({ url: server.url });
    await runtime.statelyInspector({ url: server.url });
    await expect.poll(() => server.sockets.length).toBe(2);
    first.close();
    await expect.poll(() => server.sockets.length).toBe(1);
    await runtime.close();
    await expect.poll(() => server.sockets.length).toBe(0);
    first.close();
    await expect(runtime.statelyInspector({ url: server.url })).rejects.toMatchObject({
      code: 'HF_CLOSED',
    });
  });

  test('OB-2: nothing is watched while it is not asked for, nor once it is closed', async () => {
    const server = await StatelyServer.start();
    const runtime = await started();
    const { feed } = runtime as unknown as { readonly feed: { readonly viewers: number } };
    expect(feed.viewers).toBe(0);
    const stately = await runtime.statelyInspector({ url: server.url });
    expect(feed.viewers).toBe(1);
    stately.close();
    expect(feed.viewers).toBe(0);
  });

  test('OB-2 AC-2: another machine is refused unless it is said that it may leave this one', async () => {
    const runtime = await started();
    for (const url of ['ws://192.0.2.1:8080', 'wss://stately.ai/inspect']) {
      await expect(runtime.statelyInspector({ url })).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'url',
      });
    }
  });

  test.each([
    [{ url: '' }, 'url'],
    [{ url: 'http://127.0.0.1' }, 'url'],
    [{ url: 'ws://127.0.0.1:1', inspector: { adapter: { send: () => undefined } } }, 'url'],
    [{ leavesThisMachine: 'yes' }, 'leavesThisMachine'],
    [{ host: 'localhost' }, 'host'],
    [{ inspector: {} }, 'inspector'],
  ])('OB-2 UX-2: %j is refused, naming %s', async (options, field) => {
    const runtime = await started();
    const opening = runtime.statelyInspector(options as StatelyInspectorOptions);
    await expect(opening).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field });
  });

  test('OB-2: by an inspector of the app', async () => {
    const runtime = await started();
    const frames: object[] = [];
    const inspector = { adapter: { send: (frame: object) => frames.push(frame) } };
    const stately = await runtime.statelyInspector({ inspector });
    await expect.poll(() => frames.length).toBeGreaterThan(5);
    stately.close();
  });

  test('UX-1: its types are those of what it takes and gives', () => {
    expectTypeOf<Runtime['statelyInspector']>().toEqualTypeOf<
      (options?: StatelyInspectorOptions) => Promise<StatelyInspector>
    >();
  });
});

describe('OB-2 AC-2 SE-5 canaries in every input, searched in every frame', () => {
  async function shown(told: (source: FeedSource) => FeedSource): Promise<string> {
    const server = await StatelyServer.start();
    await canaryScene(async (source) => {
      const stately = await openStately(
        { source: told(source), clock: systemClock, onError: () => undefined },
        { url: server.url },
      );
      onTestFinished(() => {
        stately.close();
      });
    });
    for (const machine of ['syncOperation', 'crisis', 'conflict', 'crisisMode', 'circuitBreaker']) {
      await expect.poll(() => server.frames.some((frame) => frame.includes(machine))).toBe(true);
    }
    await expect
      .poll(
        () =>
          server.frames.some((frame) => frame.includes('escalation.')) ||
          server.frames.some((frame) => frame.includes('"escalation":"')),
      )
      .toBe(true);
    return server.frames.join('\n');
  }

  test('OB-2 AC-2 SE-5: none leaves, and no context', async () => {
    const frames = await shown((source) => source);
    expect([...frames.matchAll(/.{0,60}canary.{0,30}/gi)].map(([text]) => text)).toEqual([]);
    const contexts = [...frames.matchAll(/"context":(.{0,20})/g)].map(([, text]) => text ?? '');
    expect(contexts.filter((text) => !text.startsWith('{}'))).toEqual([]);
    expect(contexts.length).toBeGreaterThan(20);
  });

  test('OB-2 control: planted in what the feed tells, the same search finds it', async () => {
    const frames = await shown((source) => ({
      call: source.call,
      watch: (listener) =>
        source.watch((messages) => {
          listener(
            messages.map((message) =>
              message.kind === 'steps'
                ? { ...message, steps: message.steps.map((one) => ({ ...one, event: 'canary' })) }
                : message,
            ),
          );
        }),
    }));
    expect(frames).toContain('canary');
  });

  test('OB-2 AC-2: the server of the package and Sky are used nowhere', () => {
    const sources = ['inspector', 'src'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
    );
    const forbidden =
      /createSkyInspector|createInspectorServer|inspect\/server|partykit|partysocket/;
    expect(sources.filter((text) => forbidden.test(text))).toEqual([]);
  });
});
