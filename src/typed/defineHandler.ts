/**
 * `defineHandler`: a handler that says what it takes and what it gives.
 *
 * @module
 */

import type { Attempt, ConflictOptions, Handler } from '../../actors/port.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** A handler whose payload and response are known to those who send requests of its type. */
export interface DefinedHandler<Payload, Response, Upstream extends string = string>
  extends Handler {
  readonly upstream: Upstream;
  /** For the compiler alone: there is no such field. */
  readonly '~types': { readonly payload: Payload; readonly response: Response };
}

/** What {@link defineHandler} takes: a {@link Handler} whose `run` is typed. */
export interface HandlerDefinition<Upstream extends string, Payload, Response>
  extends Omit<Handler, 'upstream' | 'run' | 'schema' | 'conflicts'> {
  readonly upstream: Upstream;
  readonly run: (attempt: Attempt<Payload>) => Promise<Response> | Response;
  /** As that of {@link Handler}, its record a payload. */
  readonly conflicts?: true | ConflictOptions<Payload> | undefined;
}

/**
 * Tells what a handler takes and what it gives, from `run` to `sync()` and `outcome`. The second call takes the
 * handler, so that its upstream need not be spelled out as a type. An interface will do as a payload: what JSON
 * can't carry is refused when it is sent.
 *
 * Types promise nothing about data from outside; a `schema` checks it before acceptance. With a schema alone,
 * `defineHandler()({ upstream, schema, run })`, all types come from it and from `run`. A crisis is delivered
 * whether it fits or not.
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
