/**
 * What states, guards and actions are called on a page, and where on it they stand.
 *
 * @module
 */

import type { ChartModel } from '../../../inspector/charts/chartData.ts';
import { words } from './markdown.ts';

/** The place of a state on the page of its chart; of the chart as a whole for `''`. */
export function stateAnchor(path: string): string {
  return ['state', ...path.split('.').filter(Boolean)].join('-').toLowerCase();
}

export function transitionAnchor(place: number): string {
  return `t${place + 1}`;
}

export function ruleAnchor(kind: 'guard' | 'action', name: string): string {
  return `${kind}-${name}`.toLowerCase();
}

/** A state in words: its name, and where another has the same, what holds it. */
export function stateWords({ states }: ChartModel, path: string): string {
  const keys = path.split('.');
  const name = words(keys.at(-1) ?? '');
  const isShared =
    states.filter((state) => state.path.split('.').at(-1) === keys.at(-1)).length > 1;
  return isShared && keys.length > 1 ? `${words(keys.at(-2) ?? '')}: ${name}` : name;
}

/** The names in a guard, through `not(…)`, `and(…)` and `or(…)`, without their parameters. */
export function namesIn(guard: string): readonly string[] {
  const [, operator = '', inner = ''] = /^(not|and|or)\((.*)\)$/.exec(guard) ?? [];
  if (operator === '') return guard.startsWith('in(') ? [] : [guard.replace(/\(.*$/, '')];
  return partsOf(inner).flatMap(namesIn);
}

/** What is between the commas that are in no brackets. */
function partsOf(list: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of list) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}
