/**
 * Builds Markdown: tables, code and headings.
 *
 * @module
 */

/**
 * A table of Markdown; cells are Markdown too, on one line each. A column that is blank in every
 * row is left out.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = head.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''));
  const line = (cells: readonly string[]) =>
    `| ${cells
      .filter((_, column) => kept[column])
      .map(cell)
      .join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Code in a line of text, as it is. */
export function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text}${fence}`;
}

/** What somebody wrote as text that is shown as it is: no link, picture or mark-up comes of it. */
export function asWritten(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>&~!]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ');
}

/** A camelCase name as words: `circuitBreaker` becomes `circuit breaker`. */
export function words(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

/** A camelCase name as a heading: `circuitBreaker` becomes `Circuit breaker`. */
export function heading(name: string): string {
  return capital(words(name));
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence as part of another: without its full stop, and its first letter small. */
export function clause(sentence: string): string {
  const text = sentence.trim().replace(/\.$/, '');
  return /^[A-Z][a-z]*\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** Code in a block, with a fence that is longer than any in it. */
export function codeBlock(language: string, text: string): string {
  const fence = text.includes('```') ? '````' : '```';
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/** Turns each requirement id that `known` has into a link to its place on the requirements page. */
export function linkIds(text: string, known: ReadonlySet<string>): string {
  return text.replaceAll(/\b[A-Z]{2}-\d+\b/g, (id) =>
    known.has(id) ? `[${id}](../requirements.md#${id.toLowerCase()})` : id,
  );
}

function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
