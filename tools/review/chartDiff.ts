/**
 * What changed between two versions of a chart, in sentences that a reviewer can sign (OB-3).
 *
 * @module
 */

import type { ChartModel, StateModel } from '../../inspector/charts/chartData.ts';
import { ruleChanges } from './ruleChanges.ts';
import { transitionChanges } from './transitionChanges.ts';
import { type ChartChange, listed, stateName } from './words.ts';

const KINDS: Readonly<Record<StateModel['kind'], string>> = {
  atomic: 'a plain state',
  compound: 'a state with states in it',
  parallel: 'a state whose parts go on at once',
  final: 'an ending',
  history: 'a return to where it was before',
  deepHistory: 'a return to where it was before, however deep',
};

function stateChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
  const then = new Map(before.states.map((state) => [state.path, state]));
  const now = new Map(after.states.map((state) => [state.path, state]));
  return [
    ...after.states.filter(({ path }) => !then.has(path)).map(added),
    ...before.states.filter(({ path }) => !now.has(path)).map(removed),
    ...after.states.flatMap((state) => {
      const former = then.get(state.path);
      return former === undefined ? [] : changesOf(former, state);
    }),
  ];
}

function added(state: StateModel): ChartChange {
  const { path, kind, description } = state;
  const about = description === '' ? '' : ` ${description}`;
  return {
    about: 'state',
    what: 'added',
    name: path,
    sentence: `State ${path} is new, ${KINDS[kind]}.${about}${factsOf(state)}`,
  };
}

function removed({ path, description }: StateModel): ChartChange {
  const about = description === '' ? '' : ` It was: ${description}`;
  return {
    about: 'state',
    what: 'removed',
    name: path,
    sentence: `State ${path} is gone.${about}`,
  };
}

/** The tags and requirements of a state, and all that it does. */
function factsOf({ tags, requirements, entry, exit, invokes }: StateModel): string {
  const facts: readonly (readonly [string, readonly string[]])[] = [
    ['Tags', tags],
    ['Requirements', requirements],
    ['On entering', entry],
    ['On leaving', exit],
    ['Runs', invokes],
  ];
  return facts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => ` ${what}: ${names.join(', ')}.`)
    .join('');
}

function changesOf(before: StateModel, after: StateModel): readonly ChartChange[] {
  const name = stateName(after.path);
  const changes: ChartChange[] = [];
  const say = (sentence: string, texts: Pick<ChartChange, 'before' | 'after'> = {}): void => {
    changes.push({ about: 'state', what: 'changed', name: after.path, sentence, ...texts });
  };
  if (before.kind !== after.kind) {
    say(`${name} was ${KINDS[before.kind]} and is ${KINDS[after.kind]}.`);
  }
  if (before.initial !== after.initial) {
    say(`${name} begins in ${after.initial ?? 'nothing'}, not in ${before.initial ?? 'nothing'}.`);
  }
  // Of the root the head of the diff says it.
  if (before.description !== after.description && after.path !== '') {
    say(`What is said of ${lower(name)} changed.`, {
      before: before.description,
      after: after.description,
    });
  }
  if ((before.lasts ?? null) !== (after.lasts ?? null)) {
    say(`What is said of how long ${lower(name)} lasts changed.`, {
      before: before.lasts ?? '(nothing)',
      after: after.lasts ?? '(nothing)',
    });
  }
  for (const [field, noun] of SETS) {
    const [more, less] = [
      after[field].filter((item) => !before[field].includes(item)),
      before[field].filter((item) => !after[field].includes(item)),
    ];
    if (more.length > 0) say(`${name} has ${noun} ${listed(more)} now.`);
    if (less.length > 0) say(`${name} no longer has ${noun} ${listed(less)}.`);
  }
  for (const [field, verb] of LISTS) {
    if (before[field].join() !== after[field].join()) {
      say(`${name} ${verb} ${listed(after[field])}; it was ${listed(before[field])}.`);
    }
  }
  return changes;
}

const SETS = [
  ['tags', 'the tag'],
  ['requirements', 'the requirement'],
] as const;
const LISTS = [
  ['entry', 'does on entering'],
  ['exit', 'does on leaving'],
  ['invokes', 'runs'],
] as const;

function lower(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** What two states have to share, of the five things below, to be taken for the same. */
const SCORE_MIN = 4;

/** The former path of each state that seems to be renamed, with its present one. */
function renamedStates(before: ChartModel, after: ChartModel): ReadonlyMap<string, string> {
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
function withNames(model: ChartModel, renamed: ReadonlyMap<string, string>): ChartModel {
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

/** Everything that changed, nothing if the two are equal. `null` is a chart that was not there. */
export function chartDiff(
  before: ChartModel | null,
  after: ChartModel | null,
): readonly ChartChange[] {
  if (before === null || after === null) return madeOrRemoved(before, after);
  if (before.hash === after.hash) return [];
  const renamed = renamedStates(before, after);
  const named = withNames(before, renamed);
  const changes: readonly ChartChange[] = [
    ...headChanges(before, after),
    ...[...renamed].map(
      ([from, to]): ChartChange => ({
        about: 'state',
        what: 'renamed',
        name: to,
        sentence: `State ${from} is called ${to} now, as it seems: it means and does the same or nearly so.`,
      }),
    ),
    ...stateChanges(named, after),
    ...transitionChanges(named, after),
    ...ruleChanges(before, after),
  ];
  if (changes.length > 0) return changes;
  return [
    {
      about: 'chart',
      what: 'changed',
      name: after.id,
      sentence:
        'The order of its states or rules, or how the file is written, changed; no state, transition or rule did.',
    },
  ];
}

function madeOrRemoved(
  before: ChartModel | null,
  after: ChartModel | null,
): readonly ChartChange[] {
  if (after !== null) {
    const { id, purpose, states, transitions } = after;
    const size = `${states.length - 1} states and ${transitions.length} transitions`;
    return [
      {
        about: 'chart',
        what: 'added',
        name: id,
        sentence: `The chart is new: ${purpose} It has ${size}.`,
      },
    ];
  }
  if (before === null) return [];
  return [
    {
      about: 'chart',
      what: 'removed',
      name: before.id,
      sentence: `The chart is gone: ${before.purpose}`,
    },
  ];
}

function headChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
  const changes: ChartChange[] = [];
  const chart = { about: 'chart', what: 'changed', name: after.id } as const;
  if (before.version !== after.version) {
    changes.push({
      ...chart,
      sentence: `Its version was ${before.version ?? 'none'} and is ${after.version ?? 'none'}.`,
    });
  }
  if (before.purpose !== after.purpose) {
    changes.push({
      ...chart,
      sentence: 'What is said of it as a whole changed.',
      before: before.purpose,
      after: after.purpose,
    });
  }
  return changes;
}
