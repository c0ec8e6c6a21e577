import { expect, test } from 'vitest';
import { and, assign, not, setup } from 'xstate';
import { chartHash, chartModel, testedHash } from '../../../inspector/charts/chartModel.ts';
import { allTransitions } from '../../../inspector/charts/transitions.ts';
import { machines } from '../../../machines/index.ts';

const door = setup({
  types: { tags: {} as 'resting' },
  guards: {
    isLocked: () => false,
    isHeavy: (_, params: { kilos: number; kind: string }) => params.kilos > 1,
  },
  actions: { noteMove: assign({}), ring: () => {} },
}).createMachine({
  id: 'door',
  version: '3',
  description: 'Keeps a door.',
  initial: 'closed',
  states: {
    closed: {
      description: 'Shut.',
      tags: ['resting'],
      meta: { requirements: ['CB-1'] },
      after: { 500: { target: 'open' } },
      on: {
        push: [
          {
            guard: and([not('isLocked'), { type: 'isHeavy', params: { kilos: 2, kind: 'oak' } }]),
            target: 'open',
            actions: ['noteMove', { type: 'ring', params: () => undefined }],
          },
          {
            guard: { type: 'isHeavy', params: () => ({ kilos: 2, kind: 'oak' }) },
            target: 'closed',
            reenter: true,
          },
          {},
        ],
      },
    },
    open: {
      type: 'parallel',
      entry: ['ring'],
      states: {
        hinge: {
          initial: 'wide',
          states: { wide: {}, last: { type: 'history', history: 'deep' } },
        },
        bell: { initial: 'still', states: { still: { type: 'final' } } },
      },
    },
  },
});

test('OB-3: a chart as data has its states, where they start, and its transitions in their order', () => {
  const model = chartModel(door);
  expect(model).toMatchObject({ id: 'door', version: '3', purpose: 'Keeps a door.', rules: [] });
  expect(model.states.map(({ path, kind, initial }) => [path, kind, initial])).toEqual([
    ['', 'compound', 'closed'],
    ['closed', 'atomic', null],
    ['open', 'parallel', null],
    ['open.hinge', 'compound', 'open.hinge.wide'],
    ['open.hinge.wide', 'atomic', null],
    ['open.hinge.last', 'deepHistory', null],
    ['open.bell', 'compound', 'open.bell.still'],
    ['open.bell.still', 'final', null],
  ]);
  // XState's own timers are no actions of the chart.
  expect(model.states[1]).toMatchObject({
    parent: '',
    description: 'Shut.',
    tags: ['resting'],
    requirements: ['CB-1'],
    entry: [],
    exit: [],
  });
  expect(model.states[2]).toMatchObject({ entry: ['ring'] });
  expect(model.transitions.map(({ label }) => label)).toEqual(
    allTransitions(door).map(({ label }) => label),
  );
  const pushes = model.transitions.filter(({ event }) => event === 'push');
  expect(pushes).toMatchObject([
    {
      guard: 'and(not(isLocked), isHeavy(kilos=2, kind=oak))',
      actions: ['noteMove', 'ring'],
      targets: ['open'],
      reenters: false,
    },
    { guard: 'isHeavy', targets: ['closed'], reenters: true },
    { guard: null, targets: [], actions: [] },
  ]);
});

test('OB-3: the hash of a chart is of everything in it, and of nothing else', () => {
  const model = chartModel(door, [
    { name: 'isLocked', kind: 'guard', text: 'a', means: 'It is shut.', uses: [] },
  ]);
  const { hash, ...rest } = model;
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(chartHash(rest)).toBe(hash);
  expect(chartHash(Object.fromEntries(Object.entries(rest).toReversed()))).toBe(hash);
  expect(chartModel(door).hash).not.toBe(hash);
  const changed = [
    { ...rest, version: '4' },
    { ...rest, purpose: 'Keeps a gate.' },
    { ...rest, states: rest.states.slice(1) },
    { ...rest, transitions: rest.transitions.toReversed() },
    { ...rest, rules: [{ ...rest.rules[0], text: 'b' }] },
    { ...rest, rules: [{ ...rest.rules[0], means: 'It is bolted.' }] },
  ];
  for (const other of changed) expect(chartHash(other)).not.toBe(hash);
});

test('OB-3: tests are of a chart without its words, and of all that it does', () => {
  const rule = {
    name: 'isLocked',
    kind: 'guard',
    text: 'a',
    means: 'It is shut.',
    uses: [],
  } as const;
  const model = chartModel(door, [rule]);
  const [first, ...others] = model.states;
  const states = (change: object) => [{ ...first, ...change }, ...others] as typeof model.states;
  const reworded = [
    { ...model, hash: 'sha256:0' },
    { ...model, purpose: 'Keeps a gate.' },
    { ...model, states: states({ description: 'Other words.', lasts: 'A while.' }) },
    { ...model, states: states({ requirements: ['OB-3'] }) },
    { ...model, rules: [{ ...rule, means: 'It is bolted.' }] },
  ];
  for (const other of reworded) expect(testedHash(other)).toBe(testedHash(model));
  const changed = [
    { ...model, version: '4' },
    { ...model, states: states({ tags: ['other'] }) },
    { ...model, transitions: model.transitions.toReversed() },
    { ...model, rules: [{ ...rule, text: 'b' }] },
  ];
  for (const other of changed) expect(testedHash(other)).not.toBe(testedHash(model));
});

test('OB-3: each target, parent and start of every chart is a state of it', () => {
  for (const machine of machines) {
    const { states, transitions } = chartModel(machine);
    const paths = new Set(states.map(({ path }) => path));
    for (const { source, targets } of transitions) {
      for (const path of [source, ...targets]) expect(paths).toContain(path);
    }
    for (const { parent, initial } of states) {
      for (const path of [parent, initial]) if (path !== null) expect(paths).toContain(path);
    }
  }
});
