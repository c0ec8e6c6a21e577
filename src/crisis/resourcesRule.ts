/**
 * What the resources may be that an app has for people in crisis.
 *
 * @module
 */

import { isObject, type OptionRule } from '../../machines/vocabulary/optionRules.ts';

/** The rule of the option `crisis.resources`. */
export const RESOURCES_RULE = {
  each: {
    matches: (resource) =>
      isObject(resource) &&
      typeof Reflect.get(resource, 'name') === 'string' &&
      Array.isArray(Reflect.get(resource, 'regions')),
    rule: "must be { kind, name, regions, … }, with regions such as ['DE'] or ['*']",
  },
} as const satisfies OptionRule;
