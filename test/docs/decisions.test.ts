import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const FOLDER = 'docs/decisions';
const TITLE = /^# (\d{4}) .+\n\n- Status: .+\n- Date: \d{4}-\d{2}-\d{2}\n- Requirements: .+\n/;

const template = readFileSync(join(FOLDER, '0000-template.md'), 'utf8');
const sections = sectionsOf(template);
const names = readdirSync(FOLDER).filter(
  (name) => /^\d{4}-/.test(name) && !name.startsWith('0000'),
);
const records = names.map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
const known = new Set(
  [...readFileSync('docs/requirements.md', 'utf8').matchAll(/\*\*([A-Z]{2}-\d+)\*\*/g)].map(
    ([, id]) => id,
  ),
);

/** Of one that no longer holds only the head is kept, which says by what it was replaced. */
const isReplaced = (text: string) => /^- Status: replaced by /m.test(text);

function sectionsOf(text: string): readonly string[] {
  return [...text.matchAll(/^## (.+)$/gm)].map(([, section = '']) => section);
}

describe('OB-3 decision records', () => {
  // Work that goes on side by side takes its numbers beforehand, so one may be missing.
  test('OB-3 have a number each, and none the number of another', () => {
    expect(records.length).toBeGreaterThan(0);
    expect(new Set(names.map((name) => name.slice(0, 4))).size).toBe(names.length);
  });

  test('OB-3 have the form of the template, and their own number', () => {
    for (const { name, text } of records) {
      expect(TITLE.exec(text)?.[1], name).toBe(name.slice(0, 4));
      expect(sectionsOf(text), name).toEqual(isReplaced(text) ? [] : sections);
    }
  });

  test('OB-3 name requirements that there are', () => {
    for (const { name, text } of records) {
      const ids = text.match(/\b[A-Z]{2}-\d+\b/g) ?? [];
      expect(
        ids.filter((id) => !known.has(id)),
        name,
      ).toEqual([]);
      expect(ids.length, name).toBeGreaterThan(0);
    }
  });
});
