import { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { purgeAtRest, rewriteAtRest } from '../../../persistence/upkeep/compact.ts';
import { createOutput } from '../kit/output.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

interface CompactOptions {
  readonly store: string;
  readonly keyFile: string;
  readonly purgeOnly: boolean;
  readonly json: boolean;
}

/** `holdfast compact`: gives back the room of a store at rest. */
export function compactCommand(): Command {
  return new Command('compact')
    .description('purge what was kept long enough and give back its room; the store is at rest')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--purge-only', 'do not write the file anew', false)
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
A running process purges by itself and uses the room again; only writing the file anew makes it
smaller. That needs room for two more copies for a while. Ending it at any moment is safe.

Example:
  $ holdfast compact --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (options: CompactOptions) => {
      const output = createOutput(options);
      const store = { folder: options.store, key: keyFile(options.keyFile) };
      const purged = await runUpkeep(output, async (upkeep) => await purgeAtRest(store, upkeep));
      if (purged === null) return;
      if (options.purgeOnly) {
        output.result({ purged }, `Purged ${purged} operations.`);
        return;
      }
      output.say('holdfast: checking the file and writing it anew; Ctrl-C is safe.');
      const { bytesBefore, bytesAfter } = await rewriteAtRest(store, { clock: systemClock });
      output.result(
        { purged, bytesBefore, bytesAfter },
        `Purged ${purged} operations; ${bytesBefore} bytes before, ${bytesAfter} now.`,
      );
    });
}
