/**
 * Scene of a run: the devices, services and people that steps act on, and the teller of all that happens.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import type { VirtualClock } from '../../virtual/virtualClock.ts';
import type { Records } from '../network/records.ts';
import type { SimulatedUpstream } from '../network/simulatedUpstream.ts';
import type { MadeEdit } from '../oracle/madeEdit.ts';
import type { SimulatedApp } from './app.ts';
import type { Device } from './device.ts';
import type { Setup, Step } from './plan.ts';

/** A run under way. */
export interface Scene {
  /** True time. Each device has its own reading of it. */
  readonly clock: VirtualClock;
  readonly setup: Setup;
  /** User's app that runs in place of the simulator's own; `null` for the simulator's own. */
  readonly app: SimulatedApp | null;
  readonly devices: readonly Device[];
  readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
  /** Service that tells people of crises. */
  readonly pager: SimulatedUpstream;
  /** Edited records, as an upstream holds them. */
  readonly records: Records;
  /** Every edit, accepted or not. */
  readonly edits: MadeEdit[];
  /** Pointers that somebody wanted back after their removal, with the path of their record. */
  readonly restored: Set<string>;
  /** Records that devices were told to forget, as the device's name and the path. */
  readonly forgotten: Set<string>;
  /** Work whose every attempt ends its process, by key: after how many milliseconds, and how often so far. */
  readonly endsProcess: Map<string, { readonly afterMs: number; times: number }>;
  /** Undoes this when everything is healed; the returned function undoes it now. */
  readonly untilHealed: (undo: () => void) => () => void;
  /** Notes a situation for the check of what must be seen sometimes. */
  readonly saw: (what: string) => void;
  /** Adds a line to the history. */
  readonly note: (line: string) => void;
  /** Returns a new number for each request of the run. */
  readonly nextRequest: () => number;
}

/**
 * Groups of steps, of which a day has a least number each. Steps `beside` the others, faults `beneath`
 * them, faults that come together `among` them, what is put back from `elsewhere`, and what another `hand` does draw by seeds
 * of their own.
 */
export type CountsAs =
  | 'work'
  | 'fault'
  | 'order'
  | 'restart'
  | 'other'
  | 'beside'
  | 'beneath'
  | 'among'
  | 'elsewhere'
  | 'hand';

/**
 * A kind of event. Each part of the simulator exports a list of kinds; `everyKind` in `steps/everyKind.ts` joins the
 * lists.
 */
export interface StepKind<Data extends Readonly<Record<string, Json>> = never> {
  readonly kind: string;
  readonly counts: CountsAs;
  /** True if it happens outside the process that owns the store, and so does not wait for that process. */
  readonly isElsewhere?: boolean;
  /** True if it needs the simulator's own app, so that a user's app has no such step. */
  readonly isOfOwnApp?: boolean;
  /** Weight of its draw among the others of its group. */
  readonly weight: number;
  /** Draws the data of a step, the same for the same chance; `setup` says what there is. */
  readonly draw: (random: SeededRandom, setup: Setup) => Data;
  /**
   * Takes the step and returns without waiting for virtual time; longer effects go on by themselves. `random` is the
   * step's own, so that a plan without the earlier steps draws the same.
   */
  readonly take: (scene: Scene, data: Data, random: SeededRandom) => void;
  /** Words for the step in a line of the history. */
  readonly says: (data: Data) => string;
}

/** A kind whose data is not known. */
export type AnyStepKind = StepKind;

/** Types a kind. */
export function stepKind<Data extends Readonly<Record<string, Json>>>(
  kind: StepKind<Data>,
): AnyStepKind {
  return kind as unknown as AnyStepKind;
}

/** Computes the step's own seed, whatever other steps there are. */
export function seedOf(seed: number, { atMs, kind }: Step): number {
  let hash = seed >>> 0;
  for (const letter of `${atMs}/${kind}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
