/**
 * The operations of this process in the lines of their upstreams: where each waits, what its turn comes to,
 * and what a restart has to take up again. Who has the next slot is decided by each {@link Line}.
 *
 * @module
 */

import type { CrisisEvent } from '../../machines/crisis/crisisMachine.ts';
import { isReady } from '../../machines/operation/demand.ts';
import type { RowPosition } from '../../machines/operation/position.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { type CallReport, SILENT, UNUSED } from '../../machines/policy/flow/callReport.ts';
import type { RateAsker } from '../../machines/policy/flow/rateLimits.ts';
import type { TypedCall } from '../../machines/policy/flow/typeTrials.ts';
import type { PassOver, StoredOperation } from '../../persistence/port/store.ts';
import type { Raised } from '../../persistence/port/writes.ts';
import type { AttemptRunner } from '../operation/attemptRunner.ts';
import { type CallVerdict, giveBack, NO_VERDICT, type Permit } from '../operation/flowControl.ts';
import type { Handler } from '../operation/handler.ts';
import type { AttemptOf } from '../operation/operationActors.ts';
import { type Resident, takesNotice, watchedAtMs } from '../operation/resident.ts';
import type { LineWork, PageRead } from '../upstream/claims.ts';
import type { Routes } from '../upstream/routes.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { AloneMark } from './aloneMark.ts';
import { CrisisTurns } from './crisisTurns.ts';
import type { DispatcherParts, Residents } from './dispatcherParts.ts';
import { InstantWatch } from './instantWatch.ts';
import { Suspects } from './suspects.ts';
import { enterByRate, giveBackRate, leaveRate } from './turnJudge.ts';
import { Turns } from './turns.ts';
import { type TurnWait, turnWait, type WaitAsker } from './turnWait.ts';

