/**
 * Pages that promise something name, behind each paragraph, list and table, what holds it:
 *
 *     A crisis is answered at once.
 *     <!-- held: test/src/crisis.test.ts; drill: offline -->
 *
 * Each part is a file of tests, by its path, or a row of the crisis drill, by its name. Headings, samples of
 * code and pictures need none.
 *
 * @module
 */

import type { SourceFile } from '../text/requirements.ts';

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
export function partFaults(named: string, { isFile, rows }: Evidence): readonly string[] {
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
