/**
 * Public interface of a running holdfast, and what each call promises.
 *
 * @module
 */

// Makes Symbol.asyncDispose known to apps whose settings lack that library.

import type {
  Attempt,
  CallFunction,
  CallOptions,
  CrisisAnswer,
  CrisisPlans,
  FactKind,
  Handler,
  RemoteChange,
  RemoteChangeResult,
} from '../actors/port.ts';
import type { PolicyLayers } from '../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../machines/policy/layers/policyTable.ts';
import type { SyncRequest } from '../machines/policy/request/request.ts';
import type { Json } from '../machines/vocabulary/shape.ts';
import type { BackupResult } from '../persistence/upkeep/backup.ts';
import type { BulkAcceptance, BulkOptions } from './bulk.ts';
import type { Entities } from './entities.ts';
import type { Inspectable } from './inspect/inspectable.ts';
import type { Audit } from './management/audit.ts';
import type { Conflicts } from './management/conflicts.ts';
import type { Crises } from './management/crises.ts';
import type { CrisisMode } from './management/crisisMode.ts';
import type { DeadLetters } from './management/deadLetters.ts';
import type { Quarantine } from './management/quarantine.ts';
import type { Subjects } from './management/subjects.ts';
import type { Operation, Operations } from './operation.ts';
import type { ResilientOptions, ResilientResult } from './resilientSync.ts';
import type {
  AnyTypes,
  FactIn,
  OperationTypes,
  RequestOf,
  ResponseOf,
  TypeOf,
} from './typed/operationTypes.ts';
import type { BackupOptions } from './upkeep/backupInThread.ts';
import type { UpstreamControl } from './upstreamControl.ts';
import type { HealthStatus } from './views/health.ts';
import type { PolicyView } from './views/policyView.ts';

/**
 * Request of `crisis()`: only the subject is required. It is never refused: a field that breaks a rule is masked, cut
 * or left out, the rest is delivered with a note of that (`attempt.leftOut`), and `onError` is notified
 * (`HF_CRISIS_MENDED`). A payload over 8 kB is read after the answer; do not change it until `durable` is settled.
 */
export type CrisisRequest = Pick<SyncRequest, 'subject'> &
  Partial<
    Omit<
      SyncRequest,
      'subject' | 'priority' | 'expiresAtMs' | 'startAtMs' | 'tags' | 'removals' | 'changes'
    >
  > & {
    /** Region of the person, an ISO 3166 code (`DE`, `US-CA`); resources that serve it come first. Not delivered. */
    readonly region?: string | undefined;
    /**
     * `true` for a trial run: answered and delivered as any crisis, and people are notified, each time marked as a
     * test (`attempt.isTest`, the header `Holdfast-Test: true`, `notice.test`). Health counts it separately.
     */
    readonly test?: boolean | undefined;
    /** Language of the person, as in BCP 47 (`de`, `de-AT`), for `answer.message`. Not delivered. */
    readonly locale?: string | undefined;
  };

/**
 * A running holdfast, made by `createRuntime`, typed by its options. Its holder has full authority over the store.
 * Plain `Runtime` takes any type and upstream, for handlers that are registered later: `const runtime: Runtime =
 * createRuntime(options)`.
 */
export interface Runtime<
  Types extends OperationTypes = AnyTypes,
  Upstream extends string = AnyTypes,
