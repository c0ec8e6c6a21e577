/**
 * Does what the states of operations ask for: what a barrier orders is written and its answer sent, what
 * rests is written and let go of, and an ending is told once it is on disk. What each state asks for is
 * decided by its chart (machines/operation/demand.ts, machines/crisis/crisisDemand.ts).
 *
 * @module
 */

import { queuedPosition, saysAlready } from '../../machines/operation/position.ts';
import type { Turn } from '../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Demand } from '../../machines/vocabulary/standing.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { WriteResult } from '../../persistence/port/store.ts';
import type { StateRow, WorkSnapshot, WorkState } from '../charts/chartOfWork.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import { notAccepted } from '../operation/acceptance.ts';
import type { Exceptions } from '../operation/exceptions.ts';
import type { OperationWriter } from '../operation/operationWriter.ts';
import { toOutcome, toView } from '../operation/outcome.ts';
import { type Resident, takePending } from '../operation/resident.ts';
import type { ShownWaits } from '../operation/waitView.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { Dispatcher } from './dispatcher.ts';
import { answerDuplicate } from './duplicates.ts';
import type { Edits } from './edits.ts';
import type { Watchers } from './watchers.ts';

export interface DemandsParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly writer: OperationWriter;
  readonly dispatcher: Dispatcher;
  readonly watchers: Watchers;
  readonly exceptions: Exceptions;
  readonly facts: Facts;
  readonly waits: ShownWaits;
  /** Desk for edits of merged records. */
  readonly edits: Edits;
  /** Renews the handler of an operation: it may have been replaced while this one ran. */
  readonly renewHandler: (resident: Resident) => void;
  /** Lets go of an operation that has ended, or was never accepted. */
  readonly release: (resident: Resident, snapshot: WorkSnapshot) => void;
}

export class Demands {
  readonly #parts: DemandsParts;

  constructor(parts: DemandsParts) {
    this.#parts = parts;
  }

  /** Does what the state asks for that an operation has just entered. */
  meet(resident: Resident, row: StateRow, snapshot: WorkSnapshot): void {
    const { watchers, dispatcher, clock, release } = this.#parts;
    const { state } = row;
    if (watchers.listening > 0) {
      watchers.changed(resident.id, () => toView(resident, snapshot, this.#parts.waits));
    }
    const demand = row.demand ?? resident.chart.demandOf(state, resident);
    if (demand.write !== null) this.#write(resident, state, snapshot, demand);
    switch (demand.does) {
      case 'standBy':
        dispatcher.addSuspect(resident);
        break;
      case 'compare':
        this.#parts.edits.compare(resident);
        break;
      case 'lackHandler':
        resident.actor.send({ type: 'handler.missing', atMs: clock.now() });
        break;
      case 'tell':
        this.#tell(resident, snapshot);
        break;
      case 'report':
        this.#report(resident, snapshot);
        break;
      case 'forget':
        dispatcher.forget(resident);
        release(resident, snapshot);
        break;
      case 'wait':
      case 'attempt':
      case 'awaitHandler':
      case 'rest':
      case 'restInHand':
        break;
      default:
        demand.does satisfies never;
    }
  }

  #write(resident: Resident, state: WorkState, snapshot: WorkSnapshot, demand: Demand): void {
    switch (demand.write) {
      case 'acceptance':
        this.#accept(resident, state, snapshot, demand);
        break;
      case 'order':
        this.#order(resident, state, demand);
        break;
      case 'position':
        this.#rest(resident, state, snapshot, demand);
        break;
      case 'ending':
        this.#settle(resident, state, snapshot);
        break;
      case null:
        break;
      default:
        demand.write satisfies never;
    }
  }

  #accept(
    resident: Resident,
    state: WorkState,
    snapshot: WorkSnapshot,
    { isBarrier }: Demand,
  ): void {
    const { journal, writer } = this.#parts;
    const { pending } = resident;
    const given = writer.acceptance(resident, snapshot, {
      onDurable: (result) => {
        if (result.kind === 'duplicate') {
          this.#foundDuplicate(resident, result);
          return;
        }
        const turn = this.#accepted(resident, result.kind === 'accepted' && result.laneBusy);
        if (result.kind === 'accepted' && result.raised !== null) {
          this.#parts.dispatcher.raise(result.raised, resident.route);
        }
        if (isBarrier) this.#committed(resident, state, turn);
        else resident.actor.send({ type: 'record.durable' });
      },
      onFailed: (error) => {
        takePending(resident)?.reject(notAccepted(error));
        resident.actor.send({ type: 'journal.failed' });
      },
      onSpilled: () => {
        takePending(resident)?.resolve({ id: resident.id, isDuplicate: false });
        resident.actor.send({ type: 'record.spilled' });
      },
    });
    if (given === null) resident.actor.send({ type: 'record.unkept' });
    if (pending !== null && given !== null)
      pending.takeBack = (error) => journal.takeBack(given, error);
  }

