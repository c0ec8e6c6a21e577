/**
 * The story that a feed which is made up tells, once every 90 seconds: all is well; `payments` goes down, its
 * breaker opens and the level falls; crises come and one escalates; it recovers, slowly; all is well again.
 *
 * @module
 */

import type { Overview, UpstreamOverview } from '../../../inspector/protocol.ts';

/** How long it takes, in milliseconds. */
export const STORY_MS = 90_000;

/** What is said once, at its moment of each round: a step of a component, or something new. */
export interface Beat {
  /** Since the round began, in milliseconds. */
  readonly atMs: number;
  /** A component that takes this event, where its chart has a way for it that leads to `to`. */
  readonly step?: { readonly id: string; readonly event: string; readonly to?: string };
  readonly news?: {
    readonly kind: string;
    readonly id: string | null;
    readonly reason: string | null;
    readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  };
}

const payments = { upstream: 'payments' };
const level = (atMs: number, id: string, from: string, to: string): readonly Beat[] => {
  const reason = to === 'normal' ? null : 'breaker';
  return [
    { atMs, step: { id, event: 'signals.measured', to } },
    { atMs, news: { kind: 'level.changed', id, reason, details: { from, to } } },
  ];
};
const breaker = (
  atMs: number,
  event: string,
  [from, to]: readonly [string, string],
  why: string,
): readonly Beat[] => [
  { atMs, step: { id: 'breaker:payments', event, to } },
  {
    atMs,
    news: {
      ...{ kind: 'breaker.changed', id: 'breaker:payments', reason: why },
      details: { ...payments, from, to },
    },
  },
];

export const BEATS: readonly Beat[] = [
  ...[8_000, 12_000, 16_000].map((atMs) => ({
    atMs,
    news: {
      ...{ kind: 'attempt.failed', id: null, reason: 'HF_ATTEMPT_TIMED_OUT' },
      details: { ...payments, failureClass: 'transient', status: 503 },
    },
  })),
  ...breaker(20_000, 'outage.detected', ['closed', 'open'], 'surprise'),
  { atMs: 20_050, step: { id: 'scheduler:payments', event: 'outage.began', to: 'pace.down' } },
  ...level(20_100, 'degradation:payments', 'normal', 'limited'),
  ...level(20_200, 'degradation:global', 'normal', 'limited'),
  { atMs: 24_000, news: { kind: 'crisis.answered', id: null, reason: null } },
  ...level(26_000, 'degradation:payments', 'limited', 'offline'),
  ...breaker(30_000, 'cooldown.due', ['open', 'halfOpen'], 'cooldownOver'),
  ...breaker(31_000, 'probe.failed', ['halfOpen', 'open'], 'probeFailed'),
  {
    atMs: 34_000,
    news: { kind: 'crisis.escalated', id: null, reason: 'attemptsUsedUp' },
  },
  { atMs: 38_000, news: { kind: 'crisis.acknowledged', id: null, reason: null } },
  {
    atMs: 40_000,
    news: { kind: 'conflict.awaitsReview', id: null, reason: 'rule', details: { questions: 2 } },
  },
  ...[42_000, 44_500].map((atMs) => ({
    atMs,
    news: {
      ...{ kind: 'operation.ended', id: null, reason: 'HF_UPSTREAM_REFUSED' },
      details: { ...payments, ending: 'deadLettered' },
    },
  })),
  ...breaker(50_000, 'cooldown.due', ['open', 'halfOpen'], 'cooldownOver'),
  ...breaker(51_000, 'probe.succeeded', ['halfOpen', 'closed'], 'probeSucceeded'),
  { atMs: 51_050, step: { id: 'scheduler:payments', event: 'outage.ended', to: 'pace.ramping' } },
  ...level(52_000, 'degradation:payments', 'offline', 'limited'),
  { atMs: 69_900, step: { id: 'scheduler:payments', event: 'ramp.ended', to: 'pace.steady' } },
  ...level(70_000, 'degradation:payments', 'limited', 'normal'),
  ...level(70_100, 'degradation:global', 'limited', 'normal'),
  {
    atMs: 70_200,
    news: {
      ...{ kind: 'flow.changed', id: 'scheduler:payments', reason: 'allOpen' },
      details: { ...payments, what: 'ramp.ended', from: 4, to: 32 },
    },
  },
];

/** What is counted beside the story. */
export interface Counted {
  readonly live: number;
  readonly accepted: number;
  readonly ended: Readonly<Record<string, number>>;
  readonly attempts: number;
}

