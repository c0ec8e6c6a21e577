import { Command } from 'commander';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { restoreStore } from '../../../persistence/upkeep/restore.ts';
import { createOutput } from '../kit/output.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

interface RestoreCommandOptions {
  readonly from: string;
  readonly store: string;
  readonly keyFile: string;
  readonly acceptUnreadable: boolean;
  readonly json: boolean;
}

/** `holdfast restore`: makes a store of a backup. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('make a store of a backup, checked whole; it starts held')
    .requiredOption('--from <dir>', 'folder of the backup')
    .requiredOption('--store <dir>', 'folder of the new store: empty, or not there yet')
    .requiredOption('--key-file <file>', 'key of the store that was backed up')
    .option('--accept-unreadable', 'also where some records can not be opened', false)
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
What waits in a backup may have been done since. So nothing in the restored store runs until you let
it go; new work is accepted and waits, and crises are served:
  $ holdfast release --store ./restored --key-file ./holdfast.key

Example:
  $ holdfast restore --from ./backups/monday --store ./restored --key-file ./holdfast.key`,
    )
    .action(async (options: RestoreCommandOptions) => {
      const output = createOutput(options);
      const result = await runUpkeep(
        output,
        async (upkeep) =>
          await restoreStore(options.from, options.store, keyFile(options.keyFile), {
            ...upkeep,
            acceptsUnreadable: options.acceptUnreadable,
          }),
      );
      if (result === null) return;
      const { path, manifest, check, hold } = result;
      const { recordsOpened, unreadableCount, unreadable, counts } = check;
      const { createdAtMs, storeId } = manifest;
      const bad = unreadableCount > 0 ? ` ${unreadableCount} records can't be opened.` : '';
      output.result(
        { path, storeId, createdAtMs, counts, recordsOpened, unreadableCount, unreadable, hold },
        `${path}: the store as it was at ${new Date(createdAtMs).toISOString()}, ` +
          `${recordsOpened} records opened.${bad}\n` +
          'It is held: nothing runs until holdfast release.',
      );
    });
}
