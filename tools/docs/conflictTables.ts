/**
 * The tables of docs/conflicts.md, written from the declarations of the entities, for those who approve the
 * rules. What stands around them is written by hand.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import type { AnyRule } from '../../machines/merge/rules/rule.ts';

const BEGIN = '<!-- Written by npm run docs from machines/merge/entities. -->';
const MEANWHILE: Readonly<Record<EntityRules['whileInReview'], string>> = {
  goesOut:
    'While a person is asked, the merged record is sent and used; what they decide is sent as one more change.',
  waits:
    'While a person is asked, the merged record waits: nothing of it is sent until they have decided.',
};

const END = '<!-- End of what npm run docs writes. -->';

/** The page with its tables written anew. */
export function withConflictTables(page: string, entities: readonly EntityRules[]): string {
  const begins = page.indexOf(BEGIN);
  const ends = page.indexOf(END);
  if (begins < 0 || ends < begins) throw new Error('docs/conflicts.md has no place for the tables');
  const tables = entities.map(tableOf).join('\n\n');
  return `${page.slice(0, begins)}${BEGIN}\n\n${tables}\n\n${page.slice(ends)}`;
}

function tableOf(rules: EntityRules): string {
  const { type, title, authority, whileInReview, fields, checks } = rules;
  const rows = rowsOf('', fields.parts ?? []);
  const after = checks.map(({ says }) => `- ${says}`);
  return [
    `### ${title} (\`${type}\`)`,
    '',
    `The last word has: ${authority}.`,
    '',
    MEANWHILE[whileInReview],
    '',
    '| What | When devices differ | A person is asked when |',
    '| --- | --- | --- |',
    ...rows,
    ...(after.length === 0
      ? []
      : ['', 'Looked at after each merge, and asked of where it does not hold:', '', ...after]),
  ].join('\n');
}

/** A row for each field; fields whose rules say the same share a row. */
function rowsOf(prefix: string, parts: readonly (readonly [string, AnyRule])[]): readonly string[] {
  const byWords = new Map<string, { readonly rule: AnyRule; readonly names: string[] }>();
  for (const [name, rule] of parts) {
    const words = JSON.stringify([rule.says, rule.asks, rule.parts]);
    const known = byWords.get(words);
    if (known === undefined) byWords.set(words, { rule, names: [name] });
    else known.names.push(name);
  }
  return [...byWords.values()].flatMap(({ rule, names }) => {
    const shown = names.map((name) => `${prefix}${nameOf(name)}`).join(', ');
    const inner = rule.parts ?? [];
    const own = `| ${shown} | ${rule.says} | ${rule.asks === '' ? 'never' : rule.asks} |`;
    if (inner.length === 0) return [own];
    const [first = ''] = names;
    const below = `${prefix}${first}: `;
    // An item that is an object has a row for each of its fields.
    const items = inner.flatMap(([name, item]) =>
      name === 'each' && item.parts !== undefined && item.parts.length > 0
        ? rowsOf(below, item.parts)
        : rowsOf(below, [[name, item]]),
    );
    return rule.kind === 'fields' ? items : [own, ...items];
  });
}

/** Names of fields as code; words as words. */
function nameOf(name: string): string {
  if (name === 'each') return 'each of them';
  if (name.startsWith('named like ') || name === 'all others') return name.replaceAll('|', ' or ');
  return name
    .split(', ')
    .map((one) => `\`${one}\``)
    .join(', ');
}
