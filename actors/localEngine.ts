/**
 * The engine of one process over one store, as the port shows it: the parts that run operations (engine.ts), the
 * supervisor that orders their start, restarts and stop, and the crisis path beside both.
 *
 * @module
 */

import type { EscalationPace } from '../machines/crisis/crisisEscalation.ts';
import type { EntityRules } from '../machines/merge/declaration/entityRules.ts';
import type { Ending } from '../machines/operation/syncOperationMachine.ts';
import { crisisPayloadBytesMax } from '../machines/policy/crisis/crisisBounds.ts';
import {
  type CrisisResource,
  CrisisResources,
  type HelpLine,
} from '../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages, type CrisisWords } from '../machines/policy/crisis/crisisWords.ts';
import type { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import { type CheckedRequest, checkRequest } from '../machines/policy/request/request.ts';
import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import type { Person } from '../machines/vocabulary/subject.ts';
import type { Store, StoredOperation } from '../persistence/port/store.ts';
import type { SpillLine } from '../persistence/port/writes.ts';
import { ActorSystem } from './charts/actorSystem.ts';
import { decodeWork } from './charts/workRecord.ts';
import { carryingOut } from './conflict/carryingOut.ts';
import type { ConflictAccess } from './conflict/conflictAccess.ts';
import { ConflictReview, type ConflictReviewParts } from './conflict/conflictReview.ts';
import type { RecordOptions } from './conflict/deskOf.ts';
import { answeringEntities, type EntityAccess } from './conflict/entityAccess.ts';
import type { CrisisModes } from './crisis/crisisModes.ts';
import { type CrisisPlans, crisisPlans, keepPlanOfRecord } from './crisis/crisisPlans.ts';
import { type CrisisAnswer, CrisisResponder } from './crisis/crisisResponder.ts';
import { neverExpiring } from './crisis/neverExpiring.ts';
import type { PlansInMemory } from './crisis/plansAtHand.ts';
import { UnkeptDeliveries } from './crisis/unkeptDeliveries.ts';
import { EngineCore } from './engine.ts';
import { engineHealth, stateOfUpstream } from './engineHealth.ts';
import type { EscalationStep } from './escalation/escalationStep.ts';
import type { CrisisManySubjects } from './facts/crisisFacts.ts';
import type { FactKind, FactListener, Override } from './facts/fact.ts';
import type { FactStream, WantedFacts } from './facts/factStream.ts';
import { untilDone } from './journal/background.ts';
import {
  type Acceptance,
  closed,
  type PendingAcceptance,
  storeNotAsked,
  storeNotOpen,
  storeStalled,
} from './operation/acceptance.ts';
import { exemptionsAmong, type Handler } from './operation/handler.ts';
import type { OperationView, Outcome } from './operation/outcome.ts';
import type { OperationPage, OperationPageQuery, StoreCounts } from './operation/rowView.ts';
import { entered, inTime } from './platform/inPieces.ts';
import { Slices } from './platform/slices.ts';
import { TimerService } from './platform/timerService.ts';
import { notConnected, type Wire, wire } from './platform/wires.ts';
import type { Engine, EngineHealth, UpstreamOrders, UpstreamState, Wish } from './port.ts';
import { type CrisisAccess, crisisAccessLive } from './recovery/crisisAccess.ts';
import { type DeadLetterAccess, deadLetterAccess } from './recovery/deadLetterAccess.ts';
import { type QuarantineAccess, quarantineAccess } from './recovery/quarantineAccess.ts';
import type { ServiceAccess } from './recovery/serviceAccess.ts';
import { unreadableIn, withUnreadable } from './recovery/unreadableAccess.ts';
import { Supervisor } from './supervisor.ts';
import type { CallFunction, CallOptions } from './upstream/guardedCall.ts';
import { upstreamOrders } from './upstream/upstreamOrders.ts';
import type { AdmissionLimit } from './work/admissionLimit.ts';
import { type Inspection, inspectionOf } from './work/inspection.ts';
import { Operations } from './work/operations.ts';

/** How long an edit that carries out a decision may take to be durable; after that it is tried again. */
const DECISION_WITHIN_MS = 10_000;

interface LiveReviewParts
  extends Pick<ConflictReviewParts, 'clock' | 'random' | 'facts' | 'retentionMs'> {
  readonly store: Store;
  /** The app's own entities. */
  readonly entities: readonly EntityRules[];
}

/** What people decide of conflicts reaches the operations of `core`. */
function liveReview(
  { store, clock, random, facts, retentionMs, entities }: LiveReviewParts,
  { timers, pool, desk }: EngineCore,
  access: ServiceAccess,
  engine: Pick<Engine, 'whenRunning' | 'accept'>,
): ConflictReview {
  const ownRules = new Map(entities.map((rules) => [rules.type, rules]));
  const review = new ConflictReview({
    ...{ store, clock, random, facts, timers, retentionMs, ready: () => engine.whenRunning() },
    orders: carryingOut({
      tools: desk.tools,
      accept: (request) => engine.accept(request, { withinMs: DECISION_WITHIN_MS }),
      keep: (writes) => access.commit(writes.map((write) => () => write)),
    }),
    asked: desk.tools.asked,
    rulesOf: (type) => ownRules.get(type),
    endingOf: async (id) => {
      const row = await store.find(id);
      if (row === null) return 'purged';
      // One that can't be read waits as it is.
      return row.standing === 'quarantined' ? null : endingIn(row);
    },
    upstreamOf: (type) => pool.registered.byType.get(type)?.upstream,
  });
  return review;
}

function endingIn(row: StoredOperation): Ending | null {
  try {
    return decodeWork(row).snapshot.context.ending;
  } catch {
    return null;
  }
}

/** What a wish for an operation is called among the facts. */
const OVERRIDES = {
  'cancel.requested': 'operation.cancel',
  'retry.requested': 'operation.retryNow',
} as const satisfies Readonly<Record<Wish, Override>>;

export interface LocalEngineParts extends RecordOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** In force from the start on; a change holds at once, and loses no state. */
  readonly policies: PoliciesInForce;
  /** The names of the upstreams. */
  readonly upstreams: Iterable<string>;
  readonly handlers: Readonly<Record<string, Handler>>;
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
    /** Who is told of a crisis that is not delivered, in order. */
    readonly escalation: readonly EscalationStep[];
    /** How long one may be undelivered before they are, whatever the reason, in milliseconds. */
    readonly escalateAfterMs: number;
    /** How long it takes until a step is told again, and how long an acknowledgement lasts. */
    readonly pace: EscalationPace;
  };
  readonly retentionMs: number;
  readonly residentsMax: number;
  readonly operationsMax: number;
  readonly unwrittenBytesMax: number;
  /** Removes what else in the store's folder was kept long enough. */
  readonly tidy: (nowMs: number) => Promise<void>;
  /** Where everything that happens is told. */
  readonly facts: FactStream;
  readonly onError: (error: unknown) => void;
}

