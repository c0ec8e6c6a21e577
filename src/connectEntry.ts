/**
 * `holdfast/connect`: what a process needs that uses a store which another one owns. It loads neither the engine
 * nor the database, which a process that comes to own the store does then.
 *
 * @module
 */

export type {
  CrisisAnswer,
  EntityListener,
  EntityQuery,
  EntityView,
  ListedEntity,
  OperationView,
  Outcome,
} from '../actors/port.ts';
export type { SyncRequest } from '../machines/policy/request/request.ts';
export { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
export type { Client, ConnectOptions, OwnOptions, TypesOfRuntime } from './client.ts';
export { connect } from './connect.ts';
export type { Entities, RestoreOptions } from './entities.ts';
export type { Operation } from './operation.ts';
export type { OperationActor, OperationActorSnapshot } from './operationActor.ts';
export type { CrisisRequest } from './runtime.ts';
