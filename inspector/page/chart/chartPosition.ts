/**
 * The position of an actor in its chart: its active states, its last transition, and those it can take next.
 *
 * @module
 */

import {
  type ChartModel,
  chartShape,
  type StateModel,
  type TransitionModel,
} from '../../charts/chartData.ts';
import { eventInWords } from '../../charts/transitions.ts';
import type { Step } from '../../protocol.ts';
import type { ShownActor } from '../model/shown.ts';

/** A transition with its index in the chart's list, by which drawings and steps name it. */
export interface PlacedTransition extends TransitionModel {
  readonly index: number;
  /** The event as people read it. */
  readonly on: string;
}

/**
 * True if an actor can be shown on this chart: its process runs one of the same shape, with all of the actor's states.
 * Another chart may give a name another meaning, or number its transitions otherwise.
 *
 * @param shape the hash that the process gives of its chart (`chartShape`), whatever the versions say
 */
export function isDrawnBy(
  model: Pick<ChartModel, 'states' | 'transitions'>,
  shape: string | undefined,
  states: readonly string[],
): boolean {
  return shape === chartShape(model) && states.every((path) => stateOf(model, path) !== null);
}

export function stateOf(model: Pick<ChartModel, 'states'>, path: string): StateModel | null {
  return model.states.find((state) => state.path === path) ?? null;
}

/** The paths of the active states and of all their parents, without the root. */
export function activePaths(states: readonly string[]): ReadonlySet<string> {
  return new Set(states.flatMap((path) => [path, ...pathsAround(path)]));
}

/** `a.b` and `a` for `a.b.c`. */
function pathsAround(path: string): readonly string[] {
  const keys = path.split('.');
  return keys.slice(1).map((_, at) => keys.slice(0, at + 1).join('.'));
}

/** The innermost active states with their descriptions, in the order of the chart. */
export function standingIn(
  model: Pick<ChartModel, 'states'>,
  states: readonly string[],
): readonly StateModel[] {
  return model.states.filter(({ path }) => states.includes(path));
}

/** The transitions that can be taken next: of the innermost states first, then of their parents, then of the root. */
export function waysOn(model: ChartModel, states: readonly string[]): readonly PlacedTransition[] {
  const active = activePaths(states);
  const depth = (source: string) => (isRoot(model, source) ? 0 : source.split('.').length);
  return placed(model)
    .filter(({ source }) => active.has(source) || isRoot(model, source))
    .toSorted((a, b) => depth(b.source) - depth(a.source) || a.index - b.index);
}

/**
 * The situation of an actor that is no longer in memory, by the state in which it was last seen: an operation leaves memory in
 * every long wait, not only at its end. `unknown` for a passing state: its store knows.
 */
export function awayIn(
  model: ChartModel,
  { states, actor }: Pick<ShownActor, 'states' | 'actor'>,
): 'over' | 'rests' | 'unknown' {
  if (actor.about === null || (states.length > 0 && waysOn(model, states).length === 0))
    return 'over';
  const isResting = model.states.some(
    ({ path, tags }) => states.includes(path) && tags.includes('rest'),
  );
  return isResting ? 'rests' : 'unknown';
}

/** All transitions with their index, in the order of the chart. */
export function placed(model: Pick<ChartModel, 'transitions'>): readonly PlacedTransition[] {
  return model.transitions.map((transition, index) => ({
    ...transition,
    index,
    on: eventInWords(transition.event),
  }));
}

/** The transitions that a step took, in order. */
export function takenBy(
  model: Pick<ChartModel, 'transitions'>,
  step: Pick<Step, 'transitions'> | null,
): readonly PlacedTransition[] {
  const all = placed(model);
  return (step?.transitions ?? []).flatMap((index) => all[index] ?? []);
}

function isRoot(model: Pick<ChartModel, 'states'>, path: string): boolean {
  return path === '' || stateOf(model, path)?.parent === null;
}

/** The targets of a transition, in words. */
export function goesTo({ targets }: Pick<TransitionModel, 'targets'>): string {
  return targets.length === 0 ? 'stays' : targets.map(nameOfState).join(', ');
}

/** `a › b` for `a.b`: a path for readers. */
export function nameOfState(path: string): string {
  return path === '' ? 'any state' : path.split('.').join(' › ');
}

/** States as text: `delivery › waiting, record › kept`. */
export function statesInWords(states: readonly string[]): string {
  return states.length === 0 ? 'not there' : states.map(nameOfState).join(', ');
}

/** The states before and after a step: of several regions, only those that moved. */
export function changeOf({ from, to }: Pick<Step, 'from' | 'to'>): {
  readonly left: readonly string[];
  readonly entered: readonly string[];
} {
  return {
    left: from.filter((path) => !to.includes(path)),
    entered: to.filter((path) => !from.includes(path)),
  };
}

/** A step as one sentence: `breaker.opened [isCurrent]: closed → open`. */
export function stepInWords(
  step: Pick<Step, 'event' | 'from' | 'to'>,
  taken: readonly Pick<TransitionModel, 'guard'>[],
): string {
  const guards = taken.flatMap(({ guard }) => guard ?? []);
  const only = guards.length === 0 ? '' : ` [${guards.join(', ')}]`;
  const [from, to] = [statesInWords(step.from), statesInWords(step.to)];
  const where = from === to ? `stays in ${to}` : `${from} → ${to}`;
  return `${eventInWords(step.event)}${only}: ${where}`;
}
