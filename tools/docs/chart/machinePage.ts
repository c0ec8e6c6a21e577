/**
 * The page of one machine: for whoever reviews it. Plain words come first, tables for engineers after them.
 *
 * @module
 */

import { guardInWords, type StateModel } from '../../../inspector/charts/chartData.ts';
import { toMermaid } from '../../../inspector/charts/toMermaid.ts';
import { allStates, allTransitions } from '../../../inspector/charts/transitions.ts';
import { MAY_RUN_TABLE } from '../../../machines/scheduler/mayRun.ts';
import {
  type ChartDoc,
  howLong,
  isMomentary,
  knownIds,
  type Placed,
  placed,
} from '../text/chartDoc.ts';
import type { Said } from '../text/chartSource.ts';
import {
  asWritten,
  capital,
  clause,
  code,
  codeBlock,
  heading,
  linkIds,
  namesIn,
  ruleAnchor,
  stateAnchor,
  stateWords,
  table,
  transitionAnchor,
} from '../text/markdown.ts';

const KINDS: Readonly<Record<StateModel['kind'], string>> = {
  atomic: '',
  compound: 'holds others',
  parallel: 'all parts at once',
  final: 'an ending',
  history: 'where it was',
  deepHistory: 'where it was, to the innermost',
};

function stateTable(doc: ChartDoc): string {
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
function tagTable({ model, said }: ChartDoc): string | null {
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
function timeTable(doc: ChartDoc): string | null {
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

/** Where the page of a machine lies, from the repository's root. */
export function machinePagePath(id: string): string {
  return `docs/machines/${id}.md`;
}

/** Everything a reviewer needs of one machine, as Markdown. The same input gives the same text. */
export function machinePage(doc: ChartDoc): string {
  const { model, path, introduction, traces } = doc;
  const known = knownIds(traces);
  const parts = [
    `# ${heading(model.id)}`,
    `<!-- Written by \`npm run docs\` from ${path} and the files beside it. Edit those, not this page. -->`,
    linkIds(introduction.length > 0 ? introduction.join('\n\n') : model.purpose, known),
    '## Chart',
    ...chart(doc),
    ...approvalLines(doc),
    '## What it does in plain words',
    ...plainWords(doc),
    ...section('What comes by itself', timeTable(doc)),
    '## States',
    stateTable(doc),
    ...section('Tags', tagTable(doc)),
    ...section('Tests', coverageText(doc)),
    ...section('Events', eventTable(doc)),
    ...section('Guards', guardTable(doc)),
    ...section('Actions', actionTable(doc)),
    ...section('Invoked actors', actorTable(doc)),
    ...section('Who may run', waitTable(model.id)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function chart({ machine, model, hasPicture }: ChartDoc): readonly string[] {
  const { id, states, transitions } = model;
  if (hasPicture) {
    const usual = states.some(({ usualPath }) => usualPath !== undefined)
      ? ' The heavy arrows are the usual path.'
      : '';
    const what = `Statechart of ${heading(id)}: ${states.length - 1} states, ${transitions.length} transitions.${usual} All of them are in words below.`;
    return [`![${what}](${id}.svg)`];
  }
  return toMermaid(machine).flatMap(({ region, text }) => [
    ...(region === null ? [] : [code(region)]),
    codeBlock('mermaid', text),
  ]);
}

/** The table by which the scheduler answers, in the order in which its rows are asked. */
function waitTable(id: string): string | null {
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

function section(title: string, body: string | null): readonly string[] {
  return body === null ? [] : [`## ${title}`, body];
}

/** The source, version and hash; and each approval, with whether it is of this version (OB-4). */
function approvalLines({ model, path, approvals }: ChartDoc): readonly string[] {
  const version = `Source: [${path}](../../${path}). Version: ${model.version ?? 'none'}. Hash: ${code(model.hash)}.`;
  const own = approvals
    .filter(({ machine }) => machine === model.id)
    .toSorted((a, b) => (a.date < b.date ? 1 : -1));
  if (own.length === 0) return [version, 'Nobody has approved this version yet.'];
  const rows = own.map(({ name, role, date, hash, note }) => [
    asWritten(name),
    asWritten(role),
    date,
    hash === model.hash ? 'holds' : 'void: the chart has changed since',
    asWritten(note ?? ''),
  ]);
  const isApproved = own.some(({ hash }) => hash === model.hash);
  return [
    version,
    isApproved ? 'This version is approved.' : 'This version is not approved: earlier ones were.',
    table(['Approved by', 'Role', 'Date', 'Of this version', 'Note'], rows),
  ];
}

function eventTable(doc: ChartDoc): string | null {
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
function guardTable(doc: ChartDoc): string | null {
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

function actionTable(doc: ChartDoc): string | null {
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

function actorTable({ model, said }: ChartDoc): string | null {
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

// A chart in plain words: each state with what it means, how long one can stay in it, and what ends it. No
// code: the meanings of events, guards and actions are sentences of the source.

/** The blocks of the section, in the order of the chart. */
function plainWords(doc: ChartDoc): readonly string[] {
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

/** How much of a chart tests have taken, and why no runtime takes the rest; `null` where no run has said. */
function coverageText({ coverage, model }: ChartDoc): string | null {
  if (coverage === null) return null;
  const taken = (by: 'chartTests' | 'runtimeTests') =>
    coverage.transitions.filter((transition) => transition[by].length > 0).length;
  const because = new Map<string, string[]>();
  for (const transition of placed(model)) {
    const tests = coverage.transitions.find(({ label }) => label === transition.label);
    const reason = tests?.onlyChartBecause;
    if (typeof reason !== 'string') continue;
    because.set(reason, [...(because.get(reason) ?? []), transitionLink(transition)]);
  }
  const reasons = [...because].map(([reason, links]) => `- ${links.join(', ')}: ${reason}`);
  return [
    `Of its ${model.transitions.length} transitions, tests of the chart take ${taken('chartTests')}, and runtimes of tests take ${taken('runtimeTests')}; which test takes which is in [coverage.json](coverage.json).`,
    ...(reasons.length === 0
      ? []
      : ['No runtime of a test takes these, for a reason:', reasons.join('\n')]),
  ].join('\n\n');
}

/** A transition by its number, which leads to where the plain words say it. */
function transitionLink({ place }: Pick<Placed, 'place'>): string {
  return `[T${place + 1}](#${transitionAnchor(place)})`;
}
