/**
 * The command line as data, read from the commands themselves: what the reference page is made of.
 *
 * @module
 */

import type { Command, Option } from 'commander';

/** One option, as it is declared. */
export interface OptionFacts {
  /** `--store <dir>`. */
  readonly flags: string;
  /** How it may be written: `-V`, `--store`. */
  readonly names: readonly string[];
  readonly what: string;
  /** What its value is, as its flags name it: `dir`, `file`, `n`; `null` for a flag. */
  readonly value: string | null;
  readonly choices: readonly string[];
  readonly standard: string | null;
  /** The variable of the environment that may give it. */
  readonly variable: string | null;
}

/** One command, below the program. */
export interface CommandFacts {
  /** `['operations', 'show']`; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  /** `[file]`, `<id>`, each with what it is, and what it may be where that is known. */
  readonly arguments: readonly (readonly [
    usage: string,
    what: string,
    choices: readonly string[],
  ])[];
  readonly options: readonly OptionFacts[];
  /** Names of the commands below it. */
  readonly commands: readonly string[];
  /** Which of these is meant where none is named. */
  readonly standard: string | null;
}

/** The program and every command below it, each before those of its own. */
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

/** Commander keeps the name of the default command to itself. */
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
