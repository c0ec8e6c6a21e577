/**
 * `holdfast backup`: copies a store, at rest or in use. What is sealed stays so.
 *
 * @module
 */

import type { Command } from 'commander';
import { backupStore } from '../../../persistence/upkeep/backup.ts';
import {
  command,
  EXAMPLE_STORE,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { storeKey } from '../kit/storeKey.ts';
import { keyOptions, type StoreOptions, storeOption } from '../kit/storeOptions.ts';
import { countOf } from '../kit/table.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

interface BackupCommandOptions extends StoreOptions, JsonOptions {
  readonly to: string;
}

export function backupCommand(): Command {
  return command<BackupCommandOptions>({
    name: 'backup',
    options: [
      storeOption(),
      valueOption(
        '--to <dir>',
        'where to put the backup: a path that does not exist yet',
      ).makeOptionMandatory(),
      ...keyOptions('also open every record of the copy with this key'),
      jsonOption(),
    ],
    notes: `The backup holds the data and the keyring, but not the key file: keep a copy of that elsewhere. Ctrl-C
leaves nothing behind. A process that has to open the store anew meanwhile, after a crash, writes once
the copy is made. Exit 3 says that some records can't be opened that are not quarantined yet; they are in
the backup as they are, and so are those quarantined.`,
    examples: [`holdfast backup ${EXAMPLE_STORE} --to ./backups/monday`],
    async run({ options, output }) {
      const isChecked = (options.keyFile ?? options.passphraseFile) !== undefined;
      const key = isChecked ? await storeKey(options, options.store) : null;
      const result = await runUpkeep(
        output,
        async (upkeep) => await backupStore(options.store, options.to, key, upkeep),
      );
      if (result === null) return EXIT.interrupted;
      const { path, manifest, check } = result;
      const { recordsOpened, unreadableCount, unreadable } = check;
      const operations = Object.values(manifest.counts).reduce((sum, count) => sum + count, 0);
      output.result(
        { path, ...manifest, recordsOpened, unreadableCount, unreadable },
        `${path}: ${countOf(operations, 'operation')}, ${manifest.files['data.db']?.bytes ?? 0} bytes` +
          `${recordsOpened > 0 ? `, ${countOf(recordsOpened, 'record')} opened` : ''}.\n` +
          'Keep the key file too: without it nobody can read the backup.',
      );
      if (unreadableCount === 0) return EXIT.ok;
      output.say(
        `holdfast: ${countOf(unreadableCount, 'record')} can't be opened; see holdfast doctor.`,
      );
      return EXIT.someBad;
    },
  });
}
