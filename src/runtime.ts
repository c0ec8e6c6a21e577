/**
 * The public face of a running holdfast: what an app calls, and what each call promises.
 *
 * @module
 */

import { inTime } from '../actors/platform/inTime.ts';
import type {
  Acceptance,
  Attempt,
  CallFunction,
  CallOptions,
  CrisisAnswer,
  Engine,
  FactListener,
  Handler,
  OperationPage,
  Outcome,
} from '../actors/port.ts';
import type { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import type { CheckedRequest, SyncRequest } from '../machines/policy/request/request.ts';
import { type HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { Json } from '../machines/vocabulary/json.ts';
import { checkFields, requireOption } from '../machines/vocabulary/optionFields.ts';
import { milliseconds, type OptionRules } from '../machines/vocabulary/optionRules.ts';
import { PRIORITIES, TIERS } from '../machines/vocabulary/urgency.ts';
import type { BackupResult } from '../persistence/upkeep/backup.ts';
import { Bulk, type BulkAcceptance, type BulkOptions } from './bulk.ts';
import type { ControlServer } from './control/controlServer.ts';
import type { Management } from './management/call/management.ts';
import { type DeadLetters, deadLetters } from './management/deadLetters/deadLetters.ts';
import { type Quarantine, quarantine } from './management/quarantine/quarantine.ts';
import { backup } from './management/store/backup.ts';
import { health } from './management/store/health.ts';
import { listOperations } from './management/store/listOperations.ts';
import { releaseStore } from './management/store/release.ts';
import { type Operation, operationHandle } from './operation.ts';
import { checkHandler, DEFAULT_UPSTREAM, type KeylessOptions } from './options.ts';
import { handlerUnknown } from './refusals.ts';
import { BACKUP_RULES, type BackupOptions } from './upkeep/backupInThread.ts';
import { type UpstreamControl, upstreamControl } from './upstreamControl.ts';
import type { HealthStatus } from './views/health.ts';
import type { ResponseTimes } from './views/responseTimes.ts';

/**
 * A call to `crisis()`: like a request, but everything except the subject may be left out. What else
 * breaks a rule of requests is left out for the caller, who is told through `onError`
 * (`HF_CRISIS_MENDED`). A payload of more than 8 kB is read after the answer: leave it as it is until
 * `durable` is settled.
 */
export type CrisisRequest = Pick<SyncRequest, 'subject'> &
  Partial<Omit<SyncRequest, 'subject' | 'priority' | 'expiresAtMs'>>;

/** What `executeResilientSync` answers. */
export interface ResilientResult {
  /** True once the upstream has answered; false while it is still being tried, or when it was given up. */
  readonly success: boolean;
  readonly response: Json | undefined;
  readonly resilience: {
    readonly operationId: string;
    /** `accepted`: it goes on after this answer; see {@link Runtime.getOperation}. */
    readonly status: Outcome['status'] | 'accepted';
    readonly attempts: number;
    readonly error: HoldfastError | undefined;
  };
  readonly metrics: { readonly elapsedMs: number };
}

/** A running holdfast, made by `createRuntime`. Its holder has full authority over the store. */
export interface Runtime {
  /**
   * Settles with the first start: resolves once the store is open and recovery is under way; rejects
   * with the reason it can't be. After that a start is tried again where the cause may pass (SV-6):
   * {@link start} tells when it has succeeded. A program that gives up at a rejection calls
   * {@link close}, or it takes the store over as soon as it can.
   */
  readonly ready: Promise<void>;
  /**
   * Resolves once it runs, however many starts that takes; what failed is tried again at once and
   * then, for a cause that may pass (`HF_STORE_OWNED` while another process has the store, a full or
   * sick disk, `HF_KEY_UNAVAILABLE`), every few seconds. So a process that is started before the old
   * one has ended takes the store over: `await runtime.start()`.
   *
   * @throws HoldfastError (rejects) what does not pass by itself, as `HF_KEY_WRONG`, `HF_STORE_NEWER`
   * or `HF_STORE_CORRUPT`: mend it and call again. `HF_CLOSED` after {@link close}.
   */
  start(): Promise<void>;
  /**
   * Accepts a request. Resolves once it is on disk and synced (OP-2); from then on it is not lost.
   *
   * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE`, `HF_CARD_NUMBER_REFUSED`,
   * `HF_HANDLER_UNKNOWN`, `HF_IDEMPOTENCY_CONFLICT`, `HF_STORE_STALLED`, `HF_QUEUE_FULL`,
   * `HF_STORE_…`, `HF_CLOSED`.
   */
  sync(request: SyncRequest): Promise<Operation>;
  /**
   * Accepts many requests under one promise, many times faster than one by one: they are read as fast
   * as the disk takes them, with a bounded number under way, and `onResult` is told what became of
   * each. A bad one is refused at its place and the rest goes on. Accepted operations wait on disk for
   * their turn; crises among them go out at once. Unlike {@link sync} it has no deadline: where the
   * disk stalls, it waits.
   *
   * Resolves once every request is certain; rejects, all that was read before being certain, with
   * `HF_CLOSED` or `HF_STORE_…` when the runtime can't go on, and with what `requests` or `onResult`
   * throw. Sending the rest, or all, again under the same keys is safe.
   */
  syncAll(
    requests: Iterable<SyncRequest> | AsyncIterable<SyncRequest>,
    options?: BulkOptions,
  ): Promise<BulkAcceptance>;
  /**
   * Runs a function as a durable operation and answers within the response deadline of its tier:
   * with the outcome, or with `accepted` while it goes on. The function lives with the process;
   * after a restart the operation waits for a handler of its type.
   */
  executeResilientSync(
    request: Omit<SyncRequest, 'subject'> & { readonly upstream?: string | undefined },
    userId: string,
    run: (attempt: Attempt) => Promise<Json | undefined> | Json | undefined,
  ): Promise<ResilientResult>;
  /**
   * Calls an upstream under its flow control, without durability: the function runs once a permit is its,
   * within a time-out that follows the upstream's latency, and again where that may help. Nothing of it is
   * kept: what must not be lost goes through {@link sync}.
   *
   * A call waits in memory for its turn, the more urgent first. While the upstream is down it is refused
   * at once with `HF_UPSTREAM_DOWN`, but for the calls that probe it, unless it may `waitWhileDown`. What the function throws
   * last is what the call rejects with; `transientFailure()`, `permanentFailure()` and others of that kind
   * say what it means, and so does the `status` of an `AttemptFailure`.
   *
   * @example
   * const rates = await runtime.call('payments', async ({ signal }) => {
   *   const answer = await fetch(`${baseUrl}/rates`, { signal });
   *   if (!answer.ok) throw transientFailure('No rates.', { status: answer.status });
   *   return await answer.json();
   * }, { tier: 'premium', deadlineMs: 3_000 });
   *
   * @throws HoldfastError (rejects) `HF_UPSTREAM_UNKNOWN`, `HF_OPTION_INVALID`, `HF_UPSTREAM_DOWN`,
   * `HF_QUEUE_FULL` while 1000 calls wait for the upstream, `HF_ATTEMPT_TIMED_OUT`, `HF_EXPIRED` after
   * `deadlineMs`, `HF_CLOSED`; the reason of `signal`; and what the function throws.
   */
  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value>;
  /** Answers a person in crisis at once. Never rejects (CR-1). */
  crisis(request: CrisisRequest): Promise<CrisisAnswer>;
  /**
   * Registers a handler, also while running; what waited for one of its type goes on (OP-7).
   *
   * @throws HoldfastError `HF_OPTION_INVALID`, `HF_UPSTREAM_UNKNOWN`.
   */
  handle(type: string, handler: Handler): Promise<void>;
  /** A handle on an operation by its id. */
  getOperation(id: string): Operation;
  /**
   * Operations in order of acceptance, a page of at most 1000 at a time (default 100); go on with
   * `nextAfterSeq`.
   *
   * @throws HoldfastError `HF_OPTION_INVALID`.
   */
  listOperations(query?: {
    readonly afterSeq?: number | undefined;
    readonly limit?: number | undefined;
  }): Promise<OperationPage>;
  /** What was given up and waits for a person (OP-5). */
  readonly deadLetters: DeadLetters;
  /** What could not be opened or read and was quarantined (PS-3). */
  readonly quarantine: Quarantine;
  /** How it is doing at this moment; reads memory only, and works in every phase. */
  getHealthStatus(): HealthStatus;
  /**
   * Tells `listener` of everything that happens from now on, in order, until the returned function is
   * called: acceptances, attempts, breakers, levels and their causes, what waits and why, endings.
   * Works in every phase. What ended is told of once that is on disk. A fact says nothing of a payload,
   * a subject or an entity; docs/facts.md lists them all.
   *
   * It is called right after the work that it is told of, before anything else runs: be quick, and hand
   * on what takes longer. It may call the runtime. A listener that throws harms nothing; `onError` is
   * told once.
   *
   * @example
   * const leave = runtime.subscribe((fact) => {
   *   if (fact.kind === 'breaker.changed' && fact.to === 'open') page(fact.upstream, fact.why);
   * });
   *
   * @throws HoldfastError `HF_OPTION_INVALID`.
   */
  subscribe(listener: FactListener): () => void;
  /**
   * Copies the store, as it stands at one moment, into a new folder (PS-5). No call waits for it.
   *
   * @throws HoldfastError `HF_TARGET_EXISTS`, `HF_STORE_FULL`, `HF_STORE_…`, `HF_OPTION_INVALID` for
   * a store in memory.
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>;
  /**
   * Lets a held store go (PS-5): what waits in it runs from now on. Resolves once that is on disk;
   * `false` where it was not held.
   *
   * @throws HoldfastError `HF_STORE_…`: it is held still.
   */
  release(): Promise<boolean>;
  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstream(name: string): UpstreamControl;
  /**
   * Stops: admits nothing, lets what is in flight finish until the deadline (default 5 s), writes
   * where the rest stands, closes. A second call stops at once. Nothing is lost either way (SV-4).
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}

export interface RuntimeParts {
  readonly options: KeylessOptions;
  readonly policies: PoliciesInForce;
  readonly engine: Engine;
  readonly responseTimes: ResponseTimes;
  readonly control: ControlServer | null;
  readonly management: Management;
  /** @throws HoldfastError what `sync()` throws for a bad request. */
  readonly checkRequest: (request: SyncRequest) => CheckedRequest;
}

const CLOSE_DEADLINE_MS = 5_000;

const CALL_RULES: OptionRules<CallOptions> = {
  tier: { oneOf: TIERS },
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
  readonly #parts: RuntimeParts;
  readonly ready: Promise<void>;
  readonly deadLetters: DeadLetters;
  readonly quarantine: Quarantine;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.ready = parts.engine.ready;
    this.deadLetters = deadLetters(parts.management, () => parts.options.clock.now());
    this.quarantine = quarantine(parts.management);
    // A program that never looks at `ready` still gets its crises answered.
    this.ready.catch(() => undefined);
  }

  async sync(request: SyncRequest): Promise<Operation> {
    const checked = this.#parts.checkRequest(request);
    this.#requireHandler(checked.type);
    const { id, isDuplicate } = await this.#accept(checked);
    return operationHandle(this.#parts.engine, id, isDuplicate);
  }

  async syncAll(
    requests: Iterable<SyncRequest> | AsyncIterable<SyncRequest>,
    options: BulkOptions = {},
  ): Promise<BulkAcceptance> {
    const { engine, checkRequest } = this.#parts;
    const bulk = new Bulk(
      {
        clock: this.#parts.options.clock,
        opening: () => (engine.isAccepting ? null : engine.whenRunning()),
        check: (request) => {
          const checked = checkRequest(request);
          this.#requireHandler(checked.type);
          return checked;
        },
        accept: (request) => engine.acceptMany(request),
      },
      options,
    );
    return await bulk.run(requests);
  }

  async executeResilientSync(
    request: Omit<SyncRequest, 'subject'> & { readonly upstream?: string | undefined },
    userId: string,
    run: Handler['run'],
  ): Promise<ResilientResult> {
    requireOption(typeof run === 'function', 'run', 'must be a function');
    const { engine, checkRequest } = this.#parts;
    const { clock } = this.#parts.options;
    const startedAtMs = clock.monotonic();
    const { upstream = DEFAULT_UPSTREAM, ...rest } = request;
    const checked = checkRequest({ ...rest, subject: userId });
    engine.upstream(upstream);
    const { id } = await this.#accept(checked, { upstream, run });
    const leftMs = this.#responseDeadlineMs(checked, upstream) - (clock.monotonic() - startedAtMs);
    const ended = engine.outcome(id).catch((error: unknown) => {
      // It was accepted, and goes on at the next start.
      if (isHoldfastError(error) && error.code === 'HF_CLOSED') return null;
      throw error;
    });
    const outcome = (await inTime(clock, ended, leftMs))?.value ?? null;
    return {
      success: outcome?.status === 'completed',
      response: outcome?.status === 'completed' ? outcome.response : undefined,
      resilience: {
        operationId: id,
        status: outcome?.status ?? 'accepted',
        attempts: outcome?.attempts ?? 0,
        error: outcome === null || outcome.status === 'completed' ? undefined : outcome.error,
      },
      metrics: { elapsedMs: clock.monotonic() - startedAtMs },
    };
  }

  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    if (options !== undefined || typeof run !== 'function') {
      try {
        requireOption(typeof run === 'function', 'run', 'must be a function');
        if (options !== undefined) checkFields(options, CALL_RULES, '');
      } catch (error) {
        return Promise.reject(error as Error);
      }
    }
    return this.#parts.engine.call(upstream, run, options);
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
  }

  getOperation(id: string): Operation {
    return operationHandle(this.#parts.engine, id);
  }

  async listOperations(
    query: { readonly afterSeq?: number | undefined; readonly limit?: number | undefined } = {},
  ): ReturnType<Runtime['listOperations']> {
    return await this.#parts.management.call(listOperations, query);
  }

  getHealthStatus(): HealthStatus {
    return this.#parts.management.now(health, {});
  }

  subscribe(listener: FactListener): () => void {
    requireOption(typeof listener === 'function', 'listener', 'must be a function');
    return this.#parts.engine.subscribe(listener);
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
    await this.#parts.control?.close();
    await this.#parts.engine.stop(options.deadlineMs ?? CLOSE_DEADLINE_MS);
  }

  /** @throws HoldfastError `HF_HANDLER_UNKNOWN`. */
  #requireHandler(type: string): void {
    const { handlers } = this.#parts.engine;
    if (!handlers.has(type)) throw handlerUnknown(handlers);
  }

  /** When its caller gets an answer at the latest, in milliseconds from its call (PF-1). */
  #responseDeadlineMs({ tier, type }: CheckedRequest, upstream: string): number {
    const { table } = this.#parts.policies;
    // A crisis that comes by this way is answered as its tier is; `crisis()` is the way of CR-1.
    return table.operation(upstream, tier, type).responseDeadlineMs;
  }

  /** Accepts within the response deadline, or says that the disk stalls (docs/decisions/0019). */
  async #accept(request: CheckedRequest, handler?: Handler): Promise<Acceptance> {
    const { engine, options, responseTimes } = this.#parts;
    const { clock } = options;
    const startedAtMs = clock.monotonic();
    const withinMs = this.#responseDeadlineMs(
      request,
      handler?.upstream ?? engine.handlers.get(request.type)?.upstream ?? DEFAULT_UPSTREAM,
    );
    const acceptance = await engine.accept(request, { withinMs, handler });
    responseTimes.record(request.tier, clock.monotonic() - startedAtMs);
    return acceptance;
  }
}
