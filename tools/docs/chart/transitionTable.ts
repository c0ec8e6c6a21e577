/**
 * The table of a chart's transitions, each with the tests that take it.
 *
 * @module
 */

import { eventInWords } from '../../../inspector/charts/eventInWords.ts';
import { type ChartDoc, type Placed, placed } from '../text/chartDoc.ts';
import type { TransitionCoverage } from '../text/coverage.ts';
import { code, table } from '../text/markdown.ts';
import { namesIn, ruleAnchor, stateAnchor, transitionAnchor } from '../text/names.ts';

/** As many test files are named; the file of coverage has all. */
const TESTS_SHOWN = 3;

export function transitionTable(doc: ChartDoc): string {
  const rows = placed(doc.model).map((transition) => {
    const { place, source, event, guard, actions, targets } = transition;
    const tests = doc.coverage?.transitions.find(({ label }) => label === transition.label);
    return [
      `<a id="${transitionAnchor(place)}"></a>T${place + 1}`,
      source === '' ? '*any*' : stateLink(source),
      event === '' || event.startsWith('xstate.') ? `*${eventInWords(event)}*` : code(event),
      guard === null ? '' : guardLink(guard),
      actions.map((name) => `[${code(name)}](#${ruleAnchor('action', name)})`).join(', '),
      targets.length === 0 ? '*stays*' : targets.map(stateLink).join(', '),
      testsOf(tests, 'chartTests'),
      tests?.onlyChartBecause ?? testsOf(tests, 'runtimeTests'),
    ];
  });
  return table(
    ['', 'In', 'On', 'Only if', 'Does', 'Goes to', 'Tests of the chart', 'Tests of the runtime'],
    rows,
  );
}

/** How much of it tests have taken, in a sentence; `null` where no run has told. */
export function coverageSentence({ coverage, model }: ChartDoc): string | null {
  if (coverage === null) return null;
  const taken = (by: 'chartTests' | 'runtimeTests') =>
    coverage.transitions.filter((transition) => transition[by].length > 0).length;
  return `Of its ${model.transitions.length} transitions tests of the chart take ${taken('chartTests')}, and the running runtime takes ${taken('runtimeTests')} in tests; where it does not, the last column says why.`;
}

function testsOf(
  coverage: TransitionCoverage | undefined,
  by: 'chartTests' | 'runtimeTests',
): string {
  const files = coverage?.[by] ?? [];
  const shown = files.slice(0, TESTS_SHOWN).map(testLink).join(', ');
  const more = files.length - TESTS_SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** A test file by its name. */
export function testLink(path: string): string {
  const name = path.split('/').at(-1) ?? path;
  return `[${name.replace(/\.test\.ts$/, '')}](../../${path})`;
}

/** A transition by its number, for tables of what it has. */
export function transitionLink({ place }: Pick<Placed, 'place'>): string {
  return `[T${place + 1}](#${transitionAnchor(place)})`;
}

function stateLink(path: string): string {
  return path === '' ? '*any*' : `[${code(path)}](#${stateAnchor(path)})`;
}

function guardLink(guard: string): string {
  const [name] = namesIn(guard);
  return name === undefined ? code(guard) : `[${code(guard)}](#${ruleAnchor('guard', name)})`;
}
