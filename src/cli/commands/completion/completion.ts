/**
 * `holdfast completion`: prints a script by which a shell completes commands and options.
 *
 * @module
 */

import { Argument, Command } from 'commander';
import { type CommandFacts, commandLineOf } from '../../kit/commandLine.ts';
import { bashScript, fishScript, zshScript } from './scripts.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly CommandFacts[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionCommand(): Command {
  const made = new Command('completion')
    .description('print a script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)));
  return made
    .addHelpText(
      'after',
      `
Examples:
  $ source <(holdfast completion bash)
  $ holdfast completion zsh > "\${fpath[1]}/_holdfast"
  $ holdfast completion fish > ~/.config/fish/completions/holdfast.fish`,
    )
    .action((shell: string) => {
      const program = made.parent ?? made;
      process.stdout.write(SCRIPTS[shell]?.(commandLineOf(program)) ?? '');
    });
}
