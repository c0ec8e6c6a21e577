/**
 * Orders the writes of operations: acceptance, barriers, resting and settlement.
 *
 * @module
 */

import { storedKeyOf } from '../../machines/operation/keys.ts';
import {
  inHandPosition,
  keepsPayload,
  leavesLane,
  type RowPosition,
  settledPosition,
} from '../../machines/operation/position.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { NEVER_MS } from '../../machines/vocabulary/standing.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { RecordStore, WriteResult } from '../../persistence/port/store.ts';
import type { WorkSnapshot } from '../charts/chartOfWork.ts';
import { encodeAccepted } from '../charts/operationRecord.ts';
import { encodeWork } from '../charts/workRecord.ts';
import type { AuditNotes, Noted } from '../journal/auditTrail.ts';
import type { Journal } from '../journal/journal.ts';
import { type JournalEntry, type Pending, supersede } from '../journal/journalEntry.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import { NO_BODY, type Resident, watchedAtMs } from './resident.ts';

/** Orders the writes of operations: what goes on the row in each situation. */
export class OperationWriter {
  readonly #store: RecordStore;
  readonly #journal: Journal;
  readonly #steady: SteadyClock;
  readonly #retentionMs: number;
  readonly #notes: AuditNotes;
  readonly #onRefused: (resident: Resident, error: HoldfastError) => void;

  constructor(parts: {
    readonly store: RecordStore;
    readonly journal: Journal;
    readonly steady: SteadyClock;
    readonly retentionMs: number;
    readonly notes: AuditNotes;
    /** The store is well and refuses a write of what was accepted: see {@link JournalEntry.onRefused}. */
    readonly onRefused: (resident: Resident, error: HoldfastError) => void;
  }) {
    this.#store = parts.store;
    this.#journal = parts.journal;
    this.#steady = parts.steady;
    this.#retentionMs = parts.retentionMs;
    this.#notes = parts.notes;
    this.#onRefused = parts.onRefused;
  }

