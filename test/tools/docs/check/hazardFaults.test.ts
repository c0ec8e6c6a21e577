import { expect, test } from 'vitest';
import { hazardFaults } from '../../../../tools/docs/check/linkFaults.ts';

const evidence = { isFile: () => true, rows: new Set(['offline']) };
const LOG = `# Hazard log

### H1 · Nobody is told

| | |
| --- | --- |
| Cause | The network is away. |
| Effect | Nobody helps. |
| Initial risk | Catastrophic, medium |
| Control | It is told again. |
| Evidence | [a test](../../test/a.test.ts), \`drill: offline\` |
| Residual risk | Catastrophic, very low: an outage of days |
| Owner | Deployer |

### H2 · Too many are told

| | |
| --- | --- |
| Cause | 300 people ask. |
| Effect | Nobody listens. |
| Initial risk | Major, high |
| Control | One digest. |
| Evidence | \`drill: offline\` |
| Residual risk | Major, low |
| Owner | Deployer |
`;
const faults = (from: string, to: string) => {
  expect(LOG).toContain(from);
  return hazardFaults({ path: 'log.md', text: LOG.replace(from, to) }, evidence).join('\n');
};

test('OB-4 a hazard log that is whole has no fault', () => {
  expect(hazardFaults({ path: 'log.md', text: LOG }, evidence)).toEqual([]);
});

test.each([
  [
    'without a field',
    '| Control | It is told again. |\n',
    '',
    'H1 has the fields Cause, Effect, Initial risk, Evidence',
  ],
  ['with an empty field', 'Nobody helps.', '', 'H1 says nothing under Effect'],
  ['without its number', '### H2 ·', '### H3 ·', 'H3 stands where H2 should'],
  [
    'whose risk is no risk',
    'Major, high',
    'Bad, high',
    'H2: Initial risk is “<severity>, <likelihood>”',
  ],
  [
    'without evidence',
    '[a test](../../test/a.test.ts), `drill: offline`',
    '[a page](a.md)',
    'H1 names no test',
  ],
  [
    'whose row is not there',
    '`drill: offline` |\n| Residual risk | Major',
    '`drill: gone` |\n| Residual risk | Major',
    'H2: the drill has no row gone',
  ],
])('OB-4 a hazard %s is a fault', (_, from, to, fault) => {
  expect(faults(from, to)).toContain(`log.md: ${fault}`);
});

test('OB-4 a log without hazards is a fault', () => {
  expect(hazardFaults({ path: 'log.md', text: '# Log\n' }, evidence)).toEqual([
    'log.md holds no hazard',
  ]);
});