export class Dispatcher implements LineWork {
  readonly #parts: DispatcherParts;
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #suspects: Suspects;
  readonly #instants: InstantWatch;
  /** Mark of who was alone in flight at its last order. */
  readonly alone: AloneMark;
  readonly #crises: CrisisTurns;
  readonly #turns: Turns;
  #isStarted = false;
  #isStopped = false;
  /** The store is held, though work had begun. */
  #isPaused = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#upstreams = parts.upstreams.byName;
    this.alone = new AloneMark(parts.journal);
    this.#crises = new CrisisTurns(parts);
    this.#suspects = new Suspects({ ...parts, mark: this.alone });
    this.#turns = new Turns(this, { ...parts, suspects: this.#suspects });
    this.#instants = new InstantWatch(this, parts);
    for (const upstream of parts.upstreams.all) {
      upstream.line.serve(this);
      upstream.flow.onChange(() => {
        this.#reconsider(upstream);
      });
    }
  }

  /** Which line claims what. */
  get routes(): Routes {
    return this.#parts.upstreams.routes;
  }

  get passOver(): PassOver {
    return this.#parts.pool.left.passOver;
  }

  revive(row: StoredOperation): Resident | null {
    const { pool } = this.#parts;
    return pool.resident(row.id) === undefined ? pool.revive(row) : null;
  }

  page(): PageRead {
    return this.#parts.pool.staleReads.page();
  }

  reroute(resident: Resident, dueAtMs: number): void {
    this.#parts.pool.reroute(resident, dueAtMs);
  }

  passivate(resident: Resident): void {
    this.#parts.pool.passivate(resident);
  }

  grant(resident: Resident, permit: Permit): void {
    this.#turns.grant(resident, permit);
  }

  /**
   * The store is open: what is due on disk is fetched from now on.
   *
   * @param occupied the routes that have rows: the queues of others ask for nothing until there is something
   */
  start(occupied: readonly string[]): void {
    if (this.#isStarted || this.#isStopped) return;
    this.#isStarted = true;
    const { upstreams } = this.#parts;
    const busy = new Set(occupied.map((route) => upstreams.ofRoute(route)));
    for (const upstream of upstreams.all) {
      const { flow, line } = upstream;
      flow.setIntake('open');
      if (busy.has(upstream)) line.noteDue(0);
      else line.pump();
    }
    this.#instants.start();
    this.#suspects.start();
  }

  /** No turn is granted until {@link resume}; what runs, runs on. */
  pause(): void {
    this.#isPaused = true;
    for (const { flow } of this.#parts.upstreams.all) flow.setHeld(true);
  }

  /** Turns are granted again. */
  resume(): void {
    if (!this.#isPaused || this.#isStopped) return;
    this.#isPaused = false;
    for (const { flow } of this.#parts.upstreams.all) flow.setHeld(false);
    if (this.#isStarted) this.lookEverywhere();
  }

  /** No turn is granted any more; what runs, runs on. */
  stop(): void {
    this.#isStarted = false;
    this.#isStopped = true;
    this.#suspects.stop();
    this.#crises.stop();
    for (const upstream of this.#parts.upstreams.all) upstream.stopWork();
    this.#instants.stop();
    for (const suspect of this.#suspects.waiting) suspect.actor.send({ type: 'process.stopping' });
  }

  /** Why work of this rank, which waits for its turn at this upstream, does not go out now. */
  turnWait(upstream: string, asker: WaitAsker): TurnWait {
    const { upstreams, steady } = this.#parts;
    return turnWait(upstreams.byName.get(upstream)?.flow, asker, steady);
  }

  /** The operation has this permit, for a call that has not begun. */
  held(resident: Resident, permit: Permit): void {
    resident.hasBegun = false;
    permit.flow.held(permit, resident);
    this.#upstreams.get(permit.flow.upstream)?.leases.took(permit, resident);
  }

  /** A permit for a request that arrives now; `null` when it has to wait behind others. */
  tryStart(upstream: string, asker: RateAsker & TypedCall): Permit | null {
    const at = this.#upstreams.get(upstream);
    if (at === undefined || at.flow.subjectDueAtMs(asker.subject) !== null) return null;
    const { line } = at;
    const { rates } = at.flow;
    if (rates === null) return line.tryStart(asker);
    return enterByRate(rates, this.#parts.steady, asker, () => line.tryStart(asker));
  }

  /** Asks for one of the places that are kept for crises; returns what ends the asking. */
  awaitPlace(resident: Resident | undefined, report: (event: CrisisEvent) => void): () => void {
    if (resident === undefined) return () => undefined;
    const upstream = this.#upstreams.get(resident.handler?.upstream ?? '');
    return this.#crises.awaitPlace(resident, upstream, report);
  }

  /** Begins an attempt: of an operation where it holds its permit still, of a crisis at once. */
  begin(
    resident: Resident,
    attempts: Pick<AttemptRunner, 'begin'>,
    chart: Pick<AttemptOf, 'report'>,
  ): () => void {
    const nowMs = this.#parts.clock.monotonic();
    if (passesBy('flow', resident)) {
      return this.#crises.begin(resident, () => attempts.begin(resident, nowMs));
    }
    if (resident.handler === null) {
      chart.report({ type: 'handler.missing', atMs: this.#parts.clock.now() });
      return () => undefined;
    }
    const upstream = this.#upstreams.get(resident.handler.upstream);
    if (upstream === undefined) return attempts.begin(resident, nowMs);
    if (this.#holdsPermitOf(resident, upstream, nowMs)) {
      resident.hasBegun = true;
      upstream.watch.begun();
      return attempts.begin(resident, nowMs);
    }
    giveBackRate(this.#parts.clock, resident);
    chart.report({ type: 'turn.revoked', atMs: this.#parts.clock.now() });
    // Where it was the one that runs alone, it asks for that again at its next turn.
    this.#suspects.delete(resident);
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
    if (hasReturned) this.#suspects.delete(resident);
    else this.#suspects.overhangs(resident);
    let verdict = NO_VERDICT;
    if (permit !== null) {
      const upstream = this.#upstreams.get(permit.flow.upstream);
      upstream?.leases.returned(permit);
      verdict = permit.flow.leave(permit, report);
      upstream?.line.pump();
    }
    this.#suspects.pump();
    return verdict;
  }

  /** Gives the slot of an operation that has stopped waiting, or will not run now, to another. */
  forget(resident: Resident): void {
    this.#upstreams.get(resident.handler?.upstream ?? '')?.line.forget(resident);
    const { permit } = resident;
    if (permit !== null && !resident.hasBegun) {
      giveBackRate(this.#parts.clock, resident);
      this.attemptEnded(resident, UNUSED);
    } else if (permit !== null) this.attemptEnded(resident, SILENT);
    else this.#suspects.delete(resident);
  }

  /** Forgets an operation that has ended: it waits for no turn any more. */
  ended(resident: Resident, context: SyncOperationContext): void {
    if (context.rate !== undefined) {
      leaveRate(
        this.#upstreams.get(resident.handler?.upstream ?? '')?.flow,
        context,
        resident.urgency,
      );
    }
    this.forget(resident);
  }

  /** Takes note that an operation rests on disk at `position`; it stays in memory only if it may run soon. */
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

  /** Keeps an operation in memory where it may run soon; else its row is due at `dueAtMs`, if ever. */
  #waitOrLeave(resident: Resident, dueAtMs: number | null): void {
    const { pool, residentsMax, upstreams } = this.#parts;
    const line = upstreams.ofRoute(resident.route)?.line;
    const isKept = line?.isBehindRows(resident.urgency) === false && !line.isParked(resident);
    const hasRoom = pool.size <= residentsMax && isKept;
    if (isReady(resident.state) && this.#isStarted && hasRoom) {
      line.add(resident);
      return;
    }
    pool.passivate(resident);
    if (dueAtMs !== null) line?.noteDue(dueAtMs, resident.urgency, resident.route);
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
    const line = this.#upstreams.get(head.handler?.upstream ?? '')?.line;
    const wasReady = line?.forget(head) ?? false;
    head.urgency = urgency;
    if (wasReady) line?.add(head);
    else this.#suspects.moved(head);
  }

  /** A row of this route is on disk only and due at `dueAtMs`; of this rank, where it is known. */
  noteDue(route: string, dueAtMs: number, urgency: number | null = null): void {
    this.#parts.upstreams.ofRoute(route)?.line.noteDue(dueAtMs, urgency, route);
  }

  /** Rows may be due anywhere. */
  lookEverywhere(): void {
    for (const { line } of this.#parts.upstreams.all) line.noteDue(0);
  }

  /** Operations of this type go to this upstream from now on, those on disk among them (OP-7). */
  sendType(type: string, upstream: string): void {
    this.routes.send(type, upstream);
    if (this.#isStarted) this.#upstreams.get(upstream)?.line.noteDue(0);
  }

  /** Moves an operation whose handler is another one than `before`: it waits where that goes to. */
  changedHandler(resident: Resident, before: Handler | null): void {
    if (before === null || before.upstream === resident.handler?.upstream) return;
    const wasReady = this.#upstreams.get(before.upstream)?.line.forget(resident) ?? false;
    if (wasReady) this.#waitOrLeave(resident, 0);
    else this.#suspects.moved(resident);
  }

  /** An operation expires at `atMs`, or may begin then. */
  noteInstant(atMs: number): void {
    this.#instants.note(atMs);
  }

  /** Adds an operation that was in flight when the process died. */
  addSuspect(resident: Resident): void {
    this.#upstreams.get(resident.handler?.upstream ?? '')?.watch.waiting(this.#parts.steady.now());
    this.#suspects.add(resident);
  }

  /** More may go out to an upstream than before. */
  #reconsider({ flow, line }: Upstream): void {
    // Before other work takes what there is.
    this.#crises.reconsider(flow);
    if (!this.#isStarted) return;
    line.pump();
    this.#suspects.pump();
  }

  /**
   * Sends something to an operation that may be on disk only. False where it takes no notice: then it
   * goes back there.
   */
  wake(row: StoredOperation, tell: (resident: Resident) => void): boolean {
    return wakeRow(this.#parts.pool, row, tell);
  }

  /** Lets an operation go on that was in hand at a restart, which changes nothing of its state. */
  goOn(resident: Resident): void {
    if (passesBy('flow', resident)) this.resumeCrisis(resident);
    else if (isReady(resident.state))
      this.#parts.upstreams.ofRoute(resident.route)?.line.add(resident);
  }

  /** Lets a crisis that waits go on: now, or when its retry is due. */
  resumeCrisis(resident: Resident): void {
    this.#crises.resume(resident);
  }

  /**
   * Since it was given its permit its type may have moved, or the upstream gone down while its order was
   * written: then it is given another, if there is one.
   */
  #holdsPermitOf(resident: Resident, { flow, line, leases }: Upstream, nowMs: number): boolean {
    const { permit } = resident;
    if (permit === null || (permit.flow === flow && flow.began(permit, nowMs))) return true;
    resident.permit = null;
    this.#upstreams.get(permit.flow.upstream)?.leases.returned(permit);
    giveBack(permit);
    resident.permit = line.tryOne(resident);
    if (resident.permit === null) return false;
    leases.took(resident.permit, resident);
    return true;
  }
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
