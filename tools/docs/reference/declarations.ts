/**
 * Reads what a file of declarations exports, with what is said of it. The file is one that stands alone, as the
 * package has it, so that nothing has to be resolved: it is parsed and no more.
 *
 * @module
 */

import ts from 'typescript';

export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  /** The type of a field; the whole of a method. */
  readonly signature: string;
  readonly isMethod: boolean;
  readonly doc: DocComment;
}

/** A declaration whose members another has, too, or some of them. */
export interface Base {
  readonly name: string;
  /** Whether it has the member of that name. */
  readonly has: (member: string) => boolean;
  /** Each of them may be left out. */
  readonly isPartial: boolean;
}

export interface Declaration {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'value';
  readonly isExported: boolean;
  /** The declaration as written, without comments and `export declare`; each one of an overloaded function. */
  readonly signature: string;
  readonly doc: DocComment;
  /** The members of a class, an interface, or a type that is one object. */
  readonly members: readonly Member[];
  /** What it has its other members from. */
  readonly bases: readonly Base[];
}

type Declared =
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration;

const PRINTER = ts.createPrinter({ removeComments: true });

/** Everything that is declared in a file, exported or not, by name. */
export function declarationsIn(text: string): ReadonlyMap<string, Declaration> {
  const file = ts.createSourceFile('holdfast.d.ts', text, ts.ScriptTarget.Latest, true);
  const found = new Map<string, Declaration>();
  for (const statement of file.statements) {
    for (const declaration of read(file, statement)) {
      const earlier = found.get(declaration.name);
      found.set(
        declaration.name,
        earlier === undefined ? declaration : joined(earlier, declaration),
      );
    }
  }
  return found;
}

/** An overload adds its signature; what is said stands at the first. */
function joined(first: Declaration, second: Declaration): Declaration {
  return { ...first, signature: `${first.signature}\n${second.signature}` };
}

function read(file: ts.SourceFile, statement: ts.Statement): readonly Declaration[] {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
  const common = {
    isExported,
    signature: signatureOf(file, statement),
    doc: docOf(file, statement),
  };
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => ({
      ...common,
      name: name.getText(file),
      kind: 'value',
      members: [],
      bases: [],
    }));
  }
  if (!isDeclared(statement) || statement.name === undefined) return [];
  return [
    {
      ...common,
      name: statement.name.text,
      kind: kindOf(statement),
      members: membersOf(file, statement),
      bases: basesOf(file, statement),
    },
  ];
}

function isDeclared(statement: ts.Statement): statement is Declared {
  return (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  );
}

function kindOf(statement: Declared): Declaration['kind'] {
  if (ts.isFunctionDeclaration(statement)) return 'function';
  if (ts.isClassDeclaration(statement)) return 'class';
  return ts.isInterfaceDeclaration(statement) ? 'interface' : 'type';
}

