/**
 * Everything that the pages of one chart are made from.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import type { Approval } from '../../../inspector/charts/approvals.ts';
import type {
  ChartModel,
  StateModel,
  TransitionModel,
} from '../../../inspector/charts/chartData.ts';
import type { ChartSource } from './chartSource.ts';
import type { ChartCoverage } from './coverage.ts';
import type { Trace } from './requirements.ts';

export interface ChartDoc {
  readonly machine: AnyStateMachine;
  readonly model: ChartModel;
  readonly said: ChartSource;
  /** The chart's own file, from the repository's root. */
  readonly path: string;
  /** What the head of that file says, by paragraphs. */
  readonly introduction: readonly string[];
  /** The instants that it keeps, with what they are. */
  readonly instants: readonly (readonly [name: string, meaning: string])[];
  /** `null` where no test run has told of it. */
  readonly coverage: ChartCoverage | null;
  readonly approvals: readonly Approval[];
  /** Whether it is drawn in `<id>.svg`. */
  readonly hasPicture: boolean;
  readonly traces: readonly Trace[];
}

/** A transition with its place in the list of its chart. */
export interface Placed extends TransitionModel {
  readonly place: number;
}

export function placed({ transitions }: ChartModel): readonly Placed[] {
  return transitions.map((transition, place) => ({ ...transition, place }));
}

/** What a state says of how long it lasts, or else the nearest of those that hold it. */
export function howLong(states: readonly StateModel[], state: StateModel): string | null {
  if (state.lasts !== null || state.parent === null) return state.lasts;
  const parent = states.find(({ path }) => path === state.parent);
  return parent === undefined ? null : howLong(states, parent);
}

/** Whether it is left the moment that it is entered: one of its ways out is open to whatever it is then. */
export function isMomentary({ transitions }: ChartModel, { path }: StateModel): boolean {
  return transitions.some(
    ({ source, event, guard, targets }) =>
      source === path && event === '' && guard === null && targets.length > 0,
  );
}

/** The requirement ids that are known. */
export function knownIds(traces: readonly Trace[]): ReadonlySet<string> {
  return new Set(traces.map(({ requirement }) => requirement.id));
}
