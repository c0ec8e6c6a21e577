import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { buildDocs } from '../../../tools/docs/buildDocs.ts';
import {
  coverageOf,
  DOOR_SOURCE,
  door,
  doorInput,
  doorModel,
} from '../../support/docs/doorDocs.ts';

/** The line, from 1, on which a source has this. */
function lineOf(source: string, text: string): number {
  return source.slice(0, source.indexOf(text)).split('\n').length;
}

const faultsOf = (more: Parameters<typeof doorInput>[0]) => buildDocs(doorInput(more)).faults;

test('OB-3 a chart that tells everything has no fault, and its pages are the same every time', () => {
  const { pages, faults } = buildDocs(doorInput());
  expect(faults).toEqual([]);
  expect(buildDocs(doorInput()).pages).toEqual(pages);
  expect(pages.map(({ path }) => path)).toEqual([
    'docs/machines/README.md',
    'docs/machines/clinicians.md',
    'docs/machines/matrix.md',
    'docs/machines/sampleDoor.md',
    'docs/machines/sampleDoor.json',
    'docs/machines/sentences.json',
  ]);
});

describe('OB-3 the check finds each planted fault, and says where it is', () => {
  test('OB-3 a state without description', () => {
    expect(faultsOf({ machine: door({ description: ' ' }) })).toEqual([
      'machines/door/sampleDoorMachine.ts: state sampleDoor.open has no description',
    ]);
  });

  test('OB-3 a state that does not say how long it lasts', () => {
    expect(faultsOf({ machine: door({ meta: { requirements: ['CB-2'] } }) })).toEqual([
      'machines/door/sampleDoorMachine.ts: state sampleDoor.open does not say how long it lasts at most; write meta.lasts',
    ]);
  });

  test.each([
    ['guard', 'isLocked', '    /** Nobody has the key. */\n'],
    ['action', 'noteMove', '    /** Notes that it has moved. */\n'],
    ['actor', 'look', '    /** Looks who is there. */\n'],
    ['event', 'close.due', '  /** It has been open for long. */\n'],
  ])('OB-3 %s without description: %s', (kind, name, comment) => {
    const source = DOOR_SOURCE.replace(comment, '');
    const line = lineOf(source, kind === 'event' ? `'${name}'` : `${name}:`);
    expect(faultsOf({ source })).toEqual([
      `machines/door/sampleDoorMachine.ts:${line}: ${kind} ${name} has no description; write a comment above it`,
    ]);
  });

  test('OB-3 a guard that no source has, and one that no chart uses', () => {
    const source = DOOR_SOURCE.replace('isLocked:', 'isShut:');
    expect(faultsOf({ source })).toEqual([
      'machines/door/sampleDoorMachine.ts: guard isLocked is in no setup and no type of the files beside it',
      `machines/door/sampleDoorMachine.ts:${lineOf(source, 'isShut:')}: guard isShut is used nowhere; remove it`,
    ]);
  });

  test('OB-3 a state that can not be reached, and one that can not be left', () => {
    expect(faultsOf({ machine: door({ on: {}, invoke: [] }) })).toContain(
      "machines/door/sampleDoorMachine.ts: state sampleDoor.open can't be left; give it a way out, or make it an ending",
    );
    const island = door({
      initial: 'in',
      states: { in: { always: '#sampleDoor.closed' }, out: {} },
    });
    expect(faultsOf({ machine: island })).toContain(
      "machines/door/sampleDoorMachine.ts: state sampleDoor.open.out can't be reached",
    );
  });

  test('OB-3 no coverage, one of another version, one that can not be read', () => {
    expect(faultsOf({ coverage: null })).toEqual([
      'docs/machines/coverage.json is not there; run npm run test:transitions, which writes it',
    ]);
    const coverageFor = (more: object) => coverageOf([doorModel(door({ ...more }))]);
    expect(faultsOf({ coverage: coverageFor({ tags: ['ajar'] }) })).toEqual([
      'docs/machines/coverage.json is of another version of the chart sampleDoor; run npm run test:transitions, which writes it',
    ]);
    // No test runs on its words.
    expect(faultsOf({ coverage: coverageFor({ description: 'Ajar.' }) })).toEqual([]);
    expect(faultsOf({ coverage: '{"format":2,"charts":{}}' })).toEqual([
      "docs/machines/coverage.json can't be read; restore it from the history, or write it anew",
    ]);
  });

  test('OB-4 approvals that can not be read', () => {
    for (const approvals of ['', '{}', '{"format":1,"approvals":[{"machine":"sampleDoor"}]}']) {
      expect(faultsOf({ approvals })).toEqual([
        "docs/machines/approvals.json can't be read; restore it from the history, or write it anew",
      ]);
    }
  });

  test('OB-3 an id that is cited and is no requirement, in code and by a test', () => {
    expect(faultsOf({ source: DOOR_SOURCE.replace('CB-2', 'CB-9') })).toContain(
      'machines/door/sampleDoorMachine.ts: there is no requirement CB-9',
    );
    const tests = [{ path: 'test/a.test.ts', text: "test('CB-1, CB-2, CB-7 a door', () => {" }];
    expect(faultsOf({ tests })).toContain('test/a.test.ts: there is no requirement CB-7');
  });

  test('OB-3 a machine whose file has another name', () => {
    const machine = createMachine({ id: 'sampleGate', initial: 'a', states: { a: {} } });
    expect(faultsOf({ machines: [machine], tours: [] })).toContain(
      'machine sampleGate is in no file sampleGateMachine.ts of machines/',
    );
  });

  test('OB-3 a tour that is not there', () => {
    expect(faultsOf({ tours: doorInput().tours.slice(1) })).toEqual([
      "tools/docs/tour/system.md is not there: docs/machines/README.md can't be written",
    ]);
  });

  test('OB-3 a link that leads nowhere', () => {
    expect(faultsOf({ textOf: (path) => (path.endsWith('.test.ts') ? null : '') })).toContain(
      'docs/machines/coverage.json names test/door.test.ts, which is not there; run npm run test:transitions, which writes it',
    );
    expect(faultsOf({ textOf: (path) => (path.startsWith('machines') ? null : '') })).toContain(
      'docs/machines/sampleDoor.md: a link leads to machines/door/sampleDoorMachine.ts, which is not there',
    );
  });
});
