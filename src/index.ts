/**
 * The public surface of holdfast (UX-1). What is not named here may change without notice.
 *
 * @module
 */

export type {
  AnchorSource,
  Attempt,
  CallContext,
  CallOptions,
  ConflictOptions,
  CrisisAnswer,
  EntityListener,
  EntityView,
  Fact,
  FactKind,
  FactOf,
  FetchedRecord,
  Handler,
  OperationFilter,
  OperationPage,
  OperationView,
  Outcome,
  RemoteChange,
} from '../actors/port.ts';
export type { InspectionEvent, InspectionObserver } from '../inspector/projection/frames.ts';
export type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
export type { PolicyLayers } from '../machines/policy/layers/policyLayers.ts';
export type { PayloadSchema } from '../machines/policy/request/payloadSchema.ts';
export type { SyncRequest } from '../machines/policy/request/request.ts';
export {
  AttemptFailure,
  conflictFailure,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../machines/policy/retry/classifyFailure.ts';
export type { Level } from '../machines/policy/service/degradationLevel.ts';
export type { Clock, Random } from '../machines/vocabulary/clock.ts';
export { type ErrorCode, HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
export type { EditBase, Entity, RecordMeta } from '../machines/vocabulary/record.ts';
export type { Json, JsonObject } from '../machines/vocabulary/shape.ts';
export type { Person } from '../machines/vocabulary/subject.ts';
export type { Priority, Tier } from '../machines/vocabulary/urgency.ts';
export type { AuditCheckpoint } from '../persistence/port/audit.ts';
export { createKeyFile, keyFile } from '../persistence/sealing/keyFile.ts';
export { type KeySource, rawKey } from '../persistence/sealing/keySource.ts';
export { passphrase } from '../persistence/sealing/passphrase.ts';
export { type AnchorUrlOptions, anchorFile, anchorUrl } from './anchorSources.ts';
export type { BulkResult } from './bulk.ts';
export type { Client, ConnectOptions, TypesOfRuntime } from './client.ts';
export { connect } from './connect.ts';
export { createRuntime } from './createRuntime.ts';
export type { Entities } from './entities.ts';
export { type HttpHandlerOptions, httpHandler } from './http/httpHandler.ts';
export type { Inspector, InspectorOptions } from './inspect/inspectable.ts';
export type { StatelyInspector, StatelyInspectorOptions } from './inspect/openStately.ts';
export type { Audit } from './management/audit.ts';
export type { Conflict, ConflictDetails } from './management/conflict.ts';
export type { ConflictFilter, ConflictResolution, Conflicts } from './management/conflicts.ts';
export type {
  DeadLetter,
  DeadLetterDetails,
  DeadLetterFilter,
  DeadLetters,
} from './management/deadLetters.ts';
export type { OperationCounts } from './management/operations.ts';
export type { Quarantine, Quarantined } from './management/quarantine.ts';
export type { Subjects } from './management/subjects.ts';
export type { Operation, Operations } from './operation.ts';
export type { OperationActor, OperationActorSnapshot } from './operationActor.ts';
export type { RuntimeOptions, UpstreamOptions } from './options.ts';
export type { ResilientOptions, ResilientResult } from './resilientSync.ts';
export type { CrisisRequest, Runtime } from './runtime.ts';
export type { FactMessage, Logger } from './telemetry/log.ts';
export type { RequestOf, ResponseOf, TypesOf } from './typed/operationTypes.ts';
export { type DefinedHandler, defineHandler } from './typed/operationTypes.ts';
export type { UpstreamControl } from './upstreamControl.ts';
export { upstreamKey } from './upstreamKey.ts';
export type { HealthStatus } from './views/health.ts';
export type { ExportedRecord } from './views/subjectDocument.ts';
