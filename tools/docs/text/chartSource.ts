/**
 * What the source of a chart says beside what XState keeps: the comments on its guards, actions, actors and
 * events, and the text of each. Read from the files of its folder, so that it is all there wherever it stands.
 *
 * @module
 */

import ts from 'typescript';
import type { SourceFile } from './requirements.ts';

/** One guard, action, actor, event or tag as its source has it. */
export interface Said {
  readonly name: string;
  /** What its comment says, as one line; `''` for none. */
  readonly meaning: string;
  /** The text as it is written, without its comment. */
  readonly text: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

export interface ChartSource {
  readonly guards: ReadonlyMap<string, Said>;
  readonly actions: ReadonlyMap<string, Said>;
  /** What its states invoke. */
  readonly actors: ReadonlyMap<string, Said>;
  readonly events: ReadonlyMap<string, Said>;
  readonly tags: ReadonlyMap<string, Said>;
}

type Part = keyof ChartSource;

/** What the files of a chart's folder say of it; of what is said twice, the first counts. */
export function readChartSource(files: readonly SourceFile[]): ChartSource {
  const said: Record<Part, Map<string, Said>> = {
    guards: new Map(),
    actions: new Map(),
    actors: new Map(),
    events: new Map(),
    tags: new Map(),
  };
  for (const { path, text } of files) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const note = (part: Part, name: string, node: ts.Node, comment: string) => {
      if (said[part].has(name)) return;
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      said[part].set(name, {
        name,
        meaning: comment,
        text: node.getText(file),
        path,
        line: line + 1,
      });
    };
    const visit = (node: ts.Node): void => {
      if (isSetup(node)) readSetup(node, file, note);
      else if (ts.isTypeAliasDeclaration(node)) readUnion(node, file, note);
      else ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return said;
}

type Note = (part: Part, name: string, node: ts.Node, comment: string) => void;

function isSetup(node: ts.Node): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'setup'
  );
}

function readSetup(call: ts.CallExpression, file: ts.SourceFile, note: Note): void {
  const [given] = call.arguments;
  if (given === undefined || !ts.isObjectLiteralExpression(given)) return;
  for (const part of given.properties) {
    const kind = nameOf(part);
    if (kind !== 'guards' && kind !== 'actions' && kind !== 'actors') continue;
    if (!ts.isPropertyAssignment(part) || !ts.isObjectLiteralExpression(part.initializer)) continue;
    for (const each of part.initializer.properties) {
      const name = nameOf(each);
      if (name !== null) note(kind, name, each, commentBefore(file, each.getFullStart(), each));
    }
  }
}

/** The members of `…Event` that have a `type`, and those of `…Tag`. */
function readUnion(alias: ts.TypeAliasDeclaration, file: ts.SourceFile, note: Note): void {
  const part = alias.name.text.endsWith('Event')
    ? 'events'
    : alias.name.text.endsWith('Tag')
      ? 'tags'
      : null;
  if (part === null) return;
  const members = ts.isUnionTypeNode(alias.type) ? alias.type.types : [alias.type];
  let end = alias.type.getFullStart();
  for (const member of members) {
    // The comment on a member stands before the bar, which is no part of the member.
    const comment = commentBefore(file, end, member);
    end = member.getEnd();
    const name = part === 'events' ? typeIn(member) : literalOf(member);
    if (name !== null) note(part, name, member, comment);
  }
}

/** What the `type` of an event is: of an object, or of one of those that are put together. */
function typeIn(node: ts.TypeNode): string | null {
  if (ts.isParenthesizedTypeNode(node)) return typeIn(node.type);
  if (ts.isIntersectionTypeNode(node)) {
    return node.types.map(typeIn).find((name) => name !== null) ?? null;
  }
  // `News<'trial.began'>`: an event whose facts are those of that name.
  if (ts.isTypeReferenceNode(node)) return literalOf(node.typeArguments?.[0]);
  if (!ts.isTypeLiteralNode(node)) return null;
  const field = node.members.find((member) => nameOf(member) === 'type');
  return field !== undefined && ts.isPropertySignature(field) ? literalOf(field.type) : null;
}

function literalOf(node: ts.TypeNode | undefined): string | null {
  if (node === undefined || !ts.isLiteralTypeNode(node)) return null;
  return ts.isStringLiteral(node.literal) ? node.literal.text : null;
}

function nameOf(node: { readonly name?: ts.PropertyName | undefined }): string | null {
  const { name } = node;
  if (name === undefined) return null;
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : null;
}

/** The last comment of documentation between there and the node. */
function commentBefore(file: ts.SourceFile, from: number, node: ts.Node): string {
  const between = file.text.slice(from, node.getStart(file));
  const comment = [...between.matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1] ?? '';
  return plainComment(comment).replaceAll(/\s+/g, ' ');
}

/** The paragraphs of a file's header comment, without its tags and its list of requirement ids. */
export function headerOf(source: string): readonly string[] {
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  return plainComment(header)
    .split('\n\n')
    .filter((part) => part !== '' && !part.startsWith('@') && !part.startsWith('Requirements:'));
}

/** The doc comment right before the first thing called `name` that has one; `''` for none. */
export function commentOn(source: string, name: string): string {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*(?:\\|\\s*)?\\(?(?:\\{\\s*)?(?:readonly\\s+)?(?:type:\\s*)?'?${escaped}'?\\s*[?:(,;}/]`,
  );
  return plainComment(pattern.exec(source)?.[1] ?? '').replaceAll(/\s+/g, ' ');
}

/**
 * The instants that a chart keeps: the fields ending in `AtMs` of its context and input, and of the
 * interfaces these extend. `files` are the sources to look in, the chart's own first.
 */
export function instantsOf(files: readonly string[]): readonly string[] {
  const all = files.join('\n');
  const names = new Set<string>();
  const waiting = [...(files[0] ?? '').matchAll(/interface (\w+(?:Context|Input))\b/g)].map(
    ([, name = '']) => name,
  );
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const found = new RegExp(`interface ${name}\\b([^{]*)\\{([\\s\\S]*?)\\n\\}`).exec(all);
    const [, bases = '', body = ''] = found ?? [];
    waiting.push(...(bases.replace('extends', '').match(/\w+/g) ?? []));
    for (const [, field = ''] of body.matchAll(/^ {2}readonly (\w+AtMs)\b/gm)) names.add(field);
  }
  return [...names].toSorted();
}

/** A comment's text without its stars, with `{@link X}` as `X`; paragraphs stay apart. */
function plainComment(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .trim();
}
