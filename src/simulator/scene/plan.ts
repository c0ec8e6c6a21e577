/**
 * Plan of a run of the simulator, as data: drawn from a seed, kept in a file, made smaller, and run again.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { ProfileName } from '../network/link.ts';
import type { Habits } from '../network/simulatedUpstream.ts';
import type { Drawn } from '../setup/drawnOptions.ts';

/** A run from its first instant to its healing. Two runs of one plan with one version have one history. */
export interface Plan {
  /** Version of holdfast that drew it. */
  readonly version: string;
  readonly seed: number;
  /** Virtual hours from the start to the healing. */
  readonly hours: number;
  readonly setup: Setup;
  /** Steps in the order of their times. */
  readonly steps: readonly Step[];
}

/** The machines and services of a run, and how each is set. */
export interface Setup {
  readonly devices: readonly DeviceSetup[];
  readonly upstreams: readonly UpstreamSetup[];
}

/** A machine with a store of its own. */
export interface DeviceSetup {
  readonly name: string;
  /** Time by which its wall clock is ahead of true time at the start (below 0: behind). Left out: none. */
  readonly clockAheadMs?: number | undefined;
  /** Drawn options, a set for each process in turn; a step moves to the next set. Left out: the usual options. */
  readonly options?: readonly (readonly Drawn[])[] | undefined;
  /** Quality of its network; left out: as at home. */
  readonly network?: ProfileName | undefined;
  /** Number of steps in its chain of people to tell of a crisis. Left out: all steps. */
  readonly chain?: number | undefined;
  /** Processes that use its store through the owner. Left out: none. */
  readonly clients?: readonly ClientSetup[] | undefined;
}

/** A process that calls `connect()`. */
export interface ClientSetup {
  /** True if it takes the store over when nobody has it. */
  readonly mayOwn: boolean;
  /** Longest wait of its calls for an owner, in milliseconds. */
  readonly ownerWithinMs: number;
}

/** A remote service that all devices share. */
export interface UpstreamSetup {
  readonly name: string;
  /** Habits of the service; left out: the usual ones. */
  readonly habits?: Habits | undefined;
}

/** An event, with what was drawn for it. */
export interface Step {
  /** Milliseconds of virtual time after the start. */
  readonly atMs: number;
  /** Name of a {@link StepKind}. */
  readonly kind: string;
  readonly data: Readonly<Record<string, Json>>;
}
