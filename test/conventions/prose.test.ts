/** The words that comments do not use (docs/glossary.md): they are old, or known to this project only. */

import { describe, expect, test } from 'vitest';
import { commentsOf, findAll, repositoryFiles } from './repository.ts';

/** Folders whose comments have been gone through; others follow as their files are rewritten. */
const FOLDERS = /^(actors|src)\/.*\.ts$/;
const UNUSED = /\b(whoever|anew|afresh|amiss|for ever|in good order|at its leisure|set aside)\b/i;

describe('OB-3 comments are in plain words', () => {
  const comments = repositoryFiles()
    .filter(({ path }) => FOLDERS.test(path))
    .map(({ path, text }) => ({ path, text: commentsOf(text) }));

  test('OB-3 none uses a word that the field does not', () => {
    expect(comments.length).toBeGreaterThan(100);
    expect(findAll(comments, UNUSED)).toEqual([]);
  });

  test('OB-3 control: comments are read, of either kind, and what is code or a message is not', () => {
    const source = [
      "const anew = 'started anew // afresh';",
      '/**',
      ' * Whoever waits.',
      ' */',
      "go('/*'); // Starts anew.",
      'const t = `anew`; /* for ever */',
    ].join('\n');
    const text = commentsOf(source);
    expect(findAll([{ path: 'a.ts', text }], UNUSED)).toEqual(['a.ts:3', 'a.ts:5', 'a.ts:6']);
  });
});
