/**
 * Makes the actor of an operation: a new one for a request, or one that goes on from its row.
 *
 * @module
 */

import { type ActorOptions, createActor } from 'xstate';
import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import { acceptedStanding, routeOf } from '../../machines/operation/position.ts';
import {
  type SyncOperationEvent,
  type SyncOperationInput,
  type SyncOperationRef,
  type SyncOperationSnapshot,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { flatLogic } from '../charts/flatLogic.ts';
import { decodeOperation } from '../charts/operationRecord.ts';
import type { Facts } from '../facts/factStream.ts';
import { operationInput } from './operationInput.ts';
import { createResident, type Resident } from './resident.ts';

export interface OperationActorsParts {
  readonly clock: Clock;
  readonly retry: RetryPoliciesOf;
  readonly facts: Facts;
  readonly system: ActorSystem;
  /** Begins the attempt of an operation; returns what aborts it. */
  readonly beginAttempt: (id: string, report: (event: SyncOperationEvent) => void) => () => void;
}

export class OperationActors {
  readonly #parts: OperationActorsParts;
  readonly #logic: ReturnType<
    typeof flatLogic<typeof syncOperationMachine, { readonly id: string }>
  >;

  constructor(parts: OperationActorsParts) {
    this.#parts = parts;
    this.#logic = flatLogic(syncOperationMachine, {
      attempt: ({ id }: { readonly id: string }, report) => parts.beginAttempt(id, report),
    });
  }

  /** An operation for a request. Its actor is not started yet. */
  create(
    id: string,
    request: CheckedRequest,
    its: Pick<Resident, 'urgency' | 'route' | 'handler' | 'permit' | 'pending'>,
  ): Resident {
    const { clock, retry } = this.#parts;
    const input = operationInput(
      id,
      request,
      retry(its.handler?.upstream ?? '', request.type),
      clock.now(),
    );
    return createResident(this.#make(id, { input }), {
      ...its,
      id,
      body: request.body,
      standing: acceptedStanding(turnAtAcceptance(false, its.permit !== null), request.priority),
    });
  }

  /**
   * The operation of a row, with no handler yet. Its actor is not started yet.
   *
   * @throws HoldfastError `HF_RECORD_UNSUPPORTED` or `HF_RECORD_MALFORMED` when its snapshot can't be read.
   */
  revive(row: StoredOperation): Resident {
    const snapshot = this.#unexpiring(decodeOperation(row).snapshot);
    // XState's types ask for the input even where a snapshot makes it meaningless (xstate#4915).
    return createResident(this.#make(row.id, { snapshot, input: undefined as never }), {
      ...row,
      // It was handled when it was written.
      state: snapshot.value,
      route: routeOf(snapshot.context.type),
      body: row.payload,
      handler: null,
      permit: null,
    });
  }

  /** Stops the actor of an operation that goes on from its row later. */
  stop(actor: SyncOperationRef): void {
    this.#parts.system.stop(actor);
  }

  /** A crisis never expires (CR-4); one that an earlier version accepted may say that it does. */
  #unexpiring(snapshot: SyncOperationSnapshot): SyncOperationSnapshot {
    const { value, context } = snapshot;
    if (context.priority !== 'crisis' || context.expiresAtMs === null) return snapshot;
    this.#parts.facts.emit('crisis.mended', ['expiresAtMs']);
    return syncOperationMachine.resolveState({ value, context: { ...context, expiresAtMs: null } });
  }

  #make(
    id: string,
    from: Pick<ActorOptions<typeof syncOperationMachine>, 'snapshot'> & {
      readonly input: SyncOperationInput;
    },
  ): SyncOperationRef {
    return createActor(this.#logic, { ...this.#parts.system.operation(id), ...from });
  }
}
