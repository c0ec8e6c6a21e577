import { describe, expect, test, vi } from 'vitest';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const NAMES = Array.from({ length: 300 }, (_, index) => `upstream-${index}`);
const HANDLERS = Object.fromEntries(
  NAMES.map((upstream, index) => [`push.to${index}`, { upstream, run: () => null }]),
);

/** A start, and what it asked of the store and wrote to it. */
async function booted(world: World) {
  const process = world.boot({
    upstreams: Object.fromEntries(NAMES.map((name) => [name, {}])),
    handlers: HANDLERS,
  });
  const { store } = process;
  const claims = vi.spyOn(store, 'claim');
  const commits = vi.spyOn(store, 'commit');
  await world.clock.run(process.runtime.ready);
  await world.clock.advance(5_000);
  const written = commits.mock.calls.flatMap(([writes]) => writes.map(({ kind }) => kind));
  return { ...process, claims, written };
}

describe('SC-1 a start with many upstreams', () => {
  test('SC-1 OP-6 asks once for all that are idle, and writes nothing for them', async () => {
    const { runtime, claims, written } = await booted(createWorld());
    expect(claims).not.toHaveBeenCalled();
    expect(written.length).toBeLessThan(5);
    expect(runtime.getHealthStatus().overall).toBe('healthy');
  });

  test('SC-1 SV-3 claims for those that have work, which all ends, and a level asks for no more', async () => {
    const world = createWorld();
    const first = await booted(world);
    first.runtime.upstream('upstream-7').forceOpen('for the test');
    const parked = await Promise.all(
      ['push.to7', 'push.to8', 'push.to7'].map((type) =>
        world.clock.run(first.runtime.sync({ type, subject: 'user-1', tier: 'premium' })),
      ),
    );
    first.kill();
    const next = await booted(world);
    expect(next.claims.mock.calls.length).toBeLessThan(20);
    next.runtime.upstream('upstream-7').release();
    for (const { id } of parked) {
      const ended = await world.clock.run(next.runtime.operations.get(id).outcome);
      expect(ended.status).toBe('completed');
    }
    const claims = next.claims.mock.calls.length;
    // A late disk lowers the level of everything, and has more to do than to be asked by all of them.
    next.store.faults.delayMs = () => 2_000;
    const late = next.runtime.sync({ type: 'push.to9', subject: 'user-1', tier: 'trial' });
    await world.clock.run(late);
    next.store.faults.delayMs = () => 0;
    await world.clock.advance(10_000);
    expect(next.claims.mock.calls.length - claims).toBeLessThan(10);
  });
});
