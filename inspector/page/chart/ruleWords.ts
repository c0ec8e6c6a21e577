/**
 * The meaning of the guards and actions of a transition, from the sentences in the chart.
 *
 * @module
 */

import type { ChartModel, RuleModel } from '../../charts/chartData.ts';

/** The sentences of the rules in a text: the sentence alone for one rule, else each after its name; `''` for none. */
export function meaningOf(
  { rules }: Pick<ChartModel, 'rules'>,
  kind: RuleModel['kind'],
  text: string,
): string {
  const bare = text.replaceAll(/\w+=[^,)]*/g, '');
  const names = new Set([...bare.matchAll(/[A-Za-z_]\w*/g)].map(([name]) => name));
  const known = rules.filter((rule) => rule.kind === kind && rule.means && names.has(rule.name));
  const [only] = known;
  if (only === undefined) return '';
  if (only.name === text.replace(/\(.*$/, '')) return only.means;
  return known.map(({ name, means }) => `${name}: ${means}`).join(' ');
}
