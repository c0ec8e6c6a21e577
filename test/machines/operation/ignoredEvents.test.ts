import { describe, expect, test } from 'vitest';
import {
  type SyncOperationEvent,
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import {
  but,
  faultsOf,
  type Ignored,
  ignoredPairs,
  innermostIn,
  NO_FAULTS,
} from '../../support/charts/ignoredPairs.ts';

type EventType = SyncOperationEvent['type'];

const STATES = OPERATION_STATES;
const CHART = innermostIn(syncOperationMachine.root);
const EVENTS = [...new Set(syncOperationMachine.events)] as readonly EventType[];

const ENDED: readonly SyncOperationState[] = [
  'completed',
  'cancelled',
  'expired',
  'rejected',
  'duplicate',
];
/** Accepted or about to be, and neither ended nor ending. */
const LIVE: readonly SyncOperationState[] = STATES.filter(
  (state) => ![...ENDED, 'deadLettered', 'settling'].includes(state),
);
/** In line for its turn, and never brought back. */
const TURNS: readonly SyncOperationState[] = ['waiting', 'suspect', 'backingOff', 'rateLimited'];

/** Every pair that is ignored, with the reason. A new one has to find its place here. */
const IGNORED: readonly Ignored<SyncOperationState, EventType>[] = [
  { why: 'an ending is not changed by what comes after it', events: EVENTS, states: ENDED },
  {
    why: 'only a replay brings a dead letter back',
    events: but(EVENTS, 'replay.requested'),
    states: ['deadLettered'],
  },
  {
    why: 'its ending is decided, and only being written',
    events: but(EVENTS, 'journal.committed'),
    states: ['settling'],
  },
  { why: 'only a dead letter is replayed', events: ['replay.requested'], states: LIVE },
  {
    why: 'it waits for no write: what was ordered in a state that was left meanwhile says nothing of this one',
    events: ['journal.committed'],
    states: but(LIVE, 'accepting', 'ordering'),
  },
  {
    why: 'a turn is taken back only as its attempt would begin, or while it is compared',
    events: ['turn.revoked'],
    states: but(LIVE, 'attempting', 'comparing'),
  },
  {
    why: 'at its turn only: it is not in line, or has its turn',
    events: ['rate.limited', 'attempts.exhausted', 'giveup.due'],
    states: but(LIVE, ...TURNS, 'replayed'),
  },
  {
    why: 'brought back it is as new: nothing has failed yet that it could be judged by',
    events: ['attempts.exhausted', 'giveup.due'],
    states: ['replayed'],
  },
  {
    why: 'nothing runs that could overhang, or that is known, or it ends as soon as its handler returns',
    events: ['attempt.overhangs'],
    states: but(LIVE, 'attempting'),
  },
  {
    why: 'only an acceptance can be refused, or meet another of the same key',
    events: ['journal.failed', 'journal.duplicated'],
    states: but(LIVE, 'accepting'),
  },
  {
    why: 'no attempt runs: this is of one that was cut off',
    events: ['attempt.succeeded', 'attempt.failed', 'attempt.interrupted'],
    states: but(LIVE, 'attempting', 'overhanging', 'cancelling', 'comparing'),
  },
  {
    why: 'it is compared, and nothing of it runs',
    events: ['attempt.succeeded', 'attempt.failed'],
    states: ['comparing'],
  },
  {
    why: 'it is not compared: it was told so once, or is none that is',
    events: ['edit.compared', 'conflict.found'],
    states: but(LIVE, 'comparing'),
  },
  {
    why: 'it waits for no conflict: it was told what became of it, or was taken out of it',
    events: [
      'conflict.merged',
      'conflict.applied',
      'conflict.pending',
      'conflict.refused',
      'handler.merges',
    ],
    states: but(LIVE, 'conflicted'),
  },
  {
    why: 'a stop tells it that it has failed: its time-out has passed',
    events: ['attempt.interrupted'],
    states: ['overhanging'],
  },
  {
    why: 'nothing of it was in flight when the process died, so nothing is held against it',
    events: ['process.restarted'],
    states: but(
      LIVE,
      'ordering',
      'accepting',
      'suspect',
      'comparing',
      'attempting',
      'overhanging',
      'cancelling',
    ),
  },
  {
    why: 'no row is kept in this state, so no process finds it there',
    events: ['process.restarted'],
    states: ['accepting', 'suspect', 'comparing', 'attempting', 'overhanging'],
  },
  {
    why: 'what rests is on disk, what is being written is waited for, and an attempt is interrupted',
    events: ['process.stopping'],
    states: but(LIVE, 'suspect'),
  },
  {
    why: 'whether its turn was granted, or its lane is free, is told with journal.committed',
    events: ['turn.granted', 'lane.freed'],
    states: ['accepting'],
  },
  {
    why: 'it is not in line: its lane, its time, a handler or a person comes first',
    events: ['turn.granted'],
    states: ['inLane', 'scheduled', 'handlerMissing', 'conflicted', 'inReview'],
  },
  {
    why: 'it has its turn',
    events: ['turn.granted'],
    states: ['comparing', 'ordering', 'attempting', 'overhanging', 'cancelling'],
  },
  {
    why: 'it does not wait for its lane: it is at the head',
    events: ['lane.freed'],
    states: but(LIVE, 'accepting', 'inLane', 'replayed', 'cancelling'),
  },
  { why: 'it knows', events: ['handler.missing'], states: ['handlerMissing'] },
  {
    why: 'its handler is looked for when its turn comes, or its attempt begins',
    events: ['handler.missing', 'handler.registered'],
    states: [
      ...(['accepting', 'ordering', 'overhanging', 'cancelling'] as const),
      ...(['conflicted', 'inReview', 'scheduled'] as const),
    ],
  },
  {
    why: 'it does not wait for its start, or for something else first, after which its start is asked',
    events: ['start.due'],
    states: but(LIVE, 'scheduled'),
  },
  {
    why: 'it does not wait for a handler: one that is registered is found when its turn comes',
    events: ['handler.registered'],
    states: [
      ...(['inLane', 'waiting', 'suspect', 'comparing'] as const),
      ...(['attempting', 'backingOff', 'rateLimited'] as const),
    ],
  },
  {
    why: 'whether a repeat is safe is asked only when a turn could be granted',
    events: ['repeat.unsafe'],
    states: but(LIVE, ...TURNS, 'replayed'),
  },
  {
    why: 'it waits neither for time nor for a decision, so trying again now would change nothing',
    events: ['retry.requested'],
    states: but(LIVE, 'backingOff', 'conflicted', 'inReview', 'scheduled'),
  },
  {
    why: 'the deadline of its attempt lies no later than its expiry, and what the attempt brings counts',
    events: ['expiry.due'],
    states: ['attempting', 'overhanging'],
  },
  {
    why: 'it is cancelled already, and ends as soon as its handler returns',
    events: ['expiry.due', 'cancel.requested'],
    states: ['cancelling'],
  },
];

test('OP-1 every event that a state ignores is ignored for a reason', () => {
  expect(faultsOf(ignoredPairs(CHART, EVENTS), IGNORED)).toEqual(NO_FAULTS);
});

describe('OP-1 control:', () => {
  const ignored = ignoredPairs(CHART, EVENTS);

  test('a pair that begins to be ignored is found', () => {
    const { key } = CHART.states['waiting'] ?? { key: 'none' };
    const deaf = { key, type: 'atomic', ownEvents: but(EVENTS, 'cancel.requested') };
    const machine = {
      states: { ...CHART.states, waiting: deaf },
    };
    expect(faultsOf(ignoredPairs(machine, EVENTS), IGNORED).unexplained).toEqual([
      'waiting cancel.requested',
    ]);
  });

  test('a pair that is ignored no longer is found', () => {
    const fewer = ignored.filter((pair) => pair !== 'inLane retry.requested');
    expect(faultsOf(fewer, IGNORED).notIgnored).toEqual(['inLane retry.requested']);
  });

  test('a pair with two reasons is found', () => {
    const twice = { why: 'again', events: ['expiry.due'], states: ['attempting'] } as const;
    expect(faultsOf(ignored, [...IGNORED, twice]).explainedTwice).toEqual([
      'attempting expiry.due',
    ]);
  });
});
