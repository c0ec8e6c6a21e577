import { expect, test } from 'vitest';
import {
  type ChartModel,
  chartHash,
  type RuleModel,
} from '../../../inspector/charts/chartModel.ts';
import { chartDiff } from '../../../tools/review/chartDiff.ts';
import { sampleChart } from '../draw/sampleChart.ts';

const RULES: readonly RuleModel[] = [
  {
    ...{ name: 'isLocked', kind: 'guard', text: '() => isShut()', uses: ['isShut'] },
    means: 'It is shut.',
  },
  { name: 'note', kind: 'action', text: 'assign({})', means: 'Notes it.', uses: [] },
  { name: 'bolts', kind: 'function', text: '2', means: '', uses: [] },
  {
    name: 'isShut',
    kind: 'function',
    text: 'function isShut() { return bolts > 1; }',
    means: '',
    uses: ['bolts'],
  },
  { name: 'isLocked', kind: 'given', text: '({ event }) => event', means: '', uses: [] },
];

/** The sample with its rules, and with whatever `change` does to a copy of it. */
function chart(change: (draft: Draft) => void = () => {}): ChartModel {
  const draft = structuredClone({ ...sampleChart(), rules: RULES }) as Draft;
  change(draft);
  const { hash: _, ...rest } = draft;
  return { ...rest, hash: chartHash(rest) };
}

type Draft = Mutable<ChartModel>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | null ? Mutable<T[K]> : T[K] };

const sentences = (change: (draft: Draft) => void): readonly string[] =>
  chartDiff(chart(), chart(change)).map(({ sentence }) => sentence);

const at = <Item>(items: readonly Item[], holds: (item: Item) => boolean): Item => {
  const found = items.find(holds);
  if (found === undefined) throw new Error('not in the sample');
  return found;
};
const state = (draft: Draft, path: string) => at(draft.states, (one) => one.path === path);
const pushed = (draft: Draft, guard: string | null) =>
  at(draft.transitions, (one) => one.event === 'push' && one.guard === guard);

test('OB-3: nothing is said of a chart that has not changed', () => {
  expect(chartDiff(chart(), chart())).toEqual([]);
  expect(chartDiff(null, null)).toEqual([]);
});

test('OB-3: charts that are new or gone are told with what they are', () => {
  expect(chartDiff(null, chart())).toMatchObject([
    { what: 'added', sentence: expect.stringContaining('It has 13 states and 13 transitions.') },
  ]);
  expect(chartDiff(chart(), null)).toMatchObject([{ what: 'removed', name: 'sample' }]);
});

test('OB-3: states that are new, gone or renamed', () => {
  expect(
    sentences((draft) => {
      draft.states.push({
        ...state(draft, 'failed'),
        path: 'odd',
        name: 'odd',
        description: 'Odd.',
        tags: ['resting'],
      });
    }),
  ).toEqual(['State odd is new, a plain state. Odd. Tags: resting.']);
  expect(
    sentences((draft) => {
      draft.states = draft.states.filter(({ path }) => path !== 'busy.right.y');
      draft.transitions = draft.transitions.filter(({ event }) => event !== 'turn');
    }),
  ).toEqual([
    'State busy.right.y is gone.',
    'In busy.right.x, on turn, always: gone. It was one that goes to busy.right.y and does nothing else.',
  ]);
  const renamed = (draft: Draft) => {
    const rename = (path: string) => path.replace(/^busy/, 'working');
    for (const one of draft.states) {
      one.path = rename(one.path);
      if (one.parent !== null) one.parent = rename(one.parent);
      if (one.initial !== null) one.initial = rename(one.initial);
    }
    for (const one of draft.transitions) {
      one.source = rename(one.source);
      one.targets = one.targets.map(rename);
    }
  };
  // Neither its parts nor what leads there count as changed.
  expect(sentences(renamed)).toEqual([
    'State busy is called working now, as it seems: it means and does the same or nearly so.',
  ]);
  // What has another meaning, and does something else, is another state.
  expect(
    sentences((draft) => {
      const closed = state(draft, 'closed');
      Object.assign(closed, { path: 'open', name: 'open', description: 'Wide.', tags: [] });
      for (const one of draft.transitions) if (one.source === 'closed') one.source = 'open';
      for (const one of draft.transitions) one.event = `${one.event}!`;
    }).slice(0, 2),
  ).toEqual([
    'State open is new, a plain state. Wide. On entering: note.',
    'State closed is gone. It was: Shut.',
  ]);
});

test('OB-3: what a state says, is, does and asks for', () => {
  expect(
    sentences((draft) => {
      draft.version = '8';
      const closed = state(draft, 'closed');
      closed.description = 'Ajar.';
      closed.lasts = 'A second.';
      closed.tags = ['busy'];
      closed.requirements = ['CB-1', 'CB-2'];
      closed.entry = ['note', 'ring'];
      state(draft, 'busy.left').initial = 'busy.left.out';
      state(draft, 'failed').kind = 'final';
    }),
  ).toEqual([
    'Its version was 7 and is 8.',
    'What is said of state closed changed.',
    'What is said of how long state closed lasts changed.',
    'State closed has the tag busy now.',
    'State closed no longer has the tag resting.',
    'State closed has the requirement CB-1 and CB-2 now.',
    'State closed does on entering note and ring; it was note.',
    'State busy.left begins in busy.left.out, not in busy.left.inner.',
    'State failed was a plain state and is an ending.',
  ]);
});

