import { expect, test } from 'vitest';
import type { OperationView, Outcome } from '../../../actors/operation/outcome.ts';
import { Watchers } from '../../../actors/work/watchers.ts';

function view(id: string, state: OperationView['state'] = 'waiting'): OperationView {
  return {
    id,
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: id,
    tags: [],
    state,
    attempt: 1,
    acceptedAtMs: 0,
    settledAtMs: null,
    wait: null,
    retryAtMs: null,
    expiresAtMs: null,
    failure: null,
    history: [],
  };
}

const DONE: Outcome = {
  operationId: 'one',
  status: 'completed',
  response: { paid: true },
  attempts: 1,
  acceptedAtMs: 0,
  settledAtMs: 1,
};

function startWatchers() {
  const errors: unknown[] = [];
  return { errors, watchers: new Watchers((error) => errors.push(error)) };
}

test('SV-2 a listener that throws is reported, and the others are told all the same', () => {
  const { errors, watchers } = startWatchers();
  const told: string[] = [];
  watchers.subscribe('one', () => {
    throw new Error('A bad listener.');
  });
  watchers.subscribe('one', ({ state }) => told.push(state));
  expect(() => {
    watchers.changed('one', () => view('one'));
    watchers.changed('one', () => view('one', 'attempting'));
  }).not.toThrow();
  expect(told).toEqual(['waiting', 'attempting']);
  expect(errors).toHaveLength(2);
});

test('OP-1 a listener hears of its own operation only, and no more once it has left', () => {
  const { watchers } = startWatchers();
  const told: string[] = [];
  const leave = watchers.subscribe('one', ({ id }) => told.push(id));
  watchers.changed('two', () => view('two'));
  watchers.changed('one', () => view('one'));
  leave();
  leave();
  watchers.changed('one', () => view('one'));
  expect(told).toEqual(['one']);
});

test('OP-1 everybody who waits for one operation gets its outcome', async () => {
  const { watchers } = startWatchers();
  const outcomes = [watchers.outcome('one'), watchers.outcome('one')];
  watchers.settled(DONE);
  expect(await Promise.all(outcomes)).toEqual([DONE, DONE]);
});

test('OP-6 whoever leaves gives the place back, unless somebody awaits the outcome', async () => {
  const { watchers } = startWatchers();
  const leave = watchers.subscribe('one', () => undefined);
  const leaveToo = watchers.subscribe('one', () => undefined);
  leave();
  expect(watchers.has('one')).toBe(true);
  leaveToo();
  expect(watchers.has('one')).toBe(false);
  const leaveLast = watchers.subscribe('one', () => undefined);
  const outcome = watchers.outcome('one');
  leaveLast();
  watchers.dismissListeners('one');
  expect(watchers.has('one')).toBe(true);
  watchers.settled(DONE);
  expect(await outcome).toEqual(DONE);
});

test('OP-6 only what somebody watches takes a place, and settling gives it back', () => {
  const { watchers } = startWatchers();
  watchers.changed('one', () => view('one'));
  watchers.settled(DONE);
  expect(watchers.has('one')).toBe(false);
  void watchers.outcome('one');
  expect(watchers.has('one')).toBe(true);
  watchers.settled(DONE);
  expect(watchers.has('one')).toBe(false);
});
