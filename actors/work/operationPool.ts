/**
 * The operations in memory, each an actor: how they come there, from a request or from disk, and how
 * they leave. What the state of one asks for is done by {@link Demands}; who may run next is decided by
 * the {@link Dispatcher}.
 *
 * @module
 */

import { routeOf } from '../../machines/operation/position.ts';
import { isEvent, type WaitReason } from '../../machines/operation/waitReason.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import {
  bytesInMemory,
  mayKeepCrisis,
  type UnwrittenLimits,
} from '../../machines/policy/flow/flowPolicy.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { builtInOf, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import {
  crisisChart,
  type StateRow,
  type WorkContext,
  type WorkSnapshot,
} from '../charts/chartOfWork.ts';
import type { Hearer } from '../charts/leanActor.ts';
import { Escalations } from '../escalation/escalations.ts';
import { Undelivered } from '../escalation/undelivered.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import {
  acceptanceUnknown,
  crisisUnkept,
  isEditBy,
  notAccepted,
  notBegun,
  outcomeUnknown,
  type PendingAcceptance,
} from '../operation/acceptance.ts';
import { AttemptRunner } from '../operation/attemptRunner.ts';
import { Exceptions } from '../operation/exceptions.ts';
import type { Permit } from '../operation/flowControl.ts';
import { type Handler, keyGivenTo, type OwnHandler } from '../operation/handler.ts';
import { OperationActors } from '../operation/operationActors.ts';
import { startsLater } from '../operation/operationInput.ts';
import { OperationWriter } from '../operation/operationWriter.ts';
import { chartedActor, type Resident, takePending, takesNotice } from '../operation/resident.ts';
import type { ShownWaits, TurnWaitOf } from '../operation/waitView.ts';
import { operationId } from '../platform/operationId.ts';
import { Demands } from './demands.ts';
import { Dispatcher } from './dispatcher.ts';
import { Handlers } from './handlers.ts';
import { IdTable } from './idTable.ts';
import { isNewerRecord, LeftRows } from './leftRows.ts';
import type { PoolParts } from './poolParts.ts';
import { quarantine } from './quarantine.ts';
import { StaleReadGuard } from './staleReads.ts';
import { WaitingCounts } from './waitingCounts.ts';
import { Watchers } from './watchers.ts';

interface CrisisRoomParts {
  readonly journal: Pick<Journal, 'isLate' | 'isHanging'>;
  readonly facts: Facts;
  readonly unwritten: UnwrittenLimits;
  /** Operations in memory. */
  readonly count: () => number;
}

class CrisisRoom {
  readonly #parts: CrisisRoomParts;
  /** Characters of the payloads in memory, which the pool counts. */
  characters = 0;

  constructor(parts: CrisisRoomParts) {
    this.#parts = parts;
  }

  /** A crisis goes out all the same; those who wait for it to be durable are told where it will not be. */
  admit(request: CheckedRequest, resident: Resident): void {
    if (!passesBy('storage', request) || !this.#isFull) return;
    resident.isKept = false;
    takePending(resident)?.reject(crisisUnkept());
    this.#parts.facts.emit('crisis.unkept', resident.id);
  }

  /** Writes that wait for a disk that is late or hangs are kept in memory, for so much at most. */
  get #isFull(): boolean {
    const { journal, unwritten, count } = this.#parts;
    if (!journal.isLate && !journal.isHanging) return false;
    return !mayKeepCrisis({ count: count(), bytes: bytesInMemory(this.characters) }, unwritten);
  }
}

/** Counts what is under way, operations and what becomes one, and tells when nothing is. */
class BusyCount {
  #count = 0;
  #waiters: (() => void)[] = [];

  /** Counts it once, or no more. */
  set(resident: { isBusy: boolean }, isBusy: boolean): void {
    if (isBusy === resident.isBusy) return;
    resident.isBusy = isBusy;
    if (isBusy) this.#count += 1;
    else this.end();
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves once nothing is under way. */
  async whenIdle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
  }
}

