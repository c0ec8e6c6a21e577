import { expect, test } from 'vitest';
import { createWorld } from '../../support/harness/engineHarness.ts';

const WORK = { type: 'work', subject: 'user-42' } as const;

test('SV-3 OP-4 a suspect whose rank is raised while it waits stands in nobody’s way', async () => {
  const world = createWorld();
  const { clock } = world;
  const ends: (() => void)[] = [];
  let doesHang = true;
  const run = async (): Promise<null> => {
    if (doesHang) await new Promise<void>((resolve) => ends.push(resolve));
    return null;
  };
  const boot = () =>
    world.boot({
      upstreams: { payments: {} },
      handlers: { work: { upstream: 'payments', run } },
    });
  const first = boot();
  await clock.run(first.runtime.ready);
  for (let id = 0; id < 8; id += 1) {
    const entity = { type: 'account', id: `${id}` };
    await clock.run(first.runtime.sync({ ...WORK, tier: 'trial', entity }));
  }
  await clock.advance(100);
  first.kill();

  // Four of them run beside each other, and the others wait for their turn while they are raised.
  const second = boot();
  await clock.run(second.runtime.ready);
  await clock.advance(100);
  for (let id = 0; id < 8; id += 1) {
    const entity = { type: 'account', id: `${id}` };
    await clock.run(second.runtime.sync({ ...WORK, tier: 'premium', entity }));
  }
  for (let count = 0; count < 40; count += 1) {
    await clock.run(second.runtime.sync({ ...WORK, tier: 'basic' }));
  }
  doesHang = false;
  for (const end of ends) end();
  await clock.advance(20_000);
  const { views } = await clock.run(second.runtime.operations.page());
  expect(views.filter(({ state }) => state !== 'completed')).toEqual([]);
});
