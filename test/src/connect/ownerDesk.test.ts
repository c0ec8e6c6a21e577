/**
 * A crisis that comes again, to an owner that may have been preceded by one which kept it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { OwnerDesk, type OwnerDeskParts } from '../../../src/connect/ownerDesk.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const ID = '01a21a26-17cc-7213-bcf7-873e9da1b893';

/** Whether an owner begins a crisis that comes again, where a look for its record ends like this. */
async function isBegun(look: ErrorCode | 'found' | 'never'): Promise<boolean> {
  const begun: (string | undefined)[] = [];
  const clock = new VirtualClock();
  const engine = {
    viewNow: () => null,
    view: () =>
      look === 'never'
        ? new Promise(() => undefined)
        : look === 'found'
          ? Promise.resolve({})
          : Promise.reject(new HoldfastError(look, 'So it ends.')),
    crisis: (_: unknown, id?: string) => {
      begun.push(id);
      const delivery = new Promise(() => undefined);
      return Promise.resolve({ durable: Promise.resolve(), delivery });
    },
  };
  const desk = new OwnerDesk({ engine, clock } as unknown as OwnerDeskParts);
  const params = { id: ID, request: {}, isRepeat: true };
  const { answer } = desk.ask('crisis', params, () => undefined);
  if (look === 'never') await clock.advance(2_000);
  expect(await answer).toEqual({ isDurable: true });
  return begun.length === 1;
}

test.each(['found', 'HF_QUARANTINED', 'HF_RECORD_NEWER'] as const)(
  'SC-4 CR-4 one that is on disk (%s) is not begun again',
  async (look) => {
    expect(await isBegun(look)).toBe(false);
  },
);

test.each([
  'HF_OPERATION_UNKNOWN',
  'HF_STORE_HANGING',
  'HF_STORE_IO',
  'HF_CLOSED',
  'HF_INTERNAL',
  'never',
] as const)('SC-4 CR-4 one of which nobody knows whether it is (%s) is', async (look) => {
  expect(await isBegun(look)).toBe(true);
});

test('SC-4 CR-4 one that is in memory and not on disk yet is not taken for kept', async () => {
  let keep = (): void => undefined;
  const durable = new Promise<void>((resolve) => {
    keep = resolve;
  });
  const engine = {
    viewNow: () => ({}),
    view: () => Promise.resolve({}),
    crisis: () => Promise.resolve({ durable, delivery: new Promise(() => undefined) }),
  };
  const desk = new OwnerDesk({ engine, clock: new VirtualClock() } as unknown as OwnerDeskParts);
  const { answer } = desk.ask('crisis', { id: ID, request: {}, isRepeat: true }, () => undefined);
  expect(await Promise.race([answer, sleep(50, 'waits')])).toBe('waits');
  keep();
  expect(await answer).toEqual({ isDurable: true });
});

test('SC-4 who follows an operation again is told where it stands', async () => {
  const engine = { watch: () => () => undefined, view: () => Promise.resolve('now') };
  const desk = new OwnerDesk({ engine } as unknown as OwnerDeskParts);
  const told: unknown[] = [];
  for (const isRepeat of [false, true]) {
    desk.ask('watch', { id: ID, isRepeat }, (view) => told.push(view));
    await sleep(5);
  }
  expect(told).toEqual(['now']);
});

test('SC-4 CR-4 one that is delivered and whose record does not come is told of all the same', async () => {
  const clock = new VirtualClock();
  const outcome = { status: 'completed', operationId: ID };
  const engine = {
    crisis: () =>
      Promise.resolve({
        durable: new Promise(() => undefined),
        delivery: Promise.resolve(outcome),
      }),
  };
  const desk = new OwnerDesk({ engine, clock } as unknown as OwnerDeskParts);
  const params = { id: ID, request: {}, isRepeat: false };
  const { answer } = desk.ask('crisis', params, () => undefined);
  await clock.advance(5_001);
  expect(await answer).toEqual({ outcome });
});

test('SC-4 CR-4 one that is neither kept nor delivered is refused with why it is not delivered', async () => {
  const refused = (code: ErrorCode) => Promise.reject(new HoldfastError(code, 'So it ends.'));
  const engine = {
    crisis: () =>
      Promise.resolve({
        durable: refused('HF_STORE_FULL'),
        delivery: refused('HF_CRISIS_REFUSED'),
      }),
  };
  const desk = new OwnerDesk({ engine, clock: new VirtualClock() } as unknown as OwnerDeskParts);
  const params = { id: ID, request: {}, isRepeat: false };
  const { answer } = desk.ask('crisis', params, () => undefined);
  await expect(answer).rejects.toMatchObject({ code: 'HF_CRISIS_REFUSED' });
});

test('SC-4 SE-5 an id that is none of an operation, and an ask that is none, are refused', async () => {
  const desk = new OwnerDesk({} as unknown as OwnerDeskParts);
  const refused = { code: 'HF_OPTION_INVALID' };
  const bad = { id: '../x', request: {}, isRepeat: false };
  await expect(desk.ask('crisis', bad, () => undefined).answer).rejects.toMatchObject(refused);
  for (const name of ['constructor', 'nothing']) {
    const { answer } = desk.ask(name as 'view', { id: ID }, () => undefined);
    await expect(answer).rejects.toMatchObject(refused);
  }
  const { answer } = desk.ask('view', null as never, () => undefined);
  await expect(answer).rejects.toMatchObject(refused);
});

test.each([
  [false, 'HF_OWNER_GONE'],
  [true, 'HF_STORE_STALLED'],
] as const)(
  'SC-4 HM-1 a request that an owner does not take in time (accepting before: %s) is refused with %s',
  async (isAccepting, code) => {
    const stalled = new HoldfastError('HF_STORE_STALLED', 'So it ends.', { mayBeStored: true });
    const parts = { engine: { isAccepting }, runtime: { sync: () => Promise.reject(stalled) } };
    const desk = new OwnerDesk(parts as unknown as OwnerDeskParts);
    const { answer } = desk.ask('sync', { body: '{"payload":1}' } as never, () => undefined);
    await expect(answer).rejects.toMatchObject({ code, mayBeStored: true });
  },
);

test('SC-4 SE-5 what a frame says of a request counts, whatever its body says', async () => {
  const accepted: unknown[] = [];
  const accept = (request: unknown) => {
    accepted.push(request);
    return Promise.resolve({ id: ID, isDuplicate: false });
  };
  const parts = { engine: { isAccepting: true }, runtime: { sync: accept } };
  const desk = new OwnerDesk(parts as unknown as OwnerDeskParts);
  const body = '{"payload":1,"type":"crisis.alert","subject":"other","priority":"crisis"}';
  const wire = { type: 'notes.push', subject: 'user-1', tier: null, body, payload: 2 };
  await desk.ask('sync', wire as never, () => undefined).answer;
  expect(accepted).toEqual([{ type: 'notes.push', subject: 'user-1', payload: 1 }]);
});

test.each([
  ['call', { name: null, params: {} }],
  ['call', { name: {}, params: {} }],
  ['view', { id: [ID] }],
  ['crisis', { id: [ID], request: {}, isRepeat: false }],
] as const)('SC-4 UX-2 %s with %j is refused, and no defect', async (name, params) => {
  const desk = new OwnerDesk({ engine: {} } as unknown as OwnerDeskParts);
  const { answer } = desk.ask(name, params as never, () => undefined);
  await expect(answer).rejects.toMatchObject({ code: 'HF_OPTION_INVALID' });
});
