/**
 * The views of a conflict: two sides have changed one record of the app, and rules or people merge them (CF-6).
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
import { valueAt } from '../../machines/conflict/items.ts';
import { ruleInWords } from '../../machines/merge/rules/rule.ts';
import type { AuditEntry } from '../../machines/merge/rules/ruling.ts';
import { cleanJson } from '../../machines/merge/values/cleanJson.ts';
import type { ConflictReason, Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';

/** A conflict as listed, without the record, its id, or the person it is about. */
export interface Conflict {
  readonly id: string;
  /** `awaitingReview`: a person is asked. `quarantined`: it could not be merged. `resolved`: it is over. */
  readonly state: ConflictRecordState;
  /** The kind of record, such as `crisis_plan`. */
  readonly entityType: string;
  /** The type of the requests that edit it. */
  readonly type: string;
  readonly reason: ConflictReason;
  readonly openedAtMs: number;
  /** How many questions a person is asked. */
  readonly questions: number;
  /** Whether the edit and its lane wait until the conflict is decided. */
  readonly isHeld: boolean;
  /** The edit that met the conflict; `null` where a change from elsewhere did. */
  readonly operationId: string | null;
  /** Whether it is decided, and the decision waits for a process to run on the store. */
  readonly isToBeCarriedOut: boolean;
}

/** One side, without its values. */
export interface ConflictSideAbout {
  /** The device, or the upstream. */
  readonly who: string;
  /** When it was last edited, by the device's own clock; `null` where that is not known. */
  readonly atMs: number | null;
  /** Whether it is the edit of this store. */
  readonly isOurs: boolean;
}

/** A decision: who made it, and when. */
export interface ConflictDecisionAbout {
  readonly kind: 'resolved' | 'undone';
  readonly by: Person;
  readonly atMs: number;
  readonly isCarriedOut: boolean;
  /** The operation that carries the decision to the upstream; `null` where none does. */
  readonly operationId: string | null;
  /**
   * Why the decision is never carried out: the code of the error, or how its operation ended. The question is then
   * open again. Absent otherwise.
   */
  readonly refusedFor?: string | undefined;
}

/** A conflict with its subject, authors and decisions, without the values of the record. */
export interface ConflictAbout extends Conflict {
  readonly subject: string;
  readonly entity: Entity;
  /**
   * The device that asks, where its question came with the record, and whose values are in question. That device has
   * both sides; this store has only its own. `null` for a question of this store.
   */
  readonly carried: CarriedFrom | null;
  readonly sides: readonly ConflictSideAbout[];
  /** In order. */
  readonly decisions: readonly ConflictDecisionAbout[];
}

/** A value to choose, and its author. */
export interface ConflictAlternative {
  /** The number by which it is chosen. */
  readonly take: number;
  readonly value: Json;
  /** The device or upstream; `null` for the value before, or one that the rules have made. */
  readonly who: string | null;
  readonly atMs: number | null;
  /** Whether an authority answers for it. */
  readonly isVerified: boolean;
}

/** A question that no rule could decide safely. */
export interface ConflictQuestion {
  /** The id of the question, the same on every device that meets the same conflict. */
  readonly id: string;
  /** The number of the question, from 1. */
  readonly number: number;
  /** A JSON Pointer into the record; an item of a list by its identity. */
  readonly path: string;
  /** The rule that could not decide. */
  readonly rule: string;
  /** The same in a sentence. */
  readonly says: string;
  readonly reason: string;
  /** The present value, which `{ take: 0 }` keeps; absent where there is none. */
  readonly stands?: Json | undefined;
  readonly alternatives: readonly ConflictAlternative[];
  /** The authors who removed the value in question; empty where nobody did. */
  readonly removedBy: readonly string[];
}

/** A conflict with its values, which may be health data. */
export interface ConflictDetails extends ConflictAbout {
  /** The value that both sides began with, as far as it is known. */
  readonly base: Json | null;
  readonly sides: readonly (ConflictSideAbout & { readonly value: Json })[];
  /** The value in use now: both sides merged, or the decision. */
  readonly value: Json;
  readonly asked: readonly ConflictQuestion[];
  /** What the rules have decided, with the values that they did not take. */
  readonly audit: readonly AuditEntry[];
  readonly decisions: readonly (ConflictDecisionAbout & {
    /** The choices, by the id of the question. */
    readonly choices: Readonly<Record<string, ConflictChoice>>;
    readonly before: Json;
    readonly after: Json;
  })[];
}

/** The state of a conflict after a decision, without the values of the record. */
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

/** The value without card data: a side may come from elsewhere (CF-7). */
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