type HowAccepted = Parameters<Engine['accept']>[1];

/** A caller that waits for its acceptance up to its deadline. */
class AwaitedAcceptance implements PendingAcceptance {
  takeBack: PendingAcceptance['takeBack'] = undefined;
  /** Ends its deadline. */
  cancel: () => void = untimed;
  /** When that is, by the monotonic clock. */
  readonly #endsAtMs: number;
  readonly #withinMs: number;
  readonly #room: AdmissionLimit;
  readonly #request: CheckedRequest;
  readonly #resolve: PendingAcceptance['resolve'];
  readonly #reject: PendingAcceptance['reject'];

  constructor(
    room: AdmissionLimit,
    request: CheckedRequest,
    withinMs: number,
    endsAtMs: number,
    resolve: PendingAcceptance['resolve'],
    reject: PendingAcceptance['reject'],
  ) {
    this.#endsAtMs = endsAtMs;
    this.#withinMs = withinMs;
    this.#room = room;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(acceptance: Acceptance): void {
    this.#room.answered(this.#request);
    this.cancel();
    this.#resolve(acceptance);
  }

  reject(error: HoldfastError): void {
    this.#room.answered(this.#request);
    this.cancel();
    this.#reject(error);
  }

  /** Its deadline is over: it is taken back, or its caller told that it may be stored all the same. */
  end(): void {
    const withinMs = this.#withinMs;
    const notTaken = storeNotAsked(`The disk did not take the request within ${withinMs} ms.`);
    if (this.takeBack?.(notTaken) !== true) this.#reject(storeStalled(withinMs));
  }

