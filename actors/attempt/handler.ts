/**
 * What an app registers: the function that performs one attempt of an operation (OP-3).
 *
 * @module
 */

import { exemptionsOf } from '../../machines/policy/request/cardData.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { ExemptionsOf } from '../../machines/policy/request/request.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { NetworkGrade } from '../../machines/vocabulary/networkGrade.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { Priority, Tier } from '../../machines/vocabulary/urgency.ts';

/** One attempt, as the handler sees it. */
export interface Attempt<Payload = Json> {
  readonly operationId: string;
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: Tier;
  readonly priority: Priority;
  /** As the request gave it; `null` where it gave none. Of a crisis it may have any form: nothing refuses one. */
  readonly payload: Payload;
  /** The version of the entity that the change was made on; `undefined` when none was given. */
  readonly base: Json | undefined;
  /**
   * Of a crisis that broke a rule of requests: what is not as the app gave it, such as
   * `payload: card data masked`; it may be shown to those who look after the person. Else empty.
   */
  readonly leftOut: readonly string[];
  /** The same for every attempt and across restarts; hand it to the upstream. */
  readonly idempotencyKey: string;
  /** From 1. */
  readonly number: number;
  /** When the attempt is given up, in milliseconds since the epoch. */
  readonly deadlineAtMs: number;
  /** Aborted at the deadline, on cancel and when the runtime stops. */
  readonly signal: AbortSignal;
  readonly networkGrade: NetworkGrade;
  /** The method the request named; `null` for the handler's own. */
  readonly method: string | null;
  /** The path the request named; `null` for the handler's own. */
  readonly path: string | null;
  /** W3C Trace Context header; one trace for all attempts of an operation. */
  readonly traceparent: string;
  /**
   * Keeps what the upstream said, in place of what was kept before in this attempt: sealed with the operation,
   * and given back as `outcome.answer`, and by `deadLetters.show` where that is asked for. At most 64 KiB of
   * JSON; its card data is masked.
   */
  readonly keepAnswer: (answer: UpstreamAnswer) => void;
}

/**
 * Performs one attempt. What it returns is kept, sealed, as the operation's response, in the form that
 * `JSON.stringify` gives it (a Date as text, no field that is undefined) and with its card data masked;
 * unlike a payload it is not refused for that, since the work is done. What has no such form (a BigInt,
 * an object that holds itself) is left out: the operation completes without a response. To fail, throw:
 * an `AttemptFailure` says what kind of failure it is, anything else is classified by RT-2.
 */
export type Run<Payload = Json, Response = Json | undefined> = (
  attempt: Attempt<Payload>,
) => Promise<Response> | Response;

/** How operations of one type are performed, and what their upstream can be relied on for. */
export interface Handler {
  /** Name of the upstream whose breaker and slots it uses. */
  readonly upstream: string;
  readonly run: Run;
  /**
   * What a payload must be, as a Standard Schema (zod, valibot, arktype and others make them); asked before
   * acceptance. What it gives back, with its defaults filled in, is what is kept and sent. It must answer at
   * once: a schema that answers by a promise refuses everything.
   */
  readonly schema?: PayloadSchema | undefined;
  /** Whether the upstream does nothing twice under one idempotency key. Default true. */
  readonly honoursIdempotencyKey?: boolean | undefined;
  /**
   * How long the upstream remembers a key, from the first attempt. Default 24 h. Time that the machine
   * sleeps counts.
   */
  readonly keyLifetimeMs?: number | undefined;
  /** True: a dead letter holds its lane until it is replayed or purged. Default false. */
  readonly strictOrder?: boolean | undefined;
  /** How long one attempt may take. Default: the upstream's `attemptTimeoutMs`. */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * Where digits that look like a card number may stand, because they are something else: paths such as
   * `payload.orderId`, `base.meta.barcode`, `entity.id`, `idempotencyKey`, `subject`, `path` and
   * `response.orderId`. Each stands for all that is below it and for every item of a list. Default: none.
   */
  readonly cardDataExempt?: readonly string[] | undefined;
}

/** One that was given with a request: it lives with the process (docs/decisions/0020). */
export interface OwnHandler extends Handler {
  /** True: where it is gone and its type has no handler, the operation is given up. */
  readonly isBoundToProcess?: boolean | undefined;
}

/** Answers, for a type and a path, whether card data may stand there. */
export function exemptionsAmong(handlers: ReadonlyMap<string, Handler>): ExemptionsOf {
  return (type) => exemptionsOf(handlers.get(type)?.cardDataExempt);
}
