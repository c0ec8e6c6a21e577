/** What a client is told where its owner has changed before it had answered. */

import { expect, test } from 'vitest';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { LineEnded } from '../../../src/connect/lineProtocol.ts';
import { OwnerLink, type Seat } from '../../../src/connect/ownerLink.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const NOT_TAKEN = new HoldfastError('HF_STORE_HANGING', 'The disk did not take the request.', {
  retry: 'later',
});
const INVALID = new HoldfastError('HF_REQUEST_INVALID', 'It makes no sense.');

/** An owner whose line is cut before it answers, and then ones that refuse with `refusal`. */
function createLink(cuts: number, refusal: HoldfastError) {
  const clock = new VirtualClock();
  let seats = 0;
  const seat = (): Seat => {
    seats += 1;
    const isCut = seats <= cuts;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const answer = async (): Promise<never> => {
      await new Promise<void>((resolve) => {
        clock.schedule(10, resolve);
      });
      if (isCut) end();
      throw isCut ? new LineEnded() : refusal;
    };
    return {
      ended,
      ask: () => ({ answer: answer(), stop: () => undefined }),
      close: async () => {
        await Promise.resolve();
      },
    };
  };
  const link = new OwnerLink({
    ...{ store: 'the store', ownerWithinMs: 15_000, clock, random: seededRandom(1) },
    find: async () => await Promise.resolve(seat()),
    giveUp: async () => {
      await Promise.resolve();
    },
    onError: () => undefined,
  });
  link.begin();
  return { clock, link };
}

async function refusalOf(cuts: number, name: 'sync' | 'view', refusal = NOT_TAKEN) {
  const { clock, link } = createLink(cuts, refusal);
  const { answer } = link.ask(name, {} as never, { patience: 'bounded' });
  const told = await clock.run(answer.catch((error: unknown) => error as HoldfastError));
  await clock.run(link.close());
  return told as HoldfastError;
}

test('SC-4 OP-2 a refusal leaves open what an owner has stored that was asked before', async () => {
  expect(await refusalOf(0, 'sync')).toBe(NOT_TAKEN);
  expect(await refusalOf(1, 'sync')).toMatchObject({
    ...{ code: 'HF_STORE_HANGING', retry: 'later', mayBeStored: true, cause: NOT_TAKEN },
    message: expect.stringContaining('may be stored'),
  });
});

test('SC-4 what no owner stores, or what each refuses, is told as it is', async () => {
  expect(await refusalOf(1, 'view')).toBe(NOT_TAKEN);
  expect(await refusalOf(2, 'sync', INVALID)).toBe(INVALID);
});
