/**
 * Sentences that their rule may have left behind: a guard, an action or a function of a chart decides otherwise, and what
 * people read of it stayed. docs/machines/sentences.json holds with which text of a rule its sentence was last written, or
 * confirmed.
 *
 * @module
 */

import type { ChartModel, RuleModel } from '../../../inspector/charts/chartData.ts';
import { chartHash } from '../../../inspector/charts/chartHash.ts';

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
