/**
 * The declaration of an entity: by which rules each of its fields is merged, what is computed from them, and
 * what must hold afterwards (CF-4).
 *
 * @module
 */

import type { JsonObject } from '../../vocabulary/json.ts';
import type { Change } from '../rules/change.ts';
import { type FieldRules, fields } from '../rules/fields.ts';
import type { AnyRule } from '../rules/rule.ts';
import type { Alternative } from '../rules/ruling.ts';

/** Something that a merge must not leave as it is. */
export interface Finding {
  /** A JSON Pointer. */
  readonly path: string;
  readonly reason: string;
  readonly alternatives?: readonly Alternative[];
  /** Who removed what is missing, where that is what happened. */
  readonly removedBy?: readonly string[];
  /** Fields that are put right at once. */
  readonly put?: JsonObject;
}

/** Something that must hold of an entity. */
export interface Check {
  readonly says: string;
  /** What does not hold. What did not hold before the changes either was told then. */
  readonly find: (
    value: JsonObject,
    changes: readonly Change[],
    base: JsonObject | undefined,
  ) => readonly Finding[];
}

/** The rules of an entity. Make one with `defineEntity`. */
export interface EntityRules {
  readonly type: string;
  /**
   * Raised by a change of the rules that older programs would break, 1 at first. A store whose rules are older keeps what
   * newer ones wrote, and its edits wait.
   */
  readonly version: number;
  /** What it is called by those who approve the rules. */
  readonly title: string;
  /** Who has the last word. */
  readonly authority: string;
  /**
   * What becomes of a merged record of which a person is asked something: `goesOut`, it is sent at once, and
   * what they decide is another change; `waits`, nothing is sent until they have decided.
   */
  readonly whileInReview: 'goesOut' | 'waits';
  readonly fields: AnyRule;
  /** Fields that follow from the others and from the changes. */
  readonly computes: (
    value: JsonObject,
    changes: readonly Change[],
    base: JsonObject | undefined,
  ) => JsonObject;
  readonly checks: readonly Check[];
  /** Names of fields, in small letters, of which nothing is ever kept. */
  readonly leavesOut: ReadonlySet<string>;
}

export interface EntityDeclaration extends FieldRules {
  readonly type: string;
  /** Without it: 1. */
  readonly version?: number;
  readonly title: string;
  readonly authority: string;
  /** Without it: `waits`. */
  readonly whileInReview?: EntityRules['whileInReview'];
  readonly computes?: EntityRules['computes'];
  readonly checks?: readonly Check[];
  readonly leavesOut?: readonly string[];
}

/** Rules of an entity from its declaration. */
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

/** Whether something is rules of an entity, and not, say, the declaration that they are made from. */
export function areEntityRules(value: unknown): value is EntityRules {
  if (typeof value !== 'object' || value === null) return false;
  const { type, fields: rule, computes, checks, leavesOut } = value as Partial<EntityRules>;
  const isNamed = typeof type === 'string' && type !== '';
  const isWhole = typeof rule === 'object' && typeof computes === 'function';
  return isNamed && isWhole && Array.isArray(checks) && leavesOut instanceof Set;
}
