/**
 * Every request for one subject fails beside those for others: they wait by themselves, and hold up nobody else,
 * however many of them rest on disk before the others.
 *
 * @module
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorld, createWorldOnFile, type World } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const TYPE = 'payments.push';
const OTHER = 'reports.push';
const CALL_MS = 20;
const WORDS =
  /^every call for one subject fails at api since \d{4}\S+Z while calls for others succeed: they wait by themselves, next try (now|at \d{4}\S+Z); see holdfast operations --reason subject$/;

const answered = (status: number): Error =>
  transientFailure(`The upstream answered ${status}.`, { status, notApplied: status === 503 });

/** An upstream with one endpoint; what it answers to those of `fails` is a failure. */
function createUpstream(fails: (subject: string) => Error | null, world: World = createWorld()) {
  const { clock } = world;
  const done: string[] = [];
  const calls: string[] = [];
  const handler = {
    upstream: 'api',
    honoursIdempotencyKey: true,
    run: async ({ subject }: { readonly subject: string }) => {
      calls.push(subject);
      await new Promise<void>((resolve) => {
        clock.schedule(CALL_MS, resolve);
      });
      const failure = fails(subject);
      if (failure !== null) throw failure;
      done.push(subject);
      return null;
    },
  };
  const boot = () =>
    world.boot({ upstreams: { api: {} }, handlers: { [TYPE]: handler, [OTHER]: handler } });
  const process = boot();
  const told: Fact[] = [];
  process.runtime.subscribe((fact) => told.push(fact));
  const accept = async (subject: string, count: number, type = TYPE) => {
    const requests = Array.from({ length: count }, (_, n) => ({ type, subject, payload: { n } }));
    return await clock.run(Promise.all(requests.map((each) => process.runtime.sync(each))));
  };
  const doneOf = (subject: string) => done.filter((each) => each === subject).length;
  return { ...world, process, runtime: process.runtime, boot, told, calls, accept, doneOf };
}

const isBroken = (subject: string): Error | null => (subject === 'broken' ? answered(500) : null);
const onFile = (): World => createWorldOnFile(1, inThreadStore(join(tempFolder(), 'store')));

describe('CB-2 one type only, and a subject whose requests fail', () => {
  test.each([
    ['in memory', createWorld, 200],
    ['most of them at rest', createWorld, 1_000],
    ['at rest in a file', onFile, 400],
  ])('CB-2 those accepted first hold up no other: %s', async (_, create, count) => {
    const world = createUpstream(isBroken, create());
    await world.accept('broken', count);
    await world.accept('well', 50);
    await world.clock.advance(10_000);
    expect(world.doneOf('well')).toBe(50);
    expect(world.calls.length).toBeLessThan(130);
    await world.clock.run(world.runtime.close());
  });

  test('CB-2 they do not either where the process begins with them at rest', async () => {
    const world = createUpstream(isBroken);
    world.runtime.upstream('api').forceOpen('Before a deployment.');
    await world.accept('broken', 300);
    await world.accept('well', 30);
    world.process.kill();
    const { runtime } = world.boot();
    await world.clock.run(runtime.ready);
    runtime.upstream('api').release();
    await world.clock.advance(10_000);
    expect(world.doneOf('well')).toBe(30);
    await world.clock.run(runtime.close());
  });

  test('CB-2 HM-1 OB-5 what is parked says so, is tried again ever less often, and comes back', async () => {
    const broken = { is: true };
    const world = createUpstream((subject) => (broken.is ? isBroken(subject) : null));
    const { clock, runtime } = world;
    await world.accept('broken', 60);
    await world.accept('well', 20);
    await clock.advance(30_000);
    const health = runtime.getHealthStatus();
    expect(health.upstreams['api']).toMatchObject({
      breaker: 'closed',
      parkedTypes: [],
      parkedSubjects: { count: 1 },
    });
    expect(health.reasons).toEqual([expect.stringMatching(WORDS)]);
    expect(health.queue).toMatchObject([{ turn: 60, because: 'subject' }]);
    const before = world.calls.length;
    await clock.advance(60_000);
    expect(world.calls.length - before).toBeLessThan(25);
    // One that comes now waits with them; one for another subject does not.
    const [late] = await world.accept('broken', 1);
    await world.accept('well', 1);
    await clock.advance(100);
    expect(world.doneOf('well')).toBe(21);
    const view = await clock.run(late?.view() ?? Promise.reject(new Error('none')));
    expect(view.wait?.reason).toBe('subject');
    expect((view.wait?.untilAtMs ?? 0) - clock.now()).toBeLessThan(16_500);
    broken.is = false;
    await clock.advance(60_000);
    expect(world.doneOf('broken')).toBe(61);
    expect(runtime.getHealthStatus().reasons).toEqual([]);
    const told = world.told.filter(({ kind }) => kind === 'parking.changed');
    const about = { upstream: 'api', what: 'subject', type: TYPE };
    expect(told).toMatchObject([
      { ...about, isParked: true },
      { ...about, isParked: false },
    ]);
    expect(JSON.stringify(told)).not.toContain('broken');
    await clock.run(runtime.close());
  });

  test('RT-1 what is parked spends its attempts, and ends as dead letters in the end', async () => {
    const world = createUpstream(isBroken);
    const { clock, runtime } = world;
    await world.accept('broken', 8);
    for (let minute = 0; minute < 20; minute += 1) {
      await world.accept('well', 10);
      await clock.advance(60_000);
    }
    expect(world.doneOf('well')).toBe(200);
    expect(runtime.getHealthStatus().waiting.deadLettered).toBe(8);
    await clock.run(runtime.close());
  });

  test('CB-2 two such subjects hold up no other either', async () => {
    const world = createUpstream((subject) => (subject === 'well' ? null : answered(500)));
    await world.accept('broken', 300);
    await world.accept('odd', 300);
    await world.accept('well', 30);
    await world.clock.advance(30_000);
    expect(world.doneOf('well')).toBe(30);
    await world.clock.run(world.runtime.close());
  });
});

test('CB-2 a type that is parked for one subject is found to be well for others', async () => {
  const world = createUpstream(isBroken);
  await world.accept('broken', 300);
  await world.accept('well', 30);
  await world.accept('well', 30, OTHER);
  await world.clock.advance(30_000);
  expect(world.doneOf('well')).toBe(60);
  await world.clock.run(world.runtime.close());
});

test('CB-2 control: in an outage of all subjects none of them is parked, and all is done soon after', async () => {
  const down = { is: true };
  const world = createUpstream(() => (down.is ? answered(503) : null));
  const { clock } = world;
  for (let n = 0; n < 20; n += 1) await world.accept(`user-${n}`, 4);
  await clock.advance(600_000);
  down.is = false;
  await clock.advance(45_000);
  expect(world.told.filter(({ kind }) => kind === 'parking.changed')).toEqual([]);
  for (let n = 0; n < 20; n += 1) expect(world.doneOf(`user-${n}`)).toBe(4);
  await clock.run(world.runtime.close());
});
