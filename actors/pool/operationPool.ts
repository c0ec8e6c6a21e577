/**
 * The engine: every operation in memory, from acceptance to settlement. Each is an actor. The pool
 * watches each transition and does what the new state asks for: a `barrier` is written and waited
 * for, a `resting` state is written and let go, a settlement is reported. Who may run next is decided
 * by the {@link Dispatcher}.
 *
 * @module
 */

import type {
  SyncOperationSnapshot,
  SyncOperationState,
  Turn,
} from '../../machines/operation/syncOperationMachine.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { urgencyOf } from '../../machines/vocabulary/urgency.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { PassOver, StoredOperation } from '../../persistence/port/store.ts';
import { Exceptions } from '../attempt/exceptions.ts';
import type { Handler } from '../attempt/handler.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import {
  acceptanceUnknown,
  notAccepted,
  notBegun,
  outcomeUnknown,
  type PendingAcceptance,
} from '../operation/acceptance.ts';
import { AttemptRunner } from '../operation/attemptRunner.ts';
import { OperationActors } from '../operation/operationActors.ts';
import { OperationWriter } from '../operation/operationWriter.ts';
import { toOutcome, toView } from '../operation/outcome.ts';
import { isAsAccepted, type Resident, restingPlace, takePending } from '../operation/resident.ts';
import { operationId } from '../platform/operationId.ts';
import { BusyCount, isBusyIn } from './busyCount.ts';
import { Departures } from './departures.ts';
import { answerDuplicate } from './duplicates.ts';
import { IdTable } from './idTable.ts';
import { isNewerRecord, LeftRows } from './leftRows.ts';
import { noCounts } from './poolCounts.ts';
import type { PoolParts } from './poolParts.ts';
import { setAside } from './setAside.ts';
import { WaitingWatch } from './waitingWatch.ts';
import { Watchers } from './watchers.ts';

/** What a caller may ask of an operation. */
type Wish = 'cancel.requested' | 'retry.requested';