  /**
   * Puts a new operation on disk, with its payload and its first attempt number. `null` for one that is
   * not kept.
   */
  acceptance(
    resident: Resident,
    snapshot: WorkSnapshot,
    told: {
      readonly onDurable: (result: WriteResult) => void;
      readonly onFailed: (error: HoldfastError) => void;
      /** A crisis is kept beside a database that fails. */
      readonly onSpilled: () => void;
    },
  ): Pending | null {
    if (!resident.isKept) {
      resident.revision = 1;
      return null;
    }
    faultPoint('engine.beforeAccept');
    const { context } = snapshot;
    const { standing, chart } = resident;
    const lane = chart.laneOf(context);
    const isUnderWay = passesBy('storage', context);
    // What is under way already is kept as it is; everything else as it will go on.
    const texts = isUnderWay
      ? { state: encodeWork(chart, snapshot) }
      : encodeAccepted(context, turnAtAcceptance(false, resident.permit !== null, context), lane);
    const { startAtMs, acceptedAtMs } = context;
    const isDueAtMs = startAtMs === undefined ? this.#steady.stamp(acceptedAtMs) : NEVER_MS;
    const dueAtMs = standing === 'due' ? isDueAtMs : null;
    resident.revision = 1;
    return this.#journal.write({
      build: () => {
        resident.seq = this.#store.nextSeq();
        const write = {
          kind: 'accept' as const,
          seq: resident.seq,
          id: resident.id,
          urgency: resident.ownUrgency,
          standing,
          dueAtMs,
          route: resident.route,
          subject: context.subject,
          lane,
          idempotencyKey: storedKeyOf(context),
          expiresAtMs: context.expiresAtMs,
          startAtMs,
          tags: context.tags,
          ...texts,
          payload: resident.body ?? NO_BODY,
        };
        if (!isUnderWay) return write;
        return { ...write, audit: this.#notes.of(acceptedNote(resident, context)) };
      },
      onDurable: told.onDurable,
      onFailed: isUnderWay ? undefined : told.onFailed,
      onSpilled: isUnderWay ? told.onSpilled : undefined,
      isPatient: resident.pending?.isPatient,
    });
  }

  /** Writes the order of an attempt. */
  barrier(resident: Resident, onDurable: () => void): void {
    faultPoint('engine.beforeOrder');
    this.#update(resident, {
      position: inHandPosition(resident.route),
      onDurable: () => {
        faultPoint('engine.afterOrder');
        onDurable();
      },
    });
  }

  /** Writes where it rests. */
  rest(resident: Resident, position: RowPosition, onDurable: () => void): void {
    faultPoint('engine.beforeRest');
    this.#update(resident, {
      position,
      onDurable: () => {
        faultPoint('engine.afterRest');
        onDurable();
      },
    });
  }

  /** Writes a crisis where it is, without anybody waiting: something else of it has changed. */
  position(resident: Resident, { value, context }: WorkSnapshot): void {
    const { chart, route } = resident;
    this.#update(resident, {
      position: chart.restingPosition(chart.stateOf(value), context, route, this.#steady.stamp()),
      onDurable: () => undefined,
    });
  }

  /** Writes the ending, with what the upstream said. */
  settlement(
    resident: Resident,
    { context }: WorkSnapshot,
    onDurable: (result: WriteResult) => void,
  ): void {
    faultPoint('engine.beforeSettle');
    this.#update(resident, {
      position: settledPosition(context, resident.handler?.upstream ?? '', this.#retentionMs),
      leavesLane: leavesLane(context, resident.handler?.strictOrder === true),
      keepsPayload: keepsPayload(context),
      noted: endedNote(resident, context),
      onDurable,
    });
  }

  #update(
    resident: Resident,
    update: {
      readonly position: RowPosition;
      readonly leavesLane?: boolean;
      readonly keepsPayload?: boolean;
      readonly noted?: Noted | undefined;
      readonly onDurable: (result: WriteResult) => void;
    },
  ): void {
    if (!resident.isKept) {
      update.onDurable({ kind: 'updated', laneNext: null });
      return;
    }
    const snapshot = resident.actor.getSnapshot();
    const { subject } = snapshot.context;
    const expiresAtMs = watchedAtMs(resident);
    const state = encodeWork(resident.chart, snapshot, resident.said);
    resident.standing = update.position.standing;
    const before = resident.unwritten;
    // A crisis goes on while the disk is ill, and its row needs only how it stands in the end.
    const isSuperseding = this.#journal.holdsBack(before);
    if (!isSuperseding) resident.revision += 1;
    const { revision } = resident;
    // What goes before it in the journal may be given up for it, so it brings the body along itself.
    const newPayload = resident.isBodyNew ? (resident.body ?? undefined) : undefined;
    const entry: JournalEntry = {
      build: () => {
        const write = {
          kind: 'update' as const,
          seq: resident.seq,
          id: resident.id,
          // Its own: in its lane it may have the rank of another, which the store keeps.
          urgency: resident.ownUrgency,
          expiresAtMs,
          subject,
          revision,
          ...update.position,
          state,
          leavesLane: update.leavesLane ?? false,
          payload: (update.keepsPayload ?? true) ? resident.body : null,
          newPayload: (update.keepsPayload ?? true) ? newPayload : undefined,
        };
        const { noted } = update;
        return noted === undefined ? write : { ...write, audit: this.#notes.of(noted) };
      },
      onDurable:
        newPayload === undefined
          ? update.onDurable
          : (result) => {
              if (resident.body === newPayload) resident.isBodyNew = false;
              update.onDurable(result);
            },
      onRefused: (error) => this.#onRefused(resident, error),
    };
    if (isSuperseding) supersede(before, entry);
    else resident.unwritten = this.#journal.write(entry);
  }
}

function acceptedNote({ id, handler }: Resident, { subject }: WorkSnapshot['context']): Noted {
  const upstream = handler?.upstream;
  return { act: 'crisis.accepted', operationId: id, subject: subject ?? undefined, upstream };
}

/** Note of an ending; `undefined` for that of ordinary work that was done: its history says so. */
function endedNote({ id, handler }: Resident, context: WorkSnapshot['context']): Noted | undefined {
  const { ending, failure, subject } = context;
  if (ending === 'completed' && !passesBy('storage', context)) return undefined;
  const isGivenUp = ending === 'deadLettered' && failure !== null;
  return {
    act: 'operation.ended',
    ...{ operationId: id, subject: subject ?? undefined, upstream: handler?.upstream },
    code: isGivenUp ? failure.code : (ending ?? 'deadLettered'),
  };
}