> extends Inspectable {
  /**
   * Settles with the first start: resolves once the store is open and recovery has begun; rejects with the reason if
   * it can't be opened. The runtime then keeps trying if the cause may pass (SV-6), and {@link start} waits for that.
   * A program that gives up calls {@link close}; otherwise the runtime takes the store over as soon as it can.
   */
  readonly ready: Promise<void>;
  /**
   * Resolves once it runs, however many starts that takes: a failed start is repeated at once and then every few
   * seconds if its cause may pass (`HF_STORE_OWNED` while another process has the store, a full or failing disk,
   * `HF_KEY_UNAVAILABLE`). So a process that starts before the old one has ended takes the store over.
   *
   * @example
   * await runtime.start(); // waits for the old process, where one has the store still
   *
   * @throws HoldfastError (rejects) what does not pass by itself, as `HF_KEY_WRONG`, `HF_STORE_NEWER`
   * or `HF_STORE_CORRUPT`: mend it and call again. `HF_CLOSED` after {@link close}.
   */
  start(): Promise<void>;
  /**
   * Accepts a request. Resolves once it is on disk and synced (OP-2); from then on it can't be lost.
   *
   * @example
   * const { id, isDuplicate } = await runtime.sync({
   *   type: 'payments.push',
   *   subject: 'user-42',
   *   tier: 'premium',
   *   idempotencyKey: 'invoice-118',
   *   payload: { amountCents: 1_250, token: 'tok_1' },
   * });
   *
   * @throws HoldfastError `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE`, `HF_CARD_NUMBER_REFUSED`,
   * `HF_HANDLER_UNKNOWN`, `HF_IDEMPOTENCY_CONFLICT`, `HF_STORE_STALLED`, `HF_QUEUE_FULL`,
   * `HF_STORE_…`, `HF_CLOSED`.
   */
  sync<Type extends TypeOf<Types>>(
    request: RequestOf<Types, Type>,
  ): Promise<Operation<ResponseOf<Types, Type>>>;
  /**
   * Accepts many requests, far faster than one by one: they are read as fast as the disk takes them, a bounded number
   * at a time, and `onResult` is called for each. An invalid one is refused by itself. What finds room at its upstream
   * begins at once, and the rest waits on disk for its turn; crises among them go out at once. There is no deadline: if
   * the disk stalls, the call waits.
   *
   * Resolves once every request is durable or refused. Rejects, when that holds of all that were read, with
   * `HF_CLOSED` or `HF_STORE_…` if the runtime can't go on, or with what `requests` or `onResult` threw. It is safe
   * to submit all again under the same keys.
   *
   * @example
   * const { accepted, duplicates, refused } = await runtime.syncAll([request], {
   *   onResult: (result) => {
   *     if (result.status === 'refused') console.error(result.index, result.error.message);
   *   },
   * });
   */
  syncAll(
    requests: Iterable<RequestOf<Types>> | AsyncIterable<RequestOf<Types>>,
    options?: BulkOptions,
  ): Promise<BulkAcceptance>;
  /**
   * Runs a function as a durable operation, and answers within the response deadline of its tier or `deadlineMs`:
   * with the outcome, or with `accepted` while it goes on. `resilience` then has the number of attempts, the last
   * failure and the time of the next attempt; `operation` is its handle.
   *
   * The function lives with the process. After a restart the handler of its type takes over; without one the
   * operation waits or is given up, as `afterRestart` says.
   *
   * @example
   * const { success, response, resilience, operation } = await runtime.executeResilientSync(
   *   { type: 'mood.save', tier: 'basic', upstream: 'clinic', payload: { score: 7 } },
   *   'user-42',
   *   async ({ payload, idempotencyKey, signal }) => await save(payload, { idempotencyKey, signal }),
   *   { signal: request.signal, deadlineMs: 500 },
   * );
   * if (!success && resilience.status === 'accepted') void operation.outcome.then(tellTheUser);
   *
   * @throws HoldfastError (rejects) as {@link sync}, but for `HF_HANDLER_UNKNOWN`; `HF_UPSTREAM_UNKNOWN`,
   * `HF_OPTION_INVALID`; `HF_STORE_STALLED` where the disk has not confirmed it by the deadline; the reason of `signal`.
   */
  executeResilientSync<Response, Payload = Json>(
    request: Omit<SyncRequest, 'subject' | 'payload'> & {
      readonly payload?: Payload | undefined;
      readonly upstream?: Upstream | undefined;
    },
    userId: string,
    run: (attempt: Attempt<Payload>) => Promise<Response> | Response,
    options?: ResilientOptions,
  ): Promise<ResilientResult<Response>>;
  /**
   * Calls an upstream under its flow control, without durability: the function runs once it has a permit, within a
   * time-out that follows the upstream's latency, and again if that may help. Nothing is kept: use {@link sync} for
   * work that must not be lost.
   *
   * A call waits in memory for its turn, more urgent ones first. While the upstream is down it is refused at once
   * with `HF_UPSTREAM_DOWN`, unless it may `waitWhileDown` or is a probe. It rejects with what the function threw
   * last; `transientFailure()`, `permanentFailure()` and their like, or the `status` of an `AttemptFailure`, classify
   * that.
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
  call<Value>(upstream: Upstream, run: CallFunction<Value>, options?: CallOptions): Promise<Value>;
  /**
   * Answers a person in crisis at once. Never rejects (CR-1).
   *
   * @example
   * const { resources, delivery } = await runtime.crisis({ subject: 'user-42', region: 'DE', payload: { said: 'help' } });
   */
  crisis(request: CrisisRequest): Promise<CrisisAnswer>;
  /**
   * Registers a handler, also while running; operations that waited for it go on (OP-7).
   *
   * @example
   * await runtime.handle('orders.pull', { upstream: 'shop', run: ({ payload }) => ({ seen: payload }) });
   *
   * @throws HoldfastError `HF_OPTION_INVALID`, `HF_UPSTREAM_UNKNOWN`.
   */
  handle(type: string, handler: Handler): Promise<void>;
  /** Accepted operations: found by id, listed, counted (OP-10). */
  readonly operations: Operations<Types>;
  /** Records that edits change: see `conflicts` of a handler (CF-1). */
  readonly entities: Entities;
  /**
   * Takes a record's new version, which the app got from its upstream by a push or poll, so that it is shown and the
   * next edit is based on it. A version older than the known one changes nothing. Resolves once it is on disk.
   * `value` is checked as a payload.
   *
   * @example
   * const { status } = await runtime.remoteChange({
   *   entity: { type: 'crisis_plan', id: 'p-17' },
   *   subject: 'user-42',
   *   value: { contacts: [{ id: 'c1', name: 'Sam' }] },
   *   version: '"v8"',
   * });
   *
   * @throws HoldfastError (rejects) `HF_REQUEST_INVALID`, `HF_PAYLOAD_TOO_LARGE`, `HF_CARD_NUMBER_REFUSED`,
   * `HF_STORE_…`, `HF_CLOSED`.
   */
  remoteChange(change: RemoteChange): Promise<RemoteChangeResult>;
  /** Crisis plans of subjects, first in the answers to their crises (CR-3). */
  readonly crisisPlans: CrisisPlans;
  /** Crisis mode: somebody, or everybody, is in danger until further notice (CR-6). */
  readonly crisisMode: CrisisMode;
  /** Crises that are not over: who was notified, who takes one on or calls it off (CR-5). */
  readonly crises: Crises;
  /** Conflicting changes of records: what waits for a person, and what they decide (CF-6). */
  readonly conflicts: Conflicts;
  /** Operations that were given up and wait for a person (OP-5). */
  readonly deadLetters: DeadLetters;
  /** Records that could not be opened or read (PS-3). */
  readonly quarantine: Quarantine;
  /** What was done, by whom and to whom. */
  readonly audit: Audit;
  /** Everything that the store has about one person, for them to read. */
  readonly subjects: Subjects;
  /**
   * Policies in force for an upstream, tier and type, each value with its origin; leave out what you don't ask about.
   * See docs/policies.md.
   *
   * @example
   * for (const { name, value, from } of runtime.policies({ upstream: 'payments', tier: 'trial' })) {
   *   console.log(name, value, from); // retry.attemptsMax 3 built in
   * }
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`, `HF_OPTION_INVALID`.
   */
  policies(scope?: PolicyScope): readonly PolicyView[];
  /** Layers of policies in force, as {@link setPolicies} takes them. */
  policyLayers(): PolicyLayers;
  /**
   * Replaces the layers of policies, from the next permit, token, time-out or retry on. Breakers, slots, tokens and
   * waiting work keep their state; an operation keeps the number of attempts that it was accepted with. A restart
   * begins with the options again.
   *
   * @example
   * const layers = runtime.policyLayers();
   * runtime.setPolicies({ ...layers, tiers: { ...layers.tiers, trial: { tierRate: { perSecond: 5, burst: 10 } } } });
   *
   * @throws HoldfastError `HF_OPTION_INVALID` naming the path of what can't be used; then nothing is changed.
   */
  setPolicies(layers: PolicyLayers): void;
  /**
   * Health at this moment. Reads memory only, and works in every phase.
   *
   * @example
   * const { overall, reasons, phase } = runtime.getHealthStatus();
   */
  getHealthStatus(): HealthStatus;
  /**
   * Health of the store's owner: {@link getHealthStatus} as a promise, for code that runs on a runtime or a client.
   *
   * @example
   * const { overall } = await runtime.health();
   *
   * @throws HoldfastError (rejects) on a client `HF_OWNER_GONE`, `HF_CLOSED`.
   */
  health(): Promise<HealthStatus>;
  /**
   * Calls `listener` with every fact from now on, in order, until the returned function is called: acceptances,
   * attempts, breakers, levels with causes, waits with reasons, endings once they are on disk. Works in every phase.
   * A fact holds nothing of a payload, subject or entity; docs/facts.md lists all.
   *
   * The call comes right after the event, before anything else runs: be quick, and defer what takes longer. The
   * listener may call the runtime. If it throws, nothing breaks and `onError` is notified once.
   *
   * @example
   * const leave = runtime.subscribe((fact) => {
   *   if (fact.kind === 'breaker.changed' && fact.to === 'open') page(fact.upstream, fact.why);
   * });
   *
   * @throws HoldfastError `HF_OPTION_INVALID`.
   */
  subscribe(listener: (fact: FactIn<Types, Upstream>) => void): () => void;
  /**
   * Calls `listener` with facts of one kind; others are not even made for it.
   *
   * @example
   * runtime.subscribe('operation.ended', ({ ending, type, operationId, code }) => {
   *   if (ending === 'deadLettered') page(`${type} ${operationId} was given up: ${code}`);
   * });
   *
   * @throws HoldfastError `HF_OPTION_INVALID` for a kind that there is not.
   */
  subscribe<Kind extends FactKind>(
    kind: Kind,
    listener: (fact: FactIn<Types, Upstream, Kind>) => void,
  ): () => void;
  /**
   * Copies the store as of one moment into a new folder (PS-5). No call waits for it.
   *
   * @example
   * const { path } = await runtime.backup(`./backup-${Date.now()}`);
   *
   * @throws HoldfastError `HF_TARGET_EXISTS`, `HF_STORE_FULL`, `HF_STORE_…`, `HF_OPTION_INVALID` for
   * a store in memory.
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>;
  /**
   * Resumes a held store (PS-5): its work runs from now on. Resolves once that is on disk; `false` if it was not
   * held.
   *
   * @example
   * const wasHeld = await runtime.release();
   *
   * @throws HoldfastError `HF_STORE_…`: it is held still.
   */
  release(): Promise<boolean>;
  /**
   * Returns the control of one upstream.
   *
   * @example
   * const { breaker, nextTryAtMs } = runtime.upstream('payments');
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
   */
  upstream(name: Upstream): UpstreamControl;
  /**
   * Stops: admits nothing more, lets work in flight finish until the deadline (default 5 s), stores the rest, closes.
   * A second call stops at once. Nothing is lost either way (SV-4). Until it is called the process stays alive; if
   * the program has ended without it, the warning `HOLDFAST_NOT_CLOSED` says so.
   *
   * @example
   * process.once('SIGTERM', () => runtime.close({ deadlineMs: 10_000 }));
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}
