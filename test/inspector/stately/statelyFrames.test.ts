/** What a Stately inspector makes of a whole runtime: one system, with its root, arrows and times. */

import { describe, expect, test } from 'vitest';
import type { FeedMessage, WatchedActor } from '../../../inspector/protocol.ts';
import { type StatelyFrame, StatelyFrames } from '../../../inspector/stately/statelyInspector.ts';
import { machines } from '../../../machines/index.ts';
import { transientFailure } from '../../../src/index.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const HELLO: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '0.0.0', name: 'test', charts: [] },
  ...{ startedAtMs: 36, nowMs: 36 },
};
const ID = '00000000-03e8-7aaa-8aaa-aaaaaaaaaaaa';

function work(actor: number, id: string, states: readonly string[]): WatchedActor {
  const { version = null } = machines.find((one) => one.id === 'syncOperation') ?? {};
  return {
    ...{ actor, id, machine: 'syncOperation', version, states, sinceAtMs: 5_000 },
    about: {
      type: 'payments.push',
      upstream: 'payments',
      tier: 'basic',
      priority: 'normal',
      acceptedAtMs: 1,
    },
  };
}

function actorsOf(frames: readonly StatelyFrame[]): readonly string[] {
  return frames.flatMap((one) => (one.type === '@xstate.actor' ? [one.name] : []));
}

describe('OB-2 the frames of one system', () => {
  test('OB-2 an operation is one actor over its parks, and ends at its ending', () => {
    const frames = new StatelyFrames('0.7.2', machines);
    const told = frames.framesOf([
      HELLO,
      { kind: 'actors', actors: [work(1, ID, ['underWay.attempting'])], isAll: true },
      { kind: 'ended', actors: [1], atMs: 6_000 },
      { kind: 'actors', actors: [work(2, ID, ['pending.queued.waiting'])], isAll: false },
      { kind: 'ended', actors: [2], atMs: 7_000 },
      { kind: 'actors', actors: [work(3, ID, ['completed'])], isAll: false },
      { kind: 'ended', actors: [3], atMs: 8_000 },
    ]);
    expect(actorsOf(told)).toEqual([ID]);
    expect(new Set(told.map(({ sessionId }) => sessionId))).toEqual(new Set([`10:${ID}`]));
    const statuses = told.map((one) => ('snapshot' in one ? one.snapshot.status : null));
    expect(statuses).toEqual(['active', 'active', 'active', 'done']);
    // Made when it was accepted, as its id says, though it is watched since later.
    expect(told[0]?.createdAt).toBe('1000');
  });

  test('OB-2 of parked operations the newest are remembered; an older one is told as stopped', () => {
    const frames = new StatelyFrames('0.7.2', machines);
    frames.framesOf([HELLO]);
    const told = Array.from({ length: 10_001 }, (_, index) => index).flatMap((index) =>
      frames.framesOf([
        {
          kind: 'actors',
          actors: [work(index, `work-${index}`, ['pending.queued.waiting'])],
          isAll: false,
        },
        { kind: 'ended', actors: [index], atMs: 6_000 },
      ]),
    );
    const stopped = told.filter((one) => 'snapshot' in one && one.snapshot.status === 'stopped');
    expect(stopped.map(({ sessionId }) => sessionId)).toEqual(['10:work-0']);
  });

  test('OB-2 of a runtime: the supervisor is the root, the others are below it, senders are known', async () => {
    const { clock, boot } = createWorld();
    let failures = 2;
    const { runtime } = boot({
      handlers: {
        'payments.push': {
          upstream: 'payments',
          run: () => {
            failures -= 1;
            if (failures >= 0) throw transientFailure('Not now.');
            return null;
          },
        },
      },
      upstreams: { payments: {} },
    });
    await clock.run(runtime.ready);
    const sent: StatelyFrame[] = [];
    const send = (frame: object): void => {
      sent.push(frame as StatelyFrame);
    };
    const shown = await runtime.statelyInspector({ inspector: { adapter: { send } } });
    const operation = await clock.run(
      runtime.sync({ type: 'payments.push', subject: 'canary', tier: 'basic' }),
    );
    await clock.run(operation.outcome);
    await clock.advance(1_000);
    shown.close();

    const actors = sent.filter((one) => one.type === '@xstate.actor');
    const root = actors.find(({ name }) => name === 'supervisor');
    expect(root?.parentId).toBeUndefined();
    expect(new Set(sent.map(({ rootId }) => rootId))).toEqual(new Set([root?.sessionId]));
    const others = actors.filter((one) => one !== root);
    expect(new Set(others.map(({ parentId }) => parentId))).toEqual(new Set([root?.sessionId]));
    const names = actors.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['breaker:payments', 'degradation:payments', 'degradation:global']),
    );
    expect(names.filter((name) => name === operation.id)).toHaveLength(1);
    expect(actors.filter(({ createdAt }) => Number(createdAt) < 1_000_000)).toEqual([]);
    // The arrow of its turn comes from the scheduler of its upstream.
    const turn = sent.find(
      (one) => one.type === '@xstate.event' && one.event.type === 'turn.granted',
    );
    const scheduler = actors.find(({ name }) => name === 'scheduler:payments');
    expect(turn).toMatchObject({ sourceId: scheduler?.sessionId });
    expect(sent.filter((one) => one.sessionId === turn?.sessionId).at(-1)).toMatchObject({
      snapshot: { status: 'done', value: 'completed' },
    });
    expect(JSON.stringify(sent)).not.toContain('canary');
  });
});
