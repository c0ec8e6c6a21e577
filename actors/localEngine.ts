/**
 * The engine of one process over one store: the parts that run operations (engine.ts), the supervisor that orders
 * their start, restarts and stop, and the crisis path beside both. What `src/` may hold of it is in port.ts.
 *
 * @module
 */

import type { EscalationPace } from '../machines/crisis/crisisEscalation.ts';
import { crisisPayloadBytesMax } from '../machines/policy/crisis/crisisBounds.ts';
import {
  type CrisisResource,
  CrisisResources,
  type HelpLine,
} from '../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages, type CrisisWords } from '../machines/policy/crisis/crisisWords.ts';
import { type CheckedRequest, checkRequest } from '../machines/policy/request/request.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import type { Person } from '../machines/vocabulary/subject.ts';
import type { SpillLine } from '../persistence/port/writes.ts';
import { ActorSystem } from './charts/actorSystem.ts';
import type { ConflictAccess } from './conflict/conflictAccess.ts';
import type { ConflictReview } from './conflict/conflictReview.ts';
import { reviewOf } from './conflict/deskOf.ts';
import { answeringEntities, type EntityAccess } from './conflict/entityAccess.ts';
import type { CrisisModeOrders } from './crisis/crisisModeState.ts';
import { type CrisisPlans, crisisPlans, keepPlanOfRecord } from './crisis/crisisPlans.ts';
import { type CrisisAnswer, CrisisResponder } from './crisis/crisisResponder.ts';
import type { PlansInMemory } from './crisis/plansAtHand.ts';
import { UnkeptDeliveries } from './crisis/unkeptDeliveries.ts';
import { EngineCore, type EngineParts } from './engine.ts';
import {
  type EngineHealth,
  engineHealth,
  stateOfUpstream,
  type UpstreamState,
  waitsOfNew,
} from './engineHealth.ts';
import type { CrisisManySubjects } from './facts/crisisFacts.ts';
import type { FactKind, FactListener } from './facts/fact.ts';
import type { WantedFacts } from './facts/factStream.ts';
import { untilDone } from './journal/background.ts';
import { type Acceptance, closed, neverExpiring, storeNotOpen } from './operation/acceptance.ts';
import { exemptionsAmong, type Handler, type OwnHandler } from './operation/handler.ts';
import type { OperationView, Outcome } from './operation/outcome.ts';
import type { OperationPage, OperationPageQuery, StoreCounts } from './operation/rowView.ts';
import { entered, inTime } from './platform/inPieces.ts';
import { Slices } from './platform/slices.ts';
import { TimerService } from './platform/timerService.ts';
import { notConnected, type Wire, wire } from './platform/wires.ts';
import { type AuditAccess, auditAccess } from './recovery/auditAccess.ts';
import { type CrisisAccess, crisisAccessLive } from './recovery/crisisAccess.ts';
import { type DeadLetterAccess, deadLetterAccess } from './recovery/deadLetterAccess.ts';
import { type QuarantineAccess, quarantineAccess } from './recovery/quarantineAccess.ts';
import { OVERRIDES } from './recovery/recordsAtRest.ts';
import { type SubjectAccess, subjectAccess, subjectSources } from './recovery/subjectRecords.ts';
import { unreadableIn, withUnreadable } from './recovery/unreadableAccess.ts';
import { Supervisor } from './supervisor.ts';
import type { CallFunction, CallOptions } from './upstream/guardedCall.ts';
import { type UpstreamOrders, upstreamOrders } from './upstream/upstreamOrders.ts';
import { AwaitedAcceptance } from './work/admissionLimit.ts';
import { type Inspection, inspectionOf } from './work/inspection.ts';
import type { Wish } from './work/operationPool.ts';
import { Operations } from './work/operations.ts';
import type { TurnWait } from './work/turnWait.ts';

export interface LocalEngineParts
  extends Omit<EngineParts, 'crisisType' | 'planWithinMs' | 'escalation' | 'system'> {
  readonly crisis: {
    /** The type of a crisis that names none. */
    readonly type: string;
    /** The app's own, in every answer before the built-in ones. */
    readonly resources: readonly CrisisResource[];
    /** The app's own, before the built-in ones. */
    readonly words: readonly CrisisWords[];
    /** Built in, in every answer; never empty. */
    readonly helpLines: readonly HelpLine[];
    /** How long the upstream may take to answer first, in milliseconds; 0 to answer at once. */
    readonly localAfterMs: number;
    /** How long an answer may wait for the plan of a subject that is not pinned, in milliseconds. */
    readonly planWithinMs: number;
    /** Steps by which people are told of a crisis that is not delivered, in order. */
    readonly escalation: EngineParts['escalation']['chain'];
    /** How long one may be undelivered before they are, whatever the reason, in milliseconds. */
    readonly escalateAfterMs: number;
    /** How long it takes until a step is told again, and how long an acknowledgement lasts. */
    readonly pace: EscalationPace;
  };
}

