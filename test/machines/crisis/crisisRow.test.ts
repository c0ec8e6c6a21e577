/**
 * What is kept of a crisis, what may be read back, and what a person decides about one that nothing runs on.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { newCrisis } from '../../../machines/crisis/crisisContext.ts';
import { decidedAtRest } from '../../../machines/crisis/crisisDemand.ts';
import {
  crisisOfRow,
  crisisStandingsOf,
  crisisToKeep,
  isCrisisContext,
  isCrisisKept,
} from '../../../machines/crisis/crisisShape.ts';

const NEW = newCrisis({
  id: 'crisis-1',
  type: 'crisis.alert',
  subject: 'user-42',
  entity: null,
  tier: 'premium',
  idempotencyKey: 'key-1',
  method: null,
  path: null,
  acceptedAtMs: 1_000,
});
const BY = { id: 'staff-7', role: 'clinician' };

test('CR-4 what was under way is kept as what was ordered', () => {
  expect(crisisToKeep({ delivery: 'attempting', escalation: 'notifying' })).toEqual({
    record: 'durable',
    delivery: 'awaitingPlace',
    escalation: 'notifying',
  });
  expect(crisisToKeep({ delivery: 'pacing', escalation: 'exhausted' })).toEqual({
    record: 'durable',
    delivery: 'pacing',
    escalation: 'exhausted',
  });
});

test('CR-4 PS-3 no row says that something is under way', () => {
  expect(isCrisisKept({ delivery: 'pacing' })).toBe(true);
  expect(isCrisisKept({ delivery: 'attempting' })).toBe(false);
});

test('CR-4 the record of a settled row is closed', () => {
  const kept = crisisToKeep({ delivery: 'delivered', escalation: 'ended' });
  expect(crisisOfRow(kept, { ending: 'completed' }, 'settled').record).toBe('closed');
  expect(crisisOfRow(kept, { ending: null }, 'settled').record).toBe('durable');
  expect(crisisOfRow(kept, { ending: 'completed' }, 'inHand').record).toBe('durable');
});

test('CR-4 PS-3 a context of another shape is none that its chart can run with', () => {
  expect(isCrisisContext(NEW)).toBe(true);
  const entry = { atMs: 1, what: 'failed', attempt: 1, code: null };
  const step = {
    ...{ name: 'on-call', outcome: 'maybeHeard', round: 1, calls: 1, failures: 1, throws: 0 },
    ...{ cutOff: 0, mayKnow: true, atMs: 2, owedAtMs: 3, waitMs: 1 },
  };
  const takenOn = {
    ...{ by: BY, atMs: 3, untilMs: 9, step: null, asks: 0, askAtMs: null, askWaitMs: 0 },
  };
  const decision = { what: 'acknowledged', by: BY, note: null, atMs: 3 };
  const escalation = { ...NEW.escalation, steps: [step], takenOn, decisions: [decision] };
  expect(isCrisisContext({ ...NEW, history: [entry], escalation })).toBe(true);
  for (const value of [null, 'text', [], {}]) expect(isCrisisContext(value)).toBe(false);
  for (const name of Object.keys(NEW)) {
    expect(isCrisisContext({ ...NEW, [name]: Symbol('other') }), name).toBe(false);
  }
  expect(isCrisisContext({ ...NEW, history: [{ ...entry, atMs: 'x' }] })).toBe(false);
  for (const other of [
    { steps: [{ ...step, outcome: 'x' }] },
    { takenOn: { ...takenOn, untilMs: null } },
    { decisions: [{ ...decision, by: 'x' }] },
  ]) {
    expect(isCrisisContext({ ...NEW, escalation: { ...escalation, ...other } })).toBe(false);
  }
});

test('CR-5 what a person decides about one at rest is kept, and only once', () => {
  const kept = {
    value: crisisToKeep({ delivery: 'pacing', escalation: 'exhausted' }),
    context: NEW,
  };
  const acknowledged = decidedAtRest(kept, {
    type: 'acknowledgement.given',
    by: BY,
    note: null,
    atMs: 5,
    untilMs: 10,
    hasChain: false,
  });
  expect(acknowledged?.value).toMatchObject({ delivery: 'pacing', escalation: 'acknowledged' });
  const off = decidedAtRest(kept, {
    type: 'callOff.requested',
    by: BY,
    note: null,
    atMs: 6,
  });
  expect(off?.value).toMatchObject({ delivery: 'callingOff' });
  expect(off?.context.escalation.decisions).toMatchObject([{ what: 'calledOff', by: BY }]);
  if (off === null) return;
  const again = {
    type: 'acknowledgement.given',
    by: BY,
    note: null,
    atMs: 8,
    untilMs: 9,
    hasChain: false,
  } as const;
  expect(decidedAtRest(off, again)).toBeNull();
  expect(decidedAtRest({ ...kept, context: { ...NEW, ending: 'completed' } }, again)).toBeNull();
});

test('CR-4 CR-5 a new crisis is one by its priority, and a trial run only where that was said', () => {
  expect(NEW).toMatchObject({ priority: 'crisis', attempt: 1, expiresAtMs: null, history: [] });
  expect(newCrisis(NEW)).toEqual(NEW);
  expect(newCrisis(NEW)).not.toHaveProperty('isTest');
  expect(newCrisis({ ...NEW, isTest: true }).isTest).toBe(true);
  expect(newCrisis({ ...NEW, isTest: undefined })).not.toHaveProperty('isTest');
});

test('CR-5 at rest, a word that changes nothing is none, and of one that is being called off none counts', () => {
  const word = { by: BY, note: null, atMs: 2_000 };
  const value = { record: 'durable', delivery: 'pacing', escalation: 'notifying' } as const;
  const release = { type: 'release.requested', ...word } as const;
  expect(decidedAtRest({ value, context: NEW }, release)).toBeNull();
  const safe = { type: 'safety.said', ...word } as const;
  expect(decidedAtRest({ value, context: NEW }, safe)).not.toBeNull();
  const over = { ...value, delivery: 'callingOff' } as const;
  expect(decidedAtRest({ value: over, context: NEW }, safe)).toBeNull();
});

test('CR-4 PS-3 a row of a crisis stands where its delivery may have left it', () => {
  expect(crisisStandingsOf('attempting')).toEqual([]);
  expect(crisisStandingsOf('delivered')).toEqual(['inHand', 'settled']);
  expect(crisisStandingsOf('calledOff')).toEqual(['inHand', 'settled']);
  for (const state of ['awaitingPlace', 'awaitingHandler', 'callingOff', 'pacing'] as const) {
    expect(crisisStandingsOf(state), state).toEqual(['inHand', 'due', 'held']);
  }
});
