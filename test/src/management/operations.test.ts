/**
 * People look at one operation, cancel it, and have it tried again, at rest (OP-5). In use: test/src/cli/commands.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  conflictFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import {
  cancelOperation,
  retryOperation,
  showOperation,
} from '../../../src/management/operations.ts';
import { givenKey, noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld, type World } from '../../support/harness/engineHarness.ts';

const ENTITY = { type: 'account', id: 'a1' };

interface Outside {
  failure: (() => Error) | null;
  readonly applied: string[];
}

function boot(world: World, outside: Outside) {
  return world.boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ idempotencyKey, payload }) => {
          if (outside.failure !== null) throw outside.failure();
          outside.applied.push(`${givenKey(idempotencyKey)} ${JSON.stringify(payload)}`);
          return null;
        },
      },
    },
  });
}

/** Two operations of an entity, of which the first fails like that, once the process has ended. */
async function restingScene(failure: () => Error) {
  const world = createWorld();
  const outside: Outside = { failure, applied: [] };
  const first = boot(world, outside);
  await world.clock.run(first.runtime.ready);
  const sync = (idempotencyKey: string) =>
    world.clock.run(
      first.runtime.sync(
        noteSent({
          ...{ type: 'payments.push', subject: 'u', tier: 'premium' as const, entity: ENTITY },
          ...{ idempotencyKey, payload: { secret: 'Ann' } },
        }),
      ),
    );
  const [head, behind] = [(await sync('key-1')).id, (await sync('key-2')).id];
  await world.clock.advance(20);
  const again = async () => {
    outside.failure = null;
    const { runtime } = boot(world, outside);
    await world.clock.run(runtime.ready);
    await world.clock.advance(1_000);
    return (id: string) => world.clock.run(runtime.operations.get(id).view());
  };
  const { disk: store, clock } = world;
  const parts = { store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };
  return { world, outside, head, behind, first, again, atRest: managementAtRest(parts) };
}

const CONFLICT = () => conflictFailure('Another version.');
const DOWN = () => transientFailure('Down.');

describe('OP-5 at rest', () => {
  test.each([
    ['conflicted', CONFLICT],
    ['backingOff', DOWN],
  ])(
    'OP-5 OP-4 what is %s is cancelled: it ends at the next start, and its lane goes on',
    async (state, failure) => {
      const { head, behind, first, again, atRest, outside } = await restingScene(failure);
      first.kill();
      expect(await atRest.call(showOperation, { id: head })).toMatchObject({ state, subject: 'u' });
      expect(await atRest.call(cancelOperation, { id: head })).toMatchObject({
        tookNotice: true,
        operation: { state: 'cancelling' },
      });
      expect(await atRest.call(cancelOperation, { id: head })).toMatchObject({ tookNotice: false });
      const view = await again();
      expect(await view(head)).toMatchObject({ state: 'cancelled' });
      expect(await view(behind)).toMatchObject({ state: 'completed' });
      expect(outside.applied).toEqual(['key-2 {"secret":"Ann"}']);
    },
  );

  test('OP-5 OP-4 what waits in its lane is cancelled, and who is before it is not', async () => {
    const { head, behind, first, again, atRest, outside } = await restingScene(CONFLICT);
    first.kill();
    await atRest.call(cancelOperation, { id: behind });
    await atRest.call(retryOperation, { id: head });
    const view = await again();
    expect(await view(behind)).toMatchObject({ state: 'cancelled' });
    expect(await view(head)).toMatchObject({ state: 'completed' });
    expect(outside.applied).toEqual(['key-1 {"secret":"Ann"}']);
  });

  test('OP-5 a conflict that is to be tried again is, at the next start, with its payload', async () => {
    const { head, first, again, atRest } = await restingScene(CONFLICT);
    first.kill();
    expect(await atRest.call(retryOperation, { id: head })).toMatchObject({
      tookNotice: true,
      operation: { state: 'waiting', wait: { reason: 'start' } },
    });
    const view = await again();
    expect(await view(head)).toMatchObject({
      state: 'completed',
      history: [{ what: 'failed' }, { what: 'retryRequested' }],
    });
    expect(await atRest.call(retryOperation, { id: head })).toMatchObject({ tookNotice: false });
  });

  test('UX-2 an id that is none is said to be none', async () => {
    const { atRest, first } = await restingScene(CONFLICT);
    first.kill();
    await expect(atRest.call(cancelOperation, { id: 'x' })).rejects.toMatchObject({
      code: 'HF_OPERATION_UNKNOWN',
    });
  });
});
