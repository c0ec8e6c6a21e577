/**
 * What steps act on: the devices, services and people of a run, and where all of it is told.
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
  /** App that runs in place of the simulator's own; `null` for that one. */
  readonly app: SimulatedApp | null;
  readonly devices: readonly Device[];
  readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
  /** The service by which people are told of crises. */
  readonly pager: SimulatedUpstream;
  /** Records that are edited, as an upstream holds them. */
  readonly records: Records;
  /** Every edit that was made, accepted or not. */
  readonly edits: MadeEdit[];
  /** What somebody wanted back after it was removed: the path of the record, and the pointer into it. */
  readonly restored: Set<string>;
  /** Which records devices were told to forget: the name of the device, and the path. */
  readonly forgotten: Set<string>;
  /** Keys of work of which each attempt ends its process, after how many milliseconds, and how often it has. */
  readonly endsProcess: Map<string, { readonly afterMs: number; times: number }>;
  /** Takes this back when everything is healed; the returned function takes it back now. */
  readonly untilHealed: (undo: () => void) => () => void;
  /** Notes that this was seen, for the checks of what has to be seen sometimes. */
  readonly saw: (what: string) => void;
  /** Adds a line to the history. */
  readonly note: (line: string) => void;
  /** A number of its own for each request of the run. */
  readonly nextRequest: () => number;
}

/** Groups of steps: a day has so many of each at least. */
export type CountsAs = 'work' | 'fault' | 'order' | 'restart' | 'other' | 'beside';

/**
 * One kind of thing that may happen. A part of the simulator exports a list of them; `everyKind` in
 * `steps/everyKind.ts` joins the lists.
 */
export interface StepKind<Data extends Readonly<Record<string, Json>> = never> {
  readonly kind: string;
  readonly counts: CountsAs;
  /** Whether it does not happen in the process that owns the store: it does not wait for that one to go on. */
  readonly isElsewhere?: boolean;
  /** Whether it asks for work of the simulator's own app, so that another app has no such step. */
  readonly isOfOwnApp?: boolean;
  /** How often it is drawn, beside the others of what it counts as. */
  readonly weight: number;
  /** Draws what is done; `setup` says what there is. Must give the same for the same chance. */
  readonly draw: (random: SeededRandom, setup: Setup) => Data;
  /**
   * Does it, and returns without waiting for virtual time: what takes time goes on by itself. `random` is the
   * step's own, so that a plan without the steps before it draws the same.
   */
  readonly take: (scene: Scene, data: Data, random: SeededRandom) => void;
  /** The step in a line of the history, in words. */
  readonly says: (data: Data) => string;
}

/** A kind of which the data is not known. */
export type AnyStepKind = StepKind;

/** Gives a kind its types. */
export function stepKind<Data extends Readonly<Record<string, Json>>>(
  kind: StepKind<Data>,
): AnyStepKind {
  return kind as unknown as AnyStepKind;
}

/** The step's own chance, whatever other steps there are. */
export function seedOf(seed: number, { atMs, kind }: Step): number {
  let hash = seed >>> 0;
  for (const letter of `${atMs}/${kind}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
