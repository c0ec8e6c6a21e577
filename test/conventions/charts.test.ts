import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine, fromCallback, not, setup } from 'xstate';
import { machines } from '../../machines/index.ts';
import { brokenRules } from './chartRules.ts';

/** A chart file longer than this hides a child machine. */
const CHART_LINES_MAX = 350;

describe.each(machines.map((machine) => [machine.id, machine] as const))('%s', (id, machine) => {
  test('OB-3 keeps the house rules of charts', () => {
    expect(brokenRules(machine)).toEqual([]);
  });

  test('OB-3 lies in the file of its name and is short enough to review', () => {
    const name = `${id}Machine.ts`;
    const path = readdirSync('machines', { recursive: true, encoding: 'utf8' }).find(
      (file) => basename(file) === name,
    );
    const source = readFileSync(join('machines', path ?? name), 'utf8');
    expect(source).toContain(`export const ${id}Machine`);
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(CHART_LINES_MAX);
  });
});

test('OB-3 every machine is registered once', () => {
  expect(machines.length).toBeGreaterThan(0);
  expect(new Set(machines.map((machine) => machine.id)).size).toBe(machines.length);
});

describe('PS-2 control: the rule of state before effect catches a planted short cut', () => {
  const sample = setup({
    actors: { attempt: fromCallback(() => undefined) },
    guards: { isUrgent: () => true },
  });
  const effectful = {
    description: 'Acts.',
    meta: { requirements: ['PS-2'] },
    invoke: { src: 'attempt' },
  } as const;
  const over = { description: 'Over.', meta: { requirements: ['PS-2'] }, type: 'final' } as const;
  const ending = { 'sample.ended': { target: '.over' } } as const;
  const plain = { description: 'Waits.', meta: { requirements: ['PS-2'] } } as const;

  const withArrow = (on: object, id = 'sample'): AnyStateMachine =>
    sample.createMachine({
      id,
      version: '1',
      description: 'Sample.',
      initial: 'ordering',
      on: ending,
      states: { ordering: { ...plain, on }, acting: effectful, over },
    });

  test('PS-2 through the barrier, or on the chart of crises, is kept', () => {
    expect(brokenRules(withArrow({ 'journal.committed': { target: 'acting' } }))).toEqual([]);
    expect(brokenRules(withArrow({ 'turn.granted': { target: 'acting' } }, 'crisis'))).toEqual([]);
  });

  test('PS-2 any other event or guard is broken', () => {
    expect(brokenRules(withArrow({ 'turn.granted': { target: 'acting' } }))).toEqual([
      'effect before it is durable: sample.ordering --turn.granted--> sample.acting',
    ]);
    const forUrgent = { 'turn.granted': { guard: 'isUrgent', target: 'acting' } };
    expect(brokenRules(withArrow(forUrgent))).toEqual([
      'effect before it is durable: sample.ordering --turn.granted[isUrgent]--> sample.acting',
    ]);
  });

  test('PS-2 starting in it, or entering it by what it lies in, is broken', () => {
    const machine = sample.createMachine({
      id: 'sample',
      version: '1',
      description: 'Sample.',
      initial: 'acting',
      on: ending,
      states: {
        acting: { ...effectful, on: { 'box.opened': { target: 'box' } } },
        box: { ...plain, initial: 'inner', states: { inner: effectful } },
        over,
      },
    });
    expect(brokenRules(machine)).toEqual([
      'effect at the start, before anything: sample.acting',
      'effect before it is durable: sample.acting --box.opened--> sample.box',
    ]);
  });
});

test('OB-3 control: each house rule catches what breaks it', () => {
  const machine = createMachine({
    id: 'sample',
    description: 'Sample.',
    initial: 'Idle',
    states: {
      Idle: {
        description: 'Waits.',
        entry: assign({}),
        invoke: { src: fromCallback(() => undefined) },
        on: {
          GO: { target: 'late', actions: assign({}) },
          'go.asked': [
            { guard: not('mayGo'), target: 'late' },
            { guard: () => true, target: 'late' },
          ],
        },
      },
      late: {
        description: 'Late.',
        meta: { requirements: ['OB-3'] },
        after: { 10: 'Idle' },
      },
    },
  });
  expect(brokenRules(machine)).toEqual([
    'machine sample has no version',
    'state sample.Idle is not in camelCase',
    'state sample.Idle cites no requirement in meta.requirements',
    'state sample.Idle has an inline action',
    'state sample.Idle invokes an inline actor',
    'state sample.late waits with after, which a restart forgets',
    'event is not in dot.case: sample.Idle --GO--> sample.late',
    'inline action: sample.Idle --GO--> sample.late',
    'guard mayGo is not is…, has… or can…: sample.Idle --go.asked[not(mayGo)]--> sample.late',
    'inline guard: sample.Idle --go.asked[unnamed]--> sample.late',
  ]);
});
