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
const CITES_ONLY = new Set(['tools/docs/text/requirements.ts']);

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

// The requirements that are not built yet, or not in all they say: the only ones that may be carried by no
// code or proven by no test. A row that is done has to go (`npm run docs:check`).

export interface NotBuilt {
  readonly id: string;
  /** `All of it: …`, or `In part: …`: what is missing. */
  readonly missing: string;
}

export const NOT_BUILT: readonly NotBuilt[] = [
  {
    id: 'PF-2',
    missing:
      'In part: a grade that is given counts for the level of the process; nothing measures the network yet, and handlers are told “good”.',
  },
  {
    id: 'PF-3',
    missing:
      'In part: a request that comes again under its key is the same operation, and each caller keeps its own abort; work without a key is not joined.',
  },
  {
    id: 'PF-4',
    missing:
      'All of it: there is no cache of what upstreams answer yet, from which a level could serve (DG-2), and no deltas.',
  },
  { id: 'PF-6', missing: 'In part: slots follow what gets done; no call is hedged yet.' },
  { id: 'PF-7', missing: 'All of it: nothing is fetched before it is asked for.' },
  {
    id: 'SE-2',
    missing:
      'In part: a file, a passphrase and a raw key are built in; a keychain or a key management service needs a source of the app’s own.',
  },
  { id: 'SE-3', missing: 'All of it: no key is changed while operations run.' },
  {
    id: 'AU-1',
    missing:
      'In part: keys can not be changed yet, so there is no entry of it; access has no roles yet (AC-1), so that an entry names the door and whom the caller names.',
  },
  {
    id: 'AC-1',
    missing:
      'In part: each management call names the capability that it needs; there are no roles, no tokens and no second person yet: whoever can open the store or its socket may do everything.',
  },
  {
    id: 'HM-2',
    missing: 'All of it: answers are measured by tier, and not yet held against service levels.',
  },
  {
    id: 'HM-3',
    missing: 'All of it: health and facts have the numbers; nothing exports them yet.',
  },
  {
    id: 'HM-4',
    missing:
      'In part: what a person has to know is told once to `onError`; it has no categories and no routes yet.',
  },
  { id: 'HM-5', missing: 'All of it: no trend is predicted yet.' },
  {
    id: 'RO-1',
    missing:
      'All of it: a breaker can be switched off by hand; other components have no switch yet.',
  },
  { id: 'RO-2', missing: 'All of it: it comes with the switches.' },
  {
    id: 'SC-2',
    missing:
      'In part: the port of an engine and the tests for one are there; there is no distributed engine yet.',
  },
  { id: 'SC-3', missing: 'All of it: an upstream has one endpoint.' },
];
