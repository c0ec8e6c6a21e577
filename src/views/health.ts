/**
 * The health of a runtime, in one object (HM-1, first version).
 *
 * @module
 */

import type {
  AnchorHealth,
  CheckProgress,
  CrisisModeHealth,
  EngineHealth,
  UndeliveredCrises,
  UnreadableCounts,
  UpstreamState,
  WaitingWork,
} from '../../actors/port.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { Phase } from '../../machines/supervisor/supervisorMachine.ts';
import type { Hold } from '../../persistence/port/review.ts';
import type { OutsideState } from '../outside/outsideHost.ts';
import {
  type ComponentHealth,
  type Finding,
  findingsOf,
  type HealthSources,
} from './healthFindings.ts';
import type { LatencySummary } from './policyView.ts';
import type { DamageMet } from './storeDamage.ts';

export type { ComponentHealth, HealthSources } from './healthFindings.ts';

/** One upstream as it is at this moment. */
export type UpstreamHealth = Omit<UpstreamState, 'name'>;

/** The result of `getHealthStatus()`; counts are since the process started. */
export interface HealthStatus {
  readonly overall: ComponentHealth;
  readonly components: {
    readonly resilience: ComponentHealth;
    readonly performance: ComponentHealth;
    readonly storage: ComponentHealth;
  };
  /** `operational`: answers come and deliveries can go out. `impaired`: answers come. */
  readonly crisisCapability: 'operational' | 'impaired';
  /** 100 if all is well; each reason takes some of it. */
  readonly score: number;
  readonly reasons: readonly string[];
  /** The reasons as data, each with an id that stays, and notes, which cost nothing. */
  readonly findings: readonly Finding[];
  /** State of the supervisor's chart. */
  readonly phase: Phase;
  /** Why no start has succeeded yet, and when it is tried next; `null` once one has (SV-6). */
  readonly start: EngineHealth['start'];
  /** Set while the store is held, so that nothing of it runs (PS-5). */
  readonly hold: Pick<Hold, 'reason' | 'sinceAtMs'> | null;
  /** The anchor of the store, which is kept elsewhere; `null` where none is (SE-6). */
  readonly anchor: AnchorHealth | null;
  /** State of the storage's chart, and since when; `null` for since the start. */
  readonly storage: { readonly state: StorageState; readonly sinceAtMs: number | null };
  /** The level of service of the process, and of each upstream with its breaker. */
  readonly level: Level;
  readonly upstreams: Readonly<Record<string, UpstreamHealth>>;
  /** Upstreams whose work is due while nothing begins, and why, as far as that is known. */
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
   * Waiting operations by reason, as the store counts them, across restarts, too; the first six wait for
   * a person. The view of an operation says why it waits.
   */
  readonly waiting: {
    /**
     * The upstream has another version: `retryNow()` or `cancel()`. Edits whose handler has `conflicts` are among
     * them: `conflicts` counts those that wait for a person, and those that are being merged.
     */
    readonly conflicted: number;
    /** Operations that may have been applied, and may not be safe to repeat: `retryNow()` or `cancel()`. */
    readonly inReview: number;
    /** No handler of its type is registered. */
    readonly handlerMissing: number;
    readonly deadLettered: number;
    readonly quarantined: number;
    /** Records of a later version of holdfast, which go on there, as far as this process has found them. */
    readonly newerVersion: number;
    /** Handlers that are silent far beyond their time-out; their lanes wait until they return. */
    readonly overhanging: number;
    /** An earlier operation of its entity has not ended. */
    readonly inLane: number;
    /** Operations whose `startAtMs` has not come. */
    readonly scheduled: number;
    /** The rate of its subject or tier is used up. */
    readonly rateLimited: number;
    /** Operations that wait for their turn at their upstream, which `upstreams` explains, or for their next attempt. */
    readonly turn: number;
  };
  /**
   * Operations that wait for their turn (`turn`) and behind others of their entity (`inLane`), by upstream and rank, the most urgent of
   * each upstream first: since when, why, and until when if known. Their sums are those of `waiting`.
   */
  readonly queue: readonly WaitingWork[];
  /** Crises with trouble. */
  readonly crises: {
    /** Answered, and neither stored nor delivered. */
    readonly refused: number;
    /** Delivered without what broke a rule. */
    readonly mended: number;
    /** Delivered and not kept, since the disk hung: lost if the process ended before the delivery had. */
    readonly unkept: number;
    /** Not delivered yet, so that people have to be notified (CR-5). */
    readonly escalated: number;
    /** Escalated crises that nobody has taken on. */
    readonly unacknowledged: number;
    /** When the oldest of those was accepted, in milliseconds since the epoch; `null` for none. */
    readonly unacknowledgedSinceAtMs: number | null;
    /** Unacknowledged crises whose every step was notified, or that have no chain. */
    readonly exhausted: number;
    /**
     * Where crises are not delivered: at which upstream (`null`: their type has no handler), since when,
     * how many attempts have failed, and with which code the last of them. With `isLong`, health is degraded at least.
     */
    readonly undelivered: readonly UndeliveredCrises[];
    /**
     * Crises whose records can't be read, and that may not have been delivered: how many, how many of these nobody has
     * taken on, and when the oldest was accepted. Health is critical while nobody has taken one on, and degraded until all are restored
     * or purged.
     */
    readonly unreadable: UnreadableCounts;
    /** Test runs (`test: true`) that are not over. They are in no other count, and make health no worse. */
    readonly tests: number;
    /** Steps of the chain that refuse notices, or can't be notified. */
    readonly stepsRefusing: readonly string[];
    /** Answered before the subject's plan was found, since the disk was too slow. */
    readonly plansLate: number;
  };
  /**
   * Conflicts about records that wait for a person, across restarts, too: how many (`count`), how many operations wait
   * for that, with their lanes (`held`), and since when the first of them does (`oldestAtMs`; `null` for
   * none); in all, and by upstream. `conflicts.list()` has them. `atWork`: edits that are being merged and ask nobody.
   * `outdated`: edits that wait because newer rules than those of this program wrote their record, by kind of record.
   * `untold`: removals and devices that did not find room beside records since the start (`metaBytesMax`).
   */
  readonly conflicts: EngineHealth['conflicts'];
  /** Crisis mode that people have switched on (CR-6); for whom, `crisisMode.list()` says. */
  readonly crisisMode: CrisisModeHealth;
  /**
   * How late the event loop runs due timers, while work is under way; the answer to a crisis waits as
   * long (CR-1).
   */
  readonly eventLoop: {
    /** The longest delay of the last second, in milliseconds. */
    readonly delayMs: number;
    /** The number of blocks of `degradation.eventLoopDelayMsLimited` or longer. */
    readonly blocked: number;
    /** The longest block, in milliseconds. */
    readonly longestMs: number;
  };
  /** How crises of outside callers are served; `null` where the option `crisis.outside` is left out. */
  readonly outside: OutsideState | null;
  /** Set once the check or some work found a damaged page; `null` while none was found. */
  readonly damage: DamageMet | null;
  /** The progress of the check of every record that follows each start. */
  readonly storeCheck: CheckProgress;
  /** How long callers waited, by tier and for crises. */
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
    anchor: health.anchor,
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
