/**
 * Links of written pages that lead nowhere: to a file that is not there, or to a place that a page has not.
 *
 * @module
 */

import { posix } from 'node:path';
import type { SourceFile } from '../text/requirements.ts';

// Pages that promise something name, behind each paragraph, list and table, what holds it:
//
//     A crisis is answered at once.
//     <!-- held: test/src/crisis.test.ts; drill: offline -->
//
// Each part is a file of tests, by its path, or a row of the crisis drill, by its name. Headings, samples of
// code and pictures need none.

/** What a page may name. */
export interface Evidence {
  readonly isFile: (path: string) => boolean;
  /** The names of the drill's rows. */
  readonly rows: ReadonlySet<string>;
}

interface Block {
  readonly line: number;
  readonly text: string;
}

const MARK = /^<!-- held: (.*) -->$/;
const ROW = /^drill: ([a-z-]+)$/;
const TEST = /^test\/.*\.test\.ts$/;
const FENCE = /^(```+)/;
/** A picture alone in its line, and headings. */
const NEEDS_NONE = /^(#{1,6} |!\[[^\]]*\]\([^)]*\)$|\{\{picture )/;
const SHOWN = 60;

/** One sentence a fault, with where it is and what to do. */
export function heldFaults(pages: readonly SourceFile[], evidence: Evidence): readonly string[] {
  return pages.flatMap((page) => [
    ...blocksOf(page.text).unheld.map(
      (block) =>
        `${page.path}:${block.line}: nothing is named that holds “${block.text.slice(0, SHOWN)}…”; put <!-- held: test/…; drill: … --> behind it`,
    ),
    ...markFaults([page], evidence),
  ]);
}

/** What is wrong with the marks of pages of which only some paragraphs have one. */
export function markFaults(pages: readonly SourceFile[], evidence: Evidence): readonly string[] {
  return pages.flatMap(({ path, text }) => {
    const { stray, marks } = blocksOf(text);
    return [
      ...stray.map(({ line }) => `${path}:${line}: a mark stands behind nothing; remove it`),
      ...marks.flatMap(({ line, text: named }) =>
        partFaults(named, evidence).map((fault) => `${path}:${line}: ${fault}`),
      ),
    ];
  });
}

/** The names of the drill's rows, from the source of its scenarios. */
export function drillRows(code: readonly SourceFile[]): ReadonlySet<string> {
  const scenarios = code.filter(({ path }) => path.startsWith('src/drill/scenarios/'));
  return new Set(
    scenarios.flatMap(({ text }) =>
      [...text.matchAll(/\bname: '([a-z-]+)',\s+title:/g)].map(([, name = '']) => name),
    ),
  );
}

/** What is wrong with the parts of a mark: a file that is not there, a row that the drill has not. */
function partFaults(named: string, { isFile, rows }: Evidence): readonly string[] {
  return named.split(';').flatMap((part) => {
    const what = part.trim();
    const row = ROW.exec(what)?.[1];
    if (row !== undefined) return rows.has(row) ? [] : [`the drill has no row ${row}`];
    if (!TEST.test(what)) return [`“${what}” is neither a file of tests nor “drill: <row>”`];
    return isFile(what) ? [] : [`${what} is not there`];
  });
}

function blocksOf(text: string): {
  readonly unheld: readonly Block[];
  readonly stray: readonly Block[];
  readonly marks: readonly Block[];
} {
  const [unheld, stray, marks]: [Block[], Block[], Block[]] = [[], [], []];
  let open: Block | null = null;
  /** What ends a part that is passed over: a fence, the end of a comment. */
  let until: string | null = null;
  const close = (): void => {
    if (open !== null) unheld.push(open);
    open = null;
  };
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim();
    const at = index + 1;
    const mark = MARK.exec(line)?.[1];
    const fence = FENCE.exec(line)?.[1];
    if (until !== null) {
      if (line.endsWith(until)) until = null;
    } else if (mark !== undefined) {
      marks.push({ line: at, text: mark });
      if (open === null) stray.push({ line: at, text: mark });
      open = null;
    } else if (line === '' || NEEDS_NONE.test(line)) {
      close();
    } else if (fence !== undefined || line.startsWith('<!--')) {
      close();
      until = fence ?? '-->';
      if (fence === undefined && line.endsWith('-->')) until = null;
    } else {
      open ??= { line: at, text: line };
    }
  }
  close();
  return { unheld, stray, marks };
}

/** Links of Markdown, and of the HTML in it. */
const LINK = /\]\(([^)\s]+)\)|\b(?:href|src)="([^"]+)"/g;
const PLACE = /<a id="([^"]+)">/g;
const HEADING = /^#{1,6} (.+)$/gm;

/**
 * `textOf` reads a page that is not among those written; `null` where it is not there. A file that is no page
 * is only asked for.
 */
export function linkFaults(
  pages: readonly SourceFile[],
  textOf: (path: string) => string | null,
): readonly string[] {
  const places = new Map<string, ReadonlySet<string> | null>();
  const placesOf = (path: string): ReadonlySet<string> | null => {
    const known = places.get(path);
    if (known !== undefined) return known;
    const text = pages.find((page) => page.path === path)?.text ?? textOf(path);
    const found = text === null ? null : placesIn(text);
    places.set(path, found);
    return found;
  };
  return pages
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      targetsIn(text).flatMap((target) => {
        const [file = '', place = ''] = target.split('#');
        const to = file === '' ? path : posix.join(posix.dirname(path), file);
        const found = placesOf(to);
        if (found === null) return [`${path}: a link leads to ${to}, which is not there`];
        if (place === '' || !to.endsWith('.md') || found.has(place)) return [];
        return [`${path}: a link leads to ${to}#${place}, and there is no such place`];
      }),
    );
}

