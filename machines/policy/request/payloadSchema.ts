/**
 * What a handler says that payloads of its type must be, as a Standard Schema
 * (https://standardschema.dev, version 1): the interface is written out here, so that no package is needed
 * for it. A payload that does not fit is refused before acceptance, with the path of what is wrong (OP-9).
 *
 * @module
 */

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
  if (result instanceof Promise) {
    result.catch(() => undefined);
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

function nameOf(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}
