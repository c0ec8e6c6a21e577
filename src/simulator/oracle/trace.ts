/**
 * The events in which every driver tells what it saw: what callers heard, what reached the upstream, and what was on
 * disk. The oracle judges such a trace and nothing else.
 *
 * @module
 */

import type { Hold } from '../../../persistence/port/review.ts';
import type { AuditSeen } from './auditAtRest.ts';
import type { Look, Shown } from './look.ts';

/** An operation on disk. */
export interface DiskRow {
  readonly id: string;
  readonly key: string;
  /** Place in the order of acceptance. */
  readonly seq: number;
  readonly state: string;
  readonly isInHand: boolean;
  readonly isCrisis: boolean;
  /** Lane of its entity; `null` for a crisis and without an entity. */
  readonly lane: string | null;
  /** Urgency by which the runtime hands it out. */
  readonly urgency: number;
  /** Urgency that it would have without the operations behind it in its lane. */
  readonly ownUrgency: number;
  readonly attempt: number;
  /** True while the disk has the attempt as ordered and not yet made. */
  readonly isOrdered: boolean;
  /** Earliest time of the attempt that it waits for, or that was ordered after a wait. */
  readonly dueAtMs: number;
  /** Earliest start, as its request says; left out for at once. */
  readonly startAtMs?: number | null;
  /** True while it waits for that time. */
  readonly isBackingOff: boolean;
  /** Crashes in a row that found it in flight. */
  readonly crashes: number;
  /** Ending; `null` before it. */
  readonly outcome: ReportedOutcome | null;
  /** Most attempts that its retry policy allows; `null` for no limit, left out where nobody knows. */
  readonly attemptsMax?: number | null;
  /** Code of its last failure. */
  readonly failureCode: string | null;
}

/** Ending of an operation, as its caller heard it. */
export interface ReportedOutcome {
  readonly status: 'completed' | 'deadLettered' | 'cancelled' | 'expired';
  readonly attempts: number;
  readonly settledAtMs: number;
  readonly code: string | null;
}

/** Known part of an outcome; a driver that hears only the status gives only that. */
export type ToldOutcome = Pick<ReportedOutcome, 'status'> & Partial<ReportedOutcome>;

/** Name of a request that no other has, whatever keys it comes under. */
export type Task = string | number;

/** How far the clock of a slow processor is ahead of true time at most: beyond a slice of a turn, and hardly more. */
export const AHEAD_MS_MAX = 3;

/** An outage of an upstream as a device sees it, with a name that no other has. */
export interface OutageSeen {
  readonly name: string;
  /** True if its failures are answers, as a request that can never be served would get too. */
  readonly isAnswered: boolean;
}

/** An attempt that has reached the upstream. */
interface Attempted {
  readonly key: string;
  readonly task: Task;
  readonly attempt: number;
  /** Time by the clock of the machine with the store. */
  readonly atMs: number;
  readonly id?: string;
  readonly process?: number;
  /** Upstream of its type in this process; left out where nobody knows. */
  readonly upstream?: string;
  readonly lane?: string | null;
  /** Row of the operation on disk at this moment; `null` for none. */
  readonly onDisk?: DiskRow | null;
}

/** A record that another hand has changed. */
interface Touched {
  readonly what: 'work' | 'crisis' | 'plan' | 'crisisMode' | 'breaker' | 'record';
  readonly how: 'deleted' | 'putBack';
  /** Name of the record among all. */
  readonly name: string;
  /** Last process that ran before, or that runs meanwhile. */
  readonly process: number;
  /** Id, key and lane of the operation; left out for other records. */
  readonly id?: string;
  readonly key?: string;
  readonly lane?: string | null;
  /** First person that an earlier plan names; left out for other records. */
  readonly person?: string;
}

