import { Command } from 'commander';
import { migrateAtRest } from '../../../persistence/openStore.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createOutput } from '../kit/output.ts';

interface MigrateOptions {
  readonly store: string;
  readonly keyFile: string;
  readonly json: boolean;
}

/** `holdfast migrate`: brings the store of an older version up to date. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring a store of an older version up to date; a copy of it is kept')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
A program that opens the store does the same by itself. The copy lies beside the data. To go back,
stop everything, remove data.db, data.db-wal and data.db-shm, rename the copy to data.db, and use the
older version.

Example:
  $ holdfast migrate --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (options: MigrateOptions) => {
      const output = createOutput(options);
      const store = { folder: options.store, key: keyFile(options.keyFile) };
      const migration = await migrateAtRest(store, () => {
        output.say('holdfast: copying and checking the store before anything is changed.');
      });
      output.result(
        { migration },
        migration === null
          ? 'The store is up to date: there is nothing to do.'
          : `Brought up to date from version ${migration.fromVersion}. As it was: ${migration.backupPath}`,
      );
    });
}
