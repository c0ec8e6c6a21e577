/**
 * Makes the actor of an operation: a new one for a request, or one that goes on from its row.
 *
 * @module
 */

import { type AnyActorRef, createActor } from 'xstate';
import {
  type CrisisEvent,
  type CrisisInput,
  type CrisisSnapshot,
  crisisMachine,
} from '../../machines/crisis/crisisMachine.ts';
import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import { routeOf } from '../../machines/operation/position.ts';
import {
  type SyncOperationEvent,
  type SyncOperationInput,
  type SyncOperationSnapshot,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Tiered, TierName } from '../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import {
  crisisChart,
  operationChart,
  type WorkActor,
  type WorkEvent,
} from '../charts/chartOfWork.ts';
import { flatLogic } from '../charts/flatLogic.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { Facts } from '../facts/factStream.ts';
import { crisisInput, type OperationTraits, operationInput } from './operationInput.ts';
import { createResident, type Resident } from './resident.ts';

export interface OperationActorsParts {
  readonly clock: Clock;
  readonly retry: RetryPoliciesOf;
  readonly facts: Facts;
  readonly system: ActorSystem;
  /** Whether there is a tier of this name. */
  readonly isTier: (name: TierName) => boolean;
  readonly onError: (error: unknown) => void;
  /** Begins an attempt, which ends alike on both charts; returns what aborts it. */
  readonly beginAttempt: (id: string, report: (event: SyncOperationEvent) => void) => () => void;
  /** Asks for a place for the attempt of a crisis; returns what ends the asking. */
  readonly awaitPlace: (id: string, report: (event: CrisisEvent) => void) => () => void;
}

interface About {
  readonly id: string;
}

export class OperationActors {
  readonly #parts: OperationActorsParts;
  /** Tiers of kept work that are gone, each reported once. */
  readonly #goneTiers = new Set<TierName>();
  readonly #operationLogic: ReturnType<typeof flatLogic<typeof syncOperationMachine, About>>;
  readonly #crisisLogic: ReturnType<typeof flatLogic<typeof crisisMachine, About>>;

  constructor(parts: OperationActorsParts) {
    this.#parts = parts;
    const { system } = parts;
    const attempt = ({ id }: About, report: (event: SyncOperationEvent) => void): (() => void) =>
      parts.beginAttempt(id, report);
    this.#operationLogic = flatLogic(syncOperationMachine, { attempt }, system.charts);
    this.#crisisLogic = flatLogic<typeof crisisMachine, About>(
      crisisMachine,
      {
        place: ({ id }, report) => parts.awaitPlace(id, report),
        // How an attempt ends is told in words that both charts have.
        attempt: ({ id }, report) => parts.beginAttempt(id, report as (event: WorkEvent) => void),
      },
      system.charts,
    );
  }

  /** An operation for a request. Its actor is not started yet. */
  create(
    id: string,
    request: CheckedRequest,
    its: Pick<Resident, 'urgency' | 'route' | 'handler' | 'permit' | 'pending'>,
    traits: OperationTraits = {},
  ): Resident {
    const { clock, retry } = this.#parts;
    const atMs = clock.now();
    // Only a crisis is on its way before anything of it is written.
    const isCrisis = passesBy('storage', request);
    const chart = isCrisis ? crisisChart : operationChart;
    const policies = retry(its.handler?.upstream ?? '', request.type);
    const actor = isCrisis
      ? this.#crisis(id, { input: crisisInput(id, request, atMs) })
      : this.#operation(id, {
          input: operationInput(id, request, policies, atMs, traits),
        });
    return createResident(actor, {
      ...its,
      id,
      chart,
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
    // XState's types ask for the input even where a snapshot makes it meaningless (xstate#4915).
    const input = undefined as never;
    const actor =
      chart === crisisChart
        ? this.#crisis(row.id, { snapshot: snapshot as CrisisSnapshot, input })
        : this.#operation(row.id, { snapshot: snapshot as SyncOperationSnapshot, input });
    return createResident(actor, {
      ...row,
      chart,
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
    const { isTier, onError } = this.#parts;
    if (like === undefined || isTier(tier) || this.#goneTiers.has(tier)) return;
    this.#goneTiers.add(tier);
    const message = `Operations were kept under tier ${tier}, which the option tiers no longer has: they run as ${like}. Put it back to have them run as before.`;
    onError(new HoldfastError('HF_TIER_GONE', message, { field: 'tiers', withStack: false }));
  }

  /** Stops the actor of an operation that goes on from its row later. */
  stop(actor: WorkActor): void {
    this.#parts.system.stop(actor as unknown as AnyActorRef);
  }

  #operation(
    id: string,
    from: { readonly input: SyncOperationInput; readonly snapshot?: SyncOperationSnapshot },
  ): WorkActor {
    return createActor(this.#operationLogic, { ...this.#parts.system.operation(id), ...from });
  }

  #crisis(
    id: string,
    from: { readonly input: CrisisInput; readonly snapshot?: CrisisSnapshot },
  ): WorkActor {
    return createActor(this.#crisisLogic, { ...this.#parts.system.operation(id), ...from });
  }
}
