/**
 * What changed of the transitions of a chart. Those of one state on one event are tried in their order, so they
 * are compared together.
 *
 * @module
 */

import type { ChartModel, TransitionModel } from '../../inspector/charts/chartData.ts';
import { aimOf, type ChartChange, doing, listed, onlyIf, whenIn } from './words.ts';

interface Pair {
  readonly before: TransitionModel;
  readonly after: TransitionModel;
}

export function transitionChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
  const then = grouped(before.transitions);
  const now = grouped(after.transitions);
  return [...new Set([...now.keys(), ...then.keys()])].flatMap((key) =>
    changesIn(then.get(key) ?? [], now.get(key) ?? []),
  );
}

/** By state and event, in order. */
function grouped(
  transitions: readonly TransitionModel[],
): ReadonlyMap<string, readonly TransitionModel[]> {
  const groups = new Map<string, TransitionModel[]>();
  for (const transition of transitions) {
    const key = JSON.stringify([transition.source, transition.event]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [transition]);
    else group.push(transition);
  }
  return groups;
}

function changesIn(
  before: readonly TransitionModel[],
  after: readonly TransitionModel[],
): readonly ChartChange[] {
  const pairs = pairsOf(before, after);
  const [old, fresh] = [
    before.filter((one) => !pairs.some((pair) => pair.before === one)),
    after.filter((one) => !pairs.some((pair) => pair.after === one)),
  ];
  const orderThen = pairs
    .toSorted((a, b) => before.indexOf(a.before) - before.indexOf(b.before))
    .map((pair) => pair.after);
  const orderNow = after.filter((one) => orderThen.includes(one));
  const isReordered = orderThen.some((one, index) => one !== orderNow[index]);
  return [
    ...fresh.map((one) => added(one, after)),
    ...old.map(removed),
    ...pairs.flatMap(changed),
    ...(isReordered ? [reordered(orderNow)] : []),
  ];
}

/** The most alike first; what has nothing in common but its state and event is no pair. */
function pairsOf(
  before: readonly TransitionModel[],
  after: readonly TransitionModel[],
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (let score = 4; score > 0; score--) {
    for (const one of before) {
      if (pairs.some((pair) => pair.before === one)) continue;
      const other = after.find(
        (candidate) =>
          likeness(one, candidate) === score && !pairs.some((pair) => pair.after === candidate),
      );
      if (other !== undefined) pairs.push({ before: one, after: other });
    }
  }
  return pairs;
}

function likeness(one: TransitionModel, other: TransitionModel): number {
  return (
    (one.guard === other.guard ? 2 : 0) +
    (one.targets.join() === other.targets.join() ? 1 : 0) +
    (one.actions.join() === other.actions.join() ? 1 : 0)
  );
}

function added(transition: TransitionModel, all: readonly TransitionModel[]): ChartChange {
  const { source, event, guard, targets, actions, label } = transition;
  const place =
    all.length > 1 ? `, tried as number ${all.indexOf(transition) + 1} of ${all.length}` : '';
  return {
    about: 'transition',
    what: 'added',
    name: label,
    sentence: `${whenIn(source, event)}, ${onlyIf(guard)}: new${place}. It ${aimOf(targets, source)} and ${doing(actions)}.`,
  };
}

function removed({ source, event, guard, targets, actions, label }: TransitionModel): ChartChange {
  return {
    about: 'transition',
    what: 'removed',
    name: label,
    sentence: `${whenIn(source, event)}, ${onlyIf(guard)}: gone. It was one that ${aimOf(targets, source)} and ${doing(actions)}.`,
  };
}

function changed({ before, after }: Pair): readonly ChartChange[] {
  const { source, event, guard, label } = after;
  const facts: string[] = [];
  if (before.guard !== guard) {
    facts.push(`it is taken ${onlyIf(guard)}, where it was ${onlyIf(before.guard)}`);
  }
  if (before.targets.join() !== after.targets.join()) {
    facts.push(
      `it ${aimOf(after.targets, source)}, where it was one that ${aimOf(before.targets, source)}`,
    );
  }
  if (before.actions.join() !== after.actions.join()) {
    facts.push(`it ${doing(after.actions)}, where it was one that ${doing(before.actions)}`);
  }
  if (before.reenters !== after.reenters) {
    facts.push(
      after.reenters
        ? 'it leaves its state and enters it again, where it stayed in it'
        : 'it stays in its state, where it left it and entered it again',
    );
  }
  if (facts.length === 0) return [];
  const which = before.guard === guard && guard !== null ? `, ${onlyIf(guard)}` : '';
  return [
    {
      about: 'transition',
      what: 'changed',
      name: label,
      sentence: `${whenIn(source, event)}${which}: ${facts.join('; ')}.`,
    },
  ];
}

function reordered(now: readonly TransitionModel[]): ChartChange {
  const [first] = now;
  const order = now.map(({ guard }) => (guard === null ? 'the one without a guard' : guard));
  return {
    about: 'transition',
    what: 'changed',
    name: `${first?.source ?? ''} ${first?.event ?? ''}`,
    sentence: `${whenIn(first?.source ?? '', first?.event ?? '')}: tried in another order: ${listed(order)}.`,
  };
}
