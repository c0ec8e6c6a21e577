/**
 * The files of the repository, for the rules that hold over all of them.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

export interface RepositoryFile {
  readonly path: string;
  readonly text: string;
}

/** Every file that is tracked or would be, with its text. */
export function repositoryFiles(): readonly RepositoryFile[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return list
    .split('\n')
    .filter((path) => path !== '' && statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** Source text with its comments blanked out, so that a rule about code reads only code. */
export function withoutComments(source: string): string {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

/** The comments of a source alone, on the lines where they are. */
export function commentsOf(source: string): string {
  const strings = /(['"])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\.|[^\\`])*`/;
  const comments = /\/\*[\s\S]*?\*\/|(?:^|(?<=\s))\/\/.*$/;
  const parts = new RegExp(`(?:${strings.source})|(${comments.source})|[^\\n]`, 'gm');
  return source.replaceAll(parts, (part, _quote, comment: string | undefined) =>
    comment === undefined ? part.replaceAll(/[^\n]/g, ' ') : comment,
  );
}

/** `path:line` of every match of `pattern` in the texts. */
export function findAll(files: readonly RepositoryFile[], pattern: RegExp): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}