/** Events of a trace, by name. `onDisk` is there where a driver can look at that very moment. */
export interface TraceEvents {
  /** A caller heard that its request is accepted, or that its crisis is durable. */
  accepted: {
    readonly key: string;
    readonly id: string;
    readonly onDisk?: DiskRow | null;
    /** Client that heard it; left out where the owner itself was asked. */
    readonly client?: string;
  };
  /** A caller heard that nothing was accepted; `code` is `null` for an error without one. */
  refused: {
    readonly key: string;
    readonly code: string | null;
    /** True where the error says that nothing was stored. */
    readonly isForSure?: boolean;
  };
  /** Somebody is about to give a key a second time, with another request that may be accepted. */
  askedAgain: { readonly key: string };
  /** A key came with another body than before, and its caller heard that the request is accepted. */
  otherBody: { readonly key: string; readonly id: string };
  /** A key came with another body than before, and its caller heard that the request is refused. */
  otherBodyRefused: { readonly key: string; readonly code: string | null };
  /** An attempt under this key has ended the process, as every attempt of it does. */
  endedProcess: { readonly key: string; readonly times: number };
  /** A guarded call has ended, or has missed its deadline. */
  called: {
    readonly upstream: string;
    readonly isCrisis: boolean;
    /** True if its function may run again. */
    readonly mayRepeat: boolean;
    /** Number of times that its function ran. */
    readonly runs: number;
    /** True if it ran again although it may act once only, and the run before may have acted. */
    readonly hasActedAgain: boolean;
    /** True if it was told to have expired before its deadline. */
    readonly isEarly: boolean;
    /** True if it ended long after its deadline, in a process that ran all the time. */
    readonly isLate: boolean;
    /**
     * Code of the refusal; `of the function` for an error of the function, `unheard` for a call without an end,
     * `null` for success.
     */
    readonly code: string | null;
  };
  /** A crisis got its answer. */
  answered: {
    readonly key: string;
    readonly id: string;
    readonly waitedMs: number;
    /** Longest wait for the upstream or a plan that its options allow; left out: none. */
    readonly mayWaitMs?: number;
    /** Number of its resources that come with holdfast. */
    readonly helps?: number;
    /** Person named by the subject's pinned plan, and the first person in the answer. */
    readonly planOwed?: string;
    readonly planGiven?: string | null;
    /** Its subject, what became of the subject's plan, as the answer says, and the first person in the answer. */
    readonly subject?: string;
    readonly planSaid?: string;
    readonly person?: string | null;
    /** Client that answered; left out where the owner did. */
    readonly client?: string;
  };
  /** A client's call has not ended, although all has been well for long. */
  unheard: { readonly client: string; readonly what: string };
  /** A client heard that it has no owner, while one ran within reach as long as the client waited. */
  turnedAway: { readonly client: string; readonly what: string };
  /** The page shows other actors or states than the process has, while nothing happens. */
  pageDiffers: { readonly what: string };
  /** A caller heard how an operation ended. */
  ended: { readonly id: string; readonly outcome: ToldOutcome; readonly onDisk?: DiskRow | null };
  /**
   * Somebody is about to ask for an operation to end, to go on without waiting, to run again or to be purged, to take on
   * a crisis, or to end crisis mode; `null` for all that match.
   */
  asked: {
    readonly id: string | null;
    readonly what: 'cancel' | 'retryNow' | 'replay' | 'purge' | 'takeOn' | 'leaveMode';
  };
  /** Somebody of the chain heard of these crises, as they say themselves. */
  heard: { readonly step: string; readonly ids: readonly string[]; readonly isTest: boolean };
  /** Somebody of the chain got a notice with a secret in it, or in a wrong form. */
  noticeWrong: { readonly what: string };
  /** A person's management call got its answer or refusal. */
  ordered: {
    readonly call: string;
    readonly process: number;
    /** Id of what it was about, where it names one thing. */
    readonly id: string | null;
    /** Id of the person; `null` where the call names none. */
    readonly by: string | null;
    readonly params: Readonly<Record<string, unknown>>;
    /** The answer; `null` for a refusal. */
    readonly answer: unknown;
    /** Code of the refusal; `no code` for an error without one, `null` for success. */
    readonly code: string | null;
  };
  attempted: Attempted;
  /** An attempt ended in a living process; `isSpent` unless the runtime broke it off. */
  attemptOver: {
    readonly task: Task;
    readonly attempt: number;
    readonly process: number;
    readonly isSpent: boolean;
    /** True where its time-out ended it, and not its handler; left out for false. */
    readonly isTimedOut?: boolean;
    readonly upstream?: string;
    /** Outage in which its upstream failed every call from the attempt's beginning to its end; left out for none. */
    readonly outage?: OutageSeen;
  };
  /**
   * The breaker of an upstream has closed after an outage, on a device whose disk is well; this many attempts at most
   * may begin there before the next call ends.
   */
  reopened: { readonly process: number; readonly upstream: string; readonly atOnce: number };
  /** A guarded call or a read of a record has ended at an upstream, or its policies have changed. */
  slotsMoved: { readonly process: number; readonly upstream: string };
  /** The handler of an attempt has returned, in a living process: at the attempt's end, or long after. */
  returned: { readonly task: Task; readonly attempt: number; readonly process: number };
  /** The upstream did the work; `isLate` if its attempt was given up or its process had died. */
  applied: {
    readonly key: string;
    readonly task: Task;
    readonly isLate?: boolean;
    /** True if the upstream does the work again for each request, whatever its key. */
    readonly isKeyless?: boolean;
  };
  /** A request came whose key the upstream has kept for as long as it keeps keys: the work may be done again. */
  keyForgotten: {
    readonly key: string;
    /**
     * True if nobody could know: the app may say of its upstream that it keeps keys for longer, or a proxy's copy got the
     * work done after its sender was told that it was not.
     */
    readonly isExcused: boolean;
  };
  /** A request came this long before the time that the upstream had given. */
  cameEarly: { readonly key: string; readonly byMs: number };
  /** An attempt got this much less time than its handler has set, which is more than its upstream's. */
  cutShort: { readonly key: string; readonly byMs: number };
  /**
   * Something on the way redirected a request in this outage: to its process that is an answer, so the outage is over,
   * and what fails from now on lies in another.
   */
  redirected: { readonly outage: string };
  /** A request followed a redirect. */
  followed: { readonly key: string };
  /** A request came under a key that no attempt has. */
  strayed: { readonly key: string };
  /** The upstream claimed the work without doing it. */
  pretended: { readonly key: string };
  /** A key came to the upstream with another body than before. */
  bodyChanged: { readonly key: string };
  /** A write has moved the due time of an operation to which nothing had happened. */
  dueTimeMoved: { readonly id: string };
  /** The disk is now full, and has no other trouble; or has room again. */
  full: { readonly isFull: boolean };
  /** A crisis went into a file beside the database, which can't take it. */
  spilled: { readonly id: string };
  /** Another hand, which has no key, has deleted a record of the store, or put an earlier copy of it back. */
  touched: Touched;
  /** A record that was touched is sealed again by this kind of write, or deleted by its owner. */
  mended: { readonly name: string; readonly by: string };
  /** A living process has told of records that are missing or earlier copies. */
  toldOfTouched: { readonly code: string };
  /** The record of an operation on disk is now damaged, or may be lost. */
  damaged: { readonly id: string; readonly key: string; readonly lane?: string | null };
  /**
   * A backup has replaced the store, which is held, or its folder was put back, which its anchor tells; these rows are
   * then on disk.
   */
  restored: { readonly rows: readonly DiskRow[]; readonly isPutBack?: boolean };
  /** The store was copied, and processes open the copy, which is held, from now on; these rows are then on disk. */
  copied: { readonly rows: readonly DiskRow[] };
  /** A person has released the store. */
  released: { readonly reason: Hold['reason'] };
  /** All rows on disk, and what is recorded, while no process runs. */
  disk: { readonly rows: readonly DiskRow[]; readonly audit?: AuditSeen };
  /**
   * All has been well for `afterMs`, and this operation has neither ended nor does it wait for a person who knows.
   */
  overdue: {
    readonly id: string;
    readonly state: string;
    readonly afterMs: number;
    /** Words of health about it. */
    readonly said: string;
  };
  /** Everything that can go on has ended; some handlers have not returned, and never will. */
  rested: {
    /** Concurrency slots still taken, and attempts counted as running. */
    readonly slotsTaken: number;
    readonly attemptsRunning: number;
    /** Handlers that have not returned. */
    readonly handlersOut: number;
  };
  /** Somebody has looked at a device: at what it says, and at what is true. */
  looked: Look;
  /** An open page heard how a device is. */
  shown: Shown;
  /** Somebody has set the wall clock, or the machine has slept: no time on disk can be compared with it any more. */
  clockMoved: { readonly isAsleep: boolean };
  /** A stop has not ended this long after its deadline, on a machine with no trouble. */
  stopLate: { readonly deadlineMs: number; readonly byMs: number };
  /** A process has told of an error that is its own. */
  defect: { readonly message: string };
  /** A process with nothing left to do has closed, with this many of its timers still running. */
  closed: { readonly timers: number };
  /** Opening or reading the store found a fault. */
  unsound: { readonly what: Unsound; readonly detail: string };
  /** Nothing is left to do; `rows` are then on disk. */
  finished: {
    readonly rows: readonly DiskRow[];
    /** Ids of operations that may wait on, as the options say. */
    readonly mayWait?: ReadonlySet<string>;
    /** Concurrency slots still taken, and attempts counted as running. */
    readonly slotsTaken?: number;
    readonly attemptsRunning?: number;
  };
}

