/**
 * The public face of a running holdfast: what an app calls, and what each call promises.
 *
 * @module
 */

// Whose own settings have no such library finds Symbol.asyncDispose all the same.
/// <reference lib="esnext.disposable" preserve="true" />

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
import type { Json } from '../machines/vocabulary/json.ts';
import type { BackupResult } from '../persistence/upkeep/backup.ts';
import type { BulkAcceptance, BulkOptions } from './bulk.ts';
import type { Entities } from './entities.ts';
import type { Inspectable } from './inspect/inspectable.ts';
import type { Conflicts } from './management/conflicts/conflicts.ts';
import type { Crises } from './management/crises/crises.ts';
import type { CrisisMode } from './management/crisisMode/crisisMode.ts';
import type { DeadLetters } from './management/deadLetters/deadLetters.ts';
import type { Quarantine } from './management/quarantine/quarantine.ts';
import type { Operation, Operations } from './operation.ts';
import type { ResilientOptions, ResilientResult } from './resilientSync.ts';
import type { FactIn } from './typed/factTypes.ts';
import type {
  AnyTypes,
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
 * A call to `crisis()`: like a request, but everything except the subject may be left out. Nothing
 * refuses it: what breaks a rule of requests is masked, cut or left out, the rest is delivered with a note
 * of that (`attempt.leftOut`), and `onError` is told (`HF_CRISIS_MENDED`). A payload of more than 8 kB is read after the answer: leave it as it is until
 * `durable` is settled.
 */
export type CrisisRequest = Pick<SyncRequest, 'subject'> &
  Partial<
    Omit<
      SyncRequest,
      'subject' | 'priority' | 'expiresAtMs' | 'startAtMs' | 'tags' | 'removals' | 'changes'
    >
  > & {
    /** Where the person is, as an ISO 3166 code (`DE`, `US-CA`): what serves there comes first. Not delivered. */
    readonly region?: string | undefined;
    /**
     * `true` for a trial run: it is answered and delivered as any crisis, and people are told, all of them with word
     * that it is a test (`attempt.isTest`, the header `Holdfast-Test: true`, `notice.test`). Health counts it apart, and
     * it is never taken for a real one.
     */
    readonly test?: boolean | undefined;
    /** The person's language, as in BCP 47 (`de`, `de-AT`): that of `answer.message`. Not delivered. */
    readonly locale?: string | undefined;
  };

/**
 * A running holdfast, made by `createRuntime`, which knows its types and upstreams by the options. Its holder
 * has full authority over the store. `Runtime` alone takes any type and any upstream, as one needs whose
 * handlers come later: `const runtime: Runtime = createRuntime(options)`.
 */
export interface Runtime<
  Types extends OperationTypes = AnyTypes,
  Upstream extends string = AnyTypes,
> extends Inspectable {
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
   * @example
   * await runtime.start(); // waits for the old process, where one has the store still
   *
   * @throws HoldfastError (rejects) what does not pass by itself, as `HF_KEY_WRONG`, `HF_STORE_NEWER`
   * or `HF_STORE_CORRUPT`: mend it and call again. `HF_CLOSED` after {@link close}.
   */
  start(): Promise<void>;
  /**
   * Accepts a request. Resolves once it is on disk and synced (OP-2); from then on it is not lost.
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
   * Accepts many requests under one promise, many times faster than one by one: they are read as fast
   * as the disk takes them, with a bounded number under way, and `onResult` is told what became of
   * each. A bad one is refused at its place and the rest goes on. Accepted operations wait on disk for
   * their turn; crises among them go out at once. Unlike {@link sync} it has no deadline: where the
   * disk stalls, it waits.
   *
   * Resolves once every request is certain; rejects, all that was read before being certain, with
   * `HF_CLOSED` or `HF_STORE_…` when the runtime can't go on, and with what `requests` or `onResult`
   * throw. Sending the rest, or all, again under the same keys is safe.
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
   * Runs a function as a durable operation and answers within the response deadline of its tier, or within
   * `deadlineMs`: with the outcome, or with `accepted` while it goes on; then `resilience` says how often it was tried,
   * why the last attempt failed and when the next one is due, and `operation` tells how it ends.
   *
   * The function lives with the process. After a restart the operation goes on by the handler of its type; where there is
   * none it waits for one, or is given up, as `afterRestart` says.
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
  call<Value>(upstream: Upstream, run: CallFunction<Value>, options?: CallOptions): Promise<Value>;
  /**
   * Answers a person in crisis at once. Never rejects (CR-1).
   *
   * @example
   * const { resources, delivery } = await runtime.crisis({ subject: 'user-42', region: 'DE', payload: { said: 'help' } });
   */
  crisis(request: CrisisRequest): Promise<CrisisAnswer>;
  /**
   * Registers a handler, also while running; what waited for one of its type goes on (OP-7).
   *
   * @example
   * await runtime.handle('orders.pull', { upstream: 'shop', run: ({ payload }) => ({ seen: payload }) });
   *
   * @throws HoldfastError `HF_OPTION_INVALID`, `HF_UPSTREAM_UNKNOWN`.
   */
  handle(type: string, handler: Handler): Promise<void>;
  /** What was accepted: found by id, listed, counted (OP-10). */
  readonly operations: Operations<Types>;
  /** The records that edits change: see `conflicts` of a handler (CF-1). */
  readonly entities: Entities;
  /**
   * Tells what was heard of a record at its upstream, by a push or a poll of the app, so that it is shown and the next
   * edit is made on it. What is older than what is known changes nothing. Resolves once it is on disk. `value` is checked
   * as a payload is.
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
  /** The crisis plans of subjects, which lead the answers to a crisis of theirs (CR-3). */
  readonly crisisPlans: CrisisPlans;
  /** A person says that somebody, or everybody, is in danger until further notice (CR-6). */
  readonly crisisMode: CrisisMode;
  /** Crises that are not over: who was told of each, who takes it on or calls it off (CR-5). */
  readonly crises: Crises;
  /** Records that two sides have changed: what waits for a person, and what they decide (CF-6). */
  readonly conflicts: Conflicts;
  /** What was given up and waits for a person (OP-5). */
  readonly deadLetters: DeadLetters;
  /** What could not be opened or read and was quarantined (PS-3). */
  readonly quarantine: Quarantine;
  /**
   * The policies in force for an upstream, tier and type, each value with where it came from; what is left
   * out is not asked about. docs/policies.md has each.
   *
   * @example
   * for (const { name, value, from } of runtime.policies({ upstream: 'payments', tier: 'trial' })) {
   *   console.log(name, value, from); // retry.attemptsMax 3 built in
   * }
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`, `HF_OPTION_INVALID`.
   */
  policies(scope?: PolicyScope): readonly PolicyView[];
  /** The layers of policies that are in force, as {@link setPolicies} takes them. */
  policyLayers(): PolicyLayers;
  /**
   * Puts these layers in force in place of those before, at once: for the next question of a permit, a
   * token, a time-out or a retry. No state is lost: breakers, slots, tokens and what waits stay as they are.
   * How many attempts an operation has was settled when it was accepted. A restart begins with the options
   * again.
   *
   * @example
   * const layers = runtime.policyLayers();
   * runtime.setPolicies({ ...layers, tiers: { ...layers.tiers, trial: { tierRate: { perSecond: 5, burst: 10 } } } });
   *
   * @throws HoldfastError `HF_OPTION_INVALID` naming the path of what can't be used; then nothing is changed.
   */
  setPolicies(layers: PolicyLayers): void;
  /**
   * How it is doing at this moment; reads memory only, and works in every phase.
   *
   * @example
   * const { overall, reasons, phase } = runtime.getHealthStatus();
   */
  getHealthStatus(): HealthStatus;
  /**
   * How the owner of the store is doing: the same as {@link getHealthStatus}, by a promise, so that code works on a
   * runtime and on a client.
   *
   * @example
   * const { overall } = await runtime.health();
   *
   * @throws HoldfastError (rejects) on a client `HF_OWNER_GONE`, `HF_CLOSED`.
   */
  health(): Promise<HealthStatus>;
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
  subscribe(listener: (fact: FactIn<Types, Upstream>) => void): () => void;
  /**
   * Tells of one kind of facts: those of other kinds are not even made for it.
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
   * Copies the store, as it stands at one moment, into a new folder (PS-5). No call waits for it.
   *
   * @example
   * const { path } = await runtime.backup(`./backup-${Date.now()}`);
   *
   * @throws HoldfastError `HF_TARGET_EXISTS`, `HF_STORE_FULL`, `HF_STORE_…`, `HF_OPTION_INVALID` for
   * a store in memory.
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>;
  /**
   * Lets a held store go (PS-5): what waits in it runs from now on. Resolves once that is on disk;
   * `false` where it was not held.
   *
   * @example
   * const wasHeld = await runtime.release();
   *
   * @throws HoldfastError `HF_STORE_…`: it is held still.
   */
  release(): Promise<boolean>;
  /**
   * @example
   * const { breaker, nextTryAtMs } = runtime.upstream('payments');
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
   */
  upstream(name: Upstream): UpstreamControl;
  /**
   * Stops: admits nothing, lets what is in flight finish until the deadline (default 5 s), writes
   * where the rest stands, closes. A second call stops at once. Nothing is lost either way (SV-4). Until it is
   * called the process is kept alive; where a program has come to its end without it, a warning
   * (`HOLDFAST_NOT_CLOSED`) says so.
   *
   * @example
   * process.once('SIGTERM', () => runtime.close({ deadlineMs: 10_000 }));
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}
