/**
 * What a picture of a chart holds before anything has its place: a card for each state, and which transitions
 * are lines.
 *
 * Where many states lead to the same one, lines would cover the picture. Two of them are drawn there; the
 * others stand in the card of their state, with the name of where they lead.
 *
 * @module
 */

import type { ChartModel, StateModel, TransitionModel } from '../../inspector/charts/chartModel.ts';
import { textWidth } from './geometry.ts';
import { type Entry, entryOf, LINE_HEIGHT, lineWidth, TEXT_SIZE } from './transitionText.ts';

/** A state with all that is written in its box. */
export interface Card {
  readonly state: StateModel;
  readonly title: string;
  /** The tags, at the right of its name. */
  readonly tags: string;
  /** What it runs, and does when it is entered and left. */
  readonly does: readonly string[];
  /** The transitions that are no lines. */
  readonly entries: readonly Entry[];
  /** Whether others are drawn in it. */
  readonly isContainer: boolean;
  /** Whether it goes on beside the others of its parent. */
  readonly isRegion: boolean;
  /** The size of its text, with the room around it. */
  readonly width: number;
  readonly height: number;
}

/** What leads from one state to another: a line, with the transitions in a pill on it. */
export interface Link {
  readonly id: string;
  readonly source: string;
  /** Whether it leads from any state in `source` to one of them. */
  readonly isFromAny: boolean;
  /** Whether it is a step of the path that is usually taken. */
  readonly isUsual: boolean;
  readonly target: string;
  /** The innermost state that holds both. */
  readonly inside: string;
  readonly entries: readonly Entry[];
  readonly width: number;
  readonly height: number;
}

export interface ChartPlan {
  readonly model: ChartModel;
  /** In document order, the root first. */
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
}

export const NAME_SIZE = 13;
export const NAME_HEIGHT = 20;
export const CARD_PAD = 10;
export const PILL_PAD = 7;
/** Between two transitions of one box. */
export const ENTRY_GAP = 3;
const CARD_WIDTH_MAX = 330;
const PILL_WIDTH_MAX = 210;
const CARD_WIDTH_MIN = 70;
/** To a state with more states before it than this, not every one has a line. */
const LINES_MAX = 3;

interface Group {
  readonly source: string;
  readonly target: string;
  readonly places: number[];
}

export function chartPlan(model: ChartModel): ChartPlan {
  const groups = groupsOf(model);
  const usual = usualSteps(model);
  const outer = outerPaths(model);
  const lined = groups.filter(
    (group) => isUsual(group, usual, model) || isLined(group, groups, outer),
  );
  const linedPlaces = new Set(lined.flatMap(({ places }) => places));
  const names = shortNames(model.states);
  return {
    model,
    cards: model.states.map((state) => cardOf(state, model, names, linedPlaces)),
    links: lined.map((group, index) =>
      linkOf(group, `link-${index}`, model, isUsual(group, usual, model)),
    ),
  };
}

interface UsualStep {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

/** The steps of the paths that are usually taken, from one innermost state to the next. */
function usualSteps({ states }: ChartModel): readonly UsualStep[] {
  return states.flatMap(({ path: region, usualPath = [] }) => {
    const pathOf = (name = ''): string =>
      states.find((one) => one.name === name && isWithin(one.path, region))?.path ?? '';
    return usualPath.flatMap((event, index) =>
      index % 2 === 0
        ? []
        : [{ from: pathOf(usualPath[index - 1]), event, to: pathOf(usualPath[index + 1]) }],
    );
  });
}

/** Whether the state of a step, or a parent of it, leads to the next one by this. */
function isUsual(
  { source, target, places }: Group,
  steps: readonly UsualStep[],
  { transitions }: ChartModel,
): boolean {
  return steps.some(
    ({ from, event, to }) =>
      target === to &&
      isWithin(from, source) &&
      places.some((place) => transitions[place]?.event === event),
  );
}

/** The transitions from one state to one other, in the order of the chart. */
function groupsOf({ transitions }: ChartModel): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [place, { source, targets }] of transitions.entries()) {
    const [target] = targets;
    if (target === undefined || targets.length > 1) continue;
    // A line from a box into itself, or to what it stands in, shows less than the words.
    if (isWithin(source, target)) continue;
    const key = `${source} ${target}`;
    const group = groups.get(key) ?? { source, target, places: [] };
    groups.set(key, group);
    group.places.push(place);
  }
  return [...groups.values()];
}

function isLined(group: Group, groups: readonly Group[], outer: ReadonlySet<string>): boolean {
  // Lines through the borders of boxes within boxes hide what is in them.
  const { source, target } = group;
  const isInside = !outer.has(parentOf(source));
  if (isInside && parentOf(source) !== parentOf(target)) return false;
  if (isFromAny(group)) return true;
  const toSame = groups.filter((other) => other.target === group.target && !isFromAny(other));
  if (toSame.length <= LINES_MAX) return true;
  // The first, and that with the most to say.
  const [first, ...others] = toSame;
  const [most] = others.toSorted((a, b) => b.places.length - a.places.length);
  return group === first || group === most;
}

/** The root, and what is beside each other in it: no box is around their states. */
function outerPaths({ states }: ChartModel): ReadonlySet<string> {
  const parallel = states.filter(({ kind }) => kind === 'parallel').map(({ path }) => path);
  const regions = states.filter(({ parent }) => parent !== null && parallel.includes(parent));
  return new Set(['', ...regions.map(({ path }) => path)]);
}

