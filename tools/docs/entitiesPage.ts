/**
 * The page of the rules by which records are merged, written from the declarations of the entities, for those who
 * approve the rules.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import type { AnyRule } from '../../machines/merge/rules/rule.ts';
import type { SourceFile } from './text/requirements.ts';

const MEANWHILE: Readonly<Record<EntityRules['whileInReview'], string>> = {
  goesOut:
    'While a person is asked, the merged record is sent and used; what they decide is sent as one more change.',
  waits:
    'While a person is asked, the merged record waits: nothing of it is sent until they have decided.',
};

const HEAD = `<!-- Written by \`npm run docs\` from machines/merge/entities. -->

# The rules of merges, entity by entity

How they are applied, and what "asked" means: [Conflicts](../conflicts.md#the-rules-entity-by-entity).`;

export function entitiesPage(entities: readonly EntityRules[]): SourceFile {
  const text = `${[HEAD, ...entities.map(tableOf)].join('\n\n')}\n`;
  return { path: 'docs/machines/entities.md', text };
}

function tableOf(rules: EntityRules): string {
  const { type, title, authority, whileInReview, fields, checks } = rules;
  const rows = rowsOf(fields.parts ?? []);
  const after = checks.map(({ says }) => `- ${says}`);
  return [
    `## ${title} (\`${type}\`)`,
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
      : ['', 'Checked after each merge; a person is asked where one does not hold:', '', ...after]),
  ].join('\n');
}

/** A row for each sentence, with the fields of any depth that it is about. */
function rowsOf(parts: readonly (readonly [string, AnyRule])[]): readonly string[] {
  const fields = new Map<string, Set<string>>();
  for (const [name, { says, asks }] of rulesOf('', parts)) {
    const words = `${says} | ${asks === '' ? 'never' : asks} |`;
    fields.set(words, (fields.get(words) ?? new Set()).add(name));
  }
  return [...fields].map(([words, names]) => `| ${[...names].join(', ')} | ${words}`);
}

/** Each field with its rule. Of fields that agree in all, the parts of the first stand for those of the others. */
function rulesOf(
  prefix: string,
  parts: readonly (readonly [string, AnyRule])[],
): readonly (readonly [string, AnyRule])[] {
  const seen = new Set<string>();
  return parts.flatMap(([name, rule]): readonly (readonly [string, AnyRule])[] => {
    const inner = rule.parts ?? [];
    const words = JSON.stringify([rule.says, rule.asks, inner]);
    const below = seen.has(words)
      ? []
      : inner.flatMap((part) => partsOf(`${prefix}${name}: `, part));
    seen.add(words);
    const own = [`${prefix}${nameOf(name)}`, rule] as const;
    return rule.kind === 'fields' && inner.length > 0 ? below : [own, ...below];
  });
}

/** An item that is an object has its fields in place of itself. */
function partsOf(prefix: string, [name, rule]: readonly [string, AnyRule]) {
  const fields = name === 'each' ? (rule.parts ?? []) : [];
  return rulesOf(prefix, fields.length > 0 ? fields : [[name, rule]]);
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
