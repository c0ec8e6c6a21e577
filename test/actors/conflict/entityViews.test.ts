import { expect, test } from 'vitest';
import type { Store } from '../../../persistence/port/store.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const ENTITY = { type: 'preferences', id: 'p-1' } as const;
const BEGUN = { theme: 'light', fontSize: 12 };

/** A process with an edit that the upstream is about to take, and a way to let it. */
async function aboutToEnd() {
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, BEGUN);
  let letGo = (): void => undefined;
  upstream.beforeWrite = () =>
    new Promise((resolve) => {
      letGo = resolve;
    });
  const world = createWorld();
  const { runtime, store } = world.boot({
    device: 'phone',
    handlers: { 'records.put': upstream.handler() },
  });
  const change = { entity: ENTITY, subject: 'user-42', value: BEGUN, version: '"1"' };
  await world.clock.run(runtime.remoteChange(change));
  const operation = await world.clock.run(
    runtime.sync({
      type: 'records.put',
      subject: 'user-42',
      entity: ENTITY,
      payload: { ...BEGUN, theme: 'dark' },
      base: { version: '"1"', value: BEGUN },
    }),
  );
  await world.clock.advance(100);
  return {
    ...{ runtime, world, store, operation },
    end: async () => {
      letGo();
      await operation.outcome;
    },
  };
}

/** Once, while the edits that wait are looked for, something else happens. */
function betweenReads(store: Store, happens: () => Promise<void>): void {
  const lane = store.lane.bind(store);
  let isOver = false;
  Object.assign(store, {
    lane: async (...query: Parameters<Store['lane']>) => {
      const rows = await lane(...query);
      if (!isOver) {
        isOver = true;
        await happens();
      }
      return rows;
    },
  });
}

test('CF-1 CF-2 an edit that ends while its record is read is in what the app is shown', async () => {
  const { runtime, world, store, end } = await aboutToEnd();
  betweenReads(store, end);
  const shown = await world.clock.run(runtime.entities.get(ENTITY));
  expect(shown).toMatchObject({ value: { ...BEGUN, theme: 'dark' }, waiting: 0 });
  expect(shown?.base.version).toBe('"2"');
  await world.clock.run(runtime.close());
});

test('CF-1 CF-2 so it is in what a change from elsewhere is answered with', async () => {
  const { runtime, world, store, end } = await aboutToEnd();
  betweenReads(store, end);
  const change = { entity: ENTITY, subject: 'user-42', value: BEGUN, version: '"1"' };
  const { value } = await world.clock.run(runtime.remoteChange(change));
  expect(value).toEqual({ ...BEGUN, theme: 'dark' });
  await world.clock.run(runtime.close());
});
