/** The table of planted bugs in docs/testing.md. */

const BEGIN = '<!-- plants: written by npm run simulate:plants -- --remember -->';
const END = '<!-- end of plants -->';

/** The page with the table of what is planted now. */
export function withTable(page, every, found) {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/testing.md has no ${BEGIN} … ${END}`);
  const rows = every.map(({ name, says, seedsMax }) => {
    const { seed = '–', breach = '–' } = found[name] ?? {};
    return `| \`${name}\` | ${says} | ${breach} | ${seed} | ${seedsMax} |`;
  });
  const head = [
    '| Plant | The bug | Found as | Seed | Of at most |',
    '| --- | --- | --- | --- | --- |',
  ];
  return `${before}${BEGIN}\n${[...head, ...rows].join('\n')}\n${END}${after}`;
}
