/**
 * What is shown of a conflict: two sides have changed one record of the app, and rules or people put them together
 * (CF-6).
 *
 * @module
 */

import {
  type CarriedFrom,
  type ConflictChoice,
  type ConflictDecided,
  type ConflictRecord,
  type ConflictRecordState,
  isToBeCarriedOut,
  standingValue,
} from '../../machines/conflict/conflictRecord.ts';
import { ABSENCE } from '../../machines/conflict/decision.ts';
import { valueAt } from '../../machines/conflict/valueAt.ts';
import { ruleInWords } from '../../machines/merge/rules/ruleWords.ts';
import type { AuditEntry } from '../../machines/merge/rules/ruling.ts';
import { cleanJson } from '../../machines/merge/values/cleanJson.ts';
import type { ConflictReason } from '../../machines/vocabulary/conflictReason.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { Person } from '../../machines/vocabulary/person.ts';

/** A conflict as it is listed: nothing of the record, of whom it is about, or of which record it is. */
export interface Conflict {
  readonly id: string;
  /** A person is asked (`awaitingReview`), it could not be merged (`quarantined`), or it is over (`resolved`). */
  readonly state: ConflictRecordState;
  /** What kind of record it is, as `crisis_plan`. */
  readonly entityType: string;
  /** The type of the requests that edit it. */
  readonly type: string;
  readonly reason: ConflictReason;
  readonly openedAtMs: number;
  /** How many things a person is asked. */
  readonly questions: number;
  /** The edit waits until it is decided, and so does what is in its lane. */
  readonly isHeld: boolean;
  /** The edit that met it; `null` where a change from elsewhere did. */
  readonly operationId: string | null;
  /** It is decided, and that is carried out once a process runs on the store. */
  readonly isToBeCarriedOut: boolean;
}

/** What one side is, without what it says. */
export interface ConflictSideAbout {
  /** The device, or the upstream. */
  readonly who: string;
  /** When it was last edited, by the clock of its own; `null` where that is not known. */
  readonly atMs: number | null;
  /** It is the edit of this store. */
  readonly isOurs: boolean;
}

/** Who decided, and when. */
export interface ConflictDecisionAbout {
  readonly kind: 'resolved' | 'undone';
  readonly by: Person;
  readonly atMs: number;
  readonly isCarriedOut: boolean;
  /** The operation that carries it to the upstream; `null` where none does. */
  readonly operationId: string | null;
  /**
   * Why it is never carried out: the code of the error that stood in its way, or how its operation has ended. Then the
   * question is open again. Absent otherwise.
   */
  readonly refusedFor?: string | undefined;
}

/** A conflict with whom it is about, who wrote and who decided; nothing of what the record holds. */
export interface ConflictAbout extends Conflict {
  readonly subject: string;
  readonly entity: Entity;
  /**
   * Another device asks, and its question came with the record: which one, and whose words are in question. That device
   * has both sides; this store has those of its own. `null` for what is asked here.
   */
  readonly carried: CarriedFrom | null;
  readonly sides: readonly ConflictSideAbout[];
  /** In order. */
  readonly decisions: readonly ConflictDecisionAbout[];
}

/** One value to choose, and whose it is. */
export interface ConflictAlternative {
  /** By which it is chosen. */
  readonly take: number;
  readonly value: Json;
  /** The device or upstream; `null` for what stood before, or what the rules have made. */
  readonly who: string | null;
  readonly atMs: number | null;
  /** An authority answers for it. */
  readonly isVerified: boolean;
}

/** Something that no rule could decide safely. */
export interface ConflictQuestion {
  /** The same on every device that meets the same conflict. */
  readonly id: string;
  /** Its place among the questions, from 1. */
  readonly number: number;
  /** A JSON Pointer into the record; an item of a list by its identity. */
  readonly path: string;
  /** The rule that could not decide. */
  readonly rule: string;
  /** The same in a sentence. */
  readonly says: string;
  readonly reason: string;
  /** What stands there now, which is what `{ take: 0 }` leaves; absent where nothing does. */
  readonly stands?: Json | undefined;
  readonly alternatives: readonly ConflictAlternative[];
  /** Who removed what is asked about; empty where nobody did. */
  readonly removedBy: readonly string[];
}