function membersOf(file: ts.SourceFile, statement: Declared): readonly Member[] {
  if (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) {
    const shown = statement.members.filter(
      (member) => !/^(private|protected|#)/.test(member.getText(file)),
    );
    return shown.map((member) => memberOf(file, member));
  }
  return ts.isTypeAliasDeclaration(statement) ? literalMembers(file, statement.type) : [];
}

/** Members that are written out in a type, or in a part of it. */
function literalMembers(file: ts.SourceFile, type: ts.TypeNode): readonly Member[] {
  if (ts.isTypeLiteralNode(type)) return type.members.map((member) => memberOf(file, member));
  if (!ts.isIntersectionTypeNode(type)) return [];
  return type.types.flatMap((part) => literalMembers(file, part));
}

function memberOf(file: ts.SourceFile, member: ts.ClassElement | ts.TypeElement): Member {
  const isField =
    ts.isPropertySignature(member) ||
    ts.isPropertyDeclaration(member) ||
    ts.isGetAccessorDeclaration(member);
  const { type, name } = member as ts.PropertySignature;
  const called = ts.isConstructorDeclaration(member) ? 'constructor' : name;
  return {
    name: typeof called === 'string' ? called : (called?.getText(file) ?? ''),
    isOptional: 'questionToken' in member && member.questionToken !== undefined,
    signature: isField && type !== undefined ? print(file, type) : print(file, member),
    isMethod: !isField,
    doc: docOf(file, member),
  };
}

/** What it extends; of a type what it is made of. */
function basesOf(file: ts.SourceFile, statement: Declared): readonly Base[] {
  if (ts.isTypeAliasDeclaration(statement)) return basesOfType(file, statement.type);
  if (ts.isFunctionDeclaration(statement)) return [];
  // What a class implements it has itself.
  return (statement.heritageClauses ?? [])
    .filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    .flatMap(({ types }) => types.map(({ expression }) => whole(expression.getText(file))));
}

function whole(name: string): Base {
  return { name, has: () => true, isPartial: false };
}

/** `A & Pick<B, 'a'> & Partial<Omit<C, 'b'>>`: of A all, of B one, of C all but one. */
function basesOfType(file: ts.SourceFile, type: ts.TypeNode): readonly Base[] {
  if (ts.isIntersectionTypeNode(type)) return type.types.flatMap((part) => basesOfType(file, part));
  if (!ts.isTypeReferenceNode(type)) return [];
  const [of, names] = type.typeArguments ?? [];
  const name = type.typeName.getText(file);
  if (of === undefined) return [whole(name)];
  const bases = basesOfType(file, of);
  const named = new Set(names?.getText(file).match(/\w+/g));
  switch (name) {
    case 'Pick':
      return bases.map((base) => ({
        ...base,
        has: (member) => base.has(member) && named.has(member),
      }));
    case 'Omit':
      return bases.map((base) => ({
        ...base,
        has: (member) => base.has(member) && !named.has(member),
      }));
    case 'Partial':
      return bases.map((base) => ({ ...base, isPartial: true }));
    default:
      return [];
  }
}

function signatureOf(file: ts.SourceFile, node: ts.Node): string {
  return print(file, node)
    .replace(/^export declare /, '')
    .replace(/^declare /, '');
}

function print(file: ts.SourceFile, node: ts.Node): string {
  return PRINTER.printNode(ts.EmitHint.Unspecified, node, file);
}

/** The comment right before a node; what stands further up is about something else. */
function docOf(file: ts.SourceFile, node: ts.Node): DocComment {
  const ranges = ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? [];
  const comments = ranges
    .map(({ pos, end }) => file.text.slice(pos, end))
    .filter((comment) => comment.startsWith('/**') && !/^\s*\*\s*@module\b/m.test(comment));
  return readDocComment(comments.at(-1) ?? '');
}

export interface DocComment {
  /** Markdown, with links as `{@link name}`. */
  readonly text: string;
  readonly throws: readonly string[];
  /** By name. */
  readonly params: readonly (readonly [string, string])[];
  /** Code, without a fence. */
  readonly examples: readonly string[];
}

/** What a comment says, from its opening to its closing mark. */
function readDocComment(comment: string): DocComment {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  // A tag begins a line, or follows a sentence; `{@link` stands within one.
  const [text = '', ...blocks] = lines.join('\n').split(/(?:^|(?<=\. ))@(?=[a-z])/m);
  const of = (tag: string): readonly string[] =>
    blocks
      .filter((block) => new RegExp(`^${tag}\\b`).test(block))
      .map((block) => block.slice(tag.length));
  return {
    text: prose(text),
    throws: of('throws').map(prose),
    params: of('param').map((block) => {
      const [, name = '', said = ''] = /^\s*(\w+)\s*(?:-\s*)?([^]*)$/.exec(block) ?? [];
      return [name, prose(said)];
    }),
    examples: of('example').map((block) => block.replaceAll(/^```\w*\n|^```$/gm, '').trim()),
  };
}

/** Lines of a paragraph are one; an item of a list has its own. */
function prose(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/ *\n(?! *- ) */g, ' '))
    .join('\n\n');
}
