/**
 * Makes the actor of an operation: a new one for a request, or one that goes on from its row.
 *
 * @module
 */

import {
  type CrisisEvent,
  type CrisisSnapshot,
  crisisMachine,
} from '../../machines/crisis/crisisMachine.ts';
import { routeOf } from '../../machines/operation/position.ts';
import {
  type SyncOperationEvent,
  type SyncOperationSnapshot,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  builtInOf,
  type Tiered,
  type TierName,
  urgencyOf,
} from '../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { crisisChart, operationChart, type WorkActor } from '../charts/chartOfWork.ts';
import { type FlatLogicOf, flatLogic, type Running } from '../charts/flatLogic.ts';
import { LeanActor } from '../charts/leanActor.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { crisisInput, type OperationTraits, operationInput } from './operationInput.ts';
import { createResident, type Resident } from './resident.ts';

export interface OperationActorsParts {
  readonly system: ActorSystem;
  readonly policies: Pick<PoliciesInForce, 'table'>;
  readonly onError: (error: unknown) => void;
  /** Begins an attempt, which ends alike on both charts; returns what aborts it. */
  readonly beginAttempt: (running: AttemptOf) => (() => void) | undefined;
  /** Asks for a place for the attempt of a crisis; returns what ends the asking. */
  readonly awaitPlace: (running: PlaceOf) => (() => void) | undefined;
}

/** An attempt that a chart has begun; its actor's owner is the operation. */
export type AttemptOf = Running<unknown, SyncOperationEvent>;
/** A place that a crisis asks for. */
export type PlaceOf = Running<unknown, CrisisEvent>;

export class OperationActors {
  readonly #parts: OperationActorsParts;
  /** Tiers of kept work that are gone, each reported once. */
  readonly #goneTiers = new Set<TierName>();
  readonly #operationLogic: FlatLogicOf<typeof syncOperationMachine>;
  readonly #crisisLogic: FlatLogicOf<typeof crisisMachine>;

  constructor(parts: OperationActorsParts) {
    this.#parts = parts;
    const { system, beginAttempt, awaitPlace } = parts;
    const { charts } = system;
    this.#operationLogic = flatLogic(syncOperationMachine, { attempt: beginAttempt }, charts);
    this.#crisisLogic = flatLogic<typeof crisisMachine, unknown>(
      crisisMachine,
      {
        place: awaitPlace,
        // How an attempt ends is told in words that both charts have.
        attempt: (running) => beginAttempt(running as unknown as AttemptOf),
      },
      charts,
    );
  }

  /** An operation for a request. Its actor is not started yet. */
  create(
    id: string,
    request: CheckedRequest,
    atMs: number,
    its: Pick<Resident, 'urgency' | 'route' | 'handler' | 'permit' | 'pending'>,
    traits: OperationTraits = {},
  ): Resident {
    // Only a crisis is on its way before anything of it is written.
    const isCrisis = passesBy('storage', request);
    const chart = isCrisis ? crisisChart : operationChart;
    const { system, policies } = this.#parts;
    const retry = policies.table.retries(its.handler?.upstream ?? '', request.type);
    const actor: WorkActor = isCrisis
      ? new LeanActor(system, this.#crisisLogic, id, { input: crisisInput(id, request, atMs) })
      : new LeanActor(system, this.#operationLogic, id, {
          input: operationInput(id, request, retry, atMs, traits),
        });
    return createResident(actor, {
      id,
      chart,
      urgency: its.urgency,
      route: its.route,
      handler: its.handler,
      permit: its.permit,
      pending: its.pending,
      subject: request.subject,
      body: request.body,
      standing: chart.acceptedStanding(
        turnAtAcceptance(false, its.permit !== null, actor.getSnapshot().context),
      ),
    });
  }

  /**
   * The operation of a row, with no handler yet. Its actor is not started yet.
   *
   * @throws HoldfastError `HF_RECORD_UNSUPPORTED` or `HF_RECORD_MALFORMED` when its snapshot can't be read.
   */
  revive(row: StoredOperation): Resident {
    const { chart, state, snapshot, said } = decodeWork(row);
    this.#reportGoneTier(snapshot.context);
    const { system } = this.#parts;
    const actor: WorkActor =
      chart === crisisChart
        ? new LeanActor(system, this.#crisisLogic, row.id, { snapshot: snapshot as CrisisSnapshot })
        : new LeanActor(system, this.#operationLogic, row.id, {
            snapshot: snapshot as SyncOperationSnapshot,
          });
    return createResident(actor, {
      ...row,
      chart,
      ownUrgency: urgencyOf(snapshot.context.priority, builtInOf(snapshot.context)),
      // It was handled when it was written.
      state,
      route: routeOf(snapshot.context.type),
      subject: snapshot.context.subject,
      body: row.payload,
      said,
      handler: null,
      permit: null,
    });
  }

  /** Work whose own tier is no longer an option runs as the one that it is like, which somebody may not want. */
  #reportGoneTier({ tier, like }: Tiered): void {
    const { policies, onError } = this.#parts;
    if (like === undefined || policies.table.tierNames.includes(tier) || this.#goneTiers.has(tier))
      return;
    this.#goneTiers.add(tier);
    const message = `Operations were kept under tier ${tier}, which the option tiers no longer has: they run as ${like}. Put it back to have them run as before.`;
    onError(new HoldfastError('HF_TIER_GONE', message, { field: 'tiers', withStack: false }));
  }

  /** Stops the actor of an operation that goes on from its row later. */
  stop(actor: WorkActor): void {
    this.#parts.system.stop(actor);
  }
}
