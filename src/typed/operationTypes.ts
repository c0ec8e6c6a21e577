/**
 * What the types of a runtime's operations carry, worked out from its handlers: `sync()` of a type takes its
 * payload, and the outcome has its response. Nothing of it is there when the program runs.
 *
 * @module
 */

import type { Handler } from '../../actors/port.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { DefinedHandler } from './defineHandler.ts';

/** What operations of one type carry. */
export interface OperationType {
  readonly payload: unknown;
  readonly response: unknown;
}

/** By type. */
export type OperationTypes = Readonly<Record<string, OperationType>>;

/**
 * Any types: those of a runtime of which no more is known. It is `any`, so that a runtime whose types are known
 * can be handed to what takes any runtime; what its methods take and give is `Json` all the same.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyTypes = any;

/** A name of one of the types. */
export type TypeOf<Types extends OperationTypes> = keyof Types & string;

/** What the response of a type is. */
export type ResponseOf<Types extends OperationTypes, Type extends TypeOf<Types>> =
  IsAny<Types> extends true ? Json | undefined : Types[Type]['response'];

/**
 * The type of what is listed: the one that was asked for; any name where none was, for a store may hold work of
 * types that this program does not know.
 */
export type ListedType<Type extends string | undefined> = Type extends string ? Type : string;

/** A request of one of the types. */
export type RequestOf<
  Types extends OperationTypes,
  Type extends TypeOf<Types> = TypeOf<Types>,
> = Type extends unknown
  ? Omit<SyncRequest, 'type' | 'payload'> & { readonly type: Type } & WithPayload<
        IsAny<Types> extends true ? Json | object : Types[Type]['payload']
      >
  : never;

/** A payload that may be `null` may be left out. An edit may say what it changes, in place of its payload. */
export type WithPayload<Payload> = null extends Payload
  ? { readonly payload?: Payload | undefined }
  :
      | { readonly payload: Payload }
      | { readonly payload?: undefined; readonly changes: NonNullable<SyncRequest['changes']> };

/** What these handlers take and give. */
export type TypesOf<Handlers> = {
  readonly [Type in keyof Handlers & string]: Handlers[Type] extends DefinedHandler<
    infer Payload,
    infer Response
  >
    ? { readonly payload: Payload; readonly response: Response }
    : { readonly payload: Json | object; readonly response: PlainResponse<Handlers[Type]> };
};

/** The upstreams with these names, and the one that is always there. */
export type UpstreamOf<Upstreams> = (keyof Upstreams & string) | 'default';

/** Of a handler that was made elsewhere, any name may be all that its type says. */
export type KnownUpstream<Handled, Upstreams> = Handled extends { readonly upstream: infer Name }
  ? { readonly upstream: string extends Name ? string : UpstreamOf<Upstreams> }
  : unknown;

type PlainResponse<Handled> = Handled extends Handler ? Awaited<ReturnType<Handled['run']>> : never;

/** Whether nothing more is known of it. */
export type IsAny<Given> = 0 extends 1 & Given ? true : false;
