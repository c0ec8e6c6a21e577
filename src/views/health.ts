/**
 * How the runtime is doing, in one look (HM-1, first version).
 *
 * @module
 */

import type {
  CheckProgress,
  CrisisModeHealth,
  EngineHealth,
  StartTrouble,
  UndeliveredCrises,
  UnreadableCounts,
  UpstreamState,
  WaitingWork,
} from '../../actors/port.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { Phase } from '../../machines/supervisor/supervisorMachine.ts';
import type { Hold } from '../../persistence/port/hold.ts';
import type { OutsideState } from '../outside/outsideHost.ts';
import {
  type ComponentHealth,
  type Finding,
  findingsOf,
  type HealthSources,
} from './healthFindings.ts';
import type { LatencySummary } from './responseTimes.ts';
import type { DamageMet } from './storeDamage.ts';

export type { ComponentHealth, HealthSources } from './healthFindings.ts';

/** One upstream as it is at this moment. */
export type UpstreamHealth = Omit<UpstreamState, 'name'>;

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
  /** The same as data, for programs: each with an id that stays, and notes beside them that cost nothing. */
  readonly findings: readonly Finding[];
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
  readonly upstreams: Readonly<Record<string, UpstreamHealth>>;
  /** Where work is due and nothing begins, and why, as far as that is known; none where all is well. */
  readonly stuck: EngineHealth['stuck'];
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
  /**
   * What waits and for what, as the store counts it, over restarts too; the first six go on only when
   * somebody does something. Why one operation waits says its own view.
   */
  readonly waiting: {
    /**
     * The upstream holds another version: `retryNow()` or `cancel()`. Edits whose handler has `conflicts` are among
     * them: `conflicts` says how many of these wait for a person, and how many are being merged.
     */
    readonly conflicted: number;
    /** It may have been applied, and to repeat it is not known to be safe: `retryNow()` or `cancel()`. */
    readonly inReview: number;
    /** No handler of its type is registered. */
    readonly handlerMissing: number;
    readonly deadLettered: number;
    readonly quarantined: number;
    /** A later version of holdfast wrote it: it goes on there. As far as this process has met them. */
    readonly newerVersion: number;
    /** Its handler is silent far beyond its time-out, and its lane waits until that has returned. */
    readonly overhanging: number;
    /** An earlier operation of its entity has not ended. */
    readonly inLane: number;
    /** It is to begin at an instant to come (`startAtMs`). */
    readonly scheduled: number;
    /** The rate of its subject or tier is used up. */
    readonly rateLimited: number;
    /** Its turn at its upstream, of which `upstreams` says what it is bound by, or the time after a failed attempt. */
    readonly turn: number;
  };
  /**
   * What waits for its turn (`turn`) and behind others of its entity (`inLane`), by upstream and rank, the most urgent of
   * each upstream first: since when, why, and until when where that is known. In all as many as `waiting` says.
   */
  readonly queue: readonly WaitingWork[];
  /** Crises that did not go as they should. */
  readonly crises: {
    /** Answered, and neither stored nor delivered. */
    readonly refused: number;
    /** Delivered without what broke a rule. */
    readonly mended: number;
    /** Delivered and not kept, since the disk hung: lost where the process ended before the delivery had. */
    readonly unkept: number;
    /** Not delivered now, so that people were to be told (CR-5). */
    readonly escalated: number;
    /** Of these, those that nobody has taken on. */
    readonly unacknowledged: number;
    /** When the oldest of those was accepted, in milliseconds since the epoch; `null` where there is none. */
    readonly unacknowledgedSinceAtMs: number | null;
    /** Of these, those of which every step was told, or which have no chain. */
    readonly exhausted: number;
    /**
     * Where crises are not delivered: at which upstream (`null`: no handler of their type is registered), since when,
     * how many attempts have failed, and with which code the last of them. With `isLong`, health is degraded at least.
     */
    readonly undelivered: readonly UndeliveredCrises[];
    /**
     * Crises whose records can't be read, and which nothing says were delivered: how many, how many of these nobody has
     * taken on, and when the oldest was accepted. Health is critical over the latter, and degraded until all are restored
     * or purged.
     */
    readonly unreadable: UnreadableCounts;
    /** Trial runs (`test: true`) that are not over. None of them is in another count, or makes health worse. */
    readonly tests: number;
    /** The steps of the chain that refuse to be told of one of them, or can't be. */
    readonly stepsRefusing: readonly string[];
    /** Answered without the subject's plan, or without knowing of one, since the disk was too slow. */
    readonly plansLate: number;
  };
  /**
   * Conflicts about records that wait for a person, over restarts too: how many (`count`), how many operations wait
   * for that with all that is in their lanes (`held`), and since when the first of them does (`oldestAtMs`; `null` for
   * none); in all, and by upstream. `conflicts.list()` has them. `atWork`: edits that are being merged and ask nobody.
   * `outdated`: edits that wait since newer rules than those of this program wrote their record, by kind of record.
   * `untold`: removals and devices that did not find room beside records since the start (`metaBytesMax`).
   */
  readonly conflicts: EngineHealth['conflicts'];
  /** Crisis mode that people have switched on (CR-6); for whom, `crisisMode.list()` says. */
  readonly crisisMode: CrisisModeHealth;
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
  /** How crises of outside callers are served; `null` where the option `crisis.outside` is left out. */
  readonly outside: OutsideState | null;
  /** Set once a damaged page was met, by the check or by work; `null` while none was. */
  readonly damage: DamageMet | null;
  /** How far the check of every record is, that follows each start. */
  readonly storeCheck: CheckProgress;
  /** How long callers waited. */
  readonly responseTimes: Readonly<Record<string, LatencySummary>>;
}

