import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FACT_TABLE } from '../../actors/facts/factTable.ts';

const ROW = /^\| `([A-Za-z]+\.[A-Za-z]+)` \|/gm;

const listedIn = (page: string): readonly string[] =>
  [...page.matchAll(ROW)].map(([, kind = '']) => kind);

/** What the page lists and there is not, and what there is and the page does not list. */
function differences(page: string): readonly string[] {
  const listed = listedIn(page);
  const known = Object.keys(FACT_TABLE);
  return [
    ...listed.filter((kind) => !known.includes(kind)),
    ...known.filter((kind) => !listed.includes(kind)),
  ];
}

const page = readFileSync(new URL('../../docs/facts.md', import.meta.url), 'utf8');

describe('UX-1 OB-5 docs/facts.md', () => {
  test('OB-5 lists every kind of fact, once', () => {
    expect(differences(page)).toEqual([]);
    expect(new Set(listedIn(page)).size).toBe(listedIn(page).length);
  });

  test('OB-5 control: one that is missing, and one too many, are told of', () => {
    const other = page.replace('| `operation.ended` |', '| `operation.finished` |');
    expect(differences(other)).toEqual(['operation.finished', 'operation.ended']);
  });
});
