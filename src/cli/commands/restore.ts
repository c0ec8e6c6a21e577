/**
 * `holdfast restore`: makes a store of a backup.
 *
 * @module
 */

import type { Command } from 'commander';
import { restoreStore } from '../../../persistence/upkeep/restore.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { storeKey } from '../kit/storeKey.ts';
import { keyOptions, type StoreOptions, storeOption } from '../kit/storeOptions.ts';
import { countOf } from '../kit/table.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

interface RestoreCommandOptions extends StoreOptions, JsonOptions {
  readonly from: string;
  readonly acceptUnreadable: boolean;
}

export function restoreCommand(): Command {
  return command<RestoreCommandOptions>({
    name: 'restore',
    options: [
      valueOption('--from <dir>', 'folder of the backup').makeOptionMandatory(),
      storeOption('folder of the new store: empty, or not there yet'),
      ...keyOptions('key of the store that was backed up'),
      flag('--accept-unreadable', 'also where some records can not be opened'),
      jsonOption(),
    ],
    notes: `What waits in a backup may have been done since. So nothing in the restored store runs until you let
it go; new work is accepted and waits, and crises are served:
  $ holdfast release --store ./restored --key-file ./holdfast.key`,
    examples: [
      'holdfast restore --from ./backups/monday --store ./restored --key-file ./holdfast.key',
    ],
    async run({ options, output }) {
      const key = await storeKey(options, options.from);
      const result = await runUpkeep(
        output,
        async (upkeep) =>
          await restoreStore(options.from, options.store, key, {
            ...upkeep,
            acceptsUnreadable: options.acceptUnreadable,
          }),
      );
      if (result === null) return EXIT.interrupted;
      const { path, manifest, check, hold } = result;
      const { recordsOpened, unreadableCount, unreadable, counts } = check;
      const { createdAtMs, storeId } = manifest;
      const bad =
        unreadableCount > 0 ? ` ${countOf(unreadableCount, 'record')} can't be opened.` : '';
      output.result(
        { path, storeId, createdAtMs, counts, recordsOpened, unreadableCount, unreadable, hold },
        `${path}: the store as it was at ${new Date(createdAtMs).toISOString()}, ` +
          `${countOf(recordsOpened, 'record')} opened.${bad}\n` +
          'It is held: nothing runs until holdfast release.',
      );
      return EXIT.ok;
    },
  });
}
