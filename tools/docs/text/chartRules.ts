/**
 * The rules of a chart as its source has them: its guards and actions, and every function and constant of
 * machines/ that these use, directly or by way of others. Read from the text, without types, comments and
 * line breaks, so that nothing but another rule changes them; and what each means, from its comment.
 *
 * @module
 */

import { posix } from 'node:path';
import ts from 'typescript';
import type { RuleModel } from '../../../inspector/charts/chartData.ts';
import { type ChartSource, readChartSource } from './chartSource.ts';
import type { SourceFile } from './requirements.ts';

/** What one file declares, by name: where it comes from, if it is imported. */
interface Module {
  readonly declared: ReadonlyMap<string, ts.Node>;
  readonly imported: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
}

/** A declaration in the file that holds it. */
interface Found {
  readonly name: string;
  readonly path: string;
  readonly node: ts.Node;
}

const PRINTER = ts.createPrinter({ removeComments: true });
const KINDS = { guards: 'guard', actions: 'action', delays: 'delay' } as const;
/** What the chart hands to its guards and actions, and what it begins with. */
const GIVEN = new Set(['params', 'context', 'input', 'output']);

/** Reads rules from the files of machines/; a file is read once, however many charts use it. */
export function chartRules(
  files: readonly SourceFile[],
): (machineId: string) => readonly RuleModel[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const modules = new Map<string, Module>();
  const moduleAt = (path: string): Module | null => {
    const text = texts.get(path);
    if (text === undefined) return null;
    const module = modules.get(path) ?? readModule(path, text);
    modules.set(path, module);
    return module;
  };
  return (machineId) => {
    const own = files.find(({ path }) => path.endsWith(`/${machineId}Machine.ts`));
    const module = own === undefined ? null : moduleAt(own.path);
    const chart = module?.declared.get(`${machineId}Machine`);
    if (own === undefined || chart === undefined) return [];
    const folder = posix.dirname(own.path);
    const beside = files.filter((file) => file !== own && posix.dirname(file.path) === folder);
    const found = { name: `${machineId}Machine`, path: own.path, node: chart };
    return rulesFrom(found, moduleAt, readChartSource([own, ...beside]));
  };
}

function rulesFrom(
  chart: Found,
  moduleAt: (path: string) => Module | null,
  said: ChartSource,
): readonly RuleModel[] {
  const named: RuleModel[] = [];
  const functions = new Map<string, RuleModel>();
  const given = new Map<string, RuleModel>();
  const resolve = (path: string, name: string): Found | null => {
    const module = moduleAt(path);
    const node = module?.declared.get(name);
    if (node !== undefined) return { name, path, node };
    const from = module?.imported.get(name);
    return from === undefined ? null : resolve(from.path, from.name);
  };
  const usedBy = (path: string, node: ts.Node): readonly Found[] =>
    namesIn(node)
      .map((name) => resolve(path, name))
      .filter((found) => found !== null);
  const follow = (used: readonly Found[]): void => {
    for (const { name, path, node } of used) {
      const key = `${path} ${name}`;
      if (functions.has(key)) continue;
      const deeper = usedBy(path, node).filter((found) => found.node !== node);
      functions.set(key, rule(name, 'function', node, deeper));
      follow(deeper);
    }
  };

  // The chart itself: of its states and transitions the model has all but what they hand over.
  const seen = new Set<ts.Node>();
  const walk = ({ path, node }: Found): void => {
    if (seen.has(node) || ts.isFunctionLike(node)) return;
    seen.add(node);
    const setup = setupIn(node);
    if (setup !== null) {
      for (const [name, kind, value] of namedIn(setup)) {
        const used = usedBy(path, value);
        named.push({ ...rule(name, kind, value, used), means: meaningOf(name, kind, said) });
        follow(used);
      }
      return;
    }
    for (const [name, value] of givenIn(node)) {
      const used = usedBy(path, value);
      if (!ts.isFunctionLike(value) && used.length === 0) continue;
      const made = rule(name, 'given', value, used);
      given.set(`${made.name} ${made.text}`, made);
      follow(used);
    }
    for (const found of usedBy(path, node)) walk(found);
  };
  walk(chart);
  return [
    ...named,
    ...[...functions.values()].toSorted(byNameAndText),
    ...[...given.values()].toSorted(byNameAndText),
  ];
}

function rule(
  name: string,
  kind: RuleModel['kind'],
  node: ts.Node,
  used: readonly Found[],
): RuleModel {
  return { name, kind, text: textOf(node), means: '', uses: used.map((found) => found.name) };
}

function meaningOf(name: string, kind: RuleModel['kind'], said: ChartSource): string {
  const rules = kind === 'guard' ? said.guards : kind === 'action' ? said.actions : null;
  return rules?.get(name)?.meaning ?? '';
}

