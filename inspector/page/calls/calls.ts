/**
 * The management calls that the page makes, by name, and the fields that it reads of their answers: those the server lets
 * through, fewer than the calls return. The types are written by hand, and a test compares them with the registry.
 *
 * @module
 */

/** Calls that only look. */
export const LOOK = {
  operation: 'operation.show',
  operations: 'operation.list',
  deadLetters: 'deadLetter.page',
  deadLetter: 'deadLetter.show',
  conflicts: 'conflict.page',
  conflict: 'conflict.about',
  quarantine: 'quarantine.page',
  quarantined: 'quarantine.show',
  crises: 'crisis.list',
  crisis: 'crisis.show',
  crisisMode: 'crisisMode.list',
} as const;

/** Orders: calls that change something. */
export const ORDER = {
  retryOperation: 'operation.retry',
  cancelOperation: 'operation.cancel',
  replayLetter: 'deadLetter.replay',
  replayLetters: 'deadLetter.replayBatch',
  purgeLetter: 'deadLetter.purge',
  purgeLetters: 'deadLetter.purgeBatch',
  resolveConflict: 'conflict.resolve',
  undoConflict: 'conflict.undo',
  retryQuarantined: 'quarantine.retry',
  purgeQuarantined: 'quarantine.purge',
  acknowledgeCrisis: 'crisis.acknowledge',
  releaseCrisis: 'crisis.release',
  callOffCrisis: 'crisis.callOff',
  forceBreakerOpen: 'breaker.forceOpen',
  disableBreaker: 'breaker.disable',
  observeBreaker: 'breaker.observe',
  releaseBreaker: 'breaker.release',
  enterCrisisMode: 'crisisMode.enter',
  leaveCrisisMode: 'crisisMode.leave',
  releaseStore: 'store.release',
} as const;

export type OrderName = (typeof ORDER)[keyof typeof ORDER];

/** One line of the history of an operation. */
export interface HistoryLine {
  readonly atMs: number;
  readonly what: string;
  readonly attempt: number;
  readonly code: string | null;
  readonly startedAtMs?: number | undefined;
  readonly failureClass?: string | undefined;
}

/** An operation, as the server passes it on from `operation.show` and `operation.list`. */
export interface OperationSeen {
  readonly id: string;
  readonly type: string;
  readonly tier: string;
  readonly priority: string;
  readonly state: string;
  readonly attempt: number;
  readonly acceptedAtMs: number;
  readonly settledAtMs: number | null;
  readonly wait: {
    readonly reason: string;
    readonly sinceAtMs: number;
    readonly untilAtMs: number | null;
  } | null;
  readonly retryAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly failure: { readonly code: string } | null;
  readonly history: readonly HistoryLine[];
}

export interface LetterSeen {
  readonly id: string;
  readonly type: string;
  readonly tier: string;
  readonly priority: string;
  readonly code: string;
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly deadLetteredAtMs: number;
  readonly expiresAtMs: number | null;
  readonly mayBeApplied: boolean;
  /** Only in the answer for one dead letter. */
  readonly history?: readonly HistoryLine[] | undefined;
  readonly hasPayload?: boolean | undefined;
}

/** The role of the person who decided, without their name. */
export interface PersonSeen {
  readonly role?: string | undefined;
}

export interface ConflictSeen {
  readonly id: string;
  readonly state: string;
  readonly entityType?: string | undefined;
  readonly type: string;
  readonly reason: string;
  readonly openedAtMs: number;
  readonly questions: number;
  readonly isHeld: boolean;
  readonly operationId: string | null;
  readonly isToBeCarriedOut: boolean;
  /** Only in the answer for one conflict. */
  readonly sides?:
    | readonly {
        readonly atMs: number | null;
        readonly isOurs: boolean;
      }[]
    | undefined;
  readonly decisions?:
    | readonly {
        readonly kind: string;
        readonly by: PersonSeen;
        readonly atMs: number;
        readonly isCarriedOut: boolean;
        readonly operationId: string | null;
      }[]
    | undefined;
}

export interface QuarantinedSeen {
  readonly id: string;
  readonly code: string;
  readonly setAsideAtMs: number | null;
  readonly stood: string | null;
  readonly opensNot: string | null;
  readonly snapshot: {
    readonly machine: string;
    readonly version: string;
    readonly state: string;
  } | null;
}

export interface CrisisSeen {
  readonly id: string;
  /** `null`, like the tier, for a crisis that can't be read. */
  readonly type: string | null;
  readonly tier: string | null;
  readonly delivery: string;
  readonly escalation: string;
  readonly attempt: number;
  readonly failure: string | null;
  readonly acceptedAtMs: number;
  readonly escalatedAtMs: number | null;
  readonly cause: string | null;
  /** The upstream; `null` where its type has no handler, or no process runs on the store. */
  readonly upstream: string | null;
  readonly steps: readonly {
    readonly name: string;
    /** `null` while its first call is under way. */
    readonly outcome: string | null;
    readonly calls: number;
    readonly atMs: number;
    readonly owedAtMs: number | null;
  }[];
  readonly takenOn: { readonly by: PersonSeen; readonly untilMs: number } | null;
  readonly decisions: readonly {
    readonly what: string;
    readonly by: PersonSeen;
    readonly atMs: number;
  }[];
  readonly settledAtMs: number | null;
}

/** A crisis mode that is on, for everybody or for a person who is not named. */
export interface CrisisModeSeen {
  readonly id: string;
  readonly sinceAtMs: number;
  readonly endsAtMs: number;
  readonly isEnding: boolean;
  readonly isDurable: boolean;
}

/** The result of one piece of a run over many dead letters. */
export interface PieceDone {
  readonly matched: number;
  readonly done: number;
  readonly expired: number;
  readonly changed: number;
  readonly nextSeq: number | null;
}
