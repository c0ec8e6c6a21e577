/**
 * The tables of a chart's events, guards, actions and actors: a sentence for each, and where its source is.
 *
 * @module
 */

import { guardInWords } from '../../../inspector/charts/chartNames.ts';
import { allStates, allTransitions } from '../../../inspector/charts/transitions.ts';
import { type ChartDoc, placed } from '../text/chartDoc.ts';
import type { Said } from '../text/chartSource.ts';
import { code, table } from '../text/markdown.ts';
import { namesIn, ruleAnchor } from '../text/names.ts';
import { transitionLink } from './transitions.ts';

export function eventTable(doc: ChartDoc): string | null {
  const own = placed(doc.model).filter(({ event }) => !/^(xstate\..*)?$/.test(event));
  const rows = [...new Set(own.map(({ event }) => event))].toSorted().map((type) => [
    code(type),
    doc.said.events.get(type)?.meaning ?? '',
    own
      .filter(({ event }) => event === type)
      .map(transitionLink)
      .join(', '),
  ]);
  return rows.length === 0 ? null : table(['Event', 'Meaning', 'Handled in'], rows);
}

/** A row for each guard, or for each of its parameters where they are written down with it. */
export function guardTable(doc: ChartDoc): string | null {
  const transitions = placed(doc.model).filter(({ guard }) => guard !== null);
  const rows = namesOf(doc.said.guards).flatMap((name) => {
    const used = transitions.filter(({ guard }) => namesIn(guard ?? '').includes(name));
    const meaning = doc.said.guards.get(name)?.meaning ?? '';
    const forms = [...new Set(used.map(({ guard }) => parametersOf(guard ?? '', name)))];
    const shown = forms.length === 0 ? [''] : forms;
    return shown.map((parameters, index) => [
      `${index === 0 ? anchorOf('guard', name) : ''}${sourceLink(name, doc.said.guards)}`,
      meaning,
      parameters === '' ? '' : code(parameters),
      used
        .filter(({ guard }) => parametersOf(guard ?? '', name) === parameters)
        .map(transitionLink)
        .join(', '),
    ]);
  });
  return rows.length === 0 ? null : table(['Guard', 'Holds where', 'With', 'Asked in'], rows);
}

export function actionTable(doc: ChartDoc): string | null {
  const transitions = allTransitions(doc.machine);
  const nodes = allStates(doc.machine);
  const rows = namesOf(doc.said.actions).map((name) => {
    const forms = new Set<string>();
    const has = (list: readonly unknown[]) =>
      list
        .map(guardInWords)
        .filter((action) => namesIn(action).includes(name))
        .map((action) => {
          forms.add(parametersOf(action, name));
        }).length > 0;
    const when = [
      ...nodes
        .filter((node) => has(node.entry))
        .map((node) => `entering ${code(node.path.join('.'))}`),
      ...nodes
        .filter((node) => has(node.exit))
        .map((node) => `leaving ${code(node.path.join('.'))}`),
      ...transitions.flatMap(({ definition }, place) =>
        has(definition.actions) ? [transitionLink({ place })] : [],
      ),
    ];
    return [
      `${anchorOf('action', name)}${sourceLink(name, doc.said.actions)}`,
      doc.said.actions.get(name)?.meaning ?? '',
      [...forms].filter(Boolean).map(code).join(', '),
      when.join(', '),
    ];
  });
  return rows.length === 0 ? null : table(['Action', 'What it does', 'With', 'When'], rows);
}

export function actorTable({ model, said }: ChartDoc): string | null {
  const rows = model.states.flatMap(({ path, invokes }) =>
    invokes.map((name) => [code(path), code(name), said.actors.get(name)?.meaning ?? '']),
  );
  return rows.length === 0 ? null : table(['While in', 'Runs', 'What it does'], rows);
}

/** A guard or an action, which leads to its text in the source. */
function sourceLink(name: string, rules: ReadonlyMap<string, Said>): string {
  const rule = rules.get(name);
  return rule === undefined ? code(name) : `[${code(name)}](../../${rule.path}#L${rule.line})`;
}

/** `kind=full` of `isPresent(kind=full)`, also within `not(…)`; `''` for none. */
function parametersOf(rule: string, name: string): string {
  const at = rule.indexOf(`${name}(`);
  if (at < 0) return '';
  const begins = at + name.length + 1;
  return rule.slice(begins, rule.indexOf(')', begins));
}

function anchorOf(kind: 'guard' | 'action', name: string): string {
  return `<a id="${ruleAnchor(kind, name)}"></a>`;
}

function namesOf(rules: ReadonlyMap<string, Said>): readonly string[] {
  return [...rules.keys()].toSorted();
}