/** The system at a glance, `sinceMs` after its round began. */
export function overviewAt(atMs: number, sinceMs: number, counted: Counted): Overview {
  const isDown = sinceMs >= 20_000 && sinceMs < 51_000;
  const isRamping = sinceMs >= 51_000 && sinceMs < 70_000;
  const breathes = Math.sin(sinceMs / 2_000);
  const waiting = isDown ? Math.round((sinceMs - 20_000) / 20) : isRamping ? 400 : 12;
  const isEscalated = sinceMs >= 34_000 && sinceMs < 51_000;
  const beganAtMs = atMs - sinceMs;
  return {
    atMs,
    overall: isEscalated ? 'critical' : isDown || isRamping ? 'degraded' : 'healthy',
    score: isDown ? 62 : isRamping ? 85 : 100,
    findings: isDown
      ? [
          {
            ...{ id: 'breaker', tone: 'bad', upstream: 'payments', text: 'payments is down' },
            ...{ sinceAtMs: beganAtMs + 20_000, nextAtMs: beganAtMs + 50_000 },
          },
        ]
      : [],
    crisisCapability: 'operational',
    phase: 'running',
    level: isDown || isRamping ? 'limited' : 'normal',
    causes: isDown ? ['breaker'] : isRamping ? ['ramp'] : [],
    storage: { state: 'well', sinceAtMs: null },
    isHeld: false,
    upstreams: [
      {
        ...quiet('payments', 6 + 3 * breathes),
        ...(isDown
          ? {
              ...{ breaker: sinceMs >= 30_000 && sinceMs < 31_000 ? 'halfOpen' : 'open' },
              ...{ level: sinceMs >= 26_000 ? 'offline' : 'limited', causes: ['breaker'] },
              ...{ inFlight: 0, pace: 'down', waits: 'breaker', slots: 0 },
              downSinceAtMs: beganAtMs + 20_000,
              nextTryAtMs: beganAtMs + (sinceMs < 31_000 ? 30_000 : 50_000),
            }
          : {}),
        ...(isRamping
          ? {
              ...{ level: 'limited', causes: ['ramp'], pace: 'ramping', waits: 'ramp' },
              slots: Math.min(32, 1 + Math.round((sinceMs - 51_000) / 600)),
            }
          : {}),
        recoveries: { times: 3, meanMs: 24_500, longestMs: 51_000 },
      },
      quiet('records', 11 + 5 * breathes),
      {
        ...quiet('notifications', 2 + breathes),
        ...{ ratePerSecond: 40, usualFailureShare: 0.04 },
        hold:
          sinceMs < 15_000
            ? { kind: 'observing', sinceAtMs: beganAtMs, by: 'ana', reason: 'new region' }
            : null,
      },
    ],
    queue: [
      row('payments', 'premium', 'high', Math.round(waiting / 8), isDown ? 'breaker' : null),
      row('payments', 'basic', 'normal', waiting, isDown ? 'breaker' : isRamping ? 'ramp' : null),
      row('payments', 'trial', 'low', Math.round(waiting / 3), isDown ? 'breaker' : 'slot'),
      row('records', 'premium', 'normal', 4, null),
      row('notifications', 'basic', 'low', 31, 'rate'),
      { ...row('records', 'trial', 'normal', 0, 'lane'), inLane: 7 },
    ].map((queued) => ({
      ...queued,
      oldestAtMs: queued.turn === 0 ? null : atMs - 40 * queued.turn - 200,
    })),
    operations: {
      ...{ inMemory: counted.live, attemptsRunning: Math.round(19 + 8 * breathes) },
      ...{ accepted: counted.accepted, completed: counted.ended['completed'] ?? 0 },
      ...{ deadLettered: counted.ended['deadLettered'] ?? 0 },
      ...{ cancelled: counted.ended['cancelled'] ?? 0, expired: counted.ended['expired'] ?? 0 },
      ...{ attempts: counted.attempts, retries: Math.round(counted.attempts / 9), quarantined: 1 },
    },
    waiting: {
      ...{ conflicted: 3, inReview: 1, handlerMissing: 0, deadLettered: 40, quarantined: 1 },
      ...{ newerVersion: 0, overhanging: 1, inLane: 7, scheduled: 2, rateLimited: 31 },
      turn: Math.round(waiting / 8) + waiting + Math.round(waiting / 3) + 4 + 31,
    },
    crises: {
      ...{ refused: 0, mended: 0, unkept: 0, plansLate: 0 },
      escalated: isEscalated ? 1 : 0,
      unacknowledged: isEscalated && sinceMs < 38_000 ? 1 : 0,
      exhausted: 0,
    },
    undelivered: isEscalated
      ? [
          {
            ...{ upstream: 'payments', count: 1, sinceAtMs: beganAtMs + 24_000 },
            ...{ failed: 10, isTakingNone: true, isLong: true },
            says: 'payments takes no crisis: 0 of 10 attempts, HF_ATTEMPT_FAILED; 1 crisis waits',
          },
        ]
      : [],
    conflicts: { count: 3, held: 2, atWork: 1 },
    answers: [
      { of: 'crisis', count: 14, p50Ms: 2.1, p99Ms: 9.4, maxMs: 11.8, deadlineMs: 200 },
      { of: 'premium', count: 4_120, p50Ms: 38, p99Ms: 420, maxMs: 800, deadlineMs: 500 },
      {
        of: 'basic',
        count: 21_044,
        p50Ms: 90,
        p99Ms: isDown ? 2_400 : 700,
        maxMs: 3_000,
        deadlineMs: 2_000,
      },
      { of: 'trial', count: 8_310, p50Ms: 140, p99Ms: 1_900, maxMs: 4_800, deadlineMs: 5_000 },
    ],
    eventLoop: { delayMs: 1.2 + Math.abs(breathes), longestMs: 14 },
  };
}

function quiet(name: string, inFlight: number): UpstreamOverview {
  return {
    ...{ name, breaker: 'closed', level: 'normal', causes: [], overhanging: 0 },
    inFlight: Math.max(0, Math.round(inFlight)),
    ...{ downSinceAtMs: null, nextTryAtMs: null, waits: null, hold: null, pace: 'steady' },
    ...{ slots: 32, slotsMax: 64, timeoutMs: 1_850, ratePerSecond: null, usualFailureShare: 0.01 },
    recoveries: { times: 0, meanMs: 0, longestMs: 0 },
  };
}

function row(
  upstream: string,
  tier: string,
  priority: string,
  turn: number,
  because: string | null,
) {
  return { upstream, tier, priority, turn, inLane: 0, because, untilAtMs: null };
}
