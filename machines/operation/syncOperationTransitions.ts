/**
 * The transitions of the operation's chart that several states share. The chart itself is in
 * syncOperationMachine.ts.
 *
 * @module
 */

import type { SyncOperationContext } from './syncOperationContext.ts';

/** The event itself, for actions that read nothing but when it came. */
export const facts = ({ event }: { event: { atMs: number } }): { atMs: number } => event;

/** The caller takes it back. */
export const takingBack = {
  target: '#syncOperation.settling',
  actions: [{ type: 'cancel', params: facts }],
} as const;

/** The caller takes it back while its handler is at work: nobody knows how far that had come. */
export const beingCancelled = {
  target: '#syncOperation.underWay.cancelling',
  actions: [{ type: 'noteInterruption', params: facts }],
} as const;

/** The instant after which the caller does not want it done any more. */
export const expiring = {
  target: '#syncOperation.settling',
  actions: [{ type: 'expire', params: facts }],
} as const;

/** What was ordered is durable too late: nothing begins after its expiry. */
export const expiringMeanwhile = {
  guard: { type: 'hasExpired', params: facts },
  ...expiring,
} as const;

/** The event itself, for actions that read all its facts. */
const asEvent = <Event>({ event }: { event: Event }): Event => event;

/** What it waited for is there; it stands in line for the upstream from now on. */
export const becomingReady = {
  target: '#syncOperation.pending.queued.waiting',
  actions: [{ type: 'wakeNow', params: facts }],
} as const;

/** What it waited for is there, and the instant from which it may begin is not. */
export const waitingForStart = {
  guard: { type: 'isBeforeStart', params: facts },
  target: '#syncOperation.pending.scheduled',
  actions: [{ type: 'noteWait', params: facts }],
} as const;

/** A person wants it tried again. */
export const retrying = {
  target: '#syncOperation.pending.queued.waiting',
  actions: [{ type: 'noteRetryRequest', params: facts }],
} as const;

/** A person has decided that it may be done again, whatever became of it before. */
export const approving = {
  target: '#syncOperation.pending.queued.waiting',
  actions: [{ type: 'noteRetryRequest', params: facts }, { type: 'approveRepeat' }],
} as const;

/** The turn: an edit is compared first, and the attempt is made durable before it begins. */
export const takingTurn = [
  {
    guard: { type: 'isToBeCompared', params: asEvent },
    target: '#syncOperation.pending.comparing',
    actions: [{ type: 'takeTurn', params: asEvent }],
  },
  {
    target: '#syncOperation.pending.ordering',
    actions: [{ type: 'orderAttempt', params: asEvent }],
  },
] as const;

/** An edit that has its turn at once: what was ordered with its acceptance waits until it is compared. */
export const beingCompared = {
  guard: { type: 'isGrantedUncompared', params: asEvent },
  target: '#syncOperation.pending.comparing',
} as const;

/** A restart found it in flight: it is suspect, and runs again apart from the others (docs/decisions/0014). */
export const comingUnderSuspicion = {
  target: '#syncOperation.pending.queued.suspect',
  actions: [{ type: 'noteCrash', params: asEvent }],
} as const;

/** There is no handler of its type. */
export const missingHandler = {
  target: '#syncOperation.pending.handlerMissing',
  actions: [{ type: 'noteWait', params: facts }],
} as const;

/** When it began to wait: what led there is no part of what it is told. */
const sinceItWaits = ({ context }: { context: SyncOperationContext }): { atMs: number } => ({
  atMs: context.sinceAtMs ?? context.acceptedAtMs,
});

/** Nobody wanted it done by anything but the function that came with it. */
export const endingWithItsFunction = {
  guard: { type: 'isBoundToProcess' },
  target: '#syncOperation.settling',
  actions: [{ type: 'giveUpWithProcess', params: sinceItWaits }],
} as const;

/** An attempt may have been applied, and a person has to say whether it may be done again. */
export const goingToReview = {
  target: '#syncOperation.pending.inReview',
  actions: [{ type: 'noteWait', params: facts }],
} as const;

/** At its turn there was no token of its subject's or its tier's rate. */
export const keepingItsRate = {
  target: '#syncOperation.pending.queued.rateLimited',
  actions: [{ type: 'noteRate', params: asEvent }],
} as const;

/** The last attempt was spent, as its turn has shown. What the upstream said last may be that it holds another version. */
export const runningOut = [
  {
    guard: { type: 'hasMetConflict' },
    target: '#syncOperation.pending.conflicted',
    actions: [{ type: 'noteConflict', params: facts }],
  },
  {
    target: '#syncOperation.settling',
    actions: [{ type: 'deadLetter', params: facts }],
  },
] as const;

/** The operation was tried for as long as its policy allows. */
export const givingUp = {
  target: '#syncOperation.settling',
  actions: [{ type: 'giveUp', params: facts }],
} as const;

/** The upstream took it. */
export const completing = {
  target: '#syncOperation.settling',
  actions: [{ type: 'complete', params: facts }],
} as const;

/** What follows a failed attempt: from what nobody can change to what time may. */
export const failing = [
  {
    guard: { type: 'isConflict', params: asEvent },
    target: '#syncOperation.pending.conflicted',
    actions: [{ type: 'noteFailure', params: asEvent }],
  },
  {
    guard: { type: 'isPermanent', params: asEvent },
    target: '#syncOperation.settling',
    actions: [
      { type: 'noteFailure', params: asEvent },
      { type: 'deadLetter', params: facts },
    ],
  },
  {
    guard: { type: 'isRepeatUnsafe', params: asEvent },
    target: '#syncOperation.pending.inReview',
    actions: [{ type: 'noteFailure', params: asEvent }],
  },
  {
    guard: { type: 'hasExpired', params: facts },
    target: '#syncOperation.settling',
    actions: [
      { type: 'noteFailure', params: asEvent },
      { type: 'expire', params: facts },
    ],
  },
  {
    guard: { type: 'isGivenUp', params: asEvent },
    target: '#syncOperation.settling',
    actions: [
      { type: 'noteFailure', params: asEvent },
      { type: 'giveUp', params: facts },
    ],
  },
  {
    guard: { type: 'isConflictAfterAll', params: asEvent },
    target: '#syncOperation.pending.conflicted',
    actions: [
      { type: 'noteFailure', params: asEvent },
      { type: 'noteConflict', params: facts },
    ],
  },
  {
    guard: { type: 'hasAttemptsLeft', params: asEvent },
    target: '#syncOperation.pending.queued.backingOff',
    actions: [{ type: 'noteFailure', params: asEvent }],
  },
  {
    target: '#syncOperation.settling',
    actions: [
      { type: 'noteFailure', params: asEvent },
      { type: 'deadLetter', params: facts },
    ],
  },
] as const;
