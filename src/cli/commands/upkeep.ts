/**
 * The commands that keep a store up at rest: backup, restore, release, compact, migrate.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { migrateAtRest } from '../../../persistence/openStore.ts';
import { backupStore } from '../../../persistence/upkeep/backup.ts';
import { purgeAtRest, rewriteAtRest } from '../../../persistence/upkeep/compact.ts';
import { restoreStore } from '../../../persistence/upkeep/restore.ts';
import { releaseStore } from '../../management/store.ts';
import {
  command,
  EXAMPLE_STORE,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { EXIT } from '../kit/program.ts';
import { storeKey } from '../kit/storeKey.ts';
import {
  type AnchorOptions,
  anchorOptions,
  keyOptions,
  type StoreOptions,
  storeOption,
  storeOptions,
} from '../kit/storeOptions.ts';
import { countOf } from '../kit/table.ts';
import { runUpkeep, withStore } from '../kit/withStore.ts';

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

export function releaseCommand(): Command {
  return command<StoreOptions & AnchorOptions & JsonOptions>({
    name: 'release',
    options: [...storeOptions(), ...anchorOptions(), jsonOption()],
    notes: `What waits in a store that was restored or copied, lost its last commits, or is behind its anchor, may
have been done since. An upstream that honours idempotency keys takes a repeat for what it is, as long as it
remembers them. See what waits first, and cancel what must not be done again (holdfast operations cancel):
  $ holdfast operations --store ./restored --key-file ./holdfast.key
Give --anchor for a store that has one and is at rest: else its next start finds it behind, and holds it
again. A running process looks at the anchor itself.`,
    examples: ['holdfast release --store ./restored --key-file ./holdfast.key'],
    async run({ options, output }) {
      const { wasHeld, when } = await withStore(options, async (caller, { isAtRest }) => ({
        ...(await caller.call(releaseStore, {})),
        when: isAtRest ? 'runs when a process opens it' : 'runs now',
      }));
      output.result(
        { wasHeld },
        wasHeld ? `Released: what waits in the store ${when}.` : 'The store was not held.',
      );
    },
  });
}

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

export function compactCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly purgeOnly: boolean }>({
    name: 'compact',
    options: [...storeOptions(), flag('--purge-only', 'do not write the file anew'), jsonOption()],
    notes: `The store has to be at rest. A running process purges by itself and uses the room again; only rewriting
the file makes it smaller. That needs room for two more copies for a while. Ending it at any moment is safe.`,
    examples: [`holdfast compact ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const store = { folder: options.store, key: await storeKey(options, options.store) };
      const purged = await runUpkeep(output, async (upkeep) => await purgeAtRest(store, upkeep));
      if (purged === null) return EXIT.interrupted;
      if (options.purgeOnly) {
        output.result({ purged }, `Purged ${countOf(purged, 'operation')}.`);
        return EXIT.ok;
      }
      output.say('holdfast: checking and rewriting the file; Ctrl-C is safe.');
      const { bytesBefore, bytesAfter } = await rewriteAtRest(store, { clock: systemClock });
      output.result(
        { purged, bytesBefore, bytesAfter },
        `Purged ${countOf(purged, 'operation')}; ${bytesBefore} bytes before, ${bytesAfter} now.`,
      );
      return EXIT.ok;
    },
  });
}
