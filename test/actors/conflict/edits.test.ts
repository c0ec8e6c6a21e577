import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FACT_KINDS } from '../../../actors/port.ts';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import { unknownOutcome } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Process } from '../../support/harness/engineHarness.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

/** Goes out while a person is asked. */
const SETTINGS = { type: 'preferences', id: 'p-1' } as const;
/** Waits for the person: nobody has declared it. */
const RECIPE = { type: 'recipe', id: 'p-1' } as const;

function edit(payload: Json, base?: Json, entity: { type: string; id: string } = SETTINGS) {
  return {
    type: 'records.put',
    subject: 'user-42',
    tier: 'premium',
    entity,
    payload,
    ...(base === undefined ? {} : { base }),
  } as const;
}

function on(version: number, value: Json): Json {
  return { version: `"${version}"`, value };
}

/** A process whose edits go to this upstream. */
function bootOn(
  upstream: RecordUpstream,
  world = createWorld(),
  options: Parameters<(typeof world)['boot']>[0] = {},
): Process & { readonly world: typeof world; readonly facts: Fact[] } {
  const process = world.boot({
    device: 'phone',
    handlers: { 'records.put': upstream.handler() },
    ...options,
  });
  const facts: Fact[] = [];
  for (const kind of FACT_KINDS) {
    process.runtime.subscribe(kind, (fact) => {
      facts.push(fact);
    });
  }
  return { ...process, world, facts };
}

/** The app has read this version before. */
async function hears(
  { runtime, world }: Pick<ReturnType<typeof bootOn>, 'runtime' | 'world'>,
  version: number,
  value: Json,
): Promise<void> {
  const heard = { entity: SETTINGS, subject: 'user-42', version: `"${version}"`, value };
  await world.clock.run(runtime.remoteChange(heard));
}

async function all<Item>(given: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of given) found.push(item);
  return found;
}

function kinds(facts: readonly Fact[]): string[] {
  return facts.map(({ kind }) => kind).filter((kind) => kind.startsWith('conflict.'));
}

