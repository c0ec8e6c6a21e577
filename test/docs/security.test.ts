import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('SECURITY.md', 'utf8');

test('SE-5 every threat of the model has a control and a test that exists', () => {
  const [, table = ''] = page.split('## Threats\n');
  const [rows = ''] = table.split('\n## ');
  const threats = rows
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (-|Threat)/.test(line));
  expect(threats.length).toBeGreaterThan(15);
  for (const threat of threats) {
    const [, name, by, control, tests = ''] = threat.split(' | ');
    expect([name, by, control].every((cell) => cell !== undefined && cell !== '')).toBe(true);
    const named = [...threat.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
    expect([threat, named.length > 0, tests]).toEqual([threat, true, tests]);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  }
});
