/**
 * `holdfast migrate`: brings the store of an older version up to date.
 *
 * @module
 */

import type { Command } from 'commander';
import { migrateAtRest } from '../../../persistence/openStore.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption } from '../kit/command.ts';
import { storeKey } from '../kit/storeKey.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';

export function migrateCommand(): Command {
  return command<StoreOptions & JsonOptions>({
    name: 'migrate',
    options: [...storeOptions(), jsonOption()],
    notes: `A program that opens the store does the same by itself. The copy lies beside the data. To go back,
stop everything, remove data.db, data.db-wal and data.db-shm, rename the copy to data.db, and use the
older version.`,
    examples: [`holdfast migrate ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const store = { folder: options.store, key: await storeKey(options, options.store) };
      const migration = await migrateAtRest(store, () => {
        output.say('holdfast: copying and checking the store before anything is changed.');
      });
      output.result(
        { migration },
        migration === null
          ? 'The store is up to date: there is nothing to do.'
          : `Brought up to date from version ${migration.fromVersion}. As it was: ${migration.backupPath}`,
      );
    },
  });
}
