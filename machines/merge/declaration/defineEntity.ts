/**
 * Entities of an app, by the same rules as the built-in ones (CF-3, CF-4).
 *
 * @module
 */

import { anything } from '../rules/anything.ts';
import type { Group } from '../rules/fields.ts';
import type { AnyRule, Rule } from '../rules/rule.ts';
import { both } from '../rules/single.ts';
import { type Check, declareEntity, type EntityRules } from './entityRules.ts';

/** Rules for the fields of `Value`, each of the type of its field. */
export type FieldRulesOf<Value> = {
  readonly [Field in keyof Value]?: Rule<NonNullable<Value[Field]>>;
};

/** Declaration of an app's entity. */
export interface OwnEntity<Value extends object> {
  /** Name of the entity. */
  readonly type: string;
  /**
   * Version, a whole number from 1 (default). Raise it with a change of the rules or the record that programs with
   * the old ones would break: they keep what newer rules wrote, and their edits of it wait until they are updated.
   */
  readonly version?: number;
  /** Title for those who approve its rules. */
  readonly title?: string;
  /** Authority that has the last word. */
  readonly authority?: string;
  /**
   * Whether the merged record is sent while a question about it is open (`goesOut`), or only after the decision
   * (`waits`, default). Choose `waits` where sending a doubtful record does harm that a later change does not undo,
   * as with money; `goesOut` where its absence does.
   */
  readonly whileInReview?: EntityRules['whileInReview'];
  readonly fields: FieldRulesOf<Value>;
  /** Fields that are taken together from one side, never mixed. */
  readonly groups?: Readonly<
    Record<string, Group & { readonly names: readonly (keyof Value & string)[] }>
  >;
  /** Rule of other fields. Default: nothing of them is lost, and a person is asked where sides differ. */
  readonly other?: AnyRule;
  /** Conditions that must hold after a merge. */
  readonly checks?: readonly Check[];
}

/**
 * Makes the rules of an app's entity, typed by its content.
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
