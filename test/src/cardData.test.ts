import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const NUMBER = '4111111111111111';
const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

function handlersOf(
  run: () => Json | undefined | Promise<never>,
  cardDataExempt?: readonly string[],
): NonNullable<RuntimeOptions['handlers']> {
  return { 'payments.push': { upstream: 'default', run, cardDataExempt } };
}

/** All that is on disk, opened, as text. */
async function kept({ disk }: World): Promise<string> {
  return JSON.stringify(await disk.list({ afterSeq: 0, limit: 100 }));
}

describe('what comes back', () => {
  test('CF-7 card data in a response is masked before it is kept, and the work is done', async () => {
    const world = createWorld();
    const echo = { status: 'paid', card: { number: NUMBER, cvv: '737' }, note: `Card ${NUMBER}` };
    const { runtime } = world.boot({ handlers: handlersOf(() => echo) });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const masked = {
      status: 'paid',
      card: { number: '************1111', cvv: '***' },
      note: 'Card ************1111',
    };
    expect(await world.clock.run(operation.outcome)).toMatchObject({
      status: 'completed',
      response: masked,
    });
    expect(await kept(world)).toContain('************1111');
    expect(await kept(world)).not.toMatch(/41111111|737/);
    // The same after a restart.
    await world.clock.run(runtime.close());
    const { runtime: next } = world.boot({ handlers: handlersOf(() => null) });
    const again = await world.clock.run(next.operations.get(operation.id).outcome);
    expect(again).toMatchObject({ response: masked });
  });

  test('CF-7 a response keeps what its handler exempts', async () => {
    const world = createWorld();
    const response = { orderId: NUMBER, card: NUMBER };
    const handlers = handlersOf(() => response, ['response.orderId']);
    const { runtime } = world.boot({ handlers });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    expect(await world.clock.run(operation.outcome)).toMatchObject({
      response: { orderId: NUMBER, card: '************1111' },
    });
  });

  test('CF-7 card data in the message of a failure is masked before it is kept', async () => {
    const world = createWorld();
    const declined = permanentFailure(`Card ${NUMBER} (cvv=737) was declined.`);
    const { runtime } = world.boot({ handlers: handlersOf(() => Promise.reject(declined)) });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const outcome = await world.clock.run(operation.outcome);
    expect(outcome).toMatchObject({
      status: 'deadLettered',
      error: { message: 'Card ************1111 (cvv=***) was declined.' },
    });
    const { failure, history } = await world.clock.run(operation.view());
    expect(JSON.stringify([failure, history, await kept(world)])).not.toMatch(/41111111|737/);
    expect(await kept(world)).toContain('************1111');
  });

  test('CF-7 a message is not cut in the middle of a number that would then be kept', async () => {
    const world = createWorld();
    const long = permanentFailure(`${'x'.repeat(286)} ${NUMBER}`);
    const { runtime } = world.boot({ handlers: handlersOf(() => Promise.reject(long)) });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(operation.outcome);
    expect(await kept(world)).not.toMatch(/4111/);
  });
});

describe('what is sent', () => {
  test('CF-7 only what the handler of its type exempts may look like a card number', async () => {
    const world = createWorld();
    const handlers = handlersOf(() => null, ['payload.orderId', 'idempotencyKey']);
    const { runtime } = world.boot({ handlers });
    const sent = { ...REQUEST, payload: { orderId: NUMBER }, idempotencyKey: NUMBER };
    const operation = await world.clock.run(runtime.sync(sent));
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    const refused = runtime.sync({ ...REQUEST, payload: { order: NUMBER } });
    await expect(refused).rejects.toMatchObject({ code: 'HF_CARD_NUMBER_REFUSED' });
    const bulk = await world.clock.run(
      runtime.syncAll([
        { ...REQUEST, payload: { orderId: NUMBER } },
        { ...REQUEST, payload: NUMBER },
      ]),
    );
    expect(bulk).toMatchObject({ accepted: 1, refused: 1 });
  });

  test('CF-7 an exemption belongs to one type, also for a dead letter that is edited', async () => {
    const world = createWorld();
    const fail = (): Promise<never> => Promise.reject(permanentFailure('No.'));
    const handlers = {
      ...handlersOf(fail, ['payload.orderId']),
      other: { upstream: 'default', run: fail },
    };
    const { runtime } = world.boot({ handlers });
    const letters = await world.clock.run(
      Promise.all([runtime.sync(REQUEST), runtime.sync({ ...REQUEST, type: 'other' })]),
    );
    for (const letter of letters) await world.clock.run(letter.outcome);
    const [first, other] = letters.map(({ id }) =>
      runtime.deadLetters.replay(id, { payload: { orderId: NUMBER } }),
    );
    await expect(world.clock.run(other ?? Promise.resolve())).rejects.toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
    });
    await world.clock.run(first ?? Promise.reject(new Error('There is one.')));
  });
});
