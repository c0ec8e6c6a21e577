/**
 * `defineHandler`: a handler with the types of its payload and response.
 *
 * @module
 */

import type { Attempt, ConflictOptions, Handler } from '../../actors/port.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** Handler with typed payload and response. */
export interface DefinedHandler<Payload, Response, Upstream extends string = string>
  extends Handler {
  readonly upstream: Upstream;
  /** Types for the compiler; the field does not exist at run time. */
  readonly '~types': { readonly payload: Payload; readonly response: Response };
}

/** Argument of {@link defineHandler}: a {@link Handler} whose `run` is typed. */
export interface HandlerDefinition<Upstream extends string, Payload, Response>
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
