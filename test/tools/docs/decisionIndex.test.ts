import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withDecisionIndex } from '../../../tools/docs/decisionIndex.ts';

const FOLDER = 'docs/decisions';
const REQUIREMENTS = '## OP · operations\n\n## CR · crisis\n\n## XX · empty\n';
const PLACE = '# Decisions\n\n<!-- Written by npm run docs from the decisions. -->\nold';

function decision(number: string, status: string, requirements: string) {
  const text = `# ${number} Title of ${number}\n\n- Status: ${status}\n- Date: 2026-12-01\n- Requirements: ${requirements}\n`;
  return { path: `docs/decisions/${number}-title.md`, text };
}

describe('OB-3 the index of decisions', () => {
  test('OB-3 lists each under the part of the requirements that it names first', () => {
    const decisions = [
      decision('0001', 'accepted', 'CR-1, OP-2'),
      decision('0002', 'replaced by [0003](0003-title.md)', 'OP-1'),
      decision('0003', 'accepted; adds to [0001](0001-title.md)', 'OP-1'),
    ];
    expect(withDecisionIndex(PLACE, decisions, REQUIREMENTS)).toBe(
      [
        '# Decisions\n',
        '<!-- Written by npm run docs from the decisions. -->\n',
        '## Operations\n',
        '- [0002](0002-title.md) Title of 0002: replaced by [0003](0003-title.md)',
        '- [0003](0003-title.md) Title of 0003\n',
        '## Crisis\n',
        '- [0001](0001-title.md) Title of 0001\n',
      ].join('\n'),
    );
    expect(() => withDecisionIndex('', decisions, REQUIREMENTS)).toThrow('no place');
  });

  test('OB-3 docs/decisions/README.md leaves none out', () => {
    const names = readdirSync(FOLDER).filter((name) => /^\d{4}-(?!template)/.test(name));
    const decisions = names.map((name) => ({
      path: `${FOLDER}/${name}`,
      text: readFileSync(`${FOLDER}/${name}`, 'utf8'),
    }));
    const requirements = readFileSync('docs/requirements.md', 'utf8');
    const page = withDecisionIndex(PLACE, decisions, requirements);
    expect(names.filter((name) => !page.includes(`](${name})`))).toEqual([]);
  });
});
