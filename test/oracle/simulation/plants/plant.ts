/**
 * A planted bug: one place of the sources changed in a build of the tests, and never in what ships.
 *
 * @module
 */

export interface Plant {
  /** Tells it from all others, in kebab-case. */
  readonly name: string;
  /** The file that it changes, from the root of the repository. */
  readonly file: string;
  /** Stands once in the file; the whole line or more, so that it reads well beside what replaces it. */
  readonly find: string;
  readonly replace: string;
  /** What is wrong with it for users, in a sentence. */
  readonly says: string;
  /** The breach by which the simulator has to find it, as `what: details`. */
  readonly finds: RegExp;
  /** The beginning of the kinds of step that its plans are about: `edit`, `people upstream`; left out: of everything. */
  readonly about?: string;
  /** It is found within so many seeds, counted from 1. */
  readonly seedsMax: number;
}

/** The file with the plant in it. @throws Error where `find` no longer stands there once */
export function withPlant({ name, file, find, replace }: Plant, source: string): string {
  const times = source.split(find).length - 1;
  if (times !== 1) {
    throw new Error(
      `The plant ${name} is stale: its \`find\` stands ${times} times in ${file}. Give it the text that now stands there, in test/oracle/simulation/plants, or take the plant out where the code that it breaks is gone.`,
    );
  }
  return source.replace(find, () => replace);
}
