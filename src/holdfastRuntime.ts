/**
 * A running holdfast: implementation of its public calls.
 *
 * @module
 */

import { inCallersContext } from '../actors/platform/inPieces.ts';
import { notConnected } from '../actors/platform/wires.ts';
import {
  type Acceptance,
  type Attempt,
  type CallFunction,
  type CallOptions,
  type CrisisAnswer,
  type CrisisPlans,
  type Engine,
  FACT_KINDS,
  type FactKind,
  type FactListener,
  type FactOf,
  type Handler,
  type Inspection,
  isEditBy,
  loadEntities,
  type OwnHandler,
  type RemoteChange,
  type RemoteChangeResult,
} from '../actors/port.ts';
import type { Feed } from '../inspector/feed/feed.ts';
import { areEntitiesKnown } from '../machines/merge/entities/rulesOf.ts';
import { bytesInMemory } from '../machines/policy/flow/flowPolicy.ts';
import type { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import { layersOf, type PolicyLayers } from '../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../machines/policy/layers/policyTable.ts';
import { checkedChange } from '../machines/policy/request/remoteChange.ts';
import type { CheckedRequest, SyncRequest } from '../machines/policy/request/request.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import {
  checkFields,
  milliseconds,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import { PRIORITIES } from '../machines/vocabulary/urgency.ts';
import type { BackupResult } from '../persistence/upkeep/backup.ts';
import { Bulk, type BulkAcceptance, type BulkOptions } from './bulk.ts';
import { type Entities, entitiesOf } from './entities.ts';
import { checkHandler } from './handlerOptions.ts';
import { makeReadyFor } from './http/send.ts';
import type { Inspector, InspectorOptions } from './inspect/inspectable.ts';
import type { OpenInspectors } from './inspect/openInspectors.ts';
import type { StatelyInspector, StatelyInspectorOptions } from './inspect/openStately.ts';
import { type Audit, audit } from './management/audit.ts';
import { type Conflicts, conflicts } from './management/conflicts.ts';
import { type Crises, crises } from './management/crises.ts';
import { type CrisisMode, crisisMode } from './management/crisisMode.ts';
import { type DeadLetters, deadLetters } from './management/deadLetters.ts';
import type { Management } from './management/management.ts';
import { countsOf, operationsOf, pageOf } from './management/operations.ts';
import { setPolicies, showPolicies } from './management/policies.ts';
import { type Quarantine, quarantine } from './management/quarantine.ts';
import { backup, health, releaseStore } from './management/store.ts';
import { type Subjects, subjects } from './management/subjects.ts';
import {
  type Operation,
  OperationHandle,
  type OperationParts,
  type Operations,
  operationHandle,
} from './operation.ts';
import { checkTierName, DEFAULT_UPSTREAM, type KeylessOptions } from './options.ts';
import type { OutsideHost } from './outside/outsideHost.ts';
import {
  RESILIENT_RULES,
  type ResilientOptions,
  type ResilientParts,
  type ResilientResult,
  resilientSync,
} from './resilientSync.ts';
import type { CrisisRequest, Runtime } from './runtime.ts';
import { BACKUP_RULES, type BackupOptions } from './upkeep/backupInThread.ts';
import { type UpstreamControl, upstreamControl } from './upstreamControl.ts';
import type { HealthStatus } from './views/health.ts';
import type { PolicyView, ResponseTimes } from './views/policyView.ts';

/** Limit on types named in an error; an app's types are in its own code. */
const TYPES_NAMED_MAX = 8;

function handlerUnknown(handlers: ReadonlyMap<string, unknown>): HoldfastError {
  const types = [...handlers.keys()].slice(0, TYPES_NAMED_MAX).join(', ');
  const others = handlers.size - TYPES_NAMED_MAX;
  const known =
    handlers.size === 0
      ? 'none is registered'
      : `registered are ${types}${others > 0 ? ` and ${others} more` : ''}`;
  return new HoldfastError(
    'HF_HANDLER_UNKNOWN',
    `type has no handler; ${known}. Register one with the option handlers or with runtime.handle(). Nothing was stored.`,
    { field: 'type' },
  );
}

/** What is closed with a runtime, and made after it. */
export class Doors {
  /** Called when the runtime begins to stop. */
  onClose: () => Promise<void> = notConnected;
  onClosed: () => void = notConnected;
}

export interface RuntimeParts {
  readonly options: KeylessOptions;
  readonly policies: PoliciesInForce;
  readonly engine: Engine;
  readonly responseTimes: ResponseTimes;
  readonly outside: OutsideHost | null;
  /** What an inspector watches. */
  readonly feed: Feed;
  readonly inspectors: OpenInspectors;
  readonly doors: Doors;
  readonly management: Management;
  /**
   * Checks a request; with `searchesLater` the search of a large body is put off.
   *
   * @throws HoldfastError what `sync()` throws for a bad request.
   */
  readonly checkRequest: (
    request: SyncRequest,
    searchesLater?: (search: Pieces<void>) => void,
  ) => CheckedRequest;
  /** Notified of failures that no caller sees. */
  readonly onError: (error: unknown) => void;
}

const CLOSE_DEADLINE_MS = 5_000;

const CALL_RULES: OptionRules<CallOptions> = {
  tier: 'text',
  priority: { oneOf: PRIORITIES },
  type: 'text',
  subject: 'text',
  retry: 'boolean',
  isRepeatSafe: 'boolean',
  timeoutMs: milliseconds(1),
  deadlineMs: milliseconds(1),
  signal: 'signal',
  waitWhileDown: 'boolean',
  classify: 'function',
};

export class HoldfastRuntime implements Runtime {
  /** Settles once all bodies that came are searched; `null` if none is being searched. */
  #searching: Promise<void> | null = null;
  #searchingBytes = 0;
  /** What the request that is being checked has put off. */
  #search: Pieces<void> | null = null;
  readonly #searchesLater = (search: Pieces<void>): void => {
    this.#search = search;
  };
  readonly #parts: RuntimeParts;
  readonly #operationParts: OperationParts;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly ready: Promise<void>;
  readonly operations: Operations;
  readonly entities: Entities;
  readonly crisisPlans: CrisisPlans;
  readonly crisisMode: CrisisMode;
  readonly crises: Crises;
  readonly conflicts: Conflicts;
  readonly deadLetters: DeadLetters;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly subjects: Subjects;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.ready = parts.engine.ready;
    const { engine, management, options, onError } = parts;
    this.#operationParts = { engine, clock: options.clock, onError };
    this.#handlers = engine.handlers;
    this.operations = {
      get: (id) => operationHandle(this.#operationParts, id),
      list: (search = {}) => operationsOf(management, search),
      page: (query = {}) => pageOf(management, query),
      count: (filter = {}) => countsOf(management, filter),
    };
    this.entities = entitiesOf(parts.engine.entities, (request) => this.sync(request));
    this.crisisPlans = parts.engine.crisisPlans;
    this.crisisMode = crisisMode(parts.management);
    this.crises = crises(parts.management);
    this.conflicts = conflicts(parts.management);
    this.deadLetters = deadLetters(parts.management, () => parts.options.clock.now());
    this.quarantine = quarantine(parts.management);
    this.audit = audit(parts.management);
    this.subjects = subjects(parts.management, () => parts.options.clock.now());
    // A program that never looks at `ready` still gets its crises answered.
    this.ready.catch(() => undefined);
  }

  /** What an inspector watches. */
  get feed(): Feed {
    return this.#parts.feed;
  }

  /** The charts that its engine runs. @internal */
  get inspection(): Inspection {
    return this.#parts.engine.inspection;
  }

  sync(request: SyncRequest): Promise<Operation> {
    // Before the first start: the rules of its entity decide what an edit may be.
    if (!areEntitiesKnown()) return this.#syncOnceKnown(request);
    try {
      const checked = this.#checkHandled(request, this.#searchesLater);
      const searched = this.#searched(checked);
      if (searched !== null) return searched.then(() => this.#synced(checked));
      return this.#synced(checked);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #syncOnceKnown(request: SyncRequest): Promise<Operation> {
    await loadEntities();
    return await this.sync(request);
  }

  #synced(checked: CheckedRequest): Promise<Operation> {
    const fromMs = this.#operationParts.clock.monotonic();
    return this.#enter(checked, fromMs).then(({ id, isDuplicate }) => {
      this.#record(checked, fromMs);
      const handler = this.#handlers.get(checked.type);
      const isEdit = handler?.conflicts !== undefined && isEditBy(handler, checked);
      return new OperationHandle(
        this.#operationParts,
        id,
        isDuplicate,
        isEdit ? checked.body : null,
      );
    });
  }

  async remoteChange(change: RemoteChange): Promise<RemoteChangeResult> {
    const { engine, options } = this.#parts;
    const { payloadBytesMax } = options;
    this.#search = null;
    const checked = checkedChange(change, payloadBytesMax, this.#searchesLater);
    const body = this.#search === null ? '' : JSON.stringify(checked.value);
    const searched = this.#searched({ priority: 'normal', body });
    if (searched !== null) await searched;
    return await engine.entities.remoteChange(checked);
  }

  async syncAll(
    requests: Iterable<SyncRequest> | AsyncIterable<SyncRequest>,
    options: BulkOptions = {},
  ): Promise<BulkAcceptance> {
    const { engine } = this.#parts;
    const bulk = new Bulk(
      {
        clock: this.#parts.options.clock,
        opening: () => (engine.isAccepting ? null : engine.whenRunning()),
        check: (request, searchesLater) => this.#checkHandled(request, searchesLater),
        inSlices: (search) => engine.inSlices(search),
        accept: (request) => engine.acceptMany(request),
      },
      options,
    );
    return await bulk.run(requests);
  }

  /** Accepts one request of a client's bulk. */
  async acceptMany(request: SyncRequest): Promise<Acceptance> {
    const { engine } = this.#parts;
    if (!areEntitiesKnown()) await loadEntities();
    const checked = this.#checkHandled(request, this.#searchesLater);
    const searched = this.#searched(checked);
    if (searched !== null) await searched;
    if (!engine.isAccepting) await engine.whenRunning();
    return await engine.acceptMany(checked);
  }

  async executeResilientSync<Response, Payload>(
    request: Omit<SyncRequest, 'subject' | 'payload'> & {
      readonly payload?: Payload | undefined;
      readonly upstream?: string | undefined;
    },
    userId: string,
    run: (attempt: Attempt<Payload>) => Promise<Response> | Response,
    options: ResilientOptions = {},
  ): Promise<ResilientResult<Response>> {
    requireOption(typeof run === 'function', 'run', 'must be a function');
    checkFields(options, RESILIENT_RULES, '');
    const { engine, checkRequest, options: of } = this.#parts;
    const { upstream = DEFAULT_UPSTREAM, ...rest } = request;
    if (!areEntitiesKnown()) await loadEntities();
    // The caller states the types; the request is checked and kept as JSON.
    const given = { ...rest, subject: userId } as SyncRequest;
    this.#search = null;
    const checked = checkRequest(given, this.#searchesLater);
    askRun(run as unknown as Handler['run'], checked);
    const searched = this.#searched(checked);
    if (searched !== null) await searched;
    engine.upstream(upstream);
    const parts: ResilientParts = {
      engine,
      clock: of.clock,
      crisisType: of.crisis.type,
      accept: (accepted, handler, withinMs) => this.#accept(accepted, { handler, withinMs }),
      onError: this.#parts.onError,
    };
    const result = await resilientSync(parts, {
      request: checked,
      upstream,
      run: run as unknown as Handler['run'],
      options,
      deadlineMs: options.deadlineMs ?? this.#responseDeadlineMs(checked, upstream),
    });
    return result as unknown as ResilientResult<Response>;
  }

  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    if (options !== undefined || typeof run !== 'function') {
      try {
        requireOption(typeof run === 'function', 'run', 'must be a function');
        if (options !== undefined) {
          checkFields(options, CALL_RULES, '');
          checkTierName(options.tier, this.#parts.options.tiers, 'tier');
        }
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const classify = options?.classify && inCallersContext(options.classify);
    const how = classify === undefined ? options : { ...options, classify };
    return this.#parts.engine.call(upstream, inCallersContext(run), how);
  }

  async crisis(request: CrisisRequest): Promise<CrisisAnswer> {
    const { engine, responseTimes } = this.#parts;
    const answer = await engine.crisis(request);
    responseTimes.record('crisis', answer.elapsedMs);
    return answer;
  }

  async handle(type: string, handler: Handler): Promise<void> {
    checkHandler(type, handler, this.#parts.options.upstreams);
    await this.#parts.engine.handle(type, handler);
    if (type === this.#parts.options.crisis.type) makeReadyFor([handler.run]);
    this.#parts.outside?.handlersChanged();
  }

  policies(scope: PolicyScope = {}): readonly PolicyView[] {
    return this.#parts.management.now(showPolicies, scope);
  }

  policyLayers(): PolicyLayers {
    return layersOf(this.#parts.policies.table.entries);
  }

  setPolicies(layers: PolicyLayers): void {
    this.#parts.management.now(setPolicies, { layers });
  }

  getHealthStatus(): HealthStatus {
    return this.#parts.management.now(health, {});
  }

  async health(): Promise<HealthStatus> {
    return this.getHealthStatus();
  }

  subscribe(listener: FactListener): () => void;
  subscribe<Kind extends FactKind>(kind: Kind, listener: (fact: FactOf<Kind>) => void): () => void;
  subscribe(kind: FactKind | FactListener, listener?: unknown): () => void {
    const { engine } = this.#parts;
    const isOfOneKind = typeof kind === 'string';
    const told = isOfOneKind ? listener : kind;
    if (isOfOneKind) {
      const rule = 'must be a kind of facts; docs/facts.md has all';
      requireOption(FACT_KINDS.includes(kind), 'kind', rule);
    }
    requireOption(typeof told === 'function', 'listener', 'must be a function');
    return engine.subscribe(told as FactListener, isOfOneKind ? [kind] : undefined);
  }

  async inspector(options: InspectorOptions = {}): Promise<Inspector> {
    return await this.#parts.inspectors.open(options);
  }

  async statelyInspector(options: StatelyInspectorOptions = {}): Promise<StatelyInspector> {
    return await this.#parts.inspectors.openStately(options);
  }

  async backup(path: string, options: BackupOptions = {}): Promise<BackupResult> {
    checkFields(options, BACKUP_RULES, '');
    return await this.#parts.management.call(backup, { ...options, path });
  }

  async start(): Promise<void> {
    await this.#parts.engine.startAgain();
  }

  async release(): Promise<boolean> {
    const { wasHeld } = await this.#parts.management.call(releaseStore, {});
    return wasHeld;
  }

  upstream(name: string): UpstreamControl {
    const { engine, management } = this.#parts;
    return upstreamControl(engine, management, name);
  }

  async close(options: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    checkFields(options, { deadlineMs: 'span' }, '');
    try {
      await this.#parts.doors.onClose();
      await this.#parts.engine.stop(options.deadlineMs ?? CLOSE_DEADLINE_MS);
    } finally {
      this.#parts.doors.onClosed();
      await this.#parts.inspectors.close();
    }
  }

  /** @throws HoldfastError what is wrong with it; `HF_HANDLER_UNKNOWN`. */
  #checkHandled(
    request: SyncRequest,
    searchesLater?: (search: Pieces<void>) => void,
  ): CheckedRequest {
    this.#search = null;
    const checked = this.#parts.checkRequest(request, searchesLater);
    const handler = this.#handlers.get(checked.type);
    if (handler === undefined) throw handlerUnknown(this.#handlers);
    if (handler.run.checkRequest !== undefined) askRun(handler.run, checked);
    return checked;
  }

  /**
   * Searches a large body for card data in slices. Later requests wait, so that all but crises are accepted in the
   * order in which they came; `null` if there is nothing to wait for.
   *
   * @throws HoldfastError `HF_STORE_HANGING` where as much waits for that as may be kept in memory.
   */
  #searched({ priority, body }: Pick<CheckedRequest, 'priority' | 'body'>): Promise<void> | null {
    const before = this.#searching;
    const search = this.#search;
    this.#search = null;
    if (search === null) return priority === 'crisis' ? null : before;
    const bytes = bytesInMemory(body.length);
    if (this.#searchingBytes + bytes > this.#parts.options.unwrittenBytesMax) {
      throw new HoldfastError(
        'HF_STORE_HANGING',
        `Large requests of ${this.#searchingBytes} bytes wait to be looked through, as much as may (unwrittenBytesMax). Nothing was stored; send it again later.`,
        { retry: 'later', withStack: false },
      );
    }
    this.#searchingBytes += bytes;
    const searched = Promise.all([this.#parts.engine.inSlices(search), before]).then(
      () => undefined,
    );
    // A search that fails at once may end before earlier ones.
    const isOver = Promise.allSettled([searched, before]).then(() => {
      this.#searchingBytes -= bytes;
      if (this.#searching === isOver) this.#searching = null;
    });
    this.#searching = isOver;
    return searched;
  }

  /** Response deadline of a request, in milliseconds from its call (PF-1). */
  #responseDeadlineMs({ tier, type }: CheckedRequest, upstream: string): number {
    const { table } = this.#parts.policies;
    // A request of priority crisis has the deadline of its tier; only `crisis()` keeps CR-1.
    return table.operation(upstream, tier, type).responseDeadlineMs;
  }

  /** Accepts within the response deadline, or rejects because the disk stalls (docs/decisions/0019). */
  #enter(request: CheckedRequest, fromMs: number, own?: OwnWork): Promise<Acceptance> {
    const upstream = this.#handlers.get(request.type)?.upstream ?? DEFAULT_UPSTREAM;
    const withinMs = own?.withinMs ?? this.#responseDeadlineMs(request, upstream);
    return this.#parts.engine.accept(request, { withinMs, fromMs, handler: own?.handler });
  }

  async #accept(request: CheckedRequest, own: OwnWork): Promise<Acceptance> {
    const fromMs = this.#operationParts.clock.monotonic();
    const acceptance = await this.#enter(request, fromMs, own);
    this.#record(request, fromMs);
    return acceptance;
  }

  /** The caller of a request has its answer. */
  #record({ tier }: CheckedRequest, fromMs: number): void {
    this.#parts.responseTimes.record(tier, this.#operationParts.clock.monotonic() - fromMs);
  }
}

interface OwnWork {
  readonly handler: OwnHandler;
  readonly withinMs: number;
}

/** @throws HoldfastError what a function could never send. */
function askRun({ checkRequest }: Handler['run'], request: CheckedRequest): void {
  // Nothing refuses a crisis.
  if (request.priority !== 'crisis') checkRequest?.(request);
}
