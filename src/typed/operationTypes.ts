/**
 * Types of a runtime's operations, inferred from its handlers: `sync()` of a type takes its payload, and the outcome
 * has its response. Nothing of this exists at run time.
 *
 * @module
 */

import type { Attempt, ConflictOptions, FactKind, FactOf, Handler } from '../../actors/port.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';

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

/**
 * Fact of one kind, or of any. Upstreams are those of the options. `type` suggests the types of the handlers and may
 * be another: of a handler before a restart, of a crisis, or of `executeResilientSync`.
 */
export type FactIn<
  Types extends OperationTypes,
  Upstream extends string,
  Kind extends FactKind = FactKind,
> =
  IsAny<Types> extends true
    ? FactOf<Kind>
    : Kind extends unknown
      ? Named<FactOf<Kind>, Types, Upstream>
      : never;

/** Narrowed fact. It extends that of its kind, so a typed runtime is assignable to any runtime. */
type Named<Told, Types extends OperationTypes, Upstream extends string> = Told & {
  readonly [Field in keyof Told & ('upstream' | 'type')]: Field extends 'upstream'
    ? Upstream | Exclude<Told[Field], string>
    : TypeOf<Types> | (string & {});
};

/** Handler with typed payload and response. */
export interface DefinedHandler<Payload, Response, Upstream extends string = string>
  extends Handler {
  readonly upstream: Upstream;
  /** Types for the compiler; the field does not exist at run time. */
  readonly '~types': { readonly payload: Payload; readonly response: Response };
}

/** Argument of {@link defineHandler}: a {@link Handler} whose `run` is typed. */
interface HandlerDefinition<Upstream extends string, Payload, Response>
  extends Omit<Handler, 'upstream' | 'run' | 'schema' | 'conflicts'> {
  readonly upstream: Upstream;
  readonly run: (attempt: Attempt<Payload>) => Promise<Response> | Response;
  /** Conflicts, as of {@link Handler}, whose record is a payload. */
  readonly conflicts?: true | ConflictOptions<Payload> | undefined;
}

/**
 * Gives a handler types, from `run` to `sync()` and `outcome`. The second call takes the handler, so that its
 * upstream is inferred. A payload may be an interface; values that JSON can't carry are refused by `sync()`.
 *
 * Types don't check data from outside; a `schema` does, before acceptance. With a schema, `defineHandler()({
 * upstream, schema, run })` infers all types from it and from `run`. A crisis is delivered whether it fits or not.
 *
 * @example
 * interface Payment { amountCents: number; token: string }
 * const push = defineHandler<Payment, { receipt: string }>()({
 *   upstream: 'payments',
 *   run: async ({ payload, idempotencyKey }) => await charge(payload.amountCents, payload.token, idempotencyKey),
 * });
 * const runtime = createRuntime({ store, key, upstreams: { payments: {} }, handlers: { 'payments.push': push } });
 * const operation = await runtime.sync({ type: 'payments.push', subject, tier: 'premium', payload });
 * const outcome = await operation.outcome;
 * if (outcome.status === 'completed') console.log(outcome.response?.receipt);
 */
export function defineHandler(): <const Upstream extends string, Input, Output, Response>(
  handler: HandlerDefinition<Upstream, Output, Response> & {
    readonly schema: PayloadSchema<Input, Output>;
  },
) => DefinedHandler<Input, Response, Upstream>;
export function defineHandler<Payload, Response = Json | undefined>(): <
  const Upstream extends string,
>(
  handler: HandlerDefinition<Upstream, Payload, Response> & {
    readonly schema?: PayloadSchema<unknown, Payload> | undefined;
  },
) => DefinedHandler<Payload, Response, Upstream>;
// oxlint-disable-next-line typescript/no-explicit-any -- the signatures above are what is promised
export function defineHandler(): (handler: any) => any {
  return (handler) => handler;
}
