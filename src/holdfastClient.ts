/**
 * A client of a store: implementation of its public calls.
 *
 * @module
 */

import { entered } from '../actors/platform/inPieces.ts';
import type {
  CrisisAnswer,
  EntityAccess,
  EntityView,
  Outcome,
  RemoteChange,
  RemoteChangeResult,
} from '../actors/port.ts';
import { checkedChange } from '../machines/policy/request/remoteChange.ts';
import { checkRequest, type SyncRequest } from '../machines/policy/request/request.ts';
import { encodeBody } from '../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import { checkFields } from '../machines/vocabulary/optionFields.ts';
import { Bulk, type BulkAcceptance, type BulkOptions } from './bulk.ts';
import type { Client } from './client.ts';
import { type ClientCrises, outcomeOf } from './connect/clientCrises.ts';
import type { AskName, Asks, WireRequest } from './connect/lineProtocol.ts';
import type { OwnerLink } from './connect/ownerLink.ts';
import { type Entities, entitiesOf } from './entities.ts';
import { type Audit, audit } from './management/audit.ts';
import { type Conflicts, conflicts } from './management/conflicts.ts';
import { type Crises, crises } from './management/crises.ts';
import { enterCrisisMode, leaveCrisisMode, listCrisisMode } from './management/crisisMode.ts';
import { type DeadLetters, deadLetters } from './management/deadLetters.ts';
import type { Caller, ManagementCall } from './management/managementCall.ts';
import { type Quarantine, quarantine } from './management/quarantine.ts';
import { health } from './management/store.ts';
import {
  type Operation,
  type OperationParts,
  type Operations,
  type OperationsById,
  operationHandle,
} from './operation.ts';
import type { CrisisRequest, Runtime } from './runtime.ts';
import type { HealthStatus } from './views/health.ts';

export interface ClientParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: OwnerLink;
  readonly clientCrises: ClientCrises;
  /** Notified of failures that no caller sees. */
  readonly onError: (error: unknown) => void;
  /** The runtime of this process, while it owns the store. */
  readonly runtime: () => Runtime | null;
  /** Sets how long work in flight at this process may take at close. */
  readonly closeWithin: (deadlineMs: number) => void;
}

interface Wired {
  readonly wire: WireRequest;
  readonly body: string;
  /** Whether the idempotency key was made here. */
  readonly isMinted: boolean;
}

/** The owner knows its limit, and a frame has one. */
const BYTES_MAX = Number.MAX_SAFE_INTEGER;

export class HoldfastClient implements Client {
  readonly #parts: ClientParts;
  readonly #byId: OperationParts;
  readonly ready: Promise<void>;
  readonly operations: Operations;
  readonly entities: Entities;
  readonly crises: Crises;
  readonly conflicts: Conflicts;
  readonly deadLetters: DeadLetters;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly crisisMode: Client['crisisMode'];

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const { link } = parts;
    this.ready = link.whenOwned();
    // An app that never looks at `ready` still gets its crises answered.
    this.ready.catch(() => undefined);
    const caller: Caller = { call: (call, params) => this.#call(call, params) };
    this.entities = entitiesOf(entered(entitiesBy(link)), (request) => this.sync(request));
    this.crises = crises(caller);
    this.conflicts = conflicts(caller);
    this.deadLetters = deadLetters(caller, () => parts.clock.now());
    this.quarantine = quarantine(caller);
    this.audit = audit(caller);
    this.crisisMode = {
      enter: (order) => this.#call(enterCrisisMode, order),
      leave: (order) => this.#call(leaveCrisisMode, order),
      list: () => this.#call(listCrisisMode, {}),
    };
    const { clock, onError } = parts;
    const byId: OperationParts = { engine: entered(operationsBy(link)), clock, onError };
    this.#byId = byId;
    // What finds operations knows the states of charts, and is loaded where somebody looks for some.
    const finder = () => import('./management/operations.ts');
    this.operations = {
      get: (id) => operationHandle(byId, id),
      async *list(search = {}) {
        yield* (await finder()).operationsOf(caller, search);
      },
      page: async (query = {}) => await (await finder()).pageOf(caller, query),
      count: async (filter = {}) => await (await finder()).countsOf(caller, filter),
    };
  }

  get runtime(): Runtime | null {
    return this.#parts.runtime();
  }