/** The file without its types, as one that runs. */
function readModule(path: string, text: string): Module {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      removeComments: true,
      verbatimModuleSyntax: true,
    },
  });
  const file = ts.createSourceFile(
    path,
    outputText,
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.JS,
  );
  const declared = new Map<string, ts.Node>();
  const imported = new Map<string, { readonly path: string; readonly name: string }>();
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (ts.isIdentifier(name) && initializer !== undefined)
          declared.set(name.text, initializer);
      }
    } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
      if (statement.name !== undefined) declared.set(statement.name.text, statement);
    } else if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const from = statement.moduleSpecifier.text;
      const names = statement.importClause?.namedBindings;
      if (!from.startsWith('.') || names === undefined || !ts.isNamedImports(names)) continue;
      const source = posix.join(posix.dirname(path), from);
      for (const { name, propertyName } of names.elements) {
        imported.set(name.text, { path: source, name: (propertyName ?? name).text });
      }
    }
  }
  return { declared, imported };
}

/** The names that a piece of code reads: not those of fields, nor those that it declares itself. */
function namesIn(node: ts.Node): readonly string[] {
  const names = new Set<string>();
  const own = new Set<string>();
  const visit = (part: ts.Node, parent: ts.Node | null): void => {
    if (ts.isIdentifier(part) && parent !== null) {
      if (isDeclaredBy(part, parent)) own.add(part.text);
      else if (!isFieldOf(part, parent)) names.add(part.text);
    }
    ts.forEachChild(part, (child) => visit(child, part));
  };
  visit(node, node.parent);
  return [...names].filter((name) => !own.has(name));
}

function isDeclaredBy(name: ts.Identifier, parent: ts.Node): boolean {
  const declares =
    ts.isParameter(parent) ||
    ts.isVariableDeclaration(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent);
  return declares && parent.name === name;
}

function isFieldOf(name: ts.Identifier, parent: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(parent)) return parent.name === name;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent))
    return parent.name === name;
  return ts.isBindingElement(parent) && parent.propertyName === name;
}

/** What is handed to `setup(…)`, if that is what the piece of code is. */
function setupIn(node: ts.Node): ts.ObjectLiteralExpression | null {
  if (ts.isPropertyAccessExpression(node)) return setupIn(node.expression);
  if (!ts.isCallExpression(node)) return null;
  const [argument] = node.arguments;
  const isSetup = ts.isIdentifier(node.expression) && node.expression.text === 'setup';
  return isSetup && argument !== undefined && ts.isObjectLiteralExpression(argument)
    ? argument
    : null;
}

/** The guards, actions and delays of a setup, in order. */
function namedIn(
  setup: ts.ObjectLiteralExpression,
): readonly (readonly [name: string, kind: RuleModel['kind'], value: ts.Node])[] {
  const parts = fieldsOf(setup);
  return Object.entries(KINDS).flatMap(([part, kind]) => {
    const value = parts.find(([name]) => name === part)?.[1];
    if (value === undefined || !ts.isObjectLiteralExpression(value)) return [];
    return fieldsOf(value).map(([name, text]) => [name, kind, text] as const);
  });
}

function fieldsOf(
  literal: ts.ObjectLiteralExpression,
): readonly (readonly [name: string, value: ts.Node])[] {
  return literal.properties.flatMap((field): (readonly [string, ts.Node])[] => {
    if (field.name === undefined) return [];
    const name = ts.isStringLiteral(field.name) ? field.name.text : field.name.getText();
    return [[name, ts.isPropertyAssignment(field) ? field.initializer : field]];
  });
}

/** What the parts of a chart hand over, under the name of whom they hand it to. */
function givenIn(node: ts.Node): readonly (readonly [to: string, value: ts.Node])[] {
  const found: (readonly [string, ts.Node])[] = [];
  const visit = (part: ts.Node): void => {
    if (ts.isFunctionLike(part)) return;
    if (ts.isObjectLiteralExpression(part)) {
      const fields = fieldsOf(part);
      const whom = fields.find(([name]) => name === 'type' || name === 'src')?.[1];
      for (const [name, value] of fields) {
        const to = whom !== undefined && ts.isStringLiteral(whom) ? whom.text : name;
        if (GIVEN.has(name)) found.push([to, value]);
      }
    }
    ts.forEachChild(part, visit);
  };
  visit(node);
  return found;
}

/** On one line, as it would be however it was broken. */
function textOf(node: ts.Node): string {
  return PRINTER.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/,(?= ?[)\]}])/g, '')
    .trim();
}

function byNameAndText(a: RuleModel, b: RuleModel): number {
  const [one, other] = [`${a.name} ${a.text}`, `${b.name} ${b.text}`];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
