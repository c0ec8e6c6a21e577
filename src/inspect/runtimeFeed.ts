/**
 * The feed of this process, from its engine, for inspectors in it and for those of other processes
 * over the control socket.
 *
 * @module
 */

import { createRequire } from 'node:module';
import {
  type Engine,
  type EngineHealth,
  FACT_NEWS,
  type Fact,
  NEWS_KINDS,
  NEWS_WANTED,
  newsWords,
  type UndeliveredCrises,
  type UpstreamState,
} from '../../actors/port.ts';
import { Feed } from '../../inspector/feed/feed.ts';
import { toldCharts } from '../../inspector/projection/chartDefinition.ts';
import type {
  AnswerTimes,
  FeedSource,
  Hello,
  Overview,
  QueueRow,
  UndeliveredOverview,
  UpstreamOverview,
} from '../../inspector/protocol.ts';
import { machines } from '../../machines/index.ts';
import { CRISIS_ANSWER_MS_MAX } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { readHealth } from '../views/health.ts';
import { type HealthSources, undeliveredSaid } from '../views/healthFindings.ts';

export interface RuntimeFeedParts extends OverviewSources {
  readonly engine: Pick<Engine, 'health' | 'handlers' | 'inspection' | 'subscribe'>;
  readonly clock: Clock;
  /** The name of the runtime. */
  readonly name: string;
  readonly call: FeedSource['call'];
  readonly onError: (error: unknown) => void;
}

/** The charts, the same for all runtimes of this process. */
let charts: Hello['charts'] | null = null;

/** Makes the feed; it collects nothing before somebody watches, or it is opened. */
export function runtimeFeed(parts: RuntimeFeedParts): Feed {
  const { engine, clock, name, call, onError } = parts;
  return new Feed({
    ...{ clock, call, onError, inspection: engine.inspection },
    ...{ rules: FACT_NEWS, words: (fact) => newsWords(fact as Fact) },
    subscribe: (listener) => engine.subscribe(listener, NEWS_KINDS, NEWS_WANTED),
    about: {
      ...{ holdfast: ownVersion(), name, startedAtMs: clock.now() },
      get charts() {
        charts ??= toldCharts(machines);
        return charts;
      },
    },
    overview: () => overviewOf(parts),
  });
}

/** `unknown` where the package is bundled into an app, without its manifest. */
function ownVersion(): string {
  try {
    const manifest: unknown = createRequire(import.meta.url)('holdfast/package.json');
    return (manifest as { readonly version: string }).version;
  } catch {
    return 'unknown';
  }
}

// The system at a glance, for inspectors: mapped field by field from health and from the waiting
// work, so that nothing leaves that is not listed here. The overview has who gave an order to a breaker and what they
// wrote for other people (decision 0243), but neither for crisis mode.

interface OverviewSources extends HealthSources {
  readonly engine: Pick<Engine, 'health' | 'handlers' | 'inspection'>;
  readonly clock: Pick<Clock, 'now'>;
}