/** A conflict with all that is kept of it. It holds what the record holds: health data, perhaps. */
export interface ConflictDetails extends ConflictAbout {
  /** What both sides began with, as far as that is known. */
  readonly base: Json | null;
  readonly sides: readonly (ConflictSideAbout & { readonly value: Json })[];
  /** What is in use now: both sides put together, or what was decided. */
  readonly value: Json;
  readonly asked: readonly ConflictQuestion[];
  /** What the rules have decided, with what they did not take. */
  readonly audit: readonly AuditEntry[];
  readonly decisions: readonly (ConflictDecisionAbout & {
    /** By the id of the question. */
    readonly choices: Readonly<Record<string, ConflictChoice>>;
    readonly before: Json;
    readonly after: Json;
  })[];
}

/** What becomes of a conflict by a decision; nothing of what the record holds. */
export type ConflictOutcome = Pick<Conflict, 'id' | 'state' | 'isHeld' | 'isToBeCarriedOut'> & {
  /** The operation that carries the decision to the upstream; `null` where none does, or none does yet. */
  readonly operationId: string | null;
};

const ABSENCE_IN_WORDS =
  'A record that its upstream has lost is made again, of all that is known of it.';

export function conflictOf(record: ConflictRecord): Conflict {
  const { id, state, entity, type, reason, openedAtMs, items, isHeld, operationId } = record;
  return {
    ...{ id, state, entityType: entity.type, type, reason, openedAtMs, isHeld, operationId },
    questions: items.length,
    isToBeCarriedOut: isToBeCarriedOut(record),
  };
}

export function aboutOf(record: ConflictRecord): ConflictAbout {
  const { subject, entity, sides, decisions, carried = null } = record;
  return {
    ...conflictOf(record),
    ...{ subject, entity, carried },
    sides: sides.map(({ who, atMs, isOurs }) => ({ who, atMs, isOurs })),
    decisions: decisions.map(decisionOf),
  };
}

function decisionOf(decided: ConflictDecided): ConflictDecisionAbout {
  const { kind, by, atMs, isCarriedOut, operationId, refusedFor } = decided;
  const about = { kind, by, atMs, isCarriedOut, operationId };
  return refusedFor === undefined ? about : { ...about, refusedFor };
}

export function detailsOf(record: ConflictRecord): ConflictDetails {
  const { base, sides, audit, decisions } = record;
  return {
    ...aboutOf(record),
    audit,
    decisions: decisions.map((decision) => {
      const { choices, before, after } = decision;
      return { ...decisionOf(decision), choices, before, after };
    }),
    base: masked(base),
    sides: sides.map((side) => ({ ...side, value: masked(side.value) })),
    value: standingValue(record),
    asked: record.items.map((item, at) => ({
      id: item.id,
      number: at + 1,
      path: item.path,
      rule: item.rule,
      says: item.rule === ABSENCE ? ABSENCE_IN_WORDS : ruleInWords(item.rule),
      reason: item.reason,
      stands: valueAt(record.value, item.path),
      alternatives: item.alternatives.map(({ value, actor, atMs, verified }, place) => ({
        ...{ take: place + 1, value, who: actor, atMs },
        isVerified: verified === true,
      })),
      removedBy: item.removedBy ?? [],
    })),
  };
}

/** What a side says came from elsewhere: card data in it is not shown (CF-7). */
function masked(value: Json): Json {
  return cleanJson(value) ?? null;
}

export function outcomeOf(record: ConflictRecord): ConflictOutcome {
  const { id, state, isHeld, decisions } = record;
  return {
    ...{ id, state, isHeld, isToBeCarriedOut: isToBeCarriedOut(record) },
    operationId: decisions.at(-1)?.operationId ?? null,
  };
}
