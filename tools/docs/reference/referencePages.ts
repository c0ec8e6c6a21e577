/**
 * Writes the pages of the reference: each public name with its signature, what is said of it, what it throws and
 * its examples (decision 0171).
 *
 * @module
 */

import { code, linkIds, table } from '../text/markdown.ts';
import type { Declaration, DocComment, Member } from './declarations.ts';
import { type Subject, subjectsOf, TOLD_ELSEWHERE } from './subjects.ts';

export interface ReferenceInput {
  /** What each import of the package declares, by its name. */
  readonly declared: ReadonlyMap<string, ReadonlyMap<string, Declaration>>;
  /** The requirements that there are. */
  readonly known: ReadonlySet<string>;
}

export interface ReferencePage {
  readonly path: string;
  readonly text: string;
}

const FOLDER = 'docs/reference';
const WRITTEN = '<!-- Written by `npm run docs` from comments. -->';
/** Names that two entries use for different things. */
const OWN_NAMES: ReadonlySet<string> = new Set(['UpstreamOptions']);
/** Ids in parentheses say which requirement a sentence keeps: of use to those who change the program. */
const IDS_ASIDE = / ?\((?:[A-Z]{2}-\d+(?:, | to | and |; )?)+\)/g;

/** Every page, and an index. */
export function referencePages(input: ReferenceInput): readonly ReferencePage[] {
  return [indexPage(input), ...subjectsFor(input).map((subject) => subjectPage(subject, input))];
}

function subjectsFor({ declared }: ReferenceInput): readonly Subject[] {
  return subjectsOf([...declared.keys()]);
}

/** The names on a page: those it lists, and on the last page of an import all that no page lists. */
export function namesOn(subject: Subject, input: ReferenceInput): readonly string[] {
  const { from, names } = subject;
  const declared = input.declared.get(from) ?? new Map<string, Declaration>();
  const ofImport = subjectsFor(input).filter((other) => other.from === from);
  const last = ofImport.find(({ file }) => file === 'types') ?? ofImport.at(-1);
  const listed = new Set(ofImport.flatMap((other) => other.names));
  const others = [...declared.values()].filter(
    ({ name, isExported }) => isExported && !listed.has(name),
  );
  const here = names.filter((name) => declared.has(name));
  return subject.file === last?.file ? [...here, ...others.map(({ name }) => name)] : here;
}

function indexPage(input: ReferenceInput): ReferencePage {
  const rows = subjectsFor(input).map((subject) => [
    `[${subject.title}](${subject.file}.md)`,
    namesOn(subject, input)
      .filter((name) => input.declared.get(subject.from)?.get(name)?.isExported === true)
      .map((name) => `[${code(name)}](${subject.file}.md#${anchorOf(name)})`)
      .join(' '),
  ]);
  const text = `# Reference

${WRITTEN}

Every name that the package exports. Examples take a \`runtime\` for granted, and are run by the tests.

${table(['Page', 'Names'], rows)}
`;
  return { path: `${FOLDER}/README.md`, text };
}

function subjectPage(subject: Subject, input: ReferenceInput): ReferencePage {
  const page = new Page(subject, input);
  const names = namesOn(subject, input);
  const text = `# ${subject.title}

${WRITTEN}

${subject.intro}

${names.map((name) => page.entry(name)).join('\n\n')}
`;
  return { path: `${FOLDER}/${subject.file}.md`, text };
}

function anchorOf(name: string): string {
  return name.toLowerCase();
}

class Page {
  readonly #subject: Subject;
  readonly #input: ReferenceInput;

  constructor(subject: Subject, input: ReferenceInput) {
    this.#subject = subject;
    this.#input = input;
  }

