/**
 * What changed of the states of a chart.
 *
 * @module
 */

import type { ChartModel, StateModel } from '../../inspector/charts/chartData.ts';
import type { ChartChange } from './chartChange.ts';
import { listed, stateName } from './words.ts';

const KINDS: Readonly<Record<StateModel['kind'], string>> = {
  atomic: 'a plain state',
  compound: 'a state with states in it',
  parallel: 'a state whose parts go on at once',
  final: 'an ending',
  history: 'a return to where it was before',
  deepHistory: 'a return to where it was before, however deep',
};

export function stateChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
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

/** Its tags, requirements and all that it does. */
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
