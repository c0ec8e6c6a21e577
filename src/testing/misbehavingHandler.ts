/**
 * The misbehaving upstream without HTTP, as a handler's `run`, for tests on virtual time.
 *
 * @module
 */

import type { Attempt, Run } from '../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import {
  MisbehavingWork,
  type MisbehaviourCounts,
  type MisbehaviourOptions,
} from '../simulator/network/misbehaviour.ts';
import type { UpstreamLedger } from '../simulator/network/upstreamLedger.ts';

export interface MisbehavingHandler {
  /** Function for `handlers: { 'orders.push': { upstream: 'orders', run } }`. */
  readonly run: Run;
  /** Ledger of requests and effects, by idempotency key. */
  readonly ledger: UpstreamLedger;
  /** Number of times it misbehaved, by kind. */
  readonly counts: Readonly<MisbehaviourCounts>;
  /**
   * Makes the upstream unreachable for this long, by the clock: each attempt fails as a refused connection does. Of
   * several outages the latest end counts.
   */
  readonly startOutage: (durationMs: number) => void;
}

/**
 * Makes an upstream that misbehaves as {@link startMisbehavingUpstream} does, and is called without HTTP: its waits
 * pass on the given clock. Its failures are those that `httpHandler` would throw.
 *
 * @param options As of the server; `clock` is the clock of the runtime.
 * @example
 * const clock = new VirtualClock();
 * const orders = misbehavingHandler({ clock, misbehaviour: { busy503: 0.3, stalledThenApplied: 0.1 } });
 * const runtime = createRuntime({
 *   store: ':memory:',
 *   clock,
 *   upstreams: { orders: {} },
 *   handlers: { 'orders.push': { upstream: 'orders', run: orders.run } },
 * });
 */
export function misbehavingHandler({
  clock,
  ...options
}: MisbehaviourOptions & { readonly clock: Clock }): MisbehavingHandler {
  const work = new MisbehavingWork(options, clock);
  const run = async (attempt: Attempt): Promise<Json> => {
    if (work.isCutOff()) throw unreachable();
    return await new Promise<Json>((resolve, reject) => {
      const trickle = (text: string): void => {
        resolve(JSON.parse(text) as Json);
      };
      const served = work.serve(incoming(attempt), {
        reply(status, text, retryAfterSeconds) {
          if (status === 200) trickle(text);
          else reject(refusal(status, retryAfterSeconds));
        },
        drop() {
          reject(broken());
        },
        trickle,
      });
      served.catch((cause: unknown) => {
        reject(new HoldfastError('HF_INTERNAL', 'The misbehaving handler failed.', { cause }));
      });
    });
  };
  const { ledger, counts } = work;
  const startOutage = (durationMs: number): void => {
    work.startOutage(durationMs);
  };
  return { run, ledger, counts, startOutage };
}

function incoming({ idempotencyKey, number, payload, path, type }: Attempt) {
  return {
    key: idempotencyKey,
    attempt: number,
    body: JSON.stringify(payload),
    path: path ?? `/${type.replaceAll('.', '/')}`,
  };
}

function unreachable(): AttemptFailure {
  return transientFailure('The connection was refused.', {
    code: 'HF_UPSTREAM_UNREACHABLE',
    notApplied: true,
  });
}

function broken(): AttemptFailure {
  return unknownOutcome('The connection broke.');
}

function refusal(status: number, retryAfterSeconds: number | undefined): AttemptFailure {
  const failureClass = classifyStatus(status);
  const codes = { permanent: 'HF_UPSTREAM_REFUSED', conflict: 'HF_CONFLICT' } as const;
  return new AttemptFailure(failureClass, `The upstream answered ${status}.`, {
    code: failureClass in codes ? codes[failureClass as keyof typeof codes] : 'HF_ATTEMPT_FAILED',
    status,
    retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1_000,
    notApplied: status === 503 || status === 429,
  });
}
