/**
 * Which states only have another name now, as far as that can be told.
 *
 * @module
 */

import type { ChartModel, StateModel } from '../../inspector/charts/chartData.ts';

/** What two states have to share, of the five things below, to be taken for the same. */
const SCORE_MIN = 4;

/** The former path of each state that seems to be renamed, with its present one. */
export function renamedStates(before: ChartModel, after: ChartModel): ReadonlyMap<string, string> {
  const then = new Set(before.states.map(({ path }) => path));
  const now = new Set(after.states.map(({ path }) => path));
  const renamed = new Map<string, string>();
  for (const gone of before.states) {
    if (now.has(gone.path) || isMovedWith(gone.path, renamed)) continue;
    const parent = moved(gone.parent ?? '', renamed);
    const candidates = after.states
      .filter((state) => !then.has(state.path) && state.parent === parent)
      .filter((state) => ![...renamed.values()].includes(state.path))
      .map((state) => ({ path: state.path, score: likeness(gone, before, state, after) }))
      .toSorted((a, b) => b.score - a.score);
    const [best, next] = candidates;
    // Where two are as likely, a person has to say.
    if (best === undefined || best.score < SCORE_MIN || best.score === next?.score) continue;
    renamed.set(gone.path, best.path);
  }
  return renamed;
}

/** The chart as it would be had its states had their present names. */
export function withNames(model: ChartModel, renamed: ReadonlyMap<string, string>): ChartModel {
  const at = (path: string): string => moved(path, renamed);
  return {
    ...model,
    states: model.states.map((state) => ({
      ...state,
      path: at(state.path),
      parent: state.parent === null ? null : at(state.parent),
      initial: state.initial === null ? null : at(state.initial),
    })),
    transitions: model.transitions.map((transition) => ({
      ...transition,
      source: at(transition.source),
      targets: transition.targets.map(at),
    })),
  };
}

function moved(path: string, renamed: ReadonlyMap<string, string>): string {
  for (const [from, to] of renamed) {
    if (path === from) return to;
    if (path.startsWith(`${from}.`)) return `${to}${path.slice(from.length)}`;
  }
  return path;
}

/** Whether a state is in one that is renamed. */
function isMovedWith(path: string, renamed: ReadonlyMap<string, string>): boolean {
  return [...renamed.keys()].some((from) => path.startsWith(`${from}.`));
}

function likeness(
  one: StateModel,
  before: ChartModel,
  other: StateModel,
  after: ChartModel,
): number {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (
    (one.kind === other.kind ? 1 : 0) +
    (one.description === other.description ? 2 : 0) +
    (same([one.tags, one.requirements], [other.tags, other.requirements]) ? 1 : 0) +
    2 * shared(handled(one, before), handled(other, after)) +
    shared(leadingTo(one, before), leadingTo(other, after))
  );
}

/** What it does on which event. */
function handled({ path }: StateModel, { transitions }: ChartModel): readonly string[] {
  return transitions
    .filter(({ source }) => source === path)
    .map(({ event, guard, actions }) => JSON.stringify([event, guard, actions]));
}

function leadingTo({ path }: StateModel, { transitions }: ChartModel): readonly string[] {
  return transitions
    .filter(({ targets }) => targets.includes(path))
    .map(({ source, event, guard }) => JSON.stringify([source, event, guard]));
}

/** The share of what both have in what either has; of nothing at all, half of it. */
function shared(one: readonly string[], other: readonly string[]): number {
  const all = new Set([...one, ...other]);
  if (all.size === 0) return 0.5;
  return [...all].filter((item) => one.includes(item) && other.includes(item)).length / all.size;
}
