/**
 * The public surface of holdfast (UX-1). What is not named here may change without notice.
 *
 * @module
 */

export type {
  AnsweredResource,
  Attempt,
  CallContext,
  CallFunction,
  CallOptions,
  ConflictOptions,
  CrisisAnswer,
  CrisisDecided,
  CrisisModeEnd,
  CrisisModeState,
  CrisisPlans,
  CrisisResource,
  CrisisView,
  EntityListener,
  EntityQuery,
  EntityView,
  EscalationNotice,
  Fact,
  FactKind,
  FactListener,
  FactOf,
  Fetch,
  FetchedRecord,
  Handler,
  HelpLine,
  ListedEntity,
  OperationFilter,
  OperationPage,
  OperationView,
  OperationWait,
  Outcome,
  Override,
  ParkReason,
  PlanStatus,
  RemoteChange,
  RemoteChangeResult,
  RemovedItem,
  RequestNames,
  Run,
  TakenRecord,
} from '../actors/port.ts';
export type {
  InspectedActor,
  InspectedSnapshot,
  InspectionEvent,
  InspectionObserver,
} from '../inspector/projection/frames.ts';
export type { StateValue } from '../inspector/projection/stateValue.ts';
export type { BreakerChange } from '../machines/breaker/breakerChange.ts';
export type {
  ConflictChoice,
  ConflictRecordState,
} from '../machines/conflict/conflictRecord.ts';
export type {
  ChainStep,
  CrisisDecision,
  EscalationCause,
  StepFailure,
  TakenOn,
} from '../machines/crisis/crisisEscalation.ts';
export type { Alternative, AuditEntry } from '../machines/merge/rules/ruling.ts';
export type { HistoryEntry } from '../machines/operation/syncOperationMachine.ts';
export type { BreakerPolicy, BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
export type { CrisisModeFor } from '../machines/policy/crisis/crisisMode.ts';
export type {
  CheckedCrisisPlan,
  CrisisPlan,
  PlanResource,
} from '../machines/policy/crisis/crisisPlan.ts';
export type {
  CrisisMessage,
  CrisisWords,
  MessageState,
} from '../machines/policy/crisis/crisisWords.ts';
export type { FlowTuning } from '../machines/policy/flow/flowPolicy.ts';
export type { RateLimit } from '../machines/policy/flow/tokenBucket.ts';
export type {
  DefaultPolicies,
  PolicyLayer,
  TierPolicies,
  TypePolicies,
} from '../machines/policy/layers/policyFields.ts';
export type { PolicyLayers } from '../machines/policy/layers/policyLayers.ts';
export type { PolicyScope } from '../machines/policy/layers/policyTable.ts';
export type { JsonPatchOperation } from '../machines/policy/request/jsonPatch.ts';
export type {
  PayloadSchema,
  SchemaIssue,
  SchemaResult,
} from '../machines/policy/request/payloadSchema.ts';
export type { SyncRequest } from '../machines/policy/request/request.ts';
export {
  AttemptFailure,
  conflictFailure,
  type FailureClass,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../machines/policy/retry/classifyFailure.ts';
export type {
  BackoffStrategy,
  CustomBackoff,
  RetryPolicy,
} from '../machines/policy/retry/retryPolicy.ts';
export type { Level } from '../machines/policy/service/degradationLevel.ts';
export type {
  DegradationPolicy,
  LevelCause,
} from '../machines/policy/service/degradationPolicy.ts';
export type { StorageState, StorageTrouble } from '../machines/policy/service/storageTrouble.ts';
export type { Phase } from '../machines/supervisor/supervisorMachine.ts';
export type { Clock } from '../machines/vocabulary/clock.ts';
export type { ConflictReason } from '../machines/vocabulary/conflictReason.ts';
export type { Entity } from '../machines/vocabulary/entity.ts';
export {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
  type RetryAdvice,
} from '../machines/vocabulary/errors.ts';
export type { Json, JsonObject } from '../machines/vocabulary/json.ts';
export type { NetworkGrade } from '../machines/vocabulary/networkGrade.ts';
export type { Person } from '../machines/vocabulary/person.ts';
export type { Random } from '../machines/vocabulary/random.ts';
export type {
  CarriedMeta,
  CarriedQuestion,
  Confirmation,
  Current,
  EditBase,
  EditCondition,
  HybridStamp,
  RecordMeta,
  Tombstone,
  VersionVector,
} from '../machines/vocabulary/record.ts';
export type { UpstreamAnswer } from '../machines/vocabulary/upstreamAnswer.ts';
export type { Priority, RetryClass, Tier } from '../machines/vocabulary/urgency.ts';
export type { SealedRecord, Standing } from '../persistence/port/store.ts';
export { createKeyFile, keyFile } from '../persistence/sealing/keyFile.ts';
export {
  type KeyRequest,
  type KeySource,
  type LoadedKey,
  rawKey,
} from '../persistence/sealing/keySource.ts';
export { type PassphraseOptions, passphrase } from '../persistence/sealing/passphrase.ts';
export type { BackupResult } from '../persistence/upkeep/backup.ts';
export type { UpkeepProgress } from '../persistence/upkeep/progress.ts';
export type { BulkAcceptance, BulkOptions, BulkResult } from './bulk.ts';
export type { Client, ConnectOptions, TypesOfRuntime } from './client.ts';
export { connect } from './connect.ts';
export { createRuntime } from './createRuntime.ts';
export type {
  EscalationRetry,
  EscalationStepOptions,
  Webhook,
} from './crisis/escalationOptions.ts';
export type { Entities, RestoreOptions } from './entities.ts';
export { type HttpHandlerOptions, type HttpRun, httpHandler } from './http/httpHandler.ts';
export type { Inspector, InspectorOptions } from './inspect/inspectable.ts';
export type {
  StatelyInspector,
  StatelyInspectorOptions,
  StatelyInspectorTarget,
} from './inspect/statelyOptions.ts';
export type {
  Conflict,
  ConflictAbout,
  ConflictAlternative,
  ConflictDecisionAbout,
  ConflictDetails,
  ConflictOutcome,
  ConflictQuestion,
  ConflictSideAbout,
} from './management/conflicts/conflict.ts';
export type { ConflictResolution, Conflicts } from './management/conflicts/conflicts.ts';
export type { ConflictFilter } from './management/conflicts/filter.ts';
export type { ConflictPreview } from './management/conflicts/preview.ts';
export type { Crises, CrisisAcknowledgement } from './management/crises/crises.ts';
export type { CrisisMode } from './management/crisisMode/crisisMode.ts';
export type { DeadLetterCounts } from './management/deadLetters/counts.ts';
export type { DeadLetter, DeadLetterDetails } from './management/deadLetters/deadLetter.ts';
export type { DeadLetterRun, DeadLetters } from './management/deadLetters/deadLetters.ts';
export type { DeadLetterFilter } from './management/deadLetters/filter.ts';
export type { ReplayOptions } from './management/deadLetters/replay.ts';
export type { OperationCounts } from './management/operations/count.ts';
export type { OperationQuery } from './management/operations/list.ts';
export type { OperationSearch } from './management/operations/operations.ts';
export type { Quarantine } from './management/quarantine/quarantine.ts';
export type { Quarantined } from './management/quarantine/quarantined.ts';
export type { Operation, Operations, StillPending, WaitOptions } from './operation.ts';
export type {
  OperationActor,
  OperationActorObserver,
  OperationActorSnapshot,
  OperationActorSubscription,
} from './operationActor.ts';
export type {
  CrisisOptions,
  EscalationPaceOptions,
  PolicyOptions,
  RuntimeOptions,
  TypedOptions,
  UpstreamOptions,
} from './options.ts';
export type { OutsideState } from './outside/outsideHost.ts';
export type { OutsideHttpOptions, OutsideOptions } from './outside/outsideOptions.ts';
export type { ResilientOptions, ResilientResult } from './resilientSync.ts';
export type { CrisisRequest, Runtime } from './runtime.ts';
export type { FactMessage } from './telemetry/factChannels.ts';
export type {
  FieldsFirstLogger,
  LogFields,
  LogFunction,
  Logger,
  LogLevel,
  MessageFirstLogger,
} from './telemetry/logger.ts';
export {
  type DefinedHandler,
  defineHandler,
  type HandlerDefinition,
} from './typed/defineHandler.ts';
export type { FactIn } from './typed/factTypes.ts';
export type {
  AnyTypes,
  KnownUpstream,
  ListedType,
  OperationType,
  OperationTypes,
  RequestOf,
  ResponseOf,
  TypeOf,
  TypesOf,
  UpstreamOf,
  WithPayload,
} from './typed/operationTypes.ts';
export type { BackupOptions } from './upkeep/backupInThread.ts';
export type { UpstreamControl } from './upstreamControl.ts';
export { type KeyedRequest, upstreamKey } from './upstreamKey.ts';
export type { ComponentHealth, HealthStatus } from './views/health.ts';
export type { PolicyView } from './views/policyView.ts';
export type { LatencySummary } from './views/responseTimes.ts';