function overviewOf(sources: OverviewSources): Overview {
  const { engine, clock } = sources;
  const health = withoutWords(engine.health());
  const shown = readHealth({
    ...sources,
    engine: { handlers: engine.handlers, health: () => health },
    outside: () => withoutPlaces(sources.outside()),
  });
  const { operations, waiting, crises, conflicts, eventLoop } = shown;
  return {
    atMs: clock.now(),
    overall: shown.overall,
    score: shown.score,
    findings: shown.findings.map(({ id, tone, upstream, sinceAtMs, nextAtMs, text }) => ({
      ...{ id, tone, upstream, sinceAtMs, nextAtMs, text },
    })),
    crisisCapability: shown.crisisCapability,
    phase: shown.phase,
    level: shown.level,
    causes: health.causes,
    storage: { state: shown.storage.state, sinceAtMs: shown.storage.sinceAtMs },
    isHeld: shown.hold !== null,
    upstreams: health.upstreams.map(upstreamOverview),
    queue: shown.queue.map(
      ({ upstream, tier, priority, turn, inLane, oldestAtMs, because, untilAtMs }): QueueRow => ({
        ...{ upstream, tier, priority, turn, inLane, oldestAtMs, because, untilAtMs },
      }),
    ),
    operations: {
      inMemory: operations.inMemory,
      attemptsRunning: operations.attemptsRunning,
      accepted: operations.accepted,
      completed: operations.completed,
      deadLettered: operations.deadLettered,
      cancelled: operations.cancelled,
      expired: operations.expired,
      attempts: operations.attempts,
      retries: operations.retries,
    },
    waiting: {
      turn: waiting.turn,
      inLane: waiting.inLane,
      scheduled: waiting.scheduled,
      rateLimited: waiting.rateLimited,
      conflicted: waiting.conflicted,
      inReview: waiting.inReview,
      handlerMissing: waiting.handlerMissing,
      deadLettered: waiting.deadLettered,
      quarantined: waiting.quarantined,
      newerVersion: waiting.newerVersion,
      overhanging: waiting.overhanging,
    },
    crises: {
      refused: crises.refused,
      mended: crises.mended,
      unkept: crises.unkept,
      escalated: crises.escalated,
      unacknowledged: crises.unacknowledged,
      exhausted: crises.exhausted,
      unreadable: crises.unreadable.count,
      unreadableUntaken: crises.unreadable.unacknowledged,
      plansLate: crises.plansLate,
    },
    undelivered: crises.undelivered.map(undeliveredOverview),
    conflicts: { count: conflicts.count, held: conflicts.held, atWork: conflicts.atWork },
    answers: answerTimes(sources),
    eventLoop: { delayMs: eventLoop.delayMs, longestMs: eventLoop.longestMs },
  };
}

function upstreamOverview(upstream: UpstreamState): UpstreamOverview {
  const { hold, recovery, flow } = upstream;
  return {
    name: upstream.name,
    breaker: upstream.isUntried ? 'untried' : upstream.breaker,
    level: upstream.level,
    causes: upstream.causes,
    inFlight: upstream.inFlight,
    overhanging: upstream.overhanging,
    downSinceAtMs: upstream.downSinceAtMs,
    nextTryAtMs: upstream.nextTryAtMs,
    waits: upstream.waits?.reason ?? null,
    hold: hold && {
      ...{ kind: hold.kind, sinceAtMs: hold.sinceAtMs },
      ...{ by: hold.by, reason: hold.reason },
    },
    pace: flow.pace,
    slots: flow.slots,
    slotsMax: flow.slotsMax,
    timeoutMs: flow.timeoutMs,
    ratePerSecond: flow.ratePerSecond,
    usualFailureShare: flow.usualFailureShare,
    recoveries: {
      times: recovery.times,
      meanMs: recovery.meanMs,
      longestMs: recovery.longestMs,
    },
  };
}

function undeliveredOverview(at: UndeliveredCrises): UndeliveredOverview {
  const { upstream, count, failed, sinceAtMs, isLong, takenAtMs } = at;
  return {
    ...{ upstream, count, failed, sinceAtMs, isLong, says: undeliveredSaid(at) },
    isTakingNone: takenAtMs === null || takenAtMs < sinceAtMs,
  };
}

function answerTimes({ responseTimes, policies }: OverviewSources): readonly AnswerTimes[] {
  const { table } = policies;
  return table.classes.map((of) => {
    const { count, p50Ms, p99Ms, maxMs } = responseTimes.summary(of);
    const deadlineMs =
      of === 'crisis' ? CRISIS_ANSWER_MS_MAX : table.operation('', of, '').responseDeadlineMs;
    return { of, count, p50Ms, p99Ms, maxMs, deadlineMs };
  });
}

/** Health without the name and the words of the person who switched crisis mode on, which its sentences would hold. */
function withoutWords(health: EngineHealth): EngineHealth {
  const { crisisMode } = health;
  const global = crisisMode.global && {
    ...crisisMode.global,
    by: { ...crisisMode.global.by, id: 'a person' },
    reason: null,
  };
  return { ...health, crisisMode: { ...crisisMode, global } };
}

/** The state without its trouble, whose text has paths of this machine and messages of its system. */
function withoutPlaces(
  outside: ReturnType<HealthSources['outside']>,
): ReturnType<HealthSources['outside']> {
  if (outside === null || outside.trouble === null) return outside;
  return {
    ...outside,
    trouble: 'crises of outside callers are not all answered: see holdfast health',
  };
}
