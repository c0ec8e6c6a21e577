import { expect, test } from 'vitest';
import { formatReport } from '../../support/charts/transitionCoverageReport.ts';

test('OB-3 the coverage of all test files is one, and what no test took is named', () => {
  const all = ['a --x--> b', 'b --y--> a', 'b --z--> b'];
  const report = formatReport(
    [
      { machineId: 'one', by: 'chart', file: 'a.test.ts', all, seen: ['a --x--> b'] },
      { machineId: 'one', by: 'chart', file: 'b.test.ts', all, seen: ['a --x--> b'] },
      { machineId: 'one', by: 'runtime', file: 'b.test.ts', all, seen: ['b --y--> a'] },
      { machineId: 'unregistered', by: 'chart', file: 'a.test.ts', all, seen: [] },
    ],
    ['one', 'two'],
  );
  expect(report).toBe(
    [
      'Transition coverage',
      '  one: 2 of 3 transitions taken, 1 of them in runtimes',
      '    never: b --y--> a',
      '    never: b --z--> b',
      '  two: no test observes it',
    ].join('\n'),
  );
});
