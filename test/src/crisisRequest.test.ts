import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { HELP_LINES } from '../../src/crisis/helpLines.ts';
import type { CrisisRequest } from '../../src/runtime.ts';
import { VIRTUAL_EPOCH_MS } from '../../src/virtual/virtualClock.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const SECRET = 'I can not go on';
const PERSON = { subject: 'user-42', payload: { text: SECRET } };

/** A runtime that says what reached its upstream. */
async function started() {
  const world = createWorld();
  const attempts: Attempt[] = [];
  const handler: Handler = {
    upstream: 'default',
    run: (attempt) => {
      attempts.push(attempt);
      return null;
    },
  };
  const { runtime, errors } = world.boot({
    handlers: { 'crisis.alert': handler, 'crisis.other': handler },
  });
  await world.clock.run(runtime.ready);
  return { ...world, runtime, errors, attempts };
}

/** What `onError` heard, without anything of the request in it. */
function heard(errors: readonly unknown[]): readonly { code: string; message: string }[] {
  return errors.map((error) => {
    if (!isHoldfastError(error)) throw error;
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/user-42|go on|secret/);
    return { code: error.code, message: error.message };
  });
}

describe('CR-4 OP-9 a crisis that breaks a rule of requests is delivered with what is sound', () => {
  test.each([
    ['a field that this version does not know', { 'my secret': 1 }, 'a field that is not known'],
    ['an empty entity id', { entity: { type: 'account', id: '' } }, 'entity'],
    ['an entity that is none', { entity: 7 }, 'entity'],
    ['an unknown tier', { tier: 'gold' }, 'tier'],
    ['a type that is no name', { type: 'no secret name' }, 'type'],
    ['a key that is no header', { idempotencyKey: 'schlüssel' }, 'idempotencyKey'],
    ['a key that is too long', { idempotencyKey: 'k'.repeat(300) }, 'idempotencyKey'],
    ['an unknown method', { method: 'BREW' }, 'method'],
    ['a path that is no text', { path: 7 }, 'path'],
    ['a base that JSON can not carry', { base: 7n }, 'base'],
    ['a card-like number as its key', { idempotencyKey: '4111111111111111' }, 'idempotencyKey'],
    ['an expiry', { expiresAtMs: VIRTUAL_EPOCH_MS + 1_000 }, 'expiresAtMs'],
    ['a start', { startAtMs: VIRTUAL_EPOCH_MS + 1_000 }, 'startAtMs'],
    ['an expiry that is none', { expiresAtMs: 'soon' }, 'expiresAtMs'],
  ])('CR-4 %s', async (_, flaw, leftOut) => {
    const { clock, runtime, errors, attempts } = await started();
    const answer = await runtime.crisis({ ...PERSON, ...flaw } as CrisisRequest);
    expect(answer).toMatchObject({ source: 'local', resources: HELP_LINES });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    await clock.run(answer.durable);
    expect(attempts).toEqual([
      expect.objectContaining({
        operationId: answer.operationId,
        subject: 'user-42',
        type: 'crisis.alert',
        tier: 'premium',
        priority: 'crisis',
        entity: null,
        payload: PERSON.payload,
      }),
    ]);
    expect(heard(errors)).toEqual([
      { code: 'HF_CRISIS_MENDED', message: expect.stringContaining(`: ${leftOut}.`) },
    ]);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'degraded', crises: { mended: 1, refused: 0 } });
    expect(health.reasons).toEqual([expect.stringMatching(/^1 crisis delivered without/)]);
    await clock.advance(3_600_000);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', crises: { mended: 1 } });
  });

  test('CR-4 all that is wrong at once is named, and what is sound is kept', async () => {
    const { clock, runtime, errors, attempts } = await started();
    const { delivery } = await runtime.crisis({
      ...PERSON,
      type: 'crisis.other',
      tier: 'gold',
      entity: null,
      method: '',
      nonsense: 1,
      more: 2,
      expiresAtMs: 1,
      idempotencyKey: 'key-1',
    } as unknown as CrisisRequest);
    expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    expect(attempts).toEqual([
      expect.objectContaining({
        ...{ type: 'crisis.other', method: null },
        idempotencyKey: expect.stringMatching(/^hf1-/),
      }),
    ]);
    expect(heard(errors)).toEqual([
      {
        code: 'HF_CRISIS_MENDED',
        message: expect.stringMatching(
          /: expiresAtMs, entity, tier, method, a field that is not known\./,
        ),
      },
    ]);
  });

  test('CR-4 control: one that breaks no rule is told of to nobody', async () => {
    const { clock, runtime, errors } = await started();
    const { delivery } = await runtime.crisis({
      ...PERSON,
      type: 'crisis.other',
      tier: 'basic',
      entity: { type: 'account', id: 'a1' },
      base: 1,
      method: 'PUT',
      path: 'alerts',
      idempotencyKey: 'key-1',
      priority: 'low',
    } as CrisisRequest);
    expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    expect(errors).toEqual([]);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'healthy',
      score: 100,
      crises: { mended: 0, refused: 0 },
    });
  });
});

