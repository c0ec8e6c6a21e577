import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machines } from '../../../../machines/index.ts';
import { chartRules } from '../../../../tools/docs/text/chartRules.ts';

const machine = (params: string) => `
import { doorSetup } from './doorSetup.ts';
import { knock } from './knock.ts';
const pushing = { guard: { type: 'isLocked', params: ${params} }, target: 'open' } as const;
export const doorMachine = doorSetup.createMachine({
  id: 'door',
  initial: 'closed',
  context: ({ input }) => knock(input),
  states: { closed: { on: { push: pushing } }, open: {} },
});
`;
const doorSetup = `
import { assign, setup } from 'xstate';
import { isStrong as isStrongEnough, LIMIT } from './strength.ts';
export const doorSetup = setup({
  types: { context: {} as { readonly bolts: number } },
  guards: {
    /** Whether it is. */
    isLocked: ({ context }, params: { force: number }) =>
      context.bolts > LIMIT && !isStrongEnough(params.force),
  },
  actions: { bolt: assign({ bolts: 1 }) },
});
`;
const strength = (limit: number) => `
export const LIMIT: number = ${limit};
const idle = 3;
function grown(force: number): number { return force * 2; }
/** Whether a push opens it. */
export function isStrong(force: number): boolean { return grown(force) > LIMIT; }
`;
const knock = 'export const knock = (input: { n: number }) => ({ bolts: input.n });';

function rules({ params = '({ event }) => event', setup = doorSetup, limit = 2 } = {}) {
  return chartRules([
    { path: 'machines/door/doorMachine.ts', text: machine(params) },
    { path: 'machines/door/doorSetup.ts', text: setup },
    { path: 'machines/door/strength.ts', text: strength(limit) },
    { path: 'machines/door/knock.ts', text: knock },
  ])('door');
}

test('OB-3: the rules of a chart are its guards and actions, and what these use wherever it is', () => {
  expect(rules().map(({ kind, name, text, uses }) => [kind, name, text, uses])).toEqual([
    [
      'guard',
      'isLocked',
      '({ context }, params) => context.bolts > LIMIT && !isStrongEnough(params.force)',
      ['LIMIT', 'isStrong'],
    ],
    ['action', 'bolt', 'assign({ bolts: 1 })', []],
    ['function', 'LIMIT', '2', []],
    ['function', 'grown', 'function grown(force) { return force * 2; }', []],
    [
      'function',
      'isStrong',
      'export function isStrong(force) { return grown(force) > LIMIT; }',
      ['grown', 'LIMIT'],
    ],
    ['function', 'knock', '(input) => ({ bolts: input.n })', []],
    ['given', 'context', '({ input }) => knock(input)', ['knock']],
    ['given', 'isLocked', '({ event }) => event', []],
  ]);
});

test('OB-3: a rule has the sentence of its comment, wherever in its folder its setup is', () => {
  const said = rules({ setup: doorSetup.replace('Whether it is.', 'It is\n     * shut.') });
  expect(said.map(({ name, means }) => [name, means]).slice(0, 3)).toEqual([
    ['isLocked', 'It is shut.'],
    ['bolt', ''],
    ['LIMIT', ''],
  ]);
});

test('OB-3: other comments, types and line breaks change no rule; all that decides does', () => {
  const said = doorSetup
    .replace('=>\n      context', '=> /* now */ context')
    .replace('force: number', 'force: 1 | 2');
  expect(said).not.toBe(doorSetup);
  expect(rules({ setup: said })).toEqual(rules());
  expect(rules({ limit: 3 })).not.toEqual(rules());
  expect(rules({ params: '() => ({ force: 1 })' })).not.toEqual(rules());
  expect(rules({ setup: doorSetup.replace('bolts > LIMIT', 'bolts >= LIMIT') })).not.toEqual(
    rules(),
  );
});

test('OB-3: every guard and action of every chart has its text', () => {
  const files = readdirSync('machines', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('machines', name))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const rulesOf = chartRules(files);
  for (const { id, implementations } of machines) {
    const named = rulesOf(id).filter(({ text }) => text !== '');
    for (const [part, kind] of [
      ['guards', 'guard'],
      ['actions', 'action'],
    ] as const) {
      const names = named.filter((rule) => rule.kind === kind).map(({ name }) => name);
      expect(names.toSorted()).toEqual(Object.keys(implementations[part]).toSorted());
    }
  }
});
