/**
 * What an operation waits for that waits for its turn: the answer of its upstream's scheduler, with
 * instants that people can read.
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { WaitCause } from '../../machines/vocabulary/standing.ts';
import type { Asker } from '../operation/flowControl.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { UpstreamScheduler } from '../upstream/upstreamScheduler.ts';

/** The work whose wait is asked about. */
export type WaitAsker = Pick<Asker, 'urgency' | 'route' | 'subject'>;

export interface TurnWait {
  readonly reason: WaitCause;
  /** By the wall clock; `null` where nobody knows. */
  readonly untilAtMs: number | null;
}

/** Asks as one of this rank and, where they are given, this route and subject; `undefined` for an upstream that is not there. */
export function turnWait(
  flow: UpstreamScheduler | undefined,
  { urgency, route, subject }: WaitAsker,
  steady: Pick<SteadyClock, 'toWall'>,
): TurnWait {
  if (flow === undefined) return { reason: 'start', untilAtMs: null };
  // Crises ask nobody: they wait for a slot that is kept for them.
  const answer = passesBy('flow', { urgency })
    ? null
    : flow.mayRun({ id: null, urgency, route, subject });
  // It may, so what it waits for is others before it.
  if (answer === null || answer.may) return { reason: 'slot', untilAtMs: null };
  const { because, untilAtMs } = answer;
  return { reason: because, untilAtMs: untilAtMs === null ? null : steady.toWall(untilAtMs) };
}
