/**
 * Building blocks of schemas: rules for values of unknown origin, each of which reports what does not fit and where.
 * No message repeats a value.
 *
 * @module
 */

import type { PayloadSchema, SchemaIssue } from '../../machines/policy/request/payloadSchema.ts';

type Path = readonly (string | number)[];

/** Reports what does not fit; empty if all does. */
export type Rule = (value: unknown, path: Path) => readonly SchemaIssue[];

/** Rule of a field, which may be optional. */
interface Field {
  readonly rule: Rule;
  readonly isOptional: boolean;
}

function issue(message: string, path: Path): readonly SchemaIssue[] {
  return [{ message, path: [...path] }];
}

/** Makes a rule of one condition. */
export function rule(fits: (value: unknown) => boolean, message: string): Rule {
  return (value, path) => (fits(value) ? [] : issue(message, path));
}

/** Characters that are refused: half a surrogate pair would be lost in UTF-8. */
const UNFIT_CHARACTERS = /\p{Surrogate}|\0/u;

/** Well-formed text of 1 to `lengthMax` characters. */
export function text(lengthMax: number): Rule {
  return rule(
    (value) =>
      typeof value === 'string' &&
      value.length > 0 &&
      value.length <= lengthMax &&
      !UNFIT_CHARACTERS.test(value),
    `must be a text of 1 to ${lengthMax} characters`,
  );
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number): Rule {
  return rule(
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
    `must be a whole number from ${min} to ${max}`,
  );
}

/** Instant in milliseconds since 1970. */
export const instant = rule(
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  'must be a whole number of milliseconds since 1970',
);

export function oneOf(values: readonly unknown[]): Rule {
  return rule((value) => values.includes(value), `must be one of ${values.join(', ')}`);
}

/** List of values that fit `each`, of bounded length. */
export function listOf(
  each: Rule,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) return issue('must be a list', path);
    if (value.length < min || value.length > max)
      return issue(`must have ${min} to ${max} entries`, path);
    return value.flatMap((one: unknown, index) => each(one, [...path, index]));
  };
}

export function optional(inner: Rule): Field {
  return { rule: inner, isOptional: true };
}

/** Object with these fields; others, which a newer app may have written, are kept. */
export function fields(rules: Readonly<Record<string, Rule | Field>>): Rule {
  return fieldsBy(rules, true);
}

/** Object of these fields and no others. */
export function onlyFields(rules: Readonly<Record<string, Rule | Field>>): Rule {
  return fieldsBy(rules, false);
}

function fieldsBy(rules: Readonly<Record<string, Rule | Field>>, isOpen: boolean): Rule {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return issue('must be an object', path);
    }
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given)
      .filter((name) => !isOpen && !Object.hasOwn(rules, name))
      .flatMap((name) => issue('is not known here', [...path, name]));
    const known = Object.entries(rules).flatMap(([name, one]) => {
      const field = typeof one === 'function' ? { rule: one, isOptional: false } : one;
      const its = Object.hasOwn(given, name) ? given[name] : undefined;
      if (its === undefined) return field.isOptional ? [] : issue('is missing', [...path, name]);
      return field.rule(its, [...path, name]);
    });
    return [...known, ...unknown];
  };
}

/** All of these rules, in order, up to the first that reports something. */
export function allOf(...rules: readonly Rule[]): Rule {
  return (value, path) => {
    for (const one of rules) {
      const issues = one(value, path);
      if (issues.length > 0) return issues;
    }
    return [];
  };
}

/** Makes a Standard Schema of a rule and a function that completes a fitting value. */
export function schemaOf<Input, Output = Input>(
  check: Rule,
  complete: (value: Input) => Output,
): PayloadSchema<Input, Output> {
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (value) => {
        const issues = check(value, []);
        return issues.length > 0 ? { issues } : { value: complete(value as Input) };
      },
    },
  };
}
