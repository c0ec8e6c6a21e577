/**
 * Where an actor is in its chart: what is active, what was taken last, and where it can go from here.
 *
 * @module
 */

import type { ChartModel, StateModel, TransitionModel } from '../../charts/chartData.ts';
import { chartShape } from '../../charts/chartShape.ts';
import { eventInWords } from '../../charts/eventInWords.ts';
import type { Step } from '../../protocol.ts';
import type { ShownActor } from '../model/shown.ts';

/** A transition with its place in the chart's list, by which drawing and steps know it. */
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

/** The active states with all that they are inside of, by path; without the chart itself. */
export function activePaths(states: readonly string[]): ReadonlySet<string> {
  return new Set(states.flatMap((path) => [path, ...pathsAround(path)]));
}

/** `a.b` and `a` for `a.b.c`. */
function pathsAround(path: string): readonly string[] {
  const keys = path.split('.');
  return keys.slice(1).map((_, at) => keys.slice(0, at + 1).join('.'));
}

/** The innermost active states in the order of the chart, each with its description. */
export function standingIn(
  model: Pick<ChartModel, 'states'>,
  states: readonly string[],
): readonly StateModel[] {
  return model.states.filter(({ path }) => states.includes(path));
}

/** What can be taken from here: of the innermost states first, then of what they are inside of, then from anywhere. */
export function waysOn(model: ChartModel, states: readonly string[]): readonly PlacedTransition[] {
  const active = activePaths(states);
  const depth = (source: string) => (isRoot(model, source) ? 0 : source.split('.').length);
  return placed(model)
    .filter(({ source }) => active.has(source) || isRoot(model, source))
    .toSorted((a, b) => depth(b.source) - depth(a.source) || a.index - b.index);
}

/**
 * What an actor that is no longer in memory does, by the state in which it was last seen: an operation leaves memory in
 * every long wait, and only at its end is it over. `unknown` where it was on its way somewhere: its store knows.
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

/** All transitions, in the order of the chart. */
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

/** Where a transition goes, in words. */
export function goesTo({ targets }: Pick<TransitionModel, 'targets'>): string {
  return targets.length === 0 ? 'stays' : targets.map(nameOfState).join(', ');
}

/** `a › b` for `a.b`: a path as it is read. */
export function nameOfState(path: string): string {
  return path === '' ? 'any state' : path.split('.').join(' › ');
}

/** Where it is, as text: `delivery › waiting, record › kept`. */
export function statesInWords(states: readonly string[]): string {
  return states.length === 0 ? 'not there' : states.map(nameOfState).join(', ');
}

/** What changed by a step, and what came of it: of several regions those that moved. */
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