  /** The acceptance is durable: tells how the operation goes on. */
  #accepted(resident: Resident, isLaneBusy: boolean): Turn {
    const { facts, dispatcher, edits } = this.#parts;
    faultPoint('engine.afterAccept');
    const { context } = resident.actor.getSnapshot();
    facts.emit('operation.accepted', context, resident.handler?.upstream ?? null);
    if (isLaneBusy) {
      resident.standing = 'held';
      dispatcher.forget(resident);
    }
    if (resident.handler?.conflicts !== undefined) edits.accepted(context, resident.handler);
    takePending(resident)?.resolve({ id: resident.id, isDuplicate: false });
    const { expiresAtMs } = context;
    if (expiresAtMs !== null) dispatcher.noteInstant(expiresAtMs);
    return turnAtAcceptance(isLaneBusy, resident.permit !== null, context);
  }

  #foundDuplicate(
    resident: Resident,
    { of }: Extract<WriteResult, { readonly kind: 'duplicate' }>,
  ): void {
    const { journal, facts } = this.#parts;
    const { fingerprint } = resident.actor.getSnapshot().context;
    answerDuplicate({ journal, facts }, { of, fingerprint }, takePending(resident));
    resident.actor.send({ type: 'journal.duplicated' });
  }

  #order(resident: Resident, state: WorkState, { isBarrier }: Demand): void {
    this.#parts.writer.barrier(resident, () => {
      if (isBarrier) this.#committed(resident, state);
    });
  }

  #settle(resident: Resident, state: WorkState, snapshot: WorkSnapshot): void {
    const { dispatcher, edits } = this.#parts;
    dispatcher.ended(resident, snapshot.context);
    edits.ended(resident, snapshot.context);
    if (snapshot.context.isCompared !== true || !edits.isToBeRecorded(resident, snapshot.context)) {
      this.#writeEnding(resident, state, snapshot);
      return;
    }
    // The next in its lane is compared with what it has made of the record, which is on disk before that goes on.
    edits.record(resident, () => {
      this.#writeEnding(resident, state, snapshot);
    });
  }

  #writeEnding(resident: Resident, state: WorkState, snapshot: WorkSnapshot): void {
    const { writer, dispatcher } = this.#parts;
    writer.settlement(resident, snapshot, (result) => {
      faultPoint('engine.afterSettle');
      if (result.kind === 'updated' && result.laneNext !== null) {
        dispatcher.laneFreed(result.laneNext);
      }
      this.#committed(resident, state);
    });
  }

  /** Answers a barrier. One that was left meanwhile, by a cancel, must not be taken for the next. */
  #committed(resident: Resident, barrier: WorkState, turn?: Turn): void {
    if (resident.state !== barrier) return;
    resident.actor.send({ type: 'journal.committed', atMs: this.#parts.clock.now(), turn });
  }

  /** Writes where it rests, without anybody waiting, and lets go of it once that is durable (OP-6). */
  #rest(resident: Resident, state: WorkState, { context }: WorkSnapshot, { does }: Demand): void {
    const { writer, dispatcher, edits, steady, renewHandler } = this.#parts;
    dispatcher.forget(resident);
    renewHandler(resident);
    const { chart, route } = resident;
    const position = chart.restingPosition(state, context, route, steady.stamp());
    resident.dueAtMs = position.dueAtMs;
    if (saysAlready(resident, position, context)) {
      dispatcher.rested(resident, position);
      return;
    }
    const isInHand = does === 'restInHand';
    writer.rest(resident, position, () => {
      // Only if nothing has happened to it since.
      if (!isInHand && resident.isInMemory && resident.state === state) {
        dispatcher.rested(resident, position);
      }
      if (position.waitsFor === 'conflict') edits.conflicted(resident);
    });
    if (isInHand) dispatcher.rested(resident, position);
  }

  /** Writes that it is due where its handler goes to; it stands on disk elsewhere. */
  reroute(resident: Resident, dueAtMs: number): void {
    const { writer, dispatcher } = this.#parts;
    const { state } = resident;
    const position = queuedPosition(resident.route, dueAtMs);
    writer.rest(resident, position, () => {
      if (resident.isInMemory && resident.state === state) dispatcher.rested(resident, position);
    });
  }

  #report(resident: Resident, snapshot: WorkSnapshot): void {
    const { facts, release } = this.#parts;
    faultPoint('engine.beforeReport');
    facts.emit('operation.ended', snapshot.context, resident.handler?.upstream ?? null);
    release(resident, snapshot);
    this.#tell(resident, snapshot);
  }

  #tell(resident: Resident, { context }: WorkSnapshot): void {
    const { watchers, exceptions } = this.#parts;
    const settle = watchers.ended(resident.id);
    if (settle !== null) settle(toOutcome(context, resident.said, exceptions.of(resident.id)));
  }
}
