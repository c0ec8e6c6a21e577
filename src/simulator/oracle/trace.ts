/**
 * The words in which every driver tells what it saw: what callers were told, what reached the upstream,
 * what lay on disk. The oracle judges such a trace and nothing else.
 *
 * @module
 */

import type { Look, Shown } from './look.ts';

/** An operation as it lies on disk. */
export interface DiskRow {
  readonly id: string;
  readonly key: string;
  /** The order of acceptance. */
  readonly seq: number;
  readonly state: string;
  readonly isInHand: boolean;
  readonly isCrisis: boolean;
  /** `null` for a crisis and for what names no entity. */
  readonly lane: string | null;
  /** By which it is handed out. */
  readonly urgency: number;
  /** What it would be without those behind it in its lane. */
  readonly ownUrgency: number;
  readonly attempt: number;
  /** Whether the attempt is on record as ordered and not made yet. */
  readonly isOrdered: boolean;
  /** When the attempt that it waits for, or that was ordered after a wait, may be made. */
  readonly dueAtMs: number;
  /** Before when it is not to begin, as its request says; left out for at once. */
  readonly startAtMs?: number | null;
  /** Whether it waits for that time. */
  readonly isBackingOff: boolean;
  /** Crashes in a row that found it in flight. */
  readonly crashes: number;
  /** How it ended; `null` while it has not. */
  readonly outcome: ReportedOutcome | null;
  /** How many attempts its retry policy allows; `null` for no end, left out where nobody knows. */
  readonly attemptsMax?: number | null;
  /** Code of its last failure. */
  readonly failureCode: string | null;
}

/** How an operation ended, as its caller was told. */
export interface ReportedOutcome {
  readonly status: 'completed' | 'deadLettered' | 'cancelled' | 'expired';
  readonly attempts: number;
  readonly settledAtMs: number;
  readonly code: string | null;
}

/** What is known of an outcome; a driver that is told only the status gives only that. */
export type ToldOutcome = Pick<ReportedOutcome, 'status'> & Partial<ReportedOutcome>;

/** What tells a request from all others, whatever keys it comes under. */
export type Task = string | number;

/** An outage of an upstream, by a name that no other one has. */
export interface OutageSeen {
  readonly name: string;
  /** Whether its failures are answers, which a request that can never be served would get too. */
  readonly isAnswered: boolean;
}

/** One attempt that has reached the upstream. */
interface Attempted {
  readonly key: string;
  readonly task: Task;
  readonly attempt: number;
  /** By the clock of the machine that holds the store. */
  readonly atMs: number;
  readonly id?: string;
  readonly process?: number;
  readonly lane?: string | null;
  /** What the disk holds of it at this moment; `null` for nothing. */
  readonly onDisk?: DiskRow | null;
}

