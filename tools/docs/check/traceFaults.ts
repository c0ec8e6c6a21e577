/**
 * Whether each requirement is carried by code and proven by a test, and whether each id that is cited is one.
 *
 * @module
 */

import type { ChartModel, RuleModel } from '../../../inspector/charts/chartData.ts';
import { chartHash, testedHash } from '../../../inspector/charts/chartModel.ts';
import { type ChartDoc, howLong, isMomentary, placed } from '../text/chartDoc.ts';
import type { Said } from '../text/chartSource.ts';
import type { ChartCoverage, TransitionCoverage } from '../text/coverage.ts';
import { namesIn } from '../text/markdown.ts';
import { idsIn, type NotBuilt, type SourceFile, type Trace } from '../text/requirements.ts';

const LIST = 'tools/docs/text/requirements.ts';
const PAGE = 'docs/requirements.md';

export function traceFaults(
  traces: readonly Trace[],
  notBuilt: readonly NotBuilt[],
): readonly string[] {
  const excused = new Set(notBuilt.map(({ id }) => id));
  const open = traces.filter(({ requirement }) => !excused.has(requirement.id));
  return [
    ...(traces.length === 0 ? [`${PAGE} holds no requirement`] : []),
    ...open
      .filter(({ carriers }) => carriers.length === 0)
      .map(
        ({ requirement: { id } }) =>
          `${PAGE}: no code carries ${id}; cite it where it is done, or say in ${LIST} what is missing`,
      ),
    ...open
      .filter(({ tests }) => tests.length === 0)
      .map(
        ({ requirement: { id } }) =>
          `${PAGE}: no test proves ${id}; begin the title of one with it, or say in ${LIST} what is missing`,
      ),
    ...notBuilt.flatMap((row, index) => staleRow(row, index, traces, notBuilt)),
  ];
}

/** A row of what is not built that is of nothing, said twice, or done. */
function staleRow(
  { id, missing }: NotBuilt,
  index: number,
  traces: readonly Trace[],
  notBuilt: readonly NotBuilt[],
): readonly string[] {
  const trace = traces.find(({ requirement }) => requirement.id === id);
  if (trace === undefined) return [`${LIST}: there is no requirement ${id}; remove the row`];
  if (notBuilt.findIndex((row) => row.id === id) !== index) {
    return [`${LIST}: ${id} has two rows; make them one`];
  }
  if (!/^(All of it|In part): ./.test(missing)) {
    return [`${LIST}: ${id} does not say what is missing; begin with “All of it: ” or “In part: ”`];
  }
  const isDone = trace.carriers.length > 0 && trace.tests.length > 0;
  return isDone && !missing.startsWith('In part')
    ? [
        `${LIST}: ${id} is carried and proven; remove the row, or begin it with “In part” and say what is missing`,
      ]
    : [];
}

/** Ids that are cited and are no requirement. */
export function unknownIds(
  files: readonly SourceFile[],
  known: ReadonlySet<string>,
): readonly string[] {
  const families = new Set([...known].map((id) => id.split('-')[0]));
  return files.flatMap(({ path, text }) =>
    idsIn(text)
      .filter((id) => families.has(id.split('-')[0]) && !known.has(id))
      .map((id) => `${path}: there is no requirement ${id}`),
  );
}

/** One sentence a fault, with where it is and what to do. */
export function sourceFaults(doc: ChartDoc): readonly string[] {
  const { model, said, path } = doc;
  const transitions = placed(model);
  const guards = transitions.flatMap(({ guard }) => (guard === null ? [] : namesIn(guard)));
  const actions = [
    ...transitions.flatMap((transition) => transition.actions),
    ...model.states.flatMap(({ entry, exit }) => [...entry, ...exit]),
  ];
  const events = transitions
    .map(({ event }) => event)
    .filter((event) => event !== '' && !event.startsWith('xstate.'));
  const actors = model.states.flatMap(({ invokes }) => invokes);
  const unsaid = (kind: string, used: readonly string[], sentences: ReadonlyMap<string, Said>) =>
    [...new Set(used)].flatMap((name) => {
      const rule = sentences.get(name);
      if (rule === undefined) {
        return [`${path}: ${kind} ${name} is in no setup and no type of the files beside it`];
      }
      if (rule.meaning !== '') return [];
      return [
        `${rule.path}:${rule.line}: ${kind} ${name} has no description; write a comment above it`,
      ];
    });
  const unused = (kind: string, used: readonly string[], sentences: ReadonlyMap<string, Said>) =>
    [...sentences.values()]
      .filter(({ name }) => !used.includes(name))
      .map((rule) => `${rule.path}:${rule.line}: ${kind} ${rule.name} is used nowhere; remove it`);
  return [
    ...unsaid('guard', guards, said.guards),
    ...unsaid('action', actions, said.actions),
    ...unsaid('actor', actors, said.actors),
    ...unsaid('event', events, said.events),
    ...unused('guard', guards, said.guards),
    ...unused('action', actions, said.actions),
    ...unused('event', events, said.events),
    ...staysUnsaid(doc),
  ];
}

function staysUnsaid({ model, path }: ChartDoc): readonly string[] {
  return model.states
    .filter(({ kind }) => kind === 'atomic')
    .filter((state) => !isMomentary(model, state) && howLong(model.states, state) === null)
    .map(
      (state) =>
        `${path}: state ${model.id}.${state.path} does not say how long it lasts at most; write meta.lasts`,
    );
}

