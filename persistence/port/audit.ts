/**
 * The audit of a store (AU-1, AU-2): an append-only log of what was done, by whom and to whom. Each entry is written in
 * the transaction of what it records; the store numbers it, chains it to the one before and puts handles in the place of
 * people. `docs/audit-format.md` has the format.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** Acts that an entry may record. */
export const AUDIT_ACTS = [
  'audit.gap',
  'breaker.changed',
  'call.made',
  'conflict.awaitsReview',
  'conflict.detected',
  'conflict.displaced',
  'conflict.resolved',
  'conflict.undone',
  'crisis.accepted',
  'crisis.acknowledged',
  'crisis.acknowledgementLapsed',
  'crisis.answeredLate',
  'crisis.calledOff',
  'crisis.callOffProposed',
  'crisis.escalated',
  'crisis.escalationEnded',
  'crisis.exhausted',
  'crisis.noted',
  'crisis.released',
  'crisis.stepFailed',
  'crisis.stepNotified',
  'crisis.unreadable',
  'crisisMode.changed',
  'level.changed',
  'operation.ended',
  'operation.purged',
  'operation.reinstated',
  'operation.replayed',
  'override.made',
  'record.quarantined',
  'retention.purged',
  'store.held',
] as const;

export type AuditAct = (typeof AUDIT_ACTS)[number];

/** The door by which an order came. */
export type AuditVia = 'app' | 'socket' | 'inspector' | 'commandLine' | 'client';

/** How an order went. `asked` is on disk before anything is done. */
export type AuditOutcome = 'asked' | 'done' | 'refused' | 'failed';

/** Content of an entry before the store numbers it. It holds no free text: reasons are codes, and people become handles. */
export interface AuditNote {
  /** A UUID: a note with the id of one that is recorded already is a repeat and records nothing. */
  readonly id: string;
  readonly atMs: number;
  readonly act: AuditAct;
  /** The person who did it. */
  readonly by?: string | undefined;
  /** The person whom it is about. */
  readonly subject?: string | undefined;
  readonly operationId?: string | undefined;
  /** An error code, or one of a closed list of reasons. */
  readonly code?: string | undefined;
  readonly out?: AuditOutcome | undefined;
  readonly upstream?: string | undefined;
  /** The name of a step of the escalation chain. */
  readonly step?: string | undefined;
  /** The name of a management call. */
  readonly call?: string | undefined;
  readonly via?: AuditVia | undefined;
  /** Counts and the like, whole numbers. */
  readonly n?: Readonly<Record<string, number>> | undefined;
}

/** A write that may be recorded. */
export interface Recorded {
  /** What is recorded in the same transaction, if the write takes effect. */
  readonly audit?: AuditNote | undefined;
}

/** Acts of persons that are not done where they can't be recorded. Whatever else is done goes on, crises above all. */
export function mustBeRecorded({ act, by }: AuditNote): boolean {
  return STOPS.has(act) || (act.startsWith('conflict.') && by !== undefined);
}

const STOPS: ReadonlySet<AuditAct> = new Set([
  'call.made',
  'operation.purged',
  'operation.reinstated',
  'operation.replayed',
]);

/** Results of writes that have taken effect, of those that may be recorded. */
const EFFECTS: ReadonlySet<string> = new Set([
  'accepted',
  'updated',
  'replayed',
  'purged',
  'reinstated',
  'kept',
]);

/**
 * What is to be recorded of a write with this result; `undefined` for nothing. What a repeat asks for was done before, and
 * recorded with that, perhaps on the order of somebody else.
 */
export function recordedOf(
  write: object,
  result: { readonly kind: string; readonly isRepeat?: true },
): AuditNote | undefined {
  const isDone = EFFECTS.has(result.kind) && result.isRepeat !== true;
  return 'audit' in write && isDone ? (write as Recorded).audit : undefined;
}

/** Records what was done, as the next entry. */
export interface AuditWrite {
  readonly kind: 'audit';
  readonly note: AuditNote;
}

/** Entries of the log, in their order. */
export interface AuditPage {
  /** The entries from `fromSeq` on, each a line of canonical JSON; one that can't be read is left out, and told. */
  readonly entries: readonly string[];
  /** The `fromSeq` of the next page; `null` after the last. */
  readonly nextSeq: number | null;
  /** Number of entries in the log. */
  readonly size: number;
}

export interface AuditPageQuery {
  readonly fromSeq: number;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** A signed statement of how long the log is and what is in it, to be kept elsewhere. */
export interface AuditCheckpoint {
  /** A signed note: see `docs/audit-format.md`. */
  readonly checkpoint: string;
  /** The key by which anybody checks it. */
  readonly publicKey: string;
}

export interface AuditStore {
  auditPage(query: AuditPageQuery): Promise<AuditPage>;
  /** The handle of a person in the log; `null` where no entry is about them. */
  auditHandle(query: { readonly person: string }): Promise<string | null>;
  auditCheckpoint(): Promise<AuditCheckpoint>;
}

/** @throws HoldfastError `HF_OPTION_INVALID` */
export function checkAuditPage({ fromSeq, limit }: AuditPageQuery): void {
  if (Number.isSafeInteger(fromSeq) && fromSeq >= 0 && limit >= 1 && limit <= AUDIT_PAGE_MAX)
    return;
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    `A page of the audit begins at a number of an entry and has 1 to ${AUDIT_PAGE_MAX} entries.`,
  );
}

export const AUDIT_PAGE_MAX = 1_000;
/** So many of the latest entries are known by their ids: a repeat comes within the commits that failed last. */
export const AUDIT_IDS_REMEMBERED = 4_096;
