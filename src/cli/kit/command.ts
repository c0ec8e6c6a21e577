/**
 * The declaration of a command: its options, its help with examples, what it does, and its exit code.
 *
 * @module
 */

import { Command, Option } from 'commander';
import { createOutput, type Output } from './output.ts';
import type { ExitCode } from './program.ts';
import { StoreOption } from './storeOptions.ts';

/** What every command takes. */
export interface JsonOptions {
  readonly json: boolean;
}

export function jsonOption(what = 'print the result as one line of JSON'): Option {
  return flag('--json', what);
}

/** The text of `--json` for commands that print many results. */
export const JSON_LINES = 'print JSON, one object a line';

/** An option that is on where it is given. */
export function flag(name: string, what: string): Option {
  return new Option(name, what).default(false);
}

/** An option with a value, read by `parse`. */
export function valueOption<Value>(
  flags: string,
  what: string,
  parse?: (text: string, before?: Value) => Value,
  standard?: Value,
): Option {
  const option = new Option(flags, what);
  if (parse !== undefined) option.argParser(parse);
  return standard === undefined ? option : option.default(standard);
}

/** The store in examples. */
export const EXAMPLE_STORE = '--store ./sync-store --key-file ./holdfast.key';

export interface CommandSpec<Options extends JsonOptions, Arguments extends readonly unknown[]> {
  readonly name: string;
  /** The description of a command in a group. Top-level commands have theirs in `holdfastProgram.ts`. */
  readonly description?: string;
  /** The arguments, each with its name and description: `['<id>', 'id of the operation']`. */
  readonly arguments?: { readonly [At in keyof Arguments]: readonly [name: string, what: string] };
  readonly options: readonly Option[];
  /** Finds the whole id where the first argument is the end of one. */
  readonly wholeId?: (options: Options, given: string) => Promise<string>;
  /** Notes below the options. */
  readonly notes?: string;
  /** The examples, as whole command lines. */
  readonly examples: readonly string[];
  /** Runs the command; resolves with the exit code where that is not 0. */
  run(
    how: { readonly options: Options; readonly output: Output },
    ...args: Arguments
  ): Promise<ExitCode | void>;
}

/** The first example of each command, which the help of its group shows. */
const exampleOf = new WeakMap<Command, string>();

/** Makes a command from its declaration. */
export function command<
  Options extends JsonOptions = JsonOptions,
  Arguments extends readonly unknown[] = [],
>(spec: CommandSpec<Options, Arguments>): Command {
  const made = new Command(spec.name).description(spec.description ?? '');
  for (const [name, what] of spec.arguments ?? []) made.argument(name, what);
  for (const option of spec.options) made.addOption(option);
  exampleOf.set(made, spec.examples[0] ?? '');
  return made.addHelpText('after', helpOf(spec)).action(async (...given: readonly unknown[]) => {
    // Commander hands over the arguments, then the options, then the command.
    const [first, ...more] = given.slice(0, -2);
    const options = settled(made) as Options;
    const isEnd = spec.wholeId !== undefined && typeof first === 'string';
    const args = [isEnd ? await spec.wholeId(options, first) : first, ...more];
    const code = await spec.run(
      { options, output: createOutput(options) },
      ...(args as unknown as Arguments),
    );
    if (code !== undefined) process.exitCode = code;
  });
}

/**
 * The values of the options. Of two that exclude each other an argument overrides the environment, and a required one
 * may come from the environment.
 */
function settled(made: Command): object {
  const values: Record<string, unknown> = made.opts();
  const given = made.options.filter((option) => values[option.attributeName()] !== undefined);
  const isFromEnv = (option: Option): boolean =>
    made.getOptionValueSource(option.attributeName()) === 'env';
  for (const option of made.options) {
    if (!(option instanceof StoreOption)) continue;
    const name = option.attributeName();
    const rival = given.find((one) => one.attributeName() === option.insteadOf);
    if (values[name] !== undefined && rival !== undefined) {
      if (isFromEnv(option) === isFromEnv(rival)) {
        made.error(
          `error: give ${rival.flags} or ${option.flags}, not both${ofEnv(option, rival)}`,
        );
      }
      delete values[isFromEnv(option) ? name : rival.attributeName()];
    }
    if (option.isNeeded && values[name] === undefined) {
      made.error(`error: give ${option.flags}, or set ${option.envVar ?? ''}`);
    }
  }
  return values;
}

/** ` (HOLDFAST_KEY_FILE, HOLDFAST_PASSPHRASE_FILE)`. */
function ofEnv(...options: readonly Option[]): string {
  return ` (${options.map(({ envVar }) => envVar).join(', ')})`;
}

/** Makes a command that only holds others. */
export function commandGroup(
  name: string,
  commands: readonly Command[],
  /** The default command of the group. */
  { isDefault }: { readonly isDefault?: string } = {},
): Command {
  const group = new Command(name).helpCommand(false);
  for (const one of commands) group.addCommand(one, { isDefault: one.name() === isDefault });
  group.hook('preSubcommand', () => {
    // An unknown word is a misspelt command, not an argument of the default one, which has none.
    const [first = '-'] = group.args;
    if (first.startsWith('-') || commands.some((one) => one.name() === first)) return;
    (group as unknown as { unknownCommand(): never }).unknownCommand();
  });
  const examples = commands.map((one) => exampleOf.get(one) ?? '');
  const notes =
    isDefault === undefined
      ? undefined
      : `Without a command it is ${isDefault}: holdfast ${name} ${isDefault} --help has the options.`;
  return group.addHelpText('after', helpOf({ notes, examples }));
}

function helpOf({
  notes,
  examples,
}: {
  readonly notes?: string | undefined;
  readonly examples: readonly string[];
}): string {
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  const shown = [title, ...examples.map((example) => `  $ ${example}`)].join('\n');
  return `\n${notes === undefined ? '' : `${notes}\n\n`}${shown}`;
}
