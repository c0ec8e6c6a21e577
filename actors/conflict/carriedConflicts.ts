/**
 * Questions that travel with records: kept and told of where one comes, closed where it was decided elsewhere, and sent
 * with the next version where one is asked here (CF-6).
 *
 * @module
 */

import {
  askedAgain,
  type CarriedConflict,
  carriedConflict,
  type Hearer,
} from '../../machines/conflict/carriedConflict.ts';
import { withQuestions } from '../../machines/conflict/carriedQuestions.ts';
import { type ConflictRecord, isOpen } from '../../machines/conflict/conflictRecord.ts';
import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import type { MergedBody } from '../../machines/policy/request/requestBody.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { AboutConflict } from '../facts/conflictFacts.ts';
import type { Facts } from '../facts/factStream.ts';
import type { ConflictKeeper } from './conflictKeeper.ts';
import type { DeskTools } from './deskParts.ts';
import type { QuestionsHeard } from './entityRecords.ts';
import type { AskedRecords } from './openConflicts.ts';

export interface CarriedConflictsParts {
  readonly conflicts: ConflictKeeper;
  readonly asked: AskedRecords;
  readonly facts: Facts;
  readonly clock: Pick<Clock, 'now'>;
  readonly device: () => string;
  readonly rulesOf: (entityType: string) => EntityRules;
  /** The upstream of a type; `null` where no handler of it is registered. */
  readonly upstreamOf: (type: string) => string | null;
}

export class CarriedConflicts implements QuestionsHeard {
  readonly #parts: CarriedConflictsParts;

  constructor(parts: CarriedConflictsParts) {
    this.#parts = parts;
  }

  /**
   * Keeps the questions that came with a record, with the words of this store that it does not hold any more. Resolves
   * once that is on disk, before the record is: a crash in between loses no word.
   */
  async came(before: EntityRecord | null, after: EntityRecord): Promise<void> {
    const { asked, conflicts } = this.#parts;
    for (const question of after.asks) {
      if (asked.isOpen(question.id)) continue;
      const kept = await conflicts.find(question.id);
      const isClosed = kept !== null && isClosedElsewhere(kept);
      // What was decided here is about to be told to the others.
      if (kept !== null && !isOpen(kept) && !isClosed) continue;
      if (kept !== null && !isClosed) asked.kept(kept);
      else await this.#open(carriedConflict(question, before, after, this.#hearer(after.entity)));
    }
  }

  /** Closes here what was closed by a version that was heard of. Resolves once that is on disk. */
  async went(before: EntityRecord | null, after: EntityRecord): Promise<void> {
    const { asked, conflicts, device, clock, facts } = this.#parts;
    const known = new Set(before?.closed);
    for (const id of after.closed) {
      if (asked.isOpen(id)) {
        const closed = await conflicts.close(id);
        if (closed === null) continue;
        const openMs = Math.max(0, clock.now() - closed.openedAtMs);
        facts.emit('conflict.resolved', this.#about(closed), null, openMs);
      } else if (!known.has(id) && after.current?.meta?.actor !== device()) {
        const decided = await conflicts.find(id);
        const last = decided?.decisions.at(-1);
        if (decided?.state !== 'resolved' || last?.kind !== 'resolved') continue;
        const again = askedAgain(decided, after, this.#hearer(after.entity));
        if (again !== null) await this.#open({ conflict: again, isDisplaced: false });
      }
    }
  }

  async #open({ conflict, isDisplaced }: CarriedConflict): Promise<void> {
    const { conflicts, facts } = this.#parts;
    const { id } = await conflicts.keep(conflict);
    const about = { ...this.#about(conflict), conflictId: id };
    const { reason, items, carried } = conflict;
    if (isDisplaced && carried !== undefined) facts.emit('conflict.displaced', about, carried.by);
    facts.emit('conflict.awaitsReview', about, reason, items.length, false);
  }

  #about({ id, operationId, type, entity }: ConflictRecord): AboutConflict {
    const upstream = this.#parts.upstreamOf(type);
    return { conflictId: id, operationId, type, upstream, entityType: entity.type };
  }

  #hearer({ type }: Entity): Hearer {
    const { device, rulesOf, clock } = this.#parts;
    return { device: device(), rules: rulesOf(type), nowMs: clock.now() };
  }
}

/** Nobody decided it here: what closed it may be taken back there. */
function isClosedElsewhere({ state, carried, decisions }: ConflictRecord): boolean {
  return state === 'resolved' && carried !== undefined && decisions.length === 0;
}

/** What is sent of an edit, with the questions about its record that are open once it has arrived. */
export async function withQuestionsHere(
  { conflicts, asked, device }: DeskTools,
  entity: Entity,
  merged: MergedBody,
  decides: string | undefined,
): Promise<MergedBody> {
  const ids = new Set([...asked.of(entity), ...(merged.meta.asks ?? []).map(({ id }) => id)]);
  if (ids.size === 0) return merged;
  const kept: ConflictRecord[] = [];
  for (const id of ids) {
    const conflict = await conflicts.find(id);
    if (conflict !== null) kept.push(conflict);
  }
  return withQuestions(merged, { device: device(), conflicts: kept, decides });
}