/** Terms on which a request is accepted. */
interface HowAccepted {
  /** Longest wait in milliseconds, after which it may be accepted all the same. */
  readonly withinMs: number;
  /** When that wait began, by the monotonic clock; left out for now. */
  readonly fromMs?: number | undefined;
  /** Handler of this one operation in place of that of its type, as long as the process lives. */
  readonly handler?: OwnHandler | undefined;
}

/**
 * The engine: it accepts requests, runs each as a durable operation until it ends, and answers crises
 * beside all of it. Everything rejects with a `HoldfastError`.
 */
export class LocalEngine {
  /** Called each time the store is open and work is accepted. */
  onRunning: () => void = notConnected;
  /** Table of what its parts hand to each other against the order in which they are made. */
  readonly wires: readonly Wire[];
  /** Settles with the first start: resolves once work is accepted, rejects with why it can't be. */
  readonly ready: Promise<void>;
  /** Conflicts about records of the app, and what people decide about them (CF-6). */
  readonly conflicts: ConflictAccess;
  /** Records that edits change, as they are known here (CF-1). */
  readonly entities: EntityAccess;
  /** Operations that were given up and wait for a person (OP-5). */
  readonly deadLetters: DeadLetterAccess;
  /** Records that could not be opened or read and were quarantined (PS-3). */
  readonly quarantine: QuarantineAccess;
  readonly audit: AuditAccess;
  /** Everything about one person (AC-3). */
  readonly subjects: SubjectAccess;
  /** Crisis plans of subjects, which lead the answers to them (CR-3). */
  readonly crisisPlans: CrisisPlans;
  /** Crises that are not over, and what people decide about them (CR-5). */
  readonly crises: CrisisAccess;
  /** Orders of people about crisis mode (CR-6). */
  readonly crisisModes: CrisisModeOrders;
  /** Charts that run in this process, for those who watch them (OB-1). */
  readonly inspection: Inspection;
  /** Handlers that are registered, by request type. */
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly #clock: Clock;
  readonly #parts: LocalEngineParts;
  readonly #core: EngineCore;
  readonly #supervisor: Supervisor;
  readonly #crisis: CrisisResponder;
  readonly #operations: Operations;
  readonly #review: ConflictReview;

