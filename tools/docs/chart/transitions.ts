/**
 * How the pages name the transitions of a chart, and what tests take of them.
 *
 * @module
 */

import { type ChartDoc, type Placed, placed } from '../text/chartDoc.ts';
import { transitionAnchor } from '../text/names.ts';

/** How much of a chart tests have taken, and why no runtime takes the rest; `null` where no run has said. */
export function coverageText({ coverage, model }: ChartDoc): string | null {
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
export function transitionLink({ place }: Pick<Placed, 'place'>): string {
  return `[T${place + 1}](#${transitionAnchor(place)})`;
}
