import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  conflictDue,
  conflictMachine,
  conflictOrders,
} from '../../../machines/conflict/conflictMachine.ts';
import {
  type ConflictInput,
  type MergedFacts,
  OLDER_FETCHES_MAX,
} from '../../../machines/conflict/conflictSetup.ts';
import type { SentStanding } from '../../../machines/conflict/sentEdit.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { ConflictHarness } from '../../support/harness/conflictHarness.ts';

const DAY_MS = 86_400_000;
const LONG_AGO: Partial<ConflictInput> = { heardAtMs: 1_000_000 - 401 * DAY_MS };

describe('CF-8 a conflict from detection to converged', () => {
  test('CF-8 what the upstream holds is asked for, merged, written, and then the edit goes on', () => {
    const conflict = new ConflictHarness();
    expect(conflict.state).toBe('detected');
    expect(conflict.due).toEqual({ type: 'fetch.due', atMs: conflict.nowMs + 25 });
    conflict.wait(25);
    expect(conflict.state).toBe('fetching');
    expect(conflict.context.fetches).toBe(1);
    conflict.fetched('other');
    expect(conflict.state).toBe('merging');
    conflict.merged();
    expect(conflict.state).toBe('rebasing');
    expect(conflictOrders(conflict.snapshot)).toBe('rebase');
    conflict.now('journal.committed');
    expect(conflict.state).toBe('resolved');
    expect(conflict.snapshot.output).toEqual({ outcome: 'merged' });
  });

  test('CF-8 a wake-up that comes early changes nothing', () => {
    const conflict = new ConflictHarness();
    conflict.send({ type: 'fetch.due', atMs: conflict.nowMs + 24 });
    expect(conflict.state).toBe('detected');
  });

  test('CF-8 where it is known what the upstream holds, nobody asks it', () => {
    const conflict = new ConflictHarness({ isCurrentKnown: true, reason: 'predecessor' });
    expect(conflict.state).toBe('merging');
    expect(conflict.due).toBeNull();
    expect(conflict.context.fetches).toBe(0);
  });

  test('CF-8 an upstream that does not answer is asked again', () => {
    const conflict = new ConflictHarness();
    conflict.wait(25);
    conflict.again('fetch.failed', 70);
    expect(conflict.state).toBe('detected');
    expect(conflict.due).toEqual({ type: 'fetch.due', atMs: conflict.nowMs + 70 });
    conflict.fetched('other').merged().now('journal.committed');
    expect(conflict.context).toMatchObject({ fetches: 2, outcome: 'merged' });
  });

  test('CF-8 one that refuses to be read ends it', () => {
    const conflict = new ConflictHarness();
    conflict.wait(25);
    conflict.now('fetch.refused');
    expect(conflict.snapshot.output).toEqual({ outcome: 'refused' });
  });

  test('CF-8 it ends when its edit does not wait for it any more', () => {
    const detected = new ConflictHarness();
    const fetching = new ConflictHarness();
    fetching.wait(25);
    const merging = new ConflictHarness().fetched('other');
    const waiting = new ConflictHarness().fetched('other').merged({ questions: 1 });
    const quarantined = new ConflictHarness().fetched('other').now('merge.failed');
    for (const conflict of [detected, fetching, merging, waiting, quarantined]) {
      conflict.now('edit.left');
      expect(conflict.snapshot.output).toEqual({ outcome: 'left' });
    }
  });

  test('CF-4 what newer rules wrote is merged by nobody here, and the edit rests', () => {
    const conflict = new ConflictHarness().fetched('other').now('rules.newer');
    expect(conflict.snapshot.output).toEqual({ outcome: 'left' });
  });

  test('PS-2 nothing goes on before it is on disk, whatever is heard', () => {
    const conflict = new ConflictHarness().fetched('other').merged();
    conflict.now('edit.left').now('person.decided').merged().fetched('other');
    expect(conflict.state).toBe('rebasing');
  });

  test('CF-8 what is heard of the record before it is written begins it anew', () => {
    const conflict = new ConflictHarness().fetched('other').merged();
    conflict.again('record.changed', 10);
    expect(conflict.state).toBe('detected');
    expect(conflict.due?.atMs).toBe(conflict.nowMs + 10);
    const known = new ConflictHarness({ isCurrentKnown: true }).merged();
    known.again('record.changed');
    expect(known.state).toBe('detected');
  });
});

