/**
 * Messages between a test and the child process that runs a runtime.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import type { CrisisRequest } from '../../../src/runtime.ts';
import type { ReportedOutcome } from '../../../src/simulator/oracle/trace.ts';
import type { HealthStatus } from '../../../src/views/health.ts';

/** A defect that a control plants between the runtime and its store. */
export const SABOTAGES = [
  'acknowledgeBeforeCommit',
  'effectBeforeJournal',
  'attemptCountNotDurable',
  'dueTimeForgotten',
  'keyForgotten',
  'laneForgotten',
] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** The same, of edits: what one is sent as does not reach the disk with the state that says so. */
export type EditSabotage = 'sentBodyForgotten';

/** The same, of the audit: what is recorded is left out of the write that it is about, or follows it. */
export type AuditSabotage = 'endingNotRecorded' | 'endingRecordedLater' | 'noteRecordedLater';

/** What a child is started with, as JSON in its first argument. */
export interface ChildSetup {
  readonly folder: string;
  readonly keyFile: string;
  readonly url: string;
  readonly options: Pick<RuntimeOptions, 'upstreams' | 'policies' | 'crisis'>;
  /** Types that the ledger serves. */
  readonly types: readonly string[];
  /** A type whose handler kills the process. */
  readonly killerType: string | null;
  readonly sabotage: Sabotage | EditSabotage | AuditSabotage | null;
  /** Where records are that edits of `records.put` change, and whether a person answers what is asked about them. */
  readonly editing: { readonly url: string; readonly isAnswering: boolean } | null;
  /** The child ends by itself after this. */
  readonly lifeMs: number;
}

/** A line on the child's standard input. */
export type ChildOrder =
  | {
      readonly order: 'submit';
      readonly requests: readonly SyncRequest[];
      /** How many are handed in at a time, or all of them as one bulk. */
      readonly inFlightMax: number | 'bulk';
    }
  | { readonly order: 'crisis'; readonly request: CrisisRequest }
  /** Reports how these operations end. */
  | { readonly order: 'watch'; readonly ids: readonly string[] }
  | { readonly order: 'view'; readonly id: string }
  | { readonly order: 'handle'; readonly type: string }
  | { readonly order: 'breaker' }
  /** Hands in one request and says what came of it, accepted or refused. */
  | { readonly order: 'try'; readonly request: SyncRequest }
  | { readonly order: 'health' }
  | { readonly order: 'close'; readonly deadlineMs: number };

/** A line on the child's standard output. */
export type ChildEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'failed'; readonly code: string; readonly message: string }
  /** The caller was told that it is accepted; `key` is the idempotency key that it gave. */
  | { readonly event: 'accepted'; readonly key: string; readonly id: string }
  | { readonly event: 'answered'; readonly key: string; readonly source: string }
  /** The caller was told that the crisis is on disk. */
  | { readonly event: 'durable'; readonly key: string; readonly id: string }
  | { readonly event: 'outcome'; readonly id: string; readonly outcome: ReportedOutcome }
  | { readonly event: 'viewed'; readonly id: string; readonly state: string }
  | { readonly event: 'handled'; readonly type: string }
  | { readonly event: 'breaker'; readonly state: string }
  /** The caller was told that nothing was accepted. */
  | {
      readonly event: 'refused';
      readonly key: string;
      readonly code: string;
      readonly retry: string;
      readonly mayBeStored: boolean;
    }
  | { readonly event: 'health'; readonly health: HealthStatus }
  /** Something that no caller heard of. */
  | { readonly event: 'trouble'; readonly code: string; readonly message: string }
  | { readonly event: 'closing' }
  | { readonly event: 'closed' };
