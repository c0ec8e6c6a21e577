/**
 * How every command is declared: its options, its help with examples, what it does, and the exit code
 * that it ends with.
 *
 * @module
 */

import { Command, Option } from 'commander';
import type { ExitCode } from './exitCodes.ts';
import { createOutput, type Output } from './output.ts';

/** Which store a command works on. */
export interface StoreOptions {
  readonly store: string;
  readonly keyFile: string;
}

/** What every command takes. */
export interface JsonOptions {
  readonly json: boolean;
}

export function storeOption(what = 'folder of the store'): Option {
  return new Option('--store <dir>', what).makeOptionMandatory();
}

export function keyFileOption(what = 'key of the store'): Option {
  return new Option('--key-file <file>', what).makeOptionMandatory();
}

export function jsonOption(what = 'print the result as one line of JSON'): Option {
  return flag('--json', what);
}

/** For commands that print many results. */
export const JSON_LINES = 'print JSON, one object a line';

/** An option that is on where it is given. */
export function flag(name: string, what: string): Option {
  return new Option(name, what).default(false);
}

/** An option with a value, read by `parse`. */
export function value<Value>(
  flags: string,
  what: string,
  parse?: (text: string) => Value,
  standard?: Value,
): Option {
  const option = new Option(flags, what);
  if (parse !== undefined) option.argParser(parse);
  return standard === undefined ? option : option.default(standard);
}

/** How the examples name the store they are about. */
export const EXAMPLE_STORE = '--store ./sync-store --key-file ./holdfast.key';

export interface CommandSpec<Options extends JsonOptions, Arguments extends readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  /** Each by its name and what it is: `['<id>', 'id of the operation']`. */
  readonly arguments?: { readonly [At in keyof Arguments]: readonly [name: string, what: string] };
  readonly options: readonly Option[];
  /** What else there is to know, said below the options. */
  readonly notes?: string;
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Does it, and gives the exit code where that is not 0. */
  run(
    how: { readonly options: Options; readonly output: Output },
    ...args: Arguments
  ): Promise<ExitCode | void>;
}

/** Makes a command of what it declares. */
export function command<
  Options extends JsonOptions = JsonOptions,
  Arguments extends readonly unknown[] = [],
>(spec: CommandSpec<Options, Arguments>): Command {
  const made = new Command(spec.name).description(spec.description);
  for (const [name, what] of spec.arguments ?? []) made.argument(name, what);
  for (const option of spec.options) made.addOption(option);
  return made.addHelpText('after', helpOf(spec)).action(async (...given: readonly unknown[]) => {
    // Commander hands over the arguments, then the options, then the command.
    const args = given.slice(0, -2) as unknown as Arguments;
    const options = given.at(-2) as Options;
    const code = await spec.run({ options, output: createOutput(options) }, ...args);
    if (code !== undefined) process.exitCode = code;
  });
}

/** Makes a command that only holds others. */
export function commandGroup(
  name: string,
  description: string,
  commands: readonly Command[],
): Command {
  const group = new Command(name).description(description).helpCommand(false);
  for (const one of commands) group.addCommand(one);
  return group;
}

function helpOf({
  notes,
  examples,
}: {
  readonly notes?: string;
  readonly examples: readonly string[];
}): string {
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  const shown = [title, ...examples.map((example) => `  $ ${example}`)].join('\n');
  return `\n${notes === undefined ? '' : `${notes}\n\n`}${shown}`;
}
