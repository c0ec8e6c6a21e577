/**
 * What changed between two versions of a chart, in sentences that a reviewer can sign (OB-3).
 *
 * @module
 */

import type { ChartModel } from '../../inspector/charts/chartData.ts';
import type { ChartChange } from './chartChange.ts';
import { renamedStates, withNames } from './renamedStates.ts';
import { ruleChanges } from './ruleChanges.ts';
import { stateChanges } from './stateChanges.ts';
import { transitionChanges } from './transitionChanges.ts';

/** Everything that changed, nothing if the two are equal. `null` is a chart that was not there. */
export function chartDiff(
  before: ChartModel | null,
  after: ChartModel | null,
): readonly ChartChange[] {
  if (before === null || after === null) return madeOrRemoved(before, after);
  if (before.hash === after.hash) return [];
  const renamed = renamedStates(before, after);
  const named = withNames(before, renamed);
  const changes: readonly ChartChange[] = [
    ...headChanges(before, after),
    ...[...renamed].map(
      ([from, to]): ChartChange => ({
        about: 'state',
        what: 'renamed',
        name: to,
        sentence: `State ${from} is called ${to} now, as it seems: it means and does the same or nearly so.`,
      }),
    ),
    ...stateChanges(named, after),
    ...transitionChanges(named, after),
    ...ruleChanges(before, after),
  ];
  if (changes.length > 0) return changes;
  return [
    {
      about: 'chart',
      what: 'changed',
      name: after.id,
      sentence:
        'The order of its states or rules, or how the file is written, changed; no state, transition or rule did.',
    },
  ];
}

function madeOrRemoved(
  before: ChartModel | null,
  after: ChartModel | null,
): readonly ChartChange[] {
  if (after !== null) {
    const { id, purpose, states, transitions } = after;
    const size = `${states.length - 1} states and ${transitions.length} transitions`;
    return [
      {
        about: 'chart',
        what: 'added',
        name: id,
        sentence: `The chart is new: ${purpose} It has ${size}.`,
      },
    ];
  }
  if (before === null) return [];
  return [
    {
      about: 'chart',
      what: 'removed',
      name: before.id,
      sentence: `The chart is gone: ${before.purpose}`,
    },
  ];
}

function headChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
  const changes: ChartChange[] = [];
  const chart = { about: 'chart', what: 'changed', name: after.id } as const;
  if (before.version !== after.version) {
    changes.push({
      ...chart,
      sentence: `Its version was ${before.version ?? 'none'} and is ${after.version ?? 'none'}.`,
    });
  }
  if (before.purpose !== after.purpose) {
    changes.push({
      ...chart,
      sentence: 'What is said of it as a whole changed.',
      before: before.purpose,
      after: after.purpose,
    });
  }
  return changes;
}
