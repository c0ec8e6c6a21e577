/**
 * Drives the operation's chart in tests.
 *
 * @module
 */

import { createActor, type EventObject, fromCallback } from 'xstate';
import { demandOf, hasEnded } from '../../../machines/operation/demand.ts';
import { keyOfRound } from '../../../machines/operation/keys.ts';
import {
  ACCEPTED_IN,
  acceptedStanding,
  inHandPosition,
  type RowPosition,
  restingPosition,
  saysAlready,
  scheduledPosition,
  settledPosition,
  stateToKeep,
} from '../../../machines/operation/position.ts';
import {
  operationAt,
  type ReplayFacts,
  type SyncOperationContext,
  type SyncOperationEvent,
  type SyncOperationInput,
  type SyncOperationSnapshot,
  type SyncOperationState,
  syncOperationMachine,
  type Turn,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { FailureClass } from '../../../machines/policy/retry/classifyFailure.ts';
import { innermost } from '../../../machines/vocabulary/innermost.ts';
import type { Demand, Standing } from '../../../machines/vocabulary/standing.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

/** What is kept of an operation: its row. */
interface Row {
  readonly value: SyncOperationState;
  readonly context: SyncOperationContext;
  /** `inHand` while the process that wrote it has it in hand: after a crash it is suspect. */
  readonly standing: Standing;
  readonly revision: number;
  /** Which body it has: 0 as the app gave it, each that was made after that another. */
  readonly body: number;
}

interface PendingWrite {
  readonly row: Row;
  /** The state that waits for this write; `null` where nobody waits. */
  readonly barrier: SyncOperationState | null;
}

/** An attempt that was begun, and what was on disk at that instant. */
export interface BegunAttempt {
  /** Of the operation, as the attempt was told. */
  readonly id: string;
  readonly number: number;
  /** What the upstream saw: its key, and which body. */
  readonly key: string;
  readonly body: number;
  /** Whether that body was made by comparing or merging, and whether it was to be. */
  readonly isCompared: boolean;
  readonly isEdit: boolean;
  /** Whether its handler was called: not where its turn was taken back, or there is no handler. */
  readonly isCalled: boolean;
  /** The key of what may have been applied, and nobody knows; `null` for nothing. */
  readonly inDoubt: string | null;
  readonly onDisk: Row | null;
  /** How often it had been brought back from the dead letters. */
  readonly replays: number;
}

export interface Failing {
  readonly retryInMs?: number | undefined;
  readonly isRepeatSafe?: boolean | undefined;
  readonly status?: number | undefined;
  /** Of a 409 after an attempt in doubt. */
  readonly conflictIs?: 'unlikely' | 'possible' | undefined;
  /** The upstream surely changed nothing. Default false. */
  readonly notApplied?: boolean | undefined;
  /** The upstream serves others. Default true. */
  readonly isUpstreamWell?: boolean | undefined;
  /** The upstream is failing in a row. Default false. */
  readonly isDoubted?: boolean | undefined;
  /** How long the upstream was up. Default 0. */
  readonly upMs?: number | undefined;
}

/** Of time in which its upstream was up, an operation of the harness is given up after this. */
export const GIVE_UP_AFTER_MS = 1_000_000;

/**
 * Whether a transition is about how a turn is judged and what a handler does late: which test file has to
 * take it.
 */
export function isOfTurns(label: string): boolean {
  if (isOfConflicts(label)) return false;
  return /overhang|cancelling|rateLimited|rate\.limited|attempts\.exhausted|giveup\.due|turn\.revoked|isGivenUp|isConflictAfterAll|failed\[hasExpired/.test(
    label,
  );
}

/** The same, for what is about edits, and what becomes of a conflict. */
export function isOfConflicts(label: string): boolean {
  return /comparing|conflict\.|handler\.merges/.test(label);
}

/** The same, for what is about operations that are to begin later. */
export function isOfStart(label: string): boolean {
  return /scheduled|start\.due|isBeforeStart|isToStartLater/.test(label);
}

/** A handler of its type is registered, always. */
const HANDLER = {};

/** Where the clock of every harness begins. */
export const START_MS = 1_000_000;

export type OperationOptions = Partial<SyncOperationInput> & {
  /** What the engine answers once the acceptance is on disk. */
  readonly turn?: Turn | undefined;
};

/**
 * An operation with the little that the engine adds to it: a disk that takes one write at a time
 * when the test says so, a clock that the test moves, and attempts that end when the test says so.
 */
export class OperationHarness {
  nowMs = START_MS;
  /** Every attempt that was begun, in this process and the ones before it. */
  readonly begun: BegunAttempt[] = [];
  /** Attempts that were cut off by the chart leaving `attempting`. */
  aborted = 0;
  /** Attempts running now; more than one is a fault. */
  running = 0;
  replays = 0;
  readonly #machine: typeof syncOperationMachine;
  readonly #input: SyncOperationInput;
  readonly #turn: Turn;
  #body = 0;
  #bodies = 0;
  #inDoubt: string | null = null;
  #isEditNow: boolean | undefined;
  readonly #compared = new Set<number>();
  #writes: PendingWrite[] = [];
  #row: Row | null = null;
  /** What the newest write ordered, durable or not. */
  #ordered: Row | null = null;
  #lastState: SyncOperationState | null = null;
  #actor;

  constructor(options: OperationOptions = {}, machine = syncOperationMachine) {
    const { turn = 'granted', ...input } = options;
    this.#turn = turn;
    this.#input = {
      id: 'operation-1',
      type: 'payments.push',
      subject: 'user-42',
      entity: null,
      tier: 'premium',
      priority: 'normal',
      idempotencyKey: 'key-1',
      fingerprint: null,
      method: null,
      path: null,
      acceptedAtMs: this.nowMs,
      expiresAtMs: null,
      attemptsMax: 3,
      ...input,
    };
    this.#machine = machine.provide({
      actors: {
        attempt: fromCallback<EventObject, { readonly id: string }>(({ input: { id } }) => {
          this.begun.push({
            id,
            number: this.context.attempt,
            key: keyOfRound(this.context),
            body: this.#body,
            isCompared: this.#compared.has(this.#body),
            isEdit: this.context.isEdit === true && this.#isEditNow !== false,
            isCalled: true,
            inDoubt: this.#inDoubt,
            onDisk: this.#row,
            replays: this.replays,
          });
          this.running += 1;
          return () => {
            this.running -= 1;
            this.aborted += 1;
          };
        }),
      },
    });
    this.#actor = this.#start(null);
  }

  get snapshot(): SyncOperationSnapshot {
    return this.#actor.getSnapshot();
  }

  get state(): SyncOperationState {
    return innermost(this.snapshot.value);
  }

  get context(): SyncOperationContext {
    return this.snapshot.context;
  }

  /** What a crash would leave. */
  get row(): Row | null {
    return this.#row;
  }

  get hasPendingWrite(): boolean {
    return this.#writes.length > 0;
  }

  /** True once it has ended, was refused, or was never written before its process died. */
  get isOver(): boolean {
    return this.snapshot.status !== 'active' || hasEnded(this.state);
  }

  /** What happened, oldest first: `failed 1`, `crashed 2`. */
  get history(): readonly string[] {
    return this.context.history.map(({ what, attempt }) => `${what} ${attempt}`);
  }

  /** Whoever is over is told nothing more. */
  send(event: SyncOperationEvent): void {
    if (!this.isOver) this.#actor.send(event);
  }

  /** Sends an event that tells nothing but its instant. */
  tell(
    type: Exclude<
      SyncOperationEvent['type'],
      | 'attempt.failed'
      | 'replay.requested'
      | 'journal.failed'
      | 'journal.duplicated'
      | 'process.stopping'
      | 'process.restarted'
      | 'rate.limited'
      | 'conflict.merged'
      | 'conflict.pending'
      | 'conflict.refused'
    >,
  ): void {
    // A person has looked at it.
    if (type === 'retry.requested' && this.state === 'inReview') this.#inDoubt = null;
    const last = this.begun.at(-1);
    const isUncalled = type === 'turn.revoked' || type === 'handler.missing';
    if (this.state === 'attempting' && isUncalled && last !== undefined) {
      this.begun.splice(-1, 1, { ...last, isCalled: false });
    }
    this.send({ type, atMs: this.nowMs });
  }

  /** The oldest write becomes durable, and whoever waits for it is told. */
  commitNext(): void {
    const [write, ...others] = this.#writes;
    if (write === undefined) return;
    this.#writes = others;
    this.#row = write.row;
    if (write.barrier !== this.state) return;
    this.send({ type: 'journal.committed', atMs: this.nowMs, turn: this.#turn });
  }

  /** Everything ordered becomes durable, and what is ordered because of that too. */
  commit(): this {
    while (this.hasPendingWrite) this.commitNext();
    return this;
  }

  /** The acceptance could not be written, or was there already. */
  refuse(type: 'journal.failed' | 'journal.duplicated'): void {
    this.#writes = [];
    this.send({ type });
  }

  /**
   * @param wasOutage its last failure lay in an outage
   * @param isEdit whether it is an edit to the handler that it has now; absent: as it was accepted
   */
  grant(wasOutage = false, isEdit?: boolean): this {
    const turn = { type: 'turn.granted', atMs: this.nowMs, wasOutage, isEdit } as const;
    if (!this.isOver && this.snapshot.can(turn)) this.#isEditNow = isEdit;
    this.send(turn);
    return this;
  }

  /** At its turn, its rate is used up for a while. */
  limit(waitMs: number): this {
    const retryAtMs = this.nowMs + waitMs;
    const reservation = { owner: 'subject', dueAtMs: retryAtMs, timesAsked: 1 } as const;
    this.send({ type: 'rate.limited', atMs: this.nowMs, retryAtMs, reservation });
    return this;
  }

  succeed(): this {
    this.tell('attempt.succeeded');
    return this;
  }

  fail(failureClass: FailureClass = 'transient', how: Failing = {}): this {
    const { retryInMs = 1_000, isRepeatSafe = true, isUpstreamWell = true } = how;
    const { status, notApplied, conflictIs, isDoubted = false, upMs = 0 } = how;
    if (this.state === 'attempting' && failureClass === 'unknownOutcome') {
      this.#inDoubt = keyOfRound(this.context);
    }
    this.send({
      type: 'attempt.failed',
      startedAtMs: this.nowMs - 50,
      atMs: this.nowMs,
      failure: {
        failureClass,
        code: 'HF_ATTEMPT_FAILED',
        message: 'It failed.',
        status,
        notApplied,
        conflictIs,
      },
      retryAtMs: this.nowMs + retryInMs,
      isRepeatSafe,
      isUpstreamWell,
      steadyAtMs: this.nowMs,
      isDoubted,
      up: { upstream: 'payments', upMs },
      giveUpAfterMs: GIVE_UP_AFTER_MS,
    });
    return this;
  }

  /** It is compared, and a body made for it; where an attempt is in doubt, it goes out as it is. */
  compare(): this {
    if (this.state === 'comparing') {
      if (this.context.isOutcomeUnknown) this.#compared.add(this.#body);
      else this.#makeBody(true);
    }
    this.tell('edit.compared');
    return this;
  }

  /** A new body is made of what the upstream holds now, where its chart takes that. */
  merge(round = (this.context.round ?? 0) + 1, isOutcomeKnown?: boolean): this {
    const event = { type: 'conflict.merged', atMs: this.nowMs, round, isOutcomeKnown } as const;
    if (this.isOver || !this.snapshot.can(event)) return this;
    this.#makeBody(true);
    if (isOutcomeKnown === true) this.#inDoubt = null;
    this.send(event);
    return this;
  }

  /** The upstream is still at work on what was sent before. */
  pend(retryInMs: number): this {
    const retryAtMs = this.nowMs + retryInMs;
    this.send({ type: 'conflict.pending', atMs: this.nowMs, retryAtMs });
    return this;
  }

  /** The upstream will not have its record read. */
  refuseConflict(): this {
    const failure = {
      failureClass: 'permanent',
      code: 'HF_UPSTREAM_REFUSED',
      message: 'No.',
    } as const;
    this.send({ type: 'conflict.refused', atMs: this.nowMs, failure });
    return this;
  }

  #makeBody(isCompared: boolean): void {
    this.#bodies += 1;
    this.#body = this.#bodies;
    if (isCompared) this.#compared.add(this.#body);
  }

  /** A person replays it, from its row; no dead letter, or one that can't be replayed, stays as it is. */
  replay(how: Partial<ReplayFacts> = {}): this {
    const row = this.#row;
    if (row?.context.ending !== 'deadLettered' || !this.isOver) return this;
    const letter = createActor(this.#machine, {
      input: this.#input,
      inspect: coverTransitions(syncOperationMachine),
      snapshot: this.#machine.resolveState({ value: 'deadLettered', context: row.context }),
    }).start();
    letter.send({
      type: 'replay.requested',
      atMs: this.nowMs,
      idempotencyKey: null,
      isRepeatApproved: false,
      ...how,
    });
    const next = letter.getSnapshot();
    letter.stop();
    if (innermost(next.value) !== 'replayed') return this;
    this.replays += 1;
    if (how.isRepeatApproved === true) this.#inDoubt = null;
    if (typeof how.idempotencyKey === 'string') this.#makeBody(false);
    const body = this.#body;
    // Its row is written whole before an actor lives again.
    const { context } = next;
    const value = innermost(next.value);
    this.#row = { value, context, standing: 'due', revision: row.revision + 1, body };
    this.#actor = this.#start(this.#row);
    return this;
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /**
   * The process dies and another starts `downMs` later: what was not durable is lost, and what the
   * dead process had in hand is told of the restart.
   */
  restart(downMs = 0, wasAlone = true): this {
    this.#actor.stop();
    this.nowMs += downMs;
    this.running = 0;
    this.#writes = [];
    const row = this.#row;
    if (row === null || row.value === 'settling') return this;
    this.#actor = this.#start(row);
    if (row.standing === 'inHand') {
      this.send({ type: 'process.restarted', atMs: this.nowMs, wasAlone });
    }
    return this;
  }

  #start(row: Row | null) {
    this.#ordered = row;
    this.#lastState = row?.value ?? null;
    this.#body = row?.body ?? 0;
    const kept = row && (JSON.parse(JSON.stringify(row)) as Row);
    const actor = createActor(this.#machine, {
      input: this.#input,
      inspect: coverTransitions(syncOperationMachine),
      ...(kept === null ? {} : { snapshot: operationAt(kept.value, kept.context, this.#machine) }),
    });
    let lastRate = actor.getSnapshot().context.rate;
    actor.subscribe((snapshot) => {
      // One that was sent away again by its rate waits for another time.
      const { rate } = snapshot.context;
      const state = innermost(snapshot.value);
      if (state === this.#lastState && rate === lastRate) return;
      lastRate = rate;
      this.#lastState = state;
      this.#write(snapshot);
    });
    // The callback of an attempt asks for the context while the actor starts.
    this.#actor = actor;
    return actor.start();
  }

  /** Orders the write that a new state asks for, as the engine does. */
  #write(snapshot: SyncOperationSnapshot): void {
    const { context } = snapshot;
    const value = innermost(snapshot.value);
    const { revision, standing } = this.#ordered ?? { revision: 0, standing: 'due' as const };
    const demand = demandOf(value, { handler: HANDLER });
    const position = this.#positionFor(demand, snapshot);
    if (position === null) return;
    if (demand.write === 'position' && saysAlready({ revision, standing }, position, context))
      return;
    const isAcceptance = demand.write === 'acceptance';
    this.#ordered = {
      value: isAcceptance ? ACCEPTED_IN[this.#keptTurn] : stateToKeep(value),
      context,
      standing: position.standing,
      revision: revision + 1,
      body: this.#body,
    };
    this.#writes.push({ row: this.#ordered, barrier: demand.isBarrier ? value : null });
  }

  #positionFor(demand: Demand, { value, context }: SyncOperationSnapshot): RowPosition | null {
    switch (demand.write) {
      case 'acceptance':
        return this.#acceptedPosition;
      case 'order':
        return inHandPosition('payments');
      case 'position':
        return restingPosition(innermost(value), context, 'payments', this.nowMs);
      case 'ending':
        return settledPosition(context, 'payments', 0);
      default:
        return null;
    }
  }

  /** The engine accepts as waiting what it has no handler for; that is written once it is known. */
  get #keptTurn(): Turn {
    return this.#turn === 'awaitsHandler' ? 'awaitsUpstream' : this.#turn;
  }

  get #acceptedPosition(): RowPosition {
    if (this.#turn === 'awaitsStart') return scheduledPosition('payments');
    const isHeld = this.#turn === 'awaitsLane';
    const standing = isHeld ? 'held' : acceptedStanding(this.#turn);
    return { standing, dueAtMs: null, waitsFor: isHeld ? 'lane' : 'turn', route: 'payments' };
  }
}
