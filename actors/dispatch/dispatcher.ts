/**
 * Decides who runs next: which waiting operation gets the next slot of its upstream, what is
 * fetched from disk, and what a restart has to take up again.
 *
 * @module
 */

import type { CrisisEvent } from '../../machines/crisis/crisisMachine.ts';
import { isReady } from '../../machines/operation/demand.ts';
import type { RowPosition } from '../../machines/operation/position.ts';
import type {
  SyncOperationContext,
  SyncOperationEvent,
} from '../../machines/operation/syncOperationMachine.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { type CallReport, SILENT, UNUSED } from '../../machines/policy/flow/callReport.ts';
import type { RateAsker } from '../../machines/policy/flow/rateLimits.ts';
import type { TypedCall } from '../../machines/policy/flow/typeTrials.ts';
import { mostUrgent } from '../../machines/vocabulary/urgency.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import type { Raised } from '../../persistence/port/writes.ts';
import type { Handler } from '../attempt/handler.ts';
import {
  type CallVerdict,
  type FlowControl,
  giveBack,
  NO_VERDICT,
  type Permit,
} from '../flow/flowControl.ts';
import { type Resident, takesNotice, watchedAtMs } from '../operation/resident.ts';
import { AloneMark } from './aloneMark.ts';
import { CrisisTurns } from './crisisTurns.ts';
import type { DispatcherParts, Residents } from './dispatcherParts.ts';
import { InstantWatch } from './instantWatch.ts';
import { LeaseCheck } from './leaseCheck.ts';
import type { Routes } from './routes.ts';
import { Suspects } from './suspects.ts';
import { enterByRate, giveBackRate, leaveRate } from './turnJudge.ts';
import { Turns } from './turns.ts';
import { type TurnWait, turnWait, type WaitAsker } from './turnWait.ts';
import { UpstreamQueue } from './upstreamQueue.ts';
import { UpstreamQueues } from './upstreamQueues.ts';
import { type StuckWork, type Waiting, WorkWatch, type WorkWatchParts } from './workWatch.ts';

/** The work that waits at an upstream, and what keeps it from starting; `null` if none waits. */
function waitingAt(
  { next, flow }: UpstreamQueue,
  suspects: Suspects,
  leases: LeaseCheck,
  calls: number,
): Waiting | null {
  const { upstream } = flow;
  const urgency = mostUrgent(suspects.waitingAt(upstream));
  const asker = next ?? (Number.isFinite(urgency) ? { id: null, urgency, isNext: true } : null);
  if (asker === null) return null;
  const answer = flow.mayRun(asker);
  const isForOther = !answer.may && answer.because === 'suspect' && suspects.isIsolating;
  const running = leases.heldAt(upstream) + calls;
  return { answer, running: isForOther ? running + 1 : running };
}

class WorkWatches {
  readonly #parts: Omit<WorkWatchParts, 'upstream' | 'look'>;
  readonly #watches = new Map<string, WorkWatch>();

  constructor(parts: Omit<WorkWatchParts, 'upstream' | 'look'>) {
    this.#parts = parts;
  }