export function readHealth(parts: HealthSources): HealthStatus {
  const { engine, options, responseTimes, damage } = parts;
  const health = engine.health();
  const findings = findingsOf(health, parts);
  const amiss = findings.filter((finding) => finding.health !== 'healthy');
  const worst = (component?: Finding['component']): ComponentHealth => {
    const found = amiss.filter(
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
    score: Math.max(0, 100 - amiss.reduce((sum, { costs }) => sum + costs, 0)),
    reasons: amiss.map(({ reason }) => reason),
    findings,
    phase: health.phase,
    start: health.start,
    hold: health.hold,
    level: health.level,
    storage: { state: health.storage.state, sinceAtMs: health.storage.sinceAtMs },
    upstreams: Object.fromEntries(
      health.upstreams.map(({ name, ...upstream }) => [name, upstream]),
    ),
    stuck: health.stuck,
    operations: health.operations,
    waiting: health.waiting,
    queue: health.queue,
    crises: {
      refused: health.crises.refused,
      mended: health.crises.mended,
      unkept: health.crises.unkept,
      escalated: health.crises.escalated,
      unacknowledged: health.crises.unacknowledged,
      unacknowledgedSinceAtMs: health.crises.unacknowledgedSinceAtMs,
      exhausted: health.crises.exhausted,
      undelivered: health.crises.undelivered,
      tests: health.crises.tests,
      unreadable: health.crises.unreadable,
      stepsRefusing: health.crises.stepsRefusing,
      plansLate: health.crises.plansLate,
    },
    conflicts: health.conflicts,
    crisisMode: health.crisisMode,
    eventLoop: {
      delayMs: health.eventLoop.delayMs,
      blocked: health.eventLoop.blocked,
      longestMs: health.eventLoop.longestMs,
    },
    outside: parts.outside(),
    damage: damage.met,
    storeCheck: health.storeCheck,
    responseTimes: Object.fromEntries(
      parts.policies.table.classes.map((kind) => [kind, responseTimes.summary(kind)]),
    ),
  };
}
