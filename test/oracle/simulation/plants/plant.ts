/**
 * A planted bug: a change of one place in the sources, made in a build of the tests and never in what ships.
 *
 * @module
 */

export interface Plant {
  /** Name that no other plant has, in kebab-case. */
  readonly name: string;
  /** Path of the file that it changes, from the root of the repository. */
  readonly file: string;
  /** Text that stands once in the file; the whole line or more, so that it reads well beside its replacement. */
  readonly find: string;
  readonly replace: string;
  /** Harm that it does to users, in a sentence. */
  readonly says: string;
  /** Breach by which the simulator must find it, as `what: details`. */
  readonly finds: RegExp;
  /** Prefixes of the kinds of step that its plans are about, such as `edit people`; left out: all kinds alike. */
  readonly about?: string;
  /** Number of seeds, from 1, within which the simulator must find it. */
  readonly seedsMax: number;
}

/**
 * Plants the bug in a file's source.
 *
 * @throws Error where `find` no longer stands there once
 */
export function withPlant({ name, file, find, replace }: Plant, source: string): string {
  const times = source.split(find).length - 1;
  if (times !== 1) {
    throw new Error(
      `The plant ${name} is stale: its \`find\` stands ${times} times in ${file}. Give it the text that now stands there, in test/oracle/simulation/plants, or take the plant out where the code that it breaks is gone.`,
    );
  }
  return source.replace(find, () => replace);
}
