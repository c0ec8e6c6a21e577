/**
 * Types of a runtime's operations, inferred from its handlers: `sync()` of a type takes its payload, and the outcome
 * has its response. Nothing of this exists at run time.
 *
 * @module
 */

import type { Handler } from '../../actors/port.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { DefinedHandler } from './defineHandler.ts';

/** Payload and response of one type of operations. */
export interface OperationType {
  readonly payload: unknown;
  readonly response: unknown;
}

/** Operation types by name. */
export type OperationTypes = Readonly<Record<string, OperationType>>;

/**
 * Types of a runtime about which nothing more is known. It is `any`, so that a typed runtime can be passed where any
 * is taken; its methods still take and give `Json`.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyTypes = any;

/** Name of one of the types. */
export type TypeOf<Types extends OperationTypes> = keyof Types & string;

/** Response of a type. */
export type ResponseOf<Types extends OperationTypes, Type extends TypeOf<Types>> =
  IsAny<Types> extends true ? Json | undefined : Types[Type]['response'];

/**
 * Type of listed operations: the one asked for, or any, since a store may hold types that this program does not know.
 */
export type ListedType<Type extends string | undefined> = Type extends string ? Type : string;

/** Request of one of the types. */
export type RequestOf<
  Types extends OperationTypes,
  Type extends TypeOf<Types> = TypeOf<Types>,
> = Type extends unknown
  ? Omit<SyncRequest, 'type' | 'payload'> & { readonly type: Type } & WithPayload<
        IsAny<Types> extends true ? Json | object : Types[Type]['payload']
      >
  : never;

/** Payload field; optional if the payload may be `null`. An edit may give its `changes` instead. */
export type WithPayload<Payload> = null extends Payload
  ? { readonly payload?: Payload | undefined }
  :
      | { readonly payload: Payload }
      | { readonly payload?: undefined; readonly changes: NonNullable<SyncRequest['changes']> };

/** Operation types of these handlers. */
export type TypesOf<Handlers> = {
  readonly [Type in keyof Handlers & string]: Handlers[Type] extends DefinedHandler<
    infer Payload,
    infer Response
  >
    ? { readonly payload: Payload; readonly response: Response }
    : { readonly payload: Json | object; readonly response: PlainResponse<Handlers[Type]> };
};

/** Names of the upstreams, with the one that always exists. */
export type UpstreamOf<Upstreams> = (keyof Upstreams & string) | 'default';

/** Upstream that a handler may name. The type of a handler made elsewhere may say only `string`. */
export type KnownUpstream<Handled, Upstreams> = Handled extends { readonly upstream: infer Name }
  ? { readonly upstream: string extends Name ? string : UpstreamOf<Upstreams> }
  : unknown;

type PlainResponse<Handled> = Handled extends Handler ? Awaited<ReturnType<Handled['run']>> : never;

/** True for `any`. */
export type IsAny<Given> = 0 extends 1 & Given ? true : false;
