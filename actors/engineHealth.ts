/**
 * How the local engine is doing, as plain data: read from memory, in every phase (HM-1).
 *
 * @module
 */

import type { ConflictsHealth } from './conflict/openConflicts.ts';
import { crisisModeHealth } from './crisis/crisisModeState.ts';
import type { EngineCore } from './engine.ts';
import type { EngineHealth, UpstreamState } from './port.ts';
import type { Supervisor } from './supervisor.ts';
import type { Upstream } from './upstream/upstream.ts';
import { upstreamState } from './upstream/upstreamState.ts';
import { type TurnWait, turnWait } from './work/turnWait.ts';
import { waitingWork } from './work/waitingWork.ts';

/** How it is doing, read from memory. */
export function engineHealth(
  core: EngineCore,
  supervisor: Pick<Supervisor, 'phase' | 'isImpaired' | 'startTrouble' | 'slowStartSinceAtMs'>,
  conflicts: ConflictsHealth,
): EngineHealth {
  const { pool, hold, storage, counts, quarantined, storeCheck, upstreams } = core;
  const { waiting } = pool;
  const { conflict, review, handler, startAt } = waiting.blocked;
  return {
    phase: supervisor.phase,
    isImpaired: supervisor.isImpaired,
    start: supervisor.startTrouble,
    slowStartSinceAtMs: supervisor.slowStartSinceAtMs,
    hold: hold && { reason: hold.reason, sinceAtMs: hold.sinceAtMs },
    level: upstreams.globalLevel.level,
    causes: upstreams.globalLevel.causes,
    storage: {
      state: storage.state,
      sinceAtMs: storage.sinceAtMs,
      failure: storage.failure?.code ?? null,
    },
    upstreams: upstreams.shown.map((upstream) => stateOfUpstream(core, upstream)),
    stuck: upstreams.stuck.map(({ upstream, because, sinceMs }) => ({
      upstream,
      because,
      forMs: core.steady.now() - sinceMs,
    })),
    operations: {
      ...counts.operations,
      inMemory: pool.size,
      attemptsRunning: pool.attemptsRunning,
      quarantined,
    },
    waiting: {
      conflicted: conflict,
      inReview: review,
      handlerMissing: handler,
      deadLettered: waiting.deadLetters,
      quarantined,
      newerVersion: pool.left.newer,
      overhanging: pool.overhanging(),
      inLane: waiting.inLineFor('lane'),
      scheduled: startAt,
      rateLimited: waiting.inLineFor('rate'),
      turn: waiting.inLineFor('turn'),
    },
    queue: waitingWork(
      waiting.inLine,
      upstreams.all.map(({ flow }) => flow),
      core.steady,
    ),
    crises: {
      refused: counts.crisesRefused.times,
      mended: counts.crisesMended.times,
      unkept: counts.crisesUnkept.times,
      ...pool.escalations.counts,
      undelivered: pool.undelivered.state,
      unreadable: core.unreadable.counts,
      plansLate: counts.crisisPlansLate.times,
      isRefusing: counts.crisesRefused.isRecent,
      isMending: counts.crisesMended.isRecent,
      isUnkept: counts.crisesUnkept.isRecent,
    },
    conflicts: {
      ...conflicts,
      atWork: core.desk.atWork,
      untold: core.desk.untold,
      outdated: core.desk.tools.outdated.health(),
    },
    crisisMode: crisisModeHealth(core.crisisModes.states),
    eventLoop: {
      delayMs: upstreams.loop.delayMs,
      blocked: counts.loopBlocked.times,
      longestMs: counts.loopLongestMs,
      isBlocking: counts.loopBlocked.isRecent,
    },
    storeCheck: storeCheck.progress,
  };
}

/** One upstream as it is at this moment. */
export function stateOfUpstream(
  { steady, pool }: Pick<EngineCore, 'steady' | 'pool'>,
  upstream: Upstream,
): UpstreamState {
  const { name, breaker, flow, line, crisesInFlight } = upstream;
  const isAsked =
    flow.inFlight > 0 ||
    line.isAwaited ||
    pool.undelivered.state.some((at) => at.upstream === name);
  return {
    ...upstreamState(upstream, steady),
    isUntried: breaker.snapshot.value === 'halfOpen' && !isAsked,
    overhanging: pool.overhanging(name),
    crisesInFlight,
    waits: waitsAt(flow, steady),
  };
}

/** Asks as the most urgent of those that ask. */
function waitsAt(flow: Upstream['flow'], steady: EngineCore['steady']): TurnWait | null {
  const isFree = flow.mayRun({ id: null, urgency: 1, isNext: true }).may;
  return isFree ? null : turnWait(flow, { urgency: 1 }, steady);
}
