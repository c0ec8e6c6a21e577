/**
 * What the clinic promises, on a day on which everything goes wrong. Time is virtual: hours take milliseconds.
 * What was done is what the ledger of the other system says, not what the app says of itself.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { createRuntime, isHoldfastError } from 'holdfast';
import { createTestBed, type MisbehaviourOptions, misbehavingHandler } from 'holdfast/testing';
import { book, handlersOf, standing, upstreams } from '../src/clinic.js';

const HOUR_MS = 3_600_000;
const SEED = 11;

/** A machine on which the clinic can be started and killed, and the two systems that it talks to. */
function clinicOnABadDay(misbehaviour: Omit<MisbehaviourOptions, 'seed'> = {}) {
  const bed = createTestBed({ seed: SEED });
  const { clock } = bed;
  const records = misbehavingHandler({ clock, seed: SEED, latencyMs: 40, ...misbehaviour });
  const onCall = misbehavingHandler({ clock, seed: SEED, latencyMs: 40 });
  const handlers = handlersOf({ records: records.run, onCall: onCall.run });
  const start = () => bed.start({ upstreams, handlers });
  return { clock, records, onCall, start };
}

const at = (hour: number) => `2030-01-07T${String(hour).padStart(2, '0')}:00:00Z`;

await test('a booking outlives six hours in which the records system is down', async () => {
  const { clock, records, start } = clinicOnABadDay();
  const { runtime } = start();
  records.startOutage(6 * HOUR_MS);
  const operation = await clock.run(book(runtime, '1', { patient: 'p-1', startsAt: at(9) }));

  await clock.advance(3 * HOUR_MS);
  assert.equal(await clock.run(standing(operation)), 'kept until the records system takes it');
  const { idempotencyKey } = await clock.run(operation.view());
  assert.equal(records.ledger.get(idempotencyKey), undefined);

  const outcome = await clock.run(operation.outcome, 24 * HOUR_MS);
  assert.equal(outcome.status, 'completed');
  assert.deepEqual(records.ledger.broken([idempotencyKey]), []);
  await clock.run(runtime.close());
});

await test('what was accepted before a kill is booked after it, each once', async () => {
  const { clock, records, start } = clinicOnABadDay({
    stallMs: 4_000,
    misbehaviour: { busy503: 0.15, droppedAfterApplying: 0.15, stalledThenApplied: 0.05 },
  });
  const first = start();
  const ids = new Map<string, string>();
  for (let number = 1; number <= 30; number += 1) {
    const booked = await clock.run(
      book(first.runtime, String(number), { patient: `p-${number % 4}`, startsAt: at(10) }),
    );
    ids.set((await clock.run(booked.view())).idempotencyKey, booked.id);
  }
  await clock.advance(150);
  first.kill();
  const before = records.ledger.summary().applied;
  assert.ok(before > 0 && before < 30, `the kill came in the midst of it: ${before} of 30`);

  const second = start();
  const outcomes = await clock.run(
    Promise.all([...ids.values()].map((id) => second.runtime.operations.get(id).outcome)),
    24 * HOUR_MS,
  );
  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['completed']));
  assert.deepEqual(records.ledger.broken(ids.keys()), []);
  await clock.run(second.runtime.close());
});

await test('a person in crisis is answered while everything is down, and the team hears of it once', async () => {
  const { clock, records, onCall, start } = clinicOnABadDay();
  const { runtime } = start();
  records.startOutage(2 * HOUR_MS);
  onCall.startOutage(2 * HOUR_MS);
  await clock.run(
    runtime.crisisPlans.put('p-7', {
      resources: [{ kind: 'contact', name: 'Sam', phone: '+49 30 1234567' }],
    }),
  );

  const askedAtMs = clock.now();
  const answer = await clock.run(
    runtime.crisis({
      subject: 'p-7',
      region: 'DE',
      idempotencyKey: 'crisis-1',
      payload: { said: 'I need help' },
    }),
  );
  assert.ok(clock.now() - askedAtMs < 200);
  assert.equal(answer.plan, 'included');
  assert.equal(answer.resources[0]?.name, 'Sam');
  assert.ok(answer.resources.some(({ phone }) => phone === '112'));

  const { status } = await clock.run(answer.delivery, 24 * HOUR_MS);
  assert.equal(status, 'completed');
  const { idempotencyKey } = await clock.run(
    runtime.operations.get(answer.operationId ?? '').view(),
  );
  assert.deepEqual(onCall.ledger.broken([idempotencyKey]), []);
  await clock.run(runtime.close());
});

await test('what is no booking is refused before it is kept, and the error says where', async () => {
  const { clock, start } = clinicOnABadDay();
  const { runtime } = start();
  const refused = book(runtime, '1', { patient: 'p-1', startsAt: at(9), minutes: 2 });
  await assert.rejects(clock.run(refused), (error) => {
    assert.ok(isHoldfastError(error));
    assert.equal(error.code, 'HF_REQUEST_INVALID');
    assert.deepEqual(error.at, ['payload', 'minutes']);
    return true;
  });
  assert.equal(runtime.getHealthStatus().operations.accepted, 0);
  await clock.run(runtime.close());
});

await test('the same booking sent twice is one booking', async () => {
  const { clock, records, start } = clinicOnABadDay();
  const { runtime } = start();
  const send = () => book(runtime, '1', { patient: 'p-1', startsAt: at(9) });
  const first = await clock.run(send());
  const second = await clock.run(send());
  assert.equal(second.id, first.id);
  assert.ok(second.isDuplicate);
  await clock.run(first.outcome);
  assert.equal(records.ledger.summary().applied, 1);
  await clock.run(runtime.close());
});

await test('control: a records system that forgets keys is noticed', async () => {
  const { clock, records, start } = clinicOnABadDay({
    doubleApply: true,
    misbehaviour: { droppedAfterApplying: 0.5 },
  });
  const { runtime } = start();
  const keys: string[] = [];
  for (let number = 1; number <= 8; number += 1) {
    const operation = await clock.run(
      book(runtime, String(number), { patient: 'p-1', startsAt: at(9) }),
    );
    await clock.run(operation.outcome);
    keys.push((await clock.run(operation.view())).idempotencyKey);
  }
  assert.match(records.ledger.broken(keys).join('\n'), /applied \d+ times: hf1-/);
  await clock.run(runtime.close());
});

/** What must not compile: a wrong type is found before a test runs. */
export function wrong(): void {
  const runtime = createRuntime({
    store: ':memory:',
    upstreams,
    handlers: handlersOf({ records: () => ({}), onCall: () => ({}) }),
  });
  const request = { subject: 'p-1', tier: 'basic' } as const;
  const payload = { patient: 'p-1', startsAt: at(9) };
  void runtime.sync({ ...request, type: 'bookings.put', payload });
  // @ts-expect-error: no such type
  void runtime.sync({ ...request, type: 'booking.put', payload });
  // @ts-expect-error: minutes are a number
  void runtime.sync({ ...request, type: 'bookings.put', payload: { ...payload, minutes: '30' } });
  // @ts-expect-error: no such upstream
  void runtime.upstream('record');
}
