/**
 * What the conflict desk needs of the parts around it.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
import type { ExemptionsOf } from '../../machines/policy/request/request.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { KeptStore, RecordStore, SearchStore } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import type { Facts } from '../facts/factStream.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import type { Journal } from '../journal/journal.ts';
import type { Handler } from '../operation/handler.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { OperationPool } from '../work/operationPool.ts';
import type { ConflictKeeper } from './conflictKeeper.ts';
import type { EntityRecords } from './entityRecords.ts';
import type { MakeCall } from './fetchCurrent.ts';
import type { MergeGuard } from './mergeGuard.ts';
import type { AskedRecords } from './openConflicts.ts';
import type { HeldForRules } from './outdatedEdits.ts';
import type { RestingEdits } from './restingEdits.ts';

export interface DeskParts {
  readonly store: RecordStore & SearchStore & KeptStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly notes: AuditNotes;
  readonly system: ActorSystem;
  readonly retry: RetryPoliciesOf;
  readonly pool: () => OperationPool;
  /** Guarded calls, by which records are read at their upstreams. */
  readonly call: MakeCall;
  /** The name of this store in vectors and reviews; asked once the store is open. */
  readonly device: () => string;
  /** By which rules a kind of record is merged. */
  readonly rulesOf: (entityType: string) => EntityRules;
  /** Where card data may stand in what is sent for a type. */
  readonly exemptionsOf: ExemptionsOf;
  /** The largest record that is read, merged and sent, in bytes of JSON. */
  readonly recordBytesMax: number;
  /** Keeps the crisis plan of a subject. */
  readonly keepPlan: (subject: string, plan: CrisisPlan) => Promise<void>;
  readonly retentionMs: number;
  /** Resolves once the store is open and serves. */
  readonly ready: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Keeps crisis plans as records are shown. */
export interface PlansKept {
  /** An edit of the record by this handler was accepted, or has arrived. Resolves once the plan is on disk. */
  changed(entity: Entity, subject: string, handler: Handler): Promise<void>;
  /** A record was heard of from elsewhere. */
  heard(entity: Entity, subject: string): Promise<void>;
}

/** The same, with what the desk has made of it. */
export interface DeskTools extends DeskParts {
  readonly records: EntityRecords;
  readonly conflicts: ConflictKeeper;
  readonly guard: MergeGuard;
  readonly resting: RestingEdits;
  readonly plans: PlansKept;
  /** Records of which a person is asked something. */
  readonly asked: AskedRecords;
  /** Edits that wait for newer rules than this program has. */
  readonly outdated: HeldForRules;
  /**
   * What a person is asked about an edit that is held shows what the edits of its record say that wait behind it.
   * Resolves once that is on disk.
   */
  readonly followWaiting: (edit: Pick<WorkContext, 'entity'>) => Promise<void>;
}