describe('an edit', () => {
  test('CF-1 CF-6 that meets another version is merged with it, and sent under a key of its own', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { theme: 'light', fontSize: 12 });
    const base = on(1, { theme: 'light', fontSize: 12 });
    upstream.put('p-1', { theme: 'light', fontSize: 14 });
    const { runtime, errors, facts, world } = bootOn(upstream);
    await hears({ runtime, world }, 1, { theme: 'light', fontSize: 12 });
    const operation = await world.clock.run(
      runtime.sync(edit({ theme: 'dark', fontSize: 12 }, base)),
    );
    const { status } = await world.clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 14 });
    expect(upstream.writes.map(({ what }) => what)).toEqual(['refused', 'taken']);
    expect(new Set(upstream.writes.map(({ key }) => key)).size).toBe(2);
    expect(upstream.reads).toBe(1);
    expect(kinds(facts)).toEqual(['conflict.detected', 'conflict.merged']);
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-6 that a later one has replaced is sent no more, and what it said is in the audit', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { theme: 'light' });
    const { runtime, world, facts, errors } = bootOn(upstream);
    await hears({ runtime, world }, 1, { theme: 'light' });
    const later = { ms: world.clock.now() + 60_000, c: 0 };
    upstream.put('p-1', { theme: 'blue' }, { vv: { tablet: 1 }, actor: 'tablet', hlc: later });
    const operation = await world.clock.run(
      runtime.sync(edit({ theme: 'dark' }, on(1, { theme: 'light' }))),
    );
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.writes.map(({ what }) => what)).toEqual(['refused']);
    expect(kinds(facts)).toEqual(['conflict.detected', 'conflict.merged']);
    const [kept] = await world.clock.run(all(runtime.conflicts.list({ all: true })));
    const { audit } = await world.clock.run(runtime.conflicts.show(kept?.id ?? ''));
    expect(audit).toMatchObject([{ path: '/theme', kept: 'blue', lost: [{ value: 'dark' }] }]);
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-1 that nobody has met goes out on the condition that there is no such record', async () => {
    const upstream = new RecordUpstream();
    const { runtime, world } = bootOn(upstream);
    const operation = await world.clock.run(runtime.sync(edit({ theme: 'dark' })));
    await world.clock.run(operation.outcome);
    expect(upstream.writes).toMatchObject([{ what: 'taken', condition: { absent: true } }]);
    await world.clock.run(runtime.close());
  });

  test('CF-1 OP-4 that waits in its lane is rebased on what the one before it became, and never refused', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { a: 0, b: 0, c: 0 });
    const base = on(1, { a: 0, b: 0, c: 0 });
    upstream.put('p-1', { a: 0, b: 0, c: 9 });
    const { runtime, world, errors } = bootOn(upstream);
    await hears({ runtime, world }, 1, { a: 0, b: 0, c: 0 });
    const first = runtime.sync(edit({ a: 1, b: 0, c: 0 }, base));
    const second = runtime.sync(edit({ a: 1, b: 2, c: 0 }, base));
    const third = runtime.sync(edit({ a: 3, b: 2, c: 0 }, base));
    const ended = Promise.all([first, second, third]).then((operations) =>
      Promise.all(operations.map(({ outcome }) => outcome)),
    );
    const outcomes = await world.clock.run(ended);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('completed'));
    expect(upstream.value('p-1')).toEqual({ a: 3, b: 2, c: 9 });
    expect(upstream.writes.map(({ what }) => what)).toEqual(['refused', 'taken', 'taken', 'taken']);
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-8 OP-3 whose answer was lost is found in what others made of it since, and not sent again', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { a: 0, b: 0 });
    upstream.knowsKeys = false;
    upstream.afterWrite = (attempt) => {
      upstream.afterWrite = () => undefined;
      const meta = recordMetaFrom(attempt.meta);
      // Another device has read it, and changes something else.
      upstream.put(
        'p-1',
        { a: 1, b: 5 },
        meta === null ? undefined : { ...meta, actor: 'tablet', vv: { ...meta.vv, tablet: 1 } },
      );
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    };
    const { runtime, world, errors } = bootOn(upstream);
    const operation = await world.clock.run(
      runtime.sync(edit({ a: 1, b: 0 }, on(1, { a: 0, b: 0 }))),
    );
    const { status } = await world.clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.takenOf(operation.id)).toBe(1);
    expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-8 goes round as often as others are faster, and then a person is asked', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { a: 0, b: 0 });
    let others = 0;
    upstream.beforeWrite = () => {
      others += 1;
      upstream.put('p-1', { a: 0, b: others });
    };
    const { runtime, world, facts } = bootOn(upstream, createWorld(), {
      handlers: { 'records.put': upstream.handler({ roundsMax: 3 }) },
    });
    const operation = await world.clock.run(
      runtime.sync(edit({ a: 1, b: 0 }, on(1, { a: 0, b: 0 }))),
    );
    await world.clock.advanceUntil(() => kinds(facts).includes('conflict.awaitsReview'));
    expect(upstream.writes.map(({ what }) => what)).toEqual(Array(4).fill('refused'));
    expect(facts.findLast(({ kind }) => kind === 'conflict.awaitsReview')).toMatchObject({
      reason: 'rounds',
      isHeld: true,
    });
    const { state } = await world.clock.run(operation.view());
    expect(state).toBe('conflicted');
    await world.clock.run(runtime.close());
  });

  test('CF-6 of a record that waits for a person holds its lane until they decide, and goes on with that', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { title: 'Soup' });
    const base = on(1, { title: 'Soup' });
    upstream.put('p-1', { title: 'Stew' });
    const { runtime, world, facts } = bootOn(upstream);
    const first = await world.clock.run(runtime.sync(edit({ title: 'Broth' }, base, RECIPE)));
    const second = await world.clock.run(
      runtime.sync(edit({ title: 'Broth', serves: 4 }, base, RECIPE)),
    );
    await world.clock.advanceUntil(() => kinds(facts).includes('conflict.awaitsReview'));
    await world.clock.advance(600_000);
    expect(upstream.value('p-1')).toEqual({ title: 'Stew' });
    expect((await world.clock.run(second.view())).state).toBe('inLane');
    const [conflict, ...more] = await world.clock.run(all(runtime.conflicts.list()));
    expect(more).toEqual([]);
    await world.clock.run(
      runtime.conflicts.resolve(conflict?.id ?? '', {
        by: { id: 'nurse-1', role: 'nurse' },
        value: { title: 'Broth stew' },
      }),
    );
    const outcomes = await world.clock.run(Promise.all([first.outcome, second.outcome]));
    expect(outcomes.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(upstream.value('p-1')).toMatchObject({ serves: 4 });
    await world.clock.run(runtime.close());
  });

  test('CF-6 of a record that goes out does not hold its lane while a person is asked', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { note: 'one' });
    const base = on(1, { note: 'one' });
    upstream.put('p-1', { note: 'two' });
    const { runtime, world, facts } = bootOn(upstream);
    const operation = await world.clock.run(
      runtime.sync(edit({ note: 'three' }, base, { type: 'crisis_plan', id: 'p-1' })),
    );
    const { status } = await world.clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(kinds(facts)).toEqual(['conflict.detected', 'conflict.awaitsReview', 'conflict.merged']);
    await world.clock.run(runtime.close());
  });
});

test('CF-1 two stores that an app has given one name are two: none takes the work of the other for its own', async () => {
  const upstream = new RecordUpstream();
  upstream.put('p-1', { theme: 'light', fontSize: 12 });
  const base = on(1, { theme: 'light', fontSize: 12 });
  const elsewhere = createWorld(2, createMemoryStore('2'.repeat(32)));
  const [one, other] = [bootOn(upstream), bootOn(upstream, elsewhere)];
  let isLost = true;
  upstream.beforeWrite = () => {
    if (isLost) throw unknownOutcome('The line broke.');
  };
  const operation = await one.world.clock.run(
    one.runtime.sync(edit({ theme: 'dark', fontSize: 12 }, base)),
  );
  await one.world.clock.advance(100);
  isLost = false;
  const theirs = await other.world.clock.run(
    other.runtime.sync(edit({ theme: 'light', fontSize: 20 }, base)),
  );
  expect((await other.world.clock.run(theirs.outcome)).status).toBe('completed');
  await one.world.clock.advance(60_000);
  expect((await one.world.clock.run(operation.outcome)).status).toBe('completed');
  expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 20 });
});
