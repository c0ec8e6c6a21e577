/**
 * The engine port: all that `src/` may hold of what runs operations. It speaks of ids, plain data and promises, and
 * never of a store, an actor's system or a timer, so that a distributed engine could stand in its place.
 *
 * The rule `src-knows-the-engine-by-its-port` in `.dependency-cruiser.cjs` keeps it so.
 *
 * @module
 */

import type { LocalEngine } from './localEngine.ts';

export type {
  CrisisResource,
  HelpLine,
} from '../machines/policy/crisis/crisisResources.ts';
export type { FromSpill, SpillLine, ToSpill } from '../persistence/port/writes.ts';
export type {
  Entities,
  EntityAccess,
  EntityListener,
  EntityPage,
  EntityPageQuery,
  EntityQuery,
  EntityView,
  ListedEntity,
  RemoteChange,
  RemoteChangeResult,
  RemovedItem,
  RestoringEdit,
} from './conflict/entityAccess.ts';
export { loadEntities } from './conflict/loadEntities.ts';
export type {
  CrisisModeEnd,
  CrisisModeHealth,
  CrisisModeOrders,
  CrisisModeState,
} from './crisis/crisisModeState.ts';
export type { CrisisPlans } from './crisis/crisisPlans.ts';
export type { CrisisAnswer } from './crisis/crisisResponder.ts';
export type { FoundPlan, PlanStatus, PlansInMemory } from './crisis/plansAtHand.ts';
export type { EngineHealth, UpstreamState } from './engineHealth.ts';
export type { EscalationNotice, EscalationStep } from './escalation/escalationStep.ts';
export type { UndeliveredCrises } from './escalation/undelivered.ts';
export type {
  /** @public */
  UnreadableCounts,
} from './escalation/unreadableCrises.ts';
export type {
  Fact,
  FactKind,
  FactListener,
  FactOf,
  Override,
} from './facts/fact.ts';
export { FACT_NEWS, NEWS_KINDS, NEWS_WANTED } from './facts/factNews.ts';
export type { FactChannel } from './facts/factStream.ts';
export { FACT_KINDS } from './facts/factTable.ts';
export {
  alertLevel,
  heldSaid,
  LOGGED_KINDS,
  lineOf,
  newsWords,
  stuckSaid,
} from './facts/factWords.ts';
export type { Noted } from './journal/auditTrail.ts';
export type { Acceptance } from './operation/acceptance.ts';
export { derivedKey, isEditBy } from './operation/acceptance.ts';
export { type AttemptEnd, endOf } from './operation/givenAttempt.ts';
export type {
  Attempt,
  ConflictOptions,
  Fetch,
  FetchedRecord,
  Handler,
  OwnHandler,
  RequestNames,
  Run,
  TakenRecord,
} from './operation/handler.ts';
export { conflictRulesOf } from './operation/handler.ts';
export type { OperationFilter } from './operation/operationFilter.ts';
export type { OperationView, OperationWait, Outcome } from './operation/outcome.ts';
export type { OperationPage, StoreCounts } from './operation/rowView.ts';
export type { AnchorHealth, AnchorSource } from './recovery/anchorKeeper.ts';
export type { AuditAccess } from './recovery/auditAccess.ts';
export type { CrisisDecided, CrisisView } from './recovery/crisisAccess.ts';
export type {
  DeadLetterRecord,
  /** @public */
  DeadLetterReplay,
} from './recovery/deadLetterAccess.ts';
export type { QuarantineRecord } from './recovery/quarantineAccess.ts';
export type { OperationRecords } from './recovery/recordsAtRest.ts';
export type { CheckProgress } from './recovery/storeCheck.ts';
export {
  SUBJECT_RECORD_KINDS,
  type SubjectPage,
  type SubjectPlace,
  type SubjectRecordKind,
} from './recovery/subjectRecords.ts';
export type { CallContext } from './upstream/callAttempt.ts';
export type { CallFunction, CallOptions } from './upstream/guardedCall.ts';
export type { UpstreamOrders } from './upstream/upstreamOrders.ts';
export type { Inspection } from './work/inspection.ts';
export type { Wish } from './work/operationPool.ts';
export type { WaitingWork } from './work/waitingWork.ts';

/** Engine as `src/` holds it: the local one without what only its maker connects. */
export type Engine = Omit<LocalEngine, 'onRunning' | 'wires'>;
