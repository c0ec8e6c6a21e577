/**
 * Whatever is large is searched for card data in slices, by whichever door it comes (CR-1): between two of them a person
 * is answered. What is searched in one turn is counted, so that it is the same on every machine.
 *
 * @module
 */

import { expect, test, vi } from 'vitest';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { HoldfastRuntime } from '../../src/holdfastRuntime.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

/** Characters that were searched in this turn, and in the one with most. */
const { searched } = vi.hoisted(() => ({ searched: { now: 0, most: 0, all: 0 } }));

vi.mock(import('../../machines/policy/request/cardNumber.ts'), async (load) => {
  const real = await load();
  const findCardNumbers = (text: string): ReturnType<typeof real.findCardNumbers> => {
    searched.now += text.length;
    searched.all += text.length;
    searched.most = Math.max(searched.most, searched.now);
    return real.findCardNumbers(text);
  };
  return { ...real, findCardNumbers };
});

/** A clock by which each piece of work takes a turn of the event loop. */
class SlowTurns extends VirtualClock {
  #ticksMs = 0;

  override monotonic(): number {
    this.#ticksMs += 3;
    return super.monotonic() + this.#ticksMs;
  }

  override schedule(delayMs: number, wake: () => void): () => void {
    return super.schedule(delayMs, () => {
      searched.now = 0;
      wake();
    });
  }
}

const LENGTH = 120_000;
/** What is looked at while it is written, and a window with what stands around it. */
const TURN_MAX = 30_000;
const LARGE = '4111 4111 '.repeat(LENGTH / 10);
const ABOUT = { subject: 'user-42', tier: 'premium' } as const;
const PLAN = { type: 'crisis_plan', id: 'p-1' } as const;
const ANA = { by: { id: 'staff-7', role: 'clinician' } } as const;

async function open(upstream = new RecordUpstream()) {
  const clock = new SlowTurns();
  const world = createWorld(1, createMemoryStore(), clock);
  const { runtime } = world.boot({
    device: 'phone',
    handlers: {
      'records.put': { ...upstream.handler(), cardDataExempt: ['payload.barcode'] },
      'notes.put': {
        upstream: 'default',
        run: ({ payload }) => {
          if (payload === 'fail') throw permanentFailure('No.', { code: 'HF_REQUEST_INVALID' });
          return payload === 'answer' ? { text: LARGE } : null;
        },
      },
    },
  });
  await clock.run(runtime.ready);
  await clock.advance(10_000);
  return { clock, runtime: runtime as HoldfastRuntime, upstream };
}

type Scene = Awaited<ReturnType<typeof open>>;

const note = (payload: string) => ({ ...ABOUT, type: 'notes.put', payload });

async function deadLetter({ clock, runtime }: Scene): Promise<string> {
  const { id, outcome } = await clock.run(runtime.sync(note('fail')));
  expect(await clock.run(outcome)).toMatchObject({ status: 'deadLettered' });
  return id;
}

async function conflict({ clock, runtime, upstream }: Scene, theirs: string): Promise<string> {
  upstream.put('p-1', { note: theirs });
  const base = { version: '"1"', value: { note: 'before' } };
  const edit = { ...ABOUT, type: 'records.put', entity: PLAN, payload: { note: 'mine' }, base };
  await clock.run(runtime.sync(edit));
  await clock.advance(60_000);
  const found: string[] = [];
  const reading = (async () => {
    for await (const { id } of runtime.conflicts.list()) found.push(id);
  })();
  await clock.run(reading);
  expect(found).toHaveLength(1);
  return String(found[0]);
}

function openWithRecord(): Promise<Scene> {
  const upstream = new RecordUpstream();
  upstream.put('p-1', { note: 'before' });
  return open(upstream);
}

/** Gets a scene ready, and gives what is then done with something large. */
const DOORS: Readonly<Record<string, (scene: Scene) => Promise<() => Promise<unknown>>>> = {
  'a request': ({ runtime }) => Promise.resolve(() => runtime.sync(note(LARGE))),
  'a request of a bulk': ({ runtime }) => Promise.resolve(() => runtime.syncAll([note(LARGE)])),
  'a request of the bulk of a client': ({ runtime }) =>
    Promise.resolve(() => runtime.acceptMany(note(LARGE))),
  'a function with its request': ({ runtime }) =>
    Promise.resolve(() => runtime.executeResilientSync(note(LARGE), 'user-42', () => null)),
  'a change that somebody else made': ({ runtime }) =>
    Promise.resolve(() =>
      runtime.remoteChange({
        ...{ entity: PLAN, subject: 'user-42', version: '"9"' },
        value: { note: LARGE },
      }),
    ),
  'a dead letter that is edited': async (scene) => {
    const id = await deadLetter(scene);
    return () => scene.runtime.deadLetters.replay(id, { payload: LARGE });
  },
  'an answer': ({ runtime }) =>
    Promise.resolve(async () => await (await runtime.sync(note('answer'))).outcome),
  'a crisis': ({ runtime }) =>
    Promise.resolve(() => runtime.crisis({ subject: 'user-42', payload: { note: LARGE } })),
  'a decision, and the edit that carries it out': async (scene) => {
    const id = await conflict(scene, 'theirs');
    return () => scene.runtime.conflicts.resolve(id, { ...ANA, value: { note: LARGE } });
  },
  'a record of the upstream': async (scene) => {
    await conflict(scene, 'theirs');
    return async () => {
      const theirs = { note: LARGE, barcode: '4111 1111 1111 1111' };
      scene.upstream.put('p-1', theirs);
      const edit = { ...ABOUT, type: 'records.put', entity: PLAN, payload: { note: 'again' } };
      await scene.runtime.sync({ ...edit, base: { version: '"1"', value: { note: 'before' } } });
    };
  },
};

test.each(Object.keys(DOORS))('CF-7 CR-1 %s is searched for card data in slices', async (door) => {
  const scene = await openWithRecord();
  const use = await DOORS[door]?.(scene);
  Object.assign(searched, { now: 0, most: 0, all: 0 });
  await scene.clock.run(use?.() ?? Promise.reject(new Error(door)));
  await scene.clock.advance(60_000);
  expect(searched.all).toBeGreaterThan(LENGTH);
  expect(searched.most).toBeLessThan(TURN_MAX);
  await scene.clock.run(scene.runtime.close());
});
