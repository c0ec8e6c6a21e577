/**
 * The table that says who may run, row by row and in its order.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  MAY_RUN_TABLE,
  mayRun,
  type RunAsker,
  type SchedulerFacts,
} from '../../../machines/scheduler/mayRun.ts';
import { WAIT_CAUSES, type WaitCause } from '../../../machines/vocabulary/standing.ts';

const WELL: SchedulerFacts = {
  intake: 'open',
  isStorageDown: false,
  breaker: { mode: 'pass', retryAtMs: null, isHeldOpen: false, probesFree: 0 },
  room: 1,
  bound: { by: 'slot', untilAtMs: null },
  isParked: () => false,
  isSubjectParked: () => false,
  probeDueAtMs: () => null,
  rateDueAtMs: null,
  pausedUntilAtMs: null,
  urgencyBound: 4,
  trickle: 0,
};
const URGENT: RunAsker = { urgency: 1, route: 'type:reports.push', subject: 'user-7' };
const PARKED: RunAsker = { ...URGENT, urgency: 9 };

/** What makes each row hold, whatever the rows after it say. */
const CAUSES: Readonly<Record<WaitCause, Partial<SchedulerFacts>>> = {
  start: { intake: 'notStarted' },
  stopping: { intake: 'stopped' },
  storage: { isStorageDown: true },
  suspect: { intake: 'isolated' },
  operator: { breaker: { mode: 'refuse', retryAtMs: null, isHeldOpen: true, probesFree: 0 } },
  breaker: { breaker: { mode: 'refuse', retryAtMs: 70, isHeldOpen: false, probesFree: 0 } },
  probe: { breaker: { mode: 'probe', retryAtMs: 80, isHeldOpen: false, probesFree: 0 } },
  type: { isParked: (route) => route === 'type:reports.push', probeDueAtMs: () => 85 },
  subject: {
    isSubjectParked: (subject) => subject === 'user-7',
    probeDueAtMs: (key) => (key === 'subject:user-7' ? 86 : null),
  },
  rate: { rateDueAtMs: 90 },
  slot: { room: 0, bound: { by: 'slot', untilAtMs: null } },
  ramp: { room: 0, bound: { by: 'ramp', untilAtMs: null } },
  level: {},
};
const UNTIL: Partial<Readonly<Record<WaitCause, number>>> = {
  breaker: 70,
  probe: 80,
  type: 85,
  subject: 86,
  rate: 90,
};

test('CB-5 the rows are the reasons of the vocabulary, in its order', () => {
  expect(MAY_RUN_TABLE.map(({ because }) => because)).toEqual([...WAIT_CAUSES]);
});

test('CB-5 where no row holds it may run', () => {
  expect(mayRun(WELL, URGENT)).toEqual({ may: true });
});

test.each(WAIT_CAUSES)('CB-5 %s is the reason where it holds, and says until when', (because) => {
  const asker = because === 'level' ? PARKED : URGENT;
  const facts = { ...WELL, ...CAUSES[because] };
  const untilAtMs = UNTIL[because] ?? null;
  expect(mayRun(facts, asker)).toEqual({ may: false, because, untilAtMs });
});

test('CB-5 the first row that holds is the one that is told', () => {
  const pairs = WAIT_CAUSES.flatMap((first, index) =>
    WAIT_CAUSES.slice(index + 1).map((second) => [first, second] as const),
  );
  for (const [first, second] of pairs) {
    const facts = { ...WELL, ...CAUSES[second], ...CAUSES[first] };
    expect(mayRun(facts, PARKED), `${first} before ${second}`).toMatchObject({ because: first });
  }
});

describe('CB-5 what passes', () => {
  test('RT-4 the one that runs alone, where it is open or isolated', () => {
    const alone = { ...URGENT, isAlone: true };
    expect(mayRun({ ...WELL, intake: 'isolated' }, alone)).toEqual({ may: true });
    expect(mayRun({ ...WELL, intake: 'stopped' }, alone)).toMatchObject({ because: 'stopping' });
  });

  test('PS-6 a call that is kept nowhere, while nothing can be made durable', () => {
    const call = { ...URGENT, isCall: true };
    expect(mayRun({ ...WELL, isStorageDown: true }, call)).toEqual({ may: true });
    expect(mayRun({ ...WELL, isStorageDown: true, room: 0 }, call)).toMatchObject({
      because: 'slot',
    });
  });

  test('CB-2 a probe, whether slots are open or not', () => {
    const breaker = { mode: 'probe', retryAtMs: null, isHeldOpen: false, probesFree: 1 } as const;
    const shut = { ...WELL, breaker, room: 0, bound: { by: 'ramp', untilAtMs: null } } as const;
    expect(mayRun(shut, PARKED)).toMatchObject({ because: 'level' });
    expect(mayRun(shut, { ...PARKED, isNext: true })).toEqual({ may: true });
    expect(mayRun({ ...shut, bound: { by: 'slot', untilAtMs: null } }, URGENT)).toMatchObject({
      because: 'slot',
    });
  });

  test('DG-2 a parked rank, where nobody more urgent waits or its share is not out', () => {
    expect(mayRun(WELL, { ...PARKED, isNext: true })).toEqual({ may: true });
    expect(mayRun({ ...WELL, trickle: 1 }, PARKED)).toEqual({ may: true });
    expect(mayRun(WELL, { urgency: WELL.urgencyBound })).toEqual({ may: true });
  });

  test('DG-2 a turn of the share waits for the share, whatever its rank', () => {
    expect(mayRun(WELL, { ...URGENT, isShare: true })).toMatchObject({ because: 'level' });
    expect(mayRun({ ...WELL, trickle: 1 }, { ...URGENT, isShare: true })).toEqual({ may: true });
  });

  test('CB-2 whoever knows that its type is not parked is not asked for its route', () => {
    const all = { isParked: () => true, isSubjectParked: () => true };
    expect(mayRun({ ...WELL, ...all }, { urgency: 1 })).toEqual({ may: true });
  });

  test('PF-5 a learned rate says until when by itself', () => {
    const bound = { by: 'rate', untilAtMs: 77 } as const;
    expect(mayRun({ ...WELL, room: 0, bound }, URGENT)).toEqual({
      may: false,
      because: 'rate',
      untilAtMs: 77,
    });
  });
});
