/**
 * The command line as data, read from the commands themselves, for the reference page.
 *
 * @module
 */

import type { Command, Option } from 'commander';

/** One option, as it is declared. */
export interface OptionFacts {
  /** `--store <dir>`. */
  readonly flags: string;
  /** The ways to write it: `-V`, `--store`. */
  readonly names: readonly string[];
  readonly what: string;
  /** The name of its value: `dir`, `file`, `n`; `null` for a flag. */
  readonly value: string | null;
  readonly choices: readonly string[];
  readonly standard: string | null;
  /** The environment variable for it. */
  readonly variable: string | null;
}

/** One command of the program. */
export interface CommandFacts {
  /** The path: `['operations', 'show']`; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  /** The arguments: `[file]`, `<id>`, each with its description and choices. */
  readonly arguments: readonly (readonly [
    usage: string,
    what: string,
    choices: readonly string[],
  ])[];
  readonly options: readonly OptionFacts[];
  /** Names of the commands below it. */
  readonly commands: readonly string[];
  /** The default one among these. */
  readonly standard: string | null;
}

/** Lists the program and all commands, each before its own subcommands. */
export function commandLineOf(command: Command, path: readonly string[] = []): CommandFacts[] {
  const shown = command.commands;
  const standard = shown.find((one) => isDefault(command, one))?.name() ?? null;
  return [
    {
      path,
      description: command.description(),
      arguments: command.registeredArguments.map((one) => {
        const name = `${one.name()}${one.variadic ? '...' : ''}`;
        const usage = one.required ? `<${name}>` : `[${name}]`;
        return [usage, one.description, one.argChoices ?? []] as const;
      }),
      options: command.options.filter(({ hidden }) => !hidden).map(optionFacts),
      commands: shown.map((one) => one.name()),
      standard,
    },
    ...shown.flatMap((one) => commandLineOf(one, [...path, one.name()])),
  ];
}

/** Whether a command is the default of its group. Commander has no public name for that. */
function isDefault(group: Command, one: Command): boolean {
  const { _defaultCommandName: name } = group as unknown as {
    readonly _defaultCommandName?: string | null;
  };
  return name === one.name();
}

function optionFacts(option: Option): OptionFacts {
  const [, value = null] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  const { defaultValue, defaultValueDescription } = option;
  const isSet = defaultValue !== undefined && defaultValue !== false;
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    what: option.description,
    value,
    choices: option.argChoices ?? [],
    standard: isSet ? (defaultValueDescription ?? String(defaultValue)) : null,
    variable: option.envVar ?? null,
  };
}