  /** @param look what waits there and is due; `null` where nothing is */
  add(upstream: string, look: WorkWatchParts['look']): WorkWatch {
    const watch = new WorkWatch({ ...this.#parts, upstream, look });
    this.#watches.set(upstream, watch);
    return watch;
  }

  at(upstream: string): WorkWatch | undefined {
    return this.#watches.get(upstream);
  }

  /** Work that is due and does not begin, where nothing explains that. */
  get stuck(): readonly StuckWork[] {
    return [...this.#watches.values()].flatMap(({ stuck }) => stuck ?? []);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #queues = new UpstreamQueues();
  readonly #suspects: Suspects;
  readonly #instants: InstantWatch;
  /** Who was alone in flight at its last order. */
  readonly alone: AloneMark;
  readonly #crises: CrisisTurns;
  readonly #turns: Turns;
  readonly #leases: LeaseCheck;
  readonly #watches: WorkWatches;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { timers, pool, onError } = parts;
    this.alone = new AloneMark(parts.journal);
    this.#crises = new CrisisTurns(parts);
    this.#watches = new WorkWatches(parts);
    this.#leases = new LeaseCheck({
      timers,
      resident: (id) => pool.resident(id),
      onError,
      onGivenBack: (upstream) => this.#queues.get(upstream)?.pump(),
    });
    this.#turns = new Turns({
      ...parts,
      isSuspect: (resident) => this.#suspects.has(resident),
      addSuspect: (resident) => {
        this.addSuspect(resident);
      },
      onHeld: (resident, permit) => {
        this.held(resident, permit);
      },
      onRefused: (resident) => {
        if (this.#suspects.delete(resident)) this.#queues.pump();
      },
    });
    this.#suspects = new Suspects({
      ...parts,
      mark: this.alone,
      queues: this.#queues,
      grant: this.#turns.grant,
      onPauseOver: () => {
        if (this.#isStarted) this.#pumpSuspects();
      },
      onOthersMayStart: () => {
        if (!this.#isStarted) return;
        this.#queues.pump();
        this.#pumpSuspects();
      },
    });
    this.#instants = new InstantWatch({
      ...parts,
      wake: this.wake.bind(this),
    });
  }

  /** Which queue claims what. */
  get routes(): Routes {
    return this.#queues.routes;
  }

  /** The flow control of each upstream, in the order of {@link routes}. */
  get flows(): readonly FlowControl[] {
    return [...this.#queues.values()].map(({ flow }) => flow);
  }

  /** Takes on the work of one upstream. */
  addFlow(flow: FlowControl, crisisSlotsMax: () => number): void {
    const { upstream } = flow;
    const watch = this.#watches.add(upstream, () =>
      waitingAt(queue, this.#suspects, this.#leases, this.#parts.callsAt(upstream)),
    );
    const queue = new UpstreamQueue({
      ...this.#parts,
      flow,
      routes: () => this.routes.claimedBy(upstream),
      crisisSlotsMax,
      revive: (row) => {
        const { pool } = this.#parts;
        return pool.resident(row.id) === undefined ? pool.revive(row) : null;
      },
      reroute: (resident, dueAtMs) => {
        this.#parts.pool.reroute(resident, dueAtMs);
      },
      passivate: (resident) => {
        this.#parts.pool.passivate(resident);
      },
      grant: this.#turns.grant,
      othersWaiting: () => this.#suspects.ranksAt(upstream) | this.#parts.callsWaiting(upstream),
      giveToOther: (ranks, permit) =>
        this.#suspects.take(upstream, ranks, permit) ||
        this.#parts.takeCall(upstream, ranks, permit),
      onWaiting: (atMs) => {
        watch.waiting(atMs);
      },
      onSlotsBack: () => {
        if (this.#isStarted) this.#pumpSuspects();
      },
    });
    this.#queues.add(upstream, queue);
    flow.onChange(() => {
      this.#reconsider(queue);
    });
  }

  /**
   * The store is open: what is due on disk is fetched from now on.
   *
   * @param occupied the routes that have rows: the queues of others ask for nothing until there is something
   */
  start(occupied: readonly string[]): void {
    if (this.#isStarted || this.#isStopped) return;
    this.#isStarted = true;
    this.#queues.start(occupied);
    this.#instants.start();
    this.#pumpSuspects();
  }

  /** No turn is granted any more; what runs, runs on. */
  stop(): void {
    this.#isStarted = false;
    this.#isStopped = true;
    this.#suspects.stop();
    this.#crises.stop();
    this.#leases.stop();
    this.#watches.stop();
    this.#queues.stop();
    this.#instants.stop();
    for (const suspect of this.#suspects.waiting) suspect.actor.send({ type: 'process.stopping' });
  }

  /** Why work of this rank, which waits for its turn at this upstream, does not go out now. */
  turnWait(upstream: string, asker: WaitAsker): TurnWait {
    return turnWait(this.#queues.get(upstream)?.flow, asker, this.#parts.steady);
  }

  /** Deliveries of crises to this upstream that are in flight. */
  crisesInFlight(upstream: string): number {
    return this.#crises.inFlight(upstream);
  }

  /** Whether anything waits for its turn at this upstream, or for the time of that. */
  isAwaited(upstream: string): boolean {
    return this.#queues.get(upstream)?.isAwaited === true;
  }

  /** The rank of the most urgent that may wait for a slot there; `Infinity` where nothing does. */
  mostUrgentAt(upstream: string): number {
    return this.#queues.get(upstream)?.next?.urgency ?? Number.POSITIVE_INFINITY;
  }

  /** Work that is due and does not begin, where nothing explains that. */
  get stuck(): readonly StuckWork[] {
    return this.#watches.stuck;
  }

  /** The operation has this permit, for a call that has not begun. */
  held(resident: Resident, permit: Permit): void {
    resident.hasBegun = false;
    permit.flow.held(permit, resident);
    this.#leases.held(permit, resident);
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart(upstream: string, asker: RateAsker & TypedCall): Permit | null {
    const queue = this.#queues.get(upstream);
    if (queue === undefined || queue.flow.subjectDueAtMs(asker.subject) !== null) return null;
    const limits = this.#parts.rates(upstream);
    if (limits === null) return queue.tryStart(asker);
    return enterByRate(limits, this.#parts.steady, asker, () => queue.tryStart(asker));
  }

  /** Asks for one of the places that are kept for crises; returns what ends the asking. */
  awaitPlace(resident: Resident | undefined, report: (event: CrisisEvent) => void): () => void {
    const queue = this.#queues.get(resident?.handler?.upstream ?? '');
    if (resident === undefined) return () => undefined;
    return this.#crises.awaitPlace(resident, queue, report);
  }

  /** Begins an attempt: of an operation where it holds its permit still, of a crisis at once. */
  begin(
    resident: Resident,
    run: () => () => void,
    report: (event: SyncOperationEvent) => void,
  ): () => void {
    if (passesBy('flow', resident)) return this.#crises.begin(resident, run);
    if (resident.handler === null) {
      report({ type: 'handler.missing', atMs: this.#parts.clock.now() });
      return () => undefined;
    }
    const queue = this.#queues.get(resident.handler.upstream);
    if (queue === undefined) return run();
    if (holdsPermitOf(resident, queue.flow, this.#leases)) {
      resident.hasBegun = true;
      this.#watches.at(queue.flow.upstream)?.begun();
      return run();
    }
    giveBackRate(this.#parts, resident);
    report({ type: 'turn.revoked', atMs: this.#parts.clock.now() });
    // Where it was the one that runs alone, it asks for that again at its next turn.
    if (this.#suspects.delete(resident)) this.#queues.pump();
    return () => undefined;
  }

  /**
   * An attempt has ended, or its handler overhangs: its slot goes to the next, how it went to the flow
   * control.
   *
   * @param hasReturned its handler has; while it has not, one that runs alone is in flight still
   */
  attemptEnded(resident: Resident, report: CallReport, hasReturned = true): CallVerdict {
    if (passesBy('flow', resident)) {
      this.#crises.ended(resident, report);
      return NO_VERDICT;
    }
    const { permit } = resident;
    resident.permit = null;
    if (permit !== null) this.#leases.returned(permit);
    const othersMayStart = hasReturned && this.#suspects.delete(resident);
    if (!hasReturned) this.#suspects.overhangs(resident);
    const verdict = permit?.flow.leave(permit, report) ?? NO_VERDICT;
    if (othersMayStart) this.#queues.pump();
    else if (permit !== null) this.#queues.get(permit.flow.upstream)?.pump();
    this.#pumpSuspects();
    return verdict;
  }

  /** It has stopped waiting, or will not run now: its slot goes to another. */
  forget(resident: Resident): void {
    this.#queues.get(resident.handler?.upstream ?? '')?.forget(resident);
    const { permit } = resident;
    if (permit !== null && !resident.hasBegun) {
      giveBackRate(this.#parts, resident);
      this.attemptEnded(resident, UNUSED);
    } else if (permit !== null) this.attemptEnded(resident, SILENT);
    else if (this.#suspects.delete(resident)) {
      this.#queues.pump();
      this.#pumpSuspects();
    }
  }

  /** It has ended: it waits for no turn any more. */
  ended(resident: Resident, context: SyncOperationContext): void {
    leaveRate(this.#parts, context, resident.urgency, resident.handler?.upstream ?? '');
    this.forget(resident);
  }

  /** It rests on disk at `position`; it stays in memory only if it may run soon. */
  rested(resident: Resident, position: RowPosition): void {
    if (passesBy('flow', resident)) {
      this.resumeCrisis(resident);
      return;
    }
    // The watch overlooks what is in hand, so its time may have come unseen.
    const atMs = watchedAtMs(resident);
    if (atMs !== null) this.noteInstant(atMs);
    this.#waitOrLeave(resident, position.standing === 'due' ? (position.dueAtMs ?? 0) : null);
  }

  /** It stays in memory where it may run soon; else its row is due at `dueAtMs`, if ever. */
  #waitOrLeave(resident: Resident, dueAtMs: number | null): void {
    const { pool, residentsMax } = this.#parts;
    const queue = this.#queues.ofRoute(resident.route);
    const isKept = queue?.isBehindRows(resident.urgency) === false && !queue.isParked(resident);
    const hasRoom = pool.size <= residentsMax && isKept;
    if (isReady(resident.state) && this.#isStarted && hasRoom) {
      queue.add(resident);
      return;
    }
    pool.passivate(resident);
    if (dueAtMs !== null) queue?.noteDue(dueAtMs, resident.urgency, resident.route);
  }

  /** The next in a lane has become its head. */
  laneFreed(row: StoredOperation): void {
    this.wake(row, ({ actor, handler }) => {
      const type = handler === null ? 'handler.missing' : 'lane.freed';
      actor.send({ type, atMs: this.#parts.clock.now() });
    });
  }

  /** The head of a lane is as urgent from now on as what has come behind it, which has this route (OP-4). */
  raise({ id, urgency }: Raised, route: string): void {
    const head = this.#parts.pool.resident(id);
    if (head === undefined) {
      // Its row is claimed by its new rank.
      this.noteDue(route, 0, urgency);
      return;
    }
    if (head.urgency <= urgency) return;
    const queue = this.#queues.get(head.handler?.upstream ?? '');
    const wasReady = queue?.forget(head) ?? false;
    head.urgency = urgency;
    if (wasReady) queue?.add(head);
    else this.#suspects.moved(head);
  }

  /** A row of this route is on disk only and due at `dueAtMs`; of this rank, where it is known. */
  noteDue(route: string, dueAtMs: number, urgency: number | null = null): void {
    this.#queues.ofRoute(route)?.noteDue(dueAtMs, urgency, route);
  }

  /** Rows may be due anywhere. */
  lookEverywhere(): void {
    this.#queues.lookEverywhere();
  }

  /** Operations of this type go to this upstream from now on, those on disk among them (OP-7). */
  sendType(type: string, upstream: string): void {
    this.routes.send(type, upstream);
    if (this.#isStarted) this.#queues.get(upstream)?.noteDue(0);
  }

  /** Its handler is another one than `before`: it waits where that goes to. */
  changedHandler(resident: Resident, before: Handler | null): void {
    if (before === null || before.upstream === resident.handler?.upstream) return;
    const wasReady = this.#queues.get(before.upstream)?.forget(resident) ?? false;
    if (wasReady) this.#waitOrLeave(resident, 0);
    else this.#suspects.moved(resident);
    this.#pumpSuspects();
  }

  /** An operation expires at `atMs`, or may begin then. */
  noteInstant(atMs: number): void {
    this.#instants.note(atMs);
  }

  /** It was in flight when the process died. */
  addSuspect(resident: Resident): void {
    this.#suspects.add(resident);
    const upstream = resident.handler?.upstream ?? '';
    this.#watches.at(upstream)?.waiting(this.#parts.steady.now());
    if (this.#isStarted) this.#pumpSuspects();
  }

  /** More may go out to an upstream than before. */
  #reconsider(queue: UpstreamQueue): void {
    // Before other work takes what there is.
    this.#crises.reconsider(queue.flow);
    if (!this.#isStarted) return;
    queue.pump();
    this.#pumpSuspects();
  }

  /**
   * Sends something to an operation that may be on disk only. False where it takes no notice: then it
   * goes back there.
   */
  wake(row: StoredOperation, tell: (resident: Resident) => void): boolean {
    return wakeRow(this.#parts.pool, row, tell);
  }

  /** It was in hand at a restart that changes nothing of its state: it goes on from there. */
  goOn(resident: Resident): void {
    if (passesBy('flow', resident)) this.resumeCrisis(resident);
    else if (isReady(resident.state)) this.#queues.ofRoute(resident.route)?.add(resident);
  }

  /** Lets a crisis that waits go on: now, or when its retry is due. */
  resumeCrisis(resident: Resident): void {
    this.#crises.resume(resident);
  }

  #pumpSuspects(): void {
    if (this.#suspects.pump()) this.#queues.pump();
  }
}

/**
 * Since it was given its permit its type may have moved, or the upstream gone down while its order was
 * written: then it is given another, if there is one.
 */
function holdsPermitOf(resident: Resident, flow: FlowControl, leases: LeaseCheck): boolean {
  const { id, urgency, permit } = resident;
  if (permit === null || (permit.flow === flow && flow.began(permit))) return true;
  resident.permit = null;
  leases.returned(permit);
  giveBack(permit);
  resident.permit = flow.tryEnter({ id, urgency });
  if (resident.permit === null) return false;
  leases.held(resident.permit, resident);
  return true;
}

/** False where it takes no notice: then it goes back to disk. */
function wakeRow(
  pool: Residents,
  row: StoredOperation,
  tell: (resident: Resident) => void,
): boolean {
  const known = pool.resident(row.id);
  const resident = known ?? pool.revive(row);
  if (resident === null) return false;
  const tookNotice = takesNotice(resident, () => {
    tell(resident);
  });
  if (known === undefined && !tookNotice) pool.passivate(resident);
  return tookNotice;
}
