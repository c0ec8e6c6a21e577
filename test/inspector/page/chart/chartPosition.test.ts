import { describe, expect, test } from 'vitest';
import {
  type ChartModel,
  chartShape,
  type StateModel,
  type TransitionModel,
} from '../../../../inspector/charts/chartData.ts';
import {
  activePaths,
  goesTo,
  isDrawnBy,
  standingIn,
  statesInWords,
  stepInWords,
  takenBy,
  waysOn,
} from '../../../../inspector/page/chart/chartPosition.ts';

function state(path: string, parent: string | null): StateModel {
  const keys = path.split('.');
  return {
    ...{ path, parent, name: keys.at(-1) ?? '', kind: 'atomic', initial: null },
    ...{
      description: `About ${path}.`,
      tags: [],
      requirements: [],
      entry: [],
      exit: [],
      invokes: [],
    },
  } as unknown as StateModel;
}

function arrow(
  source: string,
  event: string,
  guard: string | null,
  ...targets: string[]
): TransitionModel {
  const label = `${source} ${event}`;
  return { label, source, event, guard, actions: [], targets, reenters: false };
}

const model: ChartModel = {
  ...{ id: 'lamp', version: '2', hash: 'sha256:0', purpose: 'A lamp.', rules: [] },
  states: [
    state('', null),
    state('on', ''),
    state('on.dim', 'on'),
    state('on.bright', 'on'),
    state('off', ''),
  ],
  transitions: [
    arrow('', 'policy.changed', null),
    arrow('on', 'key.turned', null, 'off'),
    arrow('on.dim', 'key.turned', 'isHeld', 'on.bright'),
    arrow('on.dim', 'xstate.after.500.lamp', null, 'off'),
    arrow('on.bright', 'key.turned', null),
    arrow('off', 'key.turned', null, 'on'),
  ],
};

describe('OB-1 where an actor is in its chart', () => {
  test('OB-1 a state is active with all that it is inside of', () => {
    expect([...activePaths(['on.dim', 'a.b.c'])]).toEqual(['on.dim', 'on', 'a.b.c', 'a', 'a.b']);
    expect([...activePaths([])]).toEqual([]);
  });

  test('OB-1 the innermost states come with the words of the chart', () => {
    expect(standingIn(model, ['on.dim']).map(({ description }) => description)).toEqual([
      'About on.dim.',
    ]);
  });

  test('OB-1 what can be taken is that of the active states, the innermost first', () => {
    expect(waysOn(model, ['on.dim']).map(({ index, on }) => [index, on])).toEqual([
      [2, 'key.turned'],
      [3, 'after 500'],
      [1, 'key.turned'],
      [0, 'policy.changed'],
    ]);
    expect(waysOn(model, ['off']).map(({ index }) => index)).toEqual([5, 0]);
  });

  test('OB-1 the transitions of a step are found by their place', () => {
    expect(takenBy(model, { transitions: [2, 99] }).map(({ label }) => label)).toEqual([
      'on.dim key.turned',
    ]);
    expect(takenBy(model, null)).toEqual([]);
  });

  test('OB-1 states of another chart, whatever its version, or unknown to it, are not shown on it', () => {
    expect(isDrawnBy(model, chartShape(model), ['on.dim'])).toBe(true);
    expect(isDrawnBy(model, undefined, ['on.dim'])).toBe(false);
    expect(isDrawnBy(model, chartShape(model), ['on.gone'])).toBe(false);
    const [first, ...more] = model.transitions;
    const other = { ...model, transitions: [...more, ...(first === undefined ? [] : [first])] };
    expect(isDrawnBy(model, chartShape(other), ['on.dim'])).toBe(false);
  });

  test('OB-1 a step reads as a sentence', () => {
    const step = { event: 'key.turned', from: ['on.dim'], to: ['on.bright'] };
    expect(stepInWords(step, takenBy(model, { transitions: [2] }))).toBe(
      'key.turned [isHeld]: on › dim → on › bright',
    );
    expect(stepInWords({ event: 'policy.changed', from: ['off'], to: ['off'] }, [])).toBe(
      'policy.changed: stays in off',
    );
    expect(statesInWords([])).toBe('not there');
    expect([goesTo({ targets: [] }), goesTo({ targets: ['on.dim', 'off'] })]).toEqual([
      'stays',
      'on › dim, off',
    ]);
  });
});