  constructor(parts: LocalEngineParts) {
    const { store, clock, random, facts, onError, payloadBytesMax, crisis } = parts;
    this.#clock = clock;
    this.#parts = parts;
    const system = new ActorSystem(onError);
    const core = new EngineCore({
      ...parts,
      crisisType: crisis.type,
      planWithinMs: crisis.planWithinMs,
      escalation: {
        chain: crisis.escalation,
        escalateAfterMs: crisis.escalateAfterMs,
        pace: crisis.pace,
      },
      system,
    });
    this.#core = core;
    this.handlers = core.pool.registered.byType;
    this.crisisModes = core.crisisModes;
    this.inspection = inspectionOf(system, core);
    this.#supervisor = new Supervisor({
      engine: core,
      clock,
      system,
      onFailed: onError,
      onAlert: (alert, cause) => {
        if (alert.reason === 'startFailed') facts.emit('start.failed', cause);
        else facts.emit('supervisor.alerted', alert);
      },
    });
    this.ready = this.#supervisor.ready;
    const asked = answeringEntities(core.desk.views, (work, mayBeStored) =>
      this.whileAnswering(work, mayBeStored),
    );
    this.entities = entered(asked);
    this.#operations = new Operations({
      pool: core.pool,
      journal: core.journal,
      store,
      ready: () => this.whenRunning(),
      isHeldBack: (row) => core.isHeldBack(row),
      onError,
    });
    const exemptionsOf = exemptionsAmong(core.pool.registered.byType);
    const { policies } = parts;
    this.#crisis = new CrisisResponder({
      pool: core.pool,
      canKeep: () => {
        // While it stops in order, what comes is written as long as that is possible.
        if (this.isStopped && !core.journal.isOpen) return false;
        core.room.note();
        return true;
      },
      unkept: new UnkeptDeliveries({
        ...{ clock, random, facts, onError, steady: core.steady },
        // The engine's own has stopped by then.
        timers: new TimerService(clock, onError),
        exceptions: core.pool.exceptions,
        handlers: core.pool.registered.byType,
        retry: (upstream, type) => policies.table.retries(upstream, type),
        attemptTimeoutMs: (handler, { type }) =>
          policies.table.attemptTimeoutMs(handler, 'crisis', type),
        crisisSlotsMax: (upstream) => policies.table.upstream(upstream).crisisConcurrency,
      }),
      clock,
      random,
      rules: {
        type: crisis.type,
        hasHandler: (type) => core.pool.registered.byType.has(type),
        check: (request, bytesMax) =>
          checkRequest(request, { payloadBytesMax: bytesMax, exemptionsOf }),
        exemptionsOf,
      },
      payloadBytesMax: crisisPayloadBytesMax(payloadBytesMax),
      facts,
      resources: new CrisisResources(crisis.resources, crisis.helpLines),
      messages: new CrisisMessages(crisis.words),
      plans: core.plans,
      modes: core.crisisModes,
      localAfterMs: crisis.localAfterMs,
    });
    const access = core.serviceAccess();
    this.crisisPlans = entered(
      crisisPlans({
        atHand: core.plans,
        find: (subject) => this.whileAnswering(store.beside.crisisPlan(subject), false),
        commit: (writes) => access.commit(writes),
        whileAnswering: (work) => this.whileAnswering(work, true),
        ready: () => this.whenRunning(),
      }),
    );
    this.crises = withUnreadable(
      crisisAccessLive({
        ...{ store, clock, core, acknowledgedMs: crisis.pace.acknowledgedMs },
        ready: () => this.whenRunning(),
      }),
      unreadableIn(core.unreadable, core.journal, crisis.pace.acknowledgedMs),
    );
    this.#review = reviewOf(parts, core, this, (writes) =>
      access.commit(writes.map((write) => () => write)),
    );
    this.wires = [...core.wires, ...this.#connected()];
    this.conflicts = this.#review.access;
    this.deadLetters = deadLetterAccess(access);
    this.quarantine = quarantineAccess(access);
    this.audit = auditAccess(store, core.audit, access);
    this.subjects = subjectAccess(subjectSources(store, core.pool, core.crisisModes));
  }

  /** Connects what a part hands to one that is made after it. */
  #connected(): readonly Wire[] {
    const { clock, facts, onError } = this.#parts;
    const [core, supervisor, review] = [this.#core, this.#supervisor, this.#review];
    const parts = { core, supervisor, desk: core.desk };
    return [
      wire(parts, 'core', 'onComponentFailed', 'facts, supervisor', (component, error) => {
        facts.emit('component.failed', component, error);
        supervisor.componentFailed(component);
      }),
      wire(parts, 'core', 'onOutside', 'crisis responder', (crises) => {
        this.#crisis.takeUp(crises);
      }),
      wire(parts, 'core', 'onHeld', 'supervisor', () => {
        supervisor.holdBegan();
      }),
      wire(parts, 'core', 'whenRunning', 'supervisor', () => supervisor.whenRunning()),
      wire(parts, 'core', 'keepPlan', 'crisis plans', (...plan) =>
        keepPlanOfRecord(this.crisisPlans, core.plans, ...plan),
      ),
      wire(parts, 'desk', 'onDecisionRefused', 'review', (conflictId, operationId, ending) => {
        review.reopen(conflictId, operationId, ending);
      }),
      wire(parts, 'supervisor', 'onRunning', 'facts, review, whoever made the engine', () => {
        facts.emit('runtime.started');
        void untilDone({ clock, timers: core.timers }, () => review.resume(), onError);
        this.onRunning();
      }),
    ];
  }

  /** True while work is accepted. */
  get isAccepting(): boolean {
    return this.#supervisor.isAccepting;
  }

  /** True from the order to stop on: nothing is accepted any more. */
  get isStopped(): boolean {
    return this.#supervisor.isStopped;
  }

  /** Begins the first start. Called once; crises are answered before it, too. */
  begin(): void {
    this.#supervisor.start();
  }

  /** Does work in slices, between which crises are answered; rejects with what it throws. */
  async inSlices<Result>(pieces: Pieces<Result>): Promise<Result> {
    return await Slices.of(this.#clock).pieces(pieces);
  }

  /**
   * Ends as the work ends, which asks the store; `mayBeStored` where it changes something.
   *
   * @throws HoldfastError (rejects) `HF_STORE_HANGING` where the disk hangs and goes on to.
   */
  async whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result> {
    return await this.#core.answering.end(work, mayBeStored);
  }

  /** Resolves once work is accepted; rejects with why the last start failed, or `HF_CLOSED`. */
  async whenRunning(): Promise<void> {
    await this.#supervisor.whenRunning();
  }

  /** Tries a start that failed again now, and resolves once one has succeeded (SV-6). */
  async startAgain(): Promise<void> {
    await this.#supervisor.startAgain();
  }

  /** Lets a held store go (PS-5): what waits in it runs once that is durable. `false` where nothing was held. */
  async release(): Promise<boolean> {
    await this.whenRunning();
    const wasHeld = await this.#core.release();
    if (wasHeld) this.#supervisor.holdReleased();
    return wasHeld;
  }

  /**
   * Stops: admits nothing, lets what is in flight end for up to `deadlineMs`, writes where the rest
   * stands. Asked again, stops at once. What was accepted goes on at the next start (SV-4).
   */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.isStopped) this.#parts.facts.emit('runtime.stopping', deadlineMs);
    await this.#supervisor.stop(deadlineMs);
  }

  /**
   * Registers a handler, also while running; what waited for one of its type goes on (OP-7).
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
   */
  async handle(type: string, handler: Handler): Promise<void> {
    await this.#core.handle(type, handler);
  }

  /**
   * Accepts a checked request: resolves once it is durable (OP-2), from when on it is not lost; or with
   * the earlier operation that has its idempotency key.
   *
   * @throws HoldfastError `HF_IDEMPOTENCY_CONFLICT`, `HF_QUEUE_FULL`, `HF_STORE_STALLED` after
   * `withinMs`, `HF_STORE_…`, `HF_CLOSED`.
   */
  accept(given: CheckedRequest, how: HowAccepted): Promise<Acceptance> {
    const fromMs = how.fromMs ?? this.#clock.monotonic();
    const mended = neverExpiring(this.#parts, given);
    const request = this.#core.crisisModes.raised(mended?.sound ?? given);
    const id = mended?.id;
    if (!this.#supervisor.isAccepting) return this.#acceptOnceOpen(request, how, fromMs, id);
    return this.#accept(request, how, fromMs, id, fromMs);
  }

  async #acceptOnceOpen(
    request: CheckedRequest,
    how: HowAccepted,
    fromMs: number,
    id: string | undefined,
  ): Promise<Acceptance> {
    if (this.isStopped) throw closed();
    const clock = this.#clock;
    if ((await inTime(clock, this.whenRunning(), how.withinMs)) === null) {
      throw storeNotOpen(how.withinMs);
    }
    return await this.#accept(request, how, fromMs, id, clock.monotonic());
  }

  #accept(
    request: CheckedRequest,
    { withinMs, handler }: HowAccepted,
    fromMs: number,
    id: string | undefined,
    nowMs: number,
  ): Promise<Acceptance> {
    const { timers, room, pool } = this.#core;
    return new Promise<Acceptance>((resolve, reject) => {
      const endsAtMs = fromMs + withinMs;
      const pending = new AwaitedAcceptance(room, request, withinMs, endsAtMs, resolve, reject);
      const end = (): void => {
        pending.end();
      };
      pending.cancel = timers.after(endsAtMs - nowMs, end, nowMs);
      room.enter(request, pending, () => {
        pool.accept(request, pending, handler, id);
      });
    });
  }

  /**
   * Accepts one of many requests: at the price of its record, without a deadline, in the order of the
   * calls. The operation waits at rest for its turn; a crisis goes out at once. Called only while
   * {@link isAccepting}, and with a type that has a handler.
   *
   * @throws HoldfastError as {@link accept}, but for `HF_STORE_STALLED`.
   */
  acceptMany(given: CheckedRequest): Promise<Acceptance> {
    const mended = neverExpiring(this.#parts, given);
    const request = this.#core.crisisModes.raised(mended?.sound ?? given);
    const { room, bulk, pool } = this.#core;
    return new Promise((resolve, reject) => {
      const handler = pool.registered.byType.get(request.type);
      if (handler === undefined) {
        reject(new HoldfastError('HF_INTERNAL', 'acceptMany() was given a type without handler.'));
        return;
      }
      const pending = { resolve, reject, isPatient: true };
      const enter = (): void => {
        bulk.accept(request, handler, pending, mended?.id);
      };
      room.enter(request, pending, enter, true);
    });
  }

  /**
   * Answers a person in crisis at once, in every phase; never rejects (CR-1).
   *
   * @param id of its operation, where somebody has been told one already
   */
  async crisis(request: unknown, id?: string): Promise<CrisisAnswer> {
    return await this.#crisis.answer(request, id);
  }

  /** Tells `listener` of the crisis plans that are in memory, now and whenever they have changed. */
  watchPlans(listener: (plans: PlansInMemory) => void): void {
    this.#core.plans.watch((plans) => {
      listener({ ...plans, modes: this.#core.crisisModes.on });
    });
  }

  /** Line by which a thread that answers crises has them kept while this one is blocked (CR-4); `null` where there is none. */
  spillLine(): SpillLine | null {
    return this.#parts.store.spillLine();
  }

  /** Takes note that an outside caller has asked for so many different subjects within ten minutes (CR-3). */
  manySubjects(caller: CrisisManySubjects['caller'], subjects: number): void {
    this.#parts.facts.emit('crisis.manySubjects', caller, subjects);
  }

  /** Takes note that another thread has had no sign of this one for so many milliseconds, until now (CR-1). */
  loopWasBlocked(forMs: number): void {
    this.#core.upstreams.loop.wasBlocked(forMs);
  }

  /**
   * Makes a call under the flow control of its upstream, and keeps nothing of it. Works without a store.
   *
   * @throws HoldfastError (rejects) `HF_UPSTREAM_UNKNOWN`, `HF_UPSTREAM_DOWN`, `HF_QUEUE_FULL`,
   * `HF_ATTEMPT_TIMED_OUT`, `HF_EXPIRED`, `HF_CLOSED`; and what `run` throws.
   */
  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    return this.#core.upstreams.call(
      upstream,
      run,
      options && this.#core.crisisModes.raised(options),
    );
  }

  /**
   * Reads an operation as it stands now.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`, `HF_RECORD_NEWER`.
   */
  async view(id: string): Promise<OperationView> {
    this.#crisis.beginNow(id);
    return await this.whileAnswering(this.#operations.view(id), false);
  }

  /**
   * Resolves with how an operation ended, once that is durable; for a crisis as soon as its delivery has ended.
   *
   * @throws HoldfastError as {@link view}; `HF_STORE_…`; `HF_CLOSED` when the engine stops before it ends.
   */
  outcome(id: string): Promise<Outcome> {
    this.#crisis.beginNow(id);
    return this.#operations.outcome(id);
  }

  /** Calls `listener` with each change of an operation's state until the returned function is called. */
  watch(id: string, listener: (view: OperationView) => void): () => void {
    this.#crisis.beginNow(id);
    return this.#operations.watch(id, listener);
  }

  /**
   * Tells an operation what somebody wants of it; `false` where it takes no notice, as one does that has ended.
   * Resolves once what follows is durable. The fact `override.made` says by whom it is wanted.
   *
   * @throws HoldfastError as {@link view}; `HF_STORE_…` or `HF_CLOSED`: it may hold or not, ask again.
   */
  async tell(id: string, wish: Wish, by?: Person): Promise<boolean> {
    this.#crisis.beginNow(id);
    const told = await this.whileAnswering(this.#operations.tell(id, wish), true);
    if (told)
      this.#parts.facts.emit('override.made', OVERRIDES[wish], { operationId: id, count: 1, by });
    return told;
  }

  /** Gives an operation as it stands now where it is in memory; `null` for any other. */
  viewNow(id: string): OperationView | null {
    this.#crisis.beginNow(id);
    return this.#operations.viewNow(id);
  }

  /** Reads a bounded piece of the operations that match, as they stand now. */
  async list(query: OperationPageQuery): Promise<OperationPage> {
    return await this.#operations.list(query);
  }

  /** Reads how many operations there are, as the store keeps count. */
  async counts(): Promise<StoreCounts> {
    return await this.#operations.counts();
  }

  /** State of one upstream. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstream(name: string): UpstreamState {
    return stateOfUpstream(this.#core, this.#core.upstreams.get(name));
  }

  /**
   * Why a request that comes now would wait for its turn there, whatever its rank; `null` where it would begin at once.
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
   */
  turnAt(upstream: string): TurnWait | null {
    return waitsOfNew(this.#core.upstreams.get(upstream), this.#core.steady);
  }

  /** Orders that an operator may give to one upstream. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstreamOrders(name: string): UpstreamOrders {
    return upstreamOrders(this.#core.upstreams.get(name), this.#core.steady);
  }

  /**
   * Tells `listener` of every fact, or of these kinds, or of these where they are wanted, in order, until the
   * returned function is called.
   */
  subscribe(listener: FactListener, kinds?: readonly FactKind[], wanted?: WantedFacts): () => void {
    return this.#parts.facts.subscribe(listener, kinds, wanted);
  }

  /** Health of the engine, as plain data; read from memory, in every phase. */
  health(): EngineHealth {
    return engineHealth(this.#core, this.#supervisor, this.#review.health());
  }
}