describe('CR-2 CR-4 OP-9 nothing refuses a crisis', () => {
  const circle: Record<string, unknown> = { text: SECRET };
  circle['self'] = circle;
  const trap = Object.defineProperty({ subject: 'user-42' }, 'payload', {
    enumerable: true,
    get: () => {
      throw new Error('trap');
    },
  });
  const card = { ...PERSON, payload: { text: `${SECRET} 4111 1111 1111 1111` } };
  const NOBODY = { subject: 'unknown' };
  test.each([
    ['no subject', { payload: SECRET }, 'subject', { ...NOBODY, payload: SECRET }],
    ['nothing at all', undefined, 'request, subject', { ...NOBODY, payload: null }],
    ['null', null, 'request, subject', { ...NOBODY, payload: null }],
    ['a text', SECRET, 'request, subject', { ...NOBODY, payload: SECRET }],
    ['a number for a subject', { ...PERSON, subject: 42 }, 'subject', { subject: '42' }],
    [
      'a payload that holds itself',
      { ...PERSON, payload: circle },
      'payload: not JSON',
      { payload: { text: SECRET, self: '[left out]' } },
    ],
    [
      'too much',
      { ...PERSON, payload: { text: SECRET, image: 'x'.repeat(2_000_000) } },
      'payload: cut to fit',
      { payload: { text: SECRET, image: expect.stringMatching(/^x{10,}…$/) } },
    ],
    [
      'a card number in its text',
      card,
      'payload: card data masked',
      { payload: { text: `${SECRET} ************1111` } },
    ],
    ['a field that throws when read', trap, 'payload', { subject: 'user-42', payload: null }],
    [
      'a type that nobody handles',
      { ...PERSON, type: 'crisis.alrt' },
      'type',
      { type: 'crisis.alert', payload: PERSON.payload },
    ],
  ])('CR-2 CR-4 %s: what is sound is delivered, with a note', async (_, request, leftOut, kept) => {
    const { clock, runtime, errors, attempts } = await started();
    const answer = await runtime.crisis(request as CrisisRequest);
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0, resources: HELP_LINES });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    await clock.run(answer.durable);
    expect(attempts).toHaveLength(1);
    const [attempt] = attempts;
    expect({
      type: attempt?.type,
      subject: attempt?.subject,
      payload: attempt?.payload,
    }).toMatchObject(kept);
    expect(attempt?.leftOut.join(', ')).toBe(leftOut);
    expect(heard(errors)).toEqual([
      { code: 'HF_CRISIS_MENDED', message: expect.stringContaining(`: ${leftOut}.`) },
    ]);
    const health = runtime.getHealthStatus();
    expect(health).toMatchObject({ overall: 'degraded', crises: { mended: 1, refused: 0 } });
    expect(health.reasons).toEqual([expect.stringMatching(/^1 crisis delivered without/)]);
  });

  test('CR-4 CF-7 no card number is on disk, and the note is, for the process that delivers it', async () => {
    const { clock, boot, disk } = createWorld();
    const first = boot({
      handlers: {
        'crisis.alert': {
          upstream: 'default',
          run: () => {
            throw transientFailure('Down.');
          },
        },
      },
    });
    await clock.run(first.runtime.ready);
    const { durable, operationId } = await first.runtime.crisis(card);
    await clock.run(durable);
    first.kill();
    const row = await disk.find(operationId ?? '');
    expect(JSON.stringify(row)).toContain('go on');
    expect(JSON.stringify(row)).not.toMatch(/4111/);
    const attempts: Attempt[] = [];
    const next = boot({
      handlers: {
        'crisis.alert': {
          upstream: 'default',
          run: (attempt) => {
            attempts.push(attempt);
            return null;
          },
        },
      },
    });
    await clock.run(next.runtime.ready);
    await clock.advance(60_000);
    expect(attempts.map(({ leftOut }) => leftOut)).toEqual([['payload: card data masked']]);
  });

  test('CR-4 control: other work that breaks a rule is refused, and has no note', async () => {
    const { clock, runtime } = await started();
    const work = { ...card, type: 'crisis.other', tier: 'basic' } as const;
    await expect(clock.run(runtime.sync(work))).rejects.toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
    });
  });
});

