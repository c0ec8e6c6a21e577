import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLANTS } from '../../../src/drill/plants/list.ts';
import { plant } from '../../../src/drill/plants/planted.ts';
import { SCENARIOS } from '../../../src/drill/scenarios/list.ts';

const DIST = 'dist';
/** A text that is in what plants, and nowhere else. */
const MARK = "The drill can't plant";

describe('the defects that the drill plants', () => {
  test('CR-1 each has a name of its own and a scenario that it fails', () => {
    const names = PLANTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const scenarios = SCENARIOS.map(({ name }) => name);
    for (const { scenario } of PLANTS) expect(scenarios).toContain(scenario);
  });

  test('CR-1 each can be planted, and nothing else can', () => {
    for (const { name } of PLANTS) {
      expect(() => {
        plant(name);
      }, name).not.toThrow();
    }
    expect(() => {
      plant('nonsense');
    }).toThrow(MARK);
  });

  // Of the last build, as all of test/package.
  test('CR-2 no program but the process under drill holds what plants them, and none loads that', () => {
    const files = readdirSync(DIST).filter((file) => file.endsWith('.js'));
    const texts = files.map((file) => [file, readFileSync(join(DIST, file), 'utf8')] as const);
    expect(texts.filter(([, text]) => text.includes(MARK)).map(([file]) => file)).toEqual([
      'drillProcess.js',
    ]);
    const loading = texts.filter(([, text]) =>
      /\b(?:from|import)\b[ (]*["']\.\/drillProcess/.test(text),
    );
    expect(loading.map(([file]) => file)).toEqual([]);
  });

  test('CR-2 that process is told which by a message of the one that started it, and reads no variable or argument', () => {
    const text = readFileSync(join(DIST, 'drillProcess.js'), 'utf8');
    expect(text).not.toMatch(/process\.(?:env|argv)/);
  });
});