  async sync(request: SyncRequest): Promise<Operation> {
    const { wire, body, isMinted } = this.#wire(request);
    const { id, isDuplicate } = await this.#ask('sync', wire);
    // Only the owner knows whether the handler merges.
    const edit = wire.entity === null ? null : body;
    // A duplicate under a key made here is this request, sent before a change of owner.
    return operationHandle(this.#byId, id, isDuplicate && !isMinted, edit);
  }

  async remoteChange(change: RemoteChange): Promise<RemoteChangeResult> {
    return await this.#ask('remoteChange', checkedChange(change, BYTES_MAX, leftToOwner));
  }

  async syncAll(
    requests: Iterable<SyncRequest> | AsyncIterable<SyncRequest>,
    options: BulkOptions = {},
  ): Promise<BulkAcceptance> {
    const { clock, link } = this.#parts;
    const bulk = new Bulk(
      {
        clock,
        opening: () => (link.seat === null ? link.whenOwned() : null),
        check: (request) => this.#wire(request),
        // Nothing is put off.
        inSlices: () => Promise.resolve(),
        accept: async ({ wire, isMinted }) => {
          const asked = link.ask('syncMany', wire, { patience: 'boundedWithoutOwner' });
          const { id, isDuplicate } = await asked.answer;
          return { id, isDuplicate: isDuplicate && !isMinted };
        },
      },
      options,
    );
    return await bulk.run(requests);
  }

  async crisis(request: CrisisRequest): Promise<CrisisAnswer> {
    return await this.#parts.clientCrises.answer(request);
  }

  async health(): Promise<HealthStatus> {
    return await this.#call(health, {});
  }

  async close(options: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    checkFields(options, { deadlineMs: 'span' }, '');
    const { link, closeWithin } = this.#parts;
    if (options.deadlineMs !== undefined) closeWithin(options.deadlineMs);
    await link.close();
  }

  /**
   * Checks a request as far as that needs no owner, which checks schemas and card data. A request without a key gets
   * one: sent again, it would be two.
   */
  #wire(request: SyncRequest): Wired {
    const exemptionsOf = () => () => true;
    const checked = checkRequest(request, {
      payloadBytesMax: BYTES_MAX,
      exemptionsOf,
      searchesLater: leftToOwner,
      tiers: 'unknown',
    });
    const { body, idempotencyKey } = checked;
    const key = idempotencyKey ?? this.#parts.random.uuid();
    const wire = { ...checked, tier: request.tier ?? null, idempotencyKey: key };
    return { wire, body, isMinted: idempotencyKey === null };
  }

  async #ask<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'],
  ): Promise<Asks[Name]['result']> {
    return await this.#parts.link.ask(name, params, { patience: 'bounded' }).answer;
  }

  /**
   * Makes a management call. One that changes something is never repeated: its caller checks whether it took effect.
   */
  async #call<Params extends object, Result>(
    { name, override }: ManagementCall<Params, Result>,
    params: Params,
  ): Promise<Awaited<Result>> {
    // JSON would change in silence what the owner would refuse.
    const { payload } = params as { readonly payload?: unknown };
    if (payload !== undefined) {
      const rules = { bytesMax: BYTES_MAX, isExempt: () => true, searchesLater: leftToOwner };
      encodeBody({ payload, base: undefined }, rules);
    }
    const how = { patience: 'bounded', isRepeatable: override === null } as const;
    return (await this.#parts.link.ask('call', { name, params }, how).answer) as Awaited<Result>;
  }
}

/** Leaves the search of large bodies for card data to the owner, which does it in slices. */
function leftToOwner(): void {
  // Nothing to search.
}

/** Records at the owner of the store. */
function entitiesBy(link: OwnerLink): Omit<EntityAccess, 'remoteChange'> {
  const bounded = { patience: 'bounded' } as const;
  return {
    get: (entity) => link.ask('entity', { entity }, bounded).answer,
    page: (query) => link.ask('entityPage', query, bounded).answer,
    removed: (entity) => link.ask('entityRemoved', { entity }, bounded).answer,
    restoring: (entity, path) => link.ask('entityRestoring', { entity, path }, bounded).answer,
    forget: (entity) => link.ask('entityForget', { entity }, bounded).answer,
    subscribe(entity, listener) {
      // The next owner reports from the beginning.
      let told: string | null = null;
      const watching = link.ask(
        'entityWatch',
        { entity },
        {
          patience: 'endless',
          told: (view: EntityView | null) => {
            const text = JSON.stringify(view);
            if (text === told) return undefined;
            told = text;
            return listener(view);
          },
        },
      );
      watching.answer.catch(() => undefined);
      return () => {
        watching.stop();
      };
    },
  };
}

/** Operations at the owner of the store, as a handle asks for them. */
function operationsBy(link: OwnerLink): OperationsById {
  return {
    outcome(id): Promise<Outcome> {
      const ended = link.ask('outcome', { id }, { patience: 'endless' }).answer.then(outcomeOf);
      ended.catch(() => undefined);
      return ended;
    },
    view: (id) => link.ask('view', { id }, { patience: 'bounded' }).answer,
    watch(id, listener) {
      const params = (isRepeat: boolean) => ({ id, isRepeat });
      const watching = link.ask('watch', params, { patience: 'endless', told: listener });
      watching.answer.catch(() => undefined);
      return () => {
        watching.stop();
      };
    },
    tell: (id, wish) => link.ask('tell', { id, wish }, { patience: 'bounded' }).answer,
    // Only the owner has them in memory.
    viewNow: () => null,
  };
}