describe('CR-4 OP-5 a crisis never expires', () => {
  const EXPIRING = {
    ...PERSON,
    type: 'crisis.alert',
    tier: 'premium',
    priority: 'crisis',
    expiresAtMs: VIRTUAL_EPOCH_MS + 1_000,
  } as const;

  test.each(['sync', 'syncAll'] as const)(
    'CR-4 OP-5 handed to %s with an expiry, it is delivered after that',
    async (how) => {
      const { clock, boot } = createWorld();
      const numbers: number[] = [];
      const { runtime, errors } = boot({
        handlers: {
          'crisis.alert': {
            upstream: 'default',
            run: ({ number }) => {
              numbers.push(number);
              if (clock.monotonic() < 7_200_000) throw transientFailure('Down.');
              return null;
            },
          },
        },
      });
      await clock.run(runtime.ready);
      if (how === 'sync') await clock.run(runtime.sync(EXPIRING));
      else await clock.run(runtime.syncAll([EXPIRING]));
      await clock.advance(3_600_000);
      // Every attempt reached the handler, long after the expiry.
      expect(numbers.length).toBeGreaterThan(100);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      await clock.advance(3_700_000);
      const { views } = await clock.run(runtime.operations.page());
      expect(views).toMatchObject([{ state: 'delivered', expiresAtMs: null }]);
      expect(heard(errors).filter(({ code }) => code === 'HF_CRISIS_MENDED')).toHaveLength(1);
      expect(runtime.getHealthStatus().crises.mended).toBe(1);
    },
  );

  test('CR-4 OP-5 control: other work that expires is ended then', async () => {
    const { clock, runtime } = await started();
    runtime.upstream('default').forceOpen('maintenance');
    const work = await clock.run(runtime.sync({ ...EXPIRING, priority: 'high' }));
    await clock.advance(3_600_000);
    expect((await clock.run(work.view())).state).toBe('expired');
  });
});

describe('CR-1 what a crisis holds is looked at after the answer, where that may take long', () => {
  test.each([
    ['sound, it is delivered', null, 'completed'],
    ['not sound, it is mended', 7n, 'completed'],
  ])('CR-1 CR-4 a payload of 100 kB: %s', async (_, last, status) => {
    const { clock, runtime, errors, attempts } = await started();
    const order: string[] = [];
    // Keys are read in order: what comes last is reached by whoever reads it all.
    const payload = Object.defineProperty({ text: '4111 '.repeat(20_000) }, 'zzz', {
      enumerable: true,
      get: () => {
        order.push('read to the end');
        return last;
      },
    });
    const answer = await runtime.crisis({ ...PERSON, payload });
    order.push('answered');
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0, resources: HELP_LINES });
    expect(answer.operationId).not.toBeNull();
    await clock.advance(1_000);
    expect(order.slice(0, 2)).toEqual(['answered', 'read to the end']);
    expect(await answer.delivery).toMatchObject({ status, operationId: answer.operationId });
    await answer.durable;
    expect(attempts).toHaveLength(1);
    expect(heard(errors).map(({ code }) => code)).toEqual(
      last === null ? [] : ['HF_CRISIS_MENDED'],
    );
  });

  test('CR-1 control: a small one is read before the answer, so it can be changed after it', async () => {
    const { clock, runtime, attempts } = await started();
    const payload = { text: SECRET };
    const { delivery } = await runtime.crisis({ subject: 'user-42', payload });
    payload.text = '';
    await clock.run(delivery);
    expect(attempts[0]?.payload).toEqual({ text: SECRET });
  });

  test('CR-1 with localAfterMs a large one is answered from memory at once', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      crisis: { localAfterMs: 150 },
      handlers: { 'crisis.alert': { upstream: 'default', run: () => null } },
    });
    await clock.run(runtime.ready);
    const answer = await runtime.crisis({ ...PERSON, payload: 'x'.repeat(100_000) });
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0 });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });
});