test('OB-3: guards, targets, actions and the order of transitions', () => {
  expect(
    sentences((draft) => {
      pushed(draft, null).targets = ['done'];
      pushed(draft, 'isLocked').actions = ['ring'];
      pushed(draft, 'isLocked').reenters = false;
    }),
  ).toEqual([
    'In closed, on push, only if isLocked: it does ring, where it was one that does nothing else; it stays in its state, where it left it and entered it again.',
    'In closed, on push: it goes to done, where it was one that goes to failed.',
  ]);
  expect(
    sentences((draft) => {
      pushed(draft, 'isLocked').guard = 'isShut';
    }),
  ).toEqual(['In closed, on push: it is taken only if isShut, where it was only if isLocked.']);
  expect(
    sentences((draft) => {
      const [first, second] = draft.transitions.filter(({ event }) => event === 'push');
      if (first === undefined || second === undefined) throw new Error('not in the sample');
      draft.transitions[draft.transitions.indexOf(second)] = structuredClone(first);
      draft.transitions[draft.transitions.indexOf(first)] = second;
    }),
  ).toEqual([
    expect.stringMatching(
      /^In closed, on push: tried in another order: isLocked, and\(.* and the one without a guard\.$/,
    ),
  ]);
  expect(
    sentences((draft) => {
      draft.transitions.push({ ...pushed(draft, null), guard: 'isWide', actions: ['note'] });
    }),
  ).toEqual([
    'In closed, on push, only if isWide: new, tried as number 4 of 4. It goes to failed and does note.',
  ]);
});

test('OB-3: a rule that changed behind its name is told with both texts, and what it decides', () => {
  const changed = (name: string, text: string) =>
    chartDiff(
      chart(),
      chart((draft) => {
        at(draft.rules, (rule) => rule.name === name).text = text;
      }),
    );
  expect(changed('isLocked', '() => false')).toEqual([
    {
      about: 'rule',
      what: 'changed',
      name: 'isLocked',
      sentence:
        'The rule of guard isLocked changed. It is shut. Its sentence did not change: is it still true?',
      before: '() => isShut()',
      after: '() => false',
    },
  ]);
  expect(changed('bolts', '3')).toMatchObject([
    {
      sentence:
        'The rule of function bolts, which decides in guard isLocked, changed. Of what it decides in no sentence changed: are they still true? guard isLocked: It is shut.',
      before: '2',
      after: '3',
    },
  ]);
  expect(
    sentences((draft) => {
      at(draft.rules, ({ kind }) => kind === 'given').text = '() => ({})';
      draft.rules = draft.rules.filter(({ name }) => name !== 'note');
    }),
  ).toEqual(['What is handed to isLocked changed.', 'Action note is gone. Notes it.']);
});

test('OB-3: a guard that is explained in other words is told, but not where it never was', () => {
  const reworded = chart((draft) => {
    at(draft.rules, ({ kind }) => kind === 'guard').means = 'It is bolted.';
  });
  expect(chartDiff(chart(), reworded)).toEqual([
    {
      ...{ about: 'rule', what: 'changed', name: 'isLocked' },
      sentence: 'What guard isLocked means is said in other words.',
      ...{ before: 'It is shut.', after: 'It is bolted.' },
    },
  ]);
  const unexplained = chart((draft) => {
    for (const rule of draft.rules) delete (rule as { means?: string }).means;
  });
  expect(chartDiff(unexplained, chart())).toMatchObject([
    { sentence: expect.stringContaining('how the file is written, changed') },
  ]);
});

test('OB-3: whatever is changed of a chart, something is said of it', () => {
  const silent: string[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
      return;
    }
    const [key = ''] = path.slice(-1);
    // Names of states and the chart's id are of their path; labels are made of the rest.
    if (['id', 'hash', 'name', 'label'].includes(String(key))) return;
    const after = chart((draft) => {
      let holder = draft as unknown as Record<string, unknown>;
      for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, unknown>;
      holder[key] = typeof value === 'boolean' ? !value : `${String(value)}x`;
    });
    if (chartDiff(chart(), after).length === 0) silent.push(path.join('.'));
  };
  visit(chart(), []);
  expect(silent).toEqual([]);
  const turned = chart((draft) => {
    draft.rules.reverse();
  });
  expect(chartDiff(chart(), turned)).toMatchObject([
    { sentence: expect.stringContaining('The order of its states or rules') },
  ]);
});

test('OB-3 OB-4: a rule that changed with its sentence is not asked about', () => {
  const said = sentences((draft) => {
    const rule = at(draft.rules, ({ kind }) => kind === 'guard');
    rule.text = '() => false';
    rule.means = 'It is never shut.';
    at(draft.rules, ({ name }) => name === 'bolts').text = '3';
  });
  expect(said).toContain('The rule of guard isLocked changed. It is never shut.');
  expect(said).toContain('The rule of function bolts, which decides in guard isLocked, changed.');
});
