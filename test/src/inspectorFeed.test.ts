import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { projectActor } from '../../inspector/projection/projection.ts';
import type { FeedMessage, Overview, Step } from '../../inspector/protocol.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastRuntime } from '../../src/holdfastRuntime.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = {
  ...{ type: 'payments.push', subject: 'user-1', tier: 'basic', payload: {} },
};

/** A viewer that keeps nothing but what it is told, as the page does. */
class TestViewer {
  readonly messages: FeedMessage[] = [];
  readonly states = new Map<number, readonly string[]>();
  readonly steps: Step[] = [];
  overview: Overview | null = null;

  readonly take = (messages: readonly FeedMessage[]): void => {
    this.messages.push(...messages);
    for (const message of messages) this.#take(message);
  };

  #take(message: FeedMessage): void {
    switch (message.kind) {
      case 'actors':
        if (message.isAll) this.states.clear();
        for (const { actor, states } of message.actors) this.states.set(actor, states);
        break;
      case 'steps':
        this.steps.push(...message.steps);
        for (const { actor, to } of message.steps) {
          if (this.states.has(actor)) this.states.set(actor, to);
        }
        break;
      case 'ended':
        for (const actor of message.actors) this.states.delete(actor);
        break;
      case 'overview':
        this.overview = message.overview;
        break;
      case 'hello':
      case 'news':
      case 'away':
      default:
    }
  }
}

function boot(world: World, options: Partial<RuntimeOptions> = {}) {
  const process = world.boot(options);
  const runtime = process.runtime as HoldfastRuntime;
  return { ...process, runtime, feed: runtime.feed, inspection: runtime.inspection };
}

/** A handler that takes so long. */
function sleep({ clock }: World, ms: number): Promise<null> {
  return new Promise((resolve) => {
    clock.schedule(ms, () => {
      resolve(null);
    });
  });
}

/** Where every actor of the engine stands, by its number. */
function standing({ inspection }: Pick<ReturnType<typeof boot>, 'inspection'>) {
  return new Map(
    [...inspection.actors()]
      .map((actor) => projectActor(actor, null))
      .map(({ actor, states }): [number, readonly string[]] => [actor, states]),
  );
}

const sorted = (states: ReadonlyMap<number, readonly string[]>) =>
  [...states].toSorted(([a], [b]) => a - b);

