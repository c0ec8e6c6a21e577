/** The walk of an operation in ARCHITECTURE.md, followed through the code as an editor follows "go to definition". */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** A function on the walk; how it is reached from the one before. */
interface Stop {
  readonly file: string;
  readonly name: string;
  readonly by: 'start' | '→' | '⇢';
}

function walkIn(page: string): readonly Stop[] {
  const block = /\n```\n(1 sync\(\)[\s\S]*?)\n```/.exec(page)?.[1] ?? '';
  return block.split('\n').flatMap((line) => {
    const [, file, names] = /^ {2}(\S+\.ts) +(.+)$/.exec(line) ?? [];
    if (file === undefined || names === undefined) return [];
    return [...names.matchAll(/(?:(→|⇢) )?([#\w]+)/g)].map(([, by, name = '']) => ({
      ...{ file, name },
      by: (by ?? 'start') as Stop['by'],
    }));
  });
}

const page = readFileSync('docs/ARCHITECTURE.md', 'utf8');
const files = [...new Set(walkIn(page).map(({ file }) => file))];
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)).config,
  ts.sys,
  '.',
);
const program = ts.createProgram(files, options);
const checker = program.getTypeChecker();

function nameOf(node: ts.Node): string | null {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const isNamed =
    ts.isClassElement(node) || ts.isTypeElement(node) || ts.isFunctionDeclaration(node);
  return isNamed ? (node.name?.getText() ?? null) : null;
}

/** The nodes of a tree that fit. */
function within<Kind extends ts.Node>(
  root: ts.Node,
  isFit: (node: ts.Node) => node is Kind,
): readonly Kind[] {
  const found: Kind[] = [];
  const visit = (node: ts.Node): void => {
    if (isFit(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** Declarations of this name in a file. */
function declared({ file, name }: Stop): ReadonlySet<ts.Node> {
  const source = program.getSourceFile(resolve(file));
  if (source === undefined) return new Set();
  return new Set(within(source, (node): node is ts.Node => nameOf(node) === name));
}

/** Where "go to definition" leads from each of these words of a function. */
function definitionsFrom(node: ts.Node, text: string): readonly ts.Node[] {
  return within(node, ts.isMemberName).flatMap((word) => {
    const symbol = word.text === text ? checker.getSymbolAtLocation(word) : undefined;
    if (symbol === undefined) return [];
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [];
  });
}

/** Jumps of a walk that lead nowhere, or elsewhere than the page says. */
function wrongJumps(walk: readonly Stop[]): readonly string[] {
  const wrong: string[] = [];
  let here: ReadonlySet<ts.Node> = new Set();
  for (const stop of walk) {
    let there = declared(stop);
    if (stop.by === '→') {
      const led = new Set([...here].flatMap((node) => definitionsFrom(node, stop.name)));
      there = new Set([...there].filter((node) => led.has(node)));
    }
    if (there.size === 0) wrong.push(`${stop.by} ${stop.file}: ${stop.name}`);
    here = there;
  }
  return wrong;
}

test('OB-3 UX-1 the walk of an operation in ARCHITECTURE.md leads through the code', () => {
  const walk = walkIn(page);
  expect(walk.length).toBeGreaterThan(50);
  expect(wrongJumps(walk)).toEqual([]);
});

test('OB-3 control: a jump that an editor does not follow is found', () => {
  const [first, ...rest] = walkIn(page);
  const pool = { file: 'actors/work/operationPool.ts', name: 'accept', by: '→' } as const;
  expect(wrongJumps([first as Stop, pool])).toEqual(['→ actors/work/operationPool.ts: accept']);
  const told = rest.find(({ by }) => by === '⇢') as Stop;
  const before = rest[rest.indexOf(told) - 1] as Stop;
  expect(
    wrongJumps([
      { ...before, by: 'start' },
      { ...told, by: '→' },
    ]),
  ).toHaveLength(1);
});
