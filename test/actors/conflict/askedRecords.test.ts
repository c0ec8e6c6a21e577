import { describe, expect, test } from 'vitest';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const ENTITY = { type: 'crisis_plan', id: 'p-1' } as const;
const OTHER = { type: 'crisis_plan', id: 'p-2' } as const;
const BY = { id: 'staff-7', role: 'clinician' };
const planOf = (name: string) => ({
  emergencyContacts: [{ id: 'c1', name, phones: ['+49 30 1'] }],
});

/** An edit of a plan that went out though a person is asked about it. */
async function asked() {
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, planOf('Sam'));
  upstream.put(ENTITY.id, planOf('Samuel'));
  const world = createWorld();
  const { clock } = world;
  const start = () =>
    world.boot({ device: 'phone', handlers: { 'records.put': upstream.handler() } });
  const first = start();
  const operation = await clock.run(
    first.runtime.sync({
      ...{ type: 'records.put', subject: 'user-42', entity: ENTITY, payload: planOf('Sammy') },
      base: { version: '"1"', value: planOf('Sam') },
    }),
  );
  expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
  const inReview = async ({ runtime } = first, entity: typeof ENTITY | typeof OTHER = ENTITY) =>
    (await clock.run(runtime.entities.get(entity)))?.inReview;
  const idOf = async () => {
    const { value } = await clock.run(
      first.runtime.conflicts.list()[Symbol.asyncIterator]().next(),
    );
    return String(value?.id);
  };
  return { clock, first, start, inReview, idOf };
}

describe('CF-6 that a person is asked about a record is shown with it', () => {
  test('CF-6 also where it went out, until it is decided', async () => {
    const { clock, first, inReview, idOf } = await asked();
    const { runtime } = first;
    expect(await inReview()).toBe(true);
    const id = await idOf();
    await clock.run(runtime.conflicts.resolve(id, { by: BY, choices: { 1: { take: 1 } } }));
    await clock.advance(10_000);
    expect(await inReview()).toBe(false);
    await clock.run(runtime.close());
  });

  test('CF-6 and over restarts, for no other record', async () => {
    const { clock, first, start, inReview } = await asked();
    first.kill();
    const next = start();
    await clock.run(next.runtime.ready);
    await clock.advance(1_000);
    expect(await inReview(next)).toBe(true);
    const change = { entity: OTHER, subject: 'user-42', value: planOf('Mia'), version: '"1"' };
    await clock.run(next.runtime.remoteChange(change));
    expect(await inReview(next, OTHER)).toBe(false);
    await clock.run(next.runtime.close());
  });
});
