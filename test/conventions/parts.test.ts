/**
 * A record of parts has dozens of fields, and to copy it costs more than what is done with it. So it is copied
 * where something is made that lasts, and never as work passes: in the arguments of `new`, in a constructor, or of what a field keeps.
 *
 * @module
 */

import ts from 'typescript';
import { expect, test } from 'vitest';
import { repositoryFiles } from './repository.ts';

/** The lines of a source that copy a record of parts elsewhere. */
function copies(path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isSpreadAssignment(node) && isOfParts(node.expression) && !isForSomethingMade(node)) {
      found.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isOfParts(expression: ts.Expression): boolean {
  const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  return ts.isMemberName(name) && /^#?(\w*P|p)arts$/.test(name.text);
}

function isForSomethingMade(spread: ts.SpreadAssignment): boolean {
  const call = spread.parent.parent;
  if (ts.isNewExpression(call)) return true;
  // What a function makes is kept in a field.
  if (ts.isCallExpression(call) && ts.isBinaryExpression(call.parent)) return true;
  const within = ts.findAncestor(spread, ts.isFunctionLike);
  return within !== undefined && ts.isConstructorDeclaration(within);
}

test('SC-1 records of parts are copied only where something that lasts is made', () => {
  const files = repositoryFiles().filter(({ path }) => /^(actors|persistence)\/.*\.ts$/.test(path));
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap(({ path, text }) => copies(path, text))).toEqual([]);
});

test('SC-1 control: a copy at each step of each operation is found', () => {
  const planted = `class Pool {
    constructor(parts) { this.all = { ...parts }; new Part({ ...parts }); }
    moved(from, to) { tellOfMove({ ...this.#parts, dispatcher: this.dispatcher }, from, to); }
    told = () => tell({ ...this.poolParts });
    add(name) { return new Part({ ...this.#parts, name }); }
  }`;
  expect(copies('a.ts', planted)).toEqual(['a.ts:3', 'a.ts:4']);
});
