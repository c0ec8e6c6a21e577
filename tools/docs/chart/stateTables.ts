/**
 * The tables of a chart's states: what they are to an engine, and what is due in them by itself.
 *
 * @module
 */

import type { StateModel } from '../../../inspector/charts/chartData.ts';
import { type ChartDoc, knownIds, placed } from '../text/chartDoc.ts';
import { code, linkIds, table } from '../text/markdown.ts';
import { ruleAnchor, stateAnchor, transitionAnchor } from '../text/names.ts';

const KINDS: Readonly<Record<StateModel['kind'], string>> = {
  atomic: '',
  compound: 'holds others',
  parallel: 'all parts at once',
  final: 'an ending',
  history: 'where it was',
  deepHistory: 'where it was, to the innermost',
};

export function stateTable(doc: ChartDoc): string {
  const known = knownIds(doc.traces);
  const does = (names: readonly string[]) =>
    names.map((name) => `[${code(name)}](#${ruleAnchor('action', name)})`).join(', ');
  const rows = doc.model.states
    .filter(({ parent }) => parent !== null)
    .map(({ path, kind, tags, entry, exit, invokes, requirements }) => [
      `[${code(path)}](#${stateAnchor(path)})`,
      KINDS[kind],
      tags.map(code).join(', '),
      does(entry),
      does(exit),
      invokes.map(code).join(', '),
      linkIds(requirements.join(', '), known),
    ]);
  return table(
    ['State', 'Kind', 'Tags', 'On entering', 'On leaving', 'Runs', 'Requirements'],
    rows,
  );
}

/** What each tag says of its states: for an engine, what they ask for. */
export function tagTable({ model, said }: ChartDoc): string | null {
  const tags = [...new Set(model.states.flatMap((state) => state.tags))].toSorted();
  const rows = tags.map((tag) => [
    code(tag),
    said.tags.get(tag)?.meaning ?? '',
    statesWith(model.states, (state) => state.tags.includes(tag)),
  ]);
  return rows.every(([, meaning]) => meaning === '')
    ? null
    : table(['Tag', 'Meaning', 'States'], rows);
}

/** The events that come by themselves, at an instant that the chart keeps. */
export function timeTable(doc: ChartDoc): string | null {
  const due = placed(doc.model).filter(({ event }) => event.endsWith('.due'));
  const types = [...new Set(due.map(({ event }) => event))].toSorted();
  const rows = types.map((type) => [
    code(type),
    doc.said.events.get(type)?.meaning ?? '',
    due
      .filter(({ event }) => event === type)
      .map(({ place }) => `[T${place + 1}](#${transitionAnchor(place)})`)
      .join(', '),
  ]);
  const instants = doc.instants.map(([name, meaning]) => [code(name), meaning]);
  if (rows.length === 0 && instants.length === 0) return null;
  return [
    'Nothing here is counted down: what is to come has an instant, in milliseconds since the Unix epoch, so a restart neither shortens nor lengthens a wait.',
    ...(rows.length === 0 ? [] : [table(['Comes by itself', 'Meaning', 'Leads to'], rows)]),
    ...(instants.length === 0 ? [] : [table(['Instant kept', 'Meaning'], instants)]),
  ].join('\n\n');
}

function statesWith(states: readonly StateModel[], has: (state: StateModel) => boolean): string {
  return states
    .filter(has)
    .map(({ path }) => code(path))
    .join(', ');
}