/** What a caller may ask of an operation. */
export type Wish = 'cancel.requested' | 'retry.requested';

/** Mend of a crisis whose handler asks for keys as they are given: one of those could swallow it (CR-2). */
const DERIVED_KEY = 'idempotencyKey: derived, not as given';

export class OperationPool {
  readonly watchers: Watchers;
  readonly left: LeftRows;
  readonly waiting: WaitingCounts;
  readonly exceptions: Exceptions;
  readonly dispatcher: Dispatcher;
  readonly staleReads = new StaleReadGuard();
  /** What an orderly stop waits for. */
  readonly busy = new BusyCount();
  /** Handlers of this process. */
  readonly registered: Handlers;
  readonly #parts: PoolParts;
  readonly #runner: AttemptRunner;
  readonly #demands: Demands;
  readonly #residents = new IdTable<Resident>();
  /** Handlers given with one request; they live with the process (docs/decisions/0020). */
  readonly #closures = new Map<string, Handler>();
  readonly #actors: OperationActors;
  readonly #crisisRoom: CrisisRoom;
  /** Escalations: people who are told that crises are not delivered. */
  readonly escalations: Escalations;
  /** Crises that are not delivered: where, and why. */
  readonly undelivered: Undelivered;
  #isAbandoned = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.registered = new Handlers(parts.crisisType);
    this.watchers = new Watchers(parts.onError);
    this.left = new LeftRows(parts.facts);
    const { store, journal, clock, steady, random, timers, facts, retry, system, onError } = parts;
    const attemptTimeoutMs = (handler: Handler, context: WorkContext): number => {
      const { table } = parts.policies;
      return table.attemptTimeoutMs(handler, table.classOf(context), context.type);
    };
    this.waiting = new WaitingCounts({
      ...{ store, clock },
      groups: () => parts.upstreams.routes.byUpstream,
    });
    this.exceptions = new Exceptions({ facts });
    this.#crisisRoom = new CrisisRoom({ ...parts, count: () => this.size });
    this.undelivered = new Undelivered({ clock, timers, facts });
    const runs = new FailureRuns(steady.now());
    this.dispatcher = new Dispatcher({
      store,
      journal,
      clock,
      steady,
      timers,
      residentsMax: parts.residentsMax,
      pool: this,
      attemptTimeoutMs: ({ handler, actor }) =>
        handler === null ? 0 : attemptTimeoutMs(handler, actor.getSnapshot().context),
      retry,
      runs,
      upstreams: parts.upstreams,
      onError,
    });
    this.#runner = new AttemptRunner({
      ...{ clock, steady, random, timers, facts, retry, onError, attemptTimeoutMs, runs },
      exceptions: this.exceptions,
      slots: this.dispatcher,
    });
    const writer = new OperationWriter({
      store,
      journal,
      steady,
      retentionMs: parts.retentionMs,
      notes: parts.notes,
      onRefused: this.#refused.bind(this),
    });
    this.escalations = new Escalations({
      ...{ clock, random, timers, facts, busy: this.busy },
      ...parts.escalation,
      write: (resident) => writer.position(resident, resident.actor.getSnapshot()),
    });
    this.#actors = new OperationActors({
      system,
      policies: parts.policies,
      onError,
      beginAttempt: (running) => {
        const resident = running.actor.owner as Resident;
        if (!resident.isInMemory) return undefined;
        return this.dispatcher.begin(resident, this.#runner, running);
      },
      awaitPlace: (running) => {
        const resident = running.actor.owner as Resident;
        return this.dispatcher.awaitPlace(resident.isInMemory ? resident : undefined, (event) =>
          running.report(event),
        );
      },
    });
    this.#demands = new Demands({
      journal,
      clock,
      steady,
      writer,
      facts,
      dispatcher: this.dispatcher,
      watchers: this.watchers,
      exceptions: this.exceptions,
      edits: parts.edits,
      renewHandler: this.renewHandler.bind(this),
      waits: this.waits,
      release: (resident, { status }) => {
        this.#drop(resident);
        // A dead letter is no end of its chart, but from here on it is on disk only.
        if (status === 'active') this.#actors.stop(resident.actor);
      },
    });
  }

  /** From now on attempts of operations of this type begin with this handler. */
  setHandler(type: string, handler: Handler): void {
    this.registered.set(type, handler);
    this.dispatcher.sendType(type, handler.upstream);
  }

  /** Gives it the handler that it has to run with from now on, and a route accordingly. */
  renewHandler(resident: Resident): void {
    const { context } = resident.actor.getSnapshot();
    const closure = this.#closures.get(resident.id);
    const before = resident.handler;
    resident.handler = closure ?? this.registered.of(context);
    resident.route = closure?.upstream ?? routeOf(context.type);
    if (resident.handler !== before) this.dispatcher.changedHandler(resident, before);
  }

  /** Whether it brought its own handler, in this process. */
  hasOwnHandler(id: string): boolean {
    return this.#closures.has(id);
  }

  /** Operations held in memory. */
  get size(): number {
    return this.#residents.size;
  }
  /** Attempts whose handler has not returned. */
  get attemptsRunning(): number {
    return this.#runner.running;
  }

  /** Running attempts whose handler is silent far beyond its time-out, at one upstream or at all. */
  overhanging(upstream?: string): number {
    return this.#runner.overhangs.count(upstream);
  }

  /** What an operation of this type waits for that waits for its turn. */
  readonly #turnWaitOf: TurnWaitOf = ({ type, subject, upMark }, urgency) => {
    const upstream = this.registered.byType.get(type)?.upstream ?? upMark?.upstream;
    if (upstream === undefined) return { reason: 'handler', untilAtMs: null };
    return this.dispatcher.turnWait(upstream, { urgency, route: routeOf(type), subject });
  };

  /** By what the waits of its operations are shown. */
  get waits(): ShownWaits {
    const { steady, clock } = this.#parts;
    return {
      turnOf: this.#turnWaitOf,
      isHandled: (context) => this.registered.of(context) !== null,
      toWall: (atMs) => steady.toWall(atMs),
      now: () => clock.now(),
    };
  }

  get residents(): readonly Resident[] {
    return this.#residents.values();
  }

  resident(id: string): Resident | undefined {
    return this.#residents.get(id);
  }

  /**
   * Accepts a checked request, and tells once it is durable (OP-2) or that it can't be: with
   * `HF_IDEMPOTENCY_CONFLICT` or `HF_STORE_…`.
   */
  accept(
    request: CheckedRequest,
    pending: PendingAcceptance,
    closure?: OwnHandler,
    id?: string,
  ): void {
    const { failure } = this.#parts.journal;
    if (this.#isAbandoned) pending.reject(notBegun());
    else if (failure !== null && !passesBy('storage', request))
      pending.reject(notAccepted(failure));
    else this.start(request, pending, closure, id);
  }

  /**
   * Starts the operation of a request; a crisis is on its way when this returns (CR-4).
   *
   * @param permitGiven where it was asked for already
   * @throws HoldfastError `HF_CLOSED` once it is abandoned.
   */
  start(
    request: CheckedRequest,
    pending: PendingAcceptance,
    closure?: OwnHandler,
    given?: string,
    permitGiven?: Permit,
  ): Resident {
    if (this.#isAbandoned) throw notBegun();
    const { clock, random } = this.#parts;
    const nowMs = clock.now();
    const id = given ?? operationId(nowMs, random);
    const registered = this.registered.of(request);
    const handler = closure ?? registered;
    const urgency = urgencyOf(request.priority, builtInOf(request));
    const isEdit = isEditBy(handler, request);
    const route = closure?.upstream ?? routeOf(request.type);
    const permit =
      permitGiven ?? this.permitFor({ id, urgency, route, isEdit }, request, handler, nowMs);
    const givenTo = keyGivenTo(registered);
    const resident = this.#actors.create(
      id,
      request,
      nowMs,
      { urgency, route, handler, permit, pending },
      { keyGivenTo: givenTo, isBoundToProcess: closure?.isBoundToProcess, isEdit },
    );
    if (permit !== null) this.dispatcher.held(resident, permit);
    if (closure !== undefined) this.#closures.set(id, closure);
    this.#crisisRoom.admit(request, resident);
    this.#enter(resident);
    const isKeyChanged = request.idempotencyKey !== null && givenTo !== undefined;
    if (isKeyChanged && passesBy('storage', request)) {
      this.#parts.facts.emit('crisis.mended', id, [DERIVED_KEY]);
    }
    return resident;
  }

  /** A permit for a request that comes now; `null` where it has to wait, and for a crisis, which needs none. */
  permitFor(
    {
      id,
      urgency,
      route,
      isEdit,
    }: Pick<Resident, 'id' | 'urgency' | 'route'> & { isEdit: boolean },
    request: CheckedRequest,
    handler: Handler | null,
    nowMs: number,
  ): Permit | null {
    if (handler === null || passesBy('flow', request)) return null;
    if (isEdit || startsLater(request, nowMs)) return null;
    const { subject, tier, like } = request;
    return this.dispatcher.tryStart(handler.upstream, { id, urgency, route, subject, tier, like });
  }

  /**
   * Brings an operation back from disk. `null` when it was refused and is about to be withdrawn, or
   * when its snapshot can't be read: then it is quarantined, or left where a later version wrote it.
   */
  revive(row: StoredOperation): Resident | null {
    if (this.#parts.journal.isWithdrawing(row.id)) return null;
    try {
      const resident = this.#actors.revive(row);
      this.renewHandler(resident);
      this.#enter(resident);
      return resident;
    } catch (error) {
      if (isNewerRecord(error)) this.left.met(row);
      else quarantine(this.#parts, row, error);
      return null;
    }
  }

  /** Sends a caller's wish to an operation in memory; false where it takes no notice. */
  tell(resident: Resident, type: Wish): boolean {
    return takesNotice(resident, () => this.#send(resident, type));
  }

  /** Sends a caller's wish to an operation that was on disk a moment ago; false where it takes no notice. */
  wake(row: StoredOperation, type: Wish): boolean {
    return this.dispatcher.wake(row, (resident) => this.#send(resident, type));
  }

  /** Lets go of an operation that rests on disk. */
  passivate(resident: Resident): void {
    this.#remove(resident);
    this.#actors.stop(resident.actor);
  }

  /** Writes that it is due where its handler goes to at present. */
  reroute(resident: Resident, dueAtMs: number): void {
    this.#demands.reroute(resident, dueAtMs);
  }

  /** Aborts what is running, so that the store can close; nothing of it is lost (SV-4). */
  interruptAll(): void {
    this.#runner.stop(this.#residents.values());
  }

  /** Rejects all pending callers with HF_CLOSED: the runtime has stopped. */
  abandon(): void {
    this.#isAbandoned = true;
    const unknown = acceptanceUnknown();
    for (const resident of this.residents) takePending(resident)?.reject(unknown);
    this.watchers.abandon(outcomeUnknown());
  }

  /** Hears of all actors, one object for all of them. */
  readonly #hearer: Hearer<Resident, WorkSnapshot> = {
    changed: (resident, snapshot) => {
      if (!resident.isInMemory) return;
      const { chart } = resident;
      const row = chart.rowOf(snapshot.value);
      const { rate } = snapshot.context;
      if (row.state === resident.state && rate === resident.rate) return;
      resident.rate = rate;
      const { waitedFor } = resident;
      resident.state = row.state;
      resident.waitedFor = row.waitsFor;
      try {
        const isBusy = this.#parts.journal.isOpen ? row.isBusy : row.isBusyUnopened;
        if (isBusy !== resident.isBusy) this.busy.set(resident, isBusy);
        if (chart === crisisChart) this.undelivered.changed(resident, snapshot);
        if (waitedFor !== row.waitsFor || row.waitsFor !== null || row.maySuspect) {
          tellOfMove(this.#parts.facts, this.dispatcher, resident, { row, waitedFor }, snapshot);
        }
        this.#demands.meet(resident, row, snapshot);
      } catch (error) {
        // It would break the actor.
        this.#parts.onError(error);
      }
    },
    died: (resident, error) => {
      this.#leave(resident);
      this.#parts.onError(error);
    },
  };

  #enter(resident: Resident): void {
    this.#residents.add(resident);
    resident.isInMemory = true;
    this.#crisisRoom.characters += resident.body?.length ?? 0;
    this.#parts.system.charts.told?.began(() => chartedActor(resident));
    resident.actor.tell(this.#hearer, resident);
    // After the state is handled, so that what it orders is written before.
    if (resident.chart === crisisChart) this.escalations.enter(resident);
    resident.actor.start();
  }

  #send({ actor, chart }: Resident, wish: Wish): void {
    const type = wish === 'cancel.requested' ? chart.takingBack : wish;
    actor.send({ type, atMs: this.#parts.clock.now() });
  }

  /** The store is well, and yet refuses a write of it for damage: it would do so again. */
  #refused(resident: Resident, error: HoldfastError): void {
    if (!resident.isInMemory) return;
    const { state, chart } = resident;
    // A crisis goes on whatever the disk does, and its ending was told (CR-4).
    if (passesBy('storage', resident) && (state === null || !chart.isEnding(state))) {
      resident.actor.send({ type: 'record.refused' });
      return;
    }
    this.left.refused(resident.seq, error);
    this.#leave(resident);
    this.#actors.stop(resident.actor);
    this.watchers.refused(resident.id, error);
  }

  /** Drops an operation whose row is as it was last written; the next start takes it up from there. */
  #leave(resident: Resident): void {
    this.#drop(resident);
    this.dispatcher.forget(resident);
    this.busy.set(resident, false);
  }

  #drop(resident: Resident): void {
    this.#remove(resident);
    this.#closures.delete(resident.id);
  }

  #remove(resident: Resident): void {
    this.staleReads.note(resident);
    if (resident.chart === crisisChart) {
      this.escalations.leave(resident);
      this.undelivered.left(resident.id);
    }
    if (!resident.isInMemory) return;
    resident.isInMemory = false;
    this.#residents.take(resident.id);
    this.#crisisRoom.characters -= resident.body?.length ?? 0;
    this.#parts.system.charts.told?.ended(resident.actor.sessionId);
  }
}

// Tells of what the states of operations mean to the world: that one waits and why, goes on, or is
// suspect. Attempts publish their own facts, and those of acceptances and endings come from the
// part that learns that they are on disk.

/** An operation has come to its state from another, where it waited for something or nothing. */
function tellOfMove(
  facts: Facts,
  dispatcher: Pick<Dispatcher, 'turnWait'>,
  { chart, handler, urgency }: Resident,
  {
    row: { state, waitsFor, maySuspect },
    waitedFor,
  }: { readonly row: StateRow; readonly waitedFor: WaitReason | null },
  { context }: WorkSnapshot,
): void {
  const upstream = handler?.upstream ?? null;
  if (waitedFor !== waitsFor && waitedFor !== null && isEvent(waitedFor)) {
    facts.emit('operation.resumed', context, upstream, waitedFor);
  }
  if (maySuspect && chart.isSuspected(state, context))
    facts.emit('operation.suspected', context, upstream);
  if (waitsFor === null) return;
  if (waitsFor !== 'turn') facts.emit('operation.parked', context, upstream, waitsFor, waitsFor);
  // Without a handler it waits for that, in a moment.
  else if (upstream !== null) {
    const { reason } = dispatcher.turnWait(upstream, {
      urgency,
      route: routeOf(context.type),
      subject: context.subject,
    });
    facts.emit('operation.parked', context, upstream, reason, waitsFor);
  }
}
