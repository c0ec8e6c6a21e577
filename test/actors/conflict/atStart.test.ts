/** What becomes of conflicts that rest when a process starts. */

import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

/** The search for heads of lanes that nobody woke goes through all that rests, with pauses; here it never ends. */
function searchedForEver(disk: Store): Store {
  return new Proxy(disk, {
    get(target, name) {
      if (name === 'freedHeads') return async () => ({ rows: [], nextAfterSeq: 1 });
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('OP-6 CF-8 at the start of a process no conflict waits until all that rests was gone through', async () => {
  const upstream = new RecordUpstream();
  upstream.put('p-1', { a: 0, b: 0 });
  upstream.put('p-1', { a: 0, b: 5 });
  const { clock, boot } = createWorld(1, searchedForEver(createMemoryStore()));
  const options = { device: 'phone', handlers: { 'records.put': upstream.handler() } };
  const first = boot(options);
  upstream.beforeRead = async () => await new Promise<never>(() => undefined);
  const { id } = await clock.run(
    first.runtime.sync({
      ...{ type: 'records.put', subject: 'user-42', tier: 'premium' },
      entity: { type: 'preferences', id: 'p-1' },
      base: { version: '"1"', value: { a: 0, b: 0 } },
      payload: { a: 1, b: 0 },
    }),
  );
  await clock.advance(1_000);
  first.kill();
  upstream.beforeRead = () => undefined;
  const { runtime, errors } = boot(options);
  await clock.advance(5_000);
  expect((await clock.run(runtime.operations.get(id).view())).state).toBe('completed');
  expect(upstream.value('p-1')).toEqual({ a: 1, b: 5 });
  expect(errors).toEqual([]);
});
