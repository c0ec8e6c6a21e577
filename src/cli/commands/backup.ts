import { Command } from 'commander';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { backupStore } from '../../../persistence/upkeep/backup.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { createOutput } from '../kit/output.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

interface BackupCommandOptions {
  readonly store: string;
  readonly to: string;
  readonly keyFile?: string;
  readonly json: boolean;
}

/** `holdfast backup`: copies a store, at rest or in use. What is sealed stays so. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('copy a store to a new folder, also while it is in use')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--to <dir>', 'where to put the backup: a path that does not exist yet')
    .option('--key-file <file>', 'also open every record of the copy with this key')
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
The backup holds the data and the keyring, but not the key file: keep a copy of that elsewhere. Ctrl-C
leaves nothing behind. A process that has to open the store anew meanwhile, after a crash, writes once
the copy is made. Exit 3 says that some records can't be opened that are not set aside yet; they are in
the backup as they are, and so are those set aside.

Example:
  $ holdfast backup --store ./sync-store --key-file ./holdfast.key --to ./backups/monday`,
    )
    .action(async (options: BackupCommandOptions) => {
      const output = createOutput(options);
      const result = await runUpkeep(output, async (upkeep) => {
        const key = options.keyFile === undefined ? null : keyFile(options.keyFile);
        return await backupStore(options.store, options.to, key, upkeep);
      });
      if (result === null) return;
      const { path, manifest, check } = result;
      const { recordsOpened, unreadableCount, unreadable } = check;
      const operations = Object.values(manifest.counts).reduce((sum, count) => sum + count, 0);
      output.result(
        { path, ...manifest, recordsOpened, unreadableCount, unreadable },
        `${path}: ${operations} operations, ${manifest.files['data.db']?.bytes ?? 0} bytes` +
          `${recordsOpened > 0 ? `, ${recordsOpened} records opened` : ''}.\n` +
          'Keep the key file too: without it nobody can read the backup.',
      );
      if (unreadableCount > 0) {
        output.say(`holdfast: ${unreadableCount} records can't be opened; see holdfast doctor.`);
        process.exitCode = EXIT.someBad;
      }
    });
}
