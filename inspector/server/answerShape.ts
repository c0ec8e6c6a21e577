/**
 * Which fields of an answer leave for a page: an allow-list as data. A field that is not named in it stays here, even one
 * that a later version adds too.
 *
 * @module
 */

type Plain = string | number | boolean;

/** The shapes that fit an answer of a type: a renamed field is a type error. */
export type AnswerShape<Value = unknown> = unknown extends Value
  ? AnyShape
  : ShapeOf<NonNullable<Value>>;

/** Any shape. */
export type AnyShape =
  /** One text, number, `true`, `false` or `null`. */
  | 'plain'
  /** No field: that it was done is the answer. */
  | 'nothing'
  | { readonly each: AnyShape }
  | { readonly fields: Readonly<Record<string, AnyShape>> };

type ShapeOf<Value> = [Value] extends [Plain]
  ? 'plain'
  : Value extends readonly (infer Entry)[]
    ? { readonly each: ShapeOf<NonNullable<Entry>> }
    : {
        readonly fields: {
          readonly [Name in keyof Value & string]?: ShapeOf<NonNullable<Value[Name]>>;
        };
      };

/** Longer than any name or code, so a longer text is neither. */
const TEXT_LENGTH_MAX = 512;

/** A copy of an answer with the fields that `shape` names; `null` where it has another shape. */
export function cutTo(shape: AnyShape, answer: unknown): unknown {
  if (shape === 'nothing') return null;
  if (shape === 'plain') return plainOf(answer);
  if ('each' in shape) {
    return Array.isArray(answer) ? answer.map((entry: unknown) => cutTo(shape.each, entry)) : null;
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return null;
  const given = answer as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(shape.fields)
      .filter(([name]) => Object.hasOwn(given, name))
      .map(([name, field]) => [name, cutTo(field, given[name])]),
  );
}

function plainOf(value: unknown): Plain | null {
  if (typeof value === 'string') return value.length <= TEXT_LENGTH_MAX ? value : null;
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
