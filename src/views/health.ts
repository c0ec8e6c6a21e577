/**
 * How the runtime is doing, in one look (HM-1, first version).
 *
 * @module
 */

import type {
  CheckProgress,
  Engine,
  EngineHealth,
  StartTrouble,
  UpstreamState,
} from '../../actors/port.ts';
import type { BreakerState } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import { STORAGE_ADVICE, type StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { Phase } from '../../machines/supervisor/supervisorMachine.ts';
import { TIERS } from '../../machines/vocabulary/urgency.ts';
import type { Hold } from '../../persistence/port/hold.ts';
import type { LatencySummary, ResponseTimes } from './responseTimes.ts';
import type { DamageMet, StoreDamage } from './storeDamage.ts';

/** What the health of a runtime is read from. */
export interface HealthSources {
  readonly options: {
    /** The type whose handler delivers crises. */
    readonly crisis: { readonly type: string };
  };
  readonly policies: PoliciesInForce;
  readonly engine: Pick<Engine, 'health' | 'handlers'>;
  readonly responseTimes: ResponseTimes;
  readonly damage: StoreDamage;
}

/** How one component is doing. */
export type ComponentHealth = 'healthy' | 'degraded' | 'critical';

/** What `getHealthStatus()` answers; counts are since the process started. */
export interface HealthStatus {
  readonly overall: ComponentHealth;
  readonly components: {
    readonly resilience: ComponentHealth;
    readonly performance: ComponentHealth;
    readonly storage: ComponentHealth;
  };
  /** `operational`: answers come and deliveries can go out. `impaired`: answers come. */
  readonly crisisCapability: 'operational' | 'impaired';
  /** 100 is all well; each reason takes some of it. */
  readonly score: number;
  readonly reasons: readonly string[];
  /** State of the supervisor's chart. */
  readonly phase: Phase;
  /** Why no start has succeeded yet, and when it is tried next; `null` once one has (SV-6). */
  readonly start: StartTrouble | null;
  /** Set while the store is held, so that nothing of it runs (PS-5). */
  readonly hold: Pick<Hold, 'reason' | 'sinceAtMs'> | null;
  /** State of the storage's chart, and since when it is in it; `null` since the start. */
  readonly storage: { readonly state: StorageState; readonly sinceAtMs: number | null };
  /** The level of service of the process, and of each upstream with its breaker. */
  readonly level: Level;
  readonly upstreams: Readonly<
    Record<
      string,
      {
        readonly breaker: BreakerState;
        readonly level: Level;
        readonly inFlight: number;
        /** Who holds its breaker, since when and why; `null` while nobody does. */
        readonly hold: UpstreamState['hold'];
        /** How soon it was found to be back after its outages, in milliseconds (CB-6). */
        readonly recovery: UpstreamState['recovery'];
        /** Its pace, slots, timeout and rate, as they were found out. */
        readonly flow: UpstreamState['flow'];
      }
    >
  >;
  readonly operations: {
    readonly inMemory: number;
    readonly attemptsRunning: number;
    readonly accepted: number;
    readonly completed: number;
    readonly deadLettered: number;
    readonly cancelled: number;
    readonly expired: number;
    readonly attempts: number;
    readonly retries: number;
    /** Rows quarantined because they can't be opened. */
    readonly quarantined: number;
  };
  /** What goes on only when somebody does something, as the store counts it; over restarts, too. */
  readonly waiting: {
    /** The upstream holds another version: `retryNow()` or `cancel()`. */
    readonly conflicted: number;
    /** It may have been applied, and to repeat it is not known to be safe: `retryNow()` or `cancel()`. */
    readonly inReview: number;
    /** No handler of its type is registered. */
    readonly handlerMissing: number;
    readonly deadLettered: number;
    readonly quarantined: number;
    /** A later version of holdfast wrote it: it goes on there. As far as this process has met them. */
    readonly newerVersion: number;
  };
  /** Crises that did not go as they should. */
  readonly crises: {
    /** Answered, and neither stored nor delivered. */
    readonly refused: number;
    /** Delivered without what broke a rule. */
    readonly mended: number;
    /** Delivered and not kept, since the disk hung: lost where the process ended before the delivery had. */
    readonly unkept: number;
  };
  /**
   * How late the event loop runs what is due, while work is under way; the answer to a crisis waits as
   * long (CR-1).
   */
  readonly eventLoop: {
    /** The longest delay of the last second, in milliseconds. */
    readonly delayMs: number;
    /** How often it was blocked, for `degradation.eventLoopDelayMsLimited` or longer. */
    readonly blocked: number;
    /** For how long at most, in milliseconds. */
    readonly longestMs: number;
  };
  /** Set once a damaged page was met, by the check or by work; `null` while none was. */
  readonly damage: DamageMet | null;
  /** How far the check of every record is, that follows each start. */
  readonly storeCheck: CheckProgress;
  /** How long callers waited. */
  readonly responseTimes: Readonly<Record<string, LatencySummary>>;
}

interface Finding {
  readonly component: keyof HealthStatus['components'];
  readonly health: ComponentHealth;
  readonly costs: number;
  readonly reason: string;
}

export function readHealth(parts: HealthSources): HealthStatus {
  const { engine, options, responseTimes, damage } = parts;
  const health = engine.health();
  const findings = find(health, parts);
  const worst = (component?: Finding['component']): ComponentHealth => {
    const found = findings.filter(
      (finding) => component === undefined || finding.component === component,
    );
    if (found.some((finding) => finding.health === 'critical')) return 'critical';
    return found.length > 0 ? 'degraded' : 'healthy';
  };
  return {
    overall: worst(),
    components: {
      resilience: worst('resilience'),
      performance: worst('performance'),
      storage: worst('storage'),
    },
    crisisCapability: engine.handlers.has(options.crisis.type) ? 'operational' : 'impaired',
    score: Math.max(0, 100 - findings.reduce((sum, { costs }) => sum + costs, 0)),
    reasons: findings.map(({ reason }) => reason),
    phase: health.phase,
    start: health.start,
    hold: health.hold,
    level: health.level,
    storage: { state: health.storage.state, sinceAtMs: health.storage.sinceAtMs },
    upstreams: Object.fromEntries(
      health.upstreams.map(({ name, breaker, level, inFlight, hold, recovery, flow }) => [
        name,
        { breaker, level, inFlight, hold, recovery, flow },
      ]),
    ),
    operations: health.operations,
    waiting: health.waiting,
    crises: {
      refused: health.crises.refused,
      mended: health.crises.mended,
      unkept: health.crises.unkept,
    },
    eventLoop: {
      delayMs: health.eventLoop.delayMs,
      blocked: health.eventLoop.blocked,
      longestMs: health.eventLoop.longestMs,
    },
    damage: damage.met,
    storeCheck: health.storeCheck,
    responseTimes: Object.fromEntries(
      (['crisis', ...TIERS] as const).map((kind) => [kind, responseTimes.summary(kind)]),
    ),
  };
}

/** Each of these waits for somebody, and what is in its lane waits with it. */
const ASKING = {
  conflicted: 'operations wait for a decision: the upstream holds another version (conflicted)',
  inReview: 'operations wait for a review: they may have been applied (inReview)',
  handlerMissing: 'operations wait for a handler of their type',
  deadLettered: 'dead letters wait for somebody; see holdfast dead-letters',
  newerVersion: 'operations wait for a later version of holdfast, which wrote them',
} as const satisfies Partial<Record<keyof HealthStatus['waiting'], string>>;

const WAITING = { component: 'resilience', health: 'degraded', costs: 10 } as const;

function find(
  health: EngineHealth,
  { policies, responseTimes, damage }: HealthSources,
): readonly Finding[] {
  const findings: Finding[] = [];
  const { phase, start, hold, waiting, crises, eventLoop } = health;
  if (start !== null || (phase !== 'running' && phase !== 'starting')) {
    findings.push({
      component: 'storage',
      health: 'critical',
      costs: 60,
      reason: `no work is accepted: ${start === null ? phase : toldOf(start, phase)}`,
    });
  }
  const { state: storage, failure } = health.storage;
  if (storage !== 'well') {
    findings.push({
      component: 'storage',
      health: storage === 'slow' ? 'degraded' : 'critical',
      costs: storage === 'slow' ? 15 : 50,
      reason: `${STORAGE_ADVICE[storage]}${failure === null ? '' : ` (${failure})`}`,
    });
  }
  if (hold !== null) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `the store is held (${hold.reason}): nothing but crises runs until it is released`,
    });
  }
  if (damage.met !== null) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `the store's file is damaged (${damage.met.times} times met, last ${new Date(damage.met.lastAtMs).toISOString()}): look with holdfast doctor --deep, and restore a backup`,
    });
  }
  for (const [kind, what] of Object.entries(ASKING)) {
    const count = waiting[kind as keyof typeof ASKING];
    if (count > 0) findings.push({ ...WAITING, reason: `${count} ${what}` });
  }
  if (waiting.quarantined > 0) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 10,
      reason: `${waiting.quarantined} records set aside; see holdfast quarantine`,
    });
  }
  if (health.isImpaired) {
    findings.push({
      component: 'resilience',
      health: 'critical',
      costs: 40,
      reason: 'a component fails too often to be restarted',
    });
  }
  if (crises.isRefusing) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 30,
      reason: `${crises.refused} crises answered and not delivered: their request holds nothing sound`,
    });
  }
  if (crises.isUnkept) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `${crises.unkept} crises delivered and not kept: the disk hung, and memory held as much as it may`,
    });
  }
  if (crises.isMending) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 5,
      reason: `${crises.mended} crises delivered without what broke a rule of requests`,
    });
  }
  if (eventLoop.isBlocking) {
    findings.push({
      component: 'performance',
      health: 'degraded',
      costs: 10,
      reason: `the event loop was blocked (${eventLoop.blocked} times, for up to ${eventLoop.longestMs} ms): the answer to a crisis waits as long`,
    });
  }
  for (const { name, breaker, level, causes } of health.upstreams) {
    if (breaker === 'open' || breaker === 'forcedOpen' || breaker === 'halfOpen') {
      findings.push({
        component: 'resilience',
        health: 'degraded',
        costs: 10,
        reason: `breaker of ${name} is ${breaker}`,
      });
    } else if (level !== 'normal') {
      findings.push({
        component: 'resilience',
        health: 'degraded',
        costs: 5,
        reason: `${name} is at level ${level}${causes.length === 0 ? '' : ` (${causes.join(', ')})`}`,
      });
    }
  }
  for (const tier of TIERS) {
    const { p99Ms } = responseTimes.summary(tier);
    if (p99Ms > policies.table.operation('', tier, '').responseDeadlineMs) {
      findings.push({
        component: 'performance',
        health: 'degraded',
        costs: 10,
        reason: `answers to ${tier} are late`,
      });
    }
  }
  return findings;
}

function toldOf({ code, sinceAtMs, tries, nextTryAtMs }: StartTrouble, phase: Phase): string {
  const since = new Date(sinceAtMs).toISOString();
  const next =
    phase === 'starting'
      ? 'now'
      : nextTryAtMs === null
        ? 'by runtime.start()'
        : `at ${new Date(nextTryAtMs).toISOString()}`;
  return `the start failed (${code}; failed tries: ${tries}, the first at ${since}), and is tried again ${next}`;
}
