/**
 * The page of one machine, written from the machine itself and the comments of its source.
 *
 * @module
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { MAY_RUN_TABLE } from '../../machines/scheduler/mayRun.ts';
import { requirementsCarried, requirementsOf } from '../charts/chartFaults.ts';
import { actionName } from '../charts/chartNames.ts';
import { eventInWords } from '../charts/eventInWords.ts';
import { toMermaid } from '../charts/toMermaid.ts';
import {
  allStates,
  allTransitions,
  type ChartTransition,
  statePath,
} from '../charts/transitions.ts';
import { code, heading, linkIds, table } from './markdown.ts';
import type { SourceFile, Trace } from './requirements.ts';
import { commentOn, headerOf, instantsOf } from './sourceComments.ts';

/** Where the page of a machine lies, from the repository's root. */
export function machinePagePath(machine: AnyStateMachine): string {
  return `docs/machines/${machine.id}.md`;
}

/**
 * Everything a reviewer needs of one machine, as Markdown. The same input gives the same text.
 * `files` are those of machines/, the chart's own first.
 */
export function machinePage(
  machine: AnyStateMachine,
  files: readonly [own: SourceFile, ...others: readonly SourceFile[]],
  traces: readonly Trace[],
): string {
  const [{ path, text: source }] = files;
  const sources = files.map(({ text }) => text);
  const known = new Set(traces.map((trace) => trace.requirement.id));
  const transitions = allTransitions(machine);
  const parts = [
    `# ${heading(machine.id)}`,
    `<!-- Written by \`npm run docs\` from ${path}. Edit that file, not this page. -->`,
    linkIds(introduction(machine, source), known),
    `Source: [${path}](../../${path}). Version: ${machine.version ?? 'none'}.`,
    '## Chart',
    ...chart(machine),
    '## States',
    states(machine, known),
    ...section('Tags', tagTable(machine, sources)),
    '## Transitions',
    'What one state does on one event is tried from the top; the first whose condition holds is taken.',
    transitionTable(transitions),
    ...section('Events', events(transitions, source)),
    ...section('Guards', guards(machine, source)),
    ...section('Actions', actions(machine, transitions, source)),
    ...section('Invoked actors', actors(machine, source)),
    ...section('Instants', instants(sources)),
    ...section('Who may run', waitTable(machine)),
    ...section('Requirements', requirements(machine, traces, known)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function introduction(machine: AnyStateMachine, source: string): string {
  const header = headerOf(source);
  return header.length > 0 ? header.join('\n\n') : (machine.root.description ?? '');
}

function chart(machine: AnyStateMachine): readonly string[] {
  return toMermaid(machine).flatMap(({ region, text }) => [
    ...(region === null ? [] : [`### ${code(region)}`]),
    `\`\`\`mermaid\n${text}\`\`\``,
  ]);
}

function states(machine: AnyStateMachine, known: ReadonlySet<string>): string {
  const rows = allStates(machine)
    .filter((node) => node !== machine.root)
    .map((node) => [
      code(statePath(node)),
      [kindOf(node), linkIds(node.description ?? '', known)].filter(Boolean).join(' '),
      node.tags.toSorted().map(code).join(', '),
      linkIds(requirementsOf(node).join(', '), known),
    ]);
  return table(['State', 'Meaning', 'Tags', 'Requirements'], rows);
}

/** What each tag says of its states: for an engine, what they ask for. */
function tagTable(machine: AnyStateMachine, sources: readonly string[]): string | null {
  const all = sources.join('\n');
  const nodes = allStates(machine);
  const tags = [...new Set(nodes.flatMap((node) => node.tags))].toSorted();
  const rows = tags.map((tag) => [
    code(tag),
    commentOn(all, tag),
    nodes
      .filter((node) => node.tags.includes(tag))
      .map((node) => code(statePath(node)))
      .join(', '),
  ]);
  return rows.every(([, meaning]) => meaning === '')
    ? null
    : table(['Tag', 'Meaning', 'States'], rows);
}

function kindOf(node: AnyStateNode): string {
  if (node.type === 'final') return '*An ending.*';
  if (node.type === 'history') return '*Where it was before.*';
  return node.type === 'parallel' ? '*All parts at once.*' : '';
}

function transitionTable(transitions: readonly ChartTransition[]): string {
  const rows = transitions.map(({ source, eventType, guard, definition, targets }) => [
    source.path.length === 0 ? '*any*' : code(statePath(source)),
    eventType.startsWith('xstate.') || eventType === ''
      ? `*${eventInWords(eventType)}*`
      : code(eventType),
    guard === null ? '' : code(guard),
    definition.actions.map((action) => code(actionName(action))).join(', '),
    targets.length === 0 ? '*stays*' : targets.map((node) => code(statePath(node))).join(', '),
  ]);
  return table(['In', 'On', 'Only if', 'Does', 'Goes to'], rows);
}

function events(transitions: readonly ChartTransition[], source: string): string | null {
  const own = transitions.filter(({ eventType }) => !/^(xstate\..*)?$/.test(eventType));
  const rows = [...new Set(own.map(({ eventType }) => eventType))].toSorted().map((type) => {
    const taken = own.filter(({ eventType }) => eventType === type);
    return [
      code(type),
      commentOn(source, type),
      [...new Set(taken.map((transition) => statePath(transition.source)))].map(code).join(', '),
    ];
  });
  return rows.length === 0 ? null : table(['Event', 'Meaning', 'Handled in'], rows);
}

function guards(machine: AnyStateMachine, source: string): string | null {
  const rows = Object.entries(machine.implementations.guards)
    .toSorted(byName)
    .map(([name, rule]) => [code(name), commentOn(source, name), ruleOf(rule)]);
  return rows.length === 0 ? null : table(['Guard', 'Meaning', 'Rule'], rows);
}

/** The source of a guard on one line, as it was compiled. */
function ruleOf(guard: unknown): string {
  return typeof guard === 'function' ? code(String(guard).replaceAll(/\s+/g, ' ')) : '';
}

function actions(
  machine: AnyStateMachine,
  transitions: readonly ChartTransition[],
  source: string,
): string | null {
  const nodes = allStates(machine);
  const rows = Object.keys(machine.implementations.actions)
    .toSorted()
    .map((name) => {
      const has = (list: readonly unknown[]) => list.some((action) => actionName(action) === name);
      const causes = transitions
        .filter(({ definition }) => has(definition.actions))
        .map(({ eventType }) => `on ${code(eventInWords(eventType))}`);
      const when = [
        ...nodes
          .filter((node) => has(node.entry))
          .map((node) => `entering ${code(statePath(node))}`),
        ...nodes.filter((node) => has(node.exit)).map((node) => `leaving ${code(statePath(node))}`),
        ...new Set(causes),
      ];
      return [code(name), commentOn(source, name), when.join(', ')];
    });
  return rows.length === 0 ? null : table(['Action', 'Meaning', 'When'], rows);
}

function actors(machine: AnyStateMachine, source: string): string | null {
  const rows = allStates(machine).flatMap((node) =>
    node.invoke.map(({ src, id }) => [
      code(statePath(node)),
      code(typeof src === 'string' ? src : id),
      typeof src === 'string' ? commentOn(source, src) : '',
    ]),
  );
  return rows.length === 0 ? null : table(['While in', 'Runs', 'Meaning'], rows);
}

/** The table by which the scheduler answers, in the order in which its rows are asked. */
function waitTable({ id }: AnyStateMachine): string | null {
  if (id !== 'scheduler') return null;
  const rows = MAY_RUN_TABLE.map(({ because, holds, untilAtMs }, index) => [
    String(index + 1),
    code(because),
    holds,
    untilAtMs === undefined ? '' : 'at a known time',
  ]);
  const note =
    'The rows are asked from the top; the first that holds is the answer, and else it may run.';
  return `${note}\n\n${table(['', 'Because', 'Where', 'Ends'], rows)}`;
}

function instants(sources: readonly string[]): string | null {
  const all = sources.join('\n');
  const rows = instantsOf(sources).map((name) => [code(name), commentOn(all, name)]);
  if (rows.length === 0) return null;
  const note =
    'Kept in milliseconds since the Unix epoch, so a restart neither shortens nor lengthens a wait.';
  return `${note}\n\n${table(['Field', 'Meaning'], rows)}`;
}

function requirements(
  machine: AnyStateMachine,
  traces: readonly Trace[],
  known: ReadonlySet<string>,
): string | null {
  const rows = requirementsCarried(machine).map((id) => [
    linkIds(id, known),
    allStates(machine)
      .filter((node) => requirementsOf(node).includes(id))
      .map((node) => code(statePath(node)))
      .join(', '),
    (traces.find((trace) => trace.requirement.id === id)?.tests ?? [])
      .map((path) => `[${path}](../../${path})`)
      .join(', '),
  ]);
  return rows.length === 0 ? null : table(['Requirement', 'Carried by', 'Tests'], rows);
}

function section(title: string, body: string | null): readonly string[] {
  return body === null ? [] : [`## ${title}`, body];
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
