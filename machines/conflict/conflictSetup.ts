/**
 * What the chart of a conflict is made of: its context, its events, its guards and actions, and what it has done.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, setup } from 'xstate';
import type { ConflictReason } from '../vocabulary/record.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';
import type { SentStanding } from './sentEdit.ts';

export interface ConflictInput {
  readonly conflictId: string;
  /** The edit that met it. */
  readonly operationId: string;
  /** `predecessor` where it was met before anything was sent. */
  readonly reason: ConflictReason;
  /** How often the edit was merged anew. */
  readonly round: number;
  /** How often in a row it was sent on one version that had just been read. */
  readonly sentAsRead: number;
  /** After so many a person is asked. */
  readonly roundsMax: number;
  /** An attempt at the edit may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
  /** The upstream has said that it is at work on an attempt with the same key. */
  readonly isKeyInUse: boolean;
  /** What the upstream holds is known already: nobody has to ask it. */
  readonly isCurrentKnown: boolean;
  /** When this store last heard of the upstream's record; `null` where it never has. */
  readonly heardAtMs: number | null;
  /** For how long it may not have, and still merge by itself. */
  readonly silentMaxMs: number;
  /** The present. */
  readonly atMs: number;
  /** When the upstream is to be asked. */
  readonly fetchAtMs: number;
}

/**
 * How it ended:
 * - `pending`: the upstream is at work on the edit still; it is sent again later, as it is.
 * - `applied`: the upstream holds what the edit was to make of it.
 * - `merged`: the merged record is to be sent. `decided`: what a person has decided is.
 * - `refused`: the upstream refuses to be read. `neverMatches`: it refuses each version that it shows.
 * - `left`: the edit ended, or somebody sent it on.
 */
export type ConflictOutcome =
  | 'pending'
  | 'applied'
  | 'merged'
  | 'decided'
  | 'refused'
  | 'neverMatches'
  | 'left';

/** Ids, counts and instants; never what a record holds. */
export interface ConflictContext extends ConflictInput {
  /** How often the upstream was asked. */
  readonly fetches: number;
  /** How often it has shown what is known to be over. */
  readonly olderFetches: number;
  readonly standing: SentStanding | null;
  /** Why a person has to look at it, whatever the rules of the entity say; `null` for no such reason. */
  readonly asks: ConflictReason | null;
  /** What the rules could not decide. */
  readonly questions: number;
  /** By the rules of its entity nothing goes out before a person has looked at it. */
  readonly isToWait: boolean;
  /** Nothing of it is to be sent. */
  readonly isNothingLeft: boolean;
  /** Nothing was lost, and it may be sent. */
  readonly isSound: boolean;
  readonly outcome: ConflictOutcome | null;
}

export interface Instant {
  readonly atMs: number;
}

/** What the upstream holds, by what is known of the edit. */
export interface FetchedFacts extends Instant {
  readonly standing: SentStanding;
  /** When it is to be asked again, should it have shown what is over. */
  readonly retryAtMs: number;
}

export interface RetryFacts extends Instant {
  readonly retryAtMs: number;
}

export interface MergedFacts extends Instant {
  readonly questions: number;
  readonly isToWait: boolean;
  readonly isNothingLeft: boolean;
  readonly isSound: boolean;
}

export type ConflictEvent =
  /** The pause before the upstream is asked is over. */
  | ({ readonly type: 'fetch.due' } & Instant)
  /** The upstream has answered with what it holds. */
  | ({ readonly type: 'current.fetched' } & FetchedFacts)
  /** The upstream may answer later. */
  | ({ readonly type: 'fetch.failed' } & RetryFacts)
  /** The upstream will not answer. */
  | ({ readonly type: 'fetch.refused' } & Instant)
  /** What it answered is no record. */
  | ({ readonly type: 'current.unreadable' } & Instant)
  /** The rules of the entity have merged both sides. */
  | ({ readonly type: 'edit.merged' } & MergedFacts)
  /** Newer rules than those that are here wrote the record: it is left as it is, and the edit waits for them. */
  | ({ readonly type: 'rules.newer' } & Instant)
  /** The rules threw, or it is more than may be sent. */
  | ({ readonly type: 'merge.failed' } & Instant)
  /** What was ordered is on disk. */
  | ({ readonly type: 'journal.committed' } & Instant)
  /** Something else was heard of the record before it was written. */
  | ({ readonly type: 'record.changed' } & RetryFacts)
  /** A person has decided. */
  | ({ readonly type: 'person.decided' } & Instant)
  /** A person wants it to be tried again as if it were new. */
  | ({ readonly type: 'retry.requested' } & Instant)
  /** The edit does not wait for it any more. */
  | ({ readonly type: 'edit.left' } & Instant);

/** How often an upstream may refuse the version that was just read there. */
export const REFUSALS_MAX = 2;

/** How often an upstream that shows what is over is asked again. */
export const OLDER_FETCHES_MAX = 4;

