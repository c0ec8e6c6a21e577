/**
 * What the end of a call says about its upstream, once for all that asks: flow meter, breaker, the
 * verdict on the attempt.
 *
 * @module
 */

import type { CallResult } from '../../vocabulary/upstreamAnswer.ts';

/**
 * - `answered`: a success; or a refusal or a conflict, which is an answer of a healthy upstream.
 * - `failed`: a 5xx other than 503, a connection that was lost, or an answer that can't be the upstream's.
 * - `unreachable`: nothing was sent.
 * - `busy`: 503.
 * - `timedOut`: the attempt's own timeout passed.
 * - `pushedBack`: 429.
 * - `silent`: nothing about the upstream. Cancelled, stopping, the operation's own expiry, an exception of
 *   the app's own code, a permit that nobody used.
 */
export type CallSign =
  | 'answered'
  | 'failed'
  | 'unreachable'
  | 'busy'
  | 'timedOut'
  | 'pushedBack'
  | 'silent';

/** How a call ended, for its upstream. */
export interface CallReport {
  readonly sign: CallSign;
  /** How long the upstream asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** Report of a call that says nothing about the upstream. */
export const SILENT: CallReport = Object.freeze({ sign: 'silent' });

/**
 * Of a permit that no call was made with: what it took is given back, its token of a rate too. Told by
 * itself, not by its sign.
 */
export const UNUSED: CallReport = Object.freeze({ sign: 'silent' });

const RESULTS: Readonly<Record<CallSign, CallResult>> = {
  answered: 'success',
  failed: 'failure',
  unreachable: 'failure',
  busy: 'failure',
  timedOut: 'failure',
  // The upstream is there, and says how much it takes.
  pushedBack: 'ignored',
  silent: 'ignored',
};

/** Result of a call as facts and health count it. */
export function resultOf({ sign }: CallReport): CallResult {
  return RESULTS[sign];
}

/** What a call that began is known by. It is given back once; a second time is ignored. */
export interface CallStamp {
  readonly beganAtMs: number;
}

/** Stamp of a call as the meter reads it. */
export class Stamp implements CallStamp {
  /** Moved once, where the call waited for something else than its upstream. */
  beganAtMs = 0;
  /** How long the call may take by what its upstream is measured to take, in milliseconds. */
  timeoutMs = 0;
  /** The round of a ramp that it belongs to. */
  round = 0;
  /** Begins and ends of outages before it: a call of before the last takes none of the slots that are open now. */
  outage = 0;
  /** Outages and overloads before it: a call of before the last one says nothing about now. */
  epoch = 0;
  state: 'inFlight' | 'timedOut' | 'givenBack' = 'inFlight';
}
