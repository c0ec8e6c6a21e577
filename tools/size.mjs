/**
 * Prints how big holdfast is: lines of code, files, public names, rooms of `actors/` with the arrows between them, words of
 * the docs, and doc comments that begin without a noun. `npm run size -- OTHER_CHECKOUT` prints another checkout beside it.
 * @module
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import ts from 'typescript';

const ROOMS = ['src', 'actors', 'machines', 'inspector', 'persistence', 'tools'];

/** What serves the repository or a first look, printed apart so that moving a file is no reduction. */
const APART = [
  [
    'tools',
    /^(tools|inspector\/(docs|draw|review))\/|^src\/cli\/(clone|commands\/(charts|evidence))\b/,
  ],
  ['demo', /^src\/(cli\/)?demo\//],
  ['drill', /^src\/(cli\/)?(crisisDrill|drill)\//],
];

const ENTRIES = [
  'src/index.ts',
  'src/connectEntry.ts',
  'src/testing/index.ts',
  'src/schemas/index.ts',
  'src/merge/index.ts',
];

/** First words of a doc comment that stand where its subject should. */
const NO_NOUN = new Set(['Of', 'Who', 'Whose', 'As', 'It', 'Its', 'Those', 'These', 'Whoever']);

const listed = (root, ...paths) =>
  execFileSync('git', ['-C', root, 'ls-files', '-z', ...paths], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
    .split('\0')
    .filter((file) => file !== '');

const words = (root, files) =>
  files.reduce(
    (sum, file) => sum + readFileSync(join(root, file), 'utf8').split(/\s+/).filter(Boolean).length,
    0,
  );

/** Lines of a source file on which a token stands. Comments are trivia, so they count nothing. */
function codeLines(source) {
  const lines = new Set();
  const visit = (node) => {
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode)
      return;
    const children = node.getChildren(source);
    if (children.length > 0) {
      children.forEach(visit);
      return;
    }
    if (node.getWidth(source) === 0) return;
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    for (let line = first; line <= last; line += 1) lines.add(line);
  };
  visit(source);
  return lines.size;
}

/** One-line doc comments of a file, and those of them that begin without a noun, as `line: text`. */
function docComments(text) {
  let count = 0;
  const nounless = [];
  text.split('\n').forEach((line, at) => {
    const first = /^\s*\/\*\* (\S+)/.exec(line)?.[1];
    if (first === undefined) return;
    count += 1;
    if (NO_NOUN.has(first)) nounless.push(`${at + 1}: ${line.trim()}`);
  });
  return { count, nounless };
}

/** Room of a file of `actors/`: its folder, or the file itself where it stands in none. */
const roomOf = (file) => file.split('/').slice(0, 2).join('/');

/** Rooms of `actors/`, arrows between them, and fields of `…Parts` records that hold a function. */
function houseOfActors(root) {
  const files = listed(root, 'actors').filter((file) => file.endsWith('.ts'));
  const arrows = new Set();
  let callbacks = 0;
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
    for (const statement of source.statements) {
      const from = statement.moduleSpecifier?.text;
      if (from?.startsWith('.')) {
        const to = posix.join(posix.dirname(file), from);
        const [here, there] = [roomOf(file), roomOf(to)];
        if (there.startsWith('actors/') && here !== there) arrows.add(`${here} > ${there}`);
      }
      if (ts.isInterfaceDeclaration(statement) && statement.name.text.endsWith('Parts')) {
        callbacks += statement.members.filter(
          ({ kind, type }) =>
            kind === ts.SyntaxKind.MethodSignature ||
            (type !== undefined && ts.isFunctionTypeNode(type)),
        ).length;
      }
    }
  }
  return { rooms: new Set(files.map(roomOf)).size, arrows: arrows.size, callbacks };
}

/** Names that an app can import, over all entry points; the members of a namespace count, too. */
function publicNames(root) {
  const entries = ENTRIES.filter((file) => listed(root, file).length > 0).map((file) =>
    join(root, file),
  );
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  const program = ts.createProgram(entries, config.options);
  const checker = program.getTypeChecker();
  let names = 0;
  for (const entry of entries) {
    const visit = (module) => {
      for (const name of checker.getExportsOfModule(module)) {
        names += 1;
        const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
        if (target.flags & ts.SymbolFlags.ValueModule) visit(target);
      }
    };
    visit(checker.getSymbolAtLocation(program.getSourceFile(entry)));
  }
  return names;
}

function measure(root) {
  const files = listed(root, ...ROOMS).filter((file) => /\.(tsx?|mjs)$/.test(file));
  const lines = { product: 0, tools: 0, demo: 0, drill: 0 };
  const counts = { product: 0, tools: 0, demo: 0, drill: 0 };
  const comments = { all: 0, nounless: [], actors: 0, nounlessInActors: 0 };
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
    const place = APART.find(([, pattern]) => pattern.test(file))?.[0] ?? 'product';
    lines[place] += codeLines(ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true, kind));
    counts[place] += 1;
    const { count, nounless } = docComments(text);
    if (file.startsWith('actors/')) {
      comments.actors += count;
      comments.nounlessInActors += nounless.length;
    } else {
      comments.all += count;
      comments.nounless.push(...nounless.map((comment) => `${file}:${comment}`));
    }
  }
  const sum = (by) => Object.values(by).reduce((total, one) => total + one, 0);
  const isDecision = (file) => file.startsWith('docs/decisions/');
  const docs = listed(root, 'docs').filter((file) => file.endsWith('.md'));
  const house = houseOfActors(root);
  const isGenerated = (file) => /^docs\/(machines|reference|api)\//.test(file);
  return {
    'lines with a token': sum(lines),
    '  of a user': lines.product,
    '  tools': lines.tools,
    '  demo': lines.demo,
    '  drill': lines.drill,
    files: sum(counts),
    '  of a user ': counts.product,
    '  tools, demo, drill': sum(counts) - counts.product,
    'public names': publicNames(root),
    'rooms of actors': house.rooms,
    '  arrows between them': house.arrows,
    '  functions in records of parts': house.callbacks,
    'words of docs without decisions': words(
      root,
      docs.filter((file) => !isDecision(file)),
    ),
    '  written by hand': words(
      root,
      docs.filter((file) => !isDecision(file) && !isGenerated(file)),
    ),
    '  decisions': words(root, docs.filter(isDecision)),
    'words of API reports': words(
      root,
      listed(root, 'docs/api', 'tools/api').filter((file) => file.endsWith('.md')),
    ),
    'doc comments without a noun, %': percent(comments.nounless.length, comments.all),
    '  in actors, %': percent(comments.nounlessInActors, comments.actors),
    nounless: comments.nounless,
  };
}

// A reader that closes the pipe (`| head`) is no failure.
process.stdout.on('error', () => {});
const print = (line) => process.stdout.write(`${line}\n`);
const percent = (part, whole) => (whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10);

const others = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const roots = [...others.map((other) => resolve(other)), resolve(import.meta.dirname, '..')];
const measured = roots.map(measure);
print(
  `${''.padEnd(34)}${roots.map((_, at) => (at < others.length ? 'there' : 'here').padStart(10)).join('')}`,
);
for (const name of Object.keys(measured[0])) {
  if (name === 'nounless') continue;
  print(`${name.padEnd(34)}${measured.map((one) => String(one[name]).padStart(10)).join('')}`);
}
if (process.argv.includes('--comments')) print(measured.at(-1).nounless.join('\n'));