  endIfLate(nowMs: number): boolean {
    const isLate = nowMs >= this.#endsAtMs;
    if (isLate) this.end();
    return isLate;
  }
}

function untimed(): void {
  // It has no deadline yet.
}

export class LocalEngine implements Engine {
  /** Called each time the store is open and work is accepted. */
  onRunning: () => void = notConnected;
  /** Table of what its parts hand to each other against the order in which they are made. */
  readonly wires: readonly Wire[];
  readonly ready: Promise<void>;
  readonly conflicts: ConflictAccess;
  readonly entities: EntityAccess;
  readonly deadLetters: DeadLetterAccess;
  readonly quarantine: QuarantineAccess;
  readonly crisisPlans: CrisisPlans;
  readonly crises: CrisisAccess;
  readonly crisisModes: CrisisModes;
  readonly inspection: Inspection;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #parts: LocalEngineParts;
  readonly #facts: FactStream;
  readonly #core: EngineCore;
  readonly #supervisor: Supervisor;
  readonly #crisis: CrisisResponder;
  readonly #operations: Operations;
  readonly #review: ConflictReview;

  constructor(parts: LocalEngineParts) {
    const { store, clock, random, facts, onError, payloadBytesMax, crisis } = parts;
    this.#facts = facts;
    this.#clock = clock;
    this.#store = store;
    this.#parts = parts;
    const system = new ActorSystem(onError);
    const core = new EngineCore({
      store,
      clock,
      random,
      policies: parts.policies,
      upstreams: parts.upstreams,
      handlers: parts.handlers,
      crisisType: crisis.type,
      device: parts.device,
      entities: parts.entities,
      payloadBytesMax,
      retentionMs: parts.retentionMs,
      residentsMax: parts.residentsMax,
      operationsMax: parts.operationsMax,
      unwrittenBytesMax: parts.unwrittenBytesMax,
      tidy: parts.tidy,
      planWithinMs: crisis.planWithinMs,
      escalation: {
        chain: crisis.escalation,
        escalateAfterMs: crisis.escalateAfterMs,
        pace: crisis.pace,
      },
      system,
      onError,
      facts,
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
        find: (subject) => this.whileAnswering(store.crisisPlan(subject), false),
        commit: (writes) => this.whileAnswering(access.commit(writes), true),
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
    this.#review = liveReview(parts, core, access, this);
    this.wires = [...core.wires, ...this.#connected()];
    this.conflicts = this.#review.access;
    this.deadLetters = deadLetterAccess(access);
    this.quarantine = quarantineAccess(access);
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

  get isAccepting(): boolean {
    return this.#supervisor.isAccepting;
  }

  get isStopped(): boolean {
    return this.#supervisor.isStopped;
  }

  begin(): void {
    this.#supervisor.start();
  }

  async inSlices<Result>(pieces: Pieces<Result>): Promise<Result> {
    return await Slices.of(this.#clock).pieces(pieces);
  }

  async whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result> {
    return await this.#core.answering.end(work, mayBeStored);
  }

  async whenRunning(): Promise<void> {
    await this.#supervisor.whenRunning();
  }

  async startAgain(): Promise<void> {
    await this.#supervisor.startAgain();
  }

  async release(): Promise<boolean> {
    await this.whenRunning();
    const wasHeld = await this.#core.release();
    if (wasHeld) this.#supervisor.holdReleased();
    return wasHeld;
  }

  async stop(deadlineMs: number): Promise<void> {
    if (!this.isStopped) this.#facts.emit('runtime.stopping', deadlineMs);
    await this.#supervisor.stop(deadlineMs);
  }

  async handle(type: string, handler: Handler): Promise<void> {
    await this.#core.handle(type, handler);
  }

  accept(given: CheckedRequest, how: HowAccepted): Promise<Acceptance> {
    const fromMs = how.fromMs ?? this.#clock.monotonic();
    const { sound, id } = neverExpiring(this.#parts, given);
    const request = this.crisisModes.raised(sound);
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

  acceptMany(given: CheckedRequest): Promise<Acceptance> {
    const { sound, id } = neverExpiring(this.#parts, given);
    const request = this.crisisModes.raised(sound);
    const { room, bulk, pool } = this.#core;
    return new Promise((resolve, reject) => {
      const handler = pool.registered.byType.get(request.type);
      if (handler === undefined) {
        reject(new HoldfastError('HF_INTERNAL', 'acceptMany() was given a type without handler.'));
        return;
      }
      const pending = { resolve, reject };
      const enter = (): void => {
        bulk.accept(request, handler, pending, id);
      };
      room.enter(request, pending, enter, true);
    });
  }

  async crisis(request: unknown, id?: string): Promise<CrisisAnswer> {
    return await this.#crisis.answer(request, id);
  }

  watchPlans(listener: (plans: PlansInMemory) => void): void {
    this.#core.plans.watch((plans) => {
      listener({ ...plans, modes: this.crisisModes.on });
    });
  }

  spillLine(): SpillLine | null {
    return this.#store.spillLine();
  }

  manySubjects(caller: CrisisManySubjects['caller'], subjects: number): void {
    this.#facts.emit('crisis.manySubjects', caller, subjects);
  }

  loopWasBlocked(forMs: number): void {
    this.#core.upstreams.loop.wasBlocked(forMs);
  }

  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    return this.#core.upstreams.call(upstream, run, options && this.crisisModes.raised(options));
  }

  async view(id: string): Promise<OperationView> {
    this.#crisis.beginNow(id);
    return await this.whileAnswering(this.#operations.view(id), false);
  }

  outcome(id: string): Promise<Outcome> {
    this.#crisis.beginNow(id);
    return this.#operations.outcome(id);
  }

  watch(id: string, listener: (view: OperationView) => void): () => void {
    this.#crisis.beginNow(id);
    return this.#operations.watch(id, listener);
  }

  async tell(id: string, wish: Wish, by?: Person): Promise<boolean> {
    this.#crisis.beginNow(id);
    const told = await this.whileAnswering(this.#operations.tell(id, wish), true);
    if (told) this.#facts.emit('override.made', OVERRIDES[wish], { operationId: id, count: 1, by });
    return told;
  }

  viewNow(id: string): OperationView | null {
    this.#crisis.beginNow(id);
    return this.#operations.viewNow(id);
  }

  async list(query: OperationPageQuery): Promise<OperationPage> {
    return await this.#operations.list(query);
  }
  async counts(): Promise<StoreCounts> {
    return await this.#operations.counts();
  }
  upstream(name: string): UpstreamState {
    return stateOfUpstream(this.#core, this.#core.upstreams.get(name));
  }

  upstreamOrders(name: string): UpstreamOrders {
    return upstreamOrders(this.#core.upstreams.get(name), this.#core.steady);
  }

  subscribe(listener: FactListener, kinds?: readonly FactKind[], wanted?: WantedFacts): () => void {
    return this.#facts.subscribe(listener, kinds, wanted);
  }

  health(): EngineHealth {
    return engineHealth(this.#core, this.#supervisor, this.#review.health());
  }
}