/** What is told by each event of a trace. `onDisk` is there where a driver can look at that very moment. */
export interface TraceEvents {
  /** A caller was told that its request is accepted, or that its crisis is durable. */
  accepted: {
    readonly key: string;
    readonly id: string;
    readonly onDisk?: DiskRow | null;
    /** The client that was told; left out where the owner was asked itself. */
    readonly client?: string;
  };
  /** A caller was told that nothing was accepted; `code` is `null` for an error without one. */
  refused: {
    readonly key: string;
    readonly code: string | null;
    /** True where the error says that nothing was stored. */
    readonly isForSure?: boolean;
  };
  /** A key that has come before is about to come again, as another request that may be accepted. */
  askedAgain: { readonly key: string };
  /** A key that has come before came with another body, and its caller was told that it is accepted. */
  otherBody: { readonly key: string; readonly id: string };
  /** An attempt under this key has ended the process, as each of them does. */
  endedProcess: { readonly key: string; readonly times: number };
  /** A guarded call has ended, or has not by its deadline. */
  called: {
    readonly upstream: string;
    readonly isCrisis: boolean;
    /** Whether its function may run again. */
    readonly mayRepeat: boolean;
    /** How often its function ran. */
    readonly runs: number;
    /** Whether it ended long after its deadline, with a process that ran all the time. */
    readonly isLate: boolean;
    /** Why it was refused; `of the function` for what that threw, `unheard` where it has not ended, `null` where it was not. */
    readonly code: string | null;
  };
  /** A crisis had its answer. */
  answered: {
    readonly key: string;
    readonly id: string;
    readonly waitedMs: number;
    /** How long its options let it wait for the upstream or a plan; left out: not at all. */
    readonly mayWaitMs?: number;
    /** How many of its resources come with holdfast. */
    readonly helps?: number;
    /** Whom the person's own plan names, where it is pinned; and who stands first in the answer. */
    readonly planOwed?: string;
    readonly planGiven?: string | null;
    /** The client that answered; left out where the owner did. */
    readonly client?: string;
  };
  /** A call of a client has not ended, although all has been well for long. */
  unheard: { readonly client: string; readonly what: string };
  /** A client was told that it has no owner, while one ran and could be reached for as long as it waited. */
  turnedAway: { readonly client: string; readonly what: string };
  /** While nothing happens, the page shows other actors or states than the process has. */
  pageDiffers: { readonly what: string };
  /** A caller was told how an operation ended. */
  ended: { readonly id: string; readonly outcome: ToldOutcome; readonly onDisk?: DiskRow | null };
  /**
   * Somebody asks for an operation to end, to go on without waiting, to be run again or to be forgotten, or takes a
   * crisis on; `null` for all that match. Told before it is done.
   */
  asked: {
    readonly id: string | null;
    readonly what: 'cancel' | 'retryNow' | 'replay' | 'purge' | 'takeOn';
  };
  /** Somebody of the chain was told of these crises, as they say themselves. */
  heard: { readonly step: string; readonly ids: readonly string[]; readonly isTest: boolean };
  /** Somebody of the chain was told what they must not be, or not as it has to be. */
  noticeWrong: { readonly what: string };
  /** A person has made a management call, and had its answer, or its refusal. */
  ordered: {
    readonly call: string;
    readonly process: number;
    /** What it was about, where it names one thing. */
    readonly id: string | null;
    /** The id of the person; `null` where the call names none. */
    readonly by: string | null;
    readonly params: Readonly<Record<string, unknown>>;
    /** `null` where it was refused. */
    readonly answer: unknown;
    /** Why it was refused; `no code` for an error without one, `null` where it was not. */
    readonly code: string | null;
  };
  attempted: Attempted;
  /** An attempt came to an end in a living process; `isSpent` unless the runtime broke it off. */
  attemptOver: {
    readonly task: Task;
    readonly attempt: number;
    readonly process: number;
    readonly isSpent: boolean;
    /** In which its upstream failed every call from its beginning to its end; left out for none. */
    readonly outage?: OutageSeen;
  };
  /** The handler of an attempt has returned, in a living process: at its end, or long after. */
  returned: { readonly task: Task; readonly attempt: number; readonly process: number };
  /** The upstream did the work; `isLate` after the attempt was given up, or its process had died. */
  applied: {
    readonly key: string;
    readonly task: Task;
    readonly isLate?: boolean;
    /** Whether the upstream does it once more for each request, whatever its key. */
    readonly isKeyless?: boolean;
  };
  /** A request came again so much before the time that the upstream had given. */
  cameEarly: { readonly key: string; readonly byMs: number };
  /** A request went to where a redirect pointed. */
  followed: { readonly key: string };
  /** A request came under a key that no attempt has. */
  strayed: { readonly key: string };
  /** The upstream said that it did the work, and did not. */
  pretended: { readonly key: string };
  /** A key came to the upstream with another body than before. */
  bodyChanged: { readonly key: string };
  /** A write has moved the due time of an operation to which nothing had happened. */
  dueTimeMoved: { readonly id: string };
  /** The disk is full from here on, and nothing else is wrong with it; or is not any more. */
  full: { readonly isFull: boolean };
  /** A crisis was put into a file beside the database, which can't take it. */
  spilled: { readonly id: string };
  /** The record of an operation on disk can't be opened from here on, or may be lost. */
  damaged: { readonly id: string; readonly key: string };
  /** A backup has taken the place of the store, which is held; this lies on disk then. */
  restored: { readonly rows: readonly DiskRow[] };
  /** The store was copied, and the copy is held and is what is used from here on; this lies on disk then. */
  copied: { readonly rows: readonly DiskRow[] };
  /** A person has released the store. */
  released: { readonly reason: 'restored' | 'copied' };
  /** All that lies on disk, while no process runs. */
  disk: { readonly rows: readonly DiskRow[] };
  /** All has been well for `afterMs`, and this has not ended, nor does it wait for a person who is told. */
  overdue: {
    readonly id: string;
    readonly state: string;
    readonly afterMs: number;
    /** What health says meanwhile. */
    readonly said: string;
  };
  /** Whatever can go on has; some handlers have not returned, and never will. */
  rested: {
    /** Concurrency slots that are still taken, and attempts that are counted as running. */
    readonly slotsTaken: number;
    readonly attemptsRunning: number;
    /** Handlers that have not returned. */
    readonly handlersOut: number;
  };
  /** Somebody has looked at a device: at what it says, and at what is so. */
  looked: Look;
  /** A page that is open was told how a device does. */
  shown: Shown;
  /** A stop has not ended so long after its deadline, with a machine on which nothing was wrong. */
  stopLate: { readonly deadlineMs: number; readonly byMs: number };
  /** A process that had nothing left to do has closed; so many of its timers still run. */
  closed: { readonly timers: number };
  /** Opening or reading the store found a fault. */
  unsound: { readonly what: Unsound; readonly detail: string };
  /** There is nothing left to do; `rows` is what then lies on disk. */
  finished: {
    readonly rows: readonly DiskRow[];
    /** Ids of what may not have ended yet, as the options say. */
    readonly mayWait?: ReadonlySet<string>;
    /** Concurrency slots that are still taken, and attempts that are counted as running. */
    readonly slotsTaken?: number;
    readonly attemptsRunning?: number;
  };
}