function parentOf(path: string): string {
  return path.split('.').slice(0, -1).join('.');
}

function isFromAny({ source, target }: Pick<Group, 'source' | 'target'>): boolean {
  return isWithin(target, source);
}

function cardOf(
  state: StateModel,
  model: ChartModel,
  names: ReadonlyMap<string, string>,
  lined: ReadonlySet<number>,
): Card {
  const title = state.path === '' ? model.id : state.name;
  const isRoot = state.path === '';
  const tags = isRoot
    ? model.version === null
      ? ''
      : `version ${model.version}`
    : state.tags.join(' · ');
  const does = [
    ...(isRoot ? wrapped(model.purpose, CARD_WIDTH_MAX) : []),
    ...state.invokes.map((name) => `runs ${name}`),
    ...state.entry.map((name) => `entering / ${name}`),
    ...state.exit.map((name) => `leaving / ${name}`),
  ];
  const entries = [...model.transitions.entries()]
    .filter(([place, { source }]) => source === state.path && !lined.has(place))
    .map(([place, transition]) =>
      entryOf(transition, place, {
        order: orderOf(place, model),
        aim: aimOf(transition, names),
        maxWidth: CARD_WIDTH_MAX,
      }),
    );
  const isContainer = state.kind === 'compound' || state.kind === 'parallel';
  const head =
    textWidth(title, NAME_SIZE, true) +
    (tags === '' ? 0 : 14 + textWidth(tags, TEXT_SIZE, false)) +
    (state.kind === 'final' ? 22 : 0);
  const width = Math.max(
    CARD_WIDTH_MIN,
    head,
    ...does.map((line) => textWidth(line, TEXT_SIZE, false)),
    ...entries.flatMap(({ lines }) => lines.map(lineWidth)),
  );
  const rows = does.length * LINE_HEIGHT + entriesHeight(entries) + (entries.length === 0 ? 0 : 6);
  return {
    state,
    title,
    tags,
    does,
    entries,
    isContainer,
    isRegion: model.states.some(({ path, kind }) => kind === 'parallel' && path === state.parent),
    width: Math.ceil(width) + 2 * CARD_PAD,
    height: NAME_HEIGHT + rows + 2 * 6,
  };
}

function linkOf(
  { source, target, places }: Group,
  id: string,
  model: ChartModel,
  onUsualPath: boolean,
): Link {
  const entries = places.flatMap((place) => {
    const transition = model.transitions[place];
    if (transition === undefined) return [];
    const order = orderOf(place, model);
    return [entryOf(transition, place, { order, aim: null, maxWidth: PILL_WIDTH_MAX })];
  });
  const width = Math.max(...entries.flatMap(({ lines }) => lines.map(lineWidth)));
  return {
    id,
    source,
    target,
    isFromAny: isFromAny({ source, target }),
    isUsual: onUsualPath,
    inside: isFromAny({ source, target }) ? source : commonAncestor(source, target),
    entries,
    width: Math.ceil(width) + 2 * PILL_PAD,
    height: entriesHeight(entries) + 2 * 3,
  };
}

function wrapped(text: string, maxWidth: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && textWidth(longer, TEXT_SIZE, false) <= maxWidth) {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}

/** The height of transitions one below the other. */
export function entriesHeight(entries: readonly Entry[]): number {
  const lines = entries.reduce((sum, entry) => sum + entry.lines.length, 0);
  return lines * LINE_HEIGHT + Math.max(0, entries.length - 1) * ENTRY_GAP;
}

/** The place among the transitions of its state on its event, from 1; `null` where there is no other. */
function orderOf(place: number, { transitions }: ChartModel): number | null {
  const own = transitions[place];
  const rivals = [...transitions.entries()].filter(
    ([, other]) => other.source === own?.source && other.event === own.event,
  );
  if (rivals.length === 1) return null;
  return rivals.findIndex(([index]) => index === place) + 1;
}

function aimOf(
  { source, targets }: TransitionModel,
  names: ReadonlyMap<string, string>,
): string | null {
  if (targets.length === 0) return null;
  return targets.map((path) => (path === source ? 'itself' : (names.get(path) ?? path))).join(', ');
}

/** Each state by its name alone, or with as many of its parents as it takes to tell it from others. */
function shortNames(states: readonly StateModel[]): ReadonlyMap<string, string> {
  const paths = states.map(({ path }) => path);
  return new Map(
    paths.map((path) => {
      const parts = path.split('.');
      for (let count = 1; count < parts.length; count++) {
        const short = parts.slice(-count).join('.');
        const isUnique = paths.every(
          (other) => other === path || !`.${other}`.endsWith(`.${short}`),
        );
        if (isUnique) return [path, short];
      }
      return [path, path];
    }),
  );
}

/** Whether a path is that of `outer` or of a state in it. */
export function isWithin(path: string, outer: string): boolean {
  return outer === '' || path === outer || path.startsWith(`${outer}.`);
}

function commonAncestor(a: string, b: string): string {
  const [one, other] = [a.split('.').slice(0, -1), b.split('.').slice(0, -1)];
  const differs = one.findIndex((key, index) => key !== other[index]);
  return one.slice(0, differs < 0 ? one.length : differs).join('.');
}
