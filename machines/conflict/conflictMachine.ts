/**
 * Conflict: what becomes of an edit that its upstream has refused because it holds another version (CF-1, CF-6, CF-8).
 *
 * - The edit waits, and its lane with it, until this has ended. What is sent then is the same edit, merged with what
 *   the upstream holds, on that version.
 * - Nothing is merged while it can't be told whether the edit is in there already, or when this store has been silent
 *   for so long that removals may be forgotten: a person is asked, with both sides kept.
 * - What the rules can't decide goes out or waits as the declaration of its entity says.
 * - What newer rules wrote is not merged by older ones: the edit rests until the program has them.
 * - Nothing of it is kept but what it orders to be written. A process that goes on begins it anew from the edit, the
 *   record and the conflict that lie on disk, and comes to the same.
 * - Values never come here: it knows ids, counts and instants.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import {
  type ConflictInput,
  type ConflictOutcome,
  conflictSetup,
  type FetchedFacts,
  type Instant,
  type MergedFacts,
  type RetryFacts,
} from './conflictSetup.ts';

const told = <Event>({ event }: { event: Event }): Event => event;

const ending = <Outcome extends ConflictOutcome>(outcome: Outcome) =>
  ({
    target: 'resolved',
    actions: [{ type: 'end', params: { outcome } }],
  }) as const;

const LEAVE = ending('left');

const asking = <Reason extends 'outcomeUnknown' | 'silent' | 'rounds' | 'conflict'>(asks: Reason) =>
  ({
    target: 'merging',
    actions: [{ type: 'ask', params: { asks } }],
  }) as const;

const BEGIN_ANEW = {
  target: 'detected',
  actions: [{ type: 'beginAnew', params: told<Instant> }],
} as const;

const DECIDED = {
  target: 'rebasing',
  actions: [{ type: 'end', params: { outcome: 'decided' } }],
} as const;

export const conflictMachine = conflictSetup.createMachine({
  id: 'conflict',
  version: '1',
  description: 'What becomes of an edit whose record is another at the upstream by now.',
  context: ({ input }) => newConflict(input),
  options: { maxIterations: 1000 },
  output: ({ context: { outcome } }) => ({ outcome }),
  initial: 'detected',
  states: {
    detected: {
      description:
        'The edit and its upstream are at odds. What the upstream holds is asked for after a short pause, longer from round to round, so that devices do not run into each other again.',
      meta: {
        requirements: ['CF-1', 'CF-8'],
        lasts:
          'A pause of some seconds at most, and again after each question that the upstream did not answer.',
      },
      always: { guard: 'isCurrentKnown', target: 'classified' },
      on: {
        'fetch.due': {
          guard: { type: 'isFetchDue', params: told<Instant> },
          target: 'fetching',
          actions: [{ type: 'noteFetch', params: told<Instant> }],
        },
        'edit.left': LEAVE,
      },
    },
    fetching: {
      description:
        'The upstream is asked what it holds: its version, the record, who has seen what.',
      meta: {
        requirements: ['CF-1', 'CF-8'],
        lasts: 'As long as a call to the upstream may take.',
      },
      invoke: { id: 'fetch', src: 'fetch', input: ({ context }) => ({ id: context.operationId }) },
      on: {
        'current.fetched': [
          {
            guard: { type: 'isToBeAskedAgain', params: told<FetchedFacts> },
            target: 'detected',
            actions: ['countOlder', { type: 'planFetch', params: told<RetryFacts> }],
          },
          {
            target: 'classified',
            actions: [{ type: 'noteStanding', params: told<FetchedFacts> }],
          },
        ],
        'fetch.failed': {
          target: 'detected',
          actions: [{ type: 'planFetch', params: told<RetryFacts> }],
        },
        'fetch.refused': ending('refused'),
        'current.unreadable': {
          target: 'quarantined',
          actions: [
            {
              type: 'noteFailure',
              params: ({ event: { atMs } }) => ({ asks: 'unreadable', atMs }) as const,
            },
          ],
        },
        'edit.left': LEAVE,
      },
    },
    classified: {
      description:
        'What the upstream holds is told apart: the edit itself, a version that the edit is not in, one of which that can not be said, or the version itself that it refuses each time.',
      meta: { requirements: ['CF-1', 'CF-8', 'OP-3'] },
      always: [
        { guard: 'isAtWork', ...ending('pending') },
        { guard: 'isNeverMatching', ...ending('neverMatches') },
        { guard: 'isApplied', ...ending('applied') },
        { guard: 'isUnproven', ...asking('outcomeUnknown') },
        { guard: 'isSilentTooLong', ...asking('silent') },
        { guard: 'hasNoRoundsLeft', ...asking('rounds') },
        { guard: 'isBehind', ...asking('conflict') },
        { target: 'merging' },
      ],
    },
    merging: {
      description: 'Both sides are merged by the rules of the entity.',
      meta: {
        requirements: ['CF-2', 'CF-3', 'CF-4'],
        lasts: 'As long as it takes to merge the record.',
      },
      invoke: { id: 'merge', src: 'merge', input: ({ context }) => ({ id: context.operationId }) },
      on: {
        'edit.merged': {
          target: 'checkingInvariants',
          actions: [{ type: 'noteMerge', params: told<MergedFacts> }],
        },
        'merge.failed': {
          target: 'quarantined',
          actions: [
            {
              type: 'noteFailure',
              params: ({ event: { atMs } }) => ({ asks: 'mergeFailed', atMs }) as const,
            },
          ],
        },
        'rules.newer': LEAVE,
        'edit.left': LEAVE,
      },
    },
    checkingInvariants: {
      description:
        'What must hold of every merge is looked at: nothing that a side wrote is lost, it may be sent, and nobody is to be asked before.',
      meta: { requirements: ['CF-4', 'CF-6'] },
      always: [
        {
          guard: 'isUnsound',
          target: 'quarantined',
          actions: [{ type: 'ask', params: { asks: 'mergeFailed' } }],
        },
        { guard: 'isPersonFirst', target: 'awaitingReview' },
        { guard: 'isNothingLeft', ...ending('applied') },
        { target: 'rebasing', actions: [{ type: 'end', params: { outcome: 'merged' } }] },
      ],
    },
    rebasing: {
      description:
        'The merged record is written with its edit, under the key of the next round, together with both sides. Only then is it sent.',
      tags: ['barrier'],
      meta: { requirements: ['CF-6', 'OP-3', 'PS-2'], lasts: 'As long as the disk takes.' },
      on: {
        'journal.committed': { target: 'resolved' },
        'record.changed': [
          { guard: 'isDecided' },
          { target: 'detected', actions: [{ type: 'planFetch', params: told<RetryFacts> }] },
        ],
      },
    },
    awaitingReview: {
      description:
        'Only a person can say how it goes on. Both sides are kept; what the rules made of them is shown meanwhile, and nothing is sent.',
      tags: ['rest'],
      meta: {
        requirements: ['CF-6'],
        lasts:
          'Until a person has decided or wants it tried again, or the edit expires or is cancelled. Nothing else ends it.',
      },
      on: {
        'person.decided': DECIDED,
        'retry.requested': BEGIN_ANEW,
        'edit.left': LEAVE,
      },
    },
    quarantined: {
      description:
        'It could not be merged: the rules failed, it is too large, or the upstream holds no record that can be read. Both sides are kept as they are, for a person.',
      tags: ['rest'],
      meta: {
        requirements: ['CF-6', 'CF-7'],
        lasts:
          'Until a person has decided or wants it tried again, or the edit expires or is cancelled. Nothing else ends it.',
      },
      on: {
        'person.decided': DECIDED,
        'retry.requested': BEGIN_ANEW,
        'edit.left': LEAVE,
      },
    },
    resolved: {
      description: 'The edit goes on: it is sent again, has arrived, or does not wait for this.',
      type: 'final',
      meta: { requirements: ['CF-6', 'CF-8'] },
    },
  },
});

export type { ConflictEvent, ConflictInput } from './conflictSetup.ts';
export type ConflictSnapshot = SnapshotFrom<typeof conflictMachine>;

/** The event it waits for, and when that is due; `null` while it waits for no instant. */
export function conflictDue({
  value,
  context: { fetchAtMs },
}: ConflictSnapshot): { readonly type: 'fetch.due'; readonly atMs: number } | null {
  return value === 'detected' ? { type: 'fetch.due', atMs: fetchAtMs } : null;
}

/** What whoever runs it has to write: the merged record with its edit, or the question to a person. */
export function conflictOrders({ value }: ConflictSnapshot): 'rebase' | 'askPerson' | null {
  if (value === 'rebasing') return 'rebase';
  return value === 'awaitingReview' || value === 'quarantined' ? 'askPerson' : null;
}

function newConflict(input: ConflictInput) {
  return {
    conflictId: input.conflictId,
    operationId: input.operationId,
    reason: input.reason,
    round: input.round,
    sentAsRead: input.sentAsRead,
    roundsMax: input.roundsMax,
    isOutcomeUnknown: input.isOutcomeUnknown,
    isKeyInUse: input.isKeyInUse,
    isCurrentKnown: input.isCurrentKnown,
    heardAtMs: input.heardAtMs,
    silentMaxMs: input.silentMaxMs,
    atMs: input.atMs,
    fetchAtMs: input.fetchAtMs,
    fetches: 0,
    olderFetches: 0,
    standing: null,
    asks: null,
    questions: 0,
    isToWait: false,
    isNothingLeft: false,
    isSound: true,
    outcome: null,
  };
}
