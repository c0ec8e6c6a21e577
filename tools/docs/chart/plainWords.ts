/**
 * A chart in plain words: each state with what it means, how long one can stay in it, and what ends it. No
 * code: the meanings of events, guards and actions are sentences of the source.
 *
 * @module
 */

import type { StateModel } from '../../../inspector/charts/chartData.ts';
import {
  type ChartDoc,
  howLong,
  isMomentary,
  knownIds,
  type Placed,
  placed,
} from '../text/chartDoc.ts';
import { capital, clause, code, linkIds } from '../text/markdown.ts';
import { namesIn, stateAnchor, stateWords, transitionAnchor } from '../text/names.ts';

/** The blocks of the section, in the order of the chart. */
export function plainWords(doc: ChartDoc): readonly string[] {
  const { states } = doc.model;
  return [
    beginning(doc),
    ...states.flatMap((state) =>
      state.parent === null ? anyState(doc, state) : ofState(doc, state),
    ),
  ];
}

/** Where it begins, or what goes on beside each other. */
function beginning({ model }: ChartDoc): string {
  const [root] = model.states;
  if (root === undefined) return '';
  if (root.kind === 'parallel') {
    const parts = model.states
      .filter(({ parent }) => parent === '')
      .map(({ path }) => linkTo(model, path));
    return `These go on beside each other: ${parts.join(', ')}.`;
  }
  return root.initial === null ? '' : `It begins in ${linkTo(model, root.initial)}.`;
}

function anyState(doc: ChartDoc, root: StateModel): readonly string[] {
  const ways = waysOut(doc, root);
  return ways.length === 0
    ? []
    : [`### <a id="${stateAnchor('')}"></a>In any state`, ways.join('\n')];
}

function ofState(doc: ChartDoc, state: StateModel): readonly string[] {
  const { model, said, traces } = doc;
  const { path, kind, initial, description, invokes } = state;
  const depth = Math.min(6, 2 + path.split('.').length);
  const title = `<a id="${stateAnchor(path)}"></a>${capital(stateWords(model, path))}`;
  const inner = model.states.filter(({ parent }) => parent === path);
  const ways = waysOut(doc, state);
  return [
    `${'#'.repeat(depth)} ${title}`,
    linkIds(description, knownIds(traces)),
    ...(kind === 'final' ? ['*An ending.*'] : []),
    ...(kind === 'history' || kind === 'deepHistory' ? ['*Where it was before.*'] : []),
    ...(kind === 'parallel'
      ? [
          `These go on beside each other in it: ${inner.map((one) => linkTo(model, one.path)).join(', ')}.`,
        ]
      : []),
    ...(initial === null ? [] : [`It begins in ${linkTo(model, initial)}.`]),
    ...invokes.map((name) => `*Meanwhile:* ${said.actors.get(name)?.meaning ?? code(name)}`),
    ...stay(doc, state),
    ...(ways.length === 0 ? [] : [ways.join('\n')]),
  ].filter((block) => block !== '');
}

function stay({ model, traces }: ChartDoc, state: StateModel): readonly string[] {
  if (isMomentary(model, state)) return ['*How long:* no time; it is left at once.'];
  if (state.kind !== 'atomic' && state.lasts === null) return [];
  const lasts = howLong(model.states, state);
  return lasts === null ? [] : [`*How long:* ${linkIds(lasts, knownIds(traces))}`];
}

/** A line for each event, with what follows from it; under several conditions a line for each. */
function waysOut(doc: ChartDoc, state: StateModel): readonly string[] {
  const own = placed(doc.model).filter(({ source }) => source === state.path);
  const events = [...new Set(own.map(({ event }) => event))];
  const lines = events.flatMap((event) => {
    const ways = own.filter((transition) => transition.event === event);
    const [first] = ways;
    if (first === undefined) return [];
    const what = eventMeaning(doc, event);
    if (ways.length === 1) {
      const only = first.guard === null ? '' : `, but only if ${condition(doc, first.guard)}`;
      return [`- ${numberOf(first)}${what} → ${follows(doc, first, own)}${only}`];
    }
    const isOpen = ways.some(({ guard }) => guard === null);
    return [
      `- ${what}`,
      ...ways.map((way, index) =>
        way.guard === null
          ? `  - ${numberOf(way)}${index === 0 ? 'always' : 'else'} → ${follows(doc, way, own)}`
          : `  - ${numberOf(way)}${index === 0 ? 'if' : 'else, if'} ${condition(doc, way.guard)} → ${follows(doc, way, own)}`,
      ),
      ...(isOpen ? [] : ['  - else nothing changes']),
    ];
  });
  return lines.map((line) => linkIds(line, knownIds(doc.traces)));
}

/** The place that tables link to, without a word. */
function numberOf({ place }: Placed): string {
  return `<a id="${transitionAnchor(place)}"></a>`;
}

/** Where it leads; what it does where it stays, and where another way out of the same state leads there, too. */
function follows({ model, said }: ChartDoc, way: Placed, own: readonly Placed[]): string {
  const { source, targets, actions } = way;
  const others = targets.filter((path) => path !== source);
  const does = (name: string) => clause(said.actions.get(name)?.meaning ?? name);
  if (others.length > 0) {
    const to = others.map((path) => linkTo(model, path)).join(' and ');
    const last = actions.at(-1);
    return last !== undefined && hasTwin(way, own)
      ? `${to}: ${does(last).replace(/^notes that /, '')}`
      : to;
  }
  if (actions.length === 0) return targets.length === 0 ? 'nothing changes' : 'it begins anew';
  return `it stays: ${actions.map(does).join('; ')}`;
}

/** Whether another way out of its state leads to the same, and not in the same manner. */
function hasTwin({ targets, actions }: Placed, own: readonly Placed[]): boolean {
  return own.some(
    (other) => other.targets.join() === targets.join() && other.actions.at(-1) !== actions.at(-1),
  );
}

function eventMeaning({ said }: ChartDoc, event: string): string {
  if (event === '') return 'At once:';
  const [, how = ''] = /^xstate\.(done\.actor|error\.actor|done\.state)\./.exec(event) ?? [];
  if (how === 'done.actor') return 'What runs meanwhile has ended.';
  if (how === 'error.actor') return 'What runs meanwhile has failed.';
  if (how === 'done.state') return 'Everything in it has ended.';
  // What is said of its fields is for engineers.
  return said.events.get(event)?.meaning.replace(/ `\w+`: .*$/, '') ?? code(event);
}

/** A guard as part of a sentence. */
function condition({ said }: ChartDoc, guard: string): string {
  const where = /^in\((.*)\)$/.exec(guard)?.[1];
  if (where !== undefined) return `it is in ${code(where)}`;
  const [, operator = ''] = /^(not|and|or)\(/.exec(guard) ?? [];
  const parts = namesIn(guard).map((name) => clause(said.guards.get(name)?.meaning ?? name));
  const sentence = parts.join(operator === 'and' ? ', and ' : ', or ');
  return operator === 'not' ? `it is not so that ${sentence}` : sentence;
}

function linkTo(model: ChartDoc['model'], path: string): string {
  return `[${stateWords(model, path)}](#${stateAnchor(path)})`;
}
