import { resolve } from 'node:path';
import { Command } from 'commander';
import { createKeyFile } from '../../../persistence/sealing/keyFile.ts';
import { createOutput } from '../kit/output.ts';

interface KeysInitOptions {
  readonly keyFile: string;
  readonly json: boolean;
}

/** `holdfast keys init`: makes a key file. It never replaces one. */
export function keysInitCommand(): Command {
  return new Command('init')
    .description('make a new key in a file that only you can read')
    .requiredOption('--key-file <file>', 'where to put it: not in the folder of the store')
    .option('--json', 'print the result as JSON', false)
    .addHelpText(
      'after',
      `
Example:
  $ holdfast keys init --key-file ~/.config/holdfast.key

Keep a copy of the key in a safe place: without it nobody can read the store.`,
    )
    .action(async ({ keyFile, json }: KeysInitOptions) => {
      const path = resolve(keyFile);
      await createKeyFile(path);
      createOutput({ json }).result(
        { keyFile: path },
        `Made ${path}\nKeep a copy in a safe place: without it nobody can read the store.`,
      );
    });
}
