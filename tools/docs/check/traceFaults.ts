/**
 * Whether each requirement is carried by code and proven by a test, and whether each id that is cited is one.
 *
 * @module
 */

import type { NotBuilt } from '../text/notBuilt.ts';
import { idsIn, type SourceFile, type Trace } from '../text/requirements.ts';

const LIST = 'tools/docs/text/notBuilt.ts';
const PAGE = 'docs/requirements.md';

export function traceFaults(
  traces: readonly Trace[],
  notBuilt: readonly NotBuilt[],
): readonly string[] {
  const excused = new Set(notBuilt.map(({ id }) => id));
  const open = traces.filter(({ requirement }) => !excused.has(requirement.id));
  return [
    ...(traces.length === 0 ? [`${PAGE} holds no requirement`] : []),
    ...open
      .filter(({ carriers }) => carriers.length === 0)
      .map(
        ({ requirement: { id } }) =>
          `${PAGE}: no code carries ${id}; cite it where it is done, or say in ${LIST} what is missing`,
      ),
    ...open
      .filter(({ tests }) => tests.length === 0)
      .map(
        ({ requirement: { id } }) =>
          `${PAGE}: no test proves ${id}; begin the title of one with it, or say in ${LIST} what is missing`,
      ),
    ...notBuilt.flatMap((row, index) => staleRow(row, index, traces, notBuilt)),
  ];
}

/** A row of what is not built that is of nothing, said twice, or done. */
function staleRow(
  { id, missing }: NotBuilt,
  index: number,
  traces: readonly Trace[],
  notBuilt: readonly NotBuilt[],
): readonly string[] {
  const trace = traces.find(({ requirement }) => requirement.id === id);
  if (trace === undefined) return [`${LIST}: there is no requirement ${id}; remove the row`];
  if (notBuilt.findIndex((row) => row.id === id) !== index) {
    return [`${LIST}: ${id} has two rows; make them one`];
  }
  if (!/^(All of it|In part): ./.test(missing)) {
    return [`${LIST}: ${id} does not say what is missing; begin with “All of it: ” or “In part: ”`];
  }
  const isDone = trace.carriers.length > 0 && trace.tests.length > 0;
  return isDone && !missing.startsWith('In part')
    ? [
        `${LIST}: ${id} is carried and proven; remove the row, or begin it with “In part” and say what is missing`,
      ]
    : [];
}

/** Ids that are cited and are no requirement. */
export function unknownIds(
  files: readonly SourceFile[],
  known: ReadonlySet<string>,
): readonly string[] {
  const families = new Set([...known].map((id) => id.split('-')[0]));
  return files.flatMap(({ path, text }) =>
    idsIn(text)
      .filter((id) => families.has(id.split('-')[0]) && !known.has(id))
      .map((id) => `${path}: there is no requirement ${id}`),
  );
}
