import { describe, expect, test } from 'vitest';
import { type CrisisEvent, crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type {
  CrisisDeliveryState,
  CrisisEscalationState,
  CrisisRecordState,
} from '../../../machines/crisis/crisisState.ts';
import {
  but,
  faultsOf,
  type Ignored,
  ignoredPairs,
  innermostIn,
  NO_FAULTS,
  type States,
} from '../../support/charts/ignoredPairs.ts';

type EventType = CrisisEvent['type'];

const EVENTS = [...new Set(crisisMachine.events)] as readonly EventType[];
const { root } = crisisMachine;
const [delivery, record, escalation] = (['delivery', 'record', 'escalation'] as const).map(
  (region) => innermostIn(root.states[region] ?? root),
) as [States, States, States];
const DELIVERY = Object.keys(delivery.states) as readonly CrisisDeliveryState[];
const RECORD = Object.keys(record.states) as readonly CrisisRecordState[];

const ENDED: readonly CrisisDeliveryState[] = ['delivered', 'calledOff'];
const LIVE = but(DELIVERY, ...ENDED);
/** Between two attempts. */
const WAITS: readonly CrisisDeliveryState[] = ['fastBackoff', 'pacing'];

/** What its record is told, and its delivery never waits for. */
const OF_THE_RECORD: readonly EventType[] = [
  'record.durable',
  'record.spilled',
  'record.refused',
  'record.unkept',
  'journal.committed',
];
/** Who is told that it is not delivered, and who has taken it on. */
const OF_STEPS: readonly EventType[] = [
  'step.called',
  'step.notified',
  'step.failed',
  'step.woken',
];
const OF_PEOPLE: readonly EventType[] = [
  ...OF_STEPS,
  'step.due',
  'chain.anew',
  'acknowledgement.given',
  'acknowledgement.ending',
  'acknowledgement.lapsed',
  'release.requested',
  'callOff.proposed',
  'safety.said',
];
const OF_THE_DELIVERY = but(EVENTS, ...OF_THE_RECORD);

/** Every pair of a state of the delivery that is ignored, with the reason. A new one has to find its place. */
const IN_DELIVERY: readonly Ignored<CrisisDeliveryState, EventType>[] = [
  {
    why: 'the delivery waits for no write: what becomes of the record changes nothing of it',
    events: OF_THE_RECORD,
    states: DELIVERY,
  },
  {
    why: 'an ending is not changed by what comes after it',
    events: OF_THE_DELIVERY,
    states: ENDED,
  },
  {
    why: 'it goes on whoever was told, and whoever has taken it on',
    events: OF_PEOPLE,
    states: LIVE,
  },
  {
    why: 'it has asked for no place, or has one',
    events: ['place.granted'],
    states: but(LIVE, 'awaitingPlace'),
  },
  {
    why: 'no attempt runs: this is of one that was cut off',
    events: ['attempt.succeeded', 'attempt.failed', 'attempt.interrupted'],
    states: but(LIVE, 'attempting', 'callingOff'),
  },
  {
    why: 'it is not between two attempts, so there is no wait to end',
    events: ['retry.due', 'retry.requested'],
    states: but(LIVE, ...WAITS),
  },
  { why: 'it knows', events: ['handler.missing'], states: ['awaitingHandler'] },
  {
    why: 'it has a handler: its attempt runs, and the next one looks again',
    events: ['handler.missing'],
    states: ['attempting', 'callingOff'],
  },
  {
    why: 'it does not wait for a handler: the next attempt looks for one',
    events: ['handler.registered'],
    states: but(LIVE, 'awaitingHandler'),
  },
  {
    why: 'nothing of it was in flight when the process died',
    events: ['process.restarted'],
    states: ['awaitingHandler', ...WAITS],
  },
  {
    why: 'no row is kept in this state: it is kept as one that is to go out',
    events: ['process.restarted'],
    states: ['attempting'],
  },
  { why: 'it was called off already', events: ['callOff.requested'], states: ['callingOff'] },
];

const IN_RECORD: readonly Ignored<CrisisRecordState, EventType>[] = [
  {
    why: 'what becomes of the delivery is written as it comes, and changes nothing of where that is kept',
    events: OF_THE_DELIVERY,
    states: RECORD,
  },
  {
    why: 'its ending is on disk, and it leaves memory',
    events: OF_THE_RECORD,
    states: ['closed'],
  },
  {
    why: 'its first write is repeated until the database has it, and only then it has a row to end or to refuse',
    events: ['record.refused', 'journal.committed'],
    states: ['writing', 'spilled'],
  },
  {
    why: 'it is kept beside the database',
    events: ['record.spilled', 'record.unkept'],
    states: ['spilled'],
  },
  {
    why: 'it is in the database, and what is written of it there stays there',
    events: ['record.durable', 'record.spilled', 'record.unkept'],
    states: ['durable', 'quarantined'],
  },
  { why: 'it is known to be damaged', events: ['record.refused'], states: ['quarantined'] },
  {
    why: 'no write of it was given to the disk',
    events: ['record.durable', 'record.spilled', 'record.refused', 'record.unkept'],
    states: ['unkept'],
  },
];

const ESCALATION = Object.keys(escalation.states) as readonly CrisisEscalationState[];
const OPEN = but(ESCALATION, 'ended');

const IN_ESCALATION: readonly Ignored<CrisisEscalationState, EventType>[] = [
  {
    why: 'people are told whatever becomes of its record, and of a delivery that goes on',
    events: but(EVENTS, ...OF_PEOPLE, 'attempt.succeeded', 'attempt.failed', 'callOff.requested'),
    states: ESCALATION,
  },
  {
    why: 'it has escalated, or a person has taken it on: one more failure changes nothing',
    events: ['attempt.failed'],
    states: but(ESCALATION, 'quiet'),
  },
  {
    why: 'the crisis is over',
    events: [...OF_PEOPLE, 'attempt.succeeded', 'callOff.requested'],
    states: ['ended'],
  },
  {
    why: 'nobody is to be told any more',
    events: ['step.due'],
    states: ['acknowledged', 'lapsing'],
  },
  {
    why: 'nobody is told yet, or a person has it: this is of a call that was cut off',
    events: OF_STEPS,
    states: ['quiet', 'acknowledged'],
  },
  {
    why: 'whoever has it is asked, and nothing is owed meanwhile',
    events: ['step.woken'],
    states: ['lapsing'],
  },
  {
    why: 'not every step was told',
    events: ['chain.anew'],
    states: but(OPEN, 'exhausted'),
  },
  {
    why: 'nobody has it',
    events: ['acknowledgement.ending', 'acknowledgement.lapsed', 'release.requested'],
    states: but(OPEN, 'acknowledged', 'lapsing'),
  },
  {
    why: 'they have been asked',
    events: ['acknowledgement.ending'],
    states: ['lapsing'],
  },
  {
    why: 'they are asked before it lapses',
    events: ['acknowledgement.lapsed'],
    states: ['acknowledged'],
  },
];

test.each([
  ['delivery', delivery, IN_DELIVERY],
  ['record', record, IN_RECORD],
  ['escalation', escalation, IN_ESCALATION],
] as const)(
  'CR-4 every event that a state of the %s ignores is ignored for a reason',
  (_, region, reasons) => {
    expect(faultsOf(ignoredPairs(region, EVENTS), reasons)).toEqual(NO_FAULTS);
  },
);

describe('CR-4 control:', () => {
  test('a pair that begins to be ignored is found', () => {
    const deaf = { key: 'pacing', ownEvents: ['retry.due', 'retry.requested', 'handler.missing'] };
    const region = { states: { ...delivery.states, pacing: deaf } };
    expect(faultsOf(ignoredPairs(region, EVENTS), IN_DELIVERY).unexplained).toEqual([
      'pacing callOff.requested',
    ]);
  });

  test('a pair that is ignored no longer is found', () => {
    const fewer = ignoredPairs(record, EVENTS).filter((pair) => pair !== 'spilled record.spilled');
    expect(faultsOf(fewer, IN_RECORD).notIgnored).toEqual(['spilled record.spilled']);
  });
});
