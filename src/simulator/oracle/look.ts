/**
 * What there was to be seen of a device at one moment, and what was true then, so that the two can be compared.
 *
 * @module
 */

import type { OperationView } from '../../../actors/port.ts';
import type { Overview } from '../../../inspector/protocol.ts';
import type { Standing } from '../../../persistence/port/store.ts';
import type { HealthStatus } from '../../views/health.ts';

/** Work on disk that has not ended, and dead letters. */
export interface OpenRow {
  readonly id: string;
  readonly seq: number;
  /** Grows with every write of it. */
  readonly revision: number;
  readonly standing: Standing;
  /** The state of its chart, as it was written. */
  readonly state: string;
  readonly isCrisis: boolean;
  readonly isTest: boolean;
  readonly isEdit: boolean;
  readonly type: string;
  readonly subject: string;
  /** `null` for what names no entity, and for crises. */
  readonly lane: string | null;
  /** How long it waits after its last failure, in milliseconds, as was noted then; `null` where it waits for another thing. */
  readonly pauseMs: number | null;
  /** The upstream of its type in this process; `null` where no handler of it is registered. */
  readonly upstream: string | null;
  /** For how long it has lain there unchanged, under the eyes of this process. */
  readonly unchangedMs: number;
  /** For how long it has been there, under the eyes of this process. */
  readonly openMs: number;
}

/** By when people are told of a crisis, as the options say. */
export interface Telling {
  /** How long it takes at the most until somebody is told who can be. */
  readonly withinMs: number;
  /** How long it takes at the most until somebody is told again, whom nothing came of. */
  readonly againWithinMs: number;
  /** The same, where somebody had it until then. */
  readonly lapsedWithinMs: number;
}

/** Truth at the moment of a look, as the simulator arranged it. */
export interface World {
  /** For how long this process has run. */
  readonly upMs: number;
  /** For how long nothing has been wrong with its disk. */
  readonly diskWellMs: number;
  /** For how long nothing on the disk has changed. */
  readonly stillMs: number;
  /** For how long nothing has stood against calls of a type, by type. */
  readonly typeWellMs: Readonly<Record<string, number>>;
  /** The types that have a handler in this process. */
  readonly handled: ReadonlySet<string>;
  /** How many functions of guarded calls run, by upstream: each may hold a slot. */
  readonly callsOut: ReadonlyMap<string, number>;
  /** Within which time work has its turn, by upstream; one whose options let it wait for longer is left out. */
  readonly turnWithinMs: Readonly<Record<string, number>>;
  /** After how long a crisis that is not delivered has to escalate. */
  readonly escalateAfterMs: number;
  /** By true time. */
  readonly atMs: number;
  /** For how long nothing has stood against calls of the pager, and for how long nobody has said for it what is not so. */
  readonly pagerWellMs: number;
  readonly pagerTrueMs: number;
  /** Who has to be told of crises, and by when; `null` where nobody is, or where it may take longer than a run. */
  readonly telling: Telling | null;
  /** Whether anybody is configured to be told, and how long an acknowledgement lasts that does not say. */
  readonly hasChain: boolean;
  readonly takenOnMs: number;
  /** By the clock of the device. */
  readonly nowMs: number;
}

/** Overview that the inspector's page was just told of a device, beside what the device says of itself. */
export interface Shown {
  readonly page: Overview;
  readonly health: HealthStatus;
}

/** One look. */
export interface Look {
  readonly health: HealthStatus;
  readonly rows: readonly OpenRow[];
  /** Some of what has not ended, as it is shown. */
  readonly views: readonly OperationView[];
  readonly world: World;
}