/** What the links of a page lead to, each once, but for those that leave the repository. */
function targetsIn(text: string): readonly string[] {
  const targets = [...withoutCode(text).matchAll(LINK)].map(
    ([, target, attribute = '']) => target ?? attribute,
  );
  return [...new Set(targets)].filter((target) => !/^[a-z]+:/.test(target));
}

function placesIn(text: string): ReadonlySet<string> {
  const named = [...text.matchAll(PLACE)].map(([, id = '']) => id);
  const headings = [...withoutBlocks(text).matchAll(HEADING)].map(([, title = '']) => slug(title));
  return new Set([...named, ...headings]);
}

/** The place that GitHub makes of a heading. */
function slug(title: string): string {
  return title
    .replaceAll(/<[^>]*>/g, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replaceAll(/``?[^`\n]*``?/g, '');
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^(```+)[\s\S]*?^\1$/gm, '');
}

const FIELDS = [
  'Cause',
  'Effect',
  'Initial risk',
  'Control',
  'Evidence',
  'Residual risk',
  'Owner',
] as const;
const RISKS: readonly string[] = ['Initial risk', 'Residual risk'];
const RISK =
  /^(Minor|Significant|Considerable|Major|Catastrophic), (very low|low|medium|high|very high)(: .+)?$/;
const HAZARD = /^### (H\d+) · (.+)$/gm;
const FIELD = /^\| ([A-Z][a-z ]+) \| (.*) \|$/gm;

export function hazardFaults({ path, text }: SourceFile, evidence: Evidence): readonly string[] {
  const starts = [...text.matchAll(HAZARD)];
  if (starts.length === 0) return [`${path} holds no hazard`];
  return starts.flatMap((start, index) => {
    const [, id = ''] = start;
    const section = text.slice(start.index, starts[index + 1]?.index);
    const fields = [...section.matchAll(FIELD)].map(
      ([, name = '', value = '']) => [name, value.trim()] as const,
    );
    return [
      ...(id === `H${index + 1}` ? [] : [`${id} stands where H${index + 1} should`]),
      ...(fields.map(([name]) => name).join() === FIELDS.join()
        ? []
        : [
            `${id} has the fields ${fields.map(([name]) => name).join(', ')}; it needs ${FIELDS.join(', ')}`,
          ]),
      ...fields.flatMap(([name, value]) => valueFaults(id, name, value, evidence)),
    ].map((fault) => `${path}: ${fault}`);
  });
}

function valueFaults(
  id: string,
  name: string,
  value: string,
  evidence: Evidence,
): readonly string[] {
  if (value === '') return [`${id} says nothing under ${name}`];
  if (RISKS.includes(name) && !RISK.test(value)) {
    return [`${id}: ${name} is “<severity>, <likelihood>”, and not “${value}”`];
  }
  if (name !== 'Evidence') return [];
  const rows = [...value.matchAll(/`(drill: [a-z-]+)`/g)].map(([, row = '']) => row);
  const isProven = rows.length > 0 || /\]\([^)]+\.test\.ts\)/.test(value);
  return [
    ...(isProven ? [] : [`${id} names no test and no row of the drill as evidence`]),
    ...rows.flatMap((row) => partFaults(row, evidence)).map((fault) => `${id}: ${fault}`),
  ];
}
