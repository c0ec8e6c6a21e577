/**
 * A comment of documentation as plain text.
 *
 * @module
 */

/** A comment's text without its stars, with `{@link X}` as `X`; paragraphs stay apart. */
export function plainComment(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .trim();
}
