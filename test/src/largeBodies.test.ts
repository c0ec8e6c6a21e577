/**
 * What an app gives to `sync()` and what holds up nobody, however large it is.
 */

import { expect, test } from 'vitest';
import { createWorld } from '../support/harness/engineHarness.ts';

const DIGITS = '4111 4111 ';

test('CF-8 CF-7 a large body is searched for card data in slices, and what comes after it stays behind it', async () => {
  const order: string[] = [];
  const world = createWorld();
  const { runtime } = world.boot({
    device: 'phone',
    handlers: {
      'notes.put': {
        upstream: 'default',
        run: ({ payload }) => {
          order.push((payload as { name: string }).name);
          return null;
        },
      },
    },
  });
  const about = { type: 'notes.put', subject: 'p-1', entity: { type: 'note', id: 'n-1' } };
  const payload = { name: 'large', text: DIGITS.repeat(20_000) };
  const large = runtime.sync({ ...about, payload });
  // It is kept as it was when it was given.
  payload.name = 'changed';
  const small = runtime.sync({ ...about, payload: { name: 'small' } });
  const refused = runtime.sync({
    ...about,
    payload: { name: 'refused', deep: [{ text: `${DIGITS.repeat(2_000)} 4111 1111 1111 1111` }] },
  });
  const last = runtime.sync({ ...about, payload: { name: 'last' } });
  const all = Promise.allSettled([large, small, refused, last]);
  const [, , third] = await world.clock.run(all);
  expect(third).toMatchObject({
    status: 'rejected',
    reason: { code: 'HF_CARD_NUMBER_REFUSED', at: ['payload', 'deep', 0, 'text'] },
  });
  await world.clock.advance(60_000);
  expect(order).toEqual(['large', 'small', 'last']);
  await world.clock.run(runtime.close());
});