/** Faults of a store. */
export const UNSOUND = ['not opened', 'not decrypted', 'damaged', 'not finished'] as const;
export type Unsound = (typeof UNSOUND)[number];

export type TraceEvent = {
  [Kind in keyof TraceEvents]: { readonly event: Kind } & TraceEvents[Kind];
}[keyof TraceEvents];

/** Sights that not every driver has; only drivers with a sight judge a clause that needs it. */
export type Sight =
  /** Rows on disk at the moment of an acceptance, an attempt or an ending. */
  | 'diskAtAnyMoment'
  /** Order between what a caller heard and what the upstream saw. */
  | 'oneOrder'
  /** Acceptances in the order in which the runtime made them. */
  | 'orderOfAcceptance'
  /** Time and manner of an attempt's end, and the process in which it ran. */
  | 'attemptEnds'
  /** Endings of all accepted operations, across processes. */
  | 'everyEnding'
  /** Endings that each request may come to. */
  | 'expectedEndings'
  /** Every write, also one that changes a wait. */
  | 'everyWrite'
  /** Bodies that reach the upstream. */
  | 'bodies'
  /** Wait of a crisis for its answer, on time that no other program disturbs. */
  | 'crisisAnswers'
  /** Errors that callers got. */
  | 'refusals'
  /** Concurrency slots of an upstream at rest. */
  | 'slots'
  /** Words of a device about itself at any moment. */
  | 'looks'
  /** Entries of the audit, while no process runs. */
  | 'audit';

/**
 * Tells whether a key belongs to a crisis. All drivers name crises so, since the oracle must know them before a row
 * does.
 */
export function isCrisisKey(key: string): boolean {
  return key.startsWith('crisis-');
}

/**
 * Tells whether a key belongs to an edit, which the runtime may merge into the upstream's value and then complete
 * without an effect. An edit that the runtime makes to carry out a decision has a key that no caller gave.
 */
export function isEditKey(key: string, id: string): boolean {
  const isDecision = /-c\d+-d\d+-/.test(key);
  return key.startsWith('edit-') || key.startsWith('hf1-') || isDecision || key === id;
}
