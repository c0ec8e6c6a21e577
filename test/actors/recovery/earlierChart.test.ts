import { expect, test } from 'vitest';
import { headOfSnapshot } from '../../../actors/charts/snapshots.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { inThreadStore } from '../../persistence/contract/storeUnderTest.ts';
import { placeStoreFixture } from '../../support/harness/fixtures.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** Kept as accepted by version 1 of the chart: in hand at a crash, due, in a lane, behind a dead letter. */
const ACCEPTED = ['inHand', 'waiting', 'inLane', 'afterStrict'];
/** What waits for nobody: all but a decision, a review, and a lane that a dead letter holds. */
const GOES_ON = ['inHand', 'waiting', 'inLane', 'backingOff', 'crisis'];
/** In backoff for years: an upstream that is another by now shortens no wait (RT-4). */
const BACKS_OFF = ['largeWaiting'];

test('PS-3 PS-4 a store of the first chart version goes on: every operation ends or waits for somebody', async () => {
  const { folder, keyPath, operations } = placeStoreFixture(2, tempFolder());
  const idOf = (name: string): string => operations[name]?.id ?? '';

  const before = inThreadStore(folder, keyFile(keyPath));
  await before.open();
  for (const name of ACCEPTED) {
    const head = headOfSnapshot((await before.find(idOf(name)))?.state ?? '');
    expect([name, head?.version, head?.state]).toEqual([name, '1', 'accepting']);
  }
  await before.close();

  const attempts = new Map<string, number>();
  const run = ({ operationId, number }: { operationId: string; number: number }) => {
    attempts.set(operationId, number);
    return null;
  };
  // Its upstreams of that time were failing; they still know its keys.
  const handler = { upstream: 'another', run, keyLifetimeMs: 100 * 365 * 86_400_000 };
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    upstreams: { another: {} },
    handlers: {
      'payments.push': handler,
      'payments.flaky': handler,
      'records.push': handler,
      'records.unsure': handler,
      'records.stuck': handler,
      'strict.push': { ...handler, strictOrder: true },
      'crisis.alert': handler,
    },
  });
  try {
    await runtime.ready;
    // The fixture is a copy, in which nothing runs until somebody says so.
    await runtime.release();
    for (const name of GOES_ON) {
      const outcome = await runtime.operations.get(idOf(name)).outcome;
      expect([name, outcome.status]).toEqual([name, 'completed']);
    }
    for (const name of BACKS_OFF) {
      const operation = runtime.operations.get(idOf(name));
      expect([name, (await operation.view()).state]).toEqual([name, 'backingOff']);
      await operation.retryNow();
      expect([name, (await operation.outcome).status]).toEqual([name, 'completed']);
    }
    const states = await Promise.all(
      ['afterStrict', 'conflicted', 'inReview'].map(async (name) => {
        const { state } = await runtime.operations.get(idOf(name)).view();
        return [name, state];
      }),
    );
    expect(Object.fromEntries(states)).toEqual({
      afterStrict: 'inLane',
      conflicted: 'conflicted',
      inReview: 'inReview',
    });
    // What was in flight at the crash counts as one, and keeps its number.
    const { history } = await runtime.operations.get(idOf('inHand')).view();
    expect(history.map(({ what }) => what)).toContain('crashed');
    expect(attempts.get(idOf('inHand'))).toBe(1);
  } finally {
    await runtime.close();
  }
});
