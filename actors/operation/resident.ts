/**
 * An operation while a live actor holds it, and where its row belongs on disk.
 *
 * @module
 */

import {
  type SyncOperationContext,
  type SyncOperationRef,
  type SyncOperationSnapshot,
  type SyncOperationState,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { NEVER_MS, type Standing, type WaitsFor } from '../../persistence/port/store.ts';
import type { Handler } from '../attempt/handler.ts';
import { encodeSnapshot } from '../charts/snapshots.ts';
import type { Permit } from '../flow/flowControl.ts';
import type { PendingAcceptance } from './acceptance.ts';

/** An operation in memory. Everything that must survive is in the actor's context or on the row. */
export interface Resident {
  readonly id: string;
  readonly urgency: number;
  actor: SyncOperationRef;
  /** The state last handled, so that a transition is handled once. */
  state: SyncOperationState | null;
  /** 0 until the row is written. */
  seq: number;
  /** Of the last write ordered. */
  revision: number;
  /** Where the row stands after the last write ordered. */
  standing: Standing;
  /** The request's payload as kept, parsed when an attempt asks for it; `null` once it is erased. */
  readonly body: string | null;
  handler: Handler | null;
  permit: Permit | null;
  /** Who waits for its acceptance. */
  pending: PendingAcceptance | null;
  /** Aborts the attempt that runs. */
  interrupt: ((reason: HoldfastError) => void) | null;
  /** True while it is being written or attempted. */
  isBusy: boolean;
  /** What the upstream answered. */
  response: Json | undefined;
}

/** An operation that enters memory: a new one, or one read back from its row. */
export function createResident(
  actor: SyncOperationRef,
  from: Pick<Resident, 'id' | 'urgency' | 'body' | 'standing' | 'handler' | 'permit'> &
    Partial<Pick<Resident, 'state' | 'seq' | 'revision' | 'pending'>>,
): Resident {
  return {
    id: from.id,
    urgency: from.urgency,
    actor,
    state: from.state ?? null,
    seq: from.seq ?? 0,
    revision: from.revision ?? 0,
    standing: from.standing,
    body: from.body,
    handler: from.handler,
    permit: from.permit,
    pending: from.pending ?? null,
    interrupt: null,
    isBusy: false,
    response: undefined,
  };
}

/** Who waits for its acceptance, to be told once. */
export function takePending(resident: Resident): PendingAcceptance | null {
  const { pending } = resident;
  resident.pending = null;
  return pending;
}

/** What an erased payload is read as; nothing asks for it any more. */
export const NO_BODY = '{"payload":null}';

/** Where a row belongs. */
export interface Place {
  readonly standing: Standing;
  /** By the steady clock where it is `due`; by the wall clock where it is settled, and may be purged. */
  readonly dueAtMs: number | null;
  readonly waitsFor: WaitsFor;
  readonly route: string;
}

/** The route of operations whose type has no handler. */
export function missingHandlerRoute(type: string): string {
  return `handler:${type}`;
}

/** Where an operation waits that comes to rest in `state` at `nowMs`: for a time, or for an event. */
export function restingPlace(
  state: SyncOperationState,
  context: SyncOperationContext,
  upstream: string,
  nowMs: number,
): Place {
  const waitsFor = WAITS_FOR[state] ?? 'turn';
  // A crisis stays in hand until it is through: it is never passivated.
  if (context.priority === 'crisis') {
    return { standing: 'inHand', dueAtMs: null, waitsFor, route: upstream };
  }
  switch (state) {
    case 'waiting':
    case 'replayed':
      return { standing: 'due', dueAtMs: nowMs, waitsFor, route: upstream };
    case 'backingOff':
      return {
        standing: 'due',
        dueAtMs: nowMs + (context.delayMs ?? 0),
        waitsFor,
        route: upstream,
      };
    case 'handlerMissing': {
      const route = missingHandlerRoute(context.type);
      return { standing: 'due', dueAtMs: NEVER_MS, waitsFor, route };
    }
    default:
      return { standing: 'held', dueAtMs: null, waitsFor, route: upstream };
  }
}

/** What it waits for in a resting state, beside the time it is due. */
const WAITS_FOR: Partial<Readonly<Record<SyncOperationState, WaitsFor>>> = {
  inLane: 'lane',
  handlerMissing: 'handler',
  conflicted: 'conflict',
  inReview: 'review',
};

/** The state that an operation wakes up in after a restart: a running attempt was ordered, no more. */
function durableState(state: SyncOperationState): SyncOperationState {
  return state === 'attempting' ? 'ordering' : state;
}

/** The text kept for an operation. */
export function encodeOperation(snapshot: SyncOperationSnapshot, response?: Json): string {
  return encodeSnapshot(syncOperationMachine, snapshot, {
    value: durableState(snapshot.value),
    response,
  });
}

/** One text for an entity; `null` for none. */
export function entityKey(entity: Entity | null): string | null {
  return entity === null ? null : `${entity.type}\0${entity.id}`;
}

/** The lane of an operation on disk; `null` for none. Crises keep their order in memory. */
export function laneOf(context: SyncOperationContext): string | null {
  return context.priority === 'crisis' ? null : entityKey(context.entity);
}

/**
 * The idempotency key as the store sees it, scoped by type and subject (docs/decisions/0019). A crisis is on
 * its way before the store could find an earlier one; its key is for the upstream alone.
 */
export function storedKeyOf(context: SyncOperationContext): string | null {
  if (context.fingerprint === null || context.priority === 'crisis') return null;
  return `${context.type}\0${context.subject}\0${context.idempotencyKey}`;
}

/**
 * Whether its row, as it was accepted, says already that it waits there. Any later row waits for
 * something else and must move.
 */
export function isAsAccepted(
  { revision, standing }: Pick<Resident, 'revision' | 'standing'>,
  place: Place,
): boolean {
  const asks = place.waitsFor !== 'turn' && place.waitsFor !== 'lane';
  return revision === 1 && !asks && standing === place.standing;
}