describe('OB-1 the feed of a runtime', () => {
  test('OB-1 tells a viewer of an operation, from its first step to its end', async () => {
    const world = createWorld();
    const { runtime, feed } = boot(world, {
      handlers: { 'payments.push': { upstream: 'default', run: () => 'done' } },
    });
    const viewer = new TestViewer();
    feed.watch(viewer.take);
    const { id, outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(outcome);
    await world.clock.advance(1_000);
    const its = viewer.messages
      .flatMap((message) => (message.kind === 'actors' ? message.actors : []))
      .find((actor) => actor.id === id);
    expect(its).toMatchObject({
      ...{ machine: 'syncOperation', sinceAtMs: expect.any(Number) },
      about: { type: 'payments.push', upstream: 'default', tier: 'basic', priority: 'normal' },
    });
    const steps = viewer.steps.filter(({ actor }) => actor === its?.actor);
    const name = (path: string | undefined) => path?.split('.').at(-1) ?? null;
    expect(steps.map(({ from, to }) => [name(from[0]), name(to[0])])).toEqual([
      [null, 'accepting'],
      ['accepting', 'waiting'],
      ['waiting', 'ordering'],
      ['ordering', 'attempting'],
      ['attempting', 'settling'],
      ['settling', 'completed'],
    ]);
    expect(viewer.steps.map(({ serial }) => serial)).toEqual(
      viewer.steps.map((_, index) => index + 1),
    );
    expect(viewer.states.has(its?.actor ?? -1)).toBe(false);
    expect(viewer.overview).toMatchObject({
      ...{ phase: 'running', operations: { completed: 1 } },
      answers: expect.arrayContaining([
        expect.objectContaining({ of: 'crisis', deadlineMs: 200 }),
        expect.objectContaining({ of: 'basic', count: 1, deadlineMs: 2_000 }),
      ]),
    });
  });

  test('OB-1 whoever comes at whatever moment has the states of the engine from then on', async () => {
    const moves = fc.array(
      fc.record({
        what: fc.constantFrom(
          'sync',
          'crisis',
          'fail',
          'heal',
          'cancel',
          'watch',
          'leave',
          'breaker',
        ),
        waitMs: fc.constantFrom(0, 1, 20, 60, 900, 5_000),
        lane: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 4, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(moves, fc.integer({ min: 1, max: 1_000 }), async (story, seed) => {
        const world = createWorld(seed);
        let isWell = true;
        const run = async (): Promise<string> => {
          await sleep(world, 30);
          if (!isWell) throw transientFailure('Down.');
          return 'done';
        };
        const process = boot(world, {
          handlers: {
            'payments.push': { upstream: 'default', run },
            'crisis.alert': { upstream: 'default', run },
          },
        });
        const { runtime, feed } = process;
        const viewers: { readonly viewer: TestViewer; readonly stop: () => void }[] = [];
        const ids: string[] = [];
        const compare = (): void => {
          for (const { viewer } of viewers) {
            expect(sorted(viewer.states)).toEqual(sorted(standing(process)));
          }
        };
        await world.clock.run(runtime.ready);
        for (const { what, waitMs, lane } of story) {
          if (what === 'sync') {
            const entity = { type: 'account', id: String(lane) };
            const { id } = await world.clock.run(runtime.sync({ ...REQUEST, entity }));
            ids.push(id);
          }
          if (what === 'crisis') void runtime.crisis({ subject: `p-${lane}`, payload: {} });
          if (what === 'cancel') {
            const id = ids.at(lane);
            if (id !== undefined)
              await world.clock.run(runtime.operations.get(id).cancel()).catch(() => undefined);
          }
          if (what === 'fail' || what === 'heal') isWell = what === 'heal';
          if (what === 'breaker') {
            if (lane % 2 === 0) runtime.upstream('default').forceOpen('test');
            else runtime.upstream('default').release();
          }
          if (what === 'watch') {
            const viewer = new TestViewer();
            viewers.push({ viewer, stop: feed.watch(viewer.take) });
          }
          if (what === 'leave') viewers.shift()?.stop();
          await world.clock.advance(waitMs);
          // A batch is told 50 ms after what is in it; nothing may happen between the two looks.
          await settled(world, process, compare);
        }
        await world.clock.run(runtime.close());
      }),
      { numRuns: 25 },
    );
  });

  test('OB-1 control: a viewer that misses a batch is found out', async () => {
    const world = createWorld();
    const process = boot(world, {
      handlers: { 'payments.push': { upstream: 'default', run: () => sleep(world, 10_000) } },
    });
    const viewer = new TestViewer();
    let calls = 0;
    process.feed.watch((messages) => {
      calls += 1;
      if (calls !== 3) viewer.take(messages);
    });
    await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.advance(2_000);
    expect(sorted(viewer.states)).not.toEqual(sorted(standing(process)));
  });
});

/** Looks once a batch has been told and nothing has happened after it. */
async function settled(
  { clock }: World,
  { inspection }: Pick<ReturnType<typeof boot>, 'inspection'>,
  compare: () => void,
): Promise<void> {
  let moves = 0;
  const note = (): void => {
    moves += 1;
  };
  const stop = inspection.watch({ began: note, stepped: note, ended: note });
  for (let tries = 0; tries < 40; tries += 1) {
    moves = 0;
    await clock.advance(51);
    if (moves > 0) continue;
    compare();
    break;
  }
  stop();
}

describe('AC-2 SE-5 no message holds a secret', () => {
  const CANARY = 'canary';
  const SECRET: SyncRequest = {
    ...{ type: 'payments.push', subject: 'canary-subject', tier: 'premium' },
    payload: { note: 'canary-payload', list: ['canary-item'] },
    base: { version: 'canary-base' },
    entity: { type: 'account', id: 'canary-entity' },
    idempotencyKey: 'canary-key',
  };

  test.each([
    ['answers', () => ({ answer: 'canary-response' })],
    ['refuses', () => Promise.reject(permanentFailure('canary-message'))],
    ['conflicts', () => Promise.reject(conflictFailure('canary-message'))],
    ['is down', () => Promise.reject(transientFailure('canary-message'))],
    [
      'throws',
      () => {
        const body = { body: 'canary-body', headers: { 'x-canary': 'canary-header' } };
        throw Object.assign(new TypeError('canary-message'), { name: 'CanaryError', ...body });
      },
    ],
  ])('SE-5 AC-2 of an upstream that %s', async (_, run) => {
    const world = createWorld();
    const handler = { upstream: 'default', run: async () => await run() };
    const { runtime, feed } = boot(world, {
      handlers: { 'payments.push': handler, 'crisis.alert': handler },
      policies: { tiers: { premium: { retry: { attemptsMax: 2 } } } },
    });
    const told: (readonly FeedMessage[])[] = [];
    feed.open();
    feed.watch((messages) => told.push(messages));
    await world.clock.run(runtime.ready);
    const operation = await world.clock.run(runtime.sync(SECRET));
    await runtime.crisis({ subject: 'canary-person', payload: { note: 'canary-need' } });
    const by = { id: 'canary-nurse', role: 'canary-role' };
    await world.clock.run(
      runtime.crisisMode.enter({ by, reason: 'canary-reason' }).catch(() => undefined),
    );
    runtime.upstream('default').forceOpen('maintenance', 'staff-7');
    await world.clock.advance(120_000);
    runtime.upstream('default').release();
    await world.clock.advance(120_000);
    const late: (readonly FeedMessage[])[] = [];
    feed.watch((messages) => late.push(messages));
    await world.clock.advance(2_000);
    await world.clock.run(operation.cancel().catch(() => undefined));
    await world.clock.advance(2_000);
    await world.clock.run(runtime.close());
    const kinds = new Set(told.flat().map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(
      expect.arrayContaining(['actors', 'away', 'hello', 'news', 'overview', 'steps']),
    );
    const text = JSON.stringify([told, late]);
    expect(text.length).toBeGreaterThan(20_000);
    expect(text.toLowerCase().match(/canary[\w-]*/g)).toBeNull();
    // Control: the same search finds it in what was given.
    expect(
      JSON.stringify(SECRET)
        .toLowerCase()
        .match(/canary[\w-]*/g)?.length,
    ).toBe(6);
    expect(CANARY).toBe('canary');
  });
});

describe('SV-2 whoever watches harms nothing', () => {
  test('SV-2 observers and viewers that throw at every turn change no outcome', async () => {
    const world = createWorld();
    const process = boot(world, {
      handlers: { 'payments.push': { upstream: 'default', run: () => 'done' } },
    });
    const fail = (): never => {
      throw new Error('bad guest');
    };
    process.inspection.watch({ began: fail, stepped: fail, ended: fail });
    process.feed.watch(fail);
    const viewer = new TestViewer();
    process.feed.watch(viewer.take);
    const operation = await world.clock.run(process.runtime.sync(REQUEST));
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    const answer = await process.runtime.crisis({ subject: 'p', payload: {} });
    expect(answer.resources.length).toBeGreaterThan(0);
    await world.clock.advance(1_000);
    expect(viewer.steps.length).toBeGreaterThan(5);
    // Each is told once, however often it threw.
    expect(process.errors.filter((error) => String(error).includes('bad guest')).length).toBe(2);
    await world.clock.run(process.runtime.close());
  });

  test('OB-1 once everybody has gone nothing is left of having been watched', async () => {
    const world = createWorld();
    const process = boot(world, {
      handlers: { 'payments.push': { upstream: 'default', run: () => 'done' } },
    });
    const { runtime, feed } = process;
    const viewer = new TestViewer();
    const stop = feed.watch(viewer.take);
    await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(100);
    stop();
    const told = viewer.messages.length;
    const operation = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(operation.outcome);
    await world.clock.advance(5_000);
    expect(viewer.messages.length).toBe(told);
    expect(feed).toMatchObject({ isCollecting: false, viewers: 0 });
    // Its steps were not counted either: those who come next begin with the number after the last one told.
    const next = new TestViewer();
    feed.watch(next.take);
    const another = await world.clock.run(runtime.sync({ ...REQUEST, subject: 'user-2' }));
    await world.clock.run(another.outcome);
    await world.clock.advance(100);
    expect(next.steps[0]?.serial).toBe(viewer.steps.length + 1);
    await world.clock.run(runtime.close());
    expect(next.messages.at(-1)).toMatchObject({ kind: 'away' });
  });

  test('OB-1 5,000 operations in memory are told in short pieces, and each that moves', async () => {
    const world = createWorld();
    const process = boot(world, {
      ...{ residentsMax: 6_000, handlers: {} },
      upstreams: { slow: { concurrency: 5_000 } },
    });
    const { runtime, feed } = process;
    await world.clock.run(runtime.ready);
    await world.clock.run(
      runtime.handle('slow.work', {
        upstream: 'slow',
        run: () => sleep(world, 60_000),
      }),
    );
    runtime.upstream('slow').forceOpen('full');
    const accepted = Array.from({ length: 5_000 }, (_, index) =>
      runtime.sync({ ...REQUEST, type: 'slow.work', subject: `user-${index}` }),
    );
    await world.clock.run(Promise.all(accepted));
    await world.clock.advance(1_000);
    const told: (readonly FeedMessage[])[] = [];
    const viewer = new TestViewer();
    feed.watch((messages) => {
      told.push(messages);
      viewer.take(messages);
    });
    await world.clock.advance(60);
    expect(viewer.states.size).toBeGreaterThan(5_000);
    expect(sorted(viewer.states)).toEqual(sorted(standing(process)));
    for (const messages of told) expect(JSON.stringify(messages).length).toBeLessThan(150_000);
    expect(viewer.overview?.queue).toEqual([
      {
        ...{ upstream: 'slow', tier: 'basic', priority: 'normal', because: 'operator' },
        ...{ turn: 5_000, inLane: 0, oldestAtMs: expect.any(Number), untilAtMs: null },
      },
    ]);
    const steps = viewer.steps.length;
    runtime.upstream('slow').release();
    // One that comes while they all move is told of the others in between.
    const late = new TestViewer();
    feed.watch(late.take);
    await world.clock.advance(200);
    await settled(world, process, () => {
      expect(sorted(viewer.states)).toEqual(sorted(standing(process)));
      expect(sorted(late.states)).toEqual(sorted(standing(process)));
    });
    expect(viewer.steps.length).toBeGreaterThan(steps);
    await world.clock.run(runtime.close({ deadlineMs: 1 }));
  });
});
