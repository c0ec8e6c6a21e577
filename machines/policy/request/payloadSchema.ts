/**
 * What a handler says that payloads of its type must be, as a Standard Schema
 * (https://standardschema.dev, version 1): the interface is written out here, so that no package is needed
 * for it. A payload that does not fit is refused before acceptance, with the path of what is wrong (OP-9).
 *
 * @module
 */

import { isThenable } from '../../vocabulary/errors.ts';
import { invalidField, placeOf } from './requestBody.ts';

/** A schema of zod, valibot, arktype or any other library that keeps to Standard Schema. */
export interface PayloadSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that does not fit. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * The payload as its schema gives it back. What the schema says of what does not fit is not repeated:
 * libraries put the value itself into it.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` with the path.
 */
export function fittedPayload(schema: PayloadSchema, payload: unknown): unknown {
  let result: ReturnType<PayloadSchema['~standard']['validate']>;
  try {
    result = schema['~standard'].validate(payload);
  } catch {
    throw invalidField('payload', 'could not be checked: the schema of its type throws');
  }
  if (isThenable(result)) {
    result.then(undefined, () => undefined);
    throw invalidField(
      'payload',
      'could not be checked: the schema of its type answers by a promise',
    );
  }
  if (result.issues === undefined) return result.value;
  const [issue] = result.issues;
  const path = (issue?.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  const { words, at } = placeOf(payload, 'payload', path.map(nameOf));
  throw invalidField('payload', `does not fit the schema of its type${words}`, at);
}

/** Deeper than a payload may be. */
const LAID_DEPTH_MAX = 100;

/**
 * What a schema gave back for an edit, with what it left out: fields that it does not know, as those of a newer app, are
 * no less of the record for that (CF-7). A field that only the schema has, as its default, is none of the edit where
 * the base has one.
 */
export function withStripped(given: unknown, fitted: unknown, base: unknown, depth = 0): unknown {
  if (given === fitted || depth > LAID_DEPTH_MAX) return fitted;
  if (Array.isArray(given) && Array.isArray(fitted)) {
    if (given.length !== fitted.length) return fitted;
    const before: readonly unknown[] = Array.isArray(base) ? base : [];
    const idOf = (item: unknown): unknown => (isFields(item) ? (item['id'] ?? item['key']) : null);
    return fitted.map((item: unknown, at) => {
      const id = idOf(given[at]);
      const known = before.find((one) => id !== undefined && id !== null && idOf(one) === id);
      return withStripped(given[at], item, known, depth + 1);
    });
  }
  if (!isFields(given) || !isFields(fitted)) return fitted;
  const known = isFields(base) ? base : {};
  const whole: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fitted)) {
    const isDefault = given[name] === undefined && Object.hasOwn(known, name);
    if (!isDefault) whole.push([name, withStripped(given[name], value, known[name], depth + 1)]);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(fitted, name)) whole.push([name, value]);
  }
  return Object.fromEntries(whole);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}
