/**
 * What a run of the simulator does, as data: drawn from a seed, kept in a file, made smaller, and run again.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { ProfileName } from '../network/link.ts';
import type { Habits } from '../network/simulatedUpstream.ts';
import type { Drawn } from '../setup/drawnOptions.ts';

/** A run from its first instant to its healing. Two runs of one plan with one version have one history. */
export interface Plan {
  /** The version of holdfast that drew it. */
  readonly version: string;
  readonly seed: number;
  /** Virtual hours from the start to the healing. */
  readonly hours: number;
  readonly setup: Setup;
  /** In the order of their times. */
  readonly steps: readonly Step[];
}

/** The machines and services there are, and how each is set. */
export interface Setup {
  readonly devices: readonly DeviceSetup[];
  readonly upstreams: readonly UpstreamSetup[];
}

/** One machine with a store of its own. */
export interface DeviceSetup {
  readonly name: string;
  /** How far its wall clock is ahead of true time (below 0: behind) at the start. Left out: not at all. */
  readonly clockAheadMs?: number | undefined;
  /**
   * What was drawn for its options: a set for one process after the other; a step goes on to the next. Left out: all
   * as usual.
   */
  readonly options?: readonly (readonly Drawn[])[] | undefined;
  /** How good its network is; left out: as at home. */
  readonly network?: ProfileName | undefined;
  /** How many steps the chain has that is told of its crises. Left out: all that there are. */
  readonly chain?: number | undefined;
  /** The processes on it that use its store by the one that owns it. Left out: none. */
  readonly clients?: readonly ClientSetup[] | undefined;
}

/** A process that calls `connect()`. */
export interface ClientSetup {
  /** Whether it takes the store over when nobody has it. */
  readonly mayOwn: boolean;
  /** How long its calls wait for an owner, in milliseconds. */
  readonly ownerWithinMs: number;
}

/** A remote service that all devices share. */
export interface UpstreamSetup {
  readonly name: string;
  /** Left out: as usual. */
  readonly habits?: Habits | undefined;
}

/** One thing that happens, with what was drawn for it. */
export interface Step {
  /** Milliseconds of virtual time after the start. */
  readonly atMs: number;
  /** The name of a {@link StepKind}. */
  readonly kind: string;
  readonly data: Readonly<Record<string, Json>>;
}
