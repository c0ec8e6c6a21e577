import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionRule } from '../../machines/vocabulary/optionFields.ts';
import { MANAGEMENT_CALLS } from '../../src/management/managementCalls.ts';

function isRequired(rule: OptionRule): boolean {
  return typeof rule === 'object' && 'required' in rule;
}

test('UX-1 docs/management.md has each management call, as it is declared', () => {
  const rows = readFileSync('docs/management.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const declared = MANAGEMENT_CALLS.map((call) => {
    const params = Object.entries(call.params as Readonly<Record<string, OptionRule>>).map(
      ([name, rule]) => `\`${name}${isRequired(rule) ? '' : '?'}\``,
    );
    const where = call.isLocal === true ? 'this process' : call.worksOn;
    const told = params.length === 0 ? '–' : params.join(', ');
    return ['', `\`${call.name}\``, told, call.summary, call.capability, where, ''];
  });
  expect(rows).toEqual(declared);
});
