/**
 * The local engine with the handlers, policies and upstreams that the test kit asks for.
 *
 * @module
 */

import { FactStream } from '../../actors/facts/factStream.ts';
import { LocalEngine } from '../../actors/localEngine.ts';
import type { Handler, Run } from '../../actors/port.ts';
import { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { Store } from '../../persistence/port/store.ts';
import { HELP_LINES } from '../../src/crisis/helpLines.ts';
import { checkOptions } from '../../src/options.ts';

const FAST = { initialDelayMs: 20, delayMsMax: 200 };
/** Failures are the script's doing, so nothing but the retries should react to them. */
const STEADY = { consecutiveFailuresToOpen: 10_000, failureRateToOpen: 1 };

export function kitEngine(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: Run;
  /** How long a retry of a basic operation waits at least. */
  readonly slowRetryMs: number;
}): LocalEngine {
  const { store, clock, random, run, slowRetryMs } = parts;
  const handlers: Readonly<Record<string, Handler>> = {
    'kit.put': { upstream: 'kit', run },
    'kit.unsafe': { upstream: 'kit', run, honoursIdempotencyKey: false },
    'kit.strict': { upstream: 'kit', run, strictOrder: true },
    'kit.narrow': { upstream: 'narrow', run },
  };
  const options = checkOptions({
    store: ':memory:',
    clock,
    random,
    handlers,
    upstreams: { kit: { breaker: STEADY }, narrow: { breaker: STEADY, concurrency: 1 } },
    policies: {
      tiers: {
        premium: { retry: FAST },
        trial: { retry: FAST },
        basic: { retry: { initialDelayMs: slowRetryMs, delayMsMax: slowRetryMs } },
        crisis: { retry: FAST },
      },
    },
  });
  const engine = new LocalEngine({
    store,
    clock,
    random,
    policies: new PoliciesInForce(options.policies),
    upstreams: options.upstreams,
    handlers,
    crisis: { ...options.crisis, resources: [], helpLines: HELP_LINES },
    device: options.device,
    entities: options.entities,
    payloadBytesMax: options.payloadBytesMax,
    anchor: options.anchor,
    retentionMs: options.retentionMs,
    residentsMax: options.residentsMax,
    operationsMax: options.operationsMax,
    unwrittenBytesMax: options.unwrittenBytesMax,
    tidy: () => Promise.resolve(),
    facts: new FactStream(clock),
    onError: () => undefined,
  });
  engine.onRunning = () => undefined;
  return engine;
}
