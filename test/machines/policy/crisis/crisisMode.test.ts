/** For whom crisis mode is on, for how long, who may end it, and what that means for a priority (CR-6). */

import { describe, expect, test } from 'vitest';
import {
  crisisModeFor,
  goneOn,
  isSecondPerson,
  joined,
  MODE_MS_DEFAULT,
  MODE_MS_MAX,
  MODE_MS_MIN,
  type ModeOn,
  raisedPriority,
  switchedOn,
  warnsAtMs,
} from '../../../../machines/policy/crisis/crisisMode.ts';

const HOUR_MS = 3_600_000;
const ON: ModeOn = {
  by: { id: 'anna' },
  reason: 'She called.',
  persons: ['anna'],
  sinceAtMs: 1_000,
  endsAtMs: 1_000 + HOUR_MS,
  lengthMs: HOUR_MS,
};
const order = (id: string, forMs: number, atMs: number, reason: string | null = null) => ({
  by: { id },
  reason,
  forMs,
  atMs,
});

test('CR-6 the mode of a subject comes before that of everybody', () => {
  const subjects = new Set(['user-42']);
  const mode = (isGlobal: boolean, subject: unknown) =>
    crisisModeFor({ isGlobal, subjects }, subject);
  expect(mode(false, 'user-42')).toBe('subject');
  expect(mode(true, 'user-42')).toBe('subject');
  expect(mode(true, 'user-7')).toBe('global');
  expect(mode(false, 'user-7')).toBe('none');
  expect(mode(false, { id: 'user-42' })).toBe('none');
  const all = { isGlobal: false, subjects: { has: () => true } };
  expect(crisisModeFor(all, { id: 'user-42' })).toBe('none');
});

test('CR-6 work of the subject is high at least, and a crisis stays one', () => {
  expect((['low', 'normal', 'high', 'crisis'] as const).map(raisedPriority)).toEqual([
    'high',
    'high',
    'high',
    'crisis',
  ]);
});

test('CR-6 it lasts four hours unless it is said how long, a minute at least and a day at most', () => {
  expect([MODE_MS_DEFAULT, MODE_MS_MIN, MODE_MS_MAX]).toEqual([14_400_000, 60_000, 86_400_000]);
});

describe('CR-6 an order that switches it on', () => {
  test('CR-6 is the first one, or goes on from what is on', () => {
    expect(switchedOn(null, order('anna', HOUR_MS, 1_000, 'She called.'))).toEqual(ON);
    expect(switchedOn(null, order('anna', HOUR_MS, 1_000))).toMatchObject({ reason: null });
    expect(switchedOn(ON, order('ben', HOUR_MS, 61_000))).toEqual({
      by: { id: 'ben' },
      reason: 'She called.',
      persons: ['anna', 'ben'],
      sinceAtMs: 1_000,
      endsAtMs: 61_000 + HOUR_MS,
      lengthMs: HOUR_MS,
    });
    expect(switchedOn(ON, order('ben', HOUR_MS, 61_000, 'Again.'))).toMatchObject({
      reason: 'Again.',
    });
  });

  test('CR-6 ends nothing sooner: a short one leaves the end as it was', () => {
    const after = switchedOn(ON, order('ben', 60_000, 61_000));
    expect(after).toMatchObject({ endsAtMs: ON.endsAtMs, lengthMs: HOUR_MS - 60_000 });
  });

  test('CR-6 tells each person once, however the id is spelled, and the latest hundred', () => {
    expect(switchedOn(ON, order('ANNA', HOUR_MS, 2_000)).persons).toEqual(['anna']);
    const persons = Array.from({ length: 100 }, (_, at) => `p${at}`);
    const many = switchedOn({ ...ON, persons }, order('ben', HOUR_MS, 2_000)).persons;
    expect([many.length, many[0], many.at(-1)]).toEqual([100, 'p1', 'ben']);
  });
});

describe('CR-6 what was switched on before the store was open', () => {
  test('CR-6 goes by the clock of the store, alone or with what an earlier process kept', () => {
    expect(joined(ON, { shiftedMs: 500, earlier: null })).toEqual({
      ...ON,
      sinceAtMs: 1_500,
      endsAtMs: 1_500 + HOUR_MS,
    });
    const earlier: ModeOn = {
      by: { id: 'ben' },
      reason: 'Since the morning.',
      persons: ['ben', 'Anna'],
      sinceAtMs: 200,
      endsAtMs: 300,
      lengthMs: 2 * HOUR_MS,
    };
    expect(joined(ON, { shiftedMs: 500, earlier })).toEqual({
      by: { id: 'anna' },
      reason: 'She called.',
      persons: ['ben', 'Anna'],
      sinceAtMs: 200,
      endsAtMs: 1_500 + HOUR_MS,
      lengthMs: 2 * HOUR_MS,
    });
  });

  test('CR-6 keeps the later end, the longer length, and a reason where only one has it', () => {
    const earlier: ModeOn = { ...ON, sinceAtMs: 9_000, endsAtMs: 9 * HOUR_MS, lengthMs: 1 };
    expect(joined({ ...ON, reason: null }, { shiftedMs: 500, earlier })).toMatchObject({
      reason: 'She called.',
      sinceAtMs: 1_500,
      endsAtMs: 9 * HOUR_MS,
      lengthMs: HOUR_MS,
    });
  });
});

test('CR-6 another process goes on with it for no longer than it was to last', () => {
  expect(goneOn(ON, 2_000)).toEqual(ON);
  expect(goneOn(ON, 500)).toEqual({ ...ON, endsAtMs: 500 + HOUR_MS });
});

test('CR-6 it warns a quarter of an hour before its end, or in the last quarter of a short one', () => {
  expect(warnsAtMs(ON)).toBe(ON.endsAtMs - 900_000);
  expect(warnsAtMs({ ...ON, lengthMs: 4 * HOUR_MS })).toBe(ON.endsAtMs - 900_000);
  expect(warnsAtMs({ ...ON, lengthMs: 60_000 })).toBe(ON.endsAtMs - 15_000);
});

test('CR-6 only somebody else than those who wanted it on, and than its subject, ends it', () => {
  const on = { ...ON, persons: ['anna', 'ben'] };
  const isSecond = (id: string, isSubject = false) => isSecondPerson(on, { by: { id }, isSubject });
  expect([isSecond('carl'), isSecond('anna'), isSecond('BEN')]).toEqual([true, false, false]);
  expect(isSecond('carl', true)).toBe(false);
});
