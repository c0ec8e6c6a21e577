/**
 * Reads a comment of documentation: its prose, what is thrown, its parameters and its examples.
 *
 * @module
 */

export interface DocComment {
  /** Markdown, with links as `{@link name}`. */
  readonly text: string;
  readonly throws: readonly string[];
  /** By name. */
  readonly params: readonly (readonly [string, string])[];
  /** Code, without a fence. */
  readonly examples: readonly string[];
}

/** What a comment says, from its opening to its closing mark. */
export function readDocComment(comment: string): DocComment {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  // A tag begins a line, or follows a sentence; `{@link` stands within one.
  const [text = '', ...blocks] = lines.join('\n').split(/(?:^|(?<=\. ))@(?=[a-z])/m);
  const of = (tag: string): readonly string[] =>
    blocks
      .filter((block) => new RegExp(`^${tag}\\b`).test(block))
      .map((block) => block.slice(tag.length));
  return {
    text: prose(text),
    throws: of('throws').map(prose),
    params: of('param').map((block) => {
      const [, name = '', said = ''] = /^\s*(\w+)\s*(?:-\s*)?([^]*)$/.exec(block) ?? [];
      return [name, prose(said)];
    }),
    examples: of('example').map((block) => block.replaceAll(/^```\w*\n|^```$/gm, '').trim()),
  };
}

/** Lines of a paragraph are one; an item of a list has its own. */
function prose(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/ *\n(?! *- ) */g, ' '))
    .join('\n\n');
}
