import { describe, expect, test } from 'vitest';
import { createActor, type EventObject, fromCallback } from 'xstate';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type {
  CrisisDeliveryState,
  CrisisEscalationState,
  CrisisRecordState,
} from '../../../machines/crisis/crisisState.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';
import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { CRISIS_INPUT, CrisisHarness } from '../../support/harness/crisisHarness.ts';

/** One crisis in each state of its delivery, made the way it gets there. */
const IN: Readonly<Record<CrisisDeliveryState, () => CrisisHarness>> = {
  awaitingPlace: () => new CrisisHarness(),
  awaitingHandler: () => new CrisisHarness().tell('handler.missing'),
  attempting: () => new CrisisHarness().grant(),
  callingOff: () => new CrisisHarness().grant().tell('callOff.requested'),
  fastBackoff: () => new CrisisHarness().grant().fail(),
  pacing: () => new CrisisHarness().exhaustAttempts(),
  delivered: () => new CrisisHarness().grant().tell('attempt.succeeded'),
  calledOff: () => new CrisisHarness().tell('callOff.requested'),
};
const STATES = Object.keys(IN) as readonly CrisisDeliveryState[];
const WAITS = ['fastBackoff', 'pacing'] as const;

test('OB-3 the states of its regions are those that apps compile against', () => {
  const record = {
    ...{ writing: 0, spilled: 0, durable: 0, quarantined: 0, unkept: 0, closed: 0 },
  } satisfies Record<CrisisRecordState, 0>;
  const escalation = {
    ...{ quiet: 0, notifyDue: 0, notifying: 0, awaitingAcknowledgement: 0, stepsOwed: 0 },
    ...{ exhausted: 0, acknowledged: 0, lapsing: 0, ended: 0 },
  } satisfies Record<CrisisEscalationState, 0>;
  const { states } = crisisMachine.root;
  const inside = (region: string) =>
    Object.values(states)
      .filter(({ key }) => key === region)
      .flatMap(innermostStates)
      .map(({ key }) => key)
      .toSorted();
  expect(inside('escalation')).toEqual(Object.keys(escalation).toSorted());
  expect(inside('record')).toEqual(Object.keys(record).toSorted());
  expect(inside('delivery')).toEqual(STATES.toSorted());
  for (const state of STATES) expect(IN[state]().delivery).toBe(state);
});

test('CR-4 its place and its attempt are told which crisis they are of', () => {
  const told: string[] = [];
  const actor = (name: string) =>
    fromCallback<EventObject, { readonly id: string }>(({ input }) => {
      told.push(`${name} ${input.id}`);
    });
  const machine = crisisMachine.provide({
    actors: { place: actor('place'), attempt: actor('attempt') },
  });
  const crisis = createActor(machine, { input: CRISIS_INPUT }).start();
  crisis.send({ type: 'place.granted', atMs: 1 });
  expect(told).toEqual(['place crisis-1', 'attempt crisis-1']);
});

describe('CR-4 it is sent at once, and its record is written beside that', () => {
  test('CR-4 a place is asked for, and its first attempt runs before anything is on disk', () => {
    const crisis = new CrisisHarness();
    expect([crisis.delivery, crisis.record, crisis.asking]).toEqual([
      'awaitingPlace',
      'writing',
      1,
    ]);
    crisis.grant();
    expect([crisis.begun, crisis.row, crisis.asking]).toEqual([[1], null, 0]);
    crisis.commit();
    const quiet = { escalation: 'quiet' };
    expect(crisis.row?.states).toEqual({ ...quiet, record: 'durable', delivery: 'awaitingPlace' });
    expect(crisis.states).toEqual({ ...quiet, record: 'durable', delivery: 'attempting' });
  });

  test('CR-4 delivered, it ends once that is on disk, and not before', () => {
    const crisis = IN.delivered();
    const over = { escalation: 'ended', delivery: 'delivered' };
    expect(crisis.states).toEqual({ ...over, record: 'writing' });
    expect(crisis.isOver).toBe(false);
    expect(crisis.commit().states).toEqual({ ...over, record: 'closed' });
    expect([crisis.isOver, crisis.context.ending]).toEqual([true, 'completed']);
  });

  test('CR-4 the database fails: it is spilled, then durable', () => {
    const crisis = new CrisisHarness().send({ type: 'record.spilled' });
    expect(crisis.record).toBe('spilled');
    expect(crisis.grant().delivery).toBe('attempting');
    expect(crisis.commit().record).toBe('durable');
  });

  test.each([
    ['CR-4 PS-3 its record is refused for damage', 'record.refused', 'quarantined'],
    ['CR-4 OP-6 the disk hangs, and nothing of it is kept', 'record.unkept', 'unkept'],
  ] as const)('%s: it is delivered all the same', (_, type, record) => {
    const crisis = new CrisisHarness();
    if (type === 'record.refused') crisis.commit();
    crisis.send({ type });
    expect(crisis.record).toBe(record);
    crisis.grant().fail().tell('retry.due').grant().tell('attempt.succeeded');
    expect([crisis.record, crisis.delivery]).toEqual([record, 'delivered']);
    crisis.tell('journal.committed');
    expect([crisis.record, crisis.isOver]).toEqual(['closed', true]);
  });
});