/** Ways in which a store is not as it should be. */
export const UNSOUND = ['not opened', 'not decrypted', 'damaged', 'not finished'] as const;
export type Unsound = (typeof UNSOUND)[number];

export type TraceEvent = {
  [Kind in keyof TraceEvents]: { readonly event: Kind } & TraceEvents[Kind];
}[keyof TraceEvents];

/** What not every driver can see; a clause that needs one of them is judged by the drivers that can. */
export type Sight =
  /** What is on disk at the moment of an acceptance, an attempt or an ending. */
  | 'diskAtAnyMoment'
  /** What happened first, where a caller was told something and the upstream saw something. */
  | 'oneOrder'
  /** Acceptances are told in the order in which they were made. */
  | 'orderOfAcceptance'
  /** A wall clock that nobody sets. */
  | 'steadyWallClock'
  /** When and how an attempt ended, and in which process it ran. */
  | 'attemptEnds'
  /** The ending of everything that was accepted, across processes. */
  | 'everyEnding'
  /** What each request must come to. */
  | 'expectedEndings'
  /** Every write, so also one that changes a wait. */
  | 'everyWrite'
  /** The bodies that reach the upstream. */
  | 'bodies'
  /** How long a crisis waited for its answer, on time that is not disturbed by other programs. */
  | 'crisisAnswers'
  /** Errors that callers were given. */
  | 'refusals'
  /** The concurrency slots of an upstream at rest. */
  | 'slots'
  /** Words of a device about itself, at any moment. */
  | 'looks';

/** Crises of all drivers have keys of their own, for the oracle must know them before a row does. */
export function isCrisisKey(key: string): boolean {
  return key.startsWith('crisis-');
}

/**
 * So have edits: one may be merged to what the upstream holds, and then complete without an effect of its own. What the
 * runtime makes to carry out a decision has a key that no caller gave.
 */
export function isEditKey(key: string, id: string): boolean {
  return key.startsWith('edit-') || key.startsWith('hf1-') || key === id;
}
