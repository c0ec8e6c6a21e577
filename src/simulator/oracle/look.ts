/**
 * Look at a device at one moment: what it says, and what is true, so that clauses can compare the two.
 *
 * @module
 */

import type { OperationView } from '../../../actors/port.ts';
import type { Overview } from '../../../inspector/protocol.ts';
import type { Standing } from '../../../persistence/port/store.ts';
import type { HealthStatus } from '../../views/health.ts';

/** Unfinished work on disk, and dead letters. */
export interface OpenRow {
  readonly id: string;
  readonly seq: number;
  /** Number that grows with every write of the row. */
  readonly revision: number;
  readonly standing: Standing;
  /** State of its chart, as written. */
  readonly state: string;
  readonly isCrisis: boolean;
  readonly isTest: boolean;
  readonly isEdit: boolean;
  readonly type: string;
  readonly subject: string;
  /** Lane of its entity; `null` without an entity, and for crises. */
  readonly lane: string | null;
  /**
   * Length of its wait after the last failure, in milliseconds, as noted then; `null` where it waits for another
   * reason.
   */
  readonly pauseMs: number | null;
  /** Upstream of its type in this process; `null` where no handler of it is registered. */
  readonly upstream: string | null;
  /** Time without a change, as this process has seen it. */
  readonly unchangedMs: number;
  /** Time since it came, as this process has seen it. */
  readonly openMs: number;
}

/** Times by which people must hear of a crisis, from the options. */
export interface Telling {
  /** Names of the steps of the chain. */
  readonly steps: readonly string[];
  /** Longest time until somebody who can be reached hears of it. */
  readonly withinMs: number;
  /** Longest time until somebody hears again, where nothing came of the last notice. */
  readonly againWithinMs: number;
  /** Longest time until somebody hears again after a person's acknowledgement has lapsed. */
  readonly lapsedWithinMs: number;
}

/** Truth at the moment of a look, as the simulator arranged it. */
export interface World {
  /** Time for which this process has run. */
  readonly upMs: number;
  /** Time for which its disk has had no trouble. */
  readonly diskWellMs: number;
  /** Time for which its disk has ended no write, while one is waited for. */
  readonly diskSilentMs: number;
  /** True if a view of what is on disk did not come at once, though the disk hung in what it writes alone. */
  readonly isViewWaiting: boolean;
  /** Time for which nothing on the disk has changed. */
  readonly stillMs: number;
  /** Time for which nothing has prevented calls of a type, by type. */
  readonly typeWellMs: Readonly<Record<string, number>>;
  /** The same for the calls of a type for one subject, by `type subject`; left out: for as long as for the type. */
  readonly subjectWellMs: Readonly<Record<string, number>>;
  /** Types that have a handler in this process. */
  readonly handled: ReadonlySet<string>;
  /** Number of functions of guarded calls that run, by upstream: each may hold a slot. */
  readonly callsOut: ReadonlyMap<string, number>;
  /** Time within which work gets its turn, by upstream, without upstreams whose options let it wait longer. */
  readonly turnWithinMs: Readonly<Record<string, number>>;
  /** The same while the upstream is up and nothing there is parked by itself, so that no turn waits for a probe. */
  readonly turnWhileUpMs: Readonly<Record<string, number>>;
  /** Time after which an undelivered crisis must escalate. */
  readonly escalateAfterMs: number;
  /** True time of the look. */
  readonly atMs: number;
  /** Times for which nothing has prevented calls of the pager, and for which it has made no false claim. */
  readonly pagerWellMs: number;
  readonly pagerTrueMs: number;
  /** Times by which people must hear of crises; `null` where the chain is empty, or may take longer than a run. */
  readonly telling: Telling | null;
  /** True if anybody is configured to hear of crises. */
  readonly hasChain: boolean;
  /** Time for which an acknowledgement lasts that names none. */
  readonly takenOnMs: number;
  /** Time by the device's clock. */
  readonly nowMs: number;
}

/** Overview that the inspector's page just got of a device, beside what the device says of itself. */
export interface Shown {
  readonly page: Overview;
  readonly health: HealthStatus;
}

/** A look at one device. */
export interface Look {
  readonly health: HealthStatus;
  readonly rows: readonly OpenRow[];
  /** Views of some unfinished operations, as the device shows them. */
  readonly views: readonly OperationView[];
  readonly world: World;
}

/** Tells whether nothing but crises may run: the store is held, or is being compared with its anchor. */
export function standsStill({ hold, anchor }: Pick<HealthStatus, 'hold' | 'anchor'>): boolean {
  return hold !== null || anchor?.state === 'beingCompared';
}
