/** The line of those that came at once, and the store that is asked for room meanwhile. */

import { expect, test } from 'vitest';
import { AdmissionLimit } from '../../../actors/work/admissionLimit.ts';
import type { CheckedRequest } from '../../../machines/policy/request/request.ts';
import type { QueueStore } from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const MAX = 1_000;
/** The store answers after so long: some dozen turns of the line. */
const STORE_MS = 20;
/** What one acceptance takes, so that the line moves in slices. */
const ACCEPT_MS = 0.25;
const REQUEST = { priority: 'normal', tier: 'premium', body: '' } as unknown as CheckedRequest;

/** A clock of which each acceptance uses up some, and each turn of the event loop a millisecond. */
class WorkedClock extends VirtualClock {
  workedMs = 0;
  override defer(go: () => void): void {
    this.schedule(1, go);
  }
  override monotonic(): number {
    return super.monotonic() + this.workedMs;
  }
}

function createRoom() {
  const clock = new WorkedClock();
  const later = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      clock.schedule(STORE_MS, resolve);
    });
  };
  const told = { accepted: 0, refused: 0 };
  const room = new AdmissionLimit({
    clock,
    store: {
      counts: async () => {
        await later();
        return { inHand: 0, due: told.accepted, held: 0 };
      },
    } as unknown as QueueStore,
    journal: { written: async () => true },
    storage: { state: 'well', failure: null },
    busy: { begin: () => undefined, end: () => undefined },
    operationsMax: MAX,
    unwritten: { residentsMax: MAX, unwrittenBytesMax: MAX },
  });
  const enter = (): void => {
    const pending = {
      resolve: () => undefined,
      reject: () => {
        told.refused += 1;
      },
    };
    room.enter(REQUEST, pending, () => {
      clock.workedMs += ACCEPT_MS;
      told.accepted += 1;
    });
  };
  return { clock, enter, told };
}

test.each([
  ['nobody knows yet how much room there is', 0],
  ['that is known', 1],
])('OP-6 as many as there is room for enter in one turn, where %s', async (_, before) => {
  const { clock, enter, told } = createRoom();
  for (let n = 0; n < before; n += 1) {
    enter();
    await clock.advance(10 * STORE_MS);
  }
  for (let n = before; n < MAX + 10; n += 1) enter();
  await clock.advance(1_000 * STORE_MS);
  expect(told).toEqual({ accepted: MAX, refused: 10 });
});