describe('OP-3 an edit that was sent is told from one that was not', () => {
  test('OP-3 the first attempt at work under the same key is waited for', () => {
    const conflict = new ConflictHarness({ isKeyInUse: true, isOutcomeUnknown: true });
    conflict.fetched('sameVersion');
    expect(conflict.snapshot.output).toEqual({ outcome: 'pending' });
  });

  test('OP-3 the same version without an attempt at work is a round: else it would turn for ever', () => {
    const conflict = new ConflictHarness({ round: 3, roundsMax: 4 })
      .fetched('sameVersion')
      .merged();
    expect(conflict.state).toBe('rebasing');
    const last = new ConflictHarness({ round: 4, roundsMax: 4 }).fetched('sameVersion').merged();
    expect(last.state).toBe('awaitingReview');
    expect(last.context.asks).toBe('rounds');
  });

  test('CF-8 an upstream that twice refuses the version just read is named, and no other', () => {
    const outcomeOf = (input: Partial<ConflictInput>, standing: SentStanding) =>
      new ConflictHarness(input).fetched(standing).snapshot.output?.outcome;
    expect(outcomeOf({ sentAsRead: 2 }, 'sameVersion')).toBe('neverMatches');
    expect(outcomeOf({ sentAsRead: 1 }, 'sameVersion')).toBeUndefined();
    expect(outcomeOf({ sentAsRead: 2 }, 'other')).toBeUndefined();
    const atWork = { sentAsRead: 2, isKeyInUse: true, isOutcomeUnknown: true };
    expect(outcomeOf(atWork, 'sameVersion')).toBe('pending');
  });

  test('OP-3 what the upstream holds already is not sent again', () => {
    expect(new ConflictHarness().fetched('applied').snapshot.output).toEqual({
      outcome: 'applied',
    });
    const same = new ConflictHarness().fetched('other').merged({ isNothingLeft: true });
    expect(same.snapshot.output).toEqual({ outcome: 'applied' });
  });

  test('OP-3 where it can not be told, a person is asked', () => {
    const conflict = new ConflictHarness({ isOutcomeUnknown: true }).fetched('unproven').merged();
    expect(conflict.state).toBe('awaitingReview');
    expect(conflict.context.asks).toBe('outcomeUnknown');
    expect(conflictOrders(conflict.snapshot)).toBe('askPerson');
  });

  test('OP-3 but what its entity lets out goes out, and a person looks later', () => {
    const conflict = new ConflictHarness({ isOutcomeUnknown: true })
      .fetched('unproven')
      .merged({ isToWait: false });
    expect(conflict.state).toBe('rebasing');
    expect(conflict.context.asks).toBe('outcomeUnknown');
  });
});

describe('CF-6 a person decides what no rule can', () => {
  test.each([
    [1, true, 'awaitingReview'],
    [1, false, 'rebasing'],
    [0, true, 'rebasing'],
    [0, false, 'rebasing'],
  ])(
    'CF-6 with %i questions and an entity that waits: %s, it is %s',
    (questions, isToWait, state) => {
      const conflict = new ConflictHarness().fetched('other').merged({ questions, isToWait });
      expect(conflict.state).toBe(state);
    },
  );

  test('CF-6 a question about what is there already is asked too', () => {
    const facts = { questions: 1, isToWait: true, isNothingLeft: true };
    expect(new ConflictHarness().fetched('other').merged(facts).state).toBe('awaitingReview');
  });

  test.each([true, false])(
    'CF-1 a store that was silent for too long asks, waiting or not: %s',
    (isToWait) => {
      const conflict = new ConflictHarness(LONG_AGO).fetched('other').merged({ isToWait });
      expect(conflict.state).toBe('awaitingReview');
      expect(conflict.context.asks).toBe('silent');
    },
  );

  test('CF-1 one that never heard of the record, or on its last day, does not', () => {
    const first = new ConflictHarness({ heardAtMs: null }).fetched('other').merged();
    expect(first.state).toBe('rebasing');
    const heardAtMs = 1_000_000 - 400 * DAY_MS;
    const last = new ConflictHarness({ heardAtMs, fetchAtMs: 1_000_000 }).fetched('other').merged();
    expect(last.state).toBe('rebasing');
  });

  test.each([true, false])(
    'CF-6 no rounds left: a person is asked, waiting or not: %s',
    (isToWait) => {
      const conflict = new ConflictHarness({ round: 16 }).fetched('other').merged({ isToWait });
      expect(conflict.state).toBe('awaitingReview');
      expect(conflict.context.asks).toBe('rounds');
    },
  );

  test('CF-1 an upstream that lags behind is asked again, and then a person', () => {
    const conflict = new ConflictHarness();
    for (let time = 0; time < OLDER_FETCHES_MAX; time += 1) {
      conflict.fetched('older');
      expect(conflict.state).toBe('detected');
    }
    conflict.fetched('older').merged({ isToWait: false });
    expect(conflict.state).toBe('awaitingReview');
    expect(conflict.context).toMatchObject({ asks: 'conflict', fetches: OLDER_FETCHES_MAX + 1 });
  });

  test.each(['awaitingReview', 'quarantined'])(
    'CF-6 %s: what is decided is written, then sent',
    (state) => {
      const conflict = new ConflictHarness().fetched('other');
      if (state === 'quarantined') conflict.now('merge.failed');
      else conflict.merged({ questions: 2 });
      expect(conflict.state).toBe(state);
      expect(conflictDue(conflict.snapshot)).toBeNull();
      conflict.now('person.decided');
      expect(conflict.state).toBe('rebasing');
      // It is what the person wants, whatever is heard meanwhile.
      conflict.again('record.changed');
      expect(conflict.state).toBe('rebasing');
      conflict.now('journal.committed');
      expect(conflict.snapshot.output).toEqual({ outcome: 'decided' });
    },
  );

  test.each(['awaitingReview', 'quarantined'])(
    'CF-6 %s: it can be tried again as if new',
    (state) => {
      const conflict = new ConflictHarness({ round: 16 });
      if (state === 'quarantined') conflict.fetched('other').now('merge.failed');
      else conflict.fetched('other').merged();
      conflict.now('retry.requested');
      expect(conflict.state).toBe('detected');
      conflict.fetched('other').merged();
      expect(conflict.state).toBe('rebasing');
    },
  );
});

