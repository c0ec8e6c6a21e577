/**
 * Delivers crises from memory alone, once the runtime has stopped: its store is closed and may belong to
 * another process by now, and nobody in danger may be refused for that (CR-2). Each has the fast attempts of
 * its policy, and is lost with the process; its sender is told both.
 *
 * @module
 */

import type { AttemptFailed, RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import {
  newOperation,
  type SyncOperationContext,
} from '../../machines/operation/syncOperationMachine.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { crisisKey } from '../operation/acceptance.ts';
import { type AttemptParts, AttemptRun, type AttemptVerdict } from '../operation/attemptRun.ts';
import type { Handler } from '../operation/handler.ts';
import { operationInput } from '../operation/operationInput.ts';
import type { Outcome } from '../operation/outcome.ts';
import { CrisisSlots } from '../upstream/crisisSlots.ts';

export interface UnkeptDeliveriesParts extends AttemptParts {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly retry: RetryPoliciesOf;
  readonly attemptTimeoutMs: (handler: Handler, context: SyncOperationContext) => number;
  readonly crisisSlotsMax: (upstream: string) => number;
}

interface Told {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: HoldfastError) => void;
}

export class UnkeptDeliveries {
  readonly #parts: UnkeptDeliveriesParts;
  readonly #slots = new Map<string, CrisisSlots>();

  constructor(parts: UnkeptDeliveriesParts) {
    this.#parts = parts;
  }

  /** Delivers the crisis; rejects with `HF_CLOSED` where that did not succeed. */
  async deliver(id: string, request: CheckedRequest): Promise<Outcome> {
    const { handlers, retry, clock } = this.#parts;
    const handler = handlers.get(request.type);
    if (handler === undefined) throw undelivered('there is no handler of its type');
    const policies = retry(handler.upstream, request.type);
    const input = operationInput(id, request, policies, clock.now());
    const context = newOperation({ ...input, idempotencyKey: crisisKey(id, request) });
    return await new Promise<Outcome>((resolve, reject) => {
      const test = request.isTest === true ? { isTest: true } : {};
      this.#attempt(handler, { ...context, ...test }, request.body, { resolve, reject });
    });
  }

  #attempt(handler: Handler, context: SyncOperationContext, body: string, told: Told): void {
    const { attempt, subject, entity } = context;
    const asker = { subject, entity: entityKey(entity), isFirst: attempt === 1 };
    const { leave } = this.#slotsOf(handler.upstream).enter(asker, () => {
      const timeoutMs = this.#parts.attemptTimeoutMs(handler, context);
      const order = { context, body, handler, timeoutMs, ranked: { urgency: 0 } };
      const run = new AttemptRun(this.#parts, order, {
        ended: (verdict) => {
          leave();
          this.#ended(handler, context, body, verdict, told);
        },
        timedOut: () => undefined,
        overhangs: () => undefined,
      });
      run.begin(this.#parts.clock.monotonic());
    });
  }

  #ended(
    handler: Handler,
    context: SyncOperationContext,
    body: string,
    { event, said }: AttemptVerdict,
    { resolve, reject }: Told,
  ): void {
    const { id, attempt, acceptedAtMs } = context;
    if (event.type === 'attempt.succeeded') {
      const ended = { operationId: id, attempts: attempt, acceptedAtMs, settledAtMs: event.atMs };
      const { response, answer } = said;
      resolve({ ...ended, status: 'completed', response, answer });
      return;
    }
    const { attemptsMax } = this.#parts.retry(handler.upstream, context.type).crisis;
    if (event.type === 'attempt.interrupted' || attempt >= attemptsMax) {
      reject(undelivered(`its upstream did not take it in ${attempt} attempts`));
      return;
    }
    const next = { ...context, attempt: attempt + 1, delayMs: delayOf(event) };
    this.#parts.timers.after(next.delayMs, () => {
      this.#attempt(handler, next, body, { resolve, reject });
    });
  }

  #slotsOf(upstream: string): CrisisSlots {
    const slots =
      this.#slots.get(upstream) ?? new CrisisSlots(() => this.#parts.crisisSlotsMax(upstream));
    this.#slots.set(upstream, slots);
    return slots;
  }
}

function delayOf({ retryAtMs, atMs }: AttemptFailed): number {
  return Math.max(0, retryAtMs - atMs);
}

function undelivered(why: string): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    `The runtime is closed, so the crisis was delivered from memory alone, and ${why}. Somebody has to look after the person.`,
    { retry: 'later', withStack: false },
  );
}

/** For who waits until a crisis is on disk that came after the stop. */
export function unkeptAfterStop(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime is closed: this crisis is delivered, and nothing of it is kept. If the process ends before the delivery has, it is lost.',
    { retry: 'never', withStack: false },
  );
}