describe('CR-4 it goes on until it is through', () => {
  test.each(FAILURE_CLASSES)('CR-4 RT-2 after a failure that is %s', (failureClass) => {
    const crisis = new CrisisHarness().grant();
    for (let i = 1; i <= 20; i += 1) {
      crisis.fail(failureClass);
      expect(WAITS).toContain(crisis.delivery);
      expect(crisis.tell('retry.due').grant().delivery).toBe('attempting');
      expect(crisis.context.attempt).toBe(i + 1);
    }
    expect(crisis.tell('attempt.succeeded').commit().context.ending).toBe('completed');
  });

  test.each(WAITS)('CR-4 %s, a person can have it sent at once', (state) => {
    const crisis = IN[state]();
    const { attempt } = crisis.context;
    crisis.tell('retry.requested');
    expect([crisis.delivery, crisis.context.attempt]).toEqual(['awaitingPlace', attempt + 1]);
    expect(crisis.history.at(-1)).toBe(`retryRequested ${attempt}`);
  });

  test.each([...WAITS, 'awaitingPlace'] as const)(
    'CR-4 OP-7 %s without a handler, it waits for one, and goes out the moment that it is there',
    (state) => {
      const crisis = IN[state]().tell('handler.missing');
      expect(crisis.delivery).toBe('awaitingHandler');
      expect(crisis.tell('handler.registered').delivery).toBe('awaitingPlace');
    },
  );
});

describe('RT-4 over the end of its process', () => {
  test('RT-4 CR-4 in flight, it is counted and goes on, and never taken for what kills the process', () => {
    const crisis = IN.attempting().commit();
    for (let times = 1; times <= 3 * CRASHES_IN_A_ROW_MAX; times += 1) {
      expect(crisis.restart().delivery).toBe('fastBackoff');
      // At many in a row it is spaced out.
      const pauseMs = times < CRASHES_IN_A_ROW_MAX ? 0 : 30_000;
      expect(crisis.context).toMatchObject({
        crashes: times,
        attempt: 1,
        wakeAtMs: crisis.nowMs + pauseMs,
        delayMs: pauseMs,
        isOutcomeUnknown: true,
      });
      crisis.tell('retry.due').grant().commit();
    }
    expect(crisis.tell('attempt.succeeded').commit().context.ending).toBe('completed');
  });

  test.each([...WAITS, 'awaitingHandler'] as const)(
    'RT-4 %s, nothing is held against it, and its wait is what it was',
    (state) => {
      const crisis = IN[state]().commit();
      const before = crisis.context;
      expect(crisis.restart(5_000).delivery).toBe(state);
      expect(crisis.context).toEqual(before);
    },
  );

  test('SV-4 interrupted by a stop, it has spent nothing and is due at once', () => {
    const crisis = IN.attempting().tell('attempt.interrupted').commit().restart(5_000);
    expect(crisis.delivery).toBe('fastBackoff');
    expect(crisis.context).toMatchObject({ crashes: 0, attempt: 1, isSpent: false, delayMs: 0 });
    expect(crisis.tell('retry.due').grant().begun).toEqual([1, 1]);
  });
});

describe('CR-4 OP-5 a person calls it off', () => {
  test.each(['awaitingPlace', 'awaitingHandler', ...WAITS] as const)(
    'CR-4 OP-5 %s: it is over, and who looks at it sees why',
    (state) => {
      const crisis = IN[state]().tell('callOff.requested');
      expect([crisis.delivery, crisis.asking]).toEqual(['calledOff', 0]);
      expect(crisis.history.at(-1)).toMatch(/^calledOff/);
      expect(crisis.commit().context).toMatchObject({ ending: 'cancelled' });
      expect(crisis.isOver).toBe(true);
    },
  );

  test.each([
    ['its handler has stopped', (crisis: CrisisHarness) => crisis.tell('attempt.interrupted')],
    ['it has failed', (crisis: CrisisHarness) => crisis.fail()],
    ['its process has ended', (crisis: CrisisHarness) => crisis.commit().restart()],
  ])('CR-4 OP-5 while it is sent: over once %s', (_, end) => {
    const crisis = IN.callingOff();
    expect([crisis.running, crisis.context.ending]).toEqual([0, null]);
    expect(end(crisis).commit().context.ending).toBe('cancelled');
  });

  test('OP-5 what reached somebody all the same counts', () => {
    const crisis = IN.callingOff().tell('attempt.succeeded').commit();
    expect([crisis.delivery, crisis.context.ending]).toEqual(['delivered', 'completed']);
  });
});

describe('CR-2 CR-4 nothing else ends it or holds it up', () => {
  test('CR-4 its chart has two endings, and no event of expiry, giving up or exhaustion', () => {
    const finals = innermostStates(crisisMachine.root).filter(({ type }) => type === 'final');
    expect(finals.map(({ key }) => key)).toEqual(['delivered', 'calledOff', 'ended', 'closed']);
    expect(
      crisisMachine.events.filter((type) => /expir|giveup|exhaust|rate|turn/.test(type)),
    ).toEqual([]);
  });

  test('CR-4 control: what is told of an ending changes nothing any more', () => {
    for (const state of ['delivered', 'calledOff'] as const) {
      const crisis = IN[state]();
      const { context } = crisis;
      crisis.tell('callOff.requested').tell('attempt.succeeded').fail().tell('retry.due');
      expect([crisis.delivery, crisis.context]).toEqual([state, context]);
    }
  });
});

test('OB-3 every transition of its delivery and its record was taken', () => {
  // Those of its escalation: crisisEscalation.test.ts.
  const { missing } = transitionsTaken(crisisMachine);
  expect(missing.filter((label) => !label.includes('escalation.'))).toEqual([]);
});
