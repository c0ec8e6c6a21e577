/**
 * `holdfast keys init`: makes a key file. It never replaces one.
 *
 * @module
 */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createKeyFile } from '../../../persistence/sealing/keyFile.ts';
import { command, commandGroup, type JsonOptions, jsonOption } from '../kit/command.ts';
import { keyFileOption, needed } from '../kit/storeOptions.ts';

export function keysCommand(): Command {
  return commandGroup('keys', [initCommand()]);
}

function initCommand(): Command {
  return command<JsonOptions & { readonly keyFile: string }>({
    name: 'init',
    description: 'make a new key in a file that only you can read',
    options: [
      needed(keyFileOption('where to put it: not in the folder of the store')),
      jsonOption('print the result as JSON'),
    ],
    notes: 'Keep a copy of the key in a safe place: without it nobody can read the store.',
    examples: ['holdfast keys init --key-file ~/.config/holdfast.key'],
    async run({ options, output }) {
      const path = resolve(options.keyFile);
      await createKeyFile(path);
      output.result(
        { keyFile: path },
        `Made ${path}\nKeep a copy in a safe place: without it nobody can read the store.`,
      );
    },
  });
}
