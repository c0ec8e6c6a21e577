/**
 * One upstream as it is at this moment, as plain data (HM-1, CB-6).
 *
 * @module
 */

import { typeOfRoute } from '../../machines/operation/position.ts';
import { type HoldKind, shownHold } from '../../machines/policy/breaker/operatorHolds.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { Upstream } from './upstream.ts';

/** Hold of people on the breaker. */
interface Held {
  readonly kind: HoldKind;
  readonly reason: string | null;
  readonly by: string | null;
  readonly sinceAtMs: number;
  readonly orders: number;
}

/** Instants are those of the wall clock, in whole milliseconds. */
export function upstreamState(
  { name, breaker, level, flow, chart }: Upstream,
  steady: SteadyClock,
) {
  const { snapshot } = breaker;
  const { holds, downSinceAtMs, openUntilAtMs } = snapshot.context;
  const { recoveries, recoveriesMs, lastRecoveryMs, longestRecoveryMs } = snapshot.context;
  const shown = shownHold(holds);
  const wall = (ms: number): number => Math.round(steady.toWall(ms));
  const wallOrNull = (ms: number | null): number | null => (ms === null ? null : wall(ms));
  const hold: Held | null = shown && {
    ...shown,
    sinceAtMs: wall(shown.sinceAtMs),
    orders: holds.length,
  };
  const { slots, slotsMax, timeoutMs, ratePerSecond, usualFailureShare } = flow.reading;
  const aside = flow.parkedSubjects;
  return {
    name,
    breaker: snapshot.value,
    level: level.level,
    causes: level.causes,
    inFlight: flow.inFlight,
    nextTryAtMs: wallOrNull(openUntilAtMs),
    downSinceAtMs: wallOrNull(downSinceAtMs),
    hold,
    parkedTypes: flow.parkedTypes.map(({ route, sinceAtMs, nextTryAtMs }) => ({
      type: typeOfRoute(route),
      sinceAtMs: wall(sinceAtMs),
      nextTryAtMs: wallOrNull(nextTryAtMs),
    })),
    parkedSubjects: aside && {
      count: aside.count,
      sinceAtMs: wall(aside.sinceAtMs),
      nextTryAtMs: wallOrNull(aside.nextTryAtMs),
    },
    recovery: {
      times: recoveries,
      lastMs: lastRecoveryMs,
      meanMs: recoveries === 0 ? 0 : Math.round(recoveriesMs / recoveries),
      longestMs: longestRecoveryMs,
    },
    flow: { pace: chart.pace, slots, slotsMax, timeoutMs, ratePerSecond, usualFailureShare },
  };
}
