import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ENTITIES } from '../../../machines/merge/entities/entities.ts';
import { withConflictTables } from '../../../tools/docs/conflictTables.ts';

const page = readFileSync('docs/conflicts.md', 'utf8');

describe('CF-4 OB-3 docs/conflicts.md', () => {
  test('has the rules of each entity as they are declared', () => {
    expect(withConflictTables(page, ENTITIES)).toBe(page);
    for (const { type } of ENTITIES) expect(page).toContain(`(\`${type}\`)`);
  });

  test('is stale when a declaration changes', () => {
    const [first, ...rest] = ENTITIES;
    const changed = first === undefined ? rest : [{ ...first, authority: 'nobody' }, ...rest];
    expect(withConflictTables(page, changed)).not.toBe(page);
    expect(() => withConflictTables('', ENTITIES)).toThrow('no place');
  });
});
