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

/** A camelCase name as a heading: `circuitBreaker` becomes `Circuit breaker`. */
export function heading(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
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
