/**
 * A client of a store: what each call of its public face does.
 *
 * @module
 */

import { entered } from '../actors/platform/callerContext.ts';
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
import type { Clock } from '../machines/vocabulary/clock.ts';
import { checkFields } from '../machines/vocabulary/optionFields.ts';
import type { Random } from '../machines/vocabulary/random.ts';
import { Bulk, type BulkAcceptance, type BulkOptions } from './bulk.ts';
import type { Client } from './client.ts';
import { type ClientCrises, outcomeOf } from './connect/clientCrises.ts';
import type { AskName, Asks, WireRequest } from './connect/lineProtocol.ts';
import type { OwnerLink } from './connect/ownerLink.ts';
import { type Entities, entitiesOf } from './entities.ts';
import type { Caller, ManagementCall } from './management/call/managementCall.ts';
import { type Conflicts, conflicts } from './management/conflicts/conflicts.ts';
import { type Crises, crises } from './management/crises/crises.ts';
import { enterCrisisMode } from './management/crisisMode/enter.ts';
import { leaveCrisisMode } from './management/crisisMode/leave.ts';
import { listCrisisMode } from './management/crisisMode/list.ts';
import { type DeadLetters, deadLetters } from './management/deadLetters/deadLetters.ts';
import { type Quarantine, quarantine } from './management/quarantine/quarantine.ts';
import { health } from './management/store/health.ts';
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
  /** Told of what no caller hears of. */
  readonly onError: (error: unknown) => void;
  /** The runtime of this process, while it owns the store. */
  readonly runtime: () => Runtime | null;
  /** How long what is in flight at this process may take to end, from now on. */
  readonly closeWithin: (deadlineMs: number) => void;
}

interface Wired {
  readonly wire: WireRequest;
  readonly body: string;
  /** Its key is one of ours. */
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
  readonly crisisMode: Client['crisisMode'];

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const { link } = parts;
    this.ready = link.whenOwned();
    // Who never looks at it still has its crises answered.
    this.ready.catch(() => undefined);
    const caller: Caller = { call: (call, params) => this.#call(call, params) };
    this.entities = entitiesOf(entered(entitiesBy(link)), (request) => this.sync(request));
    this.crises = crises(caller);
    this.conflicts = conflicts(caller);
    this.deadLetters = deadLetters(caller, () => parts.clock.now());
    this.quarantine = quarantine(caller);
    this.crisisMode = {
      enter: (order) => this.#call(enterCrisisMode, order),
      leave: (order) => this.#call(leaveCrisisMode, order),
      list: () => this.#call(listCrisisMode, {}),
    };
    const { clock, onError } = parts;
    const byId: OperationParts = { engine: entered(operationsBy(link)), clock, onError };
    this.#byId = byId;
    // What finds operations knows the states of charts, and is loaded where somebody looks for some.
    const finder = () => import('./management/operations/operations.ts');
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
    // Whether its handler merges, the owner knows.
    const edit = wire.entity === null ? null : body;
    // Under a key of our own it is one that was sent before a change of owner.
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
        // Nothing is put off here.
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
   * A request as it is sent. What can be checked without an owner is: that checks schemas, and what may hold
   * card data. Without a key one that has to be sent again would be two.
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

  /** One that changes something is not made twice: its caller looks whether it was. */
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

/** What is large is searched for card data by the owner, which does it in slices. */
function leftToOwner(): void {
  // Nothing is searched here.
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
      // The next owner tells it from the beginning.
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

/** Operations at the owner of the store, as the handle of one asks for them. */
function operationsBy(link: OwnerLink): OperationsById {
  return {
    async outcome(id): Promise<Outcome> {
      return outcomeOf(await link.ask('outcome', { id }, { patience: 'endless' }).answer);
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
    // They are in memory where the store is owned.
    viewNow: () => null,
  };
}
