/**
 * `holdfast quarantine export`: writes records as they lie on disk to a new file.
 *
 * @module
 */

import { open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withQuarantine } from './records.ts';

const FILE_MODE = 0o600;

export function exportCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly to: string }>({
    name: 'export',
    description: 'write them to a file as they lie on disk: sealed, one JSON object a line',
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      value('--to <file>', 'a file that is not there yet').makeOptionMandatory(),
    ],
    examples: [`holdfast quarantine export --to ./quarantine.ndjson ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const file = await createFile(options.to);
      let exported = 0;
      try {
        await withQuarantine(options, async (records) => {
          for await (const record of records.export()) {
            await file.appendFile(`${JSON.stringify(record)}\n`);
            exported += 1;
            output.progress(() => `holdfast: ${exported} exported`);
          }
        });
        await file.sync();
      } catch (error) {
        // A partial export would be mistaken for a whole one, and block the next.
        await rm(options.to, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      output.result({ exported, to: options.to }, `${exported} exported to ${options.to}`);
    },
  });
}

/** Creates the file, readable by its user alone, and never over an existing one. */
async function createFile(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'wx', FILE_MODE);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : `opening it failed with ${code ?? ''}`;
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `Can't export to ${path}: ${why}. Name a new file.`,
      { field: 'to', path, cause },
    );
  }
}
