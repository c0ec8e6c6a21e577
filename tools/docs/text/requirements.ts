/**
 * The requirements page read as data, and what cites its ids: the thread from a requirement to the
 * code that carries it and the tests that prove it.
 *
 * @module
 */

/** A file as the documentation reads it. */
export interface SourceFile {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Requirement {
  readonly id: string;
  readonly text: string;
}

/** Everything that cites a requirement. */
export interface Trace {
  readonly requirement: Requirement;
  /** Paths of the code that cites its id, in comments or in `meta.requirements`. */
  readonly carriers: readonly string[];
  /** Paths of the test files with a title that starts with its id. */
  readonly tests: readonly string[];
}

/** The file lists what is missing, and carries nothing. */
const CITES_ONLY = new Set(['tools/docs/text/notBuilt.ts']);

const ID = /\b[A-Z]{2}-\d+\b/g;

/** The ids that a text names, each once. */
export function idsIn(text: string): readonly string[] {
  return [...new Set(text.match(ID))];
}

/** The requirements of docs/requirements.md in the order of the page. */
export function parseRequirements(markdown: string): readonly Requirement[] {
  return [...markdown.matchAll(/^- <a id="[^"]*"><\/a>\*\*([A-Z]{2}-\d+)\*\* (.+)$/gm)].map(
    ([, id = '', text = '']) => ({ id, text }),
  );
}

/** Every requirement with its carriers and tests. */
export function traceRequirements(
  requirements: readonly Requirement[],
  code: readonly SourceFile[],
  tests: readonly SourceFile[],
): readonly Trace[] {
  const carriers = byId(
    code.filter(({ path }) => !CITES_ONLY.has(path)),
    idsIn,
  );
  const proofs = byId(tests, idsInTitles);
  return requirements.map((requirement) => ({
    requirement,
    carriers: carriers.get(requirement.id) ?? [],
    tests: proofs.get(requirement.id) ?? [],
  }));
}

/**
 * The ids that test titles start with; one title may start with several: `'CB-1, CB-4 an open …'`. A title in a
 * text that a test is about is none.
 */
export function idsInTitles(text: string): ReadonlySet<string> {
  const ids = new Set<string>();
  const titles = text.matchAll(
    /(?<!['"`](?:test|it|describe)[\w.]*)\(\s*['"`]((?:[A-Z]{2}-\d+(?:[,:]| and)?\s+)+)/g,
  );
  for (const [, start = ''] of titles) for (const id of idsIn(start)) ids.add(id);
  return ids;
}

function byId(
  files: readonly SourceFile[],
  idsOf: (text: string) => Iterable<string>,
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, text } of files) {
    for (const id of idsOf(text)) {
      const known = paths.get(id);
      if (known === undefined) paths.set(id, [path]);
      else known.push(path);
    }
  }
  return paths;
}