  entry(name: string): string {
    const declaration = this.#declared.get(name);
    if (declaration === undefined) throw new Error(`${name} is not declared`);
    const { kind, doc, signature } = declaration;
    const heading = [`## ${name}`, this.#prose(doc.text)];
    const page = this.#subject.from === 'holdfast' ? TOLD_ELSEWHERE[name] : undefined;
    if (page !== undefined) return paragraphs([...heading, `See [${page}](../${page}).`]);
    if (this.#isOfTheMainEntry(name))
      return paragraphs([`## ${name}`, 'As `holdfast` exports it.']);
    const members = this.#membersOf(declaration);
    const methods = members.filter(({ isMethod }) => isMethod);
    const fields = members.filter(({ isMethod }) => !isMethod);
    const isList = members.length > 0 && kind !== 'function';
    return paragraphs([
      ...heading,
      isList ? '' : fence(signature),
      ...this.#about(doc),
      fields.map((field) => this.#field(field)).join('\n'),
      ...methods.map((method) => this.#method(name, method)),
    ]);
  }

  get #declared(): ReadonlyMap<string, Declaration> {
    return this.#input.declared.get(this.#subject.from) ?? new Map();
  }

  /** The members of a type, with those of a type it extends that has no entry of its own. */
  #membersOf(declaration: Declaration): readonly Member[] {
    const inherited = declaration.bases.flatMap(({ name, has, isPartial }) => {
      const base = this.#declared.get(name);
      if (base === undefined || this.#hasEntry(name)) return [];
      return this.#membersOf(base)
        .filter((member) => has(member.name))
        .map((member) => ({ ...member, isOptional: member.isOptional || isPartial }));
    });
    const members = new Map<string, Member>();
    for (const member of [...declaration.members, ...inherited]) {
      const earlier = members.get(member.name);
      members.set(member.name, earlier === undefined ? member : overloaded(earlier, member));
    }
    return [...members.values()];
  }

  #isOfTheMainEntry(name: string): boolean {
    const { from } = this.#subject;
    return (
      from !== 'holdfast' &&
      this.#input.declared.get('holdfast')?.get(name)?.isExported === true &&
      !OWN_NAMES.has(name)
    );
  }

  /** Here or, of a part that is repeated in the types of another import, in the reference of that. */
  #hasEntry(name: string): boolean {
    const { declared } = this.#input;
    return [this.#subject.from, 'holdfast'].some(
      (from) => declared.get(from)?.get(name)?.isExported === true,
    );
  }

  #field({ name, isOptional, signature, doc }: Member): string {
    const said = [
      this.#prose(doc.text),
      ...doc.throws.map(
        (one) => `Throws ${this.#prose(one.replace(/^HoldfastError (\(rejects\) )?/, ''))}`,
      ),
    ];
    const type = code(short(signature.replace(/ \| undefined$/, '').replaceAll(/\s+/g, ' ')));
    return `- ${code(`${name}${isOptional ? '?' : ''}`)}: ${[type, ...said].join(' ').trim()}`;
  }

  #method(owner: string, { name, signature, doc }: Member): string {
    return paragraphs([
      `### ${owner}.${name}`,
      this.#prose(doc.text),
      fence(signature),
      ...this.#about(doc),
    ]);
  }

  /** What stands below a signature. */
  #about({ params, throws, examples }: DocComment): readonly string[] {
    return [
      ...params.map(([name, said]) => `- ${code(name)}: ${this.#prose(said)}`),
      ...throws.map(
        (said) => `**Throws** ${this.#prose(said.replace(/^HoldfastError (\(rejects\) )?/, ''))}`,
      ),
      ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``),
    ];
  }

  #prose(text: string): string {
    const linked = text
      .replaceAll(IDS_ASIDE, '')
      .replaceAll(/\{@link ([\w.]+)\}/g, (_, name: string) => this.#link(name))
      .replaceAll(/(?<![\w(/`])docs\/([\w/-]+\.md)/g, '[docs/$1](../$1)');
    return linkIds(linked, this.#input.known);
  }

  #link(name: string): string {
    const [owner = ''] = name.split('.');
    const target = subjectsFor(this.#input).find(
      (subject) =>
        subject.from === this.#subject.from && namesOn(subject, this.#input).includes(owner),
    );
    if (target === undefined) return code(name);
    return `[${code(name)}](${target.file}.md#${anchorOf(owner)})`;
  }
}

/** One more way to call a method. What is said of it stands at one of them. */
function overloaded(first: Member, second: Member): Member {
  if (!first.isMethod || first.signature === second.signature) return first;
  const doc = first.doc.text === '' ? second.doc : first.doc;
  return { ...first, doc, signature: `${first.signature}\n${second.signature}` };
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A type as a reader needs it: what is optional has a mark already, and nothing can be written to. */
function short(type: string): string {
  return type
    .replaceAll(/ = Readonly<Record<string, \w+>>/g, '')
    .replaceAll(/\breadonly /g, '')
    .replaceAll(/(\?: [^;{}]*?) \| undefined(?=[;)])/g, '$1');
}

function fence(signature: string): string {
  return `\`\`\`ts signature\n${short(signature)}\n\`\`\``;
}