export const COVERAGE_FILE = 'docs/machines/coverage.json';
const RUN = 'run npm run test:transitions, which writes it';

/** One sentence a fault; `isFile` says whether a file of a test is there. */
export function coverageFaults(
  model: ChartModel,
  coverage: ChartCoverage | null,
  isFile: (path: string) => boolean,
): readonly string[] {
  if (coverage === null) return [`${COVERAGE_FILE} knows nothing of the chart ${model.id}; ${RUN}`];
  if (coverage.hash !== testedHash(model)) {
    return [`${COVERAGE_FILE} is of another version of the chart ${model.id}; ${RUN}`];
  }
  const labels = new Set(model.transitions.map(({ label }) => label));
  const covered = new Map(coverage.transitions.map((each) => [each.label, each]));
  return [
    ...model.transitions.flatMap(({ label }) => faultsOf(label, covered.get(label))),
    ...coverage.transitions
      .filter(({ label }) => !labels.has(label))
      .map(
        ({ label }) => `${COVERAGE_FILE}: the chart ${model.id} has no transition ${label}; ${RUN}`,
      ),
    ...gone(coverage, isFile),
  ];
}

function faultsOf(label: string, coverage: TransitionCoverage | undefined): readonly string[] {
  const { chartTests = [], runtimeTests = [], onlyChartBecause = null } = coverage ?? {};
  if (chartTests.length === 0 && runtimeTests.length === 0) {
    return [
      `no test takes ${label}; write one, and ${RUN.replace('which writes it', `which writes ${COVERAGE_FILE}`)}`,
    ];
  }
  if (runtimeTests.length === 0 && onlyChartBecause === null) {
    return [
      `only tests of the chart take ${label}; test it in the running runtime, or say why it can't be`,
    ];
  }
  if (runtimeTests.length > 0 && onlyChartBecause !== null) {
    return [`the running runtime takes ${label}; the reason why it would not has to go`];
  }
  return [];
}

function gone(coverage: ChartCoverage, isFile: (path: string) => boolean): readonly string[] {
  const files = coverage.transitions.flatMap(({ chartTests, runtimeTests }) => [
    ...chartTests,
    ...runtimeTests,
  ]);
  return [...new Set(files)]
    .filter((path) => !isFile(path))
    .map((path) => `${COVERAGE_FILE} names ${path}, which is not there; ${RUN}`);
}

// Sentences that their rule may have left behind: a guard, an action or a function of a chart decides otherwise, and what
// people read of it stayed. docs/machines/sentences.json holds with which text of a rule its sentence was last written, or
// confirmed.

export const SENTENCES_FILE = 'docs/machines/sentences.json';

/** By chart, then by kind and name of the rule: the digests of its text and of its sentence. */
type Sentences = Readonly<
  Record<string, Readonly<Record<string, readonly [rule: string, sentence: string]>>>
>;

const DIGITS = 12;

/**
 * @param before the text of the file; `null` where it is not there, which confirms all sentences
 * @param stillTrue rules whose sentence somebody has read again: `isWaitOver`, or `circuitBreaker.isWaitOver`
 */
export function sentenceFaults(
  charts: readonly ChartModel[],
  before: string | null,
  stillTrue: readonly string[],
): { readonly text: string; readonly faults: readonly string[] } {
  const then = before === null ? {} : (JSON.parse(before) as Sentences);
  const faults: string[] = [];
  const known = charts.flatMap(({ id, rules }) => rules.map(({ name }) => `${id}.${name}`));
  for (const name of stillTrue) {
    if (!known.some((one) => one === name || one.endsWith(`.${name}`)))
      faults.push(`--still-true ${name}: no chart has a rule of that name`);
  }
  const now = charts.map(({ id, rules }) => {
    const said = rules.filter(({ means }) => means !== '');
    const entries = said.map(({ kind, name, means }) => {
      const is = [digest(textsOf(name, kind, rules)), digest(means)] as const;
      const was = then[id]?.[`${kind} ${name}`];
      const isAsked = was !== undefined && was[0] !== is[0] && was[1] === is[1];
      if (!isAsked || stillTrue.includes(name) || stillTrue.includes(`${id}.${name}`))
        return [`${kind} ${name}`, is] as const;
      faults.push(
        `${id}: ${kind} ${name} changed, and its sentence did not: “${means}” Mend it; where it is still true, run npm run docs -- --still-true ${id}.${name}`,
      );
      return [`${kind} ${name}`, was] as const;
    });
    return [id, Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))] as const;
  });
  return { text: `${JSON.stringify(Object.fromEntries(now), null, 1)}\n`, faults };
}

/** What it decides: its own text, and those of the functions that it uses and that no sentence of their own tells of. */
function textsOf(
  name: string,
  kind: RuleModel['kind'],
  rules: readonly RuleModel[],
): readonly string[] {
  const own = rules.filter((rule) => rule.kind === kind && rule.name === name);
  const reached = new Set(own);
  for (const rule of reached) {
    for (const used of rules) {
      if (used.kind === 'function' && used.means === '' && rule.uses.includes(used.name))
        reached.add(used);
    }
  }
  return [...reached].map(({ text }) => text).toSorted();
}

function digest(of: unknown): string {
  return chartHash({ of }).slice('sha256:'.length, 'sha256:'.length + DIGITS);
}
