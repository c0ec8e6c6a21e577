/**
 * docs/cli.md, written from the commands themselves: `npx vitest run test/docs/cli.test.ts -u` writes it anew.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { holdfastProgram } from '../../src/cli/holdfastProgram.ts';
import { EXIT } from '../../src/cli/kit/program.ts';
import { type CommandFacts, commandLineOf, type OptionFacts } from '../support/docs/commandLine.ts';
import { DESCRIBED } from '../support/docs/jsonShapes.ts';

const CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'All is well.',
  failed: 'It failed, or there was nothing to do.',
  usage: 'Wrong usage.',
  someBad: 'Some work ended in the dead letters, or some input was bad.',
  unfinished: 'Work was left when `--deadline` came.',
  storeUnavailable: "The store can't be opened: its key, its owner, its version, its folder.",
  interrupted: 'Ctrl-C, or SIGTERM.',
};

const PROGRAM = await holdfastProgram();
const COMMANDS = commandLineOf(PROGRAM);

test('OB-3 UX-1 the reference page has every command and every option as they are', async () => {
  await expect(page(COMMANDS)).toMatchFileSnapshot('../../docs/cli.md');
});

test('UX-1 docs/json.md has what each command prints with --json', () => {
  const promised = COMMANDS.filter(
    ({ path, options }) =>
      !['demo', 'crisis-drill', 'simulate', ...IN_A_CLONE].includes(path[0] ?? '') &&
      path.length > 0 &&
      options.some(({ names }) => names.includes('--json')),
  ).map(({ path }) => path.join(' '));
  const described = DESCRIBED.map((name) => name.replace(/ --.*/, ''));
  expect([...new Set(described)].toSorted()).toEqual(['error', ...promised].toSorted());
});

test('UX-1 every command that does something shows an example', () => {
  const without = COMMANDS.filter(({ path, commands }) => {
    if (path.length === 0 || commands.length > 0 || path[0] === 'help') return false;
    let command = PROGRAM;
    for (const name of path)
      command = command.commands.find((one) => one.name() === name) ?? command;
    let help = '';
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    return !/Examples?:\n {2}\$ /.test(help);
  });
  expect(without).toEqual([]);
});

function page(commands: readonly CommandFacts[]): string {
  const variables = new Map<string, string>(
    commands.flatMap(({ options }) =>
      options.flatMap(({ variable, flags }) =>
        variable === null ? [] : ([[variable, `Stands for \`${flags}\`.`]] as const),
      ),
    ),
  );
  variables.set('HOLDFAST_DEBUG', 'Set to anything: shows the stack and the causes of an error.');
  variables.set('NO_COLOR, FORCE_COLOR', 'No colours, or colours also away from a terminal.');
  return `# Command line

Written from the commands themselves. \`holdfast help <command>\` says the same, with notes and examples.

Results go to stdout, all else to stderr; \`--json\` prints for programs ([json.md](json.md)). Options override environment
variables. An id is given whole or by its last six characters or more. \`charts\` and \`evidence\` need a clone of holdfast, and
say in their own help what they do.

## Options of most commands

${rows(['Option', 'What it does'], [...COMMON.values()].map(optionRow))}

## Exit codes

${rows(
  ['Code', 'Meaning'],
  Object.entries(EXIT).map(([name, code]) => [String(code), CODES[name as keyof typeof EXIT]]),
)}

## Environment

${rows(
  ['Variable', 'What it does'],
  [...variables].map(([name, what]) => [
    name
      .split(', ')
      .map((one) => `\`${one}\``)
      .join(', '),
    what,
  ]),
)}

${commands
  .filter(({ path }) => path.length > 0 && !IN_A_CLONE.includes(path[0] ?? ''))
  .map(section)
  .join('\n\n')}
`;
}

/** What most commands take, and say alike; `[options]` in a usage stands for them. */
const COMMON: ReadonlyMap<string, OptionFacts> = new Map(
  COMMANDS.filter(({ path }) => path.join(' ') === 'operations show')
    .flatMap(({ options }) => options)
    .map((option) => [option.flags, option]),
);

function isCommon({ flags, what }: OptionFacts): boolean {
  return flags === '--json' || COMMON.get(flags)?.what === what;
}

/** Commands that only a clone of holdfast has. */
const IN_A_CLONE = ['charts', 'evidence'];

function section({
  path,
  description,
  arguments: given,
  options,
  commands,
  standard,
}: CommandFacts): string {
  const more = options.some(isCommon) ? ['[options]'] : [];
  const usage = ['holdfast', ...path, ...given.map(([name]) => name), ...more].join(' ');
  const own = options.filter((option) => !isCommon(option));
  const below = commands.map((name) => `\`${name}\`${name === standard ? ' (default)' : ''}`);
  return [
    `${'#'.repeat(path.length + 1)} ${path.join(' ')}`,
    `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
    below.length > 0 ? `Commands: ${below.join(', ')}.` : `\`${usage}\``,
    given.length === 0
      ? ''
      : rows(
          ['Argument', 'What it is'],
          given.map(([name, what]) => [`\`${name}\``, what]),
        ),
    own.length === 0 ? '' : rows(['Option', 'What it does'], own.map(optionRow)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function optionRow({ flags, what, choices, standard, variable }: OptionFacts): string[] {
  const more = [
    choices.length > 0 ? `One of ${choices.map((one) => `\`${one}\``).join(', ')}.` : '',
    standard === null ? '' : `Default: \`${standard}\`.`,
    variable === null ? '' : `Or \`${variable}\`.`,
  ].filter((part) => part !== '');
  return [`\`${flags}\``, [`${what}${more.length > 0 ? '.' : ''}`, ...more].join(' ')];
}

function rows(head: readonly string[], content: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...content.map(line)].join('\n');
}
