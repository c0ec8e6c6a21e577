import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ENTITIES } from '../../../machines/merge/entities/entities.ts';
import { entitiesPage } from '../../../tools/docs/entitiesPage.ts';

const page = readFileSync('docs/machines/entities.md', 'utf8');

describe('CF-4 OB-3 docs/machines/entities.md', () => {
  test('has the rules of each entity as they are declared', () => {
    expect(entitiesPage(ENTITIES).text).toBe(page);
    for (const { type } of ENTITIES) expect(page).toContain(`(\`${type}\`)`);
  });

  test('is stale when a declaration changes', () => {
    const [first, ...rest] = ENTITIES;
    const changed = first === undefined ? rest : [{ ...first, authority: 'nobody' }, ...rest];
    expect(entitiesPage(changed).text).not.toBe(page);
  });
});
