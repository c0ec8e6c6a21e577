/**
 * `holdfast compact`: gives back the room of a store at rest.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { purgeAtRest, rewriteAtRest } from '../../../persistence/upkeep/compact.ts';
import { command, EXAMPLE_STORE, flag, type JsonOptions, jsonOption } from '../kit/command.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { storeKey } from '../kit/storeKey.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { countOf } from '../kit/table.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';

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
