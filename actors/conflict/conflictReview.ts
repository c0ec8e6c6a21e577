/**
 * The review of conflicts under a running engine, and in a store at rest: who may be asked of them, what of their
 * decisions is told and counted, and who carries them out (CF-6).
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../machines/merge/entities/rulesOf.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { Store, WriteResult } from '../../persistence/port/store.ts';
import type { AboutConflict } from '../facts/conflictFacts.ts';
import type { FactStream } from '../facts/factStream.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import type { TimerService } from '../platform/timerService.ts';
import {
  type ConflictAccess,
  type ConflictAccessParts,
  type ConflictChange,
  Conflicts,
} from './conflictAccess.ts';
import type { ConflictOrders } from './conflictOrders.ts';
import { type AskedRecords, type ConflictsHealth, OpenConflicts } from './openConflicts.ts';

/** How long after a decision that could not be carried out it is tried again. */
const CARRY_AGAIN_MS = 30_000;
/** How long a store at rest keeps what is over; a running one says so itself. */
const RETENTION_MS = 30 * 86_400_000;

export interface ConflictReviewParts {
  readonly store: Pick<Store, 'kept' | 'beside'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'defer'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly timers: Pick<TimerService, 'after'>;
  readonly facts: FactStream;
  readonly notes: AuditNotes;
  readonly retentionMs: number;
  readonly ready: () => Promise<void>;
  readonly orders: ConflictOrders;
  readonly asked: AskedRecords;
  /** The rules of an entity of the app; `undefined` for one that it has not declared. */
  readonly rulesOf: (entityType: string) => EntityRules | undefined;
  /** How an operation has ended; `null` where it has not, `purged` where it is not there any more. */
  readonly endingOf: ConflictAccessParts['endingOf'];
  /** The upstream of a type that has a handler. */
  readonly upstreamOf: (type: string) => string | undefined;
}

export class ConflictReview {
  readonly access: ConflictAccess;
  readonly #parts: ConflictReviewParts;
  readonly #conflicts: Conflicts;
  readonly #open: OpenConflicts;
  #cancel: () => void = () => undefined;

  constructor(parts: ConflictReviewParts) {
    const { facts, clock, orders, rulesOf } = parts;
    this.#parts = parts;
    this.#open = new OpenConflicts(facts, () => clock.now());
    this.#conflicts = new Conflicts({
      ...parts,
      carrier: orders,
      keep: async (write) => onlyOf(await orders.keep([write])),
      rulesOf: (type) => rulesOf(type) ?? entityRulesOf(type),
      onLeft: (error) => {
        facts.emit('failure.noted', error);
        this.#carryLater();
      },
      onChanged: (record, change) => {
        this.#tell(record, change);
      },
    });
    this.access = this.#conflicts;
    facts.tap('conflict.resolved', ({ conflictId }) => {
      parts.asked.closed(conflictId);
    });
    facts.tap('operation.ended', ({ id }) => {
      const asked = this.#open.heldFor(id);
      if (asked !== undefined) this.#closeLater(asked);
    });
    facts.tap('runtime.stopped', () => {
      this.#cancel();
    });
  }

  /** Carries out what was decided at rest or before a crash, and counts what waits. Called once the store is open. */
  async resume(): Promise<void> {
    const held: ConflictRecord[] = [];
    await this.#conflicts.carryOutAll((record) => {
      this.#open.opened(record);
      this.#parts.asked.kept(record);
      if (record.isHeld && record.operationId !== null) held.push(record);
    });
    // Some may have ended at rest, or right before a crash.
    for (const { id, operationId } of held) {
      const ending = await this.#parts.endingOf(operationId ?? '');
      if (ending !== null) await this.#conflicts.close(id);
    }
  }

  health(): ConflictsHealth {
    return this.#open.health(this.#parts.upstreamOf);
  }

  /** The operation that carried a decision out has ended otherwise than completed: the question is open again. */
  reopen(id: string, operationId: string, why: string): void {
    queueMicrotask(() => {
      this.#conflicts.reopen(id, operationId, why).catch((error: unknown) => {
        this.#parts.facts.emit('failure.noted', error);
      });
    });
  }

  /** Not amid what tells of the ending. Where it fails, the next start closes it. */
  #closeLater(id: string): void {
    queueMicrotask(() => {
      this.#conflicts.close(id).catch((error: unknown) => {
        this.#parts.facts.emit('failure.noted', error);
      });
    });
  }

  #carryLater(): void {
    this.#cancel();
    this.#cancel = this.#parts.timers.after(CARRY_AGAIN_MS, () => {
      this.resume().catch((error: unknown) => {
        this.#parts.facts.emit('failure.noted', error);
        this.#carryLater();
      });
    });
  }

  #tell(record: ConflictRecord, change: ConflictChange): void {
    const { facts, clock, upstreamOf } = this.#parts;
    const { id, operationId, type, entity, decisions, openedAtMs, state } = record;
    const by = change === 'closed' ? null : (decisions.at(-1)?.by ?? null);
    const upstream = upstreamOf(type) ?? null;
    const about: AboutConflict = {
      ...{ conflictId: id, operationId, type, upstream, entityType: entity.type },
    };
    if (change === 'refused') {
      facts.emit('conflict.awaitsReview', about, record.reason, record.items.length, record.isHeld);
      this.#open.opened(record);
      this.#parts.asked.kept(record);
    } else if (change === 'undone' && by !== null) {
      facts.emit('conflict.undone', about, by);
      if (state === 'resolved') return;
      this.#open.opened(record);
      this.#parts.asked.kept(record);
    } else {
      facts.emit('conflict.resolved', about, by, Math.max(0, clock.now() - openedAtMs));
    }
  }
}

/** The conflicts of a store at rest: what is decided is kept, and the next process carries it out. */
export function conflictAccessAtRest(
  store: Pick<Store, 'kept' | 'beside' | 'commit'>,
  clock: Clock,
  random: Pick<Random, 'uuid'>,
  notes: AuditNotes,
): ConflictAccess {
  return new Conflicts({
    ...{ store, clock, random, notes, retentionMs: RETENTION_MS, carrier: null },
    ready: () => Promise.resolve(),
    keep: async (write) => onlyOf(await store.commit([write])),
    // Rules of the app's own are not known here: what follows from other fields is computed when it is carried out.
    rulesOf: entityRulesOf,
    endingOf: () => Promise.resolve(null),
    onLeft: () => undefined,
    onChanged: () => undefined,
  });
}

/** A commit answers each of its writes, or rejects. */
function onlyOf([result]: readonly WriteResult[]): WriteResult {
  if (result === undefined) throw new TypeError('The store has not answered.');
  return result;
}
