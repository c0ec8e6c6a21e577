import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../machines/vocabulary/errors.ts';
import { repositoryFiles } from '../conventions/repository.ts';

interface DocumentedCode {
  readonly code: string;
  readonly meaning: string;
  readonly retry: readonly string[];
  readonly whatToDo: string;
}

const ROW = /^\| `(HF_[A-Z_]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm;

function documentedCodes(page: string): readonly DocumentedCode[] {
  return [...page.matchAll(ROW)].map(([, code = '', meaning = '', retry = '', whatToDo = '']) => ({
    code,
    meaning: meaning.trim(),
    retry: retry.trim().split(' or '),
    whatToDo: whatToDo.trim(),
  }));
}

interface Construction {
  readonly at: string;
  readonly code: string;
  readonly retry: string;
}

/** Each `new HoldfastError('HF_…', …)` with a literal code, and the retry advice it is given. */
function constructionsOf(path: string, text: string): readonly Construction[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: Construction[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'HoldfastError') {
      const [code, , options] = node.arguments ?? [];
      if (code !== undefined && ts.isStringLiteral(code)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push({ at: `${path}:${line + 1}`, code: code.text, retry: retryOf(options) });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function retryOf(options: ts.Expression | undefined): string {
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return 'never';
  for (const property of options.properties) {
    if (!ts.isPropertyAssignment(property) || property.name.getText() !== 'retry') continue;
    // Anything but a literal is decided while running; the page can't be held to it here.
    return ts.isStringLiteral(property.initializer) ? property.initializer.text : 'computed';
  }
  return 'never';
}

/** Constructions that give an advice which the page does not give for their code. */
function contradictions(
  documented: readonly DocumentedCode[],
  constructions: readonly Construction[],
): readonly string[] {
  const advice = new Map(documented.map(({ code, retry }) => [code, retry]));
  return constructions
    .filter(({ code, retry }) => retry !== 'computed' && !advice.get(code)?.includes(retry))
    .map(({ at, code, retry }) => `${at} ${code} ${retry}`);
}

const page = readFileSync('docs/errors.md', 'utf8');
const documented = documentedCodes(page);
const constructions = repositoryFiles()
  .filter(({ path }) => /^(machines|persistence|actors|src)\/.*\.ts$/.test(path))
  .flatMap(({ path, text }) => constructionsOf(path, text));

describe('UX-2 the page of errors', () => {
  test('UX-2 lists every code once, in the order of the union, and no other', () => {
    expect(documented.map(({ code }) => code)).toEqual([...ERROR_CODES]);
  });

  test('UX-2 names no code in its text that does not exist', () => {
    const known: ReadonlySet<string> = new Set(ERROR_CODES);
    const named = page.match(/HF_[A-Z_]*[A-Z]/g) ?? [];
    expect(named.filter((code) => !known.has(code))).toEqual([]);
  });

  test('UX-2 says of each what it means, whether to retry and what to do', () => {
    for (const { code, meaning, retry, whatToDo } of documented) {
      expect(meaning, code).toMatch(/\w.*\.$/);
      expect(whatToDo, code).toMatch(/\w.*\.$/);
      expect(new Set(retry).size, code).toBe(retry.length);
      for (const advice of retry) expect(['never', 'later', 'now'], code).toContain(advice);
    }
  });

  test('UX-2 gives the advice that the code gives', () => {
    expect(constructions.length).toBeGreaterThan(60);
    expect(contradictions(documented, constructions)).toEqual([]);
  });

  test('UX-2 control: a missing row, another order and other advice are seen', () => {
    const [first, second, ...rest] = page.match(ROW) ?? [];
    const without = documentedCodes(page.replace(`${first}\n`, ''));
    expect(without.map(({ code }) => code)).not.toEqual([...ERROR_CODES]);
    const swapped = documentedCodes([second, first, ...rest].join('\n'));
    expect(swapped.map(({ code }) => code)).not.toEqual([...ERROR_CODES]);

    const source = "new HoldfastError('HF_STORE_OWNED', 'text', { path, retry: 'now' });";
    expect(contradictions(documented, constructionsOf('a.ts', source))).toEqual([
      'a.ts:1 HF_STORE_OWNED now',
    ]);
  });
});
