/**
 * An app's own entity, by the same rules as those that holdfast knows (CF-3, CF-4).
 *
 * @module
 */

import { anything } from '../rules/anything.ts';
import type { Group } from '../rules/fields.ts';
import type { AnyRule, Rule } from '../rules/rule.ts';
import { both } from '../rules/single.ts';
import { type Check, declareEntity, type EntityRules } from './entityRules.ts';

/** Rules for the fields of `Value`, each one that can hold what the field holds. */
export type FieldRulesOf<Value> = {
  readonly [Field in keyof Value]?: Rule<NonNullable<Value[Field]>>;
};

/** The declaration of an app's own entity. */
export interface OwnEntity<Value extends object> {
  /** The name of the entity. */
  readonly type: string;
  /**
   * A whole number from 1, which is the default. Raise it with a change of the rules, or of the record, that programs with
   * the old ones would break: they keep what newer rules wrote, and their edits of it wait until they are updated.
   */
  readonly version?: number;
  /** What it is called by those who approve its rules. */
  readonly title?: string;
  /** Who has the last word. */
  readonly authority?: string;
  /**
   * Whether the merged record is sent while a person is asked something of it (`goesOut`), or nothing is until
   * they have decided (`waits`, also without this). Let a record wait where sending what is in doubt does harm
   * that a later change does not undo, as with money; let it go out where being without it does.
   */
  readonly whileInReview?: EntityRules['whileInReview'];
  readonly fields: FieldRulesOf<Value>;
  /** Fields of which one side's are taken together, never some of each. */
  readonly groups?: Readonly<
    Record<string, Group & { readonly names: readonly (keyof Value & string)[] }>
  >;
  /** The rule of fields that are not named. Without it nothing of them is lost, and a person is asked where sides differ. */
  readonly other?: AnyRule;
  /** What must hold after a merge. */
  readonly checks?: readonly Check[];
}

/**
 * Rules for an app's own entity, typed by what it holds.
 *
 * @example
 * interface Recipe { id: string; title: string; steps: { id: string; text: string }[]; tags: string[] }
 * const recipe = defineEntity<Recipe>()({
 *   type: 'recipe',
 *   fields: {
 *     id: firstStays(),
 *     title: latest(),
 *     steps: list({ id: 'id', item: fields({ other: both() }), removing: 'confirmed' }),
 *     tags: set(),
 *   },
 * });
 * mergeEntity(recipe, base, sides, Date.now());
 */
export function defineEntity<Value extends object>(): (
  declaration: OwnEntity<Value>,
) => EntityRules {
  return ({
    type,
    version = 1,
    title = type,
    authority = 'the user',
    groups,
    other,
    checks = [],
    ...rest
  }) =>
    declareEntity({
      type,
      version,
      title,
      authority,
      whileInReview: rest.whileInReview ?? 'waits',
      fields: rest.fields as Readonly<Record<string, AnyRule>>,
      ...(groups === undefined ? {} : { groups }),
      other: other ?? anything(both()),
      checks,
    });
}