export const conflictSetup = setup({
  types: {
    context: {} as ConflictContext,
    events: {} as ConflictEvent,
    input: {} as ConflictInput,
    output: {} as { readonly outcome: ConflictOutcome | null },
    meta: {} as StateMeta,
  },
  // Given life in actors/. What stands here never answers.
  actors: {
    /** Asks the upstream what it holds. */
    fetch: fromCallback<EventObject, { readonly id: string }>(() => undefined),
    /** Merges the edit with that by the rules of its entity. */
    merge: fromCallback<EventObject, { readonly id: string }>(() => undefined),
  },
  guards: {
    /** What the upstream holds is known already, so that nobody has to ask it. */
    isCurrentKnown: ({ context: { isCurrentKnown } }) => isCurrentKnown,
    /** The pause before the upstream is asked is over. */
    isFetchDue: ({ context: { fetchAtMs } }, { atMs }: Instant) => atMs >= fetchAtMs,
    /** The upstream shows what is over already, and was not asked too often: it may only lag behind. */
    isToBeAskedAgain: ({ context: { olderFetches } }, { standing }: FetchedFacts) =>
      standing === 'older' && olderFetches < OLDER_FETCHES_MAX,
    /**
     * The upstream holds the version that it held before, and has said that it is at work on this edit: the
     * conflict is with the edit’s own first attempt.
     */
    isAtWork: ({ context: { standing, isKeyInUse } }) => standing === 'sameVersion' && isKeyInUse,
    /** The upstream has twice refused the version that it had just shown, and shows it again. */
    isNeverMatching: ({ context: { standing, sentAsRead } }) =>
      standing === 'sameVersion' && sentAsRead >= REFUSALS_MAX,
    /** The upstream holds what the edit was to make of the record. */
    isApplied: ({ context: { standing } }) => standing === 'applied',
    /** Nobody can say whether the edit was applied, so that merging might do it twice. */
    isUnproven: ({ context: { standing } }) => standing === 'unproven',
    /** The upstream shows what is over already, however often it is asked. */
    isBehind: ({ context: { standing } }) => standing === 'older',
    /** This store has not heard of the record for so long that removals of that time may be forgotten. */
    isSilentTooLong: ({ context: { heardAtMs, silentMaxMs, atMs } }) =>
      heardAtMs !== null && atMs - heardAtMs > silentMaxMs,
    /** The edit was merged anew as often as may be, and met another version each time. */
    hasNoRoundsLeft: ({ context: { round, roundsMax } }) => round >= roundsMax,
    /** The merge has lost something that a side wrote, or has made what may not be sent. */
    isUnsound: ({ context: { isSound } }) => !isSound,
    /**
     * A person is asked before anything is sent: where the entity waits for that, over any question or reason; else
     * only over a reason that sending it would not take away, such as too many rounds.
     */
    isPersonFirst: ({ context: { asks, isToWait, questions } }) =>
      isToWait ? asks !== null || questions > 0 : asks !== null && asks !== 'outcomeUnknown',
    /** A person has decided: it is what they want, whatever is heard meanwhile. */
    isDecided: ({ context: { outcome } }) => outcome === 'decided',
    /** The upstream holds everything that the edit was to change: nothing is left to send. */
    isNothingLeft: ({ context: { isNothingLeft } }) => isNothingLeft,
  },
  actions: {
    /** Counts one more question to the upstream. */
    noteFetch: assign(({ context }, { atMs }: Instant) => ({ fetches: context.fetches + 1, atMs })),
    /** Keeps what the upstream’s record says of the edit. */
    noteStanding: assign((_, { standing, atMs }: FetchedFacts) => ({ standing, atMs })),
    /** Counts one more answer that shows what is over. */
    countOlder: assign({ olderFetches: ({ context }) => context.olderFetches + 1 }),
    /** Notes when the upstream is asked again. */
    planFetch: assign((_, { retryAtMs, atMs }: RetryFacts) => ({
      fetchAtMs: retryAtMs,
      isCurrentKnown: false,
      atMs,
    })),
    /** Forgets what was found out and how often it was tried, as if the conflict had just been met. */
    beginAnew: assign((_, { atMs }: Instant) => ({
      fetchAtMs: atMs,
      atMs,
      isCurrentKnown: false,
      olderFetches: 0,
      standing: null,
      asks: null,
      round: 0,
    })),
    /** Notes why a person has to look at it, whatever the rules make of it. */
    ask: assign((_, { asks }: { readonly asks: ConflictReason }) => ({ asks })),
    /** Keeps how the merge went: what is left open, whether it waits for a person, whether it is sound. */
    noteMerge: assign((_, { questions, isToWait, isNothingLeft, isSound, atMs }: MergedFacts) => ({
      questions,
      isToWait,
      isNothingLeft,
      isSound,
      atMs,
    })),
    /** Notes why it could not be merged. */
    noteFailure: assign((_, { asks, atMs }: Instant & { readonly asks: ConflictReason }) => ({
      asks,
      atMs,
    })),
    /** Notes how the conflict ends. */
    end: assign((_, { outcome }: { readonly outcome: ConflictOutcome }) => ({ outcome })),
  },
});