export class OperationPool {
  readonly watchers: Watchers;
  readonly left: LeftRows;
  readonly waiting: WaitingWatch;
  readonly exceptions: Exceptions;
  readonly dispatcher: Dispatcher;
  readonly departures = new Departures();
  /** What a stop in good order waits for. */
  readonly busy = new BusyCount();
  readonly handlers = new Map<string, Handler>();
  readonly counts = noCounts();
  readonly #parts: PoolParts;
  readonly #runner: AttemptRunner;
  readonly #writer: OperationWriter;
  readonly #residents = new IdTable<Resident>();
  /** Handlers given with one request; they live with the process (docs/decisions/0020). */
  readonly #closures = new Map<string, Handler>();
  readonly #actors: OperationActors;
  #isAbandoned = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.watchers = new Watchers(parts.onError);
    this.left = new LeftRows(parts.facts);
    this.waiting = new WaitingWatch(parts);
    this.exceptions = new Exceptions(parts);
    this.#writer = new OperationWriter({ ...parts, onRefused: this.#refused.bind(this) });
    this.#runner = new AttemptRunner({
      ...parts,
      exceptions: this.exceptions,
      attemptTimeoutMs: (handler) =>
        handler.attemptTimeoutMs ?? parts.attemptTimeoutMs(handler.upstream),
      onEnded: (resident, outcome, retryAfterMs) =>
        this.dispatcher.attemptEnded(resident, outcome, retryAfterMs),
    });
    const passOver = (): PassOver => this.left.passOver;
    this.dispatcher = new Dispatcher({ ...parts, pool: this, passOver });
    this.#actors = new OperationActors({
      ...parts,
      beginAttempt: (id, report) => {
        const resident = this.#residents.get(id);
        if (resident === undefined) return () => undefined;
        return this.dispatcher.begin(resident, () => this.#runner.begin(resident, report), report);
      },
    });
  }

  /** Operations held in memory. */
  get size(): number {
    return this.#residents.size;
  }
  get attemptsRunning(): number {
    return this.#runner.running;
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
  accept(request: CheckedRequest, pending: PendingAcceptance, closure?: Handler): void {
    const { failure } = this.#parts.journal;
    if (this.#isAbandoned) pending.reject(notBegun());
    else if (failure !== null && request.priority !== 'crisis')
      pending.reject(notAccepted(failure));
    else this.start(request, pending, closure);
  }

  /**
   * Starts the operation of a request; a crisis is on its way when this returns (CR-4).
   *
   * @throws HoldfastError `HF_CLOSED` once it is abandoned.
   */
  start(
    request: CheckedRequest,
    pending: PendingAcceptance,
    closure?: Handler,
    id: string = operationId(this.#parts.clock, this.#parts.random),
  ): Resident {
    if (this.#isAbandoned) throw notBegun();
    const handler = closure ?? this.handlers.get(request.type) ?? null;
    const urgency = urgencyOf(request.priority, request.tier);
    const permit =
      handler === null || request.priority === 'crisis'
        ? null
        : this.dispatcher.tryStart(handler.upstream, { id, urgency });
    const resident = this.#actors.create(id, request, {
      urgency,
      handler,
      permit,
      pending,
    });
    if (closure !== undefined) this.#closures.set(id, closure);
    this.#enter(resident);
    return resident;
  }

  /**
   * Brings an operation back from disk. `null` when it was refused and is about to be withdrawn, or
   * when its snapshot can't be read: then it is set aside, or left where a later version wrote it.
   */
  revive(row: StoredOperation): Resident | null {
    if (this.#parts.journal.isWithdrawing(row.id)) return null;
    try {
      const resident = this.#actors.revive(row);
      const { type } = resident.actor.getSnapshot().context;
      resident.handler = this.#closures.get(row.id) ?? this.handlers.get(type) ?? null;
      this.#enter(resident);
      return resident;
    } catch (error) {
      if (isNewerRecord(error)) this.left.met(row);
      else setAside(this.#parts, row, error);
      return null;
    }
  }

  /** Sends a caller's wish to an operation in memory. */
  tell(id: string, type: Wish): void {
    const resident = this.#residents.get(id);
    if (resident !== undefined) this.#send(resident, type);
  }

  /** Sends a caller's wish to an operation that was on disk a moment ago. */
  wake(row: StoredOperation, type: Wish): void {
    this.dispatcher.wake(row, (resident) => this.#send(resident, type));
  }

  /** Lets go of an operation that rests on disk. */
  passivate(resident: Resident): void {
    this.departures.note(resident.id);
    this.#residents.delete(resident.id);
    this.#actors.stop(resident.actor);
  }

  /** Aborts what is running, so that the store can close; nothing of it is lost (SV-4). */
  interruptAll(): void {
    this.#runner.stop(this.#residents.values());
  }

  /** The runtime has stopped: whoever still waits is told that it will not hear more from here. */
  abandon(): void {
    this.#isAbandoned = true;
    const unknown = acceptanceUnknown();
    for (const resident of this.residents) takePending(resident)?.reject(unknown);
    this.watchers.abandon(outcomeUnknown());
  }

  #enter(resident: Resident): void {
    this.#residents.add(resident);
    resident.actor.subscribe({
      next: (snapshot) => {
        if (snapshot.value === resident.state || this.#residents.get(resident.id) === undefined)
          return;
        const from = resident.state;
        resident.state = snapshot.value;
        this.busy.set(resident, isBusyIn(snapshot.value, this.#parts.journal.isOpen));
        try {
          this.#onState(resident, snapshot);
        } catch (error) {
          // An observer that throws would break the actor.
          this.#parts.onError(error);
        }
        this.waiting.moved(resident.id, from, snapshot.value);
      },
      error: (error) => {
        this.#leave(resident);
        this.#parts.onError(error);
      },
    });
    resident.actor.start();
  }

  #send({ actor }: Resident, type: Wish | 'handler.missing'): void {
    actor.send({ type, atMs: this.#parts.clock.now() });
  }

  #onState(resident: Resident, snapshot: SyncOperationSnapshot): void {
    const { value: state, context } = snapshot;
    if (this.watchers.has(resident.id)) this.watchers.changed(toView(state, context));
    switch (state) {
      case 'accepting':
        this.#accept(resident, snapshot);
        break;
      case 'attempting':
        this.counts.attempts += 1;
        if (context.failure !== null) this.counts.retries += 1;
        // Only a crisis gets here unwritten: its acceptance, or a later order with its crash count.
        if (resident.revision === 0) this.#accept(resident, snapshot);
        else if (resident.urgency === 0) this.#writer.barrier(resident, () => undefined);
        break;
      case 'ordering':
        this.#writer.barrier(resident, () => {
          this.#committed(resident, 'ordering');
        });
        break;
      case 'settling':
        this.#settle(resident, snapshot);
        break;
      case 'suspect':
        this.dispatcher.addSuspect(resident);
        break;
      case 'waiting':
        // Sent on before there is a handler: no queue would look for it.
        if (resident.handler === null) this.#send(resident, 'handler.missing');
        else this.#rest(resident, snapshot);
        break;
      case 'replayed':
      case 'inLane':
      case 'handlerMissing':
      case 'backingOff':
      case 'conflicted':
      case 'inReview':
        this.#rest(resident, snapshot);
        break;
      case 'completed':
      case 'deadLettered':
      case 'cancelled':
      case 'expired':
        this.#report(resident, snapshot);
        break;
      case 'rejected':
      case 'duplicate':
        this.dispatcher.forget(resident);
        this.#drop(resident);
        break;
      default:
        state satisfies never;
    }
  }

  #accept(resident: Resident, snapshot: SyncOperationSnapshot): void {
    this.#writer.acceptance(resident, snapshot, {
      onDurable: (result) => {
        if (result.kind === 'duplicate') this.#foundDuplicate(resident, result.of);
        else this.#accepted(resident, result.kind === 'accepted' && result.laneBusy);
      },
      onFailed: (error) => {
        takePending(resident)?.reject(notAccepted(error));
        resident.actor.send({ type: 'journal.failed' });
      },
      onSpilled: () => takePending(resident)?.resolve({ id: resident.id, isDuplicate: false }),
    });
  }

  #accepted(resident: Resident, isLaneBusy: boolean): void {
    faultPoint('engine.afterAccept');
    this.counts.accepted += 1;
    if (isLaneBusy) {
      resident.standing = 'held';
      this.dispatcher.forget(resident);
    }
    takePending(resident)?.resolve({ id: resident.id, isDuplicate: false });
    const { expiresAtMs } = resident.actor.getSnapshot().context;
    if (expiresAtMs !== null) this.dispatcher.noteExpiry(expiresAtMs);
    const turn = resident.permit === null ? 'awaitsUpstream' : 'granted';
    this.#committed(resident, 'accepting', isLaneBusy ? 'awaitsLane' : turn);
  }

  /** Answers a barrier. One that was left meanwhile, by a cancel, must not be taken for the next. */
  #committed(resident: Resident, barrier: SyncOperationState, turn?: Turn): void {
    if (resident.state !== barrier) return;
    resident.actor.send({ type: 'journal.committed', atMs: this.#parts.clock.now(), turn });
  }

  #foundDuplicate(resident: Resident, of: StoredOperation): void {
    const { fingerprint } = resident.actor.getSnapshot().context;
    answerDuplicate(this.#parts.journal, this.counts, { of, fingerprint }, takePending(resident));
    resident.actor.send({ type: 'journal.duplicated' });
  }

  #settle(resident: Resident, snapshot: SyncOperationSnapshot): void {
    this.dispatcher.forget(resident);
    this.#writer.settlement(resident, snapshot, (result) => {
      faultPoint('engine.afterSettle');
      if (result.kind === 'updated' && result.laneNext !== null) {
        this.dispatcher.laneFreed(result.laneNext);
      }
      this.#committed(resident, 'settling');
    });
    // Whoever waits for a crisis is told at once; everybody else once it is on disk.
    if (snapshot.context.priority === 'crisis') this.#tell(resident, snapshot);
  }

  /** Writes where it rests, without anybody waiting, and lets go of it once that is durable (OP-6). */
  #rest(resident: Resident, { value: state, context }: SyncOperationSnapshot): void {
    this.dispatcher.forget(resident);
    const nowMs = this.#parts.steady.stamp();
    const place = restingPlace(state, context, resident.handler?.upstream ?? '', nowMs);
    if (isAsAccepted(resident, place)) {
      this.dispatcher.rested(resident, place);
      return;
    }
    const isCrisis = context.priority === 'crisis';
    this.#writer.rest(resident, place, () => {
      // Only if nothing has happened to it since.
      const isHere = this.#residents.get(resident.id) === resident;
      if (!isCrisis && isHere && resident.state === state) this.dispatcher.rested(resident, place);
    });
    // A crisis goes on whatever the disk does; the write follows when it can (CR-4).
    if (isCrisis) this.dispatcher.rested(resident, place);
  }

  #report(resident: Resident, snapshot: SyncOperationSnapshot): void {
    faultPoint('engine.beforeReport');
    const { ending } = snapshot.context;
    if (ending !== null) this.counts[ending] += 1;
    this.#drop(resident);
    // No end of its chart, but from here on it is on disk only.
    if (ending === 'deadLettered') this.#actors.stop(resident.actor);
    this.#tell(resident, snapshot);
  }

  #tell(resident: Resident, { context }: SyncOperationSnapshot): void {
    if (!this.watchers.has(resident.id)) return;
    this.watchers.settled(toOutcome(context, resident.response, this.exceptions.of(resident.id)));
  }

  /** The store is well, and yet refuses a write of it for damage: it would do so again. */
  #refused(resident: Resident, error: HoldfastError): void {
    // A crisis goes on whatever the disk does, and its ending was told (CR-4).
    if (resident.urgency === 0 && resident.state !== 'settling') return;
    if (this.#residents.get(resident.id) !== resident) return;
    this.left.refused(resident.seq, error);
    this.#leave(resident);
    this.#actors.stop(resident.actor);
    this.watchers.refused(resident.id, error);
  }

  /** Its row is as it was last written; the next start takes it up from there. */
  #leave(resident: Resident): void {
    this.#drop(resident);
    this.dispatcher.forget(resident);
    this.busy.set(resident, false);
  }

  #drop(resident: Resident): void {
    this.departures.note(resident.id);
    this.#residents.delete(resident.id);
    this.#closures.delete(resident.id);
  }
}
