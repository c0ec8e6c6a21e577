/**
 * Declaration of an entity: rules by which its fields are merged, fields that are computed, and conditions that must
 * hold afterwards (CF-4).
 *
 * @module
 */

import type { JsonObject } from '../../vocabulary/shape.ts';
import type { Change } from '../rules/change.ts';
import { type FieldRules, fields } from '../rules/fields.ts';
import type { AnyRule } from '../rules/rule.ts';
import type { Alternative } from '../rules/ruling.ts';

/** Violation of a condition. */
export interface Finding {
  /** Place of it, as a JSON Pointer. */
  readonly path: string;
  readonly reason: string;
  readonly alternatives?: readonly Alternative[];
  /** Authors of a removal that caused it. */
  readonly removedBy?: readonly string[];
  /** Fields that are corrected at once. */
  readonly put?: JsonObject;
}

/** Condition of an entity. */
export interface Check {
  readonly says: string;
  /** Returns violations. One that was there before the changes was reported then. */
  readonly find: (
    value: JsonObject,
    changes: readonly Change[],
    base: JsonObject | undefined,
  ) => readonly Finding[];
}

/** Rules of an entity. Make them with `defineEntity`. */
export interface EntityRules {
  readonly type: string;
  /**
   * Version, 1 at first, raised by a change that older programs would break. A store with older rules keeps what
   * newer ones wrote, and its edits wait.
   */
  readonly version: number;
  /** Title for those who approve the rules. */
  readonly title: string;
  /** Authority that has the last word. */
  readonly authority: string;
  /**
   * What happens to a merged record with an open question: `goesOut` sends it at once, and the decision is another
   * change; `waits` sends nothing until the decision.
   */
  readonly whileInReview: 'goesOut' | 'waits';
  readonly fields: AnyRule;
  /** Computes fields from the others and from the changes. */
  readonly computes: (
    value: JsonObject,
    changes: readonly Change[],
    base: JsonObject | undefined,
  ) => JsonObject;
  readonly checks: readonly Check[];
  /** Names, in lower case, of fields that are never kept. */
  readonly leavesOut: ReadonlySet<string>;
}

export interface EntityDeclaration extends FieldRules {
  readonly type: string;
  /** Version. Default 1. */
  readonly version?: number;
  readonly title: string;
  readonly authority: string;
  /** Default `waits`. */
  readonly whileInReview?: EntityRules['whileInReview'];
  readonly computes?: EntityRules['computes'];
  readonly checks?: readonly Check[];
  readonly leavesOut?: readonly string[];
}

/** Makes the rules of an entity from its declaration. */
export function declareEntity(declaration: EntityDeclaration): EntityRules {
  const { type, version = 1, title, authority, whileInReview = 'waits' } = declaration;
  const { computes, checks = [], leavesOut = [] } = declaration;
  return {
    type,
    version,
    title,
    authority,
    whileInReview,
    fields: fields(declaration),
    computes: computes ?? (() => ({})),
    checks,
    leavesOut: new Set(leavesOut),
  };
}

/** Whether a value is the rules of an entity, and not, say, their declaration. */
export function areEntityRules(value: unknown): value is EntityRules {
  if (typeof value !== 'object' || value === null) return false;
  const { type, fields: rule, computes, checks, leavesOut } = value as Partial<EntityRules>;
  const isNamed = typeof type === 'string' && type !== '';
  const isWhole = typeof rule === 'object' && typeof computes === 'function';
  return isNamed && isWhole && Array.isArray(checks) && leavesOut instanceof Set;
}