describe('CF-6 what can not be merged is kept, both sides of it', () => {
  test('CF-6 rules that fail', () => {
    const conflict = new ConflictHarness().fetched('other').now('merge.failed');
    expect(conflict.state).toBe('quarantined');
    expect(conflict.context.asks).toBe('mergeFailed');
    expect(conflictOrders(conflict.snapshot)).toBe('askPerson');
  });

  test('CF-6 a merge that lost something', () => {
    const conflict = new ConflictHarness().fetched('other').merged({ isSound: false });
    expect(conflict.state).toBe('quarantined');
    expect(conflict.context.asks).toBe('mergeFailed');
  });

  test('CF-6 what is no record', () => {
    const conflict = new ConflictHarness();
    conflict.wait(25);
    conflict.now('current.unreadable');
    expect(conflict.state).toBe('quarantined');
    expect(conflict.context.asks).toBe('unreadable');
  });
});

interface Case {
  readonly input: Partial<ConflictInput>;
  readonly standings: readonly SentStanding[];
  readonly facts: MergedFacts;
}

const cases: fc.Arbitrary<Case> = fc.record({
  input: fc.record({
    round: fc.constantFrom(0, 15, 16, 17),
    isOutcomeUnknown: fc.boolean(),
    isKeyInUse: fc.boolean(),
    heardAtMs: fc.constantFrom(null, 1_000_000, 1_000_000 - 500 * DAY_MS),
  }),
  standings: fc.array(
    fc.constantFrom<SentStanding>('sameVersion', 'applied', 'other', 'unproven', 'older'),
    { minLength: 6, maxLength: 6 },
  ),
  facts: fc.record({
    atMs: fc.constant(1_000_100),
    questions: fc.nat(2),
    isToWait: fc.boolean(),
    isNothingLeft: fc.boolean(),
    isSound: fc.boolean(),
  }),
});

/** What it comes to, said another way. */
function expected({ input, standings, facts }: Case): string {
  const { round = 0, isKeyInUse = false, heardAtMs = null } = input;
  const at = standings.findIndex((one, place) => one !== 'older' || place >= OLDER_FETCHES_MAX);
  const standing = standings[at];
  if (standing === 'sameVersion' && isKeyInUse) return 'resolved pending';
  if (standing === 'applied') return 'resolved applied';
  if (!facts.isSound) return 'quarantined';
  const isSilent = heardAtMs !== null && heardAtMs < 0;
  const isStopped = standing !== 'unproven' && (isSilent || round >= 16 || standing === 'older');
  const isAsked = standing === 'unproven' || facts.questions > 0;
  if (isStopped || (facts.isToWait && isAsked)) return 'awaitingReview';
  return facts.isNothingLeft ? 'resolved applied' : 'rebasing';
}

describe('CF-1 CF-6 every way through', () => {
  const play = ({ input, standings, facts }: Case, machine = conflictMachine): string => {
    const conflict = new ConflictHarness(input, machine);
    for (const standing of standings) {
      if (conflict.state === 'detected') conflict.fetched(standing);
    }
    if (conflict.state === 'merging') conflict.merged(facts);
    const { outcome } = conflict.context;
    return conflict.state === 'resolved' ? `resolved ${outcome}` : conflict.state;
  };

  test('CF-1 CF-6 is the one that is expected', () => {
    fc.assert(fc.property(cases, (one) => play(one) === expected(one)));
  });

  test.each([
    ['a person is asked of nothing', { isPersonFirst: () => false }],
    ['an attempt that may have been applied is merged again', { isUnproven: () => false }],
    ['silence is not noticed', { isSilentTooLong: () => false }],
    ['rounds are not counted', { hasNoRoundsLeft: () => false }],
    ['what was lost is sent', { isUnsound: () => false }],
    ['what lags behind is merged', { isBehind: () => false, isToBeAskedAgain: () => false }],
  ])('CF-1 CF-6 control: it is told where %s', (_, guards) => {
    const bug = conflictMachine.provide({ guards });
    const told = fc.property(cases, (one) => play(one, bug) === expected(one));
    const result = fc.check(told, { numRuns: 3_000, endOnFailure: true });
    expect(result.failed).toBe(true);
  });

  test('CF-8 takes every transition of the chart', () => {
    const { missing } = transitionsTaken(conflictMachine);
    expect(missing).toEqual([]);
  });
});
